#include "nn/weight.h"

#include "nn/bf16.h"
#include "nn/matmul.h"

#include "../base/check.h"
#include "bf16_model.h"

#include <string.h>

enum { MOST = 330 * 401 };

static float x[MOST], dy[MOST], w[MOST], y[MOST], dx[MOST], grad[MOST], plain[3][MOST];
static uint32_t packed[MOST], turned[MOST];
static struct bp_tape tape;

static int begin(void **state)
{
    (void)state;
    print_message("BF16 by %s\n", model_or_native()->name);
    return bp_tape_init(&tape, 1 << 16, true);
}

static int end(void **state)
{
    (void)state;
    bp_tape_free(&tape);
    return 0;
}

static struct bp_matrix matrix(int in, int out, bool bf16)
{
    struct bp_weight weight = {.value = w, .grad = grad, .packed = bf16 ? packed : NULL, .transposed_packed = bf16 ? turned : NULL};

    if (bf16 && bp_weight_packs(in, out))
        bp_bf16_pack_rows(in, out, 0, in, w, packed, turned);
    return (struct bp_matrix){weight, in, out};
}

/* All three products, into y, dx and grad. */
static void products(int n, int in, int out, bool bf16, int add)
{
    struct bp_matrix m = matrix(in, out, bf16);

    bp_tape_reset(&tape);
    fill_normal(x, n * in, 1);
    fill_normal(dy, n * out, 2);
    fill_normal(y, n * out, 4);
    fill_normal(dx, n * in, 5);
    fill_normal(grad, in * out, 6);
    struct bp_factor left = bp_weight_factor(&tape, m, bp_constant(&tape, n, in, x));
    struct bp_factor right = bp_weight_factor(&tape, m, bp_constant(&tape, n, out, dy));
    bp_weight_forward(m, n, left, y, add);
    bp_weight_backward(&tape, m, n, right, dx, add);
    bp_weight_gradient(&tape, m, n, left, right);
}

/* One sum of `count` products in double, of its terms' sizes at most `bound` away; the terms are `by` and `and` apart. */
static void check_sum(float got, double first, const float *p, int by, const float *q, int and, int count, double bound)
{
    double sum = first, size = fabs(first);

    for (int i = 0; i < count; i++) {
        sum += (double)p[i * by] * (double)q[i * and];
        size += fabs((double)p[i * by] * (double)q[i * and]);
    }
    assert_close(got, sum, bound * size + 1e-30);
}

/* Forward, back and the gradient, against sums in double: 2^-7 of the terms' sizes in BF16, 4e-7 in float32. */
static void check(int n, int in, int out, bool bf16, int add)
{
    double bound = bf16 && bp_weight_packs(in, out) ? 0x1.02p-7 : 4e-7;
    static float first_y[MOST], first_dx[MOST], first_grad[MOST];

    fill_normal(w, in * out, 3);
    fill_normal(first_y, n * out, 4);
    fill_normal(first_dx, n * in, 5);
    fill_normal(first_grad, in * out, 6);
    products(n, in, out, bf16, add);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < out; j++)
            check_sum(y[i * out + j], add ? (double)first_y[i * out + j] : 0, x + i * in, 1, w + j, out, in, bound);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < in; j++)
            check_sum(dx[i * in + j], add ? (double)first_dx[i * in + j] : 0, dy + i * out, 1, w + j * out, 1, out, bound);
    for (int i = 0; i < in; i++)
        for (int j = 0; j < out; j++)
            check_sum(grad[i * out + j], (double)first_grad[i * out + j], x + i, in, dy + j, out, n, bound);
}

/* Rows, inputs and outputs of layers of the presets, and odd ones. */
static void all_three_products(void **state)
{
    static const int sizes[][3] = {{328, 20, 64}, {328, 64, 64}, {41, 64, 256}, {16, 64, 256}, {81, 60, 400}, {27, 400, 300}, {110, 100, 16},
                                   {330, 300, 1}, {33, 1, 64}, {1, 17, 9}, {7, 5, 3}, {3, 2, 2}, {65, 33, 31}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int which = 0; which < 4; which++)
            check(sizes[i][0], sizes[i][1], sizes[i][2], which & 1, which & 2);
}

/* Where a product cannot be of BF16, it is the float32 one, byte for byte: single columns and rows. */
static void the_float32_path(void **state)
{
    static const int sizes[][3] = {{50, 30, 1}, {50, 1, 30}, {50, 30, 20}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i][0], in = sizes[i][1], out = sizes[i][2];
        bool same = !bp_weight_packs(in, out);
        assert_int_equal(bp_weight_packs(in, out), i == 2);
        fill_normal(w, in * out, 3);
        products(n, in, out, false, 0);
        memcpy(plain[0], y, sizeof y);
        memcpy(plain[1], dx, sizeof dx);
        memcpy(plain[2], grad, sizeof grad);
        products(n, in, out, true, 0);
        assert_int_equal(!memcmp(plain[0], y, (size_t)(n * out) * sizeof *y), same);
        assert_int_equal(!memcmp(plain[1], dx, (size_t)(n * in) * sizeof *dx), same);
        assert_int_equal(!memcmp(plain[2], grad, (size_t)(in * out) * sizeof *grad), same);
    }
}

/* A matrix is rounded once, for all its products; what is packed for a gradient is given back. */
static void rounded_once(void **state)
{
    struct bp_matrix m = matrix(64, 64, true);

    (void)state;
    bp_tape_reset(&tape);
    fill_normal(w, 64 * 64, 3);
    fill_normal(x, 328 * 64, 1);
    struct bp_var *var = bp_constant(&tape, 328, 64, x);
    assert_null(bp_weight_factor(&tape, matrix(64, 64, false), var).rounded);
    const uint16_t *rounded = bp_weight_factor(&tape, m, var).rounded;
    size_t used = tape.arena.used;
    assert_ptr_equal(bp_weight_factor(&tape, m, var).rounded, rounded);
    assert_ptr_equal(bp_stop_gradient(&tape, var)->rounded, rounded);
    assert_ptr_equal(bp_slice_rows(&tape, var, 5, 3)->rounded, rounded + 5 * 64);
    used = tape.arena.used;
    bp_weight_gradient(&tape, m, 328, bp_weight_factor(&tape, m, var), bp_weight_factor(&tape, m, var));
    assert_int_equal(tape.arena.used, used);
    for (int row = 0; row < 328; row++)
        for (int j = 0; j < 64; j++)
            assert_int_equal(rounded[row * 64 + j], bp_bf16_round(x[row * 64 + j]));
}

/* A frozen weight gets no gradient; no rows at all are no work. */
static void nothing_to_do(void **state)
{
    struct bp_matrix m = matrix(6, 4, true);

    (void)state;
    bp_tape_reset(&tape);
    m.w.grad = NULL;
    struct bp_factor left = bp_weight_factor(&tape, m, bp_constant(&tape, 5, 6, x)), right = bp_weight_factor(&tape, m, bp_constant(&tape, 5, 4, dy));
    bp_weight_gradient(&tape, m, 5, left, right);
    m = matrix(6, 4, true);
    y[0] = dx[0] = grad[0] = 5;
    bp_weight_forward(m, 0, left, y, 0);
    bp_weight_backward(&tape, m, 0, right, dx, 1);
    bp_weight_gradient(&tape, m, 0, left, right);
    assert_true(y[0] == 5 && dx[0] == 5 && grad[0] == 5);
}

static void transposes(void **state)
{
    struct bp_matrix m = matrix(3, 2, false);
    static const float kept[6];

    (void)state;
    bp_tape_reset(&tape);
    const float *transposed = bp_weight_transposed(&tape, m);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 2; j++)
            assert_true(transposed[j * 3 + i] == w[i * 2 + j]);
    assert_ptr_equal(bp_weight_transposed(&tape, matrix(6, 1, false)), w);      /* a column is a row */
    m.w.transposed = kept;
    assert_ptr_equal(bp_weight_transposed(&tape, m), kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_products),
        cmocka_unit_test(the_float32_path),
        cmocka_unit_test(rounded_once),
        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(transposes),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
