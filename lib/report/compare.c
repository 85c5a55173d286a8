/*
 * Groups of runs side by side: how well they end, how soon they get to a level, and how probably a run of one group ends better
 * than a run of the baseline. Runs are resampled inside their task (stats/bootstrap.h).
 */
#include "report/report.h"
#include "report/runs.h"
#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A group's runs as samples, a stratum a task, in the order of the tasks' names. */
struct scores {
    const struct bp_runs_group *group;
    double *final;              /* owned; of each run, the tasks one behind the other */
    double *reach;              /* owned; transitions, infinite when a run never got there */
    const char **tasks;         /* owned array; a name for each stratum */
    struct bp_sample *finals, *reaches;     /* owned; a sample for each stratum */
    size_t strata;
    int64_t reached;
};

static void free_scores(struct scores *scores)
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

/* The two numbers of a run. The level is looked for on the smoothed curve, as noise alone reaches it too soon. */
static int score_run(const struct bp_runs_run *run, const struct bp_report_options *options, double *final, double *reach)
{
    struct bp_series series = bp_runs_series(run);
    double *smooth = malloc(run->n * sizeof *smooth);

    if (!smooth)
        return bp_error(BP_FAILURE, "not enough memory for a curve of %zu points", run->n);
    *final = bp_curve_final(&series, options->last);
    *reach = NAN;
    int status = bp_curve_smooth(&series, (size_t)options->smooth, smooth);
    series.y = smooth;
    if (!status && (options->has_threshold || options->fraction > 0))
        *reach = bp_curve_reach(&series, options->has_threshold ? options->threshold : options->fraction * *final);
    free(smooth);
    return status;
}

static int score_group(const struct bp_runs_group *group, const struct bp_report_options *options, struct scores *scores)
{
    size_t n = (size_t)group->count;
    const struct bp_runs_run **order = malloc(n * sizeof *order);
    int status = 0;

    *scores = (struct scores){
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

/* ---- against the baseline ---- */

/* Pick the strata whose task both groups have; their number. The arrays have room for all of x's. */
static size_t common(const struct scores *x, const struct scores *y, bool reaches, struct bp_sample *xs, struct bp_sample *ys)
{
    size_t count = 0;

    for (size_t i = 0; i < x->strata; i++)
        for (size_t j = 0; j < y->strata; j++)
            if (!strcmp(x->tasks[i], y->tasks[j])) {
                xs[count] = reaches ? x->reaches[i] : x->finals[i];
                ys[count++] = reaches ? y->reaches[j] : y->finals[j];
            }
    return count;
}

static int measure(const struct scores *x, const struct scores *y, const struct bp_report_options *options,
                   struct bp_estimate *improvement, struct bp_estimate *ratio)
{
    const struct bp_statistic *statistic = bp_bootstrap_find(options->statistic);
    struct bp_sample *xs = malloc(x->strata * sizeof *xs), *ys = malloc(x->strata * sizeof *ys);
    int status = 0;

    if (!xs || !ys) {
        status = bp_error(BP_FAILURE, "not enough memory for %zu tasks", x->strata);
        goto done;
    }
    size_t count = common(x, y, false, xs, ys);
    if (!count) {
        bp_warn("groups '%s' and '%s' have no task in common and are not compared", x->group->label, y->group->label);
        goto done;
    }
    if (count < x->strata || count < y->strata)
        bp_warn("groups '%s' and '%s' are compared only on tasks that both have (%zu)", x->group->label, y->group->label, count);
    status = bp_bootstrap_improvement(xs, ys, count, improvement);
    if (!status) {
        common(x, y, true, xs, ys);
        status = bp_bootstrap_ratio(statistic, xs, ys, count, ratio);
    }
done:
    free(xs);
    free(ys);
    return status;
}

/* ---- the table ---- */

static void print_estimate(struct bp_table *table, struct bp_estimate estimate)
{
    bp_table_real(table, estimate.value);
    bp_table_real(table, estimate.low);
    bp_table_real(table, estimate.high);
}

static int print_group(struct bp_table *table, const struct scores *x, const struct scores *baseline,
                       const struct bp_report_options *options)
{
    const struct bp_statistic *statistic = bp_bootstrap_find(options->statistic);
    struct bp_estimate final, reach, improvement = { NAN, NAN, NAN }, ratio = improvement;

    if (bp_bootstrap_interval(statistic, x->finals, x->strata, &final) ||
        bp_bootstrap_interval(statistic, x->reaches, x->strata, &reach) ||
        (x != baseline && measure(x, baseline, options, &improvement, &ratio)))
        return -1;
    bp_table_text(table, x->group->label);
    bp_table_count(table, x->group->count);
    print_estimate(table, final);
    print_estimate(table, improvement);
    if (options->has_threshold || options->fraction > 0)
        bp_table_count(table, x->reached);
    else
        bp_table_skip(table, 1);
    print_estimate(table, reach);
    print_estimate(table, ratio);
    return 0;
}

static const struct scores *find_baseline(const struct scores *scores, const struct bp_runs *runs, const char *label)
{
    for (int i = 0; i < runs->count; i++)
        if (!label || !strcmp(runs->groups[i].label, label))
            return &scores[i];
    bp_error(BP_USAGE, "--baseline '%s' is none of the groups, which are '%s' and %d more", label, runs->groups[0].label,
             runs->count - 1);
    return NULL;
}

int bp_compare_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_table_column columns[] = {
        { "group", 0 }, { "n", 0 }, { "final", 3 }, { "final_low", 3 }, { "final_high", 3 }, { "improvement", 3 },
        { "improvement_low", 3 }, { "improvement_high", 3 }, { "reached", 0 }, { "transitions", 0 }, { "transitions_low", 0 },
        { "transitions_high", 0 }, { "ratio", 3 }, { "ratio_low", 3 }, { "ratio_high", 3 },
    };
    struct bp_table *table = NULL;
    struct bp_runs runs;
    int status = 0, scored = 0;

    if (bp_runs_load(options, files, count, &runs))
        return -1;
    struct scores *scores = calloc((size_t)runs.count, sizeof *scores);
    if (!scores)
        status = bp_error(BP_FAILURE, "not enough memory for %d groups", runs.count);
    while (!status && scored < runs.count) {
        status = score_group(&runs.groups[scored], options, &scores[scored]);
        scored++;
    }
    const struct scores *baseline = status ? NULL : find_baseline(scores, &runs, options->baseline);
    if (baseline)
        table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns);
    for (int i = 0; table && !status && i < runs.count; i++)
        status = print_group(table, &scores[i], baseline, options);
    if (!table || bp_table_end(table))
        status = -1;
    while (scored-- > 0)
        free_scores(&scores[scored]);
    free(scores);
    bp_runs_free(&runs);
    return status;
}
