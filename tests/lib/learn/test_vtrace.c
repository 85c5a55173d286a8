#include "learn/vtrace.h"

#include "../base/check.h"

enum { STEPS = 9, BATCH = 6, ROWS = STEPS * BATCH };

/* The definition, term by term, in double: v_t = V_t + sum_{s >= t} (prod_{i=t..s-1} gamma_i c_i) delta_s (EH eq. 21). */
static double naive(int t, int b, const float *r, const float *discount, const float *v, const float *cost, const float *rho, const float *c)
{
    double sum = (double)v[t * BATCH + b];

    for (int s = t; s < STEPS; s++) {
        int row = s * BATCH + b, next = row + BATCH;
        double weight = 1, paid = cost ? (double)cost[next] : 0;
        for (int i = t; i < s; i++)
            weight *= (double)discount[i * BATCH + b] * (double)c[i * BATCH + b];
        sum += weight * (double)rho[row] * ((double)r[row] + (double)discount[row] * ((double)v[next] - paid) - (double)v[row]);
    }
    return sum;
}

/* Random data; in every second sequence a true end in its midst, then a row that holds no transition, then another episode. */
static void against_the_double_sum(void **state)
{
    static float r[ROWS], v[ROWS + BATCH], cost[ROWS + BATCH], rho[ROWS], c[ROWS], discount[ROWS], target[ROWS], advantage[ROWS];
    const float gamma = 0.95f;

    (void)state;
    for (int trial = 0; trial < 40; trial++) {
        const float *paid = trial % 4 ? cost : NULL;
        fill_normal(r, ROWS, 100 + (uint64_t)trial);
        fill_normal(v, ROWS + BATCH, 200 + (uint64_t)trial);
        fill_normal(cost, ROWS + BATCH, 300 + (uint64_t)trial);
        fill_normal(rho, ROWS, 400 + (uint64_t)trial);
        fill_normal(c, ROWS, 500 + (uint64_t)trial);
        for (int i = 0; i < ROWS; i++) {
            int t = i / BATCH, b = i % BATCH, end = (b + trial) % STEPS;
            rho[i] = b % 2 && t == end + 1 ? 0 : fminf(1.5f, fabsf(rho[i]));
            c[i] = b % 2 && t == end + 1 ? 0 : fminf(1, fabsf(c[i]));
            discount[i] = b % 2 && t == end ? 0 : gamma;
        }
        bp_vtrace(STEPS, BATCH, r, discount, v, paid, rho, c, target, advantage);
        for (int i = 0; i < ROWS; i++) {
            int next = i + BATCH;
            double after = next < ROWS ? naive(next / BATCH, next % BATCH, r, discount, v, paid, rho, c) : (double)v[next];
            assert_close(target[i], naive(i / BATCH, i % BATCH, r, discount, v, paid, rho, c), 1e-5);
            assert_close(advantage[i], (double)r[i] + (double)discount[i] * (after - (paid ? (double)paid[next] : 0)) - (double)v[i], 1e-5);
        }
    }
}

/* On the policy's own experience, without a cost, v is the return of all steps and the last value. */
static void on_policy_it_is_the_return(void **state)
{
    const float r[] = {1, 2, 3}, gamma[] = {0.5f, 0.5f, 0.5f}, v[] = {7, -7, 70, 8}, ones[] = {1, 1, 1};
    float target[3], advantage[3];

    (void)state;
    bp_vtrace(3, 1, r, gamma, v, NULL, ones, ones, target, advantage);
    assert_close(target[2], 3 + 4, 1e-6);
    assert_close(target[1], 2 + 3.5, 1e-6);
    assert_close(target[0], 1 + 2.75, 1e-6);
    assert_close(advantage[0], 3.75 - 7, 1e-6);
}

/* What is paid in the state after counts in this step's advantage, and in no later one's. */
static void the_cost_is_paid_one_step_before(void **state)
{
    const float r[] = {0, 0, 0}, gamma[] = {0.5f, 0.5f, 0.5f}, v[4] = {0}, cost[] = {9, 0, 4, 0}, ones[] = {1, 1, 1};
    float target[3], advantage[3];

    (void)state;
    bp_vtrace(3, 1, r, gamma, v, cost, ones, ones, target, advantage);
    assert_close(target[2], 0, 1e-6);
    assert_close(advantage[1], -2, 1e-6);
    assert_close(target[0], -1, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_the_double_sum),
        cmocka_unit_test(on_policy_it_is_the_return),
        cmocka_unit_test(the_cost_is_paid_one_step_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
