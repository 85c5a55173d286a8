#include "base/markov.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../near.h"

static void rows_are_distributions(void **state)
{
    (void)state;
    for (int older = -1; older < 4; older++)
        for (int last = -1; last < 4; last++) {
            double sum = 0;
            for (int next = 0; next < 4; next++)
                sum += bp_markov_probability(older, last, next, 0.9);
            assert_near(sum, 1, 1e-12);
        }
}

/* With p = 1 the chain that starts 0, 1 goes round 0, 1, 2, 3 for ever: the hard task. */
static void the_likely_chain_is_the_hard_task(void **state)
{
    int older = 0, last = 1;

    (void)state;
    for (int i = 2; i < 12; i++) {
        int next = bp_markov_table[older][last].likely;
        assert_int_equal(next, i % 4);
        assert_true(bp_markov_probability(older, last, next, 1) == 1);
        older = last;
        last = next;
    }
}

/* Every row from the table of the paper: older, last, next with p, next with 1 - p. */
static void table_matches_the_paper(void **state)
{
    static const int paper[12][4] = {
        { 1, 0, 2, 3 }, { 2, 0, 3, 1 }, { 3, 0, 1, 2 }, { 0, 1, 2, 3 }, { 2, 1, 3, 0 }, { 3, 1, 0, 2 },
        { 1, 2, 3, 0 }, { 3, 2, 0, 1 }, { 0, 2, 1, 3 }, { 0, 3, 1, 2 }, { 1, 3, 2, 0 }, { 2, 3, 0, 1 },
    };

    (void)state;
    for (int i = 0; i < 12; i++) {
        const int *row = paper[i];
        assert_near(bp_markov_probability(row[0], row[1], row[2], 0.9), 0.9, 1e-12);
        assert_near(bp_markov_probability(row[0], row[1], row[3], 0.9), 0.1, 1e-12);
        assert_true(bp_markov_probability(row[0], row[1], 6 - row[1] - row[2] - row[3], 0.9) == 0);
    }
}

static void short_histories_are_uniform(void **state)
{
    (void)state;
    assert_near(bp_markov_probability(-1, 2, 0, 0.9), 1.0 / 3, 1e-12);
    assert_true(bp_markov_probability(-1, 2, 2, 0.9) == 0);
    assert_near(bp_markov_probability(-1, -1, 3, 0.9), 0.25, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_distributions),
        cmocka_unit_test(the_likely_chain_is_the_hard_task),
        cmocka_unit_test(table_matches_the_paper),
        cmocka_unit_test(short_histories_are_uniform),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
