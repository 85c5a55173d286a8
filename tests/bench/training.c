/* Presets: the learner, the actors and both together; beside bare physics, on threads, with a core taken. */
#include "bench.h"

#include "env/world.h"
#include "learn/svg.h"
#include "run/config.h"
#include "run/training.h"

#include <sys/resource.h>

static void load_preset(const char *preset, struct bp_options **options, struct bp_config *config)
{
    static struct bp_option_part table[2];
    char path[4096];

    table[0] = (struct bp_option_part){"Config", bp_config_options, config};
    *options = bp_options_new(table);
    if (!*options || bp_preset_path(preset, path, sizeof path) || bp_options_preset(*options, path) || bp_options_resolve(*options))
        exit(1);
    config->warm_up = 50000;
}

static double cycle_work(void *raw)
{
    struct bp_training *training = raw;
    int64_t before = training->transitions;

    if (bp_training_cycle(training))
        exit(1);
    return (double)(training->transitions - before);
}

/* Learner alone: gradients and Adam, no actors. */
static double learner_work(void *raw)
{
    struct bp_training *training = raw;

    for (int i = 0; i < training->learner.config.shards; i++)
        bp_svg_gradients(&training->learner, training->replay, i);
    for (int i = 0; i < bp_learner_jobs(&training->learner); i++)
        bp_learner_apply(&training->learner, i);
    bp_learner_finish(&training->learner, &training->update_stats);
    return (double)(training->config->batch * training->config->unroll);
}

static double actors_work(void *raw)
{
    struct bp_training *training = raw;
    struct bp_blocks blocks = bp_training_blocks(training);

    for (int i = 0; i < bp_actors_teams(training->actors); i++)
        bp_actors_run(training->actors, i, &blocks);
    bp_actors_commit(training->actors, training->replay, &training->actor_stats);
    return (double)(training->config->actors * training->config->actor_steps);
}

static double draw_work(void *raw)
{
    struct bp_training *training = raw;

    for (int i = 0; i < training->learner.config.shards; i++)
        for (int block = 0; block < training->learner.blocks; block++)
            bp_replay_draw(training->replay, training->learner.shards[i].stream, &training->learner.shards[i].batch);
    return (double)(training->config->batch * training->config->unroll);
}

static double physics_work(void *raw)
{
    struct bp_physics *physics = raw;

    for (int i = 0; i < physics->substeps; i++)
        mj_step(physics->model, physics->data);
    return 1;
}

static double busy_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void bench_parts(struct bp_training *training, const char *setting)
{
    double learner = rate(learner_work, training, 3), ratio[ROUNDS], actors[ROUNDS];
    struct bp_env *env = bp_env_open(training->env.task, training->env.body);

    if (!env)
        exit(1);
    struct bp_physics physics = env->world->physics;
    bp_physics_reset(&physics);
    for (int round = 0; round < ROUNDS; round++) {
        actors[round] = rate_once(actors_work, training, 0.4);
        ratio[round] = actors[round] / rate_once(physics_work, &physics, 0.2);
    }
    print("learner alone", setting, learner, "transitions/s");
    print("replay sampling of an update", setting, 100 * learner / rate(draw_work, training, 0.5), "%");
    print("actors alone", setting, median(actors), "control steps/s");
    print("actors / bare physics", setting, median(ratio), "");
    print_shares(setting, cycle_work, training, 3);
    bp_env_close(env);
}

static void bench_preset(const char *preset, int threads)
{
    const struct bp_borrowed nothing = {NULL, false};
    struct bp_training training;
    struct bp_options *options;
    struct bp_config config;
    char setting[64];

    load_preset(preset, &options, &config);
    snprintf(setting, sizeof setting, "%s, %d thread%s", preset, threads, threads > 1 ? "s" : "");
    double start = bp_seconds();
    if (bp_training_init(&training, &config, &nothing, threads))
        exit(1);
    if (threads == 1)
        print("ready to train", setting, 1e3 * (bp_seconds() - start), "ms");
    while (training.learner.updates < 10)
        cycle_work(&training);
    double busy = busy_seconds(), wall = bp_seconds();
    print("training", setting, rate(cycle_work, &training, 4), "transitions/s");
    print("busy / (wall x threads)", setting, (busy_seconds() - busy) / ((bp_seconds() - wall) * threads), "");
    if (threads == 1)
        bench_parts(&training, setting);
    bp_training_free(&training);
    bp_options_free(options);
}

void bench_training(void)
{
    static const char *const presets[] = {"nav-easy-lstm", "nav-easy-mlp", "nav-easy-none", "nav-easy-paper"};

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        for (int threads = 1; threads <= 2; threads++)
            bench_preset(presets[i], threads);
}

