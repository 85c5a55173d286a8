/*
 * Matrix products of BF16 numbers (float32 with 8 instead of 24 bits of precision) with float32 sums and results, on processors whose
 * instructions make them faster than float32. A matrix comes in two forms:
 *
 *   rounded   rows x cols: its numbers in rows, each row filled up with zeros to bp_bf16_stride(cols) numbers. What produces a matrix
 *             writes this form beside its floats, row by row. A left factor.
 *   packed    k x n: a right factor. Blocks of 16 columns; in a block ceil(k / 32) * 16 rows of 16 pairs, each pair the numbers of two
 *             consecutive rows of the matrix, the first in the lower bits. Zeros fill up the last block and the last rows.
 *
 * Rounding is to the nearest, ties to even; denormal numbers become zero, as in the instructions, and NaN stays NaN. Equal shapes
 * give equal bytes on processors of one kind; a row of a result depends on its row of the left factor alone.
 */
#ifndef BP_NN_BF16_H
#define BP_NN_BF16_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

enum { BP_BF16_BLOCK = 16, BP_BF16_STEP = 32 };     /* columns of a packed block; rows and columns are filled up to multiples of STEP */

/*
 * The operations that processors differ in. All matrices are as above; C is dense. The table is chosen once, by what the processor is and
 * never by a measurement, so that the bytes of a run do not depend on the load of the machine.
 */
struct bp_bf16_kernels {
    const char *name;
    int rows;           /* that a product computes together: with fewer the kernels idle */

    /* dst, rounded, from rows of floats, src_stride between them. */
    void (*round)(int rows, int cols, const float *src, size_t src_stride, uint16_t *dst);

    /*
     * dst, packed (k = rows, n = cols), or the packed transpose (k = cols, n = rows), of the rounded matrix. src_stride numbers lie between
     * its rows, and `block` pairs between the blocks of dst, which may be those of a larger matrix.
     */
    void (*pack)(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block);
    void (*pack_transposed)(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block);

    /* The transpose of the rounded matrix as a left factor for matmul_at: as long as the packed matrix, in an order of the kernels' own. */
    void (*left_transposed)(int rows, int cols, const uint16_t *src, uint32_t *dst);

    /* C (m x n) = A B, or += with add: A rounded (m x k), B packed (k x n). */
    void (*matmul)(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add);

    /* The same, A (m x k) from left_transposed. */
    void (*matmul_at)(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add);
};

/* The kernels for this processor, or NULL if there are none. The first call chooses, before there are threads. */
const struct bp_bf16_kernels *bp_bf16_kernels(void);

/* Use other kernels from now on (NULL: none); for tests. */
void bp_bf16_use(const struct bp_bf16_kernels *kernels);

/* The reason why there are no such products here, phrased to end a sentence; NULL if there are. */
const char *bp_bf16_missing(void);

/* One number, there and back. */
uint16_t bp_bf16_round(float x);

static inline float bp_bf16_value(uint16_t number)
{
    union { uint32_t bits; float x; } value = {(uint32_t)number << 16};

    return value.x;
}

/* Numbers from row to row of a rounded matrix. */
size_t bp_bf16_stride(int cols);

/* Pairs of a block of a packed matrix of k rows, and of the whole (k x n). */
size_t bp_bf16_block(int k);
size_t bp_bf16_pairs(int k, int n);

/*
 * Rows first ... first + rows - 1 of W (in x out), packed into W's form and into that of its transpose; a form that is NULL is not wanted.
 * `first` is a multiple of BP_BF16_STEP, so that calls for different rows write to different places.
 */
void bp_bf16_pack_rows(int in, int out, int first, int rows, const float *w, uint32_t *packed, uint32_t *transposed);

/* C (m x n) += A' B for A (k x m) and B (k x n), both rounded. */
void bp_bf16_matmul_at(struct bp_arena *arena, int m, int n, int k, const uint16_t *a, const uint16_t *b, float *c);

#endif
