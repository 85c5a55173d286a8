#include "nn/linear.h"

#include "gradient_check.h"
#include "naive.h"
#include "bf16_model.h"
#include "nn/weight.h"

enum { ROWS = 5, IN = 7, OUT = 3 };

/* ---- gradients ---- */

static struct bp_var *with_bias(struct bp_tape *tape, const struct operand *o, const void *act)
{
    return bp_linear(tape, o[0].var, o[1].weight, o[2].weight, NULL, OUT, *(const enum bp_activation *)act, BP_KEEP_VALUE);
}

static struct bp_var *with_base(struct bp_tape *tape, const struct operand *o, const void *act)
{
    struct bp_weight none = {0};

    return bp_linear(tape, o[0].var, o[1].weight, none, o[2].var, OUT, *(const enum bp_activation *)act, BP_KEEP_VALUE);
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
    struct bp_var *base = bp_linear(tape, o[0].var, o[1].weight, o[2].weight, NULL, OUT, BP_IDENTITY, BP_KEEP_VALUE);
    struct bp_var *first = bp_linear(tape, o[3].var, o[4].weight, none, base, OUT, BP_IDENTITY, BP_KEEP_VALUE);
    struct bp_var *second = bp_linear(tape, bp_slice_rows(tape, o[3].var, 0, 2), o[4].weight, none, bp_slice_rows(tape, base, 0, 2), OUT, BP_IDENTITY, BP_KEEP_VALUE);

    (void)context;
    /* a last product joins both, so that the one output depends on all */
    return bp_linear(tape, second, (struct bp_weight){.value = o[5].value}, none, bp_slice_rows(tape, first, 0, 2), OUT, BP_IDENTITY, BP_KEEP_VALUE);
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
                                 with_a_base ? bp_constant(&tape, rows, out, base) : NULL, out, act, BP_KEEP_VALUE);
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

/*
 * In BF16 an output comes rounded, to the numbers that its floats round to, whether these are kept or not. Without them the activation's
 * derivative is of the rounded output, and off by at most 2^-9; else gradients are the same.
 */
static void only_rounded(void **state)
{
    enum { N = 53, K = 37, M = 45 };
    static float x[N * K], w[K * M], b[M], base[N * M], dy[N * M], grad[2][K * M], bias[2][M], dx[2][N * K], dbase[2][N * M];
    static uint32_t packed[64 * 64], turned[64 * 64];
    const struct bp_bf16_kernels *kept = bp_bf16_kernels();
    struct bp_tape tape;

    (void)state;
    model_or_native();
    assert_true(bp_bf16_pairs(K, M) <= 64 * 64 && bp_bf16_pairs(M, K) <= 64 * 64);
    assert_int_equal(bp_tape_init(&tape, 1 << 22, true), 0);
    fill_normal(x, N * K, 1);
    fill_normal(w, K * M, 2);
    fill_normal(b, M, 3);
    fill_normal(base, N * M, 4);
    fill_normal(dy, N * M, 5);
    bp_bf16_pack_rows(K, M, 0, K, w, packed, turned);
    for (int with_base = 0; with_base < 2; with_base++) {
        uint16_t *rounded[2];
        memset(grad, 0, sizeof grad);
        memset(bias, 0, sizeof bias);
        bp_tape_reset(&tape);
        for (int keep = 0; keep < 2; keep++) {
            struct bp_weight weight = {.value = w, .grad = grad[keep], .packed = packed, .transposed_packed = turned};
            struct bp_var *in = bp_var_new(&tape, N, K, true), *on = bp_var_new(&tape, N, M, true);
            memcpy(in->value, x, sizeof x);
            memcpy(on->value, base, sizeof base);
            struct bp_weight offset = with_base ? (struct bp_weight){0} : (struct bp_weight){.value = b, .grad = bias[keep]};
            struct bp_var *y = bp_linear(&tape, in, weight, offset, with_base ? on : NULL, M, BP_ELU, keep ? BP_KEEP_ROUNDED : BP_KEEP_VALUE);
            assert_int_equal(y->value == NULL, keep);
            if (!keep)
                bp_weight_factor(&tape, (struct bp_matrix){weight, M, M}, y);
            rounded[keep] = y->rounded;
            memcpy(bp_gradient(y), dy, sizeof dy);
            tape.last->backward(tape.last);
            memcpy(dx[keep], bp_gradient(in), sizeof x);
            if (with_base)
                memcpy(dbase[keep], bp_gradient(on), sizeof base);
        }
        assert_memory_equal(rounded[0], rounded[1], N * bp_bf16_stride(M) * sizeof **rounded);
        for (int i = 0; i < N * M; i++)
            assert_close(dbase[1][i], dbase[0][i], fabs((double)dy[i]) * 0x1p-9);
        for (int j = 0; j < M; j++)
            assert_close(bias[1][j], bias[0][j], N * 0x1p-9);
        double apart[2] = {0}, size[2] = {0};
        for (int i = 0; i < N * K; i++)
            apart[0] += pow((double)dx[1][i] - (double)dx[0][i], 2), size[0] += pow((double)dx[0][i], 2);
        for (int i = 0; i < K * M; i++)
            apart[1] += pow((double)grad[1][i] - (double)grad[0][i], 2), size[1] += pow((double)grad[0][i], 2);
        for (int i = 0; i < 2; i++)
            assert_true(size[i] > 1 && sqrt(apart[i] / size[i]) < 4e-3);
    }
    bp_tape_free(&tape);
    bp_bf16_use(kept);
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
        cmocka_unit_test(only_rounded),
        cmocka_unit_test(activation_at_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
