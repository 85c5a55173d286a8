/* Performance profiles: which share of a group's runs ends above a score, with its 95 % interval; runs are resampled inside their task. */
#include "report/report.h"
#include "report/scores.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 101 };          /* of the grid when --points does not say */

/* An even grid over the final values of all groups, and a little beyond: the first share is 1, the last 0. */
static void make_grid(const struct bp_scores *scores, int groups, double *grid, size_t points)
{
    double low = INFINITY, high = -INFINITY;

    for (int g = 0; g < groups; g++)
        for (int i = 0; i < scores[g].group->count; i++) {
            low = fmin(low, scores[g].final[i]);
            high = fmax(high, scores[g].final[i]);
        }
    double margin = high > low ? 0.02 * (high - low) : fmax(0.02 * fabs(high), 1e-6);
    for (size_t i = 0; i < points; i++) {
        double share = (double)i / (double)(points - 1);
        grid[i] = (1 - share) * (low - margin) + share * (high + margin);
    }
}

static int print_group(struct bp_table *table, const struct bp_scores *scores, const char *metric, const double *grid, size_t points, struct bp_estimate *shares)
{
    if (bp_bootstrap_profile(scores->finals, scores->strata, grid, points, shares))
        return -1;
    for (size_t i = 0; i < points; i++) {
        bp_table_text(table, scores->group->label);
        bp_table_count(table, scores->group->count);
        bp_table_real(table, grid[i]);
        bp_table_real(table, shares[i].value);
        bp_table_real(table, shares[i].low);
        bp_table_real(table, shares[i].high);
        bp_table_text(table, metric);
    }
    return 0;
}

static int print_all(const struct bp_report_options *options, const struct bp_scores *scores, int groups, FILE *out)
{
    static const struct bp_table_column columns[] = {
        { "group", 0 }, { "n", 0 }, { "score", 4 }, { "share", 3 }, { "share_low", 3 }, { "share_high", 3 }, { "metric", 0 },
    };
    size_t points = options->points ? (size_t)options->points : POINTS;
    struct bp_table *table = NULL;
    double *grid = malloc(points * sizeof *grid);
    struct bp_estimate *shares = malloc(points * sizeof *shares);
    int status = 0;

    if (!grid || !shares)
        status = bp_error(BP_FAILURE, "not enough memory for a profile of %zu points", points);
    else if (!(table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns)))
        status = -1;
    if (!status)
        make_grid(scores, groups, grid, points);
    for (int g = 0; !status && g < groups; g++)
        status = print_group(table, &scores[g], options->metric, grid, points, shares);
    if (bp_table_end(table))
        status = -1;
    free(grid);
    free(shares);
    return status;
}

int bp_profile_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    struct bp_runs runs;
    int status = 0, scored = 0;

    if (options->points == 1)
        return bp_error(BP_USAGE, "--points must be 0, or 2 or more");
    if (bp_runs_load(options, files, count, &runs))
        return -1;
    struct bp_scores *scores = calloc((size_t)runs.count, sizeof *scores);
    if (!scores)
        status = bp_error(BP_FAILURE, "not enough memory for %d groups", runs.count);
    while (!status && scored < runs.count) {
        status = bp_scores_compute(&runs.groups[scored], options, &scores[scored]);
        scored++;
    }
    if (!status)
        status = print_all(options, scores, runs.count, out);
    while (scored-- > 0)
        bp_scores_free(&scores[scored]);
    free(scores);
    bp_runs_free(&runs);
    return status;
}
