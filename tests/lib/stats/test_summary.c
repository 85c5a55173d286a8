#include "stats/summary.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../near.h"

static struct bp_summary summary_of(const double *values, size_t n)
{
    struct bp_summary summary;

    assert_int_equal(bp_summary_compute(values, n, &summary), 0);
    assert_int_equal(summary.n, n);
    return summary;
}

/* 1..8 and an outlier by hand: floor(9 / 4) = 2 values are cut at either end, which leaves 3 4 5 6 7. */
static void by_hand(void **state)
{
    const double values[] = { 7, 1, 100, 3, 5, 8, 2, 6, 4 };
    struct bp_summary s = summary_of(values, 9);

    (void)state;
    assert_near(s.mean, 136.0 / 9, 1e-12);
    assert_near(s.median, 5, 0);
    assert_near(s.iqm, 5, 1e-12);
    /* sum of squares 204 + 10000; variance (10204 - 136^2 / 9) / 8 */
    assert_near(s.standard_error, sqrt((10204 - 136.0 * 136 / 9) / 8 / 9), 1e-10);
    assert_true(s.low > 1 && s.low < s.mean && s.mean < s.high && s.high < 100);
}

static void an_even_number_takes_the_middle_two(void **state)
{
    const double values[] = { 4, 1, 3, 2 };
    struct bp_summary s = summary_of(values, 4);

    (void)state;
    assert_near(s.median, 2.5, 1e-12);
    assert_near(s.iqm, 2.5, 1e-12);
}

static void few_values(void **state)
{
    const double one[] = { 3 };
    const double same[] = { 2, 2, 2 };
    struct bp_summary s = summary_of(NULL, 0);

    (void)state;
    assert_true(isnan(s.mean) && isnan(s.iqm) && isnan(s.low));
    s = summary_of(one, 1);
    assert_true(s.mean == 3 && s.median == 3 && s.iqm == 3);
    assert_true(isnan(s.standard_error) && isnan(s.low) && isnan(s.high));
    s = summary_of(same, 3);
    assert_true(s.standard_error == 0 && s.low == 2 && s.high == 2);
}

static void nan_is_not_hidden(void **state)
{
    const double values[] = { 1, NAN, 3 };
    struct bp_summary s = summary_of(values, 3);

    (void)state;
    assert_true(isnan(s.mean) && isnan(s.median) && isnan(s.iqm) && isnan(s.low));
}

/* The sign of infinity is kept; infinities of both signs have no mean. */
static void infinities(void **state)
{
    const double low[] = { 1, -INFINITY, 3, 4 }, lower[] = { -INFINITY, -INFINITY, -INFINITY, 4 }, high[] = { INFINITY, INFINITY, INFINITY, 4 };
    const double both[] = { INFINITY, -INFINITY, 1, 2 };
    struct bp_summary s = summary_of(low, 4);

    (void)state;
    assert_true(s.mean == -INFINITY && s.iqm == 2 && s.median == 2 && s.low == -INFINITY);
    s = summary_of(lower, 4);
    assert_true(s.mean == -INFINITY && s.iqm == -INFINITY && s.median == -INFINITY);
    s = summary_of(high, 4);
    assert_true(s.mean == INFINITY && s.iqm == INFINITY && s.median == INFINITY && s.high == INFINITY);
    s = summary_of(both, 4);
    assert_true(isnan(s.mean) && s.iqm == 1.5 && s.median == 1.5);
}

static void same_values_same_interval(void **state)
{
    const double values[] = { 7, 1, 100, 3, 5, 8, 2, 6, 4 };
    struct bp_summary a = summary_of(values, 9), b = summary_of(values, 9);

    (void)state;
    assert_true(a.low == b.low && a.high == b.high);
}

/* The interval of 30 normal values holds the true mean about 94 times of 100 (95 less the percentile bootstrap's bias). */
static void interval_covers(void **state)
{
    enum { TRIALS = 400, N = 30 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    double values[N];
    int covered = 0;

    (void)state;
    gsl_rng_set(rng, 7);
    for (int trial = 0; trial < TRIALS; trial++) {
        for (int i = 0; i < N; i++)
            values[i] = 5 + gsl_ran_gaussian(rng, 2);
        struct bp_summary s = summary_of(values, N);
        covered += s.low <= 5 && 5 <= s.high;
    }
    gsl_rng_free(rng);
    assert_in_range(covered, (int)(0.90 * TRIALS), (int)(0.97 * TRIALS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(an_even_number_takes_the_middle_two),
        cmocka_unit_test(few_values),
        cmocka_unit_test(nan_is_not_hidden),
        cmocka_unit_test(infinities),
        cmocka_unit_test(same_values_same_interval),
        cmocka_unit_test(interval_covers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
