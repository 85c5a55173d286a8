#include "learn/retrace.h"

#include "../base/check.h"

#include <string.h>

enum { STEPS = 9, BATCH = 6, ROWS = STEPS * BATCH };

/*
 * The definition, term by term: Q^R_t = Q_t + sum_{s >= t} gamma^{s-t} (prod_{i=t+1..s} c_i) delta_s, with
 * delta_s = r_s + gamma d_s V_{s+1} - Q_s. Sequences reach to `length`; what is after has c = 0.
 */
static double naive(int t, int b, int length, double gamma, const float *r, const float *alive, const float *v, const float *q, const float *c)
{
    double sum = (double)q[t * BATCH + b];

    for (int s = t; s < length; s++) {
        int row = s * BATCH + b;
        double weight = pow(gamma, s - t), delta = (double)r[row] + gamma * (double)alive[row] * (double)v[row + BATCH] - (double)q[row];
        for (int i = t + 1; i <= s; i++)
            weight *= (double)c[i * BATCH + b];
        sum += weight * delta;
    }
    return sum;
}

/* Random data; sequences of all lengths, every second one of which truly ends at its last transition. */
static void against_the_double_sum(void **state)
{
    static float r[ROWS], v[ROWS + BATCH], q[ROWS], c[ROWS], alive[ROWS], discount[ROWS], target[ROWS];
    static const int lengths[BATCH] = {9, 9, 8, 5, 1, 2};
    const double gamma = (double)0.95f;

    (void)state;
    for (int trial = 0; trial < 20; trial++) {
        fill_normal(r, ROWS, 100 + (uint64_t)trial);
        fill_normal(v, ROWS + BATCH, 200 + (uint64_t)trial);
        fill_normal(q, ROWS, 300 + (uint64_t)trial);
        fill_normal(c, ROWS, 400 + (uint64_t)trial);
        for (int i = 0; i < ROWS; i++) {
            int t = i / BATCH, b = i % BATCH;
            c[i] = t < lengths[b] ? fminf(1, fabsf(c[i])) : 0;
            alive[i] = !((b + trial) % 2 && t + 1 >= lengths[b]);
            discount[i] = (float)gamma * alive[i];
        }
        bp_retrace(STEPS, BATCH, r, discount, v + BATCH, q + BATCH, c + BATCH, target);
        for (int b = 0; b < BATCH; b++)
            for (int t = 0; t < lengths[b]; t++)
                assert_close(target[t * BATCH + b], naive(t, b, lengths[b], gamma, r, alive, v, q, c), 2e-5);
    }
}

/*
 * By hand, gamma 0.5, r = (1, 2), V = (-, 10, 20), Q = (3, 4), c_1 = 0.5: delta_0 = 1 + 5 - 3 = 3, delta_1 = 2 + 10 - 4 = 8;
 * Q^R_1 = 12, Q^R_0 = 3 + 3 + 0.5 * 0.5 * 8 = 8. With a true end after the second: delta_1 = -2, Q^R_1 = 2, Q^R_0 = 5.5.
 */
static void two_steps_by_hand(void **state)
{
    const float r[2] = {1, 2}, v[3] = {NAN, 10, 20}, q[2] = {3, 4}, c[2] = {NAN, 0.5f};      /* V_0, Q_0 and c_0 are not handed over */
    float discount[2] = {0.5f, 0.5f}, target[2];

    (void)state;
    bp_retrace(2, 1, r, discount, v + 1, q + 1, c + 1, target);
    assert_close(target[0], 8, 1e-6);
    assert_close(target[1], 12, 1e-6);
    discount[1] = 0;
    bp_retrace(2, 1, r, discount, v + 1, q + 1, c + 1, target);
    assert_close(target[0], 5.5, 1e-6);
    assert_close(target[1], 2, 1e-6);
}

/* c = 0 gives one-step targets, c = 1 the whole return with the value at its end. */
static void the_two_extremes(void **state)
{
    float r[STEPS], v[STEPS + 1], q[STEPS], c[STEPS], discount[STEPS], target[STEPS];
    double sum;

    (void)state;
    fill_normal(r, STEPS, 1);
    fill_normal(v, STEPS + 1, 2);
    memset(q, 0, sizeof q);
    for (int t = 0; t < STEPS; t++) {
        discount[t] = 0.9f;
        c[t] = 0;
    }
    bp_retrace(STEPS, 1, r, discount, v + 1, q + 1, c + 1, target);
    for (int t = 0; t < STEPS; t++)
        assert_close(target[t], r[t] + 0.9f * v[t + 1], 1e-6);
    for (int t = 0; t < STEPS; t++) {
        c[t] = 1;
        q[t] = t ? v[t] : 5;                /* on policy V = Q, and all but the last value cancels */
    }
    bp_retrace(STEPS, 1, r, discount, v + 1, q + 1, c + 1, target);
    sum = (double)v[STEPS];
    for (int t = STEPS - 1; t >= 0; t--) {
        sum = (double)r[t] + 0.9 * sum;
        assert_close(target[t], sum, 1e-5);
    }
}

/* What stands in the padding reaches no target before it. */
static void padding_does_not_leak(void **state)
{
    float r[3] = {1, 1e30f, 1e30f}, v[4] = {0, 2, 1e30f, 1e30f}, q[3] = {0, 1e30f, 0}, c[3] = {1, 0, 0}, discount[3] = {0.5f, 0.5f, 0.5f};
    float target[3];

    (void)state;
    bp_retrace(3, 1, r, discount, v + 1, q + 1, c + 1, target);
    assert_close(target[0], 2, 1e-6);       /* r + gamma V at the last observation */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_the_double_sum),
        cmocka_unit_test(two_steps_by_hand),
        cmocka_unit_test(the_two_extremes),
        cmocka_unit_test(padding_does_not_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
