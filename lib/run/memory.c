#include "run/memory.h"

#include "base/arena.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Memory that is taken during the run: generated kernels, actors' tapes, and the buffers in which a checkpoint and resume state are written. */
static const size_t later = (size_t)12 << 20;

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long long pages = 0;

    if (file) {
        if (fscanf(file, "%*s %lld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

struct tape {
    struct bp_learner *learner;
    size_t bytes;
};

static void measure(void *raw, int i)
{
    struct tape *tape = raw;

    (void)i;
    tape->bytes = bp_update_tape_bytes(tape->learner);
}

int bp_memory_of(struct bp_cycle *cycle, struct bp_memory *memory)
{
    struct tape tape = {.learner = &cycle->learner};
    struct bp_replay_spec spec = bp_config_replay(cycle->config, &cycle->learner.agent, cycle->env.time_limit);
    int shards = cycle->learner.config.shards, threads = bp_pool_threads(cycle->pool);
    size_t now = resident(), networks = bp_learner_bytes(&cycle->learner);

    if (bp_arena_guard(measure, &tape, 0))
        return -1;
    *memory = (struct bp_memory){.replay = bp_replay_bytes(&spec), .networks = networks};
    memory->tapes = (size_t)(shards < threads ? shards : threads) * tape.bytes;
    memory->rest = (now > networks ? now - networks : 0) + later;
    memory->total = memory->replay + memory->networks + memory->tapes + memory->rest;
    return 0;
}

const char *bp_memory_text(const struct bp_memory *memory, char *text, size_t size)
{
    snprintf(text, size, "%.0f MB (replay %.0f, networks %.0f, tapes %.0f, program and simulation %.0f)", (double)memory->total * 1e-6,
             (double)memory->replay * 1e-6, (double)memory->networks * 1e-6, (double)memory->tapes * 1e-6, (double)memory->rest * 1e-6);
    return text;
}

int bp_memory_check(struct bp_cycle *cycle, int64_t most)
{
    const struct bp_config *config = cycle->config;
    struct bp_memory memory;
    char text[128], advice[128];

    if (!most)
        return 0;
    if (bp_memory_of(cycle, &memory))
        return -1;
    if (memory.total <= (size_t)most)
        return 0;
    double room = (double)most - (double)(memory.total - memory.replay);
    double episodes = floor(room * (double)config->replay_episodes / (double)memory.replay);
    if (episodes >= 2 * (double)config->actors)
        snprintf(advice, sizeof advice, "--replay-episodes %.0f would fit%s", episodes,
                 strcmp(config->replay_precision, "float16") ? ", and --replay-precision float16 takes less for each" : "");
    else
        snprintf(advice, sizeof advice, "no replay would fit; lower --batch, --shards, --actors, or the sizes of the layers");
    return bp_error(BP_USAGE, "the run needs %s, more than --max-memory %.0f MB: %s",
                    bp_memory_text(&memory, text, sizeof text), (double)most * 1e-6, advice);
}
