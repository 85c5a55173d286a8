/* Matrix products: the one door to BLAS. All matrices are row-major float32, and products run on the calling thread. */
#ifndef BP_NN_PRODUCT_H
#define BP_NN_PRODUCT_H

/* C (m x n) = A (m x k) B (k x n), or C += A B with add. lda, ldb, ldc: floats between rows. */
void bp_product(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add);

/* C (m x n) = or += A (m x k) B' with B stored as (n x k). */
void bp_product_bt(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add);

/* C (m x n) = or += A' B with A stored as (k x m). */
void bp_product_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add);

#endif
