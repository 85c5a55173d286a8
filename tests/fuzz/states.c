/*
 * Feed resume states with right checksums and wrong content to training runs, each in a process of its own, and count what became of them.
 *   build/tests/fuzz/states COUNT [SEED [TASK [BODY]]]        from the top of the repository
 * One on which the program crashes or hangs is kept as fuzz-SEED.resume; exit status 1 when there was one.
 */
#include "run/resume.h"

#include "child.h"
#include "states.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { HANG_SECONDS = 60, CYCLES = 25 };

static struct bp_config config = {
    .task = "nav-easy",
    .net = {{"lstm", "6,5", "*", "softplus", NULL}, {"lstm", "5,6", "?proprio,?global,?targets", "softplus", NULL}, {"mlp", "6,5", "*", NULL, NULL}},
    .critics = 1, .transitions = 100000, .seed = 5, .unroll = 10, .sequence_stride = 5, .batch = 8, .shards = 2, .discount = 0.98, .retrace_lambda = 1, .reward_scale = 0.1,
    .kl_cost = 0.1, .entropy_cost = 0.03, .learning_rate = {5e-3, 5e-3, 5e-3}, .final_learning_rate = 1, .target_period = 7, .value_policy = "online",
    .recurrent_state = "stored", .precision = "float32", .replay_precision = "float32", .actors = 9, .actor_steps = 5, .replay_episodes = 20,
    .warm_up = 90, .evaluate = "", .evaluate_every = 1000000, .evaluate_episodes = 3,
};

static int run_cycles(struct bp_cycle *cycle, int count)
{
    for (int i = 0; i < count; i++)
        if (bp_cycle_run(cycle))
            return -1;
    return 0;
}

static int make_state(const char *path)
{
    const struct bp_borrowed nothing = {0};
    const struct bp_resume_header header = {.config = json_object(), .fingerprint = "f", .body_hash = "b"};
    struct bp_cycle cycle;

    return bp_cycle_init(&cycle, &config, &nothing, 2) || run_cycles(&cycle, 90) || bp_resume_write(path, &cycle, &header) ? -1 : 0;
}

static int take_up(const char *path)
{
    const struct bp_borrowed nothing = {0};
    struct bp_cycle cycle;

    if (bp_cycle_init(&cycle, &config, &nothing, 1) || bp_resume_read(path, &cycle) || run_cycles(&cycle, CYCLES))
        return bp_exit_status();
    bp_cycle_free(&cycle);
    return 0;
}

/* From a change or none in the whole state to a change in every fourth record. */
static unsigned long rate(unsigned long i)
{
    return 4 + 8 * (i % 8);
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    unsigned long taken = 0, refused = 0, diverged = 0, crashed = 0;
    char directory[] = "/tmp/bp-fuzz-XXXXXX", whole[64], changed[64], kept[64];

    if (!count || !mkdtemp(directory)) {
        fprintf(stderr, "usage: states COUNT [SEED [TASK [BODY]]]\n");
        return 2;
    }
    setenv("BP_SHARE", "share", 0);
    config.task = argc > 3 ? argv[3] : config.task;
    config.body = argc > 4 ? argv[4] : NULL;
    snprintf(whole, sizeof whole, "%s/whole", directory);
    snprintf(changed, sizeof changed, "%s/changed", directory);
    if (make_state(whole) || in_child(take_up, whole, HANG_SECONDS)) {
        fprintf(stderr, "states: the state as it was written is not taken up\n");
        return 1;
    }
    for (unsigned long i = 0; i < count; i++) {
        if (mutant_state(whole, changed, seed + i, rate(i)))
            return 1;
        int status = in_child(take_up, changed, HANG_SECONDS);
        taken += status == 0;
        refused += status == BP_DAMAGED;
        diverged += status == BP_DIVERGED;
        if (status == 0 || status == BP_DAMAGED || status == BP_DIVERGED)
            continue;
        crashed++;
        snprintf(kept, sizeof kept, "fuzz-%lu.resume", seed + i);
        printf("%s: status %d\n", kept, status);
        if (mutant_state(whole, kept, seed + i, rate(i)))
            return 1;
    }
    unlink(whole);
    unlink(changed);
    rmdir(directory);
    printf("%lu states of %s: %lu taken, %lu refused, %lu diverged, %lu crashed or hung\n", count, config.task, taken, refused, diverged, crashed);
    return crashed > 0;
}
