#include "nn/loss.h"

#include "gradient_check.h"

/*
 * The one-sided rule by hand. A gradient d is that of a loss, so the action moves along -d: an action beyond 1 keeps a positive d,
 * which takes it back, and loses a negative one.
 */
static void clip_by_hand(void **state)
{
    static const struct { float action, d, clipped, passed; } rule[] = {
        {0.5f, 2, 0.5f, 2},     {0.5f, -2, 0.5f, -2},   {1, 2, 1, 2},           {1, -2, 1, -2},        /* at the edge nothing is clipped */
        {1.5f, 2, 1, 2},        {1.5f, -2, 1, 0},       {-1.5f, -2, -1, -2},    {-1.5f, 2, -1, 0},
        {-1, 2, -1, 2},         {-1, -2, -1, -2},       {30, 0, 1, 0},          {1e30f, 1, 1, 1},
    };
    enum { N = sizeof rule / sizeof *rule };
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = bp_var_new(&tape, N, 1, true);
    for (int i = 0; i < N; i++)
        x->value[i] = rule[i].action;
    struct bp_var *y = bp_clip_action(&tape, x);
    for (int i = 0; i < N; i++) {
        assert_true(y->value[i] == rule[i].clipped);
        bp_gradient(y)[i] = rule[i].d;
    }
    bp_tape_backward(&tape);
    for (int i = 0; i < N; i++)
        assert_true(bp_gradient(x)[i] == rule[i].passed);
    bp_tape_free(&tape);
}

/* Replayed actions are constants: clipped as well, and no gradient is kept for them. NaN is not mended. */
static void clipping_constants(void **state)
{
    const float action[3] = {-7, NAN, 0.25f};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *y = bp_clip_action(&tape, bp_constant(&tape, 1, 3, action));
    assert_null(y->grad);
    assert_null(tape.last);
    assert_true(y->value[0] == -1 && isnan(y->value[1]) && y->value[2] == 0.25f);
    assert_true(action[0] == -7);           /* the borrowed array is left alone */
    bp_tape_free(&tape);
}

static struct bp_var *squared_error(struct bp_tape *tape, const struct operand *o, const void *context)
{
    return bp_squared_error(tape, o[0].var, context);
}

static void squared_error_and_its_gradient(void **state)
{
    static struct operand operands[] = {{.name = "x", .rows = 9, .cols = 1}};
    static float y[9];
    const float x[2] = {3, -1}, target[2] = {1, 1};
    struct bp_tape tape;

    (void)state;
    fill_normal(y, 9, 7);
    assert_gradients(squared_error, y, operands, 1, 1.0f / 64, 2e-4);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *error = bp_squared_error(&tape, bp_constant(&tape, 2, 1, x), target);
    assert_true(error->value[0] == 4 && error->value[1] == 4);
    bp_tape_free(&tape);
}

static struct bp_var *minimum(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_minimum(tape, o[0].var, o[1].var);
}

/* Of values, and of gradients: all of them to the smaller one, where two are equal to the first. */
static void the_smaller_of_two(void **state)
{
    static struct operand operands[] = {{.name = "x", .rows = 9, .cols = 1}, {.name = "y", .rows = 9, .cols = 1}};
    const float first[3] = {3, -1, 2}, second[3] = {1, 1, 2}, weight[3] = {1, 2, 4};
    struct bp_tape tape;

    (void)state;
    assert_gradients(minimum, NULL, operands, 2, 1.0f / 256, 2e-4);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *x = bp_var_new(&tape, 3, 1, true), *y = bp_var_new(&tape, 3, 1, true);
    memcpy(x->value, first, sizeof first);
    memcpy(y->value, second, sizeof second);
    struct bp_var *z = bp_minimum(&tape, x, y);
    bp_add_loss(z, 1, weight);
    bp_tape_backward(&tape);
    const float dx[3] = {0, 2, 4}, dy[3] = {1, 0, 0};
    for (int i = 0; i < 3; i++) {
        assert_true(z->value[i] == (i == 0 ? 1 : first[i]));
        assert_true(bp_gradient(x)[i] == dx[i] && bp_gradient(y)[i] == dy[i]);
    }
    bp_tape_free(&tape);
}

/* Terms that share an x, one of them through its first rows only: the gradients add up, and each returns its own sum. */
static void terms_may_share(void **state)
{
    const float value[3] = {1, 2, 4}, weight[3] = {1, 0, 0.5f}, other[3] = {1, 1, 1};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    memset(bp_arena_take(&tape.arena, 8192), 0xFF, 8192);
    bp_tape_reset(&tape);
    struct bp_var *x = bp_var_new(&tape, 3, 1, true);
    memcpy(x->value, value, sizeof value);
    assert_close(bp_add_loss(x, 2, weight), 2 * (1 + 2), 1e-6);
    assert_close(bp_add_loss(bp_slice_rows(&tape, x, 0, 2), -1, other), -3, 1e-6);
    assert_close(bp_gradient(x)[0], 2 - 1, 1e-6);
    assert_close(bp_gradient(x)[1], -1, 1e-6);
    assert_close(bp_gradient(x)[2], 1, 1e-6);
    bp_tape_free(&tape);
}

/* A term that wants no gradient is summed all the same, in double: a million small terms beside a large one. */
static void sums_are_exact(void **state)
{
    enum { N = 1000000 };
    static float value[N], weight[N];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    for (int i = 0; i < N; i++) {
        value[i] = i ? 0.25f : 67108864;
        weight[i] = 1;
    }
    assert_true(bp_add_loss(bp_constant(&tape, N, 1, value), 2, weight) == 2 * (67108864 + 0.25 * (N - 1)));
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip_by_hand),
        cmocka_unit_test(clipping_constants),
        cmocka_unit_test(squared_error_and_its_gradient),
        cmocka_unit_test(the_smaller_of_two),
        cmocka_unit_test(terms_may_share),
        cmocka_unit_test(sums_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
