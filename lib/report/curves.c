/* Learning curves from the run database: mean and interquartile mean over runs, with their uncertainty, against what --x names. */
#include "report/report.h"
#include "report/runs.h"
#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Warn of a mean over different tasks. */
static void warn_of_mixture(const struct bp_runs_group *group)
{
    for (int i = 1; i < group->count; i++)
        if (strcmp(group->runs[i].task, group->runs[0].task)) {
            bp_warn("group '%s' mixes runs on '%s' and '%s'; --by task,... or --where \"task = '...'\" keeps them apart",
                    group->label, group->runs[0].task, group->runs[i].task);
            return;
        }
}

/* The middle half of the runs at x, and its interval; NaN where no run is. */
static int middle(const struct bp_series *series, size_t count, double x, double *values, struct bp_estimate *estimate)
{
    struct bp_sample sample = { values, 0 };

    *estimate = (struct bp_estimate){ NAN, NAN, NAN };
    for (size_t i = 0; i < count; i++) {
        values[sample.n] = bp_curve_at(&series[i], x);
        sample.n += isnan(values[sample.n]) ? 0 : 1;
    }
    return sample.n ? bp_bootstrap_interval(bp_bootstrap_find("iqm"), &sample, 1, estimate) : 0;
}

static int print_points(struct bp_table *table, const char *label, const char *metric, const struct bp_series *series, size_t count,
                        const struct bp_curve_point *curve, size_t points, double *values)
{
    for (size_t i = 0; i < points; i++) {
        struct bp_estimate iqm;
        if (middle(series, count, curve[i].x, values, &iqm))
            return -1;
        bp_table_text(table, label);
        bp_table_real(table, curve[i].x);
        bp_table_count(table, (int64_t)curve[i].n);
        bp_table_real(table, curve[i].mean);
        bp_table_real(table, curve[i].standard_error);
        bp_table_real(table, iqm.value);
        bp_table_real(table, iqm.low);
        bp_table_real(table, iqm.high);
        bp_table_text(table, metric);
    }
    return 0;
}

/* The grid of a group, malloc'ed, and its points: even, or with 0 asked for every x that a run has. NULL when out of memory. */
static double *make_grid(const struct bp_series *series, size_t count, size_t *points)
{
    double *grid;

    if (!*points)
        return bp_curve_union(series, count, points);
    if ((grid = malloc(*points * sizeof *grid))) {
        bp_curve_grid(series, count, grid, *points);
        if (grid[0] == grid[*points - 1])
            *points = 1;            /* one point is all that there is */
    }
    return grid;
}

static int print_group(struct bp_table *table, const struct bp_runs_group *group, const char *metric, size_t points)
{
    size_t count = (size_t)group->count;
    struct bp_series *series = malloc(count * sizeof *series);
    struct bp_curve_point *curve = NULL;
    double *grid = NULL, *values = malloc(count * sizeof *values);
    int status = -1;

    for (size_t i = 0; series && i < count; i++)
        series[i] = bp_runs_series(&group->runs[i]);
    if (series && values && (grid = make_grid(series, count, &points)))
        curve = malloc(points * sizeof *curve);
    if (!curve)
        bp_error(BP_FAILURE, "not enough memory for a curve of %zu points", points);
    else if (!bp_curve_mean(series, count, grid, points, curve))
        status = print_points(table, group->label, metric, series, count, curve, points, values);
    free(series);
    free(curve);
    free(grid);
    free(values);
    return status;
}

int bp_curves_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    const struct bp_table_column columns[] = {
        { "group", 0 }, { options->x, 0 }, { "n", 0 }, { "mean", 4 }, { "standard_error", 4 }, { "iqm", 4 }, { "iqm_low", 4 }, { "iqm_high", 4 }, { "metric", 0 },
    };
    size_t points = options->has_points ? (size_t)options->points : strchr(options->metric, '/') ? 0 : 100;
    struct bp_runs runs;
    int status = 0;

    if (options->points == 1)
        return bp_error(BP_USAGE, "--points must be 0, or 2 or more");
    if (bp_runs_load(options, files, count, &runs))
        return -1;
    struct bp_table *table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns);
    for (int i = 0; table && !status && i < runs.count; i++) {
        warn_of_mixture(&runs.groups[i]);
        status = print_group(table, &runs.groups[i], options->metric, points);
    }
    if (!table || bp_table_end(table))
        status = -1;
    bp_runs_free(&runs);
    return status;
}
