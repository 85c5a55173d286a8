/*
 * Matrix products of BF16 numbers (float32 with 8 instead of 24 bits of precision) with float32 sums and results: two terms of a sum in one
 * instruction, where the processor has it. Kernels are libxsmm's. They want the two numbers that meet in an instruction side by side, so
 * that both factors are packed into pairs along the inner dimension; an odd one is filled up with a zero.
 */
#ifndef BP_NN_BF16_H
#define BP_NN_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why there are no such products here, as the end of a sentence; NULL: there are. */
const char *bp_bf16_missing(void);

/* The processor lacks the instructions: products come out the same up to the order of sums, but slower than those of float32. */
bool bp_bf16_emulated(void);

/* Rounded to the nearest, ties to even; what is no number stays none. */
uint16_t bp_bf16_round(float x);

/*
 * Pack a left factor A (m x k): m rows of ceil(k / 2) pairs, the one with the smaller index in the lower bits. Source and destination are
 * dense; the second takes A as its transpose (k x m).
 */
void bp_bf16_left(int m, int k, const float *a, uint32_t *dst);
void bp_bf16_left_transposed(int m, int k, const float *a, uint32_t *dst);

/* Pack a right factor B (k x n): ceil(k / 2) rows of n pairs; the second takes B as its transpose (n x k). */
void bp_bf16_right(int k, int n, const float *b, uint32_t *dst);
void bp_bf16_right_transposed(int k, int n, const float *b, uint32_t *dst);

/* Pairs of a packed factor of rows x cols, `cols` along the inner dimension. */
size_t bp_bf16_pairs(int rows, int cols);

/* C (m x n, dense) = A B, or += with add, of packed factors. 0, or -1 with C unchanged when there is no kernel for it. */
int bp_bf16_matmul(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add);

#endif
