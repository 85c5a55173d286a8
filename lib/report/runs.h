/* Runs of the database as groups of curves, the common input of `curves` and `compare`. */
#ifndef BP_REPORT_RUNS_H
#define BP_REPORT_RUNS_H

#include "base/error.h"
#include "report/report.h"
#include "stats/curve.h"

struct bp_runs_run {
    int64_t id;
    char *task;                 /* owned; "-" when the run has none */
    double *x, *y;              /* owned; what --x names, ascending, and the metric at each */
    size_t n, room;             /* n at least 1 */
};

struct bp_runs_group {
    char *label;                /* owned; the values of --by, joined with '/', "-" for none */
    struct bp_runs_run *runs;   /* owned */
    int count;
};

struct bp_runs {
    struct bp_runs_group *groups;   /* owned, by label */
    int count;
};

/* The database that a report is asked of: the operand, or options->db without one. NULL after reporting. */
const char *bp_runs_database(const struct bp_report_options *options, char *const *files, int count);

/*
 * Load the metric of every run that options->where admits, grouped by options->by. The database is the operand, or options->db
 * without one. Runs that have no row of the metric yet are passed over; none at all is reported. 0, or -1 with *runs empty.
 */
int bp_runs_load(const struct bp_report_options *options, char *const *files, int count, struct bp_runs *runs) BP_WARN_UNUSED;
void bp_runs_free(struct bp_runs *runs);

/* A run's curve, borrowed. */
struct bp_series bp_runs_series(const struct bp_runs_run *run);

#endif
