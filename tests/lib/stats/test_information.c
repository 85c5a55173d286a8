#include "stats/information.h"

#include "../base/check.h"

#include <gsl/gsl_randist.h>

enum { N = 4000 };

static struct bp_information of(const int *a, const int *b, size_t n, int kinds_a, int kinds_b)
{
    const struct bp_pairs pairs = { a, b, n, kinds_a, kinds_b };
    struct bp_information information;

    assert_int_equal(bp_information_of(&pairs, &information), 0);
    return information;
}

/* Counts whose information can be worked out: 3/8 and 1/8 where the other is equally likely. */
static void by_hand(void **state)
{
    const int a[] = { 0, 0, 0, 0, 1, 1, 1, 1 }, b[] = { 0, 0, 0, 1, 1, 1, 1, 0 }, same[] = { 0, 0, 0, 0, 0, 0, 0, 0 };

    (void)state;
    assert_close(of(a, b, 8, 2, 2).counted, 0.75 * log(1.5) + 0.25 * log(0.5), 1e-12);
    assert_close(of(a, b, 8, 2, 2).entropy, log(2), 1e-12);
    assert_close(of(a, a, 8, 2, 2).counted, log(2), 1e-12);
    assert_close(of(a, same, 8, 2, 1).counted, 0, 1e-12);
    assert_close(of(a, same, 8, 2, 1).chance, 0, 1e-12);
    assert_close(of(same, b, 8, 3, 2).entropy, 0, 1e-12);
    assert_close(of(a, b, 0, 2, 2).estimate, 0, 0);
}

/* Where one tells nothing of the other, what is counted is chance, near (kinds - 1) (kinds - 1) / 2n, and the estimate is 0. */
static void chance_is_taken_off(void **state)
{
    static int a[N], b[N];
    gsl_rng *stream = bp_random_new();
    const double expected = 15.0 * 15 / (2 * N);

    (void)state;
    bp_random_seek(stream, 1, BP_FOR_TEST, 0, 0);
    for (int i = 0; i < N; i++) {
        a[i] = (int)gsl_rng_uniform_int(stream, 16);
        b[i] = (int)gsl_rng_uniform_int(stream, 16);
    }
    struct bp_information nothing = of(a, b, N, 16, 16), again = of(a, b, N, 16, 16);
    assert_close(nothing.chance, expected, 0.05 * expected);
    assert_close(nothing.estimate, 0, 4 * sqrt(15.0 * 15 / 2) / N);
    assert_memory_equal(&nothing, &again, sizeof nothing);
    /* Half of b is a: the mixture's own information. */
    for (int i = 0; i < N; i++)
        b[i] = gsl_rng_uniform(stream) < 0.5 ? a[i] : (int)gsl_rng_uniform_int(stream, 16);
    double hit = 0.5 + 0.5 / 16, miss = 0.5 / 16, truth = hit * log(16 * hit) + 15 * miss * log(16 * miss);
    assert_close(of(a, b, N, 16, 16).estimate, truth, 0.05);
    gsl_rng_free(stream);
}

static void bins_of_equal_counts(void **state)
{
    double numbers[12];
    int bin[12], counts[4] = { 0 };

    (void)state;
    for (int i = 0; i < 12; i++)
        numbers[i] = (double)((7 * i) % 12) - 20;
    assert_int_equal(bp_information_bins(numbers, 12, 4, bin), 0);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(bin[i], (7 * i) % 12 / 3);
        counts[bin[i]]++;
    }
    for (int k = 0; k < 4; k++)
        assert_int_equal(counts[k], 3);
    for (int i = 0; i < 12; i++)
        numbers[i] = 5;
    assert_int_equal(bp_information_bins(numbers, 12, 4, bin), 0);
    for (int i = 1; i < 12; i++)
        assert_int_equal(bin[i], bin[0]);       /* equal numbers are not torn apart */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(chance_is_taken_off),
        cmocka_unit_test(bins_of_equal_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
