#include "nn/gaussian.h"

#include "gradient_check.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>

enum { ROWS = 4, A = 3 };

static struct bp_gaussian gaussian(const struct operand *mean_and_scale)
{
    return (struct bp_gaussian){mean_and_scale[0].var, mean_and_scale[1].var};
}

#define MEAN {.name = "mean", .rows = ROWS, .cols = A}
#define SCALE {.name = "scale", .rows = ROWS, .cols = A, .positive = true, .tied = true}

/* ---- gradients; tolerance of rounding alone, as everything is smooth ---- */

/* Mean and scale side by side, so that one output holds both. */
static struct bp_var *both(struct bp_tape *tape, struct bp_gaussian p)
{
    static const float ones[ROWS * A] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

    return bp_gaussian_sample(tape, p, ones);
}

static struct bp_var *head(struct bp_tape *tape, const struct operand *o, const void *kind)
{
    return both(tape, bp_gaussian_head(tape, o[0].var, *(const enum bp_head *)kind));
}

static struct bp_var *isotropic(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return both(tape, bp_gaussian_isotropic(tape, o[0].var));
}

static struct bp_var *sample(struct bp_tape *tape, const struct operand *o, const void *noise)
{
    return bp_gaussian_sample(tape, gaussian(o), noise);
}

static struct bp_var *log_prob(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_gaussian_log_prob(tape, gaussian(o), o[2].var);
}

static struct bp_var *kl(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_gaussian_kl(tape, gaussian(o), gaussian(o + 2));
}

static struct bp_var *entropy(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_gaussian_entropy(tape, gaussian(o));
}

static void gradients_of_heads(void **state)
{
    static struct operand output[] = {{.name = "output", .rows = ROWS, .cols = 2 * A}}, fewer[] = {{.name = "output", .rows = ROWS, .cols = A + 1}};
    const enum bp_head softplus = BP_HEAD_SOFTPLUS, bounded = BP_HEAD_BOUNDED;

    (void)state;
    assert_gradients(head, &softplus, output, 1, 1.0f / 64, 2e-4);
    assert_gradients(head, &bounded, output, 1, 1.0f / 64, 2e-4);
    assert_gradients(isotropic, NULL, fewer, 1, 1.0f / 64, 2e-4);
}

static void gradients_of_densities(void **state)
{
    static struct operand p[] = {MEAN, SCALE, {.name = "y", .rows = ROWS, .cols = A}}, both_sides[] = {MEAN, SCALE, MEAN, SCALE};
    static float data[ROWS * A];

    (void)state;
    fill_normal(data, ROWS * A, 8);
    assert_gradients(sample, data, p, 2, 1.0f / 64, 2e-4);
    assert_gradients(log_prob, NULL, p, 3, 1.0f / 64, 1e-3);
    assert_gradients(entropy, NULL, p, 2, 1.0f / 64, 2e-4);
    assert_gradients(kl, NULL, both_sides, 4, 1.0f / 64, 1e-3);     /* to p, to q, and to either alone */
}

/* ---- heads ---- */

static void heads_by_libm(void **state)
{
    const float output[2][4] = {{-3, 0.5f, -20, 0}, {40, -0.1f, 30, 2}};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *x = bp_constant(&tape, 2, 4, &output[0][0]);
    struct bp_gaussian soft = bp_gaussian_head(&tape, x, BP_HEAD_SOFTPLUS), bounded = bp_gaussian_head(&tape, x, BP_HEAD_BOUNDED);
    for (int row = 0; row < 2; row++)
        for (int j = 0; j < 2; j++) {
            double u = (double)output[row][j], v = (double)output[row][2 + j];
            assert_close(soft.mean->value[2 * row + j], u, 0);
            assert_close(soft.scale->value[2 * row + j], 0.01 + log1p(exp(v)), 1e-6 * (1 + fabs(v)));
            assert_close(bounded.mean->value[2 * row + j], tanh(u), 3e-7);
            assert_close(bounded.scale->value[2 * row + j], 0.01 + 1 / (1 + exp(-v)), 3e-7);
        }
    bp_tape_free(&tape);
}

/* No network can make a Gaussian narrower than 0.01, or a bounded one wider than 1.01. */
static void scales_stay_in_their_range(void **state)
{
    const float output[1][6] = {{0, 0, 0, -1e30f, -INFINITY, 1e30f}};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *x = bp_constant(&tape, 1, 6, &output[0][0]);
    struct bp_gaussian soft = bp_gaussian_head(&tape, x, BP_HEAD_SOFTPLUS), bounded = bp_gaussian_head(&tape, x, BP_HEAD_BOUNDED);
    for (int j = 0; j < 2; j++) {
        assert_true(soft.scale->value[j] == 0.01f);
        assert_true(bounded.scale->value[j] == 0.01f);
    }
    assert_true(soft.scale->value[2] == 1e30f);
    assert_close(bounded.scale->value[2], 1.01, 1e-6);
    bp_tape_free(&tape);
}

/* ---- densities against GSL and against samples ---- */

static float p_mean[ROWS * A], p_scale[ROWS * A], q_mean[ROWS * A], q_scale[ROWS * A];

static int draw(void **state)
{
    (void)state;
    fill_normal(p_mean, ROWS * A, 21);
    fill_normal(p_scale, ROWS * A, 22);
    fill_normal(q_mean, ROWS * A, 23);
    fill_normal(q_scale, ROWS * A, 24);
    for (int i = 0; i < ROWS * A; i++) {
        p_scale[i] = 0.2f + 0.5f * fabsf(p_scale[i]);
        q_scale[i] = 0.3f + 0.5f * fabsf(q_scale[i]);
    }
    return 0;
}

static struct bp_gaussian on_tape(struct bp_tape *tape, const float *mean, const float *scale)
{
    return (struct bp_gaussian){bp_constant(tape, ROWS, A, mean), bp_constant(tape, ROWS, A, scale)};
}

static double naive_log_density(const float *mean, const float *scale, const float *action, int row)
{
    double sum = 0;

    for (int i = row * A; i < (row + 1) * A; i++)
        sum += log(gsl_ran_gaussian_pdf((double)action[i] - (double)mean[i], (double)scale[i]));
    return sum;
}

static void log_prob_by_gsl(void **state)
{
    float action[ROWS * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(action, ROWS * A, 25);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_var *y = bp_gaussian_log_prob(&tape, on_tape(&tape, p_mean, p_scale), bp_constant(&tape, ROWS, A, action));
    assert_int_equal(y->cols, 1);
    for (int row = 0; row < ROWS; row++) {
        double want = naive_log_density(p_mean, p_scale, action, row);
        assert_close(y->value[row], want, 2e-6 * (1 + fabs(want)));
    }
    bp_tape_free(&tape);
}

/* A sample stands as far from the mean as the noise says, so a sample's log density is that of the noise less log scale. */
static void samples_belong_to_the_density(void **state)
{
    float noise[ROWS * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(noise, ROWS * A, 26);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_gaussian p = on_tape(&tape, p_mean, p_scale);
    struct bp_var *a = bp_gaussian_sample(&tape, p, noise), *y = bp_gaussian_log_prob(&tape, p, a);
    for (int row = 0; row < ROWS; row++) {
        double want = 0;
        for (int i = row * A; i < (row + 1) * A; i++)
            want += log(gsl_ran_gaussian_pdf((double)noise[i], 1)) - log((double)p_scale[i]);
        assert_close(y->value[row], want, 2e-5);
    }
    bp_tape_free(&tape);
}

/* KL and entropy are expectations under p: they lie within 5 standard errors of the mean over samples. */
static void closed_forms_are_expectations(void **state)
{
    enum { SAMPLES = 20000 };
    static double ratio[SAMPLES], surprise[SAMPLES];
    gsl_rng *stream = bp_random_new();
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_gaussian p = on_tape(&tape, p_mean, p_scale), q = on_tape(&tape, q_mean, q_scale);
    const float *divergence = bp_gaussian_kl(&tape, p, q)->value, *h = bp_gaussian_entropy(&tape, p)->value;
    bp_random_seek(stream, 27, BP_FOR_TEST, 0, 0);
    for (int row = 0; row < ROWS; row++) {
        for (int s = 0; s < SAMPLES; s++) {
            float a[ROWS * A];
            for (int i = row * A; i < (row + 1) * A; i++)
                a[i] = (float)((double)p_mean[i] + gsl_ran_gaussian(stream, (double)p_scale[i]));
            surprise[s] = -naive_log_density(p_mean, p_scale, a, row);
            ratio[s] = -surprise[s] - naive_log_density(q_mean, q_scale, a, row);
        }
        assert_close(divergence[row], gsl_stats_mean(ratio, 1, SAMPLES), 5 * gsl_stats_sd(ratio, 1, SAMPLES) / sqrt(SAMPLES));
        assert_close(h[row], gsl_stats_mean(surprise, 1, SAMPLES), 5 * gsl_stats_sd(surprise, 1, SAMPLES) / sqrt(SAMPLES));
        assert_true(divergence[row] > 0);
    }
    bp_tape_free(&tape);
    gsl_rng_free(stream);
}

/* By hand: KL(N(1, 1) || N(0, 2)) = ln 2 + 2/8 - 1/2; the other way round 5/2 - 1/2 - ln 2. */
static void kl_by_hand(void **state)
{
    const float one = 1, zero = 0, two = 2;
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_gaussian p = {bp_constant(&tape, 1, 1, &one), bp_constant(&tape, 1, 1, &one)};
    struct bp_gaussian q = {bp_constant(&tape, 1, 1, &zero), bp_constant(&tape, 1, 1, &two)};
    assert_close(bp_gaussian_kl(&tape, p, q)->value[0], log(2) - 0.25, 1e-6);
    assert_close(bp_gaussian_kl(&tape, q, p)->value[0], 2 - log(2), 1e-6);
    assert_close(bp_gaussian_kl(&tape, q, q)->value[0], 0, 1e-7);
    assert_close(bp_gaussian_entropy(&tape, q)->value[0], 0.5 * log(2 * M_PI * M_E * 4), 1e-6);
    bp_tape_free(&tape);
}

/* ---- parts ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_heads),
        cmocka_unit_test(gradients_of_densities),
        cmocka_unit_test(heads_by_libm),
        cmocka_unit_test(scales_stay_in_their_range),
        cmocka_unit_test(log_prob_by_gsl),
        cmocka_unit_test(samples_belong_to_the_density),
        cmocka_unit_test(closed_forms_are_expectations),
        cmocka_unit_test(kl_by_hand),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
