#include "stats/wasserstein.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort_double.h>

#include "../near.h"

static void by_hand(void **state)
{
    const double a[] = {0, 1, 3}, b[] = {5, 6, 8}, twice[] = {0, 0, 1, 1, 3, 3}, one[] = {2}, ties[] = {1, 1, 1, 1};

    (void)state;
    assert_near(bp_wasserstein(a, 3, a, 3), 0, 0);
    assert_near(bp_wasserstein(a, 3, b, 3), 5, 1e-12);              /* moved by 5 each */
    assert_near(bp_wasserstein(a, 3, twice, 6), 0, 1e-12);          /* the same distribution */
    assert_near(bp_wasserstein(a, 3, one, 1), (2 + 1 + 1) / 3.0, 1e-12);
    assert_near(bp_wasserstein(one, 1, a, 3), (2 + 1 + 1) / 3.0, 1e-12);
    assert_near(bp_wasserstein(ties, 4, a, 3), (1 + 0 + 2) / 3.0, 1e-12);
}

/* As an average over p of how far the quantiles are apart. */
static double naive(const double *a, int n, const double *b, int m)
{
    double sum = 0;

    for (int k = 0; k < n * m; k++)
        sum += fabs(a[k / m] - b[k / n]);
    return sum / (n * m);
}

static void against_quantiles(void **state)
{
    gsl_rng *stream = gsl_rng_alloc(gsl_rng_taus2);
    double a[37], b[64];

    (void)state;
    for (int trial = 0; trial < 20; trial++) {
        for (int i = 0; i < 37; i++)
            a[i] = gsl_ran_gaussian(stream, 1);
        for (int i = 0; i < 64; i++)
            b[i] = trial % 2 ? gsl_ran_exponential(stream, 2) : floor(gsl_ran_gaussian(stream, 3));      /* ties */
        gsl_sort(a, 1, 37);
        gsl_sort(b, 1, 64);
        assert_near(bp_wasserstein(a, 37, b, 64), naive(a, 37, b, 64), 1e-12);
        assert_near(bp_wasserstein(b, 64, a, 37), naive(a, 37, b, 64), 1e-12);
    }
    gsl_rng_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(against_quantiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
