/* Learning curves from the run database: mean and standard error over runs against transitions processed. */
#include "report/report.h"
#include "report/runs.h"

#include <stdlib.h>
#include <string.h>

/* A mean over different tasks is hardly what was meant. */
static void warn_of_mixture(const struct bp_runs_group *group)
{
    for (int i = 1; i < group->count; i++)
        if (strcmp(group->runs[i].task, group->runs[0].task)) {
            bp_warn("group '%s' mixes runs on '%s' and '%s'; --by task,... or --where \"task = '...'\" keeps them apart",
                    group->label, group->runs[0].task, group->runs[i].task);
            return;
        }
}

static int print_group(struct bp_table *table, const struct bp_runs_group *group, size_t points)
{
    struct bp_series *series = malloc((size_t)group->count * sizeof *series);
    struct bp_curve_point *curve = malloc(points * sizeof *curve);
    double *grid = malloc(points * sizeof *grid);
    int status = -1;

    if (!series || !curve || !grid) {
        bp_error(BP_FAILURE, "not enough memory for a curve of %zu points", points);
        goto done;
    }
    for (int i = 0; i < group->count; i++)
        series[i] = bp_runs_series(&group->runs[i]);
    bp_curve_grid(series, (size_t)group->count, grid, points);
    if (grid[0] == grid[points - 1])
        points = 1;                 /* one point is all that there is */
    if (bp_curve_mean(series, (size_t)group->count, grid, points, curve))
        goto done;
    for (size_t i = 0; i < points; i++) {
        bp_table_text(table, group->label);
        bp_table_real(table, curve[i].x);
        bp_table_count(table, (int64_t)curve[i].n);
        bp_table_real(table, curve[i].mean);
        bp_table_real(table, curve[i].standard_error);
    }
    status = 0;
done:
    free(series);
    free(curve);
    free(grid);
    return status;
}

int bp_curves_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_table_column columns[] = {
        { "group", 0 }, { "transitions", 0 }, { "n", 0 }, { "mean", 4 }, { "standard_error", 4 },
    };
    struct bp_runs runs;
    int status = 0;

    if (bp_runs_load(options, files, count, &runs))
        return -1;
    struct bp_table *table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns);
    for (int i = 0; table && !status && i < runs.count; i++) {
        warn_of_mixture(&runs.groups[i]);
        status = print_group(table, &runs.groups[i], (size_t)options->points);
    }
    if (!table || bp_table_end(table))
        status = -1;
    bp_runs_free(&runs);
    return status;
}
