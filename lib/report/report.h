/*
 * The reports of bp-stats: const table rows picked by name. Each reads its inputs, writes one table (report/table.h) to a stream
 * and says what went wrong on stderr.
 */
#ifndef BP_REPORT_REPORT_H
#define BP_REPORT_REPORT_H

#include "base/error.h"
#include "base/option.h"
#include "report/table.h"

#include <stdio.h>

/* Values of all reports' options; each report reads its own. Texts are borrowed. */
struct bp_report_options {
    bool tsv, json;
    /* trajectory streams */
    double p;                   /* transitions: probability of the likely next target in the true table */
    int64_t episodes;           /* dump, trajectories: the first so many of each file; 0: all */
    bool latents;               /* trajectories: with the latent in force */
    int64_t bins;               /* actions: of the histogram */
    int64_t cells;              /* information: bins of each number, of latents and of places */
    const char *place;          /* information: a name of bp_information_place */
    const char *goal;           /* field: cell of the target, "5,2"; NULL: any */
    int64_t bin;                /* kl: steps averaged into one row */
    const char *groups;         /* dump: observation groups to print, as for bp_groups_select */
    /* run database */
    const char *db;             /* used when there is no operand */
    const char *by;             /* comma-separated columns of a run, or keys of its config */
    const char *where;          /* SQL condition on runs, NULL for all */
    const char *metric;         /* name of a metric, count of a point, or TASK/PLAY[/column] of the evaluations */
    const char *x;              /* against what: transitions, env_steps, updates, seconds */
    bool has_points;            /* curves: points is given */
    int64_t points;             /* curves, profile: on the grid; 0: where the runs have values */
    int64_t smooth;             /* compare, profile: points averaged before a threshold is looked for; odd */
    double last;                /* compare, profile, health: share of a run that counts as its end */
    const char *statistic;      /* compare: row of bp_bootstrap_statistics */
    const char *baseline;       /* compare: the group that the others are measured against, NULL for the first */
    bool has_threshold;         /* compare: threshold is given */
    double threshold;           /* ... transitions until the metric reaches this */
    double fraction;            /* ... or until it reaches this share of the run's final value; 0: not asked for */
};

enum { BP_REPORT_PARTS = 16 };   /* room for a report's option parts and the end */

struct bp_report {
    const char *name;
    const char *input;          /* what its operands are */
    const char *help;
    const char *parts;          /* letters of its option parts (report.c) */
    /* files (count of them, "-" is stdin). 0, or -1 after reporting; what was whole has then been written all the same. */
    int (*function)(const struct bp_report_options *options, char *const *files, int count, FILE *out);
};

/* Ends with a row whose name is NULL. */
extern const struct bp_report bp_report_table[];

/* The row of that name, or NULL. */
const struct bp_report *bp_report_find(const char *name);

/* The option parts of a report (NULL: of all), filling *values; parts has room for BP_REPORT_PARTS. */
void bp_report_parts(const struct bp_report *report, struct bp_report_options *values, struct bp_option_part *parts);

/* What the option parser cannot see: options that exclude each other, odd windows. 0, or -1 after reporting. */
int bp_report_check(const struct bp_report_options *options) BP_WARN_UNUSED;

/* The table that a report writes, in the format asked for; NULL after reporting. */
struct bp_table *bp_report_start(const struct bp_report_options *options, FILE *out, const struct bp_table_column *columns,
                                 int count) BP_WARN_UNUSED;

/* The functions of the rows, each in the file of its name. */
typedef int bp_report_function(const struct bp_report_options *options, char *const *files, int count, FILE *out);
bp_report_function bp_info_report, bp_dump_report, bp_returns_report, bp_transitions_report, bp_kl_report,
    bp_actions_report, bp_trajectories_report, bp_curves_report, bp_compare_report, bp_profile_report, bp_health_report, bp_information_report, bp_field_report;

/* What latents are asked of, NULL after the last: choices of an option. */
const char *bp_information_place(int i);

#endif
