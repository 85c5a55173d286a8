#include "nn/choice.h"

#include "nn/math.h"

#include <assert.h>

struct node {
    struct bp_node node;
    struct bp_var *x, *p, *y;
    const float *before;
};

static struct node *record(struct bp_tape *tape, void (*back)(struct bp_node *), struct bp_var *x, struct bp_var *p, struct bp_var *y)
{
    struct node *node = bp_node_new(tape, sizeof *node, back);

    node->x = x;
    node->p = p;
    node->y = y;
    return node;
}

static void sigmoid_back(struct bp_node *raw)
{
    struct node *node = (struct node *)raw;
    const float *dy = bp_gradient(node->y), *y = node->y->value;
    float *dx = bp_gradient(node->x);

    for (int i = 0; i < node->y->rows * node->y->cols; i++)
        dx[i] += dy[i] * y[i] * (1 - y[i]);
}

struct bp_var *bp_probability(struct bp_tape *tape, struct bp_var *u)
{
    struct bp_var *y = bp_var_new(tape, u->rows, u->cols, u->grad != NULL);

    for (int i = 0; i < u->rows * u->cols; i++)
        y->value[i] = bp_sigmoid(u->value[i]);
    if (y->grad)
        record(tape, sigmoid_back, u, NULL, y);
    return y;
}

static bool is_held(const float *before, int choices)
{
    for (int k = 0; k < choices; k++)
        if (before[k] != 0)
            return true;
    return false;
}

/* x: log_p, p: end */
static void end_or_hold_back(struct bp_node *raw)
{
    struct node *node = (struct node *)raw;
    int choices = node->y->cols;
    const float *dy = bp_gradient(node->y);
    float *d_log_p = node->x->grad ? bp_gradient(node->x) : NULL, *d_end = node->p->grad ? bp_gradient(node->p) : NULL;

    for (int i = 0; i < node->y->rows; i++) {
        const float *before = node->before + (size_t)i * (size_t)choices;
        bool held = is_held(before, choices);
        float end = held ? node->p->value[i] : 1;
        for (int k = 0; k < choices; k++) {
            size_t at = (size_t)i * (size_t)choices + (size_t)k;
            float anew = bp_exp(node->x->value[at]);
            if (d_log_p)
                d_log_p[at] += dy[at] * end * anew;
            if (d_end && held)
                d_end[i] += dy[at] * (anew - before[k]);
        }
    }
}

struct bp_var *bp_end_or_hold(struct bp_tape *tape, struct bp_var *log_p, struct bp_var *end, const float *before)
{
    struct bp_var *p = bp_var_new(tape, log_p->rows, log_p->cols, log_p->grad || end->grad);
    size_t choices = (size_t)log_p->cols;

    assert(end->rows == log_p->rows && end->cols == 1);
    for (size_t i = 0; i < (size_t)log_p->rows; i++) {
        float e = is_held(before + i * choices, log_p->cols) ? end->value[i] : 1;
        for (size_t at = i * choices; at < (i + 1) * choices; at++)
            p->value[at] = (1 - e) * before[at] + e * bp_exp(log_p->value[at]);
    }
    if (p->grad)
        record(tape, end_or_hold_back, log_p, end, p)->before = before;
    return p;
}

static void expect_back(struct bp_node *raw)
{
    struct node *node = (struct node *)raw;
    size_t n = (size_t)node->y->rows, choices = (size_t)node->p->cols;
    const float *dy = bp_gradient(node->y);
    float *dp = node->p->grad ? bp_gradient(node->p) : NULL, *dx = node->x->grad ? bp_gradient(node->x) : NULL;

    for (size_t k = 0; k < choices; k++)
        for (size_t i = 0; i < n; i++) {
            if (dp)
                dp[i * choices + k] += dy[i] * node->x->value[k * n + i];
            if (dx)
                dx[k * n + i] += dy[i] * node->p->value[i * choices + k];
        }
}

struct bp_var *bp_expect(struct bp_tape *tape, struct bp_var *p, struct bp_var *x)
{
    struct bp_var *y = bp_var_new(tape, p->rows, 1, p->grad || x->grad);
    size_t n = (size_t)p->rows, choices = (size_t)p->cols;

    assert((size_t)x->rows == n * choices && x->cols == 1);
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t k = 0; k < choices; k++)
            sum += p->value[i * choices + k] * x->value[k * n + i];
        y->value[i] = sum;
    }
    if (y->grad)
        record(tape, expect_back, x, p, y);
    return y;
}
