#include "nn/columns.h"

#include <assert.h>
#include <string.h>

struct bp_var *bp_slice_columns(struct bp_tape *tape, const struct bp_var *x, int first, int cols)
{
    struct bp_var *y = bp_var_new(tape, x->rows, cols, false);

    assert(!x->grad && first + cols <= x->cols);
    for (size_t row = 0; row < (size_t)x->rows; row++)
        memcpy(y->value + row * (size_t)cols, x->value + row * (size_t)x->cols + first, (size_t)cols * sizeof(float));
    return y;
}

struct beside {
    struct bp_node node;
    struct bp_var *y;
    struct bp_var **parts;
    int count;
};

static void beside_back(struct bp_node *node)
{
    struct beside *b = (struct beside *)node;
    const float *dy = bp_gradient(b->y);

    for (int i = 0; i < b->count; dy += b->parts[i++]->cols) {
        struct bp_var *x = b->parts[i];
        if (!x->grad)
            continue;
        float *dx = bp_gradient(x);
        for (size_t row = 0, from = (size_t)b->y->cols, to = (size_t)x->cols; row < (size_t)x->rows; row++)
            for (size_t j = 0; j < to; j++)
                dx[row * to + j] += dy[row * from + j];
    }
}

struct bp_var *bp_concat(struct bp_tape *tape, struct bp_var *const *parts, int count)
{
    int rows = parts[0]->rows, cols = 0, at = 0;
    bool differentiable = false;

    for (int i = 0; i < count; i++) {
        assert(parts[i]->rows == rows);
        cols += parts[i]->cols;
        differentiable |= parts[i]->grad != NULL;
    }
    struct bp_var *y = bp_var_new(tape, rows, cols, differentiable);
    for (int i = 0; i < count; at += parts[i++]->cols)
        for (size_t row = 0, width = (size_t)parts[i]->cols; row < (size_t)rows; row++)
            memcpy(y->value + row * (size_t)cols + at, parts[i]->value + row * width, width * sizeof(float));
    if (y->grad) {
        struct beside *b = bp_node_new(tape, sizeof *b, beside_back);
        b->y = y;
        b->parts = bp_arena_take(&tape->arena, (size_t)count * sizeof *parts);
        memcpy(b->parts, parts, (size_t)count * sizeof *parts);
        b->count = count;
    }
    return y;
}
