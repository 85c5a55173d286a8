/* The run database (bp-runs(5)): every run is a row, with its progress and evaluations as further rows, and views over them. */
#ifndef BP_STORE_RUNDB_H
#define BP_STORE_RUNDB_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct bp_rundb;

/* What is known of a run when it starts; texts are borrowed, NULL where there is none. */
struct bp_run_info {
    const char *program;        /* bp-train, ... */
    const char *command;        /* the command line, quoted for a shell */
    const char *config;         /* resolved config, a JSON object */
    const char *preset;
    const char *task, *body;
    const char *policy, *prior; /* kinds: mlp, lstm, ..., none */
    uint64_t seed;
    const char *output;         /* checkpoint that it will write */
    const char *parent;         /* hash of the checkpoint that it starts from */
    const char *fingerprint;    /* which run it is: the same for runs that pass through the same states */
    const char *kernels;        /* of the learner's products, with their precision; NULL: it does not learn */
};

/* Something measured, by a name that queries use; NaN: there was nothing to measure, and it has no row. */
struct bp_run_metric {
    const char *name;
    double value;
};

/* A point of a run: how far it is, and what was measured since the point before. */
struct bp_run_progress {
    int64_t transitions;        /* processed by the learner */
    int64_t updates;
    int64_t env_steps;
    int64_t episodes;           /* that ended since the last row */
    double seconds;             /* of the run's own work, wall clock */
    const struct bp_run_metric *metric;
    int metrics;
};

struct bp_run_evaluation {
    int64_t transitions;
    const char *task;
    const char *play;           /* policy, prior or random */
    int episodes;
    double episode_return, standard_error, episode_length;
    double sequence_kl;         /* KL(true || visited) of the sequence of targets in nats; NaN where the task has none */
    double seconds;
};

/*
 * Open for writing (made when absent) or reading. NULL after reporting. Many processes may write at once: each call is one
 * BEGIN IMMEDIATE transaction with a busy timeout (10 s, or BP_DB_TIMEOUT_MS). Open again after a fork.
 */
struct bp_rundb *bp_rundb_open(const char *path, bool writable) BP_WARN_UNUSED;
void bp_rundb_close(struct bp_rundb *db);

/* Row of a new run; its id, or -1 after reporting. */
int64_t bp_rundb_start(struct bp_rundb *db, const struct bp_run_info *info) BP_WARN_UNUSED;
/*
 * The latest run with that output and fingerprint is taken up again, with the command and config of `info`; its id, 0 when there is none, or -1.
 * Runs that write to stdout ("-") or nowhere are never taken up. Outputs are kept and compared as absolute paths.
 */
int64_t bp_rundb_resume(struct bp_rundb *db, const struct bp_run_info *info) BP_WARN_UNUSED;
/*
 * Drop progress, evaluations and checkpoints beyond `transitions`: a resumed run repeats them; with `partial` the progress at `transitions` too,
 * which was written because the run stopped there.
 */
int bp_rundb_rewind(struct bp_rundb *db, int64_t run, int64_t transitions, bool partial) BP_WARN_UNUSED;
/* A row that has the same run and transitions (and task and play, for an evaluation) is replaced. NaN is stored as NULL. */
int bp_rundb_progress(struct bp_rundb *db, int64_t run, const struct bp_run_progress *row) BP_WARN_UNUSED;
int bp_rundb_evaluation(struct bp_rundb *db, int64_t run, const struct bp_run_evaluation *row) BP_WARN_UNUSED;
/* Record a checkpoint that the run wrote, by its hash; the view lineage uses these. */
int bp_rundb_checkpoint(struct bp_rundb *db, int64_t run, int64_t transitions, const char *path, const char *hash)
    BP_WARN_UNUSED;
/* The state of a run that ended with this exit status: finished, stopped, diverged or failed. */
const char *bp_rundb_state(int exit_status);
/* State: finished, stopped (by a signal), failed or diverged; checkpoint is the hash of the last one, or NULL. */
int bp_rundb_finish(struct bp_rundb *db, int64_t run, const char *state, const char *checkpoint) BP_WARN_UNUSED;

/*
 * Run a query; for each row call `row` with the columns as text (NULL for SQL NULL), which stops the query by returning
 * non-zero: positive for success, negative for an error that it reported. Parameters are bound as text in order.
 * 0, or -1 after reporting; wrong SQL is the user's error.
 */
int bp_rundb_query(struct bp_rundb *db, const char *sql, const char *const *parameters, int parameter_count,
                   int (*row)(void *context, int columns, const char *const *names, const char *const *values),
                   void *context) BP_WARN_UNUSED;

/* SQLite's version. */
const char *bp_rundb_version(void);

#endif
