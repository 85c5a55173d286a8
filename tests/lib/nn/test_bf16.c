#include "nn/bf16.h"

#include "../base/check.h"

#include <string.h>

enum { NUMBERS = 330 * 401, PAIRS = NUMBERS };

static float a[NUMBERS], b[NUMBERS], c[NUMBERS], before[NUMBERS];
static uint32_t left[PAIRS], right[PAIRS];

static float value(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float float_of(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- rounding ---- */

/* Between each two neighbours, the smallest too: the middle goes to the even one, a little less or more to the nearer. */
static void rounded_to_the_nearest(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x7f80; i++) {
        uint32_t low = i << 16, middle = low | 0x8000, even = i & 1 ? i + 1 : i;
        const uint32_t from[5] = {low, middle - 1, middle, middle + 1, low | 0xffff}, want[5] = {i, i, even, i + 1, i + 1};
        for (int j = 0; j < 5; j++) {
            assert_int_equal(bp_bf16_round(float_of(from[j])), want[j]);
            assert_int_equal(bp_bf16_round(float_of(from[j] | 0x80000000)), want[j] | 0x8000);
        }
    }
}

/* The largest floats round to infinity, and what is no number stays none however little of it would be left. */
static void beyond_the_range(void **state)
{
    static const uint32_t nans[] = {0x7f800001, 0x7f80ffff, 0x7f810000, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff};

    (void)state;
    assert_int_equal(bp_bf16_round(3.3895e38f), 0x7f7f);
    assert_int_equal(bp_bf16_round(3.4e38f), 0x7f80);
    assert_int_equal(bp_bf16_round(INFINITY), 0x7f80);
    assert_int_equal(bp_bf16_round(-INFINITY), 0xff80);
    assert_int_equal(bp_bf16_round(-0.0f), 0x8000);
    assert_int_equal(bp_bf16_round(float_of(1)), 0);                /* the smallest of all */
    assert_int_equal(bp_bf16_round(float_of(0x8001)), 1);
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        assert_true(isnan(value(bp_bf16_round(float_of(nans[i])))));
        assert_int_equal(bp_bf16_round(float_of(nans[i])) >> 15, nans[i] >> 31);
    }
}

/* ---- packing ---- */

/* The number at (i, j) of a packed left factor, (j, i) of a right one with n pairs in a row; behind the end there are zeros. */
static uint16_t in_left(const uint32_t *packed, int k, int i, int j)
{
    return (uint16_t)(packed[i * ((k + 1) / 2) + j / 2] >> 16 * (j & 1));
}

static uint16_t in_right(const uint32_t *packed, int n, int i, int j)
{
    return (uint16_t)(packed[i / 2 * n + j] >> 16 * (i & 1));
}

/* A and B as they are and as their transposes, number by number, with a canary behind the end. */
static void check_packing(int m, int k)
{
    size_t pairs = bp_bf16_pairs(m, k);

    for (int turned = 0; turned < 2; turned++) {
        left[pairs] = right[pairs] = 0xabcdef01;
        if (turned) {
            bp_bf16_left_transposed(m, k, a, left);
            bp_bf16_right_transposed(k, m, a, right);
        } else {
            bp_bf16_left(m, k, a, left);
            bp_bf16_right(k, m, a, right);
        }
        assert_true(left[pairs] == 0xabcdef01 && right[pairs] == 0xabcdef01);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < k + (k & 1); j++) {
                uint16_t as_left = j < k ? bp_bf16_round(a[turned ? j * m + i : i * k + j]) : 0;
                uint16_t as_right = j < k ? bp_bf16_round(a[turned ? i * k + j : j * m + i]) : 0;
                assert_int_equal(in_left(left, k, i, j), as_left);
                assert_int_equal(in_right(right, m, j, i), as_right);
            }
    }
}

static void packing(void **state)
{
    static const int sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {3, 5}, {16, 32}, {17, 33}, {15, 31}, {40, 47}, {64, 100}, {7, 330}};

    (void)state;
    fill_normal(a, NUMBERS, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_packing(sizes[i][0], sizes[i][1]);
}

/* Floats of all magnitudes, infinities and what is no number: vector code rounds as the one number does. */
static void packing_of_any_bits(void **state)
{
    uint32_t x = 1;

    (void)state;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 40 * 47; i++) {
            x = x * 1664525u + 1013904223u;
            a[i] = float_of((x ^ x >> 15) | (i % 7 ? 0 : 0x7f800000));
        }
        check_packing(40, 47);
    }
}

/* ---- products ---- */

/*
 * Against the triple loop in double: of the rounded factors within a few float32 roundings of the sum of the terms' sizes, and of the
 * factors themselves within 2^-7 of it, since each of the two was rounded by up to 2^-8.
 */
static void check_product(int m, int n, int k, int turned, int add)
{
    int size = m * n;

    fill_normal(before, size + 1, 3);
    memcpy(c, before, sizeof c);
    if (!add)
        c[0] = NAN;                         /* what is overwritten is not looked at */
    (turned ? bp_bf16_left_transposed : bp_bf16_left)(m, k, a, left);
    (turned ? bp_bf16_right_transposed : bp_bf16_right)(k, n, b, right);
    assert_int_equal(bp_bf16_matmul(m, n, k, left, right, c, add), 0);
    assert_true(c[size] == before[size]);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = add ? (double)before[i * n + j] : 0, exact = sum, sizes = fabs(sum);
            for (int s = 0; s < k; s++) {
                float x = a[turned ? s * m + i : i * k + s], y = b[turned ? j * k + s : s * n + j];
                sum += (double)value(bp_bf16_round(x)) * (double)value(bp_bf16_round(y));
                exact += (double)x * (double)y;
                sizes += fabs((double)x * (double)y);
            }
            assert_close(c[i * n + j], sum, 1e-6 * sizes);
            assert_close(c[i * n + j], exact, 0x1.02p-7 * sizes);
        }
}

static void need_kernels(void)
{
    if (bp_bf16_missing())
        skip();
    fill_normal(a, NUMBERS, 1);
    fill_normal(b, NUMBERS, 2);
}

static void small_products(void **state)
{
    (void)state;
    need_kernels();
    for (int m = 1; m <= 9; m++)
        for (int n = 1; n <= 18; n++)
            for (int k = 1; k <= 9; k++)
                check_product(m, n, k, (m + n + k) & 1, k & 2);
}

/* Of the presets and benchmarks: layers forward, back and their gradients; with odd sizes. */
static void products_of_networks(void **state)
{
    static const int sizes[][3] = {{24, 400, 60}, {20, 400, 63}, {27, 300, 400}, {81, 100, 200}, {328, 64, 20}, {328, 64, 64}, {16, 256, 64},
                                   {64, 256, 328}, {400, 300, 330}, {401, 60, 41}, {23, 129, 330}, {200, 2, 100}, {2, 200, 330}};

    (void)state;
    need_kernels();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int which = 0; which < 4; which++)
            check_product(sizes[i][0], sizes[i][1], sizes[i][2], which & 1, which & 2);
}

/* A row depends on its own row alone, and a diverged network is seen. */
static void rows_are_apart(void **state)
{
    enum { M = 8, N = 36, K = 23 };
    static float other[M * N];

    (void)state;
    need_kernels();
    bp_bf16_right(K, N, b, right);
    bp_bf16_left(M, K, a, left);
    assert_int_equal(bp_bf16_matmul(M, N, K, left, right, c, 0), 0);
    a[2 * K + 4] = NAN;
    a[5 * K] = INFINITY;
    bp_bf16_left(M, K, a, left);
    assert_int_equal(bp_bf16_matmul(M, N, K, left, right, other, 0), 0);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++)
            assert_true(i == 2 ? isnan(other[i * N + j]) : i == 5 ? isinf(other[i * N + j]) : other[i * N + j] == c[i * N + j]);
}

/* Without kernels and of nothing: said, and nothing is touched. */
static void no_product(void **state)
{
    (void)state;
    c[0] = 5;
    assert_int_equal(bp_bf16_matmul(0, 3, 2, left, right, c, 0), -1);
    assert_int_equal(bp_bf16_matmul(3, 0, 2, left, right, c, 0), -1);
    assert_int_equal(bp_bf16_matmul(3, 3, 0, left, right, c, 0), -1);
    if (bp_bf16_missing())
        assert_int_equal(bp_bf16_matmul(1, 1, 2, left, right, c, 0), -1);
    assert_true(c[0] == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_to_the_nearest),
        cmocka_unit_test(beyond_the_range),
        cmocka_unit_test(packing),
        cmocka_unit_test(packing_of_any_bits),
        cmocka_unit_test(small_products),
        cmocka_unit_test(products_of_networks),
        cmocka_unit_test(rows_are_apart),
        cmocka_unit_test(no_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
