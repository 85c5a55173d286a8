#include "nn/lstm.h"

#include "gradient_check.h"
#include "naive.h"

/* ---- gradients ---- */

struct shape {
    int steps, batch, in, hidden;
    const float *state;         /* batch x (2 hidden + 3) */
    const int32_t *episode_step;
};

static struct bp_var *lstm(struct bp_tape *tape, const struct operand *o, const void *context)
{
    const struct shape *s = context;
    struct bp_lstm_weights w = {o[1].weight, o[2].weight, o[3].weight};

    return bp_lstm(tape, o[0].var, w, &(struct bp_sequences){s->steps, s->batch, s->episode_step, s->state, NULL}, s->hidden, 2 * s->hidden + 3);
}

/* Episodes begin with the second sequence, within the first and the third, and twice in a row. */
static const int32_t episodes[5 * 3] = {7, 0, 4, 8, 1, 5, 0, 2, 0, 1, 3, 0, 2, 4, 1};

static void gradients(void **state)
{
    static const struct shape shapes[] = {{1, 1, 2, 3, NULL, NULL}, {1, 3, 2, 3, NULL, NULL}, {4, 1, 3, 2, NULL, NULL}, {5, 3, 3, 4, NULL, NULL},
                                          {5, 3, 3, 4, NULL, episodes}, {1, 3, 2, 3, NULL, episodes}};
    static float initial[3 * 11];
    static struct operand o[4];

    (void)state;
    fill_normal(initial, 3 * 11, 6);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int with_state = 0; with_state < 2; with_state++) {
            struct shape s = shapes[i];
            s.state = with_state ? initial : NULL;
            o[0] = (struct operand){.name = "x", .rows = s.steps * s.batch, .cols = s.in};
            o[1] = (struct operand){.name = "W_x", .kind = WEIGHT, .rows = s.in, .cols = 4 * s.hidden};
            o[2] = (struct operand){.name = "W_h", .kind = WEIGHT, .rows = s.hidden, .cols = 4 * s.hidden};
            o[3] = (struct operand){.name = "b", .kind = WEIGHT, .rows = 1, .cols = 4 * s.hidden};
            assert_gradients(lstm, &s, o, 4, 1.0f / 64, 2e-4);
        }
}

/* Two layers of the same weights, whose gradients meet. */
static struct bp_var *two_layers(struct bp_tape *tape, const struct operand *o, const void *context)
{
    const struct shape *s = context;
    struct bp_lstm_weights w = {o[1].weight, o[2].weight, o[3].weight};
    struct bp_var *first = bp_lstm(tape, o[0].var, w, &(struct bp_sequences){.steps = s->steps, .batch = s->batch}, s->hidden, 0);
    struct bp_lstm_weights again = {o[2].weight, o[2].weight, o[3].weight};

    return bp_lstm(tape, first, again, &(struct bp_sequences){.steps = s->steps, .batch = s->batch}, s->hidden, 0);
}

static void gradients_of_two_layers(void **state)
{
    const struct shape s = {.steps = 3, .batch = 2, .in = 2, .hidden = 3};
    static struct operand o[] = {{.name = "x", .rows = 6, .cols = 2},
                                 {.name = "W_x", .kind = WEIGHT, .rows = 2, .cols = 12},
                                 {.name = "W_h", .kind = WEIGHT, .rows = 3, .cols = 12},
                                 {.name = "b", .kind = WEIGHT, .rows = 1, .cols = 12}};

    (void)state;
    assert_gradients(two_layers, &s, o, 4, 1.0f / 64, 2e-4);
}

/* ---- values ---- */

enum { STEPS = 6, BATCH = 5, IN = 9, HIDDEN = 17, STRIDE = 2 * HIDDEN + 4 };

static float x[STEPS * BATCH * IN], wx[IN * 4 * HIDDEN], wh[HIDDEN * 4 * HIDDEN], bias[4 * HIDDEN], first_state[BATCH * STRIDE];

static int draw(void **state)
{
    (void)state;
    fill_normal(x, STEPS * BATCH * IN, 1);
    fill_normal(wx, IN * 4 * HIDDEN, 2);
    fill_normal(wh, HIDDEN * 4 * HIDDEN, 3);
    fill_normal(bias, 4 * HIDDEN, 4);
    fill_normal(first_state, BATCH * STRIDE, 5);
    for (int i = 0; i < IN * 4 * HIDDEN; i++)
        wx[i] *= 0.3f;
    for (int i = 0; i < HIDDEN * 4 * HIDDEN; i++)
        wh[i] *= 0.2f;
    return 0;
}

static const struct bp_sequences plain = {.steps = STEPS, .batch = BATCH};
static const struct bp_lstm_weights weights = {{.value = wx}, {.value = wh}, {.value = bias}};

static void compare(const struct bp_var *y, const int32_t *episode_step, const float *state, const float *state_out)
{
    for (int b = 0; b < BATCH; b++) {
        double h[HIDDEN] = {0}, c[HIDDEN] = {0}, row[IN];
        for (int j = 0; state && j < HIDDEN; j++) {
            h[j] = (double)state[b * STRIDE + j];
            c[j] = (double)state[b * STRIDE + HIDDEN + j];
        }
        for (int t = 0; t < STEPS; t++) {
            for (int i = 0; i < IN; i++)
                row[i] = (double)x[(t * BATCH + b) * IN + i];
            if (episode_step && episode_step[t * BATCH + b] == 0)
                memset(h, 0, sizeof h), memset(c, 0, sizeof c);
            naive_lstm_step(row, IN, wx, wh, bias, HIDDEN, h, c);
            for (int j = 0; j < HIDDEN; j++)
                assert_close(y->value[(t * BATCH + b) * HIDDEN + j], h[j], 3e-6);
        }
        for (int j = 0; state_out && j < HIDDEN; j++) {
            assert_close(state_out[b * STRIDE + j], h[j], 3e-6);
            assert_close(state_out[b * STRIDE + HIDDEN + j], c[j], 1e-5);
        }
    }
}

static void values(void **state)
{
    static float out[BATCH * STRIDE];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    struct bp_var *in = bp_constant(&tape, STEPS * BATCH, IN, x);
    compare(bp_lstm(&tape, in, weights, &plain, HIDDEN, 0), NULL, NULL, NULL);
    for (int i = 0; i < BATCH * STRIDE; i++)
        out[i] = -7;
    compare(bp_lstm(&tape, in, weights, &(struct bp_sequences){STEPS, BATCH, NULL, first_state, out}, HIDDEN, STRIDE), NULL, first_state, out);
    for (int b = 0; b < BATCH; b++)
        for (int j = 2 * HIDDEN; j < STRIDE; j++)
            assert_true(out[b * STRIDE + j] == -7);      /* the rest of the row is another layer's */
    bp_tape_free(&tape);
}

/* Where an episode begins, what came before is forgotten: also with the first step, and with the last. */
static void episodes_start_anew(void **state)
{
    static float out[BATCH * STRIDE];
    int32_t episode_step[STEPS * BATCH];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    for (int t = 0; t < STEPS; t++)
        for (int b = 0; b < BATCH; b++)
            episode_step[t * BATCH + b] = b == 0 ? t : b == 1 ? t + 3 : (t + b) % 4;
    episode_step[(STEPS - 1) * BATCH + 1] = 0;
    struct bp_var *in = bp_constant(&tape, STEPS * BATCH, IN, x);
    compare(bp_lstm(&tape, in, weights, &(struct bp_sequences){STEPS, BATCH, episode_step, first_state, out}, HIDDEN, STRIDE), episode_step,
            first_state, out);
    compare(bp_lstm(&tape, in, weights, &(struct bp_sequences){STEPS, BATCH, episode_step, NULL, out}, HIDDEN, STRIDE), episode_step, NULL, out);
    bp_tape_free(&tape);
}

/* As actors use it, step by step and in place, to the same outputs as in one go. */
static void carrying_the_state_along(void **state)
{
    static float carried[BATCH * STRIDE];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    struct bp_var *whole = bp_lstm(&tape, bp_constant(&tape, STEPS * BATCH, IN, x), weights,
                                   &(struct bp_sequences){STEPS, BATCH, NULL, first_state, NULL}, HIDDEN, STRIDE);
    memcpy(carried, first_state, sizeof carried);
    for (int t = 0; t < STEPS; t++) {
        struct bp_var *in = bp_constant(&tape, BATCH, IN, x + t * BATCH * IN);
        struct bp_var *h = bp_lstm(&tape, in, weights, &(struct bp_sequences){1, BATCH, NULL, carried, carried}, HIDDEN, STRIDE);
        for (int i = 0; i < BATCH * HIDDEN; i++)
            assert_close(h->value[i], whole->value[t * BATCH * HIDDEN + i], 1e-6);
    }
    bp_tape_free(&tape);
}

/* Recording must not change what is computed. */
static void recording_changes_nothing(void **state)
{
    static float grad[HIDDEN * 4 * HIDDEN];
    struct bp_tape forward, recording;
    struct bp_lstm_weights learning = weights;

    (void)state;
    learning.h.grad = grad;
    assert_int_equal(bp_tape_init(&forward, 1 << 22, false), 0);
    assert_int_equal(bp_tape_init(&recording, 1 << 22, true), 0);
    struct bp_var *a = bp_lstm(&forward, bp_constant(&forward, STEPS * BATCH, IN, x), weights, &plain, HIDDEN, 0);
    struct bp_var *b = bp_lstm(&recording, bp_constant(&recording, STEPS * BATCH, IN, x), learning, &plain, HIDDEN, 0);
    assert_null(a->grad);
    assert_non_null(b->grad);
    assert_memory_equal(a->value, b->value, STEPS * BATCH * HIDDEN * sizeof(float));
    bp_tape_free(&forward);
    bp_tape_free(&recording);
}

/* A lane knows nothing of its neighbours: another input in one changes no bit of the others. */
static void lanes_are_apart(void **state)
{
    static float changed[STEPS * BATCH * IN];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    memcpy(changed, x, sizeof changed);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < IN; i++)
            changed[(t * BATCH + 2) * IN + i] = t == 3 ? NAN : 40;
    struct bp_var *a = bp_lstm(&tape, bp_constant(&tape, STEPS * BATCH, IN, x), weights, &plain, HIDDEN, 0);
    struct bp_var *b = bp_lstm(&tape, bp_constant(&tape, STEPS * BATCH, IN, changed), weights, &plain, HIDDEN, 0);
    for (int row = 0; row < STEPS * BATCH; row++)
        if (row % BATCH != 2)
            assert_memory_equal(a->value + row * HIDDEN, b->value + row * HIDDEN, HIDDEN * sizeof(float));
    assert_true(isnan(b->value[(3 * BATCH + 2) * HIDDEN]) && isnan(b->value[(5 * BATCH + 2) * HIDDEN]));
    bp_tape_free(&tape);
}

/* Gates far beyond their range close and open fully; none of the shared division's factors overflows. */
static void saturated_gates(void **state)
{
    static const float one[1] = {1}, zero[4];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int signs = 0; signs < 16; signs++) {
        float size = 1e4f, bias_of[4], first[2] = {0.3f, 0.5f}, out[2];
        for (int g = 0; g < 4; g++)
            bias_of[g] = signs & 1 << g ? size : -size;
        struct bp_lstm_weights w = {{.value = zero}, {.value = zero}, {.value = bias_of}};
        bp_lstm(&tape, bp_constant(&tape, 1, 1, one), w, &(struct bp_sequences){1, 1, NULL, first, out}, 1, 2);
        double c = (signs & 2 ? 0.5 : 0) + (signs & 1 ? 1 : 0) * (signs & 4 ? 1 : -1);
        assert_close(out[1], c, 1e-6);
        assert_close(out[0], (signs & 8 ? 1 : 0) * tanh(c), 1e-6);
    }
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(saturated_gates),
        cmocka_unit_test(gradients_of_two_layers),
        cmocka_unit_test(values),
        cmocka_unit_test(episodes_start_anew),
        cmocka_unit_test(carrying_the_state_along),
        cmocka_unit_test(recording_changes_nothing),
        cmocka_unit_test(lanes_are_apart),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
