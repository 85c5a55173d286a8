#include "stats/curve.h"

#include <assert.h>
#include <gsl/gsl_interp.h>
#include <gsl/gsl_movstat.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

double bp_curve_at(const struct bp_series *series, double x)
{
    size_t n = series->n;

    if (!n || !(x >= series->x[0] && x <= series->x[n - 1]))
        return NAN;
    if (x == series->x[n - 1])
        return series->y[n - 1];
    /* gsl_interp_bsearch: x[i] <= x < x[i + 1], the last such i, so the step between a repeated x is never divided by. */
    size_t i = gsl_interp_bsearch(series->x, x, 0, n - 1);
    double share = (x - series->x[i]) / (series->x[i + 1] - series->x[i]);
    return series->y[i] + share * (series->y[i + 1] - series->y[i]);
}

void bp_curve_grid(const struct bp_series *series, size_t count, double *grid, size_t points)
{
    double low = INFINITY, high = -INFINITY;

    assert(points > 1);
    for (size_t s = 0; s < count; s++)
        if (series[s].n) {
            low = fmin(low, series[s].x[0]);
            high = fmax(high, series[s].x[series[s].n - 1]);
        }
    for (size_t i = 0; i < points; i++) {
        double share = (double)i / (double)(points - 1);
        /* Rounding must not leave the range, where there is no run. */
        grid[i] = fmin(fmax((1 - share) * low + share * high, low), high);
    }
}

double *bp_curve_union(const struct bp_series *series, size_t count, size_t *points)
{
    size_t all = 0, used = 0;

    for (size_t s = 0; s < count; s++)
        all += series[s].n;
    double *grid = malloc((all ? all : 1) * sizeof *grid);
    if (!grid)
        return NULL;
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < series[s].n; i++)
            grid[used++] = series[s].x[i];
    gsl_sort(grid, 1, all);
    *points = 0;
    for (size_t i = 0; i < all; i++)
        if (!i || grid[i] != grid[i - 1])
            grid[(*points)++] = grid[i];
    return grid;
}

int bp_curve_mean(const struct bp_series *series, size_t count, const double *grid, size_t points, struct bp_curve_point *curve)
{
    double *values = malloc((count ? count : 1) * sizeof *values);

    if (!values)
        return bp_error(BP_FAILURE, "not enough memory for %zu curves", count);
    for (size_t i = 0; i < points; i++) {
        size_t n = 0;
        for (size_t s = 0; s < count; s++) {
            values[n] = bp_curve_at(&series[s], grid[i]);
            n += isnan(values[n]) ? 0 : 1;
        }
        curve[i] = (struct bp_curve_point){ grid[i], NAN, NAN, n };
        if (n > 0)
            curve[i].mean = gsl_stats_mean(values, 1, n);
        if (n > 1)
            curve[i].standard_error = gsl_stats_sd(values, 1, n) / sqrt((double)n);
    }
    free(values);
    return 0;
}

int bp_curve_smooth(const struct bp_series *series, size_t window, double *smooth)
{
    if (!series->n)
        return 0;
    assert(window % 2 == 1);
    gsl_movstat_workspace *work = gsl_movstat_alloc(window);
    if (!work)
        return bp_error(BP_FAILURE, "not enough memory to smooth a curve of %zu points", series->n);
    gsl_vector_const_view y = gsl_vector_const_view_array(series->y, series->n);
    gsl_vector_view out = gsl_vector_view_array(smooth, series->n);
    gsl_movstat_mean(GSL_MOVSTAT_END_TRUNCATE, &y.vector, &out.vector, work);
    gsl_movstat_free(work);
    return 0;
}

double bp_curve_reach(const struct bp_series *series, double threshold)
{
    const double *x = series->x, *y = series->y;

    for (size_t i = 0; i < series->n; i++)
        if (y[i] >= threshold)
            return i ? x[i - 1] + (threshold - y[i - 1]) / (y[i] - y[i - 1]) * (x[i] - x[i - 1]) : x[i];
    return INFINITY;
}

double bp_curve_final(const struct bp_series *series, double fraction)
{
    size_t n = series->n;

    assert(fraction > 0 && fraction <= 1);
    if (!n)
        return NAN;
    double from = series->x[n - 1] - fraction * (series->x[n - 1] - series->x[0]);
    size_t first = n - 1;
    while (first > 0 && series->x[first - 1] >= from)
        first--;
    return gsl_stats_mean(series->y + first, 1, n - first);
}
