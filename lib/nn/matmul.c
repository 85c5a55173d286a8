#include "nn/matmul.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
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
    libxsmm_smmfunction f = libxsmm_smmdispatch(n, m, k, &ldb, &lda, &ldc, &one, &beta, &flags, NULL);

    if (f)
        f(b, a, c);
    return f != NULL;
}

#define TRANSPOSED LIBXSMM_GEMM_FLAG_TRANS_B

const char *bp_matmul_library(void)
{
    static char text[64];

    snprintf(text, sizeof text, "libxsmm %s", libxsmm_get_target_arch());
    return text;
}

#else

#define TRANSPOSED 0

static int kernel(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add, int flags)
{
    (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb, (void)c, (void)ldc, (void)add, (void)flags;
    return 0;
}

const char *bp_matmul_library(void)
{
    static char text[64];

    snprintf(text, sizeof text, "OpenBLAS %s", openblas_get_corename());
    return text;
}

#endif

/* OpenBLAS chooses its kernels by processor model, and takes a model younger than itself for one of 2004. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

__attribute__((constructor)) static void set_up_openblas(void)
{
    openblas_set_num_threads(1);        /* parallelism is ours, over shards and actors */
    if (getenv("OPENBLAS_CORETYPE") || strcmp(openblas_get_corename(), "Prescott") || !gotoblas_dynamic_init || !gotoblas_dynamic_quit)
        return;
    const char *core = __builtin_cpu_supports("avx512vl") ? "SkylakeX" : __builtin_cpu_supports("avx2") ? "Haswell" : NULL;
    if (!core)
        return;
    setenv("OPENBLAS_CORETYPE", core, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv("OPENBLAS_CORETYPE");
}

/* A single column is no work for kernels that compute many side by side. */
static void column(enum CBLAS_TRANSPOSE order, int rows, int cols, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    cblas_sgemv(CblasRowMajor, order, rows, cols, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    if (n == 1)
        column(CblasNoTrans, m, k, a, lda, b, ldb, c, ldc, add);
    else if (!kernel(m, n, k, a, lda, b, ldb, c, ldc, add, 0))
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}

void bp_matmul_at(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc, int add)
{
    if (n == 1)
        column(CblasTrans, k, m, a, lda, b, ldb, c, ldc, add);
    else if (!kernel(m, n, k, a, lda, b, ldb, c, ldc, add, TRANSPOSED))
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, add ? 1.0f : 0.0f, c, ldc);
}
