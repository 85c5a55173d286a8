/* Gradients of wide layers: products whose result is much larger than what is summed for it, and lies in no near cache. */
#ifndef BP_NN_MATMUL_WIDE_H
#define BP_NN_MATMUL_WIDE_H

#include <stdbool.h>

/*
 * C (m x n) += A' B as bp_matmul_at. It is for few terms (k) and many sums: what the next block of C wants is fetched while the present one is
 * computed, which libraries' kernels do not do. False, with C unchanged, where the processor has no AVX-512. Each sum takes its terms in their
 * order, one rounding each.
 */
bool bp_matmul_wide_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc);

#endif
