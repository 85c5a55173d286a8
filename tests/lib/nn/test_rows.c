#include "nn/rows.h"

#include "gradient_check.h"

static const int taken[] = {2, 0, -1, 1, 2};

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

static struct bp_var *stack(struct bp_tape *tape, const struct operand *o, const void *context)
{
    struct bp_var *parts[] = {o[0].var, o[1].var, o[0].var};

    (void)context;
    return bp_stack_rows(tape, parts, 3);
}

static void stacked(void **state)
{
    static struct operand o[] = {{.name = "x", .rows = 2, .cols = 3}, {.name = "y", .rows = 1, .cols = 3}};
    static const float x[] = {1, 2, 3, 4}, y[] = {5, 6};
    struct bp_tape tape;

    (void)state;
    assert_gradients(stack, NULL, o, 2, 1.0f / 64, 1e-4);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *parts[] = {bp_constant(&tape, 2, 2, x), bp_constant(&tape, 1, 2, y)}, *all = bp_stack_rows(&tape, parts, 2);
    assert_true(all->rows == 3 && all->cols == 2 && !all->grad);
    for (int i = 0; i < 6; i++)
        assert_true(all->value[i] == (float)(i + 1));
    bp_tape_free(&tape);
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
        assert_true(y->value[i] == (taken[i / 2] < 0 ? 0 : x[2 * taken[i / 2] + i % 2]));
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(values),
        cmocka_unit_test(stacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
