#include "nn/categorical.h"

#include "base/space.h"
#include "nn/math.h"

#include <math.h>

struct categorical_node {
    struct bp_node node;
    struct bp_var *p, *q, *y;   /* log p, log q, the result */
    const float *data;
};

static struct categorical_node *record(struct bp_tape *tape, void (*backward)(struct bp_node *), struct bp_var *p, struct bp_var *y)
{
    struct categorical_node *node = bp_node_new(tape, sizeof *node, backward);

    node->p = p;
    node->q = NULL;
    node->y = y;
    node->data = NULL;
    return node;
}

/* ---- head: log p = u - log sum exp(u) ---- */

/* du_j += dy_j - p_j sum_k dy_k */
static void head_back(struct bp_node *raw)
{
    struct categorical_node *node = (struct categorical_node *)raw;
    float *du = bp_gradient(node->p), *dy = bp_gradient(node->y);
    int choices = node->y->cols;

    for (int row = 0; row < node->y->rows; row++, du += choices, dy += choices) {
        const float *log_p = node->y->value + row * choices;
        float sum = 0;
        for (int j = 0; j < choices; j++)
            sum += dy[j];
        for (int j = 0; j < choices; j++)
            du[j] += dy[j] - bp_exp(log_p[j]) * sum;
    }
}

struct bp_var *bp_categorical_head(struct bp_tape *tape, struct bp_var *output)
{
    struct bp_var *y = bp_var_new(tape, output->rows, output->cols, output->grad);
    int choices = y->cols;

    for (int row = 0; row < y->rows; row++) {
        const float *u = output->value + row * choices;
        float *log_p = y->value + row * choices, most = u[bp_choice(u, choices)], sum = 0;
        for (int j = 0; j < choices; j++)
            sum += bp_exp(u[j] - most);
        for (int j = 0; j < choices; j++)
            log_p[j] = u[j] - most - bp_ln(sum);
    }
    if (y->grad)
        record(tape, head_back, output, y);
    return y;
}

/* ---- a choice ---- */

/* -log Phi(x), without loss of digits where Phi is near 1. */
static double minus_log_phi(double x)
{
    return x > 0 ? -log1p(-0.5 * erfc(x * M_SQRT1_2)) : -log(0.5 * erfc(-x * M_SQRT1_2));
}

struct bp_var *bp_categorical_sample(struct bp_tape *tape, struct bp_var *log_p, const float *noise)
{
    struct bp_var *y = bp_var_new(tape, log_p->rows, log_p->cols, false);
    int choices = y->cols;

    for (int row = 0; row < y->rows; row++) {
        float *at = y->value + row * choices;
        for (int j = 0; j < choices; j++)
            at[j] = log_p->value[row * choices + j] - (float)log(minus_log_phi((double)noise[row * choices + j]));
        int choice = bp_choice(at, choices);
        for (int j = 0; j < choices; j++)
            at[j] = j == choice;
    }
    return y;
}

/* ---- log p(y) = sum_j y_j log p_j ---- */

static void log_prob_back(struct bp_node *raw)
{
    struct categorical_node *node = (struct categorical_node *)raw;
    float *dp = bp_gradient(node->p), *dy = bp_gradient(node->y);
    int choices = node->p->cols;

    for (int i = 0; i < node->p->rows * choices; i++)
        dp[i] += dy[i / choices] * node->data[i];
}

struct bp_var *bp_categorical_log_prob(struct bp_tape *tape, struct bp_var *log_p, const float *y)
{
    struct bp_var *sum = bp_var_new(tape, log_p->rows, 1, log_p->grad);
    int choices = log_p->cols;

    for (int row = 0; row < log_p->rows; row++) {
        sum->value[row] = 0;
        for (int j = 0; j < choices; j++)
            sum->value[row] += y[row * choices + j] * log_p->value[row * choices + j];
    }
    if (sum->grad)
        record(tape, log_prob_back, log_p, sum)->data = y;
    return sum;
}

/* ---- KL(p || q) ---- */

static void kl_back(struct bp_node *raw)
{
    struct categorical_node *node = (struct categorical_node *)raw;
    float *dp = node->p->grad ? bp_gradient(node->p) : NULL, *dq = node->q->grad ? bp_gradient(node->q) : NULL, *dy = bp_gradient(node->y);
    int choices = node->p->cols;

    for (int i = 0; i < node->p->rows * choices; i++) {
        float p = bp_exp(node->p->value[i]), term = dy[i / choices] * p;
        if (dp)
            dp[i] += term * (node->p->value[i] - node->q->value[i] + 1);
        if (dq)
            dq[i] -= term;
    }
}

struct bp_var *bp_categorical_kl(struct bp_tape *tape, struct bp_var *log_p, struct bp_var *log_q)
{
    struct bp_var *y = bp_var_new(tape, log_p->rows, 1, log_p->grad || log_q->grad);
    int choices = log_p->cols;

    for (int row = 0; row < y->rows; row++) {
        const float *p = log_p->value + row * choices, *q = log_q->value + row * choices;
        y->value[row] = 0;
        for (int j = 0; j < choices; j++)
            y->value[row] += bp_exp(p[j]) * (p[j] - q[j]);
    }
    if (y->grad)
        record(tape, kl_back, log_p, y)->q = log_q;
    return y;
}

/* ---- H(p) ---- */

static void entropy_back(struct bp_node *raw)
{
    struct categorical_node *node = (struct categorical_node *)raw;
    float *dp = bp_gradient(node->p), *dy = bp_gradient(node->y);
    int choices = node->p->cols;

    for (int i = 0; i < node->p->rows * choices; i++)
        dp[i] -= dy[i / choices] * bp_exp(node->p->value[i]) * (node->p->value[i] + 1);
}

struct bp_var *bp_categorical_entropy(struct bp_tape *tape, struct bp_var *log_p)
{
    struct bp_var *y = bp_var_new(tape, log_p->rows, 1, log_p->grad);
    int choices = log_p->cols;

    for (int row = 0; row < y->rows; row++) {
        const float *p = log_p->value + row * choices;
        y->value[row] = 0;
        for (int j = 0; j < choices; j++)
            y->value[row] -= bp_exp(p[j]) * p[j];
    }
    if (y->grad)
        record(tape, entropy_back, log_p, y);
    return y;
}
