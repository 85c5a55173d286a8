/* What the unit tests of all layers share: cmocka with the headers that it wants, comparing numbers, numbers to fill arrays with. */
#ifndef BP_TESTS_CHECK_H
#define BP_TESTS_CHECK_H

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

/* In double, as cmocka's own compares floats; a NaN is close to nothing. */
#define assert_close(got, want, tolerance) check_close(got, want, tolerance, #got, __FILE__, __LINE__)

__attribute__((unused)) static void check_close(double got, double want, double tolerance, const char *what, const char *file, int line)
{
    if (fabs(got - want) <= tolerance)
        return;
    print_error("%s is %.9g, not %.9g within %g\n", what, got, want, tolerance);
    _fail(file, line);
}

/* n standard normal numbers, the same for the same seed. */
__attribute__((unused)) static void fill_normal(float *dst, int n, uint64_t seed)
{
    gsl_rng *stream = bp_random_new();

    assert_non_null(stream);
    bp_random_seek(stream, seed, BP_FOR_TEST, 0, 0);
    bp_random_normal(stream, dst, n);
    gsl_rng_free(stream);
}

#endif
