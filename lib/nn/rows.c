#include "nn/rows.h"

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
        for (size_t j = 0, at = (size_t)t->index[i] * cols; j < cols; j++)
            dx[at + j] += dy[i * cols + j];
}

struct bp_var *bp_take_rows(struct bp_tape *tape, struct bp_var *x, const int *index, int n)
{
    struct bp_var *y = bp_var_new(tape, n, x->cols, x->grad != NULL);
    size_t cols = (size_t)x->cols;

    for (size_t i = 0; i < (size_t)n; i++)
        memcpy(y->value + i * cols, x->value + (size_t)index[i] * cols, cols * sizeof(float));
    if (y->grad) {
        struct taken *t = bp_node_new(tape, sizeof *t, take_back);
        t->x = x;
        t->y = y;
        t->index = index;
    }
    return y;
}
