/* BF16: forms and products, of this processor's kernels and of the models of all, which run everywhere. */
#include "nn/bf16.h"

#include "../base/check.h"
#include "bf16_model.h"

#include <string.h>

enum { NUMBERS = 704 * 416, PAIRS = NUMBERS };

static float a[NUMBERS], b[NUMBERS], c[NUMBERS], before[NUMBERS], other[NUMBERS];
static uint16_t rounded[NUMBERS], rounded_b[NUMBERS];
static uint32_t left[PAIRS], right[PAIRS], again[PAIRS];

static const struct bp_bf16_kernels *kernels[3];        /* the two models, and the processor's own or NULL */

static float float_of(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static int begin(void **state)
{
    (void)state;
    kernels[0] = &model_kernels[0];
    kernels[1] = &model_kernels[1];
    kernels[2] = bp_bf16_kernels();
    print_message("BF16 kernels here: %s; models of: vdpbf16ps, AMX\n", kernels[2] ? kernels[2]->name : "none");
    return 0;
}

/* ---- rounding ---- */

/* Between each two neighbours: the middle goes to the even one, a little less or more to the nearer. Denormal numbers are zero. */
static void rounded_to_the_nearest(void **state)
{
    (void)state;
    for (uint32_t i = 0x80; i < 0x7f80; i++) {
        uint32_t low = i << 16, middle = low | 0x8000, even = i & 1 ? i + 1 : i;
        const uint32_t from[5] = {low, middle - 1, middle, middle + 1, low | 0xffff}, want[5] = {i, i, even, i + 1, i + 1};
        for (int j = 0; j < 5; j++) {
            assert_int_equal(bp_bf16_round(float_of(from[j])), want[j]);
            assert_int_equal(bp_bf16_round(float_of(from[j] | 0x80000000)), want[j] | 0x8000);
        }
    }
    for (uint32_t bits = 0; bits < 0x00800000; bits += 0x7fff) {
        assert_int_equal(bp_bf16_round(float_of(bits)), 0);
        assert_int_equal(bp_bf16_round(float_of(bits | 0x80000000)), 0x8000);
    }
}

/* The largest floats round to infinity, and NaN stays NaN however little of it would be left. */
static void beyond_the_range(void **state)
{
    static const uint32_t nans[] = {0x7f800001, 0x7f80ffff, 0x7f810000, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff};

    (void)state;
    assert_int_equal(bp_bf16_round(3.3895e38f), 0x7f7f);
    assert_int_equal(bp_bf16_round(3.4e38f), 0x7f80);
    assert_int_equal(bp_bf16_round(INFINITY), 0x7f80);
    assert_int_equal(bp_bf16_round(-INFINITY), 0xff80);
    assert_int_equal(bp_bf16_round(-0.0f), 0x8000);
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        assert_true(isnan(model_value(bp_bf16_round(float_of(nans[i])))));
        assert_int_equal(bp_bf16_round(float_of(nans[i])) >> 15, nans[i] >> 31);
    }
}

/* ---- forms ---- */

/* Number (i, j) of a packed matrix of k rows. */
static uint16_t in_packed(const uint32_t *packed, int k, int i, int j)
{
    return (uint16_t)(packed[(size_t)(j / 16) * bp_bf16_block(k) + (size_t)(i / 2) * 16 + (size_t)(j % 16)] >> 16 * (i & 1));
}

/* The matrix (rows x cols) in all forms, number by number, zeros where they are due, and nothing after the end. */
static void check_forms(const struct bp_bf16_kernels *of, int rows, int cols)
{
    size_t stride = bp_bf16_stride(cols), numbers = (size_t)rows * stride;
    size_t pairs = bp_bf16_pairs(rows, cols), pairs_t = bp_bf16_pairs(cols, rows);

    rounded[numbers] = 0xabcd;
    left[pairs] = right[pairs_t] = again[pairs] = 0xabcdef01;
    of->round(rows, cols, a, (size_t)cols, rounded);
    of->pack(rows, cols, rounded, stride, left, bp_bf16_block(rows));
    of->pack_transposed(rows, cols, rounded, stride, right, bp_bf16_block(cols));
    of->left_transposed(rows, cols, rounded, again);
    assert_true(rounded[numbers] == 0xabcd && left[pairs] == 0xabcdef01 && right[pairs_t] == 0xabcdef01 && again[pairs] == 0xabcdef01);
    for (int i = 0; i < (rows + 31) / 32 * 32; i++)
        for (int j = 0; j < (cols + 31) / 32 * 32; j++) {
            uint16_t want = i < rows && j < cols ? bp_bf16_round(a[i * cols + j]) : 0;
            if (i < rows)
                assert_int_equal(rounded[(size_t)i * stride + (size_t)j], want);
            if (j < (cols + 15) / 16 * 16)
                assert_int_equal(in_packed(left, rows, i, j), want);
            if (i < (rows + 15) / 16 * 16)
                assert_int_equal(in_packed(right, cols, j, i), want);
        }
}

static void forms(void **state)
{
    static const int sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {3, 5}, {16, 32}, {17, 33}, {15, 31}, {40, 47}, {64, 100}, {7, 330}, {33, 16}, {70, 17}};

    (void)state;
    fill_normal(a, NUMBERS, 1);
    for (int which = 0; which < 3 && kernels[which]; which++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_forms(kernels[which], sizes[i][0], sizes[i][1]);
}

/* Floats of all magnitudes, denormal numbers, infinities and NaNs. */
static void forms_of_any_bits(void **state)
{
    uint32_t x = 1;

    (void)state;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 40 * 47; i++) {
            x = x * 1664525u + 1013904223u;
            a[i] = float_of(((x ^ x >> 15) & (i % 5 ? 0xffffffff : 0x807fffff)) | (i % 7 ? 0 : 0x7f800000));
        }
        for (int which = 0; which < 3 && kernels[which]; which++)
            check_forms(kernels[which], 40, 47);
    }
}

/* Weights packed some rows at a time, in any order, are those packed as a whole; neither form depends on whether the other is wanted. */
static void weights_by_rows(void **state)
{
    static const int sizes[][2] = {{60, 200}, {200, 100}, {400, 300}, {20, 256}, {33, 600}, {2, 3}, {64, 16}};

    (void)state;
    fill_normal(a, NUMBERS, 1);
    for (int which = 0; which < 3 && kernels[which]; which++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            int in = sizes[s][0], out = sizes[s][1];
            size_t pairs = bp_bf16_pairs(in, out), pairs_t = bp_bf16_pairs(out, in);
            bp_bf16_use(kernels[which]);
            kernels[which]->round(in, out, a, (size_t)out, rounded);
            memset(left, 0xff, sizeof left);
            memset(right, 0xff, sizeof right);
            for (int first = (in - 1) / 32 * 32; first >= 0; first -= 32)
                bp_bf16_pack_rows(in, out, first, in - first < 32 ? in - first : 32, a, s & 1 ? left : NULL, right);
            if (!(s & 1))
                bp_bf16_pack_rows(in, out, 0, in, a, left, NULL);
            kernels[which]->pack(in, out, rounded, bp_bf16_stride(out), again, bp_bf16_block(in));
            assert_memory_equal(left, again, pairs * sizeof *left);
            kernels[which]->pack_transposed(in, out, rounded, bp_bf16_stride(out), again, bp_bf16_block(out));
            assert_memory_equal(right, again, pairs_t * sizeof *right);
            assert_true(left[pairs] == 0xffffffff && right[pairs_t] == 0xffffffff);
        }
    bp_bf16_use(kernels[2]);
}

/* ---- products ---- */

/* c = or += a b by some kernels; with `at`, a comes as its transpose (k x m). */
static void multiply(const struct bp_bf16_kernels *by, int m, int n, int k, bool at, int add)
{
    memcpy(c, before, sizeof c);
    if (!add)
        c[0] = NAN;                         /* what is overwritten is not looked at */
    by->round(k, n, b, (size_t)n, rounded_b);
    by->pack(k, n, rounded_b, bp_bf16_stride(n), right, bp_bf16_block(k));
    if (at) {
        by->round(k, m, a, (size_t)m, rounded);
        by->left_transposed(k, m, rounded, left);
        by->matmul_at(m, n, k, left, right, c, add);
    } else {
        by->round(m, k, a, (size_t)k, rounded);
        by->matmul(m, n, k, rounded, right, c, add);
    }
}

/*
 * Against the triple loop in double: of the rounded factors within a few float32 roundings of the sum of the terms' sizes, and of the
 * factors themselves within 2^-7 of it, since each of the two was rounded by up to 2^-8.
 */
static void check_product(const struct bp_bf16_kernels *by, int m, int n, int k, bool at, int add)
{
    multiply(by, m, n, k, at, add);
    assert_true(c[m * n] == before[m * n]);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = add ? (double)before[i * n + j] : 0, exact = sum, sizes = fabs(sum);
            for (int s = 0; s < k; s++) {
                float x = a[at ? s * m + i : i * k + s], y = b[s * n + j];
                sum += (double)model_value(bp_bf16_round(x)) * (double)model_value(bp_bf16_round(y));
                exact += (double)x * (double)y;
                sizes += fabs((double)x * (double)y);
            }
            assert_close(c[i * n + j], sum, 1e-6 * sizes);
            assert_close(c[i * n + j], exact, 0x1.02p-7 * sizes);
        }
}

static void small_products(void **state)
{
    (void)state;
    fill_normal(a, NUMBERS, 1);
    fill_normal(b, NUMBERS, 2);
    fill_normal(before, NUMBERS, 3);
    for (int which = 0; which < 3 && kernels[which]; which++)
        for (int m = 1; m <= 18; m++)
            for (int n = 1; n <= 18; n += which == 1 ? 3 : 1)
                for (int k = 1; k <= 9; k++)
                    check_product(kernels[which], m, n, k, (m + n + k) & 1, k & 2);
}

/* Of the presets and benchmarks: layers forward, back and their gradients; odd sizes, and every way in which tiles and vectors end. */
static const int sizes[][3] = {{24, 400, 60}, {20, 400, 63}, {27, 300, 400}, {81, 100, 200}, {328, 64, 20}, {16, 256, 64}, {64, 256, 328}, {300, 61, 330},
                               {41, 60, 401}, {23, 129, 330}, {200, 2, 100}, {2, 200, 330}, {32, 32, 32}, {33, 33, 33}, {48, 48, 48}, {17, 31, 64},
                               {16, 16, 31}, {31, 17, 65}, {47, 49, 2}, {64, 64, 656}};

static void products_of_networks(void **state)
{
    (void)state;
    fill_normal(a, NUMBERS, 1);
    fill_normal(b, NUMBERS, 2);
    fill_normal(before, NUMBERS, 3);
    for (int k = 0; k < 3 && kernels[k]; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int which = 0; which < (k == 2 ? 4 : 1); which++)      /* models are slow */
                check_product(kernels[k], sizes[i][0], sizes[i][1], sizes[i][2], (which ^ (int)i) & 1, (which ^ (int)i) & 2);
}

/* The processor's products are its model's, bit by bit, of normal numbers and of numbers whose sums leave float32's range at both ends. */
static void as_the_manual_has_it(void **state)
{
    static const float scales[] = {1, 1e-18f, 1e-19f, 1e19f};

    (void)state;
    if (!kernels[2])
        skip();
    fill_normal(before, NUMBERS, 3);
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        fill_normal(a, NUMBERS, 1);
        fill_normal(b, NUMBERS, 2);
        for (int i = 0; i < NUMBERS; i++) {
            a[i] *= scales[s];
            b[i] *= scales[s];
            before[i] *= scales[s] * scales[s];
        }
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int which = 0; which < 4; which++) {
                int m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
                multiply(model_of(kernels[2]), m, n, k, which & 1, which & 2);
                memcpy(other, c, sizeof c);
                multiply(kernels[2], m, n, k, which & 1, which & 2);
                assert_memory_equal(c, other, (size_t)(m * n) * sizeof *c);
            }
    }
}

/* The gradient's product, whose factors are packed here: as by the kernels themselves, and the arena is given back. */
static void product_with_a_transpose(void **state)
{
    enum { M = 41, N = 37, K = 75 };
    struct bp_arena arena;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 1 << 20), 0);
    fill_normal(a, NUMBERS, 1);
    fill_normal(b, NUMBERS, 2);
    fill_normal(before, NUMBERS, 3);
    for (int which = 0; which < 3 && kernels[which]; which++) {
        bp_bf16_use(kernels[which]);
        multiply(kernels[which], M, N, K, true, 1);
        memcpy(other, before, sizeof other);
        bp_bf16_matmul_at(&arena, M, N, K, rounded, rounded_b, other);
        assert_memory_equal(c, other, M * N * sizeof *c);
        assert_int_equal(arena.used, 0);
    }
    bp_bf16_use(kernels[2]);
    bp_arena_free(&arena);
}

/* A row depends on its own row alone, wherever it stands and however many there are; and a diverged network is seen. */
static void rows_are_apart(void **state)
{
    enum { M = 40, N = 36, K = 23 };

    (void)state;
    for (int which = 0; which < 3 && kernels[which]; which++) {
        fill_normal(a, NUMBERS, 1);
        fill_normal(b, NUMBERS, 2);
        multiply(kernels[which], M, N, K, false, 0);
        memcpy(other, c, sizeof c);
        for (int first = 0; first < M; first += 3) {
            int rows = M - first < 5 ? M - first : 5;
            kernels[which]->matmul(rows, N, K, rounded + (size_t)first * bp_bf16_stride(K), right, c, 0);
            assert_memory_equal(c, other + first * N, (size_t)(rows * N) * sizeof *c);
        }
        a[2 * K + 4] = NAN;
        a[5 * K] = INFINITY;
        multiply(kernels[which], M, N, K, false, 0);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                assert_true(i == 2 ? isnan(c[i * N + j]) : i == 5 ? isinf(c[i * N + j]) : other[i * N + j] == c[i * N + j]);
    }
}

/* Tests can take the kernels away, and give them back. */
static void which_kernels(void **state)
{
    (void)state;
    assert_true((bp_bf16_missing() == NULL) == (kernels[2] != NULL));
    bp_bf16_use(NULL);
    assert_null(bp_bf16_kernels());
    assert_non_null(strstr(bp_bf16_missing(), "takes a processor"));
    bp_bf16_use(&model_kernels[1]);
    assert_null(bp_bf16_missing());
    bp_bf16_use(kernels[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_to_the_nearest),
        cmocka_unit_test(beyond_the_range),
        cmocka_unit_test(forms),
        cmocka_unit_test(forms_of_any_bits),
        cmocka_unit_test(weights_by_rows),
        cmocka_unit_test(small_products),
        cmocka_unit_test(products_of_networks),
        cmocka_unit_test(as_the_manual_has_it),
        cmocka_unit_test(product_with_a_transpose),
        cmocka_unit_test(rows_are_apart),
        cmocka_unit_test(which_kernels),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
