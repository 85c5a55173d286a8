#include "nn/linear.h"

#include "gradient_check.h"
#include "naive.h"

enum { ROWS = 5, IN = 7, OUT = 3 };

/* ---- gradients ---- */

static struct bp_var *with_bias(struct bp_tape *tape, const struct operand *o, const void *act)
{
    return bp_linear(tape, o[0].var, o[1].weight, o[2].weight, NULL, OUT, *(const enum bp_activation *)act);
}

static struct bp_var *with_base(struct bp_tape *tape, const struct operand *o, const void *act)
{
    struct bp_weight none = {0};

    return bp_linear(tape, o[0].var, o[1].weight, none, o[2].var, OUT, *(const enum bp_activation *)act);
}

static struct bp_var *activated(struct bp_tape *tape, const struct operand *o, const void *act)
{
    return bp_activate(tape, o[0].var, *(const enum bp_activation *)act);
}

static void gradients(void **state)
{
    static struct operand biased[] = {{.name = "x", .rows = ROWS, .cols = IN},
                                      {.name = "W", .kind = WEIGHT, .rows = IN, .cols = OUT},
                                      {.name = "b", .kind = WEIGHT, .rows = 1, .cols = OUT}};
    static struct operand based[] = {{.name = "x", .rows = ROWS, .cols = IN},
                                     {.name = "W", .kind = WEIGHT, .rows = IN, .cols = OUT},
                                     {.name = "base", .rows = ROWS, .cols = OUT}};
    static struct operand alone[] = {{.name = "x", .rows = ROWS, .cols = IN}};
    const enum bp_activation identity = BP_IDENTITY, elu = BP_ELU;

    (void)state;
    assert_gradients(with_bias, &identity, biased, 3, 1.0f / 64, 2e-4);
    assert_gradients(with_base, &identity, based, 3, 1.0f / 64, 2e-4);
    assert_gradients(with_bias, &elu, biased, 3, 1.0f / 512, 2e-3);
    assert_gradients(with_base, &elu, based, 3, 1.0f / 512, 2e-3);
    assert_gradients(activated, &elu, alone, 1, 1.0f / 512, 2e-3);
}

/* As critics use it: one product of the observation, on which two actions' products stand, one of them of fewer rows. */
static struct bp_var *shared_base(struct bp_tape *tape, const struct operand *o, const void *context)
{
    struct bp_weight none = {0};
    struct bp_var *base = bp_linear(tape, o[0].var, o[1].weight, o[2].weight, NULL, OUT, BP_IDENTITY);
    struct bp_var *first = bp_linear(tape, o[3].var, o[4].weight, none, base, OUT, BP_IDENTITY);
    struct bp_var *second = bp_linear(tape, bp_slice_rows(tape, o[3].var, 0, 2), o[4].weight, none, bp_slice_rows(tape, base, 0, 2), OUT, BP_IDENTITY);

    (void)context;
    /* a last product joins both, so that the one output depends on all */
    return bp_linear(tape, second, (struct bp_weight){.value = o[5].value}, none, bp_slice_rows(tape, first, 0, 2), OUT, BP_IDENTITY);
}

static void gradients_of_a_shared_base(void **state)
{
    static struct operand operands[] = {{.name = "x", .rows = ROWS, .cols = IN},
                                        {.name = "W", .kind = WEIGHT, .rows = IN, .cols = OUT},
                                        {.name = "b", .kind = WEIGHT, .rows = 1, .cols = OUT},
                                        {.name = "a", .rows = ROWS, .cols = 2},
                                        {.name = "W_a", .kind = WEIGHT, .rows = 2, .cols = OUT},
                                        {.name = "V", .kind = WEIGHT, .rows = OUT, .cols = OUT}};

    (void)state;
    fill_normal(operands[5].value, OUT * OUT, 5);
    assert_gradients(shared_base, NULL, operands, 5, 1.0f / 64, 2e-4);
}

/* ---- values ---- */

static void check_values(int rows, int in, int out, enum bp_activation act, bool with_a_base)
{
    static float x[40 * 70], w[70 * 66], b[66], base[40 * 66];
    struct bp_tape tape;

    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    fill_normal(x, rows * in, 1);
    fill_normal(w, in * out, 2);
    fill_normal(b, out, 3);
    fill_normal(base, rows * out, 4);
    struct bp_var *y = bp_linear(&tape, bp_constant(&tape, rows, in, x), (struct bp_weight){.value = w}, (struct bp_weight){.value = b},
                                 with_a_base ? bp_constant(&tape, rows, out, base) : NULL, out, act);
    assert_int_equal(y->rows, rows);
    assert_int_equal(y->cols, out);
    for (int r = 0; r < rows; r++) {
        double row[70], want[66];
        for (int i = 0; i < in; i++)
            row[i] = (double)x[r * in + i];
        naive_dense(row, in, w, with_a_base ? NULL : b, NULL, out, want);
        for (int j = 0; j < out; j++) {
            double sum = want[j] + (with_a_base ? (double)base[r * out + j] : 0);
            assert_close(y->value[r * out + j], act == BP_ELU ? naive_elu(sum) : sum, 2e-5);
        }
    }
    bp_tape_free(&tape);
}

static void values_of_odd_sizes(void **state)
{
    static const int sizes[][3] = {{1, 1, 1}, {1, 20, 64}, {5, 7, 3}, {33, 19, 21}, {40, 70, 66}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int with_a_base = 0; with_a_base < 2; with_a_base++) {
            check_values(sizes[i][0], sizes[i][1], sizes[i][2], BP_IDENTITY, with_a_base);
            check_values(sizes[i][0], sizes[i][1], sizes[i][2], BP_ELU, with_a_base);
        }
}

/* What is infinite or no number stays visible: a diverged network must not look healthy. */
static void activation_at_the_edges(void **state)
{
    const float x[6] = {INFINITY, -INFINITY, NAN, 0, -200, 3};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *in = bp_constant(&tape, 1, 6, x), *y = bp_activate(&tape, in, BP_ELU);
    assert_true(y->value[0] == INFINITY);
    assert_true(y->value[1] == -1);
    assert_true(isnan(y->value[2]));
    assert_true(y->value[3] == 0);
    assert_true(y->value[4] == -1);
    assert_true(y->value[5] == 3);
    assert_ptr_equal(bp_activate(&tape, in, BP_IDENTITY), in);
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_of_a_shared_base),
        cmocka_unit_test(values_of_odd_sizes),
        cmocka_unit_test(activation_at_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
