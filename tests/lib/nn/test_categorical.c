#include "nn/categorical.h"

#include "gradient_check.h"

enum { ROWS = 5, N = 4 };

#define LOGITS(operand) {.name = operand, .rows = ROWS, .cols = N}

/* ---- gradients ---- */

static struct bp_var *head(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_categorical_head(tape, o[0].var);
}

static struct bp_var *log_prob(struct bp_tape *tape, const struct operand *o, const void *choices)
{
    return bp_categorical_log_prob(tape, o[0].var, choices);
}

/* Through heads, since p is exp(log p) of what sums to 1. */
static struct bp_var *kl(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_categorical_kl(tape, bp_categorical_head(tape, o[0].var), bp_categorical_head(tape, o[1].var));
}

static struct bp_var *entropy(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_categorical_entropy(tape, bp_categorical_head(tape, o[0].var));
}

static void gradients(void **state)
{
    static const float choices[ROWS * N] = {1, 0, 0, 0, /**/ 0, 0, 1, 0, /**/ 0, 0, 0, 1, /**/ 0, 1, 0, 0, /**/ 1, 0, 0, 0};
    static struct operand one[] = {LOGITS("u")}, two[] = {LOGITS("u"), LOGITS("v")};

    (void)state;
    assert_gradients(head, NULL, one, 1, 1.0f / 64, 1e-4);
    assert_gradients(log_prob, choices, one, 1, 1.0f / 64, 1e-4);
    assert_gradients(kl, NULL, two, 2, 1.0f / 64, 1e-4);
    assert_gradients(entropy, NULL, one, 1, 1.0f / 64, 1e-4);
}

/* ---- values ---- */

struct fixture {
    struct bp_tape tape;
    struct bp_var *p, *q;
    double naive_p[ROWS * N], naive_q[ROWS * N];
};

static void naive_softmax(const float *u, double *p)
{
    for (int row = 0; row < ROWS; row++) {
        double sum = 0;
        for (int j = 0; j < N; j++)
            sum += exp((double)u[row * N + j]);
        for (int j = 0; j < N; j++)
            p[row * N + j] = exp((double)u[row * N + j]) / sum;
    }
}

static void set_up(struct fixture *f)
{
    static float u[ROWS * N], v[ROWS * N];

    fill_normal(u, ROWS * N, 41);
    fill_normal(v, ROWS * N, 42);
    u[0] = 30;                          /* as good as certain */
    assert_int_equal(bp_tape_init(&f->tape, 1 << 16, false), 0);
    f->p = bp_categorical_head(&f->tape, bp_constant(&f->tape, ROWS, N, u));
    f->q = bp_categorical_head(&f->tape, bp_constant(&f->tape, ROWS, N, v));
    naive_softmax(u, f->naive_p);
    naive_softmax(v, f->naive_q);
}

static void values(void **state)
{
    static float second[ROWS * N];
    struct fixture f;

    (void)state;
    set_up(&f);
    for (int row = 0; row < ROWS; row++)
        second[row * N + 1] = 1;
    const float *log_prob_of = bp_categorical_log_prob(&f.tape, f.p, second)->value, *h = bp_categorical_entropy(&f.tape, f.p)->value;
    const float *same = bp_categorical_kl(&f.tape, f.p, f.p)->value, *apart = bp_categorical_kl(&f.tape, f.p, f.q)->value;
    for (int row = 0; row < ROWS; row++) {
        double entropy_of = 0, kl_of = 0;
        for (int j = 0; j < N; j++) {
            double p = f.naive_p[row * N + j];
            entropy_of -= p * log(p);
            kl_of += p * (log(p) - log(f.naive_q[row * N + j]));
        }
        assert_close(log_prob_of[row], log(f.naive_p[row * N + 1]), 1e-5);
        assert_close(h[row], entropy_of, 1e-5);
        assert_close(apart[row], kl_of, 1e-5);
        assert_close(same[row], 0, 1e-6);
    }
    bp_tape_free(&f.tape);
}

/* Choices come as often as they are likely; without noise the likeliest comes. */
static void draws(void **state)
{
    enum { DRAWS = 40000 };
    static float noise[ROWS * N * DRAWS];
    double share[ROWS * N] = {0};
    struct fixture f;
    struct bp_tape tape;

    (void)state;
    set_up(&f);
    const float *mode = bp_categorical_sample(&f.tape, f.p, noise)->value;
    for (int row = 0; row < ROWS; row++)
        for (int j = 0; j < N; j++)
            for (int k = 0; mode[row * N + j] > 0 && k < N; k++)
                assert_true(f.naive_p[row * N + j] >= f.naive_p[row * N + k]);
    fill_normal(noise, ROWS * N * DRAWS, 43);
    for (int i = 0; i < DRAWS; i++) {
        if (i % 1000 == 0)
            assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
        const struct bp_var *y = bp_categorical_sample(&tape, f.p, noise + i * ROWS * N);
        assert_null(y->grad);
        for (int k = 0; k < ROWS * N; k++)
            share[k] += (double)y->value[k] / DRAWS;
        if (i % 1000 == 999)
            bp_tape_free(&tape);
    }
    for (int row = 0; row < ROWS; row++) {
        double sum = 0;
        for (int j = 0; j < N; j++) {
            double p = f.naive_p[row * N + j];
            sum += share[row * N + j];
            assert_close(share[row * N + j], p, 4.5 * sqrt(p * (1 - p) / DRAWS) + 1e-9);
        }
        assert_close(sum, 1, 1e-9);
    }
    bp_tape_free(&f.tape);
}

/* Numbers far from 0 still give a choice. */
static void extremes(void **state)
{
    static const float p[] = {-0.693147f, -0.693147f}, noise[][2] = {{40, -40}, {-40, 40}, {8.5f, -38.5f}};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    for (int i = 0; i < 3; i++) {
        const float *y = bp_categorical_sample(&tape, bp_constant(&tape, 1, 2, p), noise[i])->value;
        assert_true(y[0] + y[1] == 1 && y[noise[i][0] > 0 ? 0 : 1] == 1);
    }
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(values),
        cmocka_unit_test(draws),
        cmocka_unit_test(extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
