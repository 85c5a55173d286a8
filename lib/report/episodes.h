/* Trajectory streams as reports read them: one episode after the other, or gathered into groups of like episodes. */
#ifndef BP_REPORT_EPISODES_H
#define BP_REPORT_EPISODES_H

#include "base/error.h"
#include "report/report.h"
#include "store/trajectory.h"

/* How messages name an operand. */
const char *bp_episodes_name(const char *file);

/* Called for each episode; `file` is the operand ("-" for stdin). Returns 0 to go on, 1 to leave this file, -1 (reported) to stop. */
typedef int bp_episodes_take(void *context, const char *file, const struct bp_episode *episode);

/*
 * Read every episode of the files, in order (no file at all: stdin). A damaged file is read up to the damage, then the next
 * one. 0; -1 after reporting when a file was damaged; -2 when take returned -1.
 */
int bp_episodes_each(char *const *files, int count, bp_episodes_take *take, void *context) BP_WARN_UNUSED;

/* Episodes of one file that share task and play. */
struct bp_episodes_group {
    char *file;                 /* owned */
    char task[32], play[16];
    void *data;                 /* owned; what the report gathers, zeroed at first */
    const struct bp_episodes_group *first;      /* while they are printed: the first of all groups, in the order of printing */
    int groups;                 /* and how many there are */
};

/* A report that gathers the episodes of each group and then prints each group's rows. */
struct bp_episodes_report {
    const struct bp_table_column *columns;
    int column_count;
    size_t data_size;           /* bytes of a group's data */
    /* 0, or -1 after reporting why this report is impossible */
    int (*add)(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode);
    int (*print)(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group);
    void (*clear)(void *data);  /* free what the data own, not the data themselves */
};

/* Run it as a bp_report's function: what is whole of a damaged file is printed, nothing when `add` failed. */
int bp_episodes_run(const struct bp_episodes_report *report, const struct bp_report_options *options, char *const *files,
                    int count, FILE *out);

/* The cells file, task, play, with which rows begin. */
void bp_episodes_head(struct bp_table *table, const struct bp_episodes_group *group);

/* A growing array for what is gathered; zero-initialised. 0, or -1 after reporting that memory is short. */
struct bp_episodes_values {
    double *values;             /* owned */
    size_t count, room;
};
int bp_episodes_push(struct bp_episodes_values *values, double value) BP_WARN_UNUSED;

#endif
