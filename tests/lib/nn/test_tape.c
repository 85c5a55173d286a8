#include "nn/tape.h"

#include "gradient_check.h"

/* y = x^2, with a factor that the way back gets right or wrong. */
struct square {
    struct bp_node node;
    struct bp_var *x, *y;
    float factor;
};

static void square_back(struct bp_node *node)
{
    struct square *s = (struct square *)node;

    for (int i = 0; i < s->x->rows * s->x->cols; i++)
        bp_gradient(s->x)[i] += s->factor * s->x->value[i] * bp_gradient(s->y)[i];
}

static struct bp_var *square(struct bp_tape *tape, struct bp_var *x, float factor)
{
    struct bp_var *y = bp_var_new(tape, x->rows, x->cols, x->grad);

    for (int i = 0; i < x->rows * x->cols; i++)
        y->value[i] = x->value[i] * x->value[i];
    if (y->grad) {
        struct square *node = bp_node_new(tape, sizeof *node, square_back);
        node->x = x;
        node->y = y;
        node->factor = factor;
    }
    return y;
}

static struct bp_var *square_of(struct bp_tape *tape, const struct operand *operands, const void *context)
{
    return square(tape, operands[0].var, *(const float *)context);
}

/* The check that all tests of operations rest on tells a right gradient from one that is 2 % off. */
static void the_check_can_fail(void **state)
{
    static struct operand operands[] = {{.name = "x", .rows = 3, .cols = 4}};
    float right = 2, wrong = 2.04f;

    (void)state;
    assert_true(gradient_error(square_of, &right, operands, 1, 1.0f / 64) < 1e-4);
    assert_true(gradient_error(square_of, &wrong, operands, 1, 1.0f / 64) > 5e-3);
    assert_non_null(strstr(gradient_worst, "d/dx["));
}

/* ---- chains ---- */

static struct bp_var *leaf(struct bp_tape *tape, int rows, int cols, const float *value)
{
    struct bp_var *x = bp_var_new(tape, rows, cols, true);

    return memcpy(x->value, value, (size_t)(rows * cols) * sizeof(float)), x;
}

/* ((x^2)^2)' = 4 x^3: nodes run from the last to the first. */
static void chains_run_backwards(void **state)
{
    const float value[3] = {1, -2, 0.5f};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = leaf(&tape, 3, 1, value), *y = square(&tape, square(&tape, x, 2), 2);
    for (int i = 0; i < 3; i++)
        bp_gradient(y)[i] = 1;
    bp_tape_backward(&tape);
    for (int i = 0; i < 3; i++)
        assert_close(bp_gradient(x)[i], 4 * value[i] * value[i] * value[i], 1e-6);
    bp_tape_free(&tape);
}

/* One variable in two operations: the gradients add up. */
static void uses_add_up(void **state)
{
    const float value[2] = {3, -1};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = leaf(&tape, 1, 2, value), *y = square(&tape, x, 2), *z = square(&tape, x, 2);
    bp_gradient(y)[0] = 1;
    bp_gradient(z)[0] = 10;
    bp_gradient(z)[1] = 10;
    bp_tape_backward(&tape);
    assert_close(bp_gradient(x)[0], 66, 1e-5);
    assert_close(bp_gradient(x)[1], -20, 1e-5);
    bp_tape_free(&tape);
}

static void nothing_passes_a_stop(void **state)
{
    const float value[2] = {3, -1};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = leaf(&tape, 1, 2, value), *stopped = bp_stop_gradient(&tape, x), *y = square(&tape, stopped, 2);
    assert_ptr_equal(stopped->value, x->value);
    assert_null(stopped->grad);
    assert_null(y->grad);
    bp_tape_backward(&tape);
    assert_true(bp_gradient(x)[0] == 0 && bp_gradient(x)[1] == 0);
    bp_tape_free(&tape);
}

/* The first rows share value and gradient with the whole, whose other rows stay clear, whoever is asked first. */
static void first_rows(void **state)
{
    const float value[6] = {1, 2, 3, 4, 5, 6};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    for (int whole_too = 0; whole_too < 2; whole_too++) {
        /* memory that is not clear, as after another update */
        memset(bp_arena_take(&tape.arena, 8192), 0xFF, 8192);
        bp_tape_reset(&tape);
        struct bp_var *x = leaf(&tape, 3, 2, value), *rows = bp_slice_rows(&tape, bp_slice_rows(&tape, x, 0, 2), 0, 1);
        struct bp_var *y = square(&tape, rows, 2), *z = whole_too ? square(&tape, x, 2) : NULL;
        assert_int_equal(rows->rows, 1);
        assert_int_equal(y->rows, 1);
        bp_gradient(y)[1] = 1;
        if (z)
            bp_gradient(z)[5] = 1;
        bp_tape_backward(&tape);
        for (int i = 0; i < 6; i++)
            assert_close(bp_gradient(x)[i], i == 1 ? 4 : i == 5 && whole_too ? 12 : 0, 1e-6);
    }
    bp_tape_free(&tape);
}

/* Rows from the middle, of rows from the middle. */
static void middle_rows(void **state)
{
    const float value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = leaf(&tape, 4, 2, value), *rows = bp_slice_rows(&tape, bp_slice_rows(&tape, x, 1, 3), 1, 1);
    struct bp_var *y = square(&tape, rows, 2);
    assert_true(rows->value[0] == 5 && rows->value[1] == 6);
    bp_gradient(y)[0] = 1;
    bp_tape_backward(&tape);
    for (int i = 0; i < 8; i++)
        assert_close(bp_gradient(x)[i], i == 4 ? 10 : 0, 1e-6);
    bp_tape_free(&tape);
}

/* Where gradients are first written decides whether to add; never is something old left in or something new lost. */
static void sinks(void **state)
{
    struct bp_tape tape;
    int add;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    memset(bp_arena_take(&tape.arena, 8192), 0xFF, 8192);
    bp_tape_reset(&tape);
    struct bp_var *x = bp_var_new(&tape, 2, 2, true);
    assert_ptr_equal(bp_gradient_sink(x, &add), x->grad);
    assert_int_equal(add, 0);
    bp_gradient_sink(x, &add);
    assert_int_equal(add, 1);

    struct bp_var *whole = bp_var_new(&tape, 3, 1, true), *part = bp_slice_rows(&tape, whole, 0, 1);
    float *grad = bp_gradient_sink(part, &add);
    assert_true(add || grad[0] == 0);       /* the rest of the whole must count as zero */
    grad[0] = add ? grad[0] + 5 : 5;
    assert_true(bp_gradient(whole)[0] == 5 && bp_gradient(whole)[1] == 0 && bp_gradient(whole)[2] == 0);
    bp_tape_free(&tape);
}

/* ---- memory ---- */

/* A tape that does not record computes the same and keeps nothing; constants never want a gradient. */
static void forward_only(void **state)
{
    const float value[2] = {3, -1};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *x = bp_var_new(&tape, 1, 2, true), *constant = bp_constant(&tape, 1, 2, value);
    assert_null(x->grad);
    assert_null(constant->grad);
    assert_ptr_equal(constant->value, value);
    assert_true(square(&tape, constant, 2)->value[0] == 9);
    assert_null(tape.last);
    bp_tape_backward(&tape);
    bp_tape_free(&tape);
}

static void reset_forgets(void **state)
{
    const float value[1] = {2};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    square(&tape, leaf(&tape, 1, 1, value), 2);
    size_t used = tape.arena.used;
    assert_non_null(tape.last);
    for (int update = 0; update < 1000; update++) {         /* far more than the arena holds at once */
        bp_tape_reset(&tape);
        assert_null(tape.last);
        square(&tape, leaf(&tape, 1, 1, value), 2);
        assert_int_equal(tape.arena.used, used);
    }
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_can_fail),
        cmocka_unit_test(chains_run_backwards),
        cmocka_unit_test(uses_add_up),
        cmocka_unit_test(nothing_passes_a_stop),
        cmocka_unit_test(first_rows),
        cmocka_unit_test(middle_rows),
        cmocka_unit_test(sinks),
        cmocka_unit_test(forward_only),
        cmocka_unit_test(reset_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
