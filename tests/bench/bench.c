/*
 * The benchmark: speed of the parts and of the whole, each beside its limit measured in the same run. Prints a table, or TSV with --tsv.
 * All times are medians of several rounds.
 */
#include "env/physics.h"
#include "learn/svg.h"
#include "nn/product.h"
#include "run/config.h"
#include "run/session.h"
#include "run/training.h"
#include "store/pack.h"
#include "store/rundb.h"

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
    static const int shapes[][3] = {{8, 256, 64}, {328, 64, 64}, {328, 256, 64}, {1024, 1024, 1024}};

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
    static struct bp_option_part parts[2];
    char path[4096];

    parts[0] = (struct bp_option_part){"Config", bp_config_options, config};
    *options = bp_options_new(parts);
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
        bp_replay_draw(training->replay, training->learner.shards[i].stream, &training->learner.shards[i].batch);
    return (double)(training->config->batch * training->config->unroll);
}

static double physics_work(void *raw)
{
    struct bp_physics *physics = raw;

    if (!bp_physics_step(physics))
        exit(1);
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
        struct bp_physics physics;
        if (bp_physics_load(&physics, training.env.body, 0.1))
            exit(1);
        print("actors / bare physics", setting, actors / rate(physics_work, &physics, 1), "");
        bp_physics_free(&physics);
    }
    bp_training_free(&training);
    bp_options_free(options);
}

/* ---- storage ---- */

static void bench_stream(const char *directory)
{
    enum { FLOATS = 4 << 20 };
    float *data = malloc(FLOATS * sizeof *data);
    struct bp_tensor tensor = bp_tensor_1d("data", BP_F32, FLOATS, data);
    char path[4096];
    uint32_t x = 1;

    if (!data)
        exit(1);
    for (int i = 0; i < FLOATS; i++)
        data[i] = (float)((x = x * 1664525u + 1013904223u) >> 8) * 0x1p-24f + (i ? 0.9f * data[i - 1] : 0);
    snprintf(path, sizeof path, "%s/stream", directory);
    double mb = FLOATS * sizeof *data * 1e-6, start = bp_seconds();
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_block block;
    bp_block_init(&block, "bench");
    bp_block_tensor(&block, &tensor);
    if (!writer || bp_pack_write(writer, &block) || bp_pack_commit(writer))
        exit(1);
    bp_block_clear(&block);
    print("packed stream, written", "floats, level 1", mb / (bp_seconds() - start), "MB/s");
    start = bp_seconds();
    struct bp_pack_reader *reader = bp_pack_open(path);
    if (!reader || bp_pack_read(reader, &block) != 1)
        exit(1);
    double read = mb / (bp_seconds() - start);
    bp_block_clear(&block);
    bp_pack_close(reader);
    print("packed stream, read", "floats, level 1", read, "MB/s");
    char command[4200];
    snprintf(command, sizeof command, "zcat %s >/dev/null", path);
    start = bp_seconds();
    if (system(command))
        exit(1);
    print("packed stream, read / zcat", "floats, level 1", read / (mb / (bp_seconds() - start)), "");
    unlink(path);
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

int main(int argc, char **argv)
{
    static const char *const presets[] = {"nav-easy-lstm", "nav-easy-mlp", "nav-easy-none", "nav-easy-paper"};
    char directory[] = "/tmp/bp-bench-XXXXXX", command[64];

    tsv = argc > 1 && !strcmp(argv[1], "--tsv");
    if (!mkdtemp(directory))
        return 1;
    if (tsv)
        printf("what\tsetting\tvalue\tunit\n");
    print("kernels", bp_product_library(), 1, "");
    bench_products();
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        for (int threads = 1; threads <= 2; threads++)
            bench_preset(presets[i], threads);
    bench_stream(directory);
    bench_database(directory);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command) != 0;
}
