#include "nn/columns.h"

#include "gradient_check.h"

enum { ROWS = 5 };

static struct bp_var *three(struct bp_tape *tape, const struct operand *o, const void *context)
{
    struct bp_var *parts[] = {o[0].var, o[1].var, o[2].var};

    (void)context;
    return bp_concat(tape, parts, 3);
}

/* A part that stands there twice gets both gradients. */
static struct bp_var *twice(struct bp_tape *tape, const struct operand *o, const void *context)
{
    struct bp_var *parts[] = {o[0].var, o[1].var, o[0].var};

    (void)context;
    return bp_concat(tape, parts, 3);
}

static void gradients(void **state)
{
    static struct operand o[] = {{.name = "a", .rows = ROWS, .cols = 3}, {.name = "b", .rows = ROWS, .cols = 1}, {.name = "c", .rows = ROWS, .cols = 9}};

    (void)state;
    assert_gradients(three, NULL, o, 3, 1.0f / 64, 2e-4);
    assert_gradients(twice, NULL, o, 2, 1.0f / 64, 2e-4);
}

/* Taken apart and put together, and in another order. */
static void values(void **state)
{
    float numbers[ROWS * 7];
    struct bp_tape tape;

    (void)state;
    fill_normal(numbers, ROWS * 7, 1);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = bp_constant(&tape, ROWS, 7, numbers), *parts[3] = {bp_slice_columns(&tape, x, 0, 2), bp_slice_columns(&tape, x, 2, 1), bp_slice_columns(&tape, x, 3, 4)};
    assert_int_equal(parts[2]->cols, 4);
    for (int row = 0; row < ROWS; row++)
        assert_memory_equal(parts[2]->value + 4 * row, numbers + 7 * row + 3, 4 * sizeof(float));
    struct bp_var *y = bp_concat(&tape, parts, 3);
    assert_true(y->rows == ROWS && y->cols == 7 && !y->grad);
    assert_memory_equal(y->value, numbers, sizeof numbers);
    y = bp_concat(&tape, &parts[1], 2);
    assert_int_equal(y->cols, 5);
    assert_true(y->value[5] == numbers[7 + 2] && y->value[6] == numbers[7 + 3]);
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
