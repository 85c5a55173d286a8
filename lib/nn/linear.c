#include "nn/linear.h"

#include "nn/math.h"
#include "nn/weight.h"

enum {
    STRIP_FLOATS = 8192,            /* of an output that stays in the first cache until its activation */
    STRIP_ROWS = 24,                /* fewer at a time slow the products down */
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
    int n = l->y->rows, out = l->y->cols;
    float *dy = bp_gradient(l->y);
    struct bp_factor x = bp_weight_factor(l->tape, l->w, l->x), factor = {dy, NULL};
    uint16_t *rounded = bp_weight_bf16(l->w) ? bp_rounded_new(l->tape, n, out) : NULL;

    for (size_t row = 0, width = (size_t)out; row < (size_t)n; row++) {
        activate_back(dy + row * width, l->y->value + row * width, width, l->act);
        if (l->b.grad)
            add_to(l->b.grad, dy + row * width, width);
        if (rounded)
            bp_round_row(dy + row * width, out, rounded, (int)row);
    }
    if (l->base && l->base->grad)
        add_to(bp_gradient(l->base), dy, (size_t)n * (size_t)out);
    factor.rounded = rounded;
    bp_weight_gradient(l->tape, l->w, n, x, factor);
    if (l->x->grad) {
        int add;
        float *dx = bp_gradient_sink(l->x, &add);
        bp_weight_backward(l->tape, l->w, n, factor, dx, add);
    }
    if (rounded)
        bp_arena_give_back(&l->tape->arena, rounded);
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

    if (factor.rounded && bp_weight_packs(out, 2))
        y->rounded = bp_rounded_new(tape, y->rows, out);
    for (int row = 0; row < x->rows; row += most) {
        int rows = x->rows - row < most ? x->rows - row : most;
        float *strip = y->value + (size_t)row * (size_t)out;
        bp_weight_forward(w, rows, bp_factor_rows(factor, x->cols, row), strip, 0);
        add_and_activate(strip, addend + (size_t)row * (size_t)stride, stride, rows, out, act);
        for (int i = row; y->rounded && i < row + rows; i++)
            bp_round_row(y->value + (size_t)i * (size_t)out, out, y->rounded, i);
    }
}

struct bp_var *bp_linear(struct bp_tape *tape, struct bp_var *x, struct bp_weight w, struct bp_weight b, struct bp_var *base,
                         int out, enum bp_activation act)
{
    int n = x->rows;
    bool differentiable = x->grad || w.grad || b.grad || (base && base->grad);
    struct bp_var *y = bp_var_new(tape, n, out, differentiable);
    struct bp_matrix matrix = {w, x->cols, out};

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
        y->value[i] = bp_elu(x->value[i]);
    if (y->grad) {
        struct activation *a = bp_node_new(tape, sizeof *a, activation_back);
        a->x = x;
        a->y = y;
        a->act = act;
    }
    return y;
}
