#include "nn/matmul.h"

#include "nn/kernels.h"
#include "nn/matmul_wide.h"

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

enum { WIDE_SUMS = 10000, WIDE_TERMS = 128 };    /* more than that many sums, of at most that many terms: the sums are what takes time */

/*
 * Terms of A' B that kernels take at a time, so that those of all sums stay in the second cache. A sum goes on from where it was stored, so that
 * the bytes do not depend on it. OpenBLAS sees to its caches itself.
 */
static int terms_together(int m, int n, int k)
{
    size_t most = bp_kernels_second_cache() / 3 / sizeof(float) / (size_t)(m + n) / 8 * 8;

    return !bp_kernels_libxsmm() || most >= (size_t)k ? k : most > 64 ? (int)most : 64;
}

static void terms(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    if (!kernel(m, n, k, a, lda, b, ldb, c, ldc, add, TRANSPOSED))
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_matmul_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    int most;

    if (m == 0)
        return;
    if (n == 1)
        column(CblasTrans, k, m, a, lda, b, ldb, c, ldc, add);
    else if (k == 0)
        nothing(m, n, c, ldc, add);
    else if (!add || m * n <= WIDE_SUMS || k > WIDE_TERMS || !bp_matmul_wide_at(m, n, k, a, lda, b, ldb, c, ldc))
        for (most = terms_together(m, n, k); k > 0; k -= most, a += (size_t)most * (size_t)lda, b += (size_t)most * (size_t)ldb, add = 1)
            terms(m, n, k < most ? k : most, a, lda, b, ldb, c, ldc, add);
}
