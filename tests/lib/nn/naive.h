/* Layers written down once more, in double and as plainly as can be: what the fast ones are compared with. */
#ifndef BP_TESTS_NAIVE_H
#define BP_TESTS_NAIVE_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

static inline double naive_elu(double x)
{
    return x > 0 ? x : expm1(x);
}

static inline double naive_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* out[j] = sum_i x[i] w[i][j] + b[j] + before[j]; b and before may be NULL. */
static inline void naive_dense(const double *x, int in, const float *w, const float *b, const double *before, int width, double *y)
{
    for (int j = 0; j < width; j++) {
        y[j] = (b ? (double)b[j] : 0) + (before ? before[j] : 0);
        for (int i = 0; i < in; i++)
            y[j] += x[i] * (double)w[i * width + j];
    }
}

enum { NAIVE_WIDTH = 512 };

/* One step for one row: h and c (n each) move on; gates i, f, g, o. */
static inline void naive_lstm_step(const double *x, int in, const float *wx, const float *wh, const float *b, int n, double *h, double *c)
{
    double input[NAIVE_WIDTH], gate[NAIVE_WIDTH];

    naive_dense(x, in, wx, b, NULL, 4 * n, input);
    naive_dense(h, n, wh, NULL, input, 4 * n, gate);
    for (int j = 0; j < n; j++) {
        c[j] = naive_sigmoid(gate[n + j]) * c[j] + naive_sigmoid(gate[j]) * tanh(gate[2 * n + j]);
        h[j] = naive_sigmoid(gate[3 * n + j]) * tanh(c[j]);
    }
}

#endif
