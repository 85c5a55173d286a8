/* The filter against a sum over all paths of states, its gradient against forward-backward and finite differences. */
#include "nn/filter.h"

#include "gradient_check.h"

#include "nn/loss.h"

enum { STATES = 3, STEPS = 6, BATCH = 2, ROWS = STEPS * BATCH };

/* ---- gradients ---- */

static struct bp_var *predict(struct bp_tape *tape, const struct operand *o, const void *belief)
{
    return bp_filter(tape, o[0].var, o[1].var, belief, BATCH);
}

static struct bp_var *likelihood(struct bp_tape *tape, const struct operand *o, const void *belief)
{
    return bp_filter_mix(tape, bp_filter(tape, o[0].var, o[1].var, belief, BATCH), o[1].var);
}

static struct bp_var *mix(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_filter_mix(tape, o[0].var, o[1].var);
}

static const float belief[BATCH * STATES] = {0.2f, 0.5f, 0.3f, 0, 0, 0};

static void gradients(void **state)
{
    static struct operand all[] = {{.name = "transition", .rows = STATES * ROWS, .cols = STATES}, {.name = "seen", .rows = STATES * ROWS, .cols = 1}};
    static struct operand mixed[] = {{.name = "weights", .rows = ROWS, .cols = STATES}, {.name = "x", .rows = STATES * ROWS, .cols = 1}};

    (void)state;
    assert_gradients(predict, belief, all, 2, 1.0f / 64, 5e-4);
    assert_gradients(predict, NULL, all, 2, 1.0f / 64, 5e-4);
    assert_gradients(likelihood, belief, all, 2, 1.0f / 64, 5e-4);
    assert_gradients(mix, NULL, mixed, 2, 1.0f / 64, 5e-4);
}

static const float ones[ROWS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* ---- references, in double, which know nothing of filters ---- */

/* A model whose second sequence begins another episode at step 3: there all transitions are the same. */
struct model {
    float transition[STATES * ROWS * STATES], seen[STATES * ROWS];
};

static void draw_model(struct model *m)
{
    fill_normal(m->transition, STATES * ROWS * STATES, 11);
    fill_normal(m->seen, STATES * ROWS, 12);
    for (int i = 0; i < STATES * ROWS; i++) {
        float *row = m->transition + i * STATES, sum = 0;
        m->seen[i] *= 3;
        for (int k = 0; k < STATES; k++)
            sum += expf(2 * row[k]);
        for (int k = 0; k < STATES; k++)
            row[k] = 2 * row[k] - logf(sum);
    }
    for (int j = 1; j < STATES; j++)
        memcpy(m->transition + (j * ROWS + 3 * BATCH + 1) * STATES, m->transition + (3 * BATCH + 1) * STATES, STATES * sizeof(float));
}

static double transition(const struct model *m, int row, int from, int to)
{
    return exp((double)m->transition[(from * ROWS + row) * STATES + to]);
}

static double seen(const struct model *m, int row, int of)
{
    return exp((double)m->seen[of * ROWS + row]);
}

static double first(int sequence, int of)
{
    return sequence ? 1.0 / STATES : (double)belief[of];
}

/* log of the sum over all paths of states of what is seen in the first `steps` steps; in the last one only with state `last` (-1: any). */
static double sum_of_paths(const struct model *m, int b, int steps, int last, bool sees_last)
{
    int paths = STATES;
    double sum = 0;

    for (int t = 0; t < steps; t++)
        paths *= STATES;
    for (int path = 0; path < paths; path++) {
        int from = path % STATES, rest = path / STATES;
        double p = first(b, from);
        for (int t = 0; t < steps; t++, rest /= STATES) {
            int to = rest % STATES, row = t * BATCH + b;
            p *= transition(m, row, from, to) * (t + 1 < steps || sees_last ? seen(m, row, to) : 1);
            from = to;
        }
        sum += last < 0 || from == last ? p : 0;
    }
    return log(sum);
}

static void likelihood_of_all_paths(void **state)
{
    static struct model m;
    struct bp_tape tape;

    (void)state;
    draw_model(&m);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *x = bp_constant(&tape, STATES * ROWS, 1, m.seen);
    struct bp_var *w = bp_filter(&tape, bp_constant(&tape, STATES * ROWS, STATES, m.transition), x, belief, BATCH);
    struct bp_var *p = bp_filter_mix(&tape, w, x);
    for (int b = 0; b < BATCH; b++) {
        double total = 0;
        for (int t = 0; t < STEPS; t++) {
            int row = t * BATCH + b;
            for (int k = 0; k < STATES; k++)      /* p(z_t, seen before) / p(seen before) */
                assert_close(w->value[row * STATES + k],
                             sum_of_paths(&m, b, t + 1, k, false) - (t ? sum_of_paths(&m, b, t, -1, true) : 0), 1e-5);
            total += (double)p->value[row];
            assert_close(total, sum_of_paths(&m, b, t + 1, -1, true), 1e-5 * (1 + fabs(total)));
        }
    }
    bp_tape_free(&tape);
}

/* Textbook forward-backward of one sequence, scaled at each step: alpha beta are posteriors. */
struct posteriors {
    double state[STEPS][STATES], pair[STEPS][STATES][STATES];     /* pair: of the states of the step before and of this one */
};

static void forward_backward(const struct model *m, int b, struct posteriors *p)
{
    double alpha[STEPS + 1][STATES], beta[STEPS + 1][STATES], scale[STEPS + 1];

    for (int k = 0; k < STATES; k++) {
        alpha[0][k] = first(b, k);
        beta[STEPS][k] = 1;
    }
    for (int t = 0; t < STEPS; t++) {
        scale[t] = 0;
        for (int k = 0; k < STATES; k++) {
            alpha[t + 1][k] = 0;
            for (int j = 0; j < STATES; j++)
                alpha[t + 1][k] += alpha[t][j] * transition(m, t * BATCH + b, j, k) * seen(m, t * BATCH + b, k);
            scale[t] += alpha[t + 1][k];
        }
        for (int k = 0; k < STATES; k++)
            alpha[t + 1][k] /= scale[t];
    }
    for (int t = STEPS - 1; t >= 0; t--)
        for (int j = 0; j < STATES; j++) {
            beta[t][j] = 0;
            for (int k = 0; k < STATES; k++) {
                double both = transition(m, t * BATCH + b, j, k) * seen(m, t * BATCH + b, k) * beta[t + 1][k] / scale[t];
                p->pair[t][j][k] = alpha[t][j] * both;
                beta[t][j] += both;
            }
        }
    for (int t = 0; t < STEPS; t++)
        for (int k = 0; k < STATES; k++)
            p->state[t][k] = alpha[t + 1][k] * beta[t + 1][k];
}

static void gradients_are_posteriors(void **state)
{
    static struct model m;
    struct posteriors p;
    struct bp_tape tape;

    (void)state;
    draw_model(&m);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *t = bp_var_new(&tape, STATES * ROWS, STATES, true), *x = bp_var_new(&tape, STATES * ROWS, 1, true);
    memcpy(t->value, m.transition, sizeof m.transition);
    memcpy(x->value, m.seen, sizeof m.seen);
    bp_add_loss(bp_filter_mix(&tape, bp_filter(&tape, t, x, belief, BATCH), x), 1, ones);
    bp_tape_backward(&tape);
    for (int b = 0; b < BATCH; b++) {
        forward_backward(&m, b, &p);
        for (int step = 0; step < STEPS; step++)
            for (int k = 0; k < STATES; k++) {
                int row = step * BATCH + b;
                assert_close(bp_gradient(x)[k * ROWS + row], p.state[step][k], 1e-5);
                for (int j = 0; j < STATES; j++)
                    assert_close(bp_gradient(t)[(j * ROWS + row) * STATES + k], p.pair[step][j][k], 1e-5);
            }
    }
    bp_tape_free(&tape);
}

/* ---- step by step, and where numbers are large ---- */

static void one_step_at_a_time(void **state)
{
    static struct model m;
    float known[BATCH * STATES], transitions[STATES * BATCH * STATES], now[STATES * BATCH];
    struct bp_tape tape;

    (void)state;
    draw_model(&m);
    memcpy(known, belief, sizeof known);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *x = bp_constant(&tape, STATES * ROWS, 1, m.seen);
    struct bp_var *whole = bp_filter(&tape, bp_constant(&tape, STATES * ROWS, STATES, m.transition), x, belief, BATCH);
    for (int t = 0; t < STEPS; t++) {
        for (int j = 0; j < STATES; j++) {
            memcpy(transitions + j * BATCH * STATES, m.transition + (j * ROWS + t * BATCH) * STATES, BATCH * STATES * sizeof(float));
            memcpy(now + j * BATCH, m.seen + j * ROWS + t * BATCH, BATCH * sizeof(float));
        }
        struct bp_var *w = bp_filter(&tape, bp_constant(&tape, STATES * BATCH, STATES, transitions), NULL, known, BATCH);
        for (int i = 0; i < BATCH * STATES; i++)
            assert_close(w->value[i], whole->value[t * BATCH * STATES + i], 1e-5);
        bp_filter_update(w, bp_constant(&tape, STATES * BATCH, 1, now), known);
    }
    bp_tape_free(&tape);
}

/* Densities of narrow Gaussians far away: nothing overflows, and a state that was ruled out can come back. */
static void large_numbers(void **state)
{
    static struct model m;
    static const float one_hot[BATCH * STATES] = {0, 1, 0, 1, 0, 0};
    struct bp_tape tape;

    (void)state;
    draw_model(&m);
    for (int i = 0; i < STATES * ROWS; i++)
        m.seen[i] = -1e5f * (float)((7 * i) % 5);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, true), 0);
    struct bp_var *t = bp_var_new(&tape, STATES * ROWS, STATES, true), *x = bp_var_new(&tape, STATES * ROWS, 1, true);
    memcpy(t->value, m.transition, sizeof m.transition);
    memcpy(x->value, m.seen, sizeof m.seen);
    struct bp_var *w = bp_filter(&tape, t, x, one_hot, BATCH);
    bp_add_loss(bp_filter_mix(&tape, w, x), 1, ones);
    bp_tape_backward(&tape);
    for (int i = 0; i < ROWS * STATES; i++)
        assert_true(isfinite(w->value[i]));
    for (int k = 0; k < STATES; k++)
        assert_close(w->value[k], m.transition[ROWS * STATES + k], 1e-5);         /* from state 1, for sure */
    for (int i = 0; i < BATCH; i++) {
        float sum = 0;
        for (int k = 0; k < STATES; k++)
            sum += bp_gradient(x)[k * ROWS + ROWS - 1 - i];
        assert_close(sum, 1, 1e-5);
    }
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(likelihood_of_all_paths),
        cmocka_unit_test(gradients_are_posteriors),
        cmocka_unit_test(one_step_at_a_time),
        cmocka_unit_test(large_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
