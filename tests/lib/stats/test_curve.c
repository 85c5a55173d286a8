#include "stats/curve.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../near.h"

static void interpolation_by_hand(void **state)
{
    const double x[] = { 0, 10, 10, 30 }, y[] = { 0, 5, 6, 16 };
    const struct bp_series series = { x, y, 4 };

    (void)state;
    assert_near(bp_curve_at(&series, 0), 0, 0);
    assert_near(bp_curve_at(&series, 4), 2, 1e-12);
    assert_near(bp_curve_at(&series, 10), 6, 1e-12);     /* a repeated x counts by its last y */
    assert_near(bp_curve_at(&series, 20), 11, 1e-12);
    assert_near(bp_curve_at(&series, 30), 16, 0);
    assert_true(isnan(bp_curve_at(&series, -1)) && isnan(bp_curve_at(&series, 30.1)) && isnan(bp_curve_at(&series, NAN)));
}

static void series_of_one_and_no_point(void **state)
{
    const double x[] = { 5 }, y[] = { 3 };
    const struct bp_series one = { x, y, 1 }, none = { NULL, NULL, 0 };
    double smooth;

    (void)state;
    assert_true(bp_curve_at(&one, 5) == 3 && isnan(bp_curve_at(&one, 4)));
    assert_true(isnan(bp_curve_at(&none, 0)) && isnan(bp_curve_final(&none, 0.1)) && isinf(bp_curve_reach(&none, 0)));
    assert_true(bp_curve_final(&one, 0.1) == 3 && bp_curve_reach(&one, 3) == 5 && isinf(bp_curve_reach(&one, 4)));
    assert_int_equal(bp_curve_smooth(&one, 5, &smooth), 0);
    assert_near(smooth, 3, 1e-12);
    assert_int_equal(bp_curve_smooth(&none, 5, &smooth), 0);
}

/* Three runs, one short, one empty: n says how many hold each point, and no run is continued beyond its end. */
static void mean_of_unequal_lengths(void **state)
{
    const double x1[] = { 0, 10 }, y1[] = { 0, 10 }, x2[] = { 0, 5 }, y2[] = { 2, 7 };
    const struct bp_series series[] = { { x1, y1, 2 }, { x2, y2, 2 }, { NULL, NULL, 0 } };
    double grid[5];
    struct bp_curve_point curve[5];

    (void)state;
    bp_curve_grid(series, 3, grid, 5);
    assert_near(grid[1], 2.5, 1e-12);
    assert_true(grid[0] == 0 && grid[4] == 10);
    assert_int_equal(bp_curve_mean(series, 3, grid, 5, curve), 0);
    assert_int_equal(curve[1].n, 2);
    assert_near(curve[1].mean, 3.5, 1e-12);              /* 2.5 and 4.5: sd sqrt 2, standard error 1 */
    assert_near(curve[1].standard_error, 1, 1e-12);
    assert_int_equal(curve[2].n, 2);                            /* x = 5: the short run's last point still counts */
    assert_int_equal(curve[4].n, 1);
    assert_near(curve[4].mean, 10, 1e-12);
    assert_true(isnan(curve[4].standard_error));
}

static void nobody_there(void **state)
{
    const double x[] = { 0, 1 }, y[] = { 1, 1 }, grid[] = { 2 };
    const struct bp_series series = { x, y, 2 };
    struct bp_curve_point point;

    (void)state;
    assert_int_equal(bp_curve_mean(&series, 1, grid, 1, &point), 0);
    assert_true(point.n == 0 && isnan(point.mean));
}

/* Numbers of which (1 - s) x + s x is not always x: the grid must stay inside the range. */
static void a_grid_over_one_point(void **state)
{
    const double x[] = { 600320.7 }, y[] = { 3 };
    const struct bp_series series = { x, y, 1 };
    double grid[100];
    struct bp_curve_point curve[100];

    (void)state;
    bp_curve_grid(&series, 1, grid, 100);
    assert_int_equal(bp_curve_mean(&series, 1, grid, 100, curve), 0);
    for (int i = 0; i < 100; i++)
        assert_true(curve[i].n == 1 && curve[i].mean == 3);
}

static void smoothing_by_hand(void **state)
{
    const double x[] = { 0, 1, 2, 3, 4 }, y[] = { 0, 3, 0, 6, 9 };
    const struct bp_series series = { x, y, 5 };
    const double expect[] = { 1.5, 1, 3, 5, 7.5 };
    double smooth[5];

    (void)state;
    assert_int_equal(bp_curve_smooth(&series, 3, smooth), 0);
    for (int i = 0; i < 5; i++)
        assert_near(smooth[i], expect[i], 1e-12);
    assert_int_equal(bp_curve_smooth(&series, 1, smooth), 0);
    for (int i = 0; i < 5; i++)
        assert_near(smooth[i], y[i], 1e-12);
}

static void threshold_by_hand(void **state)
{
    const double x[] = { 0, 10, 20, 30 }, y[] = { 0, 4, 2, 10 };
    const struct bp_series series = { x, y, 4 };

    (void)state;
    assert_near(bp_curve_reach(&series, 3), 7.5, 1e-12);     /* the first time, though it falls again */
    assert_near(bp_curve_reach(&series, 6), 25, 1e-12);
    assert_near(bp_curve_reach(&series, -1), 0, 0);          /* already there at the first point */
    assert_near(bp_curve_reach(&series, 10), 30, 1e-12);
    assert_true(isinf(bp_curve_reach(&series, 10.1)));
}

static void final_value_by_hand(void **state)
{
    const double x[] = { 0, 50, 90, 95, 100 }, y[] = { 1, 2, 4, 5, 9 };
    const struct bp_series series = { x, y, 5 };

    (void)state;
    assert_near(bp_curve_final(&series, 0.1), 6, 1e-12);     /* x from 90 */
    assert_near(bp_curve_final(&series, 0.001), 9, 1e-12);
    assert_near(bp_curve_final(&series, 1), 21.0 / 5, 1e-12);
}

/* Every x once, in order, of whatever series; none of none. */
static void union_of_x(void **state)
{
    static const double a[] = {1, 3, 3, 7}, b[] = {0, 3, 9}, y[4] = {0}, want[] = {0, 1, 3, 7, 9};
    const struct bp_series series[] = {{a, y, 4}, {NULL, NULL, 0}, {b, y, 3}};
    size_t points = 99;

    (void)state;
    double *grid = bp_curve_union(series, 3, &points);
    assert_non_null(grid);
    assert_int_equal(points, 5);
    assert_memory_equal(grid, want, sizeof want);
    free(grid);
    grid = bp_curve_union(series + 1, 1, &points);
    assert_non_null(grid);
    assert_int_equal(points, 0);
    free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(union_of_x),
        cmocka_unit_test(interpolation_by_hand),
        cmocka_unit_test(series_of_one_and_no_point),
        cmocka_unit_test(mean_of_unequal_lengths),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_grid_over_one_point),
        cmocka_unit_test(smoothing_by_hand),
        cmocka_unit_test(threshold_by_hand),
        cmocka_unit_test(final_value_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
