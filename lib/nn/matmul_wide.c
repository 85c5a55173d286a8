#include "nn/matmul_wide.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <stddef.h>

#define AVX512 __attribute__((target("avx512f")))
#define INLINE static inline __attribute__((always_inline)) AVX512

enum { ROWS = 8, VECTORS = 3, WIDTH = 16 };     /* of a block of C in registers: 24 sums, 3 vectors of B, and one of A */

/* k terms of a block: A's and B's rows are lda and ldb apart, C's ldc. */
struct terms {
    int k;
    size_t lda, ldb, ldc;
    __mmask16 last;             /* of the block's last vector */
};

/* To be had soon, to be written: the lines of one row of a block; it may begin and end within a line. */
INLINE void fetch(const float *row, const int vectors)
{
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
        __builtin_prefetch(row + WIDTH * v, 1);
    __builtin_prefetch(row + WIDTH * vectors - 1, 1);
}

/* `rows` x `vectors` vectors of C; with each of the first terms a row of the block at `next` is fetched. All callers pass constants for the first two. */
INLINE void block_of(const int rows, const int vectors, const struct terms *t, const float *a, const float *b, float *c, const float *next)
{
    __m512 sum[ROWS][VECTORS];

#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sum[i][v] = _mm512_maskz_loadu_ps(v == vectors - 1 ? t->last : 0xffff, c + (size_t)i * t->ldc + WIDTH * v);
    for (int p = 0; p < t->k; p++, a += t->lda, b += t->ldb) {
        __m512 right[VECTORS];
        if (p < rows)
            fetch(next + (size_t)p * t->ldc, vectors);
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            right[v] = _mm512_maskz_loadu_ps(v == vectors - 1 ? t->last : 0xffff, b + WIDTH * v);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            __m512 left = _mm512_set1_ps(a[i]);
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                sum[i][v] = _mm512_fmadd_ps(left, right[v], sum[i][v]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            _mm512_mask_storeu_ps(c + (size_t)i * t->ldc + WIDTH * v, v == vectors - 1 ? t->last : 0xffff, sum[i][v]);
}

#define CASE(rows, vectors) case 10 * (rows) + (vectors): block_of(rows, vectors, t, a, b, c, next); break;
#define CASES(rows) CASE(rows, 1) CASE(rows, 2) CASE(rows, 3)

AVX512 static void some_rows(int rows, int vectors, const struct terms *t, const float *a, const float *b, float *c, const float *next)
{
    switch (10 * rows + vectors) {
    CASES(1) CASES(2) CASES(3) CASES(4) CASES(5) CASES(6) CASES(7) CASES(8)
    }
}

/* Panels of C: as few as possible of at most 3 vectors each, of nearly equal width. */
static void panels(int m, int n, struct terms *t, const float *a, const float *b, float *c)
{
    int vectors_in_all = (n + WIDTH - 1) / WIDTH, count = (vectors_in_all + VECTORS - 1) / VECTORS;

    for (int i = 0, first = 0, vectors; i < count; i++, first += vectors) {
        vectors = (vectors_in_all - first) / (count - i);
        int left = n - (first + vectors - 1) * WIDTH;
        t->last = (__mmask16)(left >= WIDTH ? 0xffff : (1 << left) - 1);
        float *panel = c + first * WIDTH, *after = i + 1 < count ? panel + vectors * WIDTH : c;
        for (int row = 0; row < m; row += ROWS)
            some_rows(m - row < ROWS ? m - row : ROWS, vectors, t, a + row, b + first * WIDTH, panel + (size_t)row * t->ldc,
                      row + ROWS < m ? panel + (size_t)(row + ROWS) * t->ldc : after);
    }
}

bool bp_matmul_wide_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc)
{
    struct terms t = {k, (size_t)lda, (size_t)ldb, (size_t)ldc, 0};

    if (!__builtin_cpu_supports("avx512f"))
        return false;
    panels(m, n, &t, a, b, c);
    return true;
}

#else

bool bp_matmul_wide_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc)
{
    (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb, (void)c, (void)ldc;
    return false;
}

#endif
