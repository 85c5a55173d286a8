#include "nn/matmul.h"

#include "nn/kernels.h"
#include "nn/matmul_wide.h"

#include "../base/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FLOATS = 300 * 300, PAD = 3 };

static float a[FLOATS], b[FLOATS], c[FLOATS], before[FLOATS];

static int draw(void **state)
{
    (void)state;
    fill_normal(a, FLOATS, 1);
    fill_normal(b, FLOATS, 2);
    return 0;
}

/*
 * One product against the triple loop in double: each element within a few roundings of the sum of its terms' sizes. The rows of all
 * three are PAD longer than they need to be, and what lies between them stays as it was.
 */
static void check_product(int m, int n, int k, bool transposed, bool add)
{
    int lda = (transposed ? m : k) + PAD, ldb = n + PAD, ldc = n + PAD;

    assert_true(m * ldc <= FLOATS && k * ldb <= FLOATS && (transposed ? k : m) * lda <= FLOATS);
    fill_normal(before, m * ldc, 3);
    if (!add)                               /* what is overwritten is not looked at */
        before[0] = NAN;
    memcpy(c, before, sizeof c);
    if (transposed)
        bp_matmul_at(m, n, k, a, lda, b, ldb, c, ldc, add);
    else
        bp_matmul(m, n, k, a, lda, b, ldb, c, ldc, add);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            double sum = add ? (double)before[i * ldc + j] : 0, size = fabs(sum);
            if (j >= n) {
                assert_memory_equal(&c[i * ldc + j], &before[i * ldc + j], sizeof(float));
                continue;
            }
            for (int s = 0; s < k; s++) {
                double term = (double)a[transposed ? s * lda + i : i * lda + s] * (double)b[s * ldb + j];
                sum += term;
                size += fabs(term);
            }
            assert_close(c[i * ldc + j], sum, 4e-7 * size + 1e-12);
        }
}

static void products(void **state)
{
    static const int sizes[][3] = {{1, 1, 1}, {1, 64, 20}, {2, 3, 5}, {3, 5, 7}, {16, 16, 16}, {17, 33, 9}, {31, 1, 65},
                                   {64, 130, 31}, {128, 48, 3}, {5, 257, 129}, {200, 10, 100}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int which = 0; which < 4; which++)
            check_product(sizes[i][0], sizes[i][1], sizes[i][2], which & 1, which & 2);
}

/* Gradients of wide layers: many sums of few terms, every remainder of rows and columns that a block can have. */
static void wide_products(void **state)
{
    (void)state;
    for (int rest = 0; rest < 48; rest++)
        check_product(80 + rest % 8, 200 + rest, 1 + rest % 9, true, true);
    check_product(101, 259, 128, true, true);
    check_product(259, 101, 129, true, true);
}

/* Wide products by AVX-512 take the terms of a sum in their order, with one rounding each. */
static void wide_sums_in_order(void **state)
{
    enum { M = 19, N = 55, K = 37 };

    (void)state;
    fill_normal(before, M * N, 3);
    memcpy(c, before, M * N * sizeof *c);
    if (!bp_matmul_wide_at(M, N, K, a, M, b, N, c, N))
        skip();
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = before[i * N + j];
            for (int s = 0; s < K; s++)
                sum = fmaf(a[s * M + i], b[s * N + j], sum);
            assert_memory_equal(&c[i * N + j], &sum, sizeof sum);
        }
}

/* What a long sum is cut into follows the second cache, and the bytes do not. */
static void long_sums(void **state)
{
    enum { M = 300, N = 280, K = 290, PIECE = 145 };      /* pieces that are no wide products */
    static float other[M * N];

    (void)state;
    if (!bp_kernels_libxsmm())
        skip();
    bp_matmul_at(M, N, K, a, M, b, N, c, N, 0);
    for (int from = 0; from < K; from += PIECE)
        bp_matmul_at(M, N, K - from < PIECE ? K - from : PIECE, a + from * M, M, b + from * N, N, other, N, from > 0);
    assert_memory_equal(c, other, sizeof other);
    check_product(M - PAD, N, K, true, false);
}

/* Every size up to 9, where kernels have their edges. */
static void small_products(void **state)
{
    (void)state;
    for (int m = 1; m <= 9; m++)
        for (int n = 1; n <= 9; n++)
            for (int k = 1; k <= 9; k++)
                check_product(m, n, k, (m + n + k) & 1, k & 1);
}

/* The same shape gives the same bytes, and a row depends on its own row alone: silent lanes may hold anything. */
static void rows_are_apart(void **state)
{
    enum { M = 8, N = 36, K = 23 };
    static float changed[M * K], other[M * N];

    (void)state;
    bp_matmul(M, N, K, a, K, b, N, c, N, 0);
    memcpy(changed, a, sizeof changed);
    for (int s = 0; s < K; s++) {
        changed[2 * K + s] = NAN;
        changed[5 * K + s] = 1e30f;
    }
    bp_matmul(M, N, K, changed, K, b, N, other, N, 0);
    for (int i = 0; i < M; i++)
        if (i != 2 && i != 5)
            assert_memory_equal(c + i * N, other + i * N, N * sizeof(float));
    assert_true(isnan(other[2 * N]));
    bp_matmul(M, N, K, a, K, b, N, other, N, 0);
    assert_memory_equal(c, other, M * N * sizeof(float));
}

static void transposing(void **state)
{
    static const int sizes[][2] = {{1, 1}, {1, 9}, {16, 16}, {17, 3}, {33, 65}};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int rows = sizes[s][0], cols = sizes[s][1];
        bp_transpose(rows, cols, a, c, rows);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++)
                assert_true(c[j * rows + i] == a[i * cols + j]);
    }
}

/* With no inputs at all (a critic that sees the action alone) the sum is empty. */
static void an_empty_sum(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        c[i] = 5;
    bp_matmul(2, 3, 0, a, 0, b, 3, c, 3, 1);
    assert_true(c[0] == 5 && c[5] == 5);
    bp_matmul(2, 3, 0, a, 0, b, 3, c, 3, 0);
    for (int i = 0; i < 6; i++)
        assert_true(c[i] == 0);
    bp_matmul_at(0, 3, 2, a, 0, b, 3, c, 3, 1);        /* the gradient of no weights: nothing to do */
    assert_true(c[0] == 0);
    /* A single column goes another way. */
    c[0] = c[1] = 5;
    bp_matmul(2, 1, 0, a, 0, b, 1, c, 1, 1);
    bp_matmul_at(0, 1, 2, a, 0, b, 1, c, 1, 1);
    assert_true(c[0] == 5 && c[1] == 5);
    bp_matmul(2, 1, 0, a, 0, b, 1, c, 1, 0);
    assert_true(c[0] == 0 && c[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(wide_products),
        cmocka_unit_test(wide_sums_in_order),
        cmocka_unit_test(long_sums),
        cmocka_unit_test(small_products),
        cmocka_unit_test(rows_are_apart),
        cmocka_unit_test(transposing),
        cmocka_unit_test(an_empty_sum),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
