#include "nn/rows.h"

#include <assert.h>
#include <string.h>

struct taken {
    struct bp_node node;
    struct bp_var *x, *y;
    const int *index;
};

static void take_back(struct bp_node *node)
{
    struct taken *t = (struct taken *)node;
    size_t cols = (size_t)t->x->cols;
    const float *dy = bp_gradient(t->y);
    float *dx = bp_gradient(t->x);

    for (size_t i = 0; i < (size_t)t->y->rows; i++)
        for (size_t j = 0; j < cols && t->index[i] >= 0; j++)
            dx[(size_t)t->index[i] * cols + j] += dy[i * cols + j];
}

struct bp_var *bp_take_rows(struct bp_tape *tape, struct bp_var *x, const int *index, int n)
{
    struct bp_var *y = bp_var_new(tape, n, x->cols, x->grad != NULL);
    size_t cols = (size_t)x->cols;

    for (size_t i = 0; i < (size_t)n; i++)
        if (index[i] >= 0)
            memcpy(y->value + i * cols, x->value + (size_t)index[i] * cols, cols * sizeof(float));
        else
            memset(y->value + i * cols, 0, cols * sizeof(float));
    if (y->grad) {
        struct taken *t = bp_node_new(tape, sizeof *t, take_back);
        t->x = x;
        t->y = y;
        t->index = index;
    }
    return y;
}

struct stacked {
    struct bp_node node;
    struct bp_var **parts, *y;
    int count;
};

static void stack_back(struct bp_node *node)
{
    struct stacked *s = (struct stacked *)node;
    const float *dy = bp_gradient(s->y);

    for (int k = 0; k < s->count; k++) {
        struct bp_var *x = s->parts[k];
        size_t n = (size_t)x->rows * (size_t)x->cols;
        float *dx = x->grad ? bp_gradient(x) : NULL;
        for (size_t i = 0; i < n && dx; i++)
            dx[i] += dy[i];
        dy += n;
    }
}

struct bp_var *bp_stack_rows(struct bp_tape *tape, struct bp_var *const *parts, int count)
{
    int rows = 0, cols = parts[0]->cols;
    bool differentiable = false;

    for (int k = 0; k < count; k++) {
        assert(parts[k]->cols == cols);
        rows += parts[k]->rows;
        differentiable |= parts[k]->grad != NULL;
    }
    struct bp_var *y = bp_var_new(tape, rows, cols, differentiable);
    float *to = y->value;
    for (int k = 0; k < count; k++) {
        size_t n = (size_t)parts[k]->rows * (size_t)cols;
        memcpy(to, parts[k]->value, n * sizeof *to);
        to += n;
    }
    if (y->grad) {
        struct stacked *s = bp_node_new(tape, sizeof *s, stack_back);
        s->y = y;
        s->parts = bp_arena_take(&tape->arena, (size_t)count * sizeof *parts);
        memcpy(s->parts, parts, (size_t)count * sizeof *parts);
        s->count = count;
    }
    return y;
}
