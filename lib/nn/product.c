#include "nn/product.h"

#include <cblas.h>

/* Parallelism is ours, over shards and actors; BLAS must not start threads of its own. */
__attribute__((constructor)) static void one_thread(void)
{
    openblas_set_num_threads(1);
}

void bp_product(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_product_bt(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_product_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}
