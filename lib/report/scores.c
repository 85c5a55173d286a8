#include "report/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bp_scores_free(struct bp_scores *scores)
{
    free(scores->final);
    free(scores->reach);
    free(scores->tasks);
    free(scores->finals);
    free(scores->reaches);
}

static int by_task(const void *a, const void *b)
{
    return strcmp((*(const struct bp_runs_run *const *)a)->task, (*(const struct bp_runs_run *const *)b)->task);
}

/* Where a run first gets to a level. It is looked for on the smoothed curve, as noise alone reaches it too soon. */
static int reach(struct bp_series series, size_t window, double level, double *x)
{
    double *smooth = malloc(series.n * sizeof *smooth);

    if (!smooth)
        return bp_error(BP_FAILURE, "not enough memory for a curve of %zu points", series.n);
    int status = bp_curve_smooth(&series, window, smooth);
    series.y = smooth;
    if (!status)
        *x = bp_curve_reach(&series, level);
    free(smooth);
    return status;
}

/* The two numbers of a run. */
static int score_run(const struct bp_runs_run *run, const struct bp_report_options *options, double *final, double *reached)
{
    struct bp_series series = bp_runs_series(run);

    *final = bp_curve_final(&series, options->last);
    *reached = NAN;
    if (!options->has_threshold && !(options->fraction > 0))
        return 0;
    return reach(series, (size_t)options->smooth, options->has_threshold ? options->threshold : options->fraction * *final, reached);
}

int bp_scores_compute(const struct bp_runs_group *group, const struct bp_report_options *options, struct bp_scores *scores)
{
    size_t n = (size_t)group->count;
    const struct bp_runs_run **order = malloc(n * sizeof *order);
    int status = 0;

    *scores = (struct bp_scores){
        .group = group, .final = malloc(n * sizeof(double)), .reach = malloc(n * sizeof(double)),
        .tasks = malloc(n * sizeof *scores->tasks), .finals = malloc(n * sizeof *scores->finals),
        .reaches = malloc(n * sizeof *scores->reaches),
    };
    if (!order || !scores->final || !scores->reach || !scores->tasks || !scores->finals || !scores->reaches) {
        free(order);
        return bp_error(BP_FAILURE, "not enough memory for %zu runs", n);
    }
    for (size_t i = 0; i < n; i++)
        order[i] = &group->runs[i];
    qsort(order, n, sizeof *order, by_task);
    for (size_t i = 0; i < n && !status; i++) {
        size_t s = scores->strata;
        if (!s || strcmp(scores->tasks[s - 1], order[i]->task)) {
            scores->tasks[s] = order[i]->task;
            scores->finals[s] = (struct bp_sample){ scores->final + i, 0 };
            scores->reaches[s] = (struct bp_sample){ scores->reach + i, 0 };
            s = ++scores->strata;
        }
        scores->finals[s - 1].n++;
        scores->reaches[s - 1].n++;
        status = score_run(order[i], options, scores->final + i, scores->reach + i);
        scores->reached += isfinite(scores->reach[i]);
    }
    free(order);
    return status;
}
