/* assert_near: |a - b| <= tolerance, in double. cmocka's assert_float_equal rounds both to float first. */
#ifndef BP_TESTS_NEAR_H
#define BP_TESTS_NEAR_H

#include <math.h>

#define assert_near(a, b, tolerance) assert_near_at(a, b, tolerance, __FILE__, __LINE__)

static inline void assert_near_at(double a, double b, double tolerance, const char *file, int line)
{
    if (fabs(a - b) <= tolerance || (isinf(a) && isinf(b) && signbit(a) == signbit(b)))
        return;
    print_error("%.17g and %.17g differ by more than %g\n", a, b, tolerance);
    _fail(file, line);
}

#endif
