#include "nn/adam.h"

#include "../base/check.h"

#include <string.h>

/* Two steps by hand: g = 0.5, then -0.25. */
static void two_steps_by_hand(void **state)
{
    const struct bp_adam adam = {0.1, 0.9, 0.999, 1e-8};
    float value = 1, grad = 0.5f, m = 0, v = 0;

    (void)state;
    /* m = 0.05, m^ = 0.5; v = 0.00025, v^ = 0.25: a step of the whole rate, whatever the gradient's size */
    bp_adam_step(&adam, 1, &value, &grad, &m, &v, 1);
    assert_close(m, 0.05, 1e-7);
    assert_close(v, 0.00025, 2e-8);
    assert_close(value, 0.9, 5e-6);
    /* m = 0.02, m^ = 0.02 / 0.19 = 0.1052632; v = 0.00031225, v^ = 0.00031225 / 0.001999 = 0.1562031; 0.2663373 of the rate */
    grad = -0.25f;
    bp_adam_step(&adam, 2, &value, &grad, &m, &v, 1);
    assert_close(m, 0.02, 1e-7);
    assert_close(v, 0.00031225, 2e-8);
    assert_close(value, 0.9 - 0.02663373, 5e-6);
}

static void defaults(void **state)
{
    (void)state;
    assert_true(bp_adam_default.rate == 1e-4);
    assert_true(bp_adam_default.beta1 == 0.9);
    assert_true(bp_adam_default.beta2 == 0.999);
    assert_true(bp_adam_default.epsilon == 1e-8);
}

enum { N = 1003, STEPS = 100 };

/* Many steps of many elements, their gradients of very different sizes, against the paper's lines in double. */
static void against_double(void **state)
{
    const struct bp_adam adam = {1e-2, 0.8, 0.99, 1e-6};
    static float value[N], grad[N], m[N], v[N];
    static double value2[N], m2[N], v2[N];

    (void)state;
    memset(m, 0, sizeof m);
    memset(v, 0, sizeof v);
    fill_normal(value, N, 1);
    for (int i = 0; i < N; i++) {
        value2[i] = (double)value[i];
        m2[i] = v2[i] = 0;
    }
    for (int step = 1; step <= STEPS; step++) {
        fill_normal(grad, N, 10 + (uint64_t)step);
        for (int i = 0; i < N; i++) {
            grad[i] *= powf(10, (float)(i % 9 - 4));
            m2[i] = 0.8 * m2[i] + 0.2 * (double)grad[i];
            v2[i] = 0.99 * v2[i] + 0.01 * (double)grad[i] * (double)grad[i];
            value2[i] -= 1e-2 * (m2[i] / (1 - pow(0.8, step))) / (sqrt(v2[i] / (1 - pow(0.99, step))) + 1e-6);
        }
        bp_adam_step(&adam, step, value, grad, m, v, N);
    }
    for (int i = 0; i < N; i++)
        assert_close(value[i], value2[i], 2e-5);
}

/* Parameters may be cut anywhere: parts give the bytes of the whole. */
static void cuts_do_not_show(void **state)
{
    static const int cuts[] = {0, 1, 37, 500, 501, 997, N};
    static float whole[3][N], parts[3][N], grad[N];

    (void)state;
    fill_normal(whole[0], N, 1);
    fill_normal(grad, N, 2);
    memset(whole[1], 0, sizeof whole[1]);
    memset(whole[2], 0, sizeof whole[2]);
    memcpy(parts, whole, sizeof parts);
    for (int step = 1; step <= 3; step++) {
        bp_adam_step(&bp_adam_default, step, whole[0], grad, whole[1], whole[2], N);
        for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++)
            bp_adam_step(&bp_adam_default, step, parts[0] + cuts[i], grad + cuts[i], parts[1] + cuts[i], parts[2] + cuts[i],
                         (size_t)(cuts[i + 1] - cuts[i]));
    }
    assert_memory_equal(whole, parts, sizeof whole);
}

/* No gradient, no step; late steps, where the corrections have died away; gradients too small or large to square. */
static void edges(void **state)
{
    float value[4] = {1, 1, 1, 1}, m[4] = {0}, v[4] = {0};
    const float grad[4] = {0, 1, 1e-30f, 1e18f};

    (void)state;
    bp_adam_step(&bp_adam_default, 10000000, value, grad, m, v, 4);
    assert_true(value[0] == 1 && m[0] == 0 && v[0] == 0);
    for (int i = 0; i < 4; i++)
        assert_true(isfinite(value[i]) && isfinite(m[i]) && isfinite(v[i]));
    assert_close(value[1], 1 - 1e-4 * 0.1 / sqrt(0.001), 1e-7);
    assert_true(value[2] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_steps_by_hand),
        cmocka_unit_test(defaults),
        cmocka_unit_test(against_double),
        cmocka_unit_test(cuts_do_not_show),
        cmocka_unit_test(edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
