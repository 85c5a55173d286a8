#include "nn/linear.h"

#include "nn/math.h"
#include "nn/product.h"


struct linear {
    struct bp_node node;
    struct bp_tape *tape;
    struct bp_var *x, *base, *y;
    struct bp_weight w, b;
    enum bp_activation act;
};

/* elu(x) = x for x > 0, exp(x) - 1 below. */
static inline float elu(float x)
{
    float e = bp_exp(x) - 1.0f;

    return x > 0 ? x : e;
}

/* y = act(y + addend), for rows whose addends are `stride` floats apart: 0 repeats one row, a bias. */
static void add_and_activate(float *restrict y, const float *restrict addend, int stride, int rows, int cols, enum bp_activation act)
{
    for (int row = 0; row < rows; row++, y += cols, addend += stride)
        if (act == BP_ELU) {
#pragma omp simd
            for (int j = 0; j < cols; j++)
                y[j] = elu(y[j] + addend[j]);
        } else {
#pragma omp simd
            for (int j = 0; j < cols; j++)
                y[j] += addend[j];
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
    float *dy = bp_gradient(l->y);

    activate_back(dy, l->y->value, (size_t)n * (size_t)out, l->act);
    if (l->base && l->base->grad)
        add_to(bp_gradient(l->base), dy, (size_t)n * (size_t)out);
    if (l->b.grad)
        for (int row = 0; row < n; row++)
            add_to(l->b.grad, dy + (size_t)row * (size_t)out, (size_t)out);
    if (l->w.grad)
        bp_product_at(in, out, n, l->x->value, in, dy, out, l->w.grad, out, 1);
    if (l->x->grad) {
        float *transposed = bp_arena_floats(&l->tape->arena, (size_t)in * (size_t)out);
        int add;
        float *dx = bp_gradient_sink(l->x, &add);
        bp_transpose(in, out, l->w.value, transposed);
        bp_product(n, in, out, dy, out, transposed, in, dx, in, add);
    }
}

struct bp_var *bp_linear(struct bp_tape *tape, struct bp_var *x, struct bp_weight w, struct bp_weight b, struct bp_var *base,
                         int out, enum bp_activation act)
{
    int n = x->rows;
    bool differentiable = x->grad || w.grad || b.grad || (base && base->grad);
    struct bp_var *y = bp_var_new(tape, n, out, differentiable);

    bp_product(n, out, x->cols, x->value, x->cols, w.value, out, y->value, out, 0);
    add_and_activate(y->value, base ? base->value : b.value, base ? out : 0, n, out, act);
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

    activate_back(bp_gradient(a->y), a->y->value, n, a->act);
    add_to(bp_gradient(a->x), a->y->grad, n);
}

struct bp_var *bp_activate(struct bp_tape *tape, struct bp_var *x, enum bp_activation act)
{
    if (act == BP_IDENTITY)
        return x;
    struct bp_var *y = bp_var_new(tape, x->rows, x->cols, x->grad);
    for (size_t i = 0, n = (size_t)x->rows * (size_t)x->cols; i < n; i++)
        y->value[i] = elu(x->value[i]);
    if (y->grad) {
        struct activation *a = bp_node_new(tape, sizeof *a, activation_back);
        a->x = x;
        a->y = y;
        a->act = act;
    }
    return y;
}
