#include "nn/rows.h"

#include "gradient_check.h"

static const int taken[] = {2, 0, 2, 1, 2};

static struct bp_var *take(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_take_rows(tape, o[0].var, taken, 5);
}

static void gradients(void **state)
{
    static struct operand o[] = {{.name = "x", .rows = 4, .cols = 3}};

    (void)state;
    assert_gradients(take, NULL, o, 1, 1.0f / 64, 1e-4);
}

static void values(void **state)
{
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *y = bp_take_rows(&tape, bp_constant(&tape, 4, 2, x), taken, 5);
    assert_true(y->rows == 5 && y->cols == 2 && !y->grad);
    for (int i = 0; i < 10; i++)
        assert_true(y->value[i] == x[2 * taken[i / 2] + i % 2]);
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
