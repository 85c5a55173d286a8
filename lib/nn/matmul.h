/*
 * Matrix products: all calls of the kernels go through here, libxsmm's where it was built in and may run (it is made for small matrices),
 * else OpenBLAS's. All matrices are row-major float32; products run on the calling thread, and equal shapes give equal bytes.
 */
#ifndef BP_NN_MATMUL_H
#define BP_NN_MATMUL_H

/* C (m x n) = A (m x k) B (k x n), or C += A B with add. lda, ldb, ldc: floats between rows. */
void bp_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add);

/* C (m x n) = or += A' B with A stored as (k x m). */
void bp_matmul_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add);

/*
 * dst (cols x rows, `ld` floats between its rows) = src' of src (rows x cols, dense). Products with a transposed right side go through it;
 * dst may be some columns of a larger matrix.
 */
void bp_transpose(int rows, int cols, const float *src, float *dst, int ld);

#endif
