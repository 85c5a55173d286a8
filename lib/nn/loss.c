#include "nn/loss.h"

struct unary {
    struct bp_node node;
    struct bp_var *x, *y;
    const float *constant;
};

static struct unary *record(struct bp_tape *tape, void (*backward)(struct bp_node *), struct bp_var *x, struct bp_var *y)
{
    struct unary *node = bp_node_new(tape, sizeof *node, backward);

    node->x = x;
    node->y = y;
    return node;
}

static void clip_back(struct bp_node *raw)
{
    struct unary *node = (struct unary *)raw;
    float *dx = bp_gradient(node->x), *dy = bp_gradient(node->y);
    int n = node->x->rows * node->x->cols;

    for (int i = 0; i < n; i++) {
        float a = node->x->value[i];
        if ((a <= 1.0f || dy[i] > 0) && (a >= -1.0f || dy[i] < 0))
            dx[i] += dy[i];
    }
}

struct bp_var *bp_clip_action(struct bp_tape *tape, struct bp_var *action)
{
    struct bp_var *y = bp_var_new(tape, action->rows, action->cols, action->grad);
    int n = action->rows * action->cols;

    for (int i = 0; i < n; i++) {
        float a = action->value[i];
        y->value[i] = a > 1.0f ? 1.0f : a < -1.0f ? -1.0f : a;
    }
    if (y->grad)
        record(tape, clip_back, action, y);
    return y;
}

static void squared_error_back(struct bp_node *raw)
{
    struct unary *node = (struct unary *)raw;

    float *dx = bp_gradient(node->x), *dy = bp_gradient(node->y);

    for (int i = 0; i < node->x->rows; i++)
        dx[i] += 2.0f * (node->x->value[i] - node->constant[i]) * dy[i];
}

struct bp_var *bp_squared_error(struct bp_tape *tape, struct bp_var *x, const float *constant)
{
    struct bp_var *y = bp_var_new(tape, x->rows, 1, x->grad);

    for (int i = 0; i < x->rows; i++) {
        float d = x->value[i] - constant[i];
        y->value[i] = d * d;
    }
    if (y->grad)
        record(tape, squared_error_back, x, y)->constant = constant;
    return y;
}

struct binary {
    struct bp_node node;
    struct bp_var *x, *y, *z;
};

static void minimum_back(struct bp_node *raw)
{
    struct binary *node = (struct binary *)raw;
    float *dz = bp_gradient(node->z), *dx = node->x->grad ? bp_gradient(node->x) : NULL, *dy = node->y->grad ? bp_gradient(node->y) : NULL;

    for (int i = 0; i < node->z->rows; i++) {
        float *d = node->x->value[i] <= node->y->value[i] ? dx : dy;
        if (d)
            d[i] += dz[i];
    }
}

struct bp_var *bp_minimum(struct bp_tape *tape, struct bp_var *x, struct bp_var *y)
{
    struct bp_var *z = bp_var_new(tape, x->rows, 1, x->grad || y->grad);

    for (int i = 0; i < x->rows; i++)
        z->value[i] = x->value[i] <= y->value[i] ? x->value[i] : y->value[i];
    if (z->grad) {
        struct binary *node = bp_node_new(tape, sizeof *node, minimum_back);
        *node = (struct binary){node->node, x, y, z};
    }
    return z;
}

double bp_add_loss(struct bp_var *x, float factor, const float *weight)
{
    float *dx = x->grad ? bp_gradient(x) : NULL;
    double sum = 0;

    for (int i = 0; i < x->rows; i++) {
        if (dx)
            dx[i] += factor * weight[i];
        sum += (double)factor * (double)weight[i] * (double)x->value[i];
    }
    return sum;
}
