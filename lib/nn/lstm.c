#include "nn/lstm.h"

#include "nn/bf16.h"
#include "nn/math.h"
#include "nn/weight.h"

#include <stdbool.h>
#include <string.h>

enum { ROWS_TOGETHER = 16 };      /* fewer at a time slow the products down */

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
    /* T*B x 4H, after their nonlinearities, for the way back, which turns them into gradients: floats, or rounded for products of BF16. */
    float *gates;
    uint16_t *rounded;
    float *cell;                /* T*B x H */
    struct bp_tape *tape;
};

/* exp(x) for gates, with x clipped: above 21 the gates saturate in float32, and the product of four such factors stays finite. */
static inline float bounded_exp(float x)
{
    float z = x < -87.0f ? -87.0f : x;

    return bp_exp_within(z > 21.0f ? 21.0f : z);
}

/*
 * One row: gates in place from pre-activations without bias, new cell and output. A division takes as long as an exponential, so the
 * four quotients of sigma(x) = 1 / (1 + exp(-x)) and tanh(x) = 1 - 2 / (1 + exp(2 x)) come from one division by the product of denominators.
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

/* h (B x H) is the output before step t. */
static void set_before(struct lstm *l, int t, const float *h)
{
    size_t n = (size_t)l->hidden, first = (size_t)t * (size_t)l->batch, stride = bp_bf16_stride(l->hidden);

    if (l->before.rounded)
        bp_round_rows(h, l->batch, l->hidden, l->before.rounded, (int)first);
    else
        memcpy(l->before.value + first * n, h, (size_t)l->batch * n * sizeof *h);
    for (int b = 0; b < l->batch; b++)
        if (begins(l, t, b) && l->before.rounded)
            memset(l->before.rounded + (first + (size_t)b) * stride, 0, stride * sizeof *l->before.rounded);
        else if (begins(l, t, b))
            memset(l->before.value + (first + (size_t)b) * n, 0, n * sizeof *l->before.value);
}

static struct bp_factor before(const struct lstm *l, int t)
{
    return bp_factor_rows((struct bp_factor){l->before.value, l->before.rounded}, l->hidden, t * l->batch);
}

/* The gates of a row: where they are kept, or widened into `room`. */
static float *gates_of(const struct lstm *l, int row, float *room)
{
    size_t width = 4 * (size_t)l->hidden;

    if (l->gates)
        return l->gates + (size_t)row * width;
    const uint16_t *from = l->rounded + (size_t)row * bp_bf16_stride((int)width);
#pragma omp simd
    for (size_t j = 0; j < width; j++)
        room[j] = bp_bf16_value(from[j]);
    return room;
}

/* The gradients of one row's gates: to the bias's gradient, and rounded into the gates' place. */
static void finish_row(struct lstm *l, const float *gate, int row)
{
    int width = 4 * l->hidden;
    float *bias = l->bias.grad;

    if (bias)
#pragma omp simd
        for (int j = 0; j < width; j++)
            bias[j] += gate[j];
    if (l->rounded)
        bp_round_rows(gate, 1, width, l->rounded, row);
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
    struct bp_factor x = bp_weight_factor(l->tape, l->from_x, l->x), gates = {l->gates, l->rounded};
    float *dc = bp_arena_zeros(&l->tape->arena, matrix), *zero = bp_arena_zeros(&l->tape->arena, (size_t)n);
    float *kept = l->episode_step ? bp_arena_floats(&l->tape->arena, matrix) : NULL, *dy = bp_gradient(l->y);
    float *room = bp_arena_floats(&l->tape->arena, 4 * (size_t)n);

    if (!bp_weight_bf16(l->from_h))
        l->from_h.w.transposed = bp_weight_transposed(l->tape, l->from_h);      /* once, not at every step */
    for (int t = l->steps - 1; t >= 0; t--) {
        float *dh = dy + (size_t)t * matrix;
        if (t < l->steps - 1)
            back_through_h(l, t + 1, bp_factor_rows(gates, 4 * n, (t + 1) * batch), dh, dc, kept);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            float *gate = gates_of(l, t * batch + b, room);
            step_back(gate, cell_before(l, t, b, zero), l->cell + (size_t)t * matrix + at, dh + at, dc + at, n);
            finish_row(l, gate, t * batch + b);
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

/* Split the state's rows (h, c): h is the output before the first step. */
static void unpack(struct lstm *l, const float *state, int stride)
{
    size_t n = (size_t)l->hidden;
    float *h = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);

    l->first_cell = bp_arena_floats(&l->tape->arena, (size_t)l->batch * n);
    for (size_t b = 0; b < (size_t)l->batch; b++) {
        memcpy(h + b * n, state + b * (size_t)stride, n * sizeof(float));
        memcpy(l->first_cell + b * n, state + b * (size_t)stride + n, n * sizeof(float));
    }
    set_before(l, 0, h);
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

/* Steps whose products with x are computed together: where there are few sequences side by side, several. */
static int steps_together(const struct lstm *l)
{
    int rows = bp_weight_rows(l->from_x) > ROWS_TOGETHER ? bp_weight_rows(l->from_x) : ROWS_TOGETHER;

    return (rows + l->batch - 1) / l->batch;
}

/* Pre-activations of some steps from x alone; l->gates where they are kept, else the same place again and again, which stays in the first cache. */
static float *from_input(struct lstm *l, struct bp_factor x, int t, float *room)
{
    int steps = steps_together(l) < l->steps - t ? steps_together(l) : l->steps - t, row = t * l->batch;
    float *gates = l->gates ? l->gates + (size_t)row * 4 * (size_t)l->hidden : room;

    bp_weight_forward(l->from_x, steps * l->batch, bp_factor_rows(x, l->x->cols, row), gates, 0);
    return gates;
}

static void forward(struct lstm *l, const float *zero)
{
    int n = l->hidden, batch = l->batch;
    size_t matrix = (size_t)batch * (size_t)n;
    struct bp_factor x = bp_weight_factor(l->tape, l->from_x, l->x);
    float *room = l->gates ? NULL : bp_arena_floats(&l->tape->arena, 4 * matrix * (size_t)steps_together(l)), *gates = NULL;

    for (int t = 0; t < l->steps; t++) {
        float *h = l->y->value + (size_t)t * matrix, *cell = l->cell + (size_t)t * matrix;
        gates = t % steps_together(l) ? gates + 4 * matrix : from_input(l, x, t, room);
        if (t || l->starts)
            bp_weight_forward(l->from_h, batch, before(l, t), gates, 1);
        for (int b = 0; b < batch; b++) {
            size_t at = (size_t)b * (size_t)n;
            step(gates + 4 * at, l->bias.value, cell_before(l, t, b, zero), cell + at, h + at, n);
        }
        if (l->rounded)
            bp_round_rows(gates, batch, 4 * n, l->rounded, t * batch);
        if (l->y->rounded)
            bp_round_rows(h, batch, n, l->y->rounded, t * batch);
        if (t < l->steps - 1)
            set_before(l, t + 1, h);
    }
}

bool bp_lstm_bf16(struct bp_lstm_weights w, int in, int hidden)
{
    return bp_weight_bf16((struct bp_matrix){w.x, in, 4 * hidden}) && bp_weight_bf16((struct bp_matrix){w.h, hidden, 4 * hidden});
}

/* What is kept of every step, of `rows` in all. */
static void allocate(struct lstm *l, int rows, bool bf16)
{
    size_t count = (size_t)rows * (size_t)l->hidden;
    bool records = l->y->grad;

    if (bf16) {
        l->rounded = records ? bp_rounded_new(l->tape, rows, 4 * l->hidden) : NULL;
        l->before.rounded = bp_rounded_new(l->tape, rows, l->hidden);
        l->y->rounded = bp_rounded_new(l->tape, rows, l->hidden);
    } else {
        l->gates = records ? bp_arena_floats(&l->tape->arena, 4 * count) : NULL;
        l->before.value = bp_arena_floats(&l->tape->arena, count);
        l->from_x.w.packed = l->from_h.w.packed = NULL;
    }
    l->cell = bp_arena_floats(&l->tape->arena, count);
}

struct bp_var *bp_lstm(struct bp_tape *tape, struct bp_var *x, struct bp_lstm_weights w, const struct bp_sequences *sequences, int hidden,
                       int stride)
{
    int rows = sequences->steps * sequences->batch;
    struct bp_var *y = bp_var_new(tape, rows, hidden, x->grad || w.x.grad || w.h.grad || w.b.grad);
    struct lstm local, *l = y->grad ? bp_node_new(tape, sizeof *l, lstm_back) : &local;

    *l = (struct lstm){
        .node = y->grad ? l->node : (struct bp_node){0},
        .x = x,
        .y = y,
        .from_x = {w.x, x->cols, 4 * hidden},
        .from_h = {w.h, hidden, 4 * hidden},
        .bias = w.b,
        .steps = sequences->steps,
        .batch = sequences->batch,
        .hidden = hidden,
        .episode_step = sequences->episode_step,
        .tape = tape,
    };
    allocate(l, rows, bp_lstm_bf16(w, x->cols, hidden));
    float *zero = bp_arena_zeros(&tape->arena, (size_t)hidden);
    if (sequences->state)
        unpack(l, sequences->state, stride);
    forward(l, zero);
    if (sequences->state_out)
        pack(l, sequences->state_out, stride);
    return y;
}
