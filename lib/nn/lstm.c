#include "nn/lstm.h"

#include "nn/math.h"
#include "nn/weight.h"

#include <string.h>

struct lstm {
    struct bp_node node;
    struct bp_var *x, *y;
    struct bp_matrix from_x, from_h;    /* in x 4H, H x 4H */
    struct bp_weight bias;
    int steps, batch, hidden;
    const int32_t *episode_step;        /* NULL: no episode begins */
    float *first;               /* B x H, h before the first step, or NULL for zeros */
    float *first_cell;          /* B x H, or NULL */
    float *gates;               /* T*B x 4H, after their nonlinearities; turned into gradients by the way back */
    float *cell;                /* T*B x H */
    struct bp_tape *tape;
};

/* exp(x) for gates: beyond 21 nothing that a float would show changes, and four such factors stay finite. */
static inline float bounded_exp(float x)
{
    float z = x < -87.0f ? -87.0f : x;

    return bp_exp_within(z > 21.0f ? 21.0f : z);
}

/*
 * One row: gates in place from pre-activations without bias, new cell and output. A division takes as long as an exponential, so the
 * four of sigma(x) = 1 / (1 + exp(-x)) and tanh(x) = 1 - 2 / (1 + exp(2 x)) are taken from one of the product of denominators.
 */
static void step(float *restrict gate, const float *restrict bias, const float *restrict cell_before, float *restrict cell,
                 float *restrict h, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        float i = 1.0f + bounded_exp(-(gate[j] + bias[j])), f = 1.0f + bounded_exp(-(gate[n + j] + bias[n + j]));
        float g = 1.0f + bounded_exp(2.0f * (gate[2 * n + j] + bias[2 * n + j])), o = 1.0f + bounded_exp(-(gate[3 * n + j] + bias[3 * n + j]));
        float both_if = i * f, both_go = g * o, inverse = 1.0f / (both_if * both_go);
        float inverse_if = inverse * both_go, inverse_go = inverse * both_if;
        float in = inverse_if * f, forget = inverse_if * i, out = inverse_go * g, candidate = 1.0f - 2.0f * inverse_go * o;
        float c = forget * cell_before[j] + in * candidate;
        gate[j] = in;
        gate[n + j] = forget;
        gate[2 * n + j] = candidate;
        gate[3 * n + j] = out;
        cell[j] = c;
        h[j] = out * bp_tanh(c);
    }
}

/* One row backwards: dh, dc are the gradients of h_t and c_t; gates become the gradients of the pre-activations, dc that of c_{t-1}. */
static void step_back(float *restrict gate, const float *restrict cell_before, const float *restrict cell,
                      const float *restrict dh, float *restrict dc, int n)
{
#pragma omp simd
    for (int j = 0; j < n; j++) {
        float i = gate[j], f = gate[n + j], g = gate[2 * n + j], o = gate[3 * n + j], tc = bp_tanh(cell[j]);
        float d = dc[j] + dh[j] * o * (1.0f - tc * tc);
        gate[j] = d * g * i * (1.0f - i);
        gate[n + j] = d * cell_before[j] * f * (1.0f - f);
        gate[2 * n + j] = d * i * (1.0f - g * g);
        gate[3 * n + j] = dh[j] * tc * o * (1.0f - o);
        dc[j] = d * f;
    }
}

/* Does an episode begin with step t of sequence b? */
static bool begins(const struct lstm *l, int t, int b)
{
    return l->episode_step && l->episode_step[t * l->batch + b] == 0;
}

/*
 * h before each of `steps` steps from step t on, which lie at h (steps*B x H): as it is, or copied with zeros where episodes begin. `copy`
 * has room for that, whether it is needed or not: what an update takes does not depend on what was drawn.
 */
static const float *h_before(const struct lstm *l, int t, int steps, const float *h, float *copy)
{
    size_t n = (size_t)l->hidden, rows = (size_t)steps * (size_t)l->batch;
    bool copied = false;

    for (size_t row = 0; l->episode_step && row < rows; row++)
        if (l->episode_step[(size_t)t * (size_t)l->batch + row] == 0) {
            if (!copied)
                memcpy(copy, h, rows * n * sizeof *h);
            copied = true;
            memset(copy + row * n, 0, n * sizeof *h);
        }
    return copied ? copy : h;
}

static void weight_gradients(struct lstm *l)
{
    int n = l->hidden, batch = l->batch, rows = l->steps * batch;
    float *copy = l->episode_step ? bp_arena_floats(&l->tape->arena, (size_t)rows * (size_t)n) : NULL;

    bp_weight_gradient(l->tape, l->from_x, rows, l->x->value, l->gates);
    if (l->steps > 1)
        bp_weight_gradient(l->tape, l->from_h, rows - batch, h_before(l, 1, l->steps - 1, l->y->value, copy),
                           l->gates + (size_t)batch * 4 * (size_t)n);
    if (l->first)
        bp_weight_gradient(l->tape, l->from_h, batch, h_before(l, 0, 1, l->first, copy), l->gates);
    if (l->bias.grad)
        for (int row = 0; row < rows; row++) {
            const float *d = l->gates + (size_t)row * 4 * (size_t)n;
#pragma omp simd
            for (int j = 0; j < 4 * n; j++)
                l->bias.grad[j] += d[j];
        }
}

/*
 * dh_{t-1} += dgates_t W_h^T; where an episode begins with step t, dh (B x H) stays as it is, and nothing flows through the cell (dc) either.
 * kept: room for B x H, NULL without episodes.
 */
static void back_through_h(struct lstm *l, int t, const float *gates, float *dh, float *dc, float *kept)
{
    size_t n = (size_t)l->hidden;

    if (kept)
        memcpy(kept, dh, (size_t)l->batch * n * sizeof *dh);
    bp_weight_backward(l->tape, l->from_h, l->batch, gates, dh, 1);
    for (int b = 0; b < l->batch; b++)
        if (begins(l, t, b)) {
            memcpy(dh + (size_t)b * n, kept + (size_t)b * n, n * sizeof *dh);
            memset(dc + (size_t)b * n, 0, n * sizeof *dc);
        }
}

/* c before step t of sequence b. */
static const float *cell_before(const struct lstm *l, int t, int b, const float *zero)
{
    size_t n = (size_t)l->hidden, row = (size_t)t * (size_t)l->batch + (size_t)b;

    if (begins(l, t, b))
        return zero;
    if (t)
        return l->cell + (row - (size_t)l->batch) * n;
    return l->first_cell ? l->first_cell + row * n : zero;
}

static void lstm_back(struct bp_node *node)
{
    struct lstm *l = (struct lstm *)node;
    int n = l->hidden, batch = l->batch;
    size_t matrix = (size_t)batch * (size_t)n;
    float *dc = bp_arena_zeros(&l->tape->arena, matrix), *zero = bp_arena_zeros(&l->tape->arena, (size_t)n);
    float *kept = l->episode_step ? bp_arena_floats(&l->tape->arena, matrix) : NULL, *dy = bp_gradient(l->y);

    if (!l->from_h.w.transposed_packed)
        l->from_h.w.transposed = bp_weight_transposed(l->tape, l->from_h);      /* once, not at every step */
    for (int t = l->steps - 1; t >= 0; t--) {
        float *gates = l->gates + (size_t)t * 4 * matrix, *dh = dy + (size_t)t * matrix;
        if (t < l->steps - 1)
            back_through_h(l, t + 1, gates + 4 * matrix, dh, dc, kept);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            step_back(gates + 4 * at, cell_before(l, t, b, zero), l->cell + (size_t)t * matrix + at, dh + at, dc + at, n);
        }
    }
    weight_gradients(l);
    if (l->x->grad) {
        int add;
        float *dx = bp_gradient_sink(l->x, &add);
        bp_weight_backward(l->tape, l->from_x, l->steps * batch, l->gates, dx, add);
    }
}

/* Split the state's rows (h, c) into two dense matrices. */
static void unpack(struct lstm *l, const float *state, int stride)
{
    size_t n = (size_t)l->hidden;

    l->first = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);
    l->first_cell = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);
    for (size_t b = 0; b < (size_t)l->batch; b++) {
        memcpy(l->first + b * n, state + b * (size_t)stride, n * sizeof(float));
        memcpy(l->first_cell + b * n, state + b * (size_t)stride + n, n * sizeof(float));
    }
}

static void pack(const struct lstm *l, float *state, int stride)
{
    size_t n = (size_t)l->hidden, last = (size_t)(l->steps - 1) * (size_t)l->batch;

    for (size_t b = 0; b < (size_t)l->batch; b++) {
        memcpy(state + b * (size_t)stride, l->y->value + (last + b) * n, n * sizeof(float));
        memcpy(state + b * (size_t)stride + n, l->cell + (last + b) * n, n * sizeof(float));
    }
}

static void forward(struct lstm *l)
{
    int n = l->hidden, batch = l->batch;
    size_t matrix = (size_t)batch * (size_t)n, rows = (size_t)l->steps * (size_t)batch;
    float *zero = bp_arena_zeros(&l->tape->arena, (size_t)n), *copy = l->episode_step ? bp_arena_floats(&l->tape->arena, matrix) : NULL;

    bp_weight_forward(l->tape, l->from_x, (int)rows, l->x->value, l->gates, 0);
    for (int t = 0; t < l->steps; t++) {
        float *gates = l->gates + (size_t)t * 4 * matrix, *h = l->y->value + (size_t)t * matrix, *cell = l->cell + (size_t)t * matrix;
        const float *before = t ? h - matrix : l->first;
        if (before)
            bp_weight_forward(l->tape, l->from_h, batch, h_before(l, t, 1, before, copy), gates, 1);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            step(gates + 4 * at, l->bias.value, cell_before(l, t, b, zero), cell + at, h + at, n);
        }
    }
}

struct bp_var *bp_lstm(struct bp_tape *tape, struct bp_var *x, struct bp_lstm_weights w, const struct bp_sequences *sequences, int hidden,
                       int stride)
{
    int rows = sequences->steps * sequences->batch;
    size_t count = (size_t)rows * (size_t)hidden;
    struct bp_var *y = bp_var_new(tape, rows, hidden, x->grad || w.x.grad || w.h.grad || w.b.grad);
    struct lstm local = {0}, *l = y->grad ? bp_node_new(tape, sizeof *l, lstm_back) : &local;

    l->x = x;
    l->y = y;
    l->from_x = (struct bp_matrix){w.x, x->cols, 4 * hidden};
    l->from_h = (struct bp_matrix){w.h, hidden, 4 * hidden};
    l->bias = w.b;
    l->steps = sequences->steps;
    l->batch = sequences->batch;
    l->episode_step = sequences->episode_step;
    l->hidden = hidden;
    l->tape = tape;
    l->first = l->first_cell = NULL;
    l->gates = bp_arena_floats(&tape->arena, 4 * count);
    l->cell = bp_arena_floats(&tape->arena, count);
    if (sequences->state)
        unpack(l, sequences->state, stride);
    forward(l);
    if (sequences->state_out)
        pack(l, sequences->state_out, stride);
    return y;
}
