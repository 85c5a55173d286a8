#include "nn/family.h"

#include "../base/check.h"

#include <string.h>

enum { ROWS = 4, SIZE = 3 };

static void families_are_found(void **state)
{
    (void)state;
    for (int i = 0; bp_family_name(i); i++) {
        assert_ptr_equal(bp_family_find(bp_family_name(i)), &bp_families[i]);
        assert_true(bp_families[i].outputs(SIZE) >= SIZE && bp_families[i].noise(SIZE) >= 1);
    }
    assert_null(bp_family_find("wide"));
}

static void by_space(void **state)
{
    char text[64], few[6];

    (void)state;
    assert_string_equal(bp_families_of(BP_DISCRETE, text, sizeof text), "categorical");
    assert_non_null(strstr(bp_families_of(BP_CONTINUOUS, text, sizeof text), "softplus, bounded"));
    assert_string_equal(bp_families_of(BP_CONTINUOUS, few, sizeof few), "softp");
}

/* Held fixed, a distribution is a constant; its first rows are those of the whole, and pass gradients on to these alone. */
static void fixed_and_sliced(void **state)
{
    struct bp_tape tape;

    (void)state;
    for (const struct bp_family *family = bp_families; family->name; family++) {
        assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
        struct bp_var *output = bp_var_new(&tape, ROWS, family->outputs(SIZE), true), *other = bp_var_new(&tape, ROWS, family->outputs(SIZE), false);
        fill_normal(output->value, ROWS * output->cols, 28);
        fill_normal(other->value, ROWS * output->cols, 29);
        for (int i = 0; i < ROWS * output->cols; i++)
            output->value[i] *= 0.3f;       /* no component of a mixture so narrow that it has no part in anything */
        struct bp_distribution p = family->make(&tape, output, SIZE), fixed = bp_distribution_stop_gradient(&tape, p);
        struct bp_distribution first = bp_distribution_slice_rows(&tape, p, 0, 2), q = bp_distribution_slice_rows(&tape, family->make(&tape, other, SIZE), 0, 2);
        assert_true(first.param[0]->rows == 2);
        for (int i = 0; i < BP_DISTRIBUTION_PARAMS && p.param[i]; i++) {
            assert_null(fixed.param[i]->grad);
            assert_memory_equal(fixed.param[i]->value, p.param[i]->value, (size_t)(ROWS * p.param[i]->cols) * sizeof(float));
        }
        const float noise[ROWS * 64] = {0};
        assert_null(bp_distribution_kl(&tape, fixed, fixed, family->sample(&tape, fixed, noise))->grad);
        struct bp_var *y = bp_distribution_kl(&tape, q, first, family->sample(&tape, q, noise));
        bp_gradient(y)[0] = bp_gradient(y)[1] = 1;
        bp_tape_backward(&tape);
        for (int i = 0; i < ROWS * output->cols; i++)
            assert_true((bp_gradient(output)[i] != 0) == (i < 2 * output->cols));
        bp_tape_free(&tape);
    }
}

/* Of the same parameters, whatever the family: KL to itself is 0, and a sample without noise is the mean. */
static void given_parameters(void **state)
{
    static const float mean[] = {1, -2, 3}, scale[] = {0.5f, 1, 2}, noise[] = {0, 0, 0};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_distribution p = bp_normal(bp_constant(&tape, 1, SIZE, mean), bp_constant(&tape, 1, SIZE, scale));
    assert_close(p.family->kl(&tape, p, p)->value[0], 0, 1e-6);
    assert_memory_equal(p.family->sample(&tape, p, noise)->value, mean, sizeof mean);
    assert_close(p.family->log_prob(&tape, p, p.param[0])->value[0], -1.5 * log(2 * M_PI), 1e-5);
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_found),
        cmocka_unit_test(by_space),
        cmocka_unit_test(fixed_and_sliced),
        cmocka_unit_test(given_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
