#include "nn/linear.h"

#include "nn/bf16.h"
#include "nn/math.h"
#include "nn/weight.h"

#include <assert.h>
#include <string.h>

enum {
    STRIP_FLOATS = 8192,            /* of an output that stays in the first cache until its activation */
    STRIP_ROWS = 24,                /* fewer rows at a time slow the products down */
    ROUNDED_ROWS = 8,               /* of gradients that are rounded together */
};

struct linear {
    struct bp_node node;
    struct bp_tape *tape;
    struct bp_var *x, *base, *y;
    struct bp_matrix w;
    struct bp_weight b;
    enum bp_activation act;
};

/* y = act(y + addend), for rows whose addends are `stride` floats apart: 0 repeats one row, a bias. */
static void add_and_activate(float *restrict y, const float *restrict addend, int stride, int rows, int cols, enum bp_activation act)
{
    for (int row = 0; row < rows; row++, y += cols, addend += stride)
        if (act == BP_ELU) {
#pragma omp simd
            for (int j = 0; j < cols; j++)
                y[j] = bp_elu(y[j] + addend[j]);
        } else {
#pragma omp simd
            for (int j = 0; j < cols; j++)
                y[j] += addend[j];
        }
}

/* elu'(x) = 1 for y > 0, y + 1 below. */
static void activate_back(float *dx, const float *dy, const float *restrict y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * (y[i] > 0 ? 1.0f : y[i] + 1.0f);
}

/* The same of y rounded: elu' is then within 2^-9. */
static void activate_back_rounded(float *restrict dx, const float *restrict dy, const uint16_t *restrict y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float value = bp_bf16_value(y[i]);
        dx[i] = dy[i] * (value > 0 ? 1.0f : value + 1.0f);
    }
}

static void add_to(float *restrict dst, const float *restrict src, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] += src[i];
}

/* The gradient of a row before its activation, where there is one. */
static void row_back(const struct linear *l, size_t row, const float *dy, float *dx)
{
    size_t width = (size_t)l->y->cols;

    if (l->act == BP_IDENTITY)
        return;
    if (l->y->value)
        activate_back(dx, dy, l->y->value + row * width, width);
    else
        activate_back_rounded(dx, dy, l->y->rounded + row * bp_bf16_stride(l->y->cols), width);
}

/* One row's gradient before the activation, to bias and base (NULL: none). */
static void share_row(const struct linear *l, const float *dx, float *base, int add)
{
    size_t width = (size_t)l->y->cols;

    if (l->b.grad)
        add_to(l->b.grad, dx, width);
    if (base && add)
        add_to(base, dx, width);
    else if (base)
        memcpy(base, dx, width * sizeof *dx);
}

/*
 * The gradients of all rows before the activation, to bias and base; and as a factor for the products: in the place of dy, or rounded by way
 * of `room`, when floats are written nowhere.
 */
static struct bp_factor rows_back(struct linear *l, float *dy, uint16_t *rounded, float *room)
{
    int rows = l->y->rows, add = 1;
    size_t width = (size_t)l->y->cols;
    float *base = l->base && l->base->grad ? bp_gradient_sink(l->base, &add) : NULL;

    for (int first = 0; first < rows; first += ROUNDED_ROWS) {
        int end = first + ROUNDED_ROWS < rows ? first + ROUNDED_ROWS : rows;
        float *from = dy + (size_t)first * width, *to = rounded && l->act != BP_IDENTITY ? room : from;
        for (int row = first; row < end; row++) {
            size_t at = (size_t)(row - first) * width;
            row_back(l, (size_t)row, from + at, to + at);
            share_row(l, to + at, base ? base + (size_t)row * width : NULL, add);
        }
        if (rounded)
            bp_round_rows(to, end - first, l->y->cols, rounded, first);
    }
    return (struct bp_factor){dy, rounded};
}

static void linear_back(struct bp_node *node)
{
    struct linear *l = (struct linear *)node;
    int n = l->y->rows, out = l->y->cols;
    float *dy = bp_gradient(l->y), *room = bp_arena_floats(&l->tape->arena, ROUNDED_ROWS * (size_t)out);
    struct bp_factor x = bp_weight_factor(l->tape, l->w, l->x);
    struct bp_factor factor = rows_back(l, dy, bp_weight_bf16(l->w) ? bp_rounded_new(l->tape, n, out) : NULL, room);

    bp_weight_gradient(l->tape, l->w, n, x, factor);
    if (l->x->grad) {
        int add;
        float *dx = bp_gradient_sink(l->x, &add);
        bp_weight_backward(l->tape, l->w, n, factor, dx, add);
    }
    bp_arena_give_back(&l->tape->arena, room);
}

/* Rows of an output of `out` columns that are computed together: a multiple of what the products take at once. */
static int strip_rows(struct bp_matrix w)
{
    int step = bp_weight_rows(w), rows = STRIP_FLOATS / w.out / step * step, least = (STRIP_ROWS + step - 1) / step * step;

    return rows > least ? rows : least;
}

/* y = act(x W + addend) strip by strip; rounded for the next layer's product while it is in the first cache. */
static void forward(struct bp_tape *tape, struct bp_var *x, struct bp_matrix w, const float *addend, int stride, struct bp_var *y,
                    enum bp_activation act)
{
    struct bp_factor factor = bp_weight_factor(tape, w, x);
    int most = strip_rows(w), out = y->cols;
    float *room = y->value ? NULL : bp_arena_floats(&tape->arena, (size_t)most * (size_t)out);

    for (int row = 0; row < x->rows; row += most) {
        int rows = x->rows - row < most ? x->rows - row : most;
        float *strip = room ? room : y->value + (size_t)row * (size_t)out;
        bp_weight_forward(w, rows, bp_factor_rows(factor, x->cols, row), strip, 0);
        add_and_activate(strip, addend + (size_t)row * (size_t)stride, stride, rows, out, act);
        if (y->rounded)
            bp_round_rows(strip, rows, out, y->rounded, row);
    }
    if (room)
        bp_arena_give_back(&tape->arena, room);
}

struct bp_var *bp_linear(struct bp_tape *tape, struct bp_var *x, struct bp_weight w, struct bp_weight b, struct bp_var *base,
                         int out, enum bp_activation act, enum bp_keep keep)
{
    int n = x->rows;
    bool differentiable = x->grad || w.grad || b.grad || (base && base->grad);
    struct bp_matrix matrix = {w, x->cols, out};
    bool rounded = keep == BP_KEEP_ROUNDED && bp_weight_bf16(matrix);
    struct bp_var *y = rounded ? bp_var_rounded(tape, n, out, differentiable) : bp_var_new(tape, n, out, differentiable);

    forward(tape, x, matrix, base ? base->value : b.value, base ? out : 0, y, act);
    if (y->grad) {
        struct linear *l = bp_node_new(tape, sizeof *l, linear_back);
        l->tape = tape;
        l->x = x;
        l->base = base;
        l->y = y;
        l->w = matrix;
        l->b = b;
        l->act = act;
    }
    return y;
}

struct activation {
    struct bp_node node;
    struct bp_var *x, *y;
};

static void activation_back(struct bp_node *node)
{
    struct activation *a = (struct activation *)node;
    size_t n = (size_t)a->y->rows * (size_t)a->y->cols;

    float *dy = bp_gradient(a->y);

    activate_back(dy, dy, a->y->value, n);
    add_to(bp_gradient(a->x), dy, n);
}

struct bp_var *bp_activate(struct bp_tape *tape, struct bp_var *x, enum bp_activation act)
{
    if (act == BP_IDENTITY)
        return x;
    struct bp_var *y = bp_var_new(tape, x->rows, x->cols, x->grad);
    for (size_t i = 0, n = (size_t)x->rows * (size_t)x->cols; i < n; i++)
        y->value[i] = bp_elu(x->value[i]);
    if (y->grad) {
        struct activation *a = bp_node_new(tape, sizeof *a, activation_back);
        a->x = x;
        a->y = y;
    }
    return y;
}

struct sum {
    struct bp_node node;
    struct bp_var *term[2], *z;
};

static void sum_back(struct bp_node *node)
{
    struct sum *s = (struct sum *)node;
    size_t n = (size_t)s->z->rows * (size_t)s->z->cols;
    const float *dz = bp_gradient(s->z);

    for (int i = 0; i < 2; i++)
        if (s->term[i]->grad)
            add_to(bp_gradient(s->term[i]), dz, n);
}

struct bp_var *bp_add(struct bp_tape *tape, struct bp_var *x, struct bp_var *y)
{
    struct bp_var *z = bp_var_new(tape, x->rows, x->cols, x->grad || y->grad);

    assert(x->rows == y->rows && x->cols == y->cols);
    for (size_t i = 0, n = (size_t)x->rows * (size_t)x->cols; i < n; i++)
        z->value[i] = x->value[i] + y->value[i];
    if (z->grad) {
        struct sum *s = bp_node_new(tape, sizeof *s, sum_back);
        *s = (struct sum){s->node, {x, y}, z};
    }
    return z;
}

struct scaled {
    struct bp_node node;
    struct bp_var *x, *y;
    float factor;
};

static void scaled_back(struct bp_node *node)
{
    struct scaled *s = (struct scaled *)node;
    const float *dy = bp_gradient(s->y);
    float *dx = bp_gradient(s->x);

    for (size_t i = 0, n = (size_t)s->x->rows * (size_t)s->x->cols; i < n; i++)
        dx[i] += s->factor * dy[i];
}

struct bp_var *bp_scale(struct bp_tape *tape, struct bp_var *x, float factor)
{
    struct bp_var *y = bp_var_new(tape, x->rows, x->cols, x->grad != NULL);

    for (size_t i = 0, n = (size_t)x->rows * (size_t)x->cols; i < n; i++)
        y->value[i] = factor * x->value[i];
    if (y->grad) {
        struct scaled *s = bp_node_new(tape, sizeof *s, scaled_back);
        *s = (struct scaled){s->node, x, y, factor};
    }
    return y;
}
