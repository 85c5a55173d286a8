#include "nn/matmul.h"

#include "nn/kernels.h"

#include <cblas.h>
#include <string.h>

void bp_transpose(int rows, int cols, const float *src, float *dst, int ld)
{
    cblas_somatcopy(CblasRowMajor, CblasTrans, rows, cols, 1.0f, src, cols, dst, ld);
}

#ifdef BP_HAVE_LIBXSMM

#include <libxsmm.h>

/* libxsmm is column-major: it computes C' = B' A', which in memory is the same. */
static int kernel(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add, int flags)
{
    float one = 1, beta = add ? 1 : 0;
    libxsmm_smmfunction f = bp_kernels_libxsmm() ? libxsmm_smmdispatch(n, m, k, &ldb, &lda, &ldc, &one, &beta, &flags, NULL) : NULL;

    if (f)
        f(b, a, c);
    return f != NULL;
}

#define TRANSPOSED LIBXSMM_GEMM_FLAG_TRANS_B

#else

#define TRANSPOSED 0

static int kernel(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add, int flags)
{
    (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb, (void)c, (void)ldc, (void)add, (void)flags;
    return 0;
}

#endif

/* Kernels compute many columns side by side; a single one is done here. */
static void column(enum CBLAS_TRANSPOSE order, int rows, int cols, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    cblas_sgemv(CblasRowMajor, order, rows, cols, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

/* A sum of nothing; BLAS refuses rows of no numbers. */
static void nothing(int m, int n, float *c, int ldc, int add)
{
    for (int i = 0; i < m && !add; i++)
        memset(c + (size_t)i * (size_t)ldc, 0, (size_t)n * sizeof *c);
}

void bp_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    if (k == 0)
        nothing(m, n, c, ldc, add);
    else if (n == 1)
        column(CblasNoTrans, m, k, a, lda, b, ldb, c, ldc, add);
    else if (!kernel(m, n, k, a, lda, b, ldb, c, ldc, add, 0))
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_matmul_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    if (m == 0)
        return;
    if (n == 1)
        column(CblasTrans, k, m, a, lda, b, ldb, c, ldc, add);
    else if (!kernel(m, n, k, a, lda, b, ldb, c, ldc, add, TRANSPOSED))
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}
