#include "stats/transition.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../near.h"

static void add(struct bp_transition_table *table, const int32_t *event, int length)
{
    assert_int_equal(bp_transition_add(table, event, length, "test"), 0);
}

/* Entering the same target again is no visit; the pair moves on with every visit. */
static void visits_by_hand(void **state)
{
    const int32_t event[] = { -1, 0, -1, 0, 0, 1, -1, 2, 2, 0, 1 };     /* visits 0 1 2 0 1 */
    struct bp_transition_table table = { 0 };

    (void)state;
    add(&table, event, 11);
    assert_int_equal(table.visits, 5);
    assert_int_equal(table.count[0][1][2], 1);
    assert_int_equal(table.count[1][2][0], 1);
    assert_int_equal(table.count[2][0][1], 1);
    assert_int_equal(bp_transition_row(&table, 0, 1), 1);
    assert_int_equal(bp_transition_row(&table, 1, 0), 0);
}

/* An episode knows nothing of the one before it. */
static void episodes_are_apart(void **state)
{
    const int32_t first[] = { 0, 1 }, second[] = { 2, 3 };
    struct bp_transition_table table = { 0 }, sum = { 0 };

    (void)state;
    add(&table, first, 2);
    add(&table, second, 2);
    assert_int_equal(table.visits, 4);
    for (int older = 0; older < 4; older++)
        for (int last = 0; last < 4; last++)
            assert_int_equal(bp_transition_row(&table, older, last), 0);
    bp_transition_merge(&sum, &table);
    bp_transition_merge(&sum, &table);
    assert_int_equal(sum.visits, 8);
}

static void an_event_that_is_no_target_is_refused(void **state)
{
    const int32_t event[] = { 0, 1, 2, 4 };
    struct bp_transition_table table = { 0 }, empty = { 0 };

    (void)state;
    assert_int_equal(bp_transition_add(&table, event, 4, "test"), -1);
    assert_memory_equal(&table, &empty, sizeof table);
}

/* 0.9 ln(0.9 / (1/3)) + 0.1 ln(0.1 / (1/3)) = 0.7735: what BP table 2 would give uniform visits. */
static void unvisited_counts_as_uniform(void **state)
{
    const struct bp_transition_table table = { 0 };

    (void)state;
    assert_near(bp_transition_probability(&table, 2, 1, 3), 1.0 / 3, 1e-12);
    assert_near(bp_transition_kl(&table, 0.9), 0.774, 5e-4);
    assert_near(bp_transition_kl(&table, 0.9), 0.9 * log(2.7) + 0.1 * log(0.3), 1e-12);
    assert_near(bp_transition_kl(&table, 1), log(3), 1e-12);
}

static void row_by_hand(void **state)
{
    struct bp_transition_table table = { 0 };

    (void)state;
    table.count[0][1][2] = 9;           /* likely; 3 is the unlikely one and never seen, 0 impossible */
    table.count[0][1][0] = 1;
    assert_near(bp_transition_probability(&table, 0, 1, 2), 9.5 / 11.5, 1e-12);
    assert_near(bp_transition_probability(&table, 0, 1, 3), 0.5 / 11.5, 1e-12);
    assert_near(bp_transition_probability(&table, 0, 1, 0), 1.5 / 11.5, 1e-12);
    assert_true(bp_transition_probability(&table, 0, 1, 1) == 0);
    assert_near(bp_transition_row_kl(&table, 0, 1, 0.9), 0.9 * log(0.9 * 11.5 / 9.5) + 0.1 * log(0.1 * 11.5 / 0.5),
                       1e-12);
    /* the other 11 pairs are unvisited */
    assert_near(bp_transition_kl(&table, 0.9),
                       (bp_transition_row_kl(&table, 0, 1, 0.9) + 11 * (0.9 * log(2.7) + 0.1 * log(0.3))) / 12, 1e-12);
}

/* Visits drawn from the chain itself: the KL goes to zero like 1 / n, also where a follower is never drawn (p = 1). */
static void visits_of_the_chain_have_no_kl(void **state)
{
    enum { N = 60000 };
    static int32_t event[N];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    struct bp_transition_table table = { 0 };

    (void)state;
    gsl_rng_set(rng, 1);
    event[0] = 0;
    event[1] = 1;
    for (int t = 2; t < N; t++) {
        struct bp_markov_row row = bp_markov_table[event[t - 2]][event[t - 1]];
        event[t] = gsl_rng_uniform(rng) < 0.9 ? row.likely : row.unlikely;
    }
    gsl_rng_free(rng);
    add(&table, event, N);
    assert_int_equal(table.visits, N);
    double kl = bp_transition_kl(&table, 0.9);
    assert_true(kl > 0 && kl < 0.005);
    assert_true(bp_transition_kl(&table, 0.5) > 0.1);
}

/* Episodes drawn from one distribution many times over: the jackknife's standard error is the spread of their KL. */
static void standard_error_is_the_spread(void **state)
{
    enum { TRIALS = 300, EPISODES = 40, LENGTH = 30 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    double sum = 0, squares = 0, errors = 0;

    (void)state;
    gsl_rng_set(rng, 5);
    for (int trial = 0; trial < TRIALS; trial++) {
        struct bp_transition_table episodes[EPISODES] = { 0 }, all = { 0 };
        for (int e = 0; e < EPISODES; e++) {
            int32_t event[LENGTH];
            for (int t = 0; t < LENGTH; t++)
                event[t] = (int32_t)gsl_rng_uniform_int(rng, 4);
            add(&episodes[e], event, LENGTH);
            bp_transition_merge(&all, &episodes[e]);
        }
        double kl = bp_transition_kl(&all, 0.9);
        sum += kl;
        squares += kl * kl;
        errors += bp_transition_standard_error(episodes, EPISODES, 0.9);
    }
    gsl_rng_free(rng);
    double mean = sum / TRIALS, spread = sqrt(squares / TRIALS - mean * mean);
    assert_near(mean, 0.7735, 0.02);
    assert_near(errors / TRIALS / spread, 1, 0.15);
}

static void standard_error_of_few(void **state)
{
    struct bp_transition_table same[3] = { 0 };
    const int32_t event[] = { 0, 1, 2 };

    (void)state;
    for (int i = 0; i < 3; i++)
        add(&same[i], event, 3);
    assert_true(isnan(bp_transition_standard_error(same, 1, 0.9)));
    assert_true(bp_transition_standard_error(same, 3, 0.9) == 0);
}

/* Episodes of two visits follow no pair: the KL is that of uniform visits, and nothing is known of its error. */
static void standard_error_of_no_followers(void **state)
{
    struct bp_transition_table none[3] = { 0 };
    const int32_t event[] = { 0, 1 };

    (void)state;
    for (int i = 0; i < 3; i++)
        add(&none[i], event, 2);
    assert_true(isnan(bp_transition_standard_error(none, 3, 0.9)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(visits_by_hand),
        cmocka_unit_test(episodes_are_apart),
        cmocka_unit_test(an_event_that_is_no_target_is_refused),
        cmocka_unit_test(unvisited_counts_as_uniform),
        cmocka_unit_test(row_by_hand),
        cmocka_unit_test(visits_of_the_chain_have_no_kl),
        cmocka_unit_test(standard_error_is_the_spread),
        cmocka_unit_test(standard_error_of_few),
        cmocka_unit_test(standard_error_of_no_followers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
