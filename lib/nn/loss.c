#include "nn/loss.h"

#include <assert.h>

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

enum { MOST_TERMS = 4 };

struct weighted_sum {
    struct bp_node node;
    struct bp_var *x[MOST_TERMS], *z;
    const float *weight[MOST_TERMS];
    int count;
};

static void weighted_sum_back(struct bp_node *raw)
{
    struct weighted_sum *node = (struct weighted_sum *)raw;
    const float *dz = bp_gradient(node->z);

    for (int k = 0; k < node->count; k++) {
        float *dx = node->x[k]->grad ? bp_gradient(node->x[k]) : NULL;
        for (int i = 0; dx && i < node->z->rows; i++)
            dx[i] += node->weight[k] ? node->weight[k][i] * dz[i] : dz[i];
    }
}

struct bp_var *bp_weighted_sum(struct bp_tape *tape, struct bp_var *const *x, const float *const *weight, int count)
{
    struct weighted_sum local = {.count = count};
    bool differentiable = false;

    assert(count <= MOST_TERMS);
    for (int k = 0; k < count; k++) {
        local.x[k] = x[k];
        local.weight[k] = weight[k];
        differentiable |= x[k]->grad != NULL;
    }
    local.z = bp_var_new(tape, x[0]->rows, 1, differentiable);
    for (int i = 0; i < local.z->rows; i++) {
        float sum = 0;
        for (int k = 0; k < count; k++)
            sum += weight[k] ? weight[k][i] * x[k]->value[i] : x[k]->value[i];
        local.z->value[i] = sum;
    }
    if (local.z->grad) {
        struct weighted_sum *node = bp_node_new(tape, sizeof *node, weighted_sum_back);
        local.node = node->node;
        *node = local;
    }
    return local.z;
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
