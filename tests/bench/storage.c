/* Packed streams beside zcat, and the run database. */
#include "bench.h"

#include "store/pack.h"
#include "store/rundb.h"
#include "store/trajectory.h"

#include <unistd.h>

/* Write records of so many floats to `path`; bytes of all of them. */
static double write_stream(const char *path, float *data, int records, int floats)
{
    struct bp_tensor tensor = bp_tensor_1d("data", BP_F32, floats, data);
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_record record;

    for (int i = 0; i < records && writer; i++) {
        tensor.data = data + (size_t)i * (size_t)floats;
        bp_record_init(&record, "bench");
        bp_record_tensor(&record, &tensor);
        if (bp_pack_write(writer, &record))
            exit(1);
        bp_record_clear(&record);
    }
    if (!writer || bp_pack_commit(writer))
        exit(1);
    return 4.0 * records * floats;
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
    if (!writer || bp_episode_alloc(&episode, &groups, bp_continuous(2), 375, true))
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
    struct bp_record record;
    int status = -1;

    while (reader && (status = bp_pack_read(reader, &record)) > 0)
        bp_record_clear(&record);
    bp_pack_close(reader);
    if (status)
        exit(1);
}

/* Reading and zcat take turns, since the machine may be quicker now than then. */
static void bench_stream(const char *path, const char *setting, double (*write)(const char *, float *, int, int), float *data, int records,
                         int floats)
{
    double written[ROUNDS], read[ROUNDS], ratio[ROUNDS], mb = 0;
    char command[4200];

    snprintf(command, sizeof command, "zcat %s >/dev/null", path);
    for (int round = 0; round < ROUNDS; round++) {
        double start = bp_clock_seconds(), whole;
        mb = 1e-6 * write(path, data, records, floats);
        written[round] = mb / (bp_clock_seconds() - start);
        start = bp_clock_seconds();
        read_stream(path);
        whole = bp_clock_seconds() - start;
        read[round] = mb / whole;
        start = bp_clock_seconds();
        if (system(command))
            exit(1);
        ratio[round] = (bp_clock_seconds() - start) / whole;
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
    double start = bp_clock_seconds();
    for (int i = 0; i < ROWS; i++) {
        const struct bp_run_metric metric[] = {
            {"episode_return", i}, {"episode_length", i}, {"kl_prior", i}, {"kl_prior_high", i}, {"entropy", i},
            {"critic_loss", i}, {"policy_loss", i}, {"prior_loss", i}, {"q_mean", i}, {"trace_weight", i},
        };
        struct bp_run_progress row = {.transitions = i, .metric = metric, .metrics = sizeof metric / sizeof *metric};
        if (run < 0 || bp_rundb_progress(db, run, &row))
            exit(1);
    }
    print("run database", "a transaction a row", ROWS / (bp_clock_seconds() - start), "rows/s");
    bp_rundb_close(db);
}

void bench_storage(void)
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
