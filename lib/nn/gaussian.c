#include "nn/gaussian.h"

#include "nn/math.h"

#include <math.h>

#define HALF_LOG_2PI 0.918938533204672742f
#define LEAST_SCALE 0.01f

const char *const bp_head_names[BP_HEAD_COUNT] = {"softplus", "capped"};

struct gaussian_node {
    struct bp_node node;
    struct bp_gaussian p, q;
    struct bp_var *y;
    const float *data;
    enum bp_head head;
};

static struct gaussian_node *record(struct bp_tape *tape, void (*backward)(struct bp_node *), struct bp_gaussian p, struct bp_var *y)
{
    struct gaussian_node *node = bp_node_new(tape, sizeof *node, backward);

    node->p = p;
    node->y = y;
    node->data = NULL;
    return node;
}

/* ---- head: u, v -> mean, scale ---- */

static float softplus(float v)
{
    return (v > 0 ? v : 0) + log1pf(expf(-fabsf(v)));
}

static void head_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    int actions = node->p.mean->cols;
    float *dy = bp_gradient(node->y), *all_dmean = bp_gradient(node->p.mean), *all_dscale = bp_gradient(node->p.scale);

    for (int row = 0; row < node->y->rows; row++) {
        const float *v = node->y->value + row * 2 * actions + actions;
        float *du = dy + row * 2 * actions, *dv = du + actions;
        const float *mean = node->p.mean->value + row * actions, *scale = node->p.scale->value + row * actions;
        const float *dmean = all_dmean + row * actions, *dscale = all_dscale + row * actions;
        for (int j = 0; j < actions; j++) {
            float s = scale[j] - LEAST_SCALE;
            du[j] += dmean[j] * (node->head == BP_HEAD_CAPPED ? 1.0f - mean[j] * mean[j] : 1.0f);
            dv[j] += dscale[j] * (node->head == BP_HEAD_CAPPED ? s * (1.0f - s) : bp_sigmoid(v[j]));
        }
    }
}

struct bp_gaussian bp_gaussian_head(struct bp_tape *tape, struct bp_var *output, enum bp_head head)
{
    int actions = output->cols / 2;
    struct bp_gaussian p = {bp_var_new(tape, output->rows, actions, output->grad),
                            bp_var_new(tape, output->rows, actions, output->grad)};

    for (int row = 0; row < output->rows; row++) {
        const float *u = output->value + row * 2 * actions, *v = u + actions;
        float *mean = p.mean->value + row * actions, *scale = p.scale->value + row * actions;
        for (int j = 0; j < actions; j++) {
            mean[j] = head == BP_HEAD_CAPPED ? bp_tanh(u[j]) : u[j];
            scale[j] = LEAST_SCALE + (head == BP_HEAD_CAPPED ? bp_sigmoid(v[j]) : softplus(v[j]));
        }
    }
    if (p.mean->grad)
        record(tape, head_back, p, output)->head = head;
    return p;
}

struct bp_gaussian bp_gaussian_stop(struct bp_tape *tape, struct bp_gaussian p)
{
    return (struct bp_gaussian){bp_stop(tape, p.mean), bp_stop(tape, p.scale)};
}

struct bp_gaussian bp_gaussian_rows(struct bp_tape *tape, struct bp_gaussian p, int rows)
{
    return (struct bp_gaussian){bp_rows(tape, p.mean, rows), bp_rows(tape, p.scale, rows)};
}

/* ---- a = mean + scale * noise ---- */

static void sample_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    float *da = bp_gradient(node->y), *dmean = bp_gradient(node->p.mean), *dscale = bp_gradient(node->p.scale);
    int n = node->y->rows * node->y->cols;

    for (int i = 0; i < n; i++) {
        dmean[i] += da[i];
        dscale[i] += da[i] * node->data[i];
    }
}

struct bp_var *bp_gaussian_sample(struct bp_tape *tape, struct bp_gaussian p, const float *noise)
{
    struct bp_var *a = bp_var_new(tape, p.mean->rows, p.mean->cols, p.mean->grad);
    int n = a->rows * a->cols;

    for (int i = 0; i < n; i++)
        a->value[i] = p.mean->value[i] + p.scale->value[i] * noise[i];
    if (a->grad)
        record(tape, sample_back, p, a)->data = noise;
    return a;
}

/* ---- log p(a) = sum_j -(a_j - m_j)^2 / (2 s_j^2) - log s_j - log(2 pi) / 2 ---- */

static void log_prob_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    float *dy = bp_gradient(node->y), *dmean = bp_gradient(node->p.mean), *dscale = bp_gradient(node->p.scale);
    int actions = node->p.mean->cols;

    for (int row = 0; row < node->y->rows; row++)
        for (int j = 0; j < actions; j++) {
            int i = row * actions + j;
            float s = node->p.scale->value[i], z = (node->data[i] - node->p.mean->value[i]) / s;
            dmean[i] += dy[row] * z / s;
            dscale[i] += dy[row] * (z * z - 1.0f) / s;
        }
}

struct bp_var *bp_gaussian_log_prob(struct bp_tape *tape, struct bp_gaussian p, const float *a)
{
    int actions = p.mean->cols;
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.mean->grad);

    for (int row = 0; row < y->rows; row++) {
        float sum = 0;
        for (int j = 0; j < actions; j++) {
            int i = row * actions + j;
            float z = (a[i] - p.mean->value[i]) / p.scale->value[i];
            sum -= 0.5f * z * z + logf(p.scale->value[i]) + HALF_LOG_2PI;
        }
        y->value[row] = sum;
    }
    if (y->grad)
        record(tape, log_prob_back, p, y)->data = a;
    return y;
}

/* ---- KL(p || q) = sum_j log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2 ---- */

static void kl_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    struct bp_gaussian p = node->p, q = node->q;
    float *grad = bp_gradient(node->y);
    float *dp_mean = p.mean->grad ? bp_gradient(p.mean) : NULL, *dp_scale = dp_mean ? bp_gradient(p.scale) : NULL;
    float *dq_mean = q.mean->grad ? bp_gradient(q.mean) : NULL, *dq_scale = dq_mean ? bp_gradient(q.scale) : NULL;
    int actions = p.mean->cols;

    for (int row = 0; row < node->y->rows; row++)
        for (int j = 0; j < actions; j++) {
            int i = row * actions + j;
            float dy = grad[row], sp = p.scale->value[i], sq = q.scale->value[i], d = p.mean->value[i] - q.mean->value[i];
            float precision = 1.0f / (sq * sq);
            if (dp_mean) {
                dp_mean[i] += dy * d * precision;
                dp_scale[i] += dy * (sp * precision - 1.0f / sp);
            }
            if (dq_mean) {
                dq_mean[i] -= dy * d * precision;
                dq_scale[i] += dy * (1.0f - (sp * sp + d * d) * precision) / sq;
            }
        }
}

struct bp_var *bp_gaussian_kl(struct bp_tape *tape, struct bp_gaussian p, struct bp_gaussian q)
{
    int actions = p.mean->cols;
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.mean->grad || q.mean->grad);

    for (int row = 0; row < y->rows; row++) {
        float sum = 0;
        for (int j = 0; j < actions; j++) {
            int i = row * actions + j;
            float sp = p.scale->value[i], sq = q.scale->value[i], d = p.mean->value[i] - q.mean->value[i];
            sum += logf(sq / sp) + (sp * sp + d * d) / (2.0f * sq * sq) - 0.5f;
        }
        y->value[row] = sum;
    }
    if (y->grad)
        record(tape, kl_back, p, y)->q = q;
    return y;
}

/* ---- H(p) = sum_j log s_j + (1 + log(2 pi)) / 2 ---- */

static void entropy_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    float *dy = bp_gradient(node->y), *dscale = bp_gradient(node->p.scale);
    int actions = node->p.scale->cols;

    for (int row = 0; row < node->y->rows; row++)
        for (int j = 0; j < actions; j++)
            dscale[row * actions + j] += dy[row] / node->p.scale->value[row * actions + j];
}

struct bp_var *bp_gaussian_entropy(struct bp_tape *tape, struct bp_gaussian p)
{
    int actions = p.scale->cols;
    struct bp_var *y = bp_var_new(tape, p.scale->rows, 1, p.scale->grad);

    for (int row = 0; row < y->rows; row++) {
        float sum = 0;
        for (int j = 0; j < actions; j++)
            sum += logf(p.scale->value[row * actions + j]) + 0.5f + HALF_LOG_2PI;
        y->value[row] = sum;
    }
    if (y->grad)
        record(tape, entropy_back, p, y);
    return y;
}
