#include "nn/linear.h"

#include "nn/math.h"
#include "nn/product.h"

#include <string.h>

struct linear {
    struct bp_node node;
    struct bp_tape *tape;
    struct bp_var *x, *base, *y;
    struct bp_weight w, b;
    enum bp_activation act;
};

/* elu(x) = x for x > 0, exp(x) - 1 below. */
static void activate(float *y, const float *x, size_t n, enum bp_activation act)
{
    if (act == BP_IDENTITY) {
        if (y != x)
            memcpy(y, x, n * sizeof *y);
        return;
    }
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float e = bp_exp(x[i]) - 1.0f;
        y[i] = x[i] > 0 ? x[i] : e;
    }
}

/* elu'(x) = 1 for y > 0, y + 1 below; in place on dy. */
static void activate_back(float *restrict dy, const float *restrict y, size_t n, enum bp_activation act)
{
    if (act == BP_IDENTITY)
        return;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dy[i] *= y[i] > 0 ? 1.0f : y[i] + 1.0f;
}

static void add_to(float *restrict dst, const float *restrict src, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] += src[i];
}

static void linear_back(struct bp_node *node)
{
    struct linear *l = (struct linear *)node;
    int n = l->y->rows, in = l->x->cols, out = l->y->cols;
    float *dy = l->y->grad;

    activate_back(dy, l->y->value, (size_t)n * (size_t)out, l->act);
    if (l->base && l->base->grad)
        add_to(l->base->grad, dy, (size_t)n * (size_t)out);
    if (l->b.grad)
        for (int row = 0; row < n; row++)
            add_to(l->b.grad, dy + (size_t)row * (size_t)out, (size_t)out);
    if (l->w.grad)
        bp_product_at(in, out, n, l->x->value, in, dy, out, l->w.grad, out, 1);
    if (l->x->grad) {
        float *transposed = bp_arena_floats(&l->tape->arena, (size_t)in * (size_t)out);
        bp_transpose(in, out, l->w.value, transposed);
        bp_product(n, in, out, dy, out, transposed, in, l->x->grad, in, 1);
    }
}

struct bp_var *bp_linear(struct bp_tape *tape, struct bp_var *x, struct bp_weight w, struct bp_weight b, struct bp_var *base,
                         int out, enum bp_activation act)
{
    int n = x->rows;
    bool differentiable = x->grad || w.grad || b.grad || (base && base->grad);
    struct bp_var *y = bp_var_new(tape, n, out, differentiable);

    if (base)
        memcpy(y->value, base->value, (size_t)n * (size_t)out * sizeof(float));
    else if (b.value)
        for (int row = 0; row < n; row++)
            memcpy(y->value + (size_t)row * (size_t)out, b.value, (size_t)out * sizeof(float));
    bp_product(n, out, x->cols, x->value, x->cols, w.value, out, y->value, out, base || b.value);
    activate(y->value, y->value, (size_t)n * (size_t)out, act);
    if (y->grad) {
        struct linear *l = bp_node_new(tape, sizeof *l, linear_back);
        l->tape = tape;
        l->x = x;
        l->base = base;
        l->y = y;
        l->w = w;
        l->b = b;
        l->act = act;
    }
    return y;
}

struct activation {
    struct bp_node node;
    struct bp_var *x, *y;
    enum bp_activation act;
};

static void activation_back(struct bp_node *node)
{
    struct activation *a = (struct activation *)node;
    size_t n = (size_t)a->y->rows * (size_t)a->y->cols;

    activate_back(a->y->grad, a->y->value, n, a->act);
    add_to(a->x->grad, a->y->grad, n);
}

struct bp_var *bp_activate(struct bp_tape *tape, struct bp_var *x, enum bp_activation act)
{
    if (act == BP_IDENTITY)
        return x;
    struct bp_var *y = bp_var_new(tape, x->rows, x->cols, x->grad);
    activate(y->value, x->value, (size_t)x->rows * (size_t)x->cols, act);
    if (y->grad) {
        struct activation *a = bp_node_new(tape, sizeof *a, activation_back);
        a->x = x;
        a->y = y;
        a->act = act;
    }
    return y;
}
