#include "nn/filter.h"

#include "nn/math.h"

#include <assert.h>
#include <math.h>

/* log sum_k exp(x_k) of n numbers. */
static float log_sum(const float *x, size_t n)
{
    float most = x[0], sum = 0;

    for (size_t k = 1; k < n; k++)
        most = x[k] > most ? x[k] : most;
    for (size_t k = 0; k < n; k++)
        sum += bp_exp(x[k] - most);
    return most + bp_ln(sum);
}

/* ---- the filter ---- */

struct filter {
    struct bp_node node;
    struct bp_var *transition, *seen, *w;
    float *before;              /* n x K: log b_{t-1} */
    size_t states, rows, batch;
};

/* log b of a row before the first step; what is impossible keeps a weight too small to count. */
static void begin(const float *belief, float *log_b, size_t states)
{
    float sum = 0;

    for (size_t j = 0; belief && j < states; j++)
        sum += belief[j];
    for (size_t j = 0; j < states; j++) {
        float b = sum > 0 ? belief[j] : 1 / (float)states;
        log_b[j] = bp_ln(b > 1e-30f ? b : 1e-30f);
    }
}

/* log b of a row, from that of the step before. */
static void go_on(const struct filter *f, size_t row, float *log_b)
{
    size_t before = row - f->batch;
    const float *w = f->w->value + before * f->states, *seen = f->seen->value + before;

    for (size_t j = 0; j < f->states; j++)
        log_b[j] = w[j] + seen[j * f->rows];
    float all = log_sum(log_b, f->states);
    for (size_t j = 0; j < f->states; j++)
        log_b[j] -= all;
}

static void predict(const struct filter *f, size_t row)
{
    const float *log_b = f->before + row * f->states;
    float *w = f->w->value + row * f->states;

    for (size_t k = 0; k < f->states; k++) {
        const float *to = f->transition->value + row * f->states + k;
        float most = -INFINITY, sum = 0;
        for (size_t j = 0; j < f->states; j++) {
            float x = log_b[j] + to[j * f->rows * f->states];
            most = x > most ? x : most;
        }
        for (size_t j = 0; j < f->states; j++)
            sum += bp_exp(log_b[j] + to[j * f->rows * f->states] - most);
        w[k] = most + bp_ln(sum);
    }
}

/* d w_t(k) / d (log b(j) + log p(k | j)) = p(z_{t-1} = j | z_t = k): to the transitions, and summed over k into db. */
static void back_to_transition(const struct filter *f, size_t row, const float *dw, float *db)
{
    const float *log_b = f->before + row * f->states, *w = f->w->value + row * f->states;
    float *d = f->transition->grad ? bp_gradient(f->transition) : NULL;

    for (size_t j = 0; j < f->states; j++) {
        size_t at = (j * f->rows + row) * f->states;
        db[j] = 0;
        for (size_t k = 0; k < f->states; k++) {
            float part = dw[k] * bp_exp(log_b[j] + f->transition->value[at + k] - w[k]);
            db[j] += part;
            if (d)
                d[at + k] += part;
        }
    }
}

/* log b = w + seen - log sum: to both of the step before. */
static void back_to_before(const struct filter *f, size_t row, const float *db, float *dw)
{
    size_t before = row - f->batch;
    const float *log_b = f->before + row * f->states;
    float *d = f->seen->grad ? bp_gradient(f->seen) + before : NULL, all = 0;

    for (size_t j = 0; j < f->states; j++)
        all += db[j];
    for (size_t j = 0; j < f->states; j++) {
        float part = db[j] - all * bp_exp(log_b[j]);
        dw[before * f->states + j] += part;
        if (d)
            d[j * f->rows] += part;
    }
}

static void filter_back(struct bp_node *node)
{
    struct filter *f = (struct filter *)node;
    float *dw = bp_gradient(f->w), db[BP_FILTER_STATES];

    for (size_t row = f->rows; row-- > 0;) {
        back_to_transition(f, row, dw + row * f->states, db);
        if (row >= f->batch)
            back_to_before(f, row, db, dw);
    }
}

struct bp_var *bp_filter(struct bp_tape *tape, struct bp_var *transition, struct bp_var *seen, const float *belief, int batch)
{
    size_t states = (size_t)transition->cols, rows = (size_t)transition->rows / states;
    struct filter local = {.transition = transition, .seen = seen, .states = states, .rows = rows, .batch = (size_t)batch};

    assert(states <= BP_FILTER_STATES && (seen ? seen->rows == transition->rows : rows == local.batch));
    local.before = bp_arena_floats(&tape->arena, rows * states);
    local.w = bp_var_new(tape, (int)rows, (int)states, transition->grad || (seen && seen->grad));
    for (size_t row = 0; row < rows; row++) {
        if (row < local.batch)
            begin(belief ? belief + row * states : NULL, local.before + row * states, states);
        else
            go_on(&local, row, local.before + row * states);
        predict(&local, row);
    }
    if (local.w->grad) {
        struct filter *node = bp_node_new(tape, sizeof *node, filter_back);
        local.node = node->node;
        *node = local;
    }
    return local.w;
}

/* ---- mixing ---- */

struct mix {
    struct bp_node node;
    struct bp_var *log_weight, *x, *y;
};

static void mix_back(struct bp_node *node)
{
    struct mix *m = (struct mix *)node;
    size_t states = (size_t)m->log_weight->cols, rows = (size_t)m->y->rows;
    const float *dy = bp_gradient(m->y);
    float *dw = m->log_weight->grad ? bp_gradient(m->log_weight) : NULL, *dx = m->x->grad ? bp_gradient(m->x) : NULL;

    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < states; k++) {
            float part = dy[i] * bp_exp(m->log_weight->value[i * states + k] + m->x->value[k * rows + i] - m->y->value[i]);
            if (dw)
                dw[i * states + k] += part;
            if (dx)
                dx[k * rows + i] += part;
        }
}

struct bp_var *bp_filter_mix(struct bp_tape *tape, struct bp_var *log_weight, struct bp_var *x)
{
    size_t states = (size_t)log_weight->cols, rows = (size_t)log_weight->rows;
    struct bp_var *y = bp_var_new(tape, (int)rows, 1, log_weight->grad || x->grad);
    float both[BP_FILTER_STATES];

    assert(states <= BP_FILTER_STATES && (size_t)x->rows == states * rows && x->cols == 1);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < states; k++)
            both[k] = log_weight->value[i * states + k] + x->value[k * rows + i];
        y->value[i] = log_sum(both, states);
    }
    if (y->grad) {
        struct mix *m = bp_node_new(tape, sizeof *m, mix_back);
        m->log_weight = log_weight;
        m->x = x;
        m->y = y;
    }
    return y;
}

void bp_filter_update(const struct bp_var *log_weight, const struct bp_var *seen, float *belief)
{
    size_t states = (size_t)log_weight->cols, rows = (size_t)log_weight->rows;

    for (size_t i = 0; i < rows; i++) {
        float *b = belief + i * states;
        for (size_t k = 0; k < states; k++)
            b[k] = log_weight->value[i * states + k] + seen->value[k * rows + i];
        float all = log_sum(b, states);
        for (size_t k = 0; k < states; k++)
            b[k] = bp_exp(b[k] - all);
    }
}
