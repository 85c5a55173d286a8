#include "nn/lstm.h"

#include "nn/math.h"
#include "nn/weight.h"

#include <stdbool.h>
#include <string.h>

struct lstm {
    struct bp_node node;
    struct bp_var *x, *y;
    struct bp_matrix from_x, from_h;    /* in x 4H, H x 4H */
    struct bp_weight bias;
    int steps, batch, hidden;
    const int32_t *episode_step;        /* NULL: no episode begins */
    bool starts;                /* from a state, else from zeros */
    struct { float *value; uint16_t *rounded; } before;     /* T*B x H, what multiplies W_h: h_{t-1}, zeros where episodes begin; one of both */
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

/* h (B x H) is what came before step t. */
static void set_before(struct lstm *l, int t, const float *h, const float *zero)
{
    size_t n = (size_t)l->hidden;

    for (int b = 0; b < l->batch; b++) {
        const float *from = begins(l, t, b) ? zero : h + (size_t)b * n;
        int row = t * l->batch + b;
        if (l->before.rounded)
            bp_round_row(from, l->hidden, l->before.rounded, row);
        else
            memcpy(l->before.value + (size_t)row * n, from, n * sizeof *from);
    }
}

static struct bp_factor before(const struct lstm *l, int t)
{
    return bp_factor_rows((struct bp_factor){l->before.value, l->before.rounded}, l->hidden, t * l->batch);
}

/* The gradients of one row's gates: to the bias's gradient, and rounded. */
static void finish_row(struct lstm *l, const float *gate, uint16_t *rounded, int row)
{
    int width = 4 * l->hidden;
    float *bias = l->bias.grad;

    if (bias)
#pragma omp simd
        for (int j = 0; j < width; j++)
            bias[j] += gate[j];
    if (rounded)
        bp_round_row(gate, width, rounded, row);
}

/*
 * dh_{t-1} += dgates_t W_h^T; where an episode begins with step t, dh (B x H) stays as it is, and nothing flows through the cell (dc) either.
 * kept: room for B x H, NULL without episodes.
 */
static void back_through_h(struct lstm *l, int t, struct bp_factor gates, float *dh, float *dc, float *kept)
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
    int n = l->hidden, batch = l->batch, rows = l->steps * batch, from = l->starts ? 0 : 1;
    size_t matrix = (size_t)batch * (size_t)n;
    struct bp_factor x = bp_weight_factor(l->tape, l->from_x, l->x), gates = {l->gates, NULL};
    float *dc = bp_arena_zeros(&l->tape->arena, matrix), *zero = bp_arena_zeros(&l->tape->arena, (size_t)n);
    float *kept = l->episode_step ? bp_arena_floats(&l->tape->arena, matrix) : NULL, *dy = bp_gradient(l->y);
    uint16_t *rounded = x.rounded || l->before.rounded ? bp_rounded_new(l->tape, rows, 4 * n) : NULL;

    gates.rounded = rounded;
    if (!bp_weight_bf16(l->from_h))
        l->from_h.w.transposed = bp_weight_transposed(l->tape, l->from_h);      /* once, not at every step */
    for (int t = l->steps - 1; t >= 0; t--) {
        float *dh = dy + (size_t)t * matrix;
        if (t < l->steps - 1)
            back_through_h(l, t + 1, bp_factor_rows(gates, 4 * n, (t + 1) * batch), dh, dc, kept);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            float *gate = l->gates + 4 * ((size_t)t * matrix + at);
            step_back(gate, cell_before(l, t, b, zero), l->cell + (size_t)t * matrix + at, dh + at, dc + at, n);
            finish_row(l, gate, rounded, t * batch + b);
        }
    }
    bp_weight_gradient(l->tape, l->from_x, rows, x, gates);
    bp_weight_gradient(l->tape, l->from_h, rows - from * batch, before(l, from), bp_factor_rows(gates, 4 * n, from * batch));
    if (l->x->grad) {
        int add;
        float *dx = bp_gradient_sink(l->x, &add);
        bp_weight_backward(l->tape, l->from_x, rows, gates, dx, add);
    }
    bp_arena_give_back(&l->tape->arena, dc);
}

/* Split the state's rows (h, c): h is what comes before the first step. */
static void unpack(struct lstm *l, const float *state, int stride, const float *zero)
{
    size_t n = (size_t)l->hidden;
    float *h = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);

    l->first_cell = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);
    for (size_t b = 0; b < (size_t)l->batch; b++) {
        memcpy(h + b * n, state + b * (size_t)stride, n * sizeof(float));
        memcpy(l->first_cell + b * n, state + b * (size_t)stride + n, n * sizeof(float));
    }
    set_before(l, 0, h, zero);
    l->starts = true;
}

static void pack(const struct lstm *l, float *state, int stride)
{
    size_t n = (size_t)l->hidden, last = (size_t)(l->steps - 1) * (size_t)l->batch;

    for (size_t b = 0; b < (size_t)l->batch; b++) {
        memcpy(state + b * (size_t)stride, l->y->value + (last + b) * n, n * sizeof(float));
        memcpy(state + b * (size_t)stride + n, l->cell + (last + b) * n, n * sizeof(float));
    }
}

static void forward(struct lstm *l, const float *zero)
{
    int n = l->hidden, batch = l->batch;
    size_t matrix = (size_t)batch * (size_t)n;

    bp_weight_forward(l->from_x, l->steps * batch, bp_weight_factor(l->tape, l->from_x, l->x), l->gates, 0);
    for (int t = 0; t < l->steps; t++) {
        float *gates = l->gates + (size_t)t * 4 * matrix, *h = l->y->value + (size_t)t * matrix, *cell = l->cell + (size_t)t * matrix;
        if (t || l->starts)
            bp_weight_forward(l->from_h, batch, before(l, t), gates, 1);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            step(gates + 4 * at, l->bias.value, cell_before(l, t, b, zero), cell + at, h + at, n);
            if (l->y->rounded)
                bp_round_row(h + at, n, l->y->rounded, t * batch + b);
        }
        if (t < l->steps - 1)
            set_before(l, t + 1, h, zero);
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
    l->first_cell = NULL;
    l->starts = false;
    l->before.value = NULL;
    l->before.rounded = NULL;
    l->gates = bp_arena_floats(&tape->arena, 4 * count);
    l->cell = bp_arena_floats(&tape->arena, count);
    if (bp_weight_bf16(l->from_h)) {
        l->before.rounded = bp_rounded_new(tape, rows, hidden);
        y->rounded = bp_rounded_new(tape, rows, hidden);
    } else {
        l->before.value = bp_arena_floats(&tape->arena, count);
    }
    float *zero = bp_arena_zeros(&tape->arena, (size_t)hidden);
    if (sequences->state)
        unpack(l, sequences->state, stride, zero);
    forward(l, zero);
    if (sequences->state_out)
        pack(l, sequences->state_out, stride);
    return y;
}
