#include "nn/choice.h"

#include "gradient_check.h"

enum { ROWS = 5, CHOICES = 4 };

/* Held, held, none before, held, held. */
static const float before[ROWS * CHOICES] = {0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0};

static void by_hand(void **state)
{
    const float log_p[2] = {-0.2876820725f, -1.3862943611f}, held[2] = {0, 1}, none[2] = {0, 0}, end = 0.4f, x[2] = {10, 20};     /* 3/4, 1/4 */
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *p = bp_constant(&tape, 1, 2, log_p), *e = bp_constant(&tape, 1, 1, &end);
    struct bp_var *next = bp_end_or_hold(&tape, p, e, held);
    assert_close((double)next->value[0], 0.4 * 0.75, 1e-6);
    assert_close((double)next->value[1], 0.6 + 0.4 * 0.25, 1e-6);
    assert_close((double)bp_expect(&tape, next, bp_constant(&tape, 2, 1, x))->value[0], 3 + 14, 1e-5);
    next = bp_end_or_hold(&tape, p, e, none);
    assert_close((double)next->value[0], 0.75, 1e-6);
    assert_null(next->grad);
    assert_close((double)bp_probability(&tape, bp_constant(&tape, 1, 1, &log_p[1]))->value[0], 0.2, 1e-6);
    bp_tape_free(&tape);
}

static struct bp_var *probability(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_probability(tape, o[0].var);
}

static struct bp_var *end_or_hold(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_end_or_hold(tape, o[0].var, o[1].var, before);
}

static struct bp_var *expect(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_expect(tape, o[0].var, o[1].var);
}

static void gradients(void **state)
{
    static struct operand u[] = {{.name = "u", .rows = ROWS, .cols = 3}};
    static struct operand choice[] = {{.name = "log p", .rows = ROWS, .cols = CHOICES}, {.name = "end", .rows = ROWS, .cols = 1}};
    static struct operand all[] = {{.name = "p", .rows = ROWS, .cols = CHOICES}, {.name = "x", .rows = ROWS * CHOICES, .cols = 1}};

    (void)state;
    assert_true(gradient_error(probability, NULL, u, 1, 1e-2f) < 2e-3);
    assert_true(gradient_error(end_or_hold, NULL, choice, 2, 1e-2f) < 2e-3);
    assert_true(gradient_error(expect, NULL, all, 2, 1e-2f) < 2e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(gradients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
