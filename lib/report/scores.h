/* A group of runs as scores, by task: the common input of `compare` and `profile`. */
#ifndef BP_REPORT_SCORES_H
#define BP_REPORT_SCORES_H

#include "report/runs.h"
#include "stats/bootstrap.h"

/* A group's runs as samples, a stratum a task, in the order of the tasks' names. */
struct bp_scores {
    const struct bp_runs_group *group;
    double *final;              /* owned; of each run, the tasks one after the other */
    double *reach;              /* owned; where the level is reached, infinite when a run never got there */
    const char **tasks;         /* owned array; a name for each stratum */
    struct bp_sample *finals, *reaches;     /* owned; a sample for each stratum */
    size_t strata;
    int64_t reached;
};

/* Score the runs of a group, borrowed. 0, or -1 after reporting; to be freed in either case. */
int bp_scores_compute(const struct bp_runs_group *group, const struct bp_report_options *options, struct bp_scores *scores) BP_WARN_UNUSED;
void bp_scores_free(struct bp_scores *scores);

#endif
