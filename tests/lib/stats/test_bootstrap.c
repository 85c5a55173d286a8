#include "stats/bootstrap.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../near.h"

static struct bp_estimate interval_of(const char *statistic, const struct bp_sample *x, size_t strata)
{
    struct bp_estimate estimate;

    assert_int_equal(bp_bootstrap_interval(bp_bootstrap_find(statistic), x, strata, &estimate), 0);
    return estimate;
}

static struct bp_estimate improvement_of(const struct bp_sample *x, const struct bp_sample *y, size_t strata)
{
    struct bp_estimate estimate;

    assert_int_equal(bp_bootstrap_improvement(x, y, strata, &estimate), 0);
    return estimate;
}

static struct bp_estimate ratio_of(const char *statistic, const struct bp_sample *x, const struct bp_sample *y)
{
    struct bp_estimate estimate;

    assert_int_equal(bp_bootstrap_ratio(bp_bootstrap_find(statistic), x, y, 1, &estimate), 0);
    return estimate;
}

static void statistics_are_found_by_name(void **state)
{
    (void)state;
    assert_non_null(bp_bootstrap_find("iqm"));
    assert_null(bp_bootstrap_find("mode"));
}

/* Two tasks with 2 and 4 runs: the mean gives both the same weight, median and IQM pool the six runs. */
static void strata_by_hand(void **state)
{
    const double easy[] = { 10, 20 }, hard[] = { 1, 2, 3, 4 };
    const struct bp_sample x[] = { { easy, 2 }, { hard, 4 } };

    (void)state;
    assert_near(interval_of("mean", x, 2).value, (15 + 2.5) / 2, 1e-12);
    assert_near(interval_of("median", x, 2).value, 3.5, 1e-12);
    assert_near(interval_of("iqm", x, 2).value, (2 + 3 + 4 + 10) / 4.0, 1e-12);
}

/* Runs are drawn inside their own task: tasks without spread give no spread, however far apart they lie. */
static void resampling_stays_inside_strata(void **state)
{
    const double a[] = { 1, 1, 1 }, b[] = { 100, 100, 100 };
    const struct bp_sample apart[] = { { a, 3 }, { b, 3 } };
    struct bp_estimate e = interval_of("mean", apart, 2);

    (void)state;
    assert_true(e.value == 50.5 && e.low == 50.5 && e.high == 50.5);
}

/*
 * The mean of n draws with replacement from {0, 1} (half each) is binomial; for n = 16 its 2.5 % and 97.5 % quantiles are 4 / 16
 * and 12 / 16 (P(B <= 3) = 0.0106, P(B <= 4) = 0.0384).
 */
static void interval_of_a_binomial(void **state)
{
    const double x[16] = { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    const struct bp_sample sample = { x, 16 };
    struct bp_estimate e = interval_of("mean", &sample, 1);

    (void)state;
    assert_near(e.value, 0.5, 1e-12);
    assert_near(e.low, 0.25, 1e-12);
    assert_near(e.high, 0.75, 1e-12);
}

static void one_run_has_no_interval(void **state)
{
    const double x[] = { 4 };
    const struct bp_sample sample = { x, 1 };
    struct bp_estimate e = interval_of("mean", &sample, 1);

    (void)state;
    assert_true(e.value == 4 && isnan(e.low) && isnan(e.high));
}

/* P(X > Y) over the 3 x 2 pairs: 3 > 2; 3 = 3 half; 5 > 2, 5 > 3; 1 loses twice: 3.5 of 6. */
static void improvement_by_hand(void **state)
{
    const double a[] = { 3, 5, 1 }, b[] = { 2, 3 };
    const struct bp_sample x = { a, 3 }, y = { b, 2 };
    struct bp_estimate forth = improvement_of(&x, &y, 1), back = improvement_of(&y, &x, 1);

    (void)state;
    assert_near(forth.value, 3.5 / 6, 1e-12);
    assert_near(forth.value + back.value, 1, 1e-12);
    assert_true(0 <= forth.low && forth.low < forth.value && forth.value < forth.high && forth.high <= 1);
}

static void improvement_of_equals_and_extremes(void **state)
{
    const double a[] = { 2, 2, 2 }, b[] = { 7, 8 };
    const struct bp_sample low = { a, 3 }, high = { b, 2 };
    const struct bp_sample x[] = { low, high }, y[] = { low, low };

    (void)state;
    assert_near(improvement_of(&low, &low, 1).value, 0.5, 1e-12);
    struct bp_estimate e = improvement_of(&high, &low, 1);
    assert_true(e.value == 1 && e.low == 1 && e.high == 1);
    /* over tasks: the mean of 1/2 and 1 */
    assert_near(improvement_of(x, y, 2).value, 0.75, 1e-12);
}

/* X ~ N(1, 1), Y ~ N(0, 1): P(X > Y) = Phi(1 / sqrt 2) = 0.7602; its interval covers that about 95 times of 100. */
static void improvement_covers(void **state)
{
    enum { TRIALS = 100, N = 25 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    double a[N], b[N], sum = 0;
    int covered = 0;

    (void)state;
    gsl_rng_set(rng, 3);
    for (int trial = 0; trial < TRIALS; trial++) {
        for (int i = 0; i < N; i++) {
            a[i] = 1 + gsl_ran_gaussian(rng, 1);
            b[i] = gsl_ran_gaussian(rng, 1);
        }
        const struct bp_sample x = { a, N }, y = { b, N };
        struct bp_estimate e = improvement_of(&x, &y, 1);
        sum += e.value;
        covered += e.low <= 0.7602 && 0.7602 <= e.high;
    }
    gsl_rng_free(rng);
    assert_near(sum / TRIALS, 0.7602, 0.025);        /* standard error 0.007 */
    assert_in_range(covered, 86, 100);
}

static void ratio_by_hand(void **state)
{
    const double a[] = { 2, 4, 6 }, b[] = { 8, 8, 8, 8 };
    const struct bp_sample x = { a, 3 }, y = { b, 4 };
    struct bp_estimate e = ratio_of("mean", &x, &y);

    (void)state;
    assert_near(e.value, 0.5, 1e-12);
    assert_near(e.low, 0.25, 1e-12);                 /* P(all three draws are 2) = 1 / 27 > 2.5 % */
    assert_near(e.high, 0.75, 1e-12);
}

/* A run that never got there is infinite: the median stands while the interval is open upward. */
static void ratio_with_runs_that_never_arrive(void **state)
{
    const double a[] = { 1, 2, INFINITY }, b[] = { 4, 4, 4 }, c[] = { INFINITY, INFINITY, INFINITY };
    const struct bp_sample x = { a, 3 }, y = { b, 3 }, never = { c, 3 };
    struct bp_estimate e = ratio_of("median", &x, &y);

    (void)state;
    assert_near(e.value, 0.5, 1e-12);
    assert_near(e.low, 0.25, 1e-12);
    assert_true(isinf(e.high) && e.high > 0);

    e = ratio_of("median", &x, &never);                     /* finite / infinite = 0, infinite / infinite undefined */
    assert_true(e.value == 0 && e.low == 0 && isinf(e.high));
    const double most[] = { 1, INFINITY, INFINITY };
    const struct bp_sample few = { most, 3 };
    for (int i = 0; i < 2; i++) {                           /* as a mean, however many there are */
        e = ratio_of(i ? "mean" : "iqm", &few, &y);
        assert_true(isinf(e.value) && e.value > 0 && isinf(e.high) && e.high > 0);
        assert_near(e.low, 0.25, 1e-12);             /* all three draws are 1: 1 / 27 */
        e = ratio_of(i ? "mean" : "iqm", &y, &few);
        assert_true(e.value == 0 && e.low == 0);
        assert_near(e.high, 4, 1e-12);
    }
    e = ratio_of("median", &never, &never);
    assert_true(isnan(e.value) && isnan(e.low) && isnan(e.high));
}

static void nan_is_not_hidden(void **state)
{
    const double a[] = { 1, NAN, 3 }, b[] = { 1, 2, 3 };
    const struct bp_sample x = { a, 3 }, y = { b, 3 };

    (void)state;
    assert_true(isnan(improvement_of(&x, &y, 1).value));
    assert_true(isnan(interval_of("median", &x, 1).value));
}

static void profile_by_hand(void **state)
{
    const double a[] = { 1, 2, 3, 4 }, b[] = { 10, 20 }, tau[] = { 0, 2, 10, 20 };
    const struct bp_sample x[] = { { a, 4 }, { b, 2 } };
    struct bp_estimate e[4];

    (void)state;
    assert_int_equal(bp_bootstrap_profile(x, 2, tau, 4, e), 0);
    assert_near(e[0].value, 1, 1e-12);
    assert_near(e[1].value, (0.5 + 1) / 2, 1e-12);
    assert_near(e[2].value, 0.25, 1e-12);
    assert_near(e[3].value, 0, 1e-12);
    assert_true(e[0].low == 1 && e[1].low < 0.75 && e[1].high > 0.75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_found_by_name),
        cmocka_unit_test(strata_by_hand),
        cmocka_unit_test(resampling_stays_inside_strata),
        cmocka_unit_test(interval_of_a_binomial),
        cmocka_unit_test(one_run_has_no_interval),
        cmocka_unit_test(improvement_by_hand),
        cmocka_unit_test(improvement_of_equals_and_extremes),
        cmocka_unit_test(improvement_covers),
        cmocka_unit_test(ratio_by_hand),
        cmocka_unit_test(ratio_with_runs_that_never_arrive),
        cmocka_unit_test(nan_is_not_hidden),
        cmocka_unit_test(profile_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
