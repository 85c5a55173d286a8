/*
 * BF16 by AVX-512: rounding, packing, and products by vdpbf16ps, which takes two terms of sixteen sums at once. Compiled for any
 * processor, called only where the instructions exist.
 */
#include "nn/bf16_private.h"

#if defined __x86_64__

#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define INLINE static inline __attribute__((always_inline)) AVX512

/* ---- rounding and packing ---- */

INLINE __m512i round_32(__m512 low, __m512 high)
{
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* A mask of the first n of 16. */
INLINE __mmask16 first_of_16(int n)
{
    return (__mmask16)(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}

AVX512 void bp_bf16_avx512_round(int rows, int cols, const float *src, size_t src_stride, uint16_t *dst)
{
    int whole = cols / 32 * 32;
    __mmask16 low = first_of_16(cols - whole), high = first_of_16(cols - whole - 16);

    for (int row = 0; row < rows; row++, src += src_stride, dst += bp_bf16_stride(cols)) {
        for (int j = 0; j < whole; j += 32)
            _mm512_storeu_si512(dst + j, round_32(_mm512_loadu_ps(src + j), _mm512_loadu_ps(src + j + 16)));
        if (low)
            _mm512_storeu_si512(dst + whole, round_32(_mm512_maskz_loadu_ps(low, src + whole), _mm512_maskz_loadu_ps(high, src + whole + 16)));
    }
}

/* The pairs of columns 0 ... 15 and of 16 ... 31 of two rows. */
INLINE __m512i first_pairs(__m512i even, __m512i odd)
{
    const __m512i order = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8,
                                           39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);

    return _mm512_permutex2var_epi16(even, order, odd);
}

INLINE __m512i last_pairs(__m512i even, __m512i odd)
{
    const __m512i order = _mm512_set_epi16(63, 31, 62, 30, 61, 29, 60, 28, 59, 27, 58, 26, 57, 25, 56, 24,
                                           55, 23, 54, 22, 53, 21, 52, 20, 51, 19, 50, 18, 49, 17, 48, 16);

    return _mm512_permutex2var_epi16(even, order, odd);
}

AVX512 void bp_bf16_avx512_pack(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block)
{
    int pairs = (int)(bp_bf16_block(rows) / BP_BF16_BLOCK);

    for (int p = 0; p < pairs; p++, src += 2 * src_stride)
        for (int j = 0; j < cols; j += 32) {
            __m512i even = 2 * p < rows ? _mm512_loadu_si512(src + j) : _mm512_setzero_si512();
            __m512i odd = 2 * p + 1 < rows ? _mm512_loadu_si512(src + src_stride + j) : _mm512_setzero_si512();
            uint32_t *to = dst + (size_t)(j / BP_BF16_BLOCK) * block + p * BP_BF16_BLOCK;
            _mm512_storeu_si512(to, first_pairs(even, odd));
            if (j + BP_BF16_BLOCK < cols)
                _mm512_storeu_si512(to + block, last_pairs(even, odd));
        }
}

/* 16 rows of 16 pairs, transposed into 16 x 16 at dst. */
INLINE void transpose(__m512i r[16], uint32_t *dst)
{
    __m512i t[16];

    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {       /* r[4 q + i]: of rows 4 q ... 4 q + 3 the columns i, 4 + i, 8 + i, 12 + i */
        __m512i a = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88), b = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
        __m512i c = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd), d = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
        _mm512_storeu_si512(dst + 16 * i, _mm512_shuffle_i32x4(a, b, 0x88));
        _mm512_storeu_si512(dst + 16 * (8 + i), _mm512_shuffle_i32x4(a, b, 0xdd));
        _mm512_storeu_si512(dst + 16 * (4 + i), _mm512_shuffle_i32x4(c, d, 0x88));
        _mm512_storeu_si512(dst + 16 * (12 + i), _mm512_shuffle_i32x4(c, d, 0xdd));
    }
}

AVX512 void bp_bf16_avx512_pack_transposed(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block)
{
    for (int i = 0; i < rows; i += BP_BF16_BLOCK, src += BP_BF16_BLOCK * src_stride, dst += block)
        for (int j = 0; j < cols; j += BP_BF16_STEP) {
            __m512i row[16];
            for (int r = 0; r < 16; r++)
                row[r] = i + r < rows ? _mm512_loadu_si512(src + (size_t)r * src_stride + j) : _mm512_setzero_si512();
            transpose(row, dst + j / BP_BF16_STEP * 256);
        }
}

AVX512 void bp_bf16_avx512_left_columns(int rows, int cols, const uint16_t *src, uint32_t *dst)
{
    bp_bf16_avx512_pack(rows, cols, src, bp_bf16_stride(cols), dst, bp_bf16_block(rows));
}

AVX512 void bp_bf16_avx512_left_tiles(int rows, int cols, const uint16_t *src, uint32_t *dst)
{
    bp_bf16_avx512_left_columns(rows, cols, src, dst);
    for (size_t tile = 0, tiles = bp_bf16_pairs(rows, cols) / 256; tile < tiles; tile++, dst += 256) {
        __m512i row[16];
        for (int r = 0; r < 16; r++)
            row[r] = _mm512_loadu_si512(dst + 16 * r);
        transpose(row, dst);
    }
}

/* ---- products ---- */

enum { ROWS = 8, VECTORS = 3 };     /* of a block of C in registers: 24 sums, 3 vectors of B, and one of A */

/* To be had soon, to be written: the lines of one row of a block of C; it may begin and end within a line. */
INLINE void fetch(const float *row, const int vectors)
{
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
        __builtin_prefetch(row + 16 * v, 1);
    __builtin_prefetch(row + 16 * vectors - 1, 1);
}

/*
 * `rows` x `vectors` vectors of C. A's pairs lie row_step and pair_step apart, B's blocks `block`; `last` masks the last vector. With each of the
 * first pairs a row of the block at `next` is fetched: C is often larger than what is multiplied. All callers pass constants for the first two.
 */
INLINE void block_of(const int rows, const int vectors, int pairs, const uint32_t *a, size_t row_step, const size_t pair_step, const uint32_t *b,
                     size_t block, float *c, size_t c_stride, __mmask16 last, int add, const float *next)
{
    __m512 sum[ROWS][VECTORS];

#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sum[i][v] = add ? _mm512_maskz_loadu_ps(v == vectors - 1 ? last : 0xffff, c + (size_t)i * c_stride + 16 * v) : _mm512_setzero_ps();
    for (int p = 0; p < pairs; p++, a += pair_step, b += BP_BF16_BLOCK) {
        __m512bh right[VECTORS];
        if (p < rows)
            fetch(next + (size_t)p * c_stride, vectors);
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            right[v] = (__m512bh)_mm512_loadu_si512(b + (size_t)v * block);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            __m512bh left = (__m512bh)_mm512_set1_epi32((int)a[(size_t)i * row_step]);
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                sum[i][v] = _mm512_dpbf16_ps(sum[i][v], left, right[v]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            _mm512_mask_storeu_ps(c + (size_t)i * c_stride + 16 * v, v == vectors - 1 ? last : 0xffff, sum[i][v]);
}

struct panel {
    int m, pairs;
    size_t row_step;
    const uint32_t *b;
    size_t block;
    float *c;
    size_t c_stride;
    __mmask16 last;
    int add;
    const float *after;         /* the next panel's first block */
};

#define CASE(rows, vectors) \
    case 10 * (rows) + (vectors): \
        block_of(rows, vectors, p->pairs, a, p->row_step, pair_step, p->b, p->block, p->c + (size_t)row * p->c_stride, p->c_stride, p->last, \
                 p->add, row + ROWS < p->m ? p->c + (size_t)(row + ROWS) * p->c_stride : p->after); \
        break;
#define CASES(rows) CASE(rows, 1) CASE(rows, 2) CASE(rows, 3)

INLINE void some_rows(const struct panel *p, int rows, int vectors, const uint32_t *a, const size_t pair_step, int row)
{
    switch (10 * rows + vectors) {
    CASES(1) CASES(2) CASES(3) CASES(4) CASES(5) CASES(6) CASES(7) CASES(8)
    }
}

/* A rounded: its rows are apart, its pairs side by side. */
AVX512 static void rows_of(const struct panel *p, int rows, int vectors, const uint32_t *a, int row)
{
    some_rows(p, rows, vectors, a, 1, row);
}

/* A packed by columns: the other way around. */
AVX512 static void columns_of(const struct panel *p, int rows, int vectors, const uint32_t *a, int row)
{
    some_rows(p, rows, vectors, a, BP_BF16_BLOCK, row);
}

/* Panels of C: as few as possible of at most 3 vectors each, of nearly equal width. */
AVX512 void bp_bf16_avx512_matmul(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add)
{
    int blocks = (n + BP_BF16_BLOCK - 1) / BP_BF16_BLOCK, panels = (blocks + VECTORS - 1) / VECTORS;
    size_t stride = bp_bf16_stride(k) / 2, block = bp_bf16_block(k);

    for (int i = 0, first = 0; i < panels; i++) {
        int vectors = (blocks - first) / (panels - i);
        struct panel p = {m, (k + 1) / 2, stride, b + (size_t)first * block, block, c + first * BP_BF16_BLOCK, (size_t)n,
                          first_of_16(n - (first + vectors - 1) * BP_BF16_BLOCK), add, i + 1 < panels ? c + (first + vectors) * BP_BF16_BLOCK : c};
        for (int row = 0; row < m; row += ROWS)
            rows_of(&p, m - row < ROWS ? m - row : ROWS, vectors, (const uint32_t *)a + (size_t)row * stride, row);
        first += vectors;
    }
}

AVX512 void bp_bf16_avx512_matmul_at(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    int blocks = (n + BP_BF16_BLOCK - 1) / BP_BF16_BLOCK, panels = (blocks + VECTORS - 1) / VECTORS;
    size_t block = bp_bf16_block(k);

    for (int i = 0, first = 0; i < panels; i++) {
        int vectors = (blocks - first) / (panels - i);
        struct panel p = {m, (k + 1) / 2, 1, b + (size_t)first * block, block, c + first * BP_BF16_BLOCK, (size_t)n,
                          first_of_16(n - (first + vectors - 1) * BP_BF16_BLOCK), add, i + 1 < panels ? c + (first + vectors) * BP_BF16_BLOCK : c};
        for (int row = 0; row < m; row += ROWS)
            columns_of(&p, m - row < ROWS ? m - row : ROWS, vectors, a + (size_t)(row / BP_BF16_BLOCK) * block + row % BP_BF16_BLOCK, row);
        first += vectors;
    }
}

#endif
