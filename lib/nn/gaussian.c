#include "nn/gaussian.h"

#include "nn/math.h"

#define HALF_LOG_2PI 0.918938533204672742f
#define LEAST_SCALE 0.01f

struct gaussian_node {
    struct bp_node node;
    struct bp_gaussian p, q;
    struct bp_var *y, *a;
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

/* The terms of all rows are computed first, in one vector loop; then each row is summed. */
static void sum_rows(const float *restrict term, int cols, struct bp_var *y)
{
    for (int row = 0; row < y->rows; row++) {
        float sum = 0;
        for (int j = 0; j < cols; j++)
            sum += term[row * cols + j];
        y->value[row] = sum;
    }
}

/* ---- head: u, v -> mean, scale ---- */

static void plain_back(float *restrict du, float *restrict dv, const float *restrict v, const float *restrict dmean,
                       const float *restrict dscale, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        du[j] += dmean[j];
        dv[j] += dscale[j] * bp_sigmoid(v[j]);
    }
}

static void bounded_back(float *restrict du, float *restrict dv, const float *restrict mean, const float *restrict scale,
                        const float *restrict dmean, const float *restrict dscale, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        float s = scale[j] - LEAST_SCALE;
        du[j] += dmean[j] * (1.0f - mean[j] * mean[j]);
        dv[j] += dscale[j] * (s * (1.0f - s));
    }
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
        if (node->head == BP_HEAD_BOUNDED)
            bounded_back(du, dv, mean, scale, dmean, dscale, actions);
        else
            plain_back(du, dv, v, dmean, dscale, actions);
    }
}

static void plain(const float *restrict u, const float *restrict v, float *restrict mean, float *restrict scale, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        mean[j] = u[j];
        scale[j] = LEAST_SCALE + bp_softplus(v[j]);
    }
}

static void bounded(const float *restrict u, const float *restrict v, float *restrict mean, float *restrict scale, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        mean[j] = bp_tanh(u[j]);
        scale[j] = LEAST_SCALE + bp_sigmoid(v[j]);
    }
}

struct bp_gaussian bp_gaussian_head(struct bp_tape *tape, struct bp_var *output, enum bp_head head)
{
    int actions = output->cols / 2;
    struct bp_gaussian p = {bp_var_new(tape, output->rows, actions, output->grad),
                            bp_var_new(tape, output->rows, actions, output->grad)};

    for (int row = 0; row < output->rows; row++) {
        const float *u = output->value + row * 2 * actions;
        (head == BP_HEAD_BOUNDED ? bounded : plain)(u, u + actions, p.mean->value + row * actions, p.scale->value + row * actions, actions);
    }
    if (p.mean->grad)
        record(tape, head_back, p, output)->head = head;
    return p;
}

/* ---- isotropic: u, v -> mean, one scale ---- */

static void isotropic_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    int actions = node->p.mean->cols;
    float *dy = bp_gradient(node->y), *dmean = bp_gradient(node->p.mean), *dscale = bp_gradient(node->p.scale);

    for (int row = 0; row < node->y->rows; row++, dy += actions + 1) {
        float v = node->y->value[row * (actions + 1) + actions], sum = 0;
        for (int j = 0; j < actions; j++) {
            dy[j] += dmean[row * actions + j];
            sum += dscale[row * actions + j];
        }
        dy[actions] += sum * bp_sigmoid(v);
    }
}

struct bp_gaussian bp_gaussian_isotropic(struct bp_tape *tape, struct bp_var *output)
{
    int actions = output->cols - 1;
    struct bp_gaussian p = {bp_var_new(tape, output->rows, actions, output->grad),
                            bp_var_new(tape, output->rows, actions, output->grad)};

    for (int row = 0; row < output->rows; row++) {
        const float *u = output->value + row * output->cols;
        float scale = LEAST_SCALE + bp_softplus(u[actions]);
        for (int j = 0; j < actions; j++) {
            p.mean->value[row * actions + j] = u[j];
            p.scale->value[row * actions + j] = scale;
        }
    }
    if (p.mean->grad)
        record(tape, isotropic_back, p, output);
    return p;
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
    struct bp_gaussian p = node->p;
    float *dy = bp_gradient(node->y), *da = node->a->grad ? bp_gradient(node->a) : NULL;
    float *dmean = p.mean->grad ? bp_gradient(p.mean) : NULL, *dscale = p.scale->grad ? bp_gradient(p.scale) : NULL;
    int actions = p.mean->cols;

    for (int row = 0; row < node->y->rows; row++)
        for (int j = 0; j < actions; j++) {
            int i = row * actions + j;
            float s = p.scale->value[i], z = (node->a->value[i] - p.mean->value[i]) / s;
            if (dmean)
                dmean[i] += dy[row] * z / s;
            if (dscale)
                dscale[i] += dy[row] * (z * z - 1.0f) / s;
            if (da)
                da[i] -= dy[row] * z / s;
        }
}

struct bp_var *bp_gaussian_log_prob(struct bp_tape *tape, struct bp_gaussian p, struct bp_var *a)
{
    int n = p.mean->rows * p.mean->cols;
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.mean->grad || p.scale->grad || a->grad);
    const float *restrict mean = p.mean->value, *restrict scale = p.scale->value, *restrict at = a->value;
    float *restrict term = bp_arena_floats(&tape->arena, (size_t)n);

#pragma omp simd
    for (int i = 0; i < n; i++) {
        float z = (at[i] - mean[i]) / scale[i];
        term[i] = -0.5f * z * z - bp_ln(scale[i]) - HALF_LOG_2PI;
    }
    sum_rows(term, p.mean->cols, y);
    if (y->grad)
        record(tape, log_prob_back, p, y)->a = a;
    return y;
}

/* ---- KL(p || q) = sum_j log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2 ---- */

static void kl_back(struct bp_node *raw)
{
    struct gaussian_node *node = (struct gaussian_node *)raw;
    struct bp_gaussian p = node->p, q = node->q;
    float *grad = bp_gradient(node->y);
    float *dp_mean = p.mean->grad ? bp_gradient(p.mean) : NULL, *dp_scale = dp_mean ? bp_gradient(p.scale) : NULL;
    float *dq_mean = q.mean->grad ? bp_gradient(q.mean) : NULL, *dq_scale = q.scale->grad ? bp_gradient(q.scale) : NULL;     /* AR(1): its mean alone */
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
            if (dq_mean)
                dq_mean[i] -= dy * d * precision;
            if (dq_scale)
                dq_scale[i] += dy * (1.0f - (sp * sp + d * d) * precision) / sq;
        }
}

struct bp_var *bp_gaussian_kl(struct bp_tape *tape, struct bp_gaussian p, struct bp_gaussian q)
{
    int n = p.mean->rows * p.mean->cols;
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.mean->grad || q.mean->grad);
    const float *restrict p_mean = p.mean->value, *restrict p_scale = p.scale->value;
    const float *restrict q_mean = q.mean->value, *restrict q_scale = q.scale->value;
    float *restrict term = bp_arena_floats(&tape->arena, (size_t)n);

#pragma omp simd
    for (int i = 0; i < n; i++) {
        float d = p_mean[i] - q_mean[i], inverse = 1.0f / q_scale[i], ratio = p_scale[i] * inverse;
        term[i] = 0.5f * (ratio * ratio + d * d * inverse * inverse - 1.0f) - bp_ln(ratio);
    }
    sum_rows(term, p.mean->cols, y);
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
    int n = p.scale->rows * p.scale->cols;
    struct bp_var *y = bp_var_new(tape, p.scale->rows, 1, p.scale->grad);
    const float *restrict scale = p.scale->value;
    float *restrict term = bp_arena_floats(&tape->arena, (size_t)n);

#pragma omp simd
    for (int i = 0; i < n; i++)
        term[i] = bp_ln(scale[i]) + 0.5f + HALF_LOG_2PI;
    sum_rows(term, p.scale->cols, y);
    if (y->grad)
        record(tape, entropy_back, p, y);
    return y;
}
