#include "nn/math.h"

#include "../base/check.h"

#include <float.h>
#include <string.h>

/*
 * Every STRIDE-th of the 2^32 floats, of both signs and all sizes, NaNs and infinities among them (the stride is prime, so that all
 * mantissas have their turn). Errors found: exp 8.3e-8 relative, sigmoid 8.8e-8 and tanh 1.75e-7 absolute.
 */
#define STRIDE 2503u

static float from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static void exponential(void **state)
{
    double worst = 0;

    (void)state;
    for (uint64_t bits = 0; bits < 1ull << 32; bits += STRIDE) {
        float x = from_bits((uint32_t)bits), y = bp_exp(x);
        if (isnan(x)) {
            assert_true(isnan(y));
        } else if (x < -87) {
            assert_true(y == 0);
        } else if (x <= 88) {
            worst = fmax(worst, fabs((double)y / exp((double)x) - 1));
        } else {
            assert_true(y > 1e38f);         /* infinite a little early, as the last power of two is missing */
            assert_true(x < 89 || y == INFINITY);
        }
    }
    assert_close(worst, 0, 2e-7);
    assert_true(bp_exp(0) == 1);
    assert_true(bp_exp(-0.0f) == 1);
    assert_true(bp_exp(INFINITY) == INFINITY && bp_exp(-INFINITY) == 0);
    assert_true(bp_exp(FLT_MAX) == INFINITY && bp_exp(-FLT_MAX) == 0);
}

static void bounded(float (*function)(float), double (*exact)(double), double low, double high)
{
    double worst = 0;

    for (uint64_t bits = 0; bits < 1ull << 32; bits += STRIDE) {
        float x = from_bits((uint32_t)bits), y = function(x);
        if (isnan(x)) {
            assert_true(isnan(y));
            continue;
        }
        worst = fmax(worst, fabs((double)y - exact((double)x)));
        assert_true((double)y >= low && (double)y <= high);
    }
    assert_close(worst, 0, 2e-7);
    assert_true((double)function(INFINITY) == high && (double)function(-INFINITY) == low);
    assert_true((double)function(FLT_MAX) == high && (double)function(-FLT_MAX) == low);
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void sigmoid(void **state)
{
    (void)state;
    bounded(bp_sigmoid, exact_sigmoid, 0, 1);
    assert_true(bp_sigmoid(0) == 0.5f);
}

static void hyperbolic_tangent(void **state)
{
    (void)state;
    bounded(bp_tanh, tanh, -1, 1);
    assert_true(bp_tanh(0) == 0);
}

static void logarithm(void **state)
{
    double worst = 0;

    (void)state;
    for (uint64_t bits = 0x00800000u; bits < 0x7F800000u; bits += STRIDE / 4) {
        float x = from_bits((uint32_t)bits);
        double exact = log((double)x);
        worst = fmax(worst, fabs((double)bp_ln(x) - exact) / fmax(1, fabs(exact)));
    }
    assert_close(worst, 0, 2e-7);
    assert_true(bp_ln(1) == 0);
    assert_true(isnan(bp_ln(NAN)) && isnan(bp_ln(INFINITY)));
}

static double exact_softplus(double x)
{
    return x > 40 ? x : log1p(exp(x));
}

static double exact_elu(double x)
{
    return x > 0 ? x : expm1(x);
}

/* Both grow without end: absolute below 1, relative above. */
static void unbounded(float (*function)(float), double (*exact)(double), float least)
{
    double worst = 0;

    for (uint64_t bits = 0; bits < 1ull << 32; bits += STRIDE) {
        float x = from_bits((uint32_t)bits), y = function(x);
        double want = exact((double)x);
        if (isnan(x))
            assert_true(isnan(y));
        else if (isfinite(x))
            worst = fmax(worst, fabs((double)y - want) / fmax(1, fabs(want)));
    }
    assert_close(worst, 0, 2e-7);
    assert_true(function(INFINITY) == INFINITY && function(-INFINITY) == least);
    assert_true(function(FLT_MAX) == FLT_MAX && function(-FLT_MAX) == least);
}

static void softplus(void **state)
{
    (void)state;
    unbounded(bp_softplus, exact_softplus, 0);
}

static void elu(void **state)
{
    (void)state;
    unbounded(bp_elu, exact_elu, -1);
    assert_true(bp_elu(0) == 0);
}

/* Where activations live, every float would take too long, but a fine grid does not: no jump between pieces of the approximation. */
static void no_jumps(void **state)
{
    (void)state;
    for (int i = -200000; i < 200000; i++) {
        float x = (float)i / 10000, next = (float)(i + 1) / 10000;
        assert_close(log((double)bp_exp(next)) - log((double)bp_exp(x)), (double)next - (double)x, 4e-7);
        assert_true(bp_sigmoid(next) >= bp_sigmoid(x) - 1.2e-7f);
        assert_true(bp_tanh(next) >= bp_tanh(x) - 2.4e-7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential),
        cmocka_unit_test(sigmoid),
        cmocka_unit_test(hyperbolic_tangent),
        cmocka_unit_test(logarithm),
        cmocka_unit_test(softplus),
        cmocka_unit_test(elu),
        cmocka_unit_test(no_jumps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
