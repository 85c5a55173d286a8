/*
 * Learning curves of several runs, of unequal length and logged at different points, on one axis (such as transitions processed): mean
 * and standard error over runs, and how soon a level is reached.
 */
#ifndef BP_STATS_CURVE_H
#define BP_STATS_CURVE_H

#include "base/error.h"

#include <stddef.h>

/* One run's curve: x ascending (a repeated x counts by its last y), both finite; borrowed. */
struct bp_series {
    const double *x, *y;
    size_t n;
};

struct bp_curve_point {
    double x;
    double mean, standard_error;    /* over the runs that reach x; NaN for n < 1 and n < 2 */
    size_t n;                       /* runs with x inside their own range: no run is extrapolated */
};

/* y at x by linear interpolation; NaN outside the series' range. */
double bp_curve_at(const struct bp_series *series, double x);

/* An even grid of `points` (at least 2) from the smallest to the largest x of all series. Series without points are skipped. */
void bp_curve_grid(const struct bp_series *series, size_t count, double *grid, size_t points);

/* Every x of all series, ascending, none twice: malloc'ed, *points of them (0 when no series has any); NULL when out of memory. */
double *bp_curve_union(const struct bp_series *series, size_t count, size_t *points);

/* Mean and standard error over the series at each grid point. 0, or -1 after reporting that memory is short. */
int bp_curve_mean(const struct bp_series *series, size_t count, const double *grid, size_t points,
                  struct bp_curve_point *curve) BP_WARN_UNUSED;

/*
 * Moving average of y over a centred window of `window` points (odd; 1 changes nothing), cut at the ends; into smooth (n).
 * 0, or -1 after reporting that memory is short.
 */
int bp_curve_smooth(const struct bp_series *series, size_t window, double *smooth) BP_WARN_UNUSED;

/* The first x at which the series, linear between its points, reaches the threshold from below; INFINITY when it never does. */
double bp_curve_reach(const struct bp_series *series, double threshold);

/* Mean of the points in the last `fraction` (0 to 1] of the x range, weighted alike; at least the last point. NaN when n is 0. */
double bp_curve_final(const struct bp_series *series, double fraction);

#endif
