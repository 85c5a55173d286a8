/*
 * The benchmark: speed of the parts and of the whole, each beside its limit measured in the same run. Prints a table, or TSV with --tsv;
 * words choose parts of it: products, updates, training, storage, environments. All rates are medians of several rounds.
 */
#include "base/random.h"
#include "env/world.h"
#include "learn/svg.h"
#include "nn/product.h"
#include "run/config.h"
#include "run/session.h"
#include "run/training.h"
#include "store/pack.h"
#include "store/rundb.h"
#include "store/trajectory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 7 };

static bool tsv;

static void print(const char *what, const char *setting, double value, const char *unit)
{
    printf(tsv ? "%s\t%s\t%.6g\t%s\n" : "%-34s %-28s %12.5g  %s\n", what, setting, value, unit);
    fflush(stdout);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median over rounds of what `work` does in a second, when it reports how much it did. */
static double rate(double (*work)(void *), void *context, double seconds)
{
    double rates[ROUNDS];

    work(context);
    for (int round = 0; round < ROUNDS; round++) {
        double start = bp_seconds(), done = 0, now;
        do
            done += work(context);
        while ((now = bp_seconds()) - start < seconds / ROUNDS);
        rates[round] = done / (now - start);
    }
    qsort(rates, ROUNDS, sizeof *rates, compare);
    return rates[ROUNDS / 2];
}

/* ---- products ---- */

struct product {
    int m, n, k;
    float *a, *b, *c;
};

static double product_work(void *raw)
{
    struct product *p = raw;

    bp_product(p->m, p->n, p->k, p->a, p->k, p->b, p->n, p->c, p->n, 0);
    return 2e-9 * p->m * p->n * p->k;
}

static void bench_products(void)
{
    static const int shapes[][3] = {{8, 256, 64}, {328, 64, 64}, {328, 256, 64}, {176, 300, 400}, {4096, 4096, 4096}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct product p = {.m = shapes[i][0], .n = shapes[i][1], .k = shapes[i][2]};
        char setting[64];
        p.a = calloc((size_t)p.m * (size_t)p.k, sizeof(float));
        p.b = calloc((size_t)p.k * (size_t)p.n, sizeof(float));
        p.c = calloc((size_t)p.m * (size_t)p.n, sizeof(float));
        snprintf(setting, sizeof setting, "%d x %d x %d", p.m, p.n, p.k);
        if (p.a && p.b && p.c)
            print("product", setting, rate(product_work, &p, 0.5), "GFLOP/s");
        free(p.a);
        free(p.b);
        free(p.c);
    }
}

/* ---- training ---- */

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
    print("training", setting, rate(cycle_work, &training, 4), "transitions/s");
    if (threads == 1) {
        double learner = rate(learner_work, &training, 3), actors = rate(actors_work, &training, 2);
        print("learner alone", setting, learner, "transitions/s");
        print("replay sampling of an update", setting, 100 * learner / rate(draw_work, &training, 0.5), "%");
        print("actors alone", setting, actors, "control steps/s");
        struct bp_env *env = bp_env_open(training.env.task, training.env.body);
        if (!env)
            exit(1);
        struct bp_physics physics = env->world->physics;
        bp_physics_reset(&physics);
        print("actors / bare physics", setting, actors / rate(physics_work, &physics, 1), "");
        bp_env_close(env);
    }
    bp_training_free(&training);
    bp_options_free(options);
}

/* ---- the two updates that tests/bench/torch_update.py runs in PyTorch ---- */

struct update_shape {
    const char *name, *kind, *policy, *critic;
    int seen, rest, actions, unroll;
};

static const struct update_shape update_shapes[] = {
    {"mlp 512 x 10", "mlp", "200,100", "400,300", 40, 20, 8, 10},
    {"lstm 512 x 40", "lstm", "64,64", "128,64", 20, 0, 2, 40},
};

struct update {
    struct bp_learner learner;
    struct bp_replay *replay;
    struct bp_pool *pool;
};

/* Multiply-adds of a row going forward through layers first ... last-1; in the join layer those of the observations or of the action. */
static double forward_cost(const struct bp_net *net, bool features)
{
    double cost = 0;

    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        double gates = l->kind == BP_LAYER_LSTM ? 4 : 1;
        double own = gates * l->out * (l->in + (l->kind == BP_LAYER_LSTM ? l->out : 0));
        if (i < net->join)
            cost += features ? own : 0;
        else if (i == net->join)
            cost += features ? own : (double)net->spec.action_size * l->out;
        else
            cost += features ? 0 : own;
    }
    return cost;
}

/* GFLOP of products in an update, as svg.c does them with bootstrap = target: 2 for a multiply-add. */
static double update_gflop(const struct bp_learner *learner)
{
    const struct bp_net *net = learner->agent.net;
    double k = learner->config.unroll, longer = (k + 1) / k, cost = 0;

    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        const struct bp_layer *first = &net[role].layer[0];
        double f = forward_cost(&net[role], true);
        cost += longer * f;                                                 /* target network */
        cost += (role == BP_POLICY ? longer : 1) * (3 * f - first->in * first->out);
    }
    double x = forward_cost(&net[BP_CRITIC], true), a = forward_cost(&net[BP_CRITIC], false);
    const struct bp_layer *first = &net[BP_CRITIC].layer[0];
    double input = (double)first->in * first->out * (first->kind == BP_LAYER_LSTM ? 4 : 1);
    double action = (double)net[BP_CRITIC].spec.action_size * net[BP_CRITIC].layer[net[BP_CRITIC].join].out;
    cost += longer * (x + 2 * a) + a + longer * a;                          /* target: features, three outputs, back to the action */
    cost += 3 * (x + a) - input - action;
    return 2e-9 * cost * k * learner->config.batch;
}

static void fill_replay(struct update *u, const struct update_shape *shape)
{
    int size = shape->seen + shape->rest;
    float observation[64], action[8];
    gsl_rng *stream = bp_random_new();

    for (int episode = 0; stream && episode < 64; episode++) {
        bp_random_normal(stream, observation, size);
        bp_replay_begin(u->replay, 0, observation);
        for (int t = 0; t < 200; t++) {
            bp_random_normal(stream, observation, size);
            bp_random_normal(stream, action, shape->actions);
            bp_replay_step(u->replay, 0, action, -1, 0.1f, observation, false, t == 199);
        }
    }
    gsl_rng_free(stream);
}

static void update_gradients(void *raw, int job)
{
    struct update *u = raw;

    bp_svg_gradients(&u->learner, u->replay, job);
}

static void update_apply(void *raw, int job)
{
    struct update *u = raw;

    bp_learner_apply(&u->learner, job);
}

static double update_work(void *raw)
{
    struct update *u = raw;
    struct bp_update_stats stats = {0};

    bp_pool_run(u->pool, u->learner.config.shards, update_gradients, u);
    bp_pool_run(u->pool, bp_learner_jobs(&u->learner), update_apply, u);
    bp_learner_finish(&u->learner, &stats);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

static double update_draw_work(void *raw)
{
    struct update *u = raw;

    for (int i = 0; i < u->learner.config.shards; i++)
        for (int block = 0; block < u->learner.blocks; block++)
            bp_replay_draw(u->replay, u->learner.shards[i].stream, &u->learner.shards[i].batch);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

static void bench_update(const struct update_shape *shape, int threads)
{
    struct bp_learner_config config = {
        .seed = 1, .unroll = shape->unroll, .batch = 512, .shards = 4, .discount = 0.99, .trace = 0.95, .reward_scale = 1, .kl_cost = 0.1,
        .entropy_cost = 1e-3, .rate = {1e-4, 1e-4, 1e-4}, .final_rate = 1, .target_period = 100, .bootstrap = BP_BOOTSTRAP_TARGET,
    };
    struct bp_net_choice choice[BP_ROLES] = {
        {shape->kind, shape->policy, "*", "softplus", NULL}, {shape->kind, shape->policy, "seen", "softplus", NULL},
        {shape->kind, shape->critic, "*", NULL, NULL}};
    struct bp_groups groups = {0};
    struct bp_agent agent;
    struct update u;
    char setting[64];

    bp_groups_add(&groups, "seen", shape->seen);
    if (shape->rest)
        bp_groups_add(&groups, "rest", shape->rest);
    if (bp_agent_init(&agent, &groups, shape->actions, choice) || bp_learner_init(&u.learner, &agent, &config))
        exit(1);
    struct bp_replay_spec spec = {groups.size, shape->actions, 0, 200, 64, 1, 5, shape->unroll, false};
    if (!(u.replay = bp_replay_new(&spec)) || !(u.pool = bp_pool_new(threads)))
        exit(1);
    fill_replay(&u, shape);
    snprintf(setting, sizeof setting, "%s, %d thread%s", shape->name, threads, threads > 1 ? "s" : "");
    double speed = rate(update_work, &u, 5), gflop = update_gflop(&u.learner);
    print("update", setting, speed, "transitions/s");
    print("update", setting, gflop, "GFLOP in products");
    print("update", setting, gflop * speed / (config.batch * config.unroll), "GFLOP/s");
    if (threads == 1)
        print("replay sampling of an update", setting, 100 * speed / rate(update_draw_work, &u, 0.5), "%");
    bp_pool_free(u.pool);
    bp_replay_free(u.replay);
    bp_learner_free(&u.learner);
}

/* ---- storage ---- */

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* Write blocks of so many floats to `path`; bytes of all of them. */
static double write_stream(const char *path, float *data, int blocks, int floats)
{
    struct bp_tensor tensor = bp_tensor_1d("data", BP_F32, floats, data);
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_block block;

    for (int i = 0; i < blocks && writer; i++) {
        tensor.data = data + (size_t)i * (size_t)floats;
        bp_block_init(&block, "bench");
        bp_block_tensor(&block, &tensor);
        if (bp_pack_write(writer, &block))
            exit(1);
        bp_block_clear(&block);
    }
    if (!writer || bp_pack_commit(writer))
        exit(1);
    return 4.0 * blocks * floats;
}

/* Episodes as nav-easy has them, of the same numbers. */
static double write_episodes(const char *path, float *data, int episodes, int floats)
{
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_groups groups = {0};
    struct bp_episode episode;
    double bytes = 0;

    bp_groups_add(&groups, "global", 4);
    bp_groups_add(&groups, "targets", 8);
    bp_groups_add(&groups, "goal", 4);
    bp_groups_add(&groups, "touch", 4);
    if (!writer || bp_episode_alloc(&episode, &groups, 2, 375, true))
        exit(1);
    for (int i = 0; i < episodes; i++) {
        memcpy(episode.observations, data + (size_t)i * (size_t)floats, 376 * 20 * sizeof(float));
        memcpy(episode.actions, data + (size_t)i * (size_t)floats + 7520, 375 * 2 * sizeof(float));
        if (bp_episode_write(writer, &episode))
            exit(1);
        bytes += 376 * 20 * 4 + 375 * (2 + 4) * 4;
    }
    bp_episode_free(&episode);
    if (bp_pack_commit(writer))
        exit(1);
    return bytes;
}

static void read_stream(const char *path)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_block block;
    int status = -1;

    while (reader && (status = bp_pack_read(reader, &block)) > 0)
        bp_block_clear(&block);
    bp_pack_close(reader);
    if (status)
        exit(1);
}

/* Reading and zcat take turns, since the machine may be quicker now than then. */
static void bench_stream(const char *path, const char *setting, double (*write)(const char *, float *, int, int), float *data, int blocks,
                         int floats)
{
    double written[ROUNDS], read[ROUNDS], ratio[ROUNDS], mb = 0;
    char command[4200];

    snprintf(command, sizeof command, "zcat %s >/dev/null", path);
    for (int round = 0; round < ROUNDS; round++) {
        double start = bp_seconds(), whole;
        mb = 1e-6 * write(path, data, blocks, floats);
        written[round] = mb / (bp_seconds() - start);
        start = bp_seconds();
        read_stream(path);
        whole = bp_seconds() - start;
        read[round] = mb / whole;
        start = bp_seconds();
        if (system(command))
            exit(1);
        ratio[round] = (bp_seconds() - start) / whole;
    }
    unlink(path);
    print("packed stream, written", setting, median(written), "MB/s");
    print("packed stream, read", setting, median(read), "MB/s");
    print("packed stream, read / zcat", setting, median(ratio), "");
}

static void bench_streams(const char *directory)
{
    enum { FLOATS = 4 << 20, EPISODE = 9000 };
    float *data = malloc(FLOATS * sizeof *data);
    char path[4096];
    uint32_t x = 1;

    if (!data)
        exit(1);
    for (int i = 0; i < FLOATS; i++)
        data[i] = (float)((x = x * 1664525u + 1013904223u) >> 8) * 0x1p-24f + (i ? 0.9f * data[i - 1] : 0);
    snprintf(path, sizeof path, "%s/stream", directory);
    bench_stream(path, "floats, level 1", write_stream, data, 4, FLOATS / 4);
    bench_stream(path, "episodes, level 1", write_episodes, data, FLOATS / EPISODE, EPISODE);
    free(data);
}

static void bench_database(const char *directory)
{
    enum { ROWS = 500 };
    char path[4096];
    struct bp_rundb *db;
    struct bp_run_info info = {.program = "bench", .command = "bench"};

    snprintf(path, sizeof path, "%s/bench.db", directory);
    if (!(db = bp_rundb_open(path, true)))
        exit(1);
    int64_t run = bp_rundb_start(db, &info);
    double start = bp_seconds();
    for (int i = 0; i < ROWS; i++) {
        struct bp_run_progress row = {.transitions = i};
        if (run < 0 || bp_rundb_progress(db, run, &row))
            exit(1);
    }
    print("run database", "a transaction a row", ROWS / (bp_seconds() - start), "rows/s");
    bp_rundb_close(db);
}

static void bench_updates(void)
{
    for (size_t i = 0; i < sizeof update_shapes / sizeof *update_shapes; i++)
        for (int threads = 1; threads <= 2; threads++)
            bench_update(&update_shapes[i], threads);
}

static void bench_training(void)
{
    static const char *const presets[] = {"nav-easy-lstm", "nav-easy-mlp", "nav-easy-none", "nav-easy-paper"};

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        for (int threads = 1; threads <= 2; threads++)
            bench_preset(presets[i], threads);
}

static void bench_storage(void)
{
    char directory[] = "/tmp/bp-bench-XXXXXX", command[64];

    if (!mkdtemp(directory))
        exit(1);
    bench_streams(directory);
    bench_database(directory);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    if (system(command))
        exit(1);
}

/* ---- an environment beside the simulation in it: the same actions from the same starts, in turns ---- */

enum { EPISODE = 400 };

struct duel {
    struct bp_env *env;
    mjData *bare;
    gsl_rng *stream;
    float *observation, *actions;
    double seconds[2];          /* of the environment's steps and resets, of mj_step alone */
    double steps;
};

static void duel_episode(struct duel *d, uint64_t seed)
{
    const struct bp_physics *physics = &d->env->world->physics;
    const mjModel *m = physics->model;
    struct bp_step step = {.event = -1};
    int length = 0;

    bp_random_normal(d->stream, d->actions, EPISODE * m->nu);
    double begin = bp_seconds();
    bp_env_reset(d->env, seed, d->observation);
    double started = bp_seconds();
    mj_copyData(d->bare, m, physics->data);
    double copied = bp_seconds();
    for (; length < EPISODE && !step.terminated && !step.truncated; length++)
        bp_env_step(d->env, d->actions + length * m->nu, d->observation, &step);
    double played = bp_seconds();
    for (int t = 0; t < length; t++) {
        for (int k = 0; k < m->nu; k++)
            d->bare->ctrl[k] = fmax(-1, fmin(1, (double)d->actions[t * m->nu + k]));
        for (int i = 0; i < physics->substeps; i++)
            mj_step(m, d->bare);
    }
    d->seconds[0] += started - begin + played - copied;
    d->seconds[1] += bp_seconds() - played;
    d->steps += length;
}

static void bench_env(const char *task, const char *body)
{
    struct duel d = {.env = bp_env_open(task, body), .stream = bp_random_new()};
    char setting[64];

    if (!d.env || !d.stream)
        exit(1);
    d.bare = mj_makeData(d.env->world->physics.model);
    d.observation = calloc((size_t)d.env->spec.groups.size, sizeof(float));
    d.actions = calloc((size_t)(EPISODE * d.env->spec.action_size), sizeof(float));
    bp_random_seek(d.stream, 1, BP_FOR_TEST, 0, 0);
    for (uint64_t seed = 0; d.seconds[0] + d.seconds[1] < 3; seed++)
        duel_episode(&d, seed);
    snprintf(setting, sizeof setting, "%s, %s", task, body);
    print("environment alone", setting, d.steps / d.seconds[0], "control steps/s");
    print("environment / bare physics", setting, d.seconds[1] / d.seconds[0], "");
    mj_deleteData(d.bare);
    free(d.observation);
    free(d.actions);
    gsl_rng_free(d.stream);
    bp_env_close(d.env);
}

static void bench_envs(void)
{
    bench_env("nav-easy", "pointmass");
    bench_env("goto", "ball");
    bench_env("goto", "ant");
    bench_env("goto", "quadruped");
}

static const struct { const char *name; void (*run)(void); } parts[] = {
    {"products", bench_products}, {"updates", bench_updates}, {"training", bench_training}, {"storage", bench_storage},
    {"environments", bench_envs},
};

int main(int argc, char **argv)
{
    bool all = true;

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--tsv"))
            tsv = true;
        else
            all = false;
    if (tsv)
        printf("what\tsetting\tvalue\tunit\n");
    print("kernels", bp_product_library(), 1, "");
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (int i = 0; i < argc; i++)
            if ((all && i == 0) || !strcmp(argv[i], parts[p].name))
                parts[p].run();
    return 0;
}
