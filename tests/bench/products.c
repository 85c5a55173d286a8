/* Products of the shapes that updates are made of, and the rate of large ones, the limit. */
#include "bench.h"

#include "nn/matmul.h"

#include <cblas.h>

enum { LARGE = 4096 };

static void multiply(void *raw, int job)
{
    static float *a, *b;
    float *c = job < 0 ? NULL : ((float **)raw)[job];

    if (job < 0) {
        a = calloc((size_t)LARGE * LARGE, sizeof(float));
        b = calloc((size_t)LARGE * LARGE, sizeof(float));
        for (int i = 0; a && b && i < LARGE * LARGE; i++)
            a[i] = b[i] = 1e-3f;
        return;
    }
    if (!a || !b || !c)
        exit(1);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, LARGE, LARGE, LARGE, 1, a, LARGE, b, LARGE, 0, c, LARGE);
}

double sgemm_once(struct bp_pool *pool)
{
    enum { MOST = 8 };
    static float *c[MOST];
    int threads = bp_pool_threads(pool) < MOST ? bp_pool_threads(pool) : MOST;

    if (!c[0])
        multiply(c, -1);
    for (int i = 0; i < threads; i++)
        if (!c[i])
            c[i] = calloc((size_t)LARGE * LARGE, sizeof(float));
    double start = busy_seconds();
    if (bp_pool_run(pool, threads, multiply, c))
        exit(1);
    return 2e-9 * LARGE * LARGE * LARGE * threads * threads / (busy_seconds() - start);
}

struct product {
    int m, n, k;
    float *a, *b, *c;
};

static double product_work(void *raw)
{
    struct product *p = raw;

    bp_matmul(p->m, p->n, p->k, p->a, p->k, p->b, p->n, p->c, p->n, 0);
    return 2e-9 * p->m * p->n * p->k;
}

void bench_products(void)
{
    static const int shapes[][3] = {{8, 256, 64}, {328, 64, 64}, {328, 256, 64}, {176, 300, 400}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct product p = {.m = shapes[i][0], .n = shapes[i][1], .k = shapes[i][2]};
        char setting[64];
        p.a = calloc((size_t)p.m * (size_t)p.k, sizeof(float));
        p.b = calloc((size_t)p.k * (size_t)p.n, sizeof(float));
        p.c = calloc((size_t)p.m * (size_t)p.n, sizeof(float));
        snprintf(setting, sizeof setting, "%d x %d x %d", p.m, p.n, p.k);
        double rates[ROUNDS];
        for (int round = 0; p.a && p.b && p.c && round < ROUNDS; round++)
            rates[round] = busy_rate_once(product_work, &p, 0.07);
        if (p.a && p.b && p.c)
            print("product", setting, median(rates), "GFLOP/s");
        free(p.a);
        free(p.b);
        free(p.c);
    }
}

