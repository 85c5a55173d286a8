#include "nn/full_gaussian.h"

#include "nn/math.h"

#include <string.h>

#define HALF_LOG_2PI 0.918938533204672742f
#define LEAST_SCALE 0.01f

struct full_node {
    struct bp_node node;
    struct bp_full_gaussian p, q;
    struct bp_var *x, *y;       /* what goes in beside p and q, and what comes out */
    const float *data;
    float *kept;                /* between forward and backward, or for one row of work */
};

static struct full_node *record(struct bp_tape *tape, void (*backward)(struct bp_node *), struct bp_full_gaussian p, struct bp_var *y)
{
    struct full_node *node = bp_node_new(tape, sizeof *node, backward);

    *node = (struct full_node){.node = node->node, .p = p, .y = y};
    return node;
}

static float *gradient_or_null(struct bp_var *x)
{
    return x->grad ? bp_gradient(x) : NULL;
}

/* ---- triangles ---- */

/* x = L^-1 b; x may be b. Every `stride`-th number of either. */
static void solve(const float *l, int size, const float *b, float *x, int stride)
{
    for (int i = 0; i < size; l += ++i) {
        float sum = b[i * stride];
        for (int j = 0; j < i; j++)
            sum -= l[j] * x[j * stride];
        x[i * stride] = sum / l[i];
    }
}

/* x = L'^-1 b; x may be b. */
static void solve_transposed(const float *l, int size, const float *b, float *x, int stride)
{
    for (int i = size - 1; i >= 0; i--) {
        float sum = b[i * stride];
        for (int j = i + 1; j < size; j++)
            sum -= l[bp_triangle(j) + i] * x[j * stride];
        x[i * stride] = sum / l[bp_triangle(i) + i];
    }
}

static float log_diagonal(const float *l, int size)
{
    float sum = 0;

    for (int i = 0; i < size; i++)
        sum += bp_ln(l[bp_triangle(i) + i]);
    return sum;
}

/* dl_ii += by / L_ii */
static void add_log_diagonal(float *dl, const float *l, int size, float by)
{
    for (int i = 0; i < size; i++)
        dl[bp_triangle(i) + i] += by / l[bp_triangle(i) + i];
}

/* dl_ij += by a_i b_j, where L has numbers */
static void add_product(float *dl, int size, float by, const float *a, const float *b)
{
    for (int i = 0; i < size; dl += ++i)
        for (int j = 0; j <= i; j++)
            dl[j] += by * a[i] * b[j];
}

/* ---- head: u, v -> mean, L ---- */

static void head_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    int size = node->p.mean->cols, numbers = node->p.factor->cols;
    const float *dmean = bp_gradient(node->p.mean), *dl = bp_gradient(node->p.factor), *value = node->x->value;
    float *du = bp_gradient(node->x);

    for (int row = 0; row < node->x->rows; row++, du += size + numbers, value += size + numbers, dmean += size, dl += numbers) {
        for (int j = 0; j < size; j++)
            du[j] += dmean[j];
        for (int i = 0, k = 0; i < size; i++)
            for (int j = 0; j <= i; j++, k++)
                du[size + k] += j == i ? dl[k] * bp_sigmoid(value[size + k]) : dl[k];
    }
}

struct bp_full_gaussian bp_full_gaussian_head(struct bp_tape *tape, struct bp_var *output, int size)
{
    int numbers = bp_triangle(size);
    struct bp_full_gaussian p = {bp_var_new(tape, output->rows, size, output->grad), bp_var_new(tape, output->rows, numbers, output->grad)};
    const float *u = output->value;

    for (int row = 0; row < output->rows; row++, u += size + numbers) {
        float *l = p.factor->value + row * numbers;
        memcpy(p.mean->value + row * size, u, (size_t)size * sizeof *u);
        memcpy(l, u + size, (size_t)numbers * sizeof *u);
        for (int i = 0; i < size; i++)
            l[bp_triangle(i) + i] = LEAST_SCALE + bp_softplus(l[bp_triangle(i) + i]);
    }
    if (p.mean->grad)
        record(tape, head_back, p, NULL)->x = output;
    return p;
}

/* ---- L of a diagonal ---- */

static void factor_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    int size = node->x->cols;
    const float *dl = bp_gradient(node->y);
    float *dscale = bp_gradient(node->x);

    for (int row = 0; row < node->x->rows; row++, dl += bp_triangle(size), dscale += size)
        for (int i = 0; i < size; i++)
            dscale[i] += dl[bp_triangle(i) + i];
}

struct bp_var *bp_full_gaussian_factor(struct bp_tape *tape, struct bp_var *scale)
{
    int size = scale->cols, numbers = bp_triangle(size);
    struct bp_var *l = bp_var_new(tape, scale->rows, numbers, scale->grad);

    memset(l->value, 0, (size_t)scale->rows * (size_t)numbers * sizeof(float));
    for (int row = 0; row < scale->rows; row++)
        for (int i = 0; i < size; i++)
            l->value[row * numbers + bp_triangle(i) + i] = scale->value[row * size + i];
    if (l->grad)
        record(tape, factor_back, (struct bp_full_gaussian){0}, l)->x = scale;
    return l;
}

/* ---- a = mean + L noise ---- */

static void sample_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    int size = node->y->cols, numbers = bp_triangle(size);
    const float *da = bp_gradient(node->y);
    float *dmean = gradient_or_null(node->p.mean), *dl = gradient_or_null(node->p.factor);

    for (int row = 0; row < node->y->rows; row++) {
        for (int j = 0; j < size && dmean; j++)
            dmean[row * size + j] += da[row * size + j];
        if (dl)
            add_product(dl + row * numbers, size, 1, da + row * size, node->data + row * size);
    }
}

struct bp_var *bp_full_gaussian_sample(struct bp_tape *tape, struct bp_full_gaussian p, const float *noise)
{
    int size = p.mean->cols;
    struct bp_var *a = bp_var_new(tape, p.mean->rows, size, p.mean->grad || p.factor->grad);
    const float *l = p.factor->value;

    for (int row = 0; row < a->rows; row++)
        for (int i = 0; i < size; l += ++i) {
            float sum = p.mean->value[row * size + i];
            for (int j = 0; j <= i; j++)
                sum += l[j] * noise[row * size + j];
            a->value[row * size + i] = sum;
        }
    if (a->grad)
        record(tape, sample_back, p, a)->data = noise;
    return a;
}

/* ---- log p(a), by e = L^-1 (a - mean) ---- */

static void log_prob_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    int size = node->p.mean->cols, numbers = bp_triangle(size);
    const float *dy = bp_gradient(node->y), *e = node->kept;
    float *da = gradient_or_null(node->x), *dmean = gradient_or_null(node->p.mean), *dl = gradient_or_null(node->p.factor);
    float *v = node->kept + node->y->rows * size;       /* L'^-1 e: minus the gradient with regard to a */

    for (int row = 0; row < node->y->rows; row++, e += size) {
        const float *l = node->p.factor->value + row * numbers;
        solve_transposed(l, size, e, v, 1);
        for (int j = 0; j < size; j++) {
            if (da)
                da[row * size + j] -= dy[row] * v[j];
            if (dmean)
                dmean[row * size + j] += dy[row] * v[j];
        }
        if (dl) {
            add_product(dl + row * numbers, size, dy[row], v, e);
            add_log_diagonal(dl + row * numbers, l, size, -dy[row]);
        }
    }
}

struct bp_var *bp_full_gaussian_log_prob(struct bp_tape *tape, struct bp_full_gaussian p, struct bp_var *a)
{
    int size = p.mean->cols, numbers = bp_triangle(size), rows = p.mean->rows;
    struct bp_var *y = bp_var_new(tape, rows, 1, p.mean->grad || p.factor->grad || a->grad);
    float *kept = bp_arena_floats(&tape->arena, (size_t)(rows + 1) * (size_t)size), *e = kept;

    for (int row = 0; row < rows; row++, e += size) {
        const float *l = p.factor->value + row * numbers;
        float sum = 0;
        for (int j = 0; j < size; j++)
            e[j] = a->value[row * size + j] - p.mean->value[row * size + j];
        solve(l, size, e, e, 1);
        for (int j = 0; j < size; j++)
            sum += -0.5f * e[j] * e[j] - HALF_LOG_2PI;
        y->value[row] = sum - log_diagonal(l, size);
    }
    if (y->grad) {
        struct full_node *node = record(tape, log_prob_back, p, y);
        node->x = a;
        node->kept = kept;
    }
    return y;
}

/* ---- KL(p || q), by d = Lq^-1 (mp - mq) and M = Lq^-1 Lp, a lower triangle too ---- */

/* Of a row: d (A) and M (A x A, row-major, zeros above the diagonal). */
static void whiten(const struct bp_full_gaussian *p, const struct bp_full_gaussian *q, int row, float *d, float *m)
{
    int size = p->mean->cols, numbers = bp_triangle(size);
    const float *lp = p->factor->value + row * numbers, *lq = q->factor->value + row * numbers;

    for (int i = 0; i < size; i++) {
        d[i] = p->mean->value[row * size + i] - q->mean->value[row * size + i];
        for (int j = 0; j < size; j++)
            m[i * size + j] = j <= i ? lp[bp_triangle(i) + j] : 0;
    }
    solve(lq, size, d, d, 1);
    for (int j = 0; j < size; j++)
        solve(lq, size, m + j, m + j, size);
}

/* With v = Lq'^-1 d and N = Lq'^-1 M: d/dmp = v = -d/dmq, d/dLp = N - 1/Lp_jj, d/dLq = -(v d' + N M') + 1/Lq_jj. */
static void kl_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    struct bp_full_gaussian p = node->p, q = node->q;
    int size = p.mean->cols, numbers = bp_triangle(size);
    float *dp_mean = gradient_or_null(p.mean), *dp_l = gradient_or_null(p.factor), *dq_mean = gradient_or_null(q.mean), *dq_l = gradient_or_null(q.factor);
    float *d = node->kept, *v = d + size, *m = v + size, *n = m + size * size;
    const float *dy = bp_gradient(node->y);

    for (int row = 0; row < node->y->rows; row++) {
        const float *lp = p.factor->value + row * numbers, *lq = q.factor->value + row * numbers;
        whiten(&p, &q, row, d, m);
        solve_transposed(lq, size, d, v, 1);
        for (int j = 0; j < size; j++)
            solve_transposed(lq, size, m + j, n + j, size);
        for (int i = 0; i < size; i++) {
            if (dp_mean)
                dp_mean[row * size + i] += dy[row] * v[i];
            if (dq_mean)
                dq_mean[row * size + i] -= dy[row] * v[i];
            for (int j = 0; j <= i; j++) {
                float product = v[i] * d[j];
                for (int k = 0; k <= j; k++)        /* M is a triangle */
                    product += n[i * size + k] * m[j * size + k];
                if (dp_l)
                    dp_l[row * numbers + bp_triangle(i) + j] += dy[row] * n[i * size + j];
                if (dq_l)
                    dq_l[row * numbers + bp_triangle(i) + j] -= dy[row] * product;
            }
        }
        if (dp_l)
            add_log_diagonal(dp_l + row * numbers, lp, size, -dy[row]);
        if (dq_l)
            add_log_diagonal(dq_l + row * numbers, lq, size, dy[row]);
    }
}

struct bp_var *bp_full_gaussian_kl(struct bp_tape *tape, struct bp_full_gaussian p, struct bp_full_gaussian q)
{
    int size = p.mean->cols, numbers = bp_triangle(size);
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.mean->grad || p.factor->grad || q.mean->grad || q.factor->grad);
    float *d = bp_arena_floats(&tape->arena, 2 * (size_t)size * ((size_t)size + 1)), *m = d + 2 * size;

    for (int row = 0; row < y->rows; row++) {
        float sum = 0;
        whiten(&p, &q, row, d, m);
        for (int i = 0; i < size; i++) {
            sum += d[i] * d[i] - 1;
            for (int j = 0; j <= i; j++)
                sum += m[i * size + j] * m[i * size + j];
        }
        y->value[row] = 0.5f * sum + log_diagonal(q.factor->value + row * numbers, size) - log_diagonal(p.factor->value + row * numbers, size);
    }
    if (y->grad) {
        struct full_node *node = record(tape, kl_back, p, y);
        node->q = q;
        node->kept = d;
    }
    return y;
}

/* ---- H(p) ---- */

static void entropy_back(struct bp_node *raw)
{
    struct full_node *node = (struct full_node *)raw;
    int size = node->p.mean->cols, numbers = bp_triangle(size);
    const float *dy = bp_gradient(node->y);
    float *dl = bp_gradient(node->p.factor);

    for (int row = 0; row < node->y->rows; row++)
        add_log_diagonal(dl + row * numbers, node->p.factor->value + row * numbers, size, dy[row]);
}

struct bp_var *bp_full_gaussian_entropy(struct bp_tape *tape, struct bp_full_gaussian p)
{
    int size = p.mean->cols;
    struct bp_var *y = bp_var_new(tape, p.mean->rows, 1, p.factor->grad);

    for (int row = 0; row < y->rows; row++)
        y->value[row] = log_diagonal(p.factor->value + row * bp_triangle(size), size) + (float)size * (0.5f + HALF_LOG_2PI);
    if (y->grad)
        record(tape, entropy_back, p, y);
    return y;
}
