/* Mixtures against sums written out, numeric integrals, samples and finite differences; and the KL by sample from a Gaussian to one. */
#include "nn/mixture.h"

#include "nn/family.h"

#include "gradient_check.h"

#include <gsl/gsl_randist.h>

enum { ROWS = 3, A = 2, K = BP_MIXTURE_COMPONENTS, EACH = 2 * A, OUTPUTS = K * (1 + EACH) };

static const struct bp_family *family(int i)
{
    static const char *const kinds[] = {"mixture", "full-mixture"};

    return bp_family_find(kinds[i]);
}

/* ---- gradients ---- */

static struct bp_var *log_prob(struct bp_tape *tape, const struct operand *o, const void *raw)
{
    const struct bp_family *of = raw;

    return of->log_prob(tape, of->make(tape, o[0].var, A), o[1].var);
}

static void gradients_of_log_prob(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        static struct operand operands[2];
        operands[0] = (struct operand){.name = "output", .rows = ROWS, .cols = family(i)->outputs(A)};
        operands[1] = (struct operand){.name = "y", .rows = ROWS, .cols = A};
        assert_gradients(log_prob, family(i), operands, 2, 1.0f / 64, 1e-3);
    }
}

/* At the component that was drawn: that of the heaviest weight, as there is no noise for the choice. */
static struct bp_var *sample(struct bp_tape *tape, const struct operand *o, const void *raw)
{
    const struct bp_family *of = raw;
    static float noise[ROWS * (K + A)];

    for (int row = 0; row < ROWS; row++)
        for (int j = 0; j < A; j++)
            noise[row * (K + A) + K + j] = 0.3f * (float)(j + row - 1);
    return of->sample(tape, of->make(tape, o[0].var, A), noise);
}

static void gradients_of_samples(void **state)
{
    static struct operand operands[1];

    (void)state;
    for (int i = 0; i < 2; i++) {
        operands[0] = (struct operand){.name = "output", .rows = ROWS, .cols = family(i)->outputs(A)};
        assert_gradients(sample, family(i), operands, 1, 1.0f / 512, 2e-3);
    }
}

/* ---- references ---- */

static double softplus(float v)
{
    return 0.01 + log1p(exp((double)v));
}

/* log sum_k w_k p_k(y) of a row of outputs, in double. */
static double naive_log_prob(const float *output, const float *y)
{
    double weights = 0, sum = 0;

    for (int k = 0; k < K; k++)
        weights += exp((double)output[k]);
    for (int k = 0; k < K; k++) {
        const float *u = output + K + k * EACH;
        double p = exp((double)output[k]) / weights;
        for (int j = 0; j < A; j++)
            p *= gsl_ran_gaussian_pdf((double)y[j] - (double)u[j], softplus(u[A + j]));
        sum += p;
    }
    return log(sum);
}

static void log_prob_by_sum(void **state)
{
    static float output[ROWS * OUTPUTS], y[ROWS * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(output, ROWS * OUTPUTS, 71);
    fill_normal(y, ROWS * A, 72);
    assert_int_equal(family(0)->outputs(A), OUTPUTS);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_distribution p = family(0)->make(&tape, bp_constant(&tape, ROWS, OUTPUTS, output), A), some = bp_distribution_slice_rows(&tape, p, 1, 2);
    struct bp_var *at = bp_constant(&tape, ROWS, A, y), *log_p = family(0)->log_prob(&tape, p, at);
    struct bp_var *of_some = family(0)->log_prob(&tape, some, bp_slice_rows(&tape, at, 1, 2));
    for (int row = 0; row < ROWS; row++) {
        double want = naive_log_prob(output + row * OUTPUTS, y + row * A);
        assert_close(log_p->value[row], want, 5e-6 * (1 + fabs(want)));
        if (row)
            assert_close(of_some->value[row - 1], log_p->value[row], 0);
    }
    bp_tape_free(&tape);
}

/* Far from all components the density underflows and its logarithm does not. */
static void far_away(void **state)
{
    static float output[OUTPUTS], y[A] = {1e4f, -1e4f};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_distribution p = family(0)->make(&tape, bp_constant(&tape, 1, OUTPUTS, output), A);
    double scale = softplus(0), want = -(1e8 / (scale * scale)) - 2 * log(scale) - log(2 * M_PI);
    assert_close(family(0)->log_prob(&tape, p, bp_constant(&tape, 1, A, y))->value[0], want, 1e-6 * fabs(want));
    bp_tape_free(&tape);
}

/* ---- samples ---- */

enum { SAMPLES = 40000 };

/* Two components of weights 0.3 and 0.7, far apart, and others of next to none: as many samples near each, of its deviation. */
static void samples_follow_the_weights(void **state)
{
    static float output[SAMPLES * OUTPUTS], noise[SAMPLES * (K + A)];
    double near[2] = {0}, squares[2] = {0};
    struct bp_tape tape;

    (void)state;
    fill_normal(noise, SAMPLES * (K + A), 73);
    for (int i = 0; i < SAMPLES; i++) {
        float *row = output + i * OUTPUTS;
        for (int k = 0; k < K; k++)
            row[k] = k == 1 ? logf(0.3f) : k == 5 ? logf(0.7f) : -40;
        row[K + 1 * EACH] = -20;
        row[K + 5 * EACH] = 20;
        row[K + 5 * EACH + A] = 2;
    }
    assert_int_equal(bp_tape_init(&tape, (size_t)1 << 26, false), 0);
    struct bp_var *y = family(0)->sample(&tape, family(0)->make(&tape, bp_constant(&tape, SAMPLES, OUTPUTS, output), A), noise);
    for (int i = 0; i < SAMPLES; i++) {
        int right = y->value[i * A] > 0;
        double d = (double)y->value[i * A] - (right ? 20 : -20);
        near[right]++;
        squares[right] += d * d;
    }
    assert_close(near[1] / SAMPLES, 0.7, 5 * sqrt(0.3 * 0.7 / SAMPLES));
    assert_close(sqrt(squares[0] / near[0]), softplus(0), 0.02);
    assert_close(sqrt(squares[1] / near[1]), softplus(2), 0.05);
    bp_tape_free(&tape);
}

/* ---- KL by sample ---- */

/* One number, so that the KL of a Gaussian to a mixture can be integrated: the mean over draws is it, within 5 standard errors. */
static void kl_by_integration(void **state)
{
    enum { WIDTH = K * 3 };
    static float output[SAMPLES * WIDTH], of_p[SAMPLES * 2], noise[SAMPLES];
    double sum = 0, squares = 0, want = 0, step = 0.002;
    struct bp_tape tape;

    (void)state;
    fill_normal(output, WIDTH, 74);
    fill_normal(noise, SAMPLES, 75);
    for (int i = 0; i < SAMPLES; i++) {
        memcpy(output + i * WIDTH, output, WIDTH * sizeof *output);
        of_p[2 * i] = 0.4f;
        of_p[2 * i + 1] = -1;
    }
    assert_int_equal(bp_tape_init(&tape, (size_t)1 << 26, false), 0);
    const struct bp_family *gaussian = bp_family_find("softplus");
    struct bp_distribution p = gaussian->make(&tape, bp_constant(&tape, SAMPLES, 2, of_p), 1);
    struct bp_distribution q = family(0)->make(&tape, bp_constant(&tape, SAMPLES, WIDTH, output), 1);
    struct bp_var *kl = bp_distribution_kl(&tape, p, q, gaussian->sample(&tape, p, noise));
    for (int i = 0; i < SAMPLES; i++) {
        sum += (double)kl->value[i] / SAMPLES;
        squares += (double)kl->value[i] * (double)kl->value[i] / SAMPLES;
    }
    for (double x = -6; x < 7; x += step) {
        double mass = gsl_ran_gaussian_pdf(x - (double)0.4f, softplus(-1)), weights = 0, other = 0;
        for (int k = 0; k < K; k++) {
            weights += exp((double)output[k]);
            other += exp((double)output[k]) * gsl_ran_gaussian_pdf(x - (double)output[K + 2 * k], softplus(output[K + 2 * k + 1]));
        }
        want += step * mass * log(mass * weights / other);
    }
    assert_close(sum, want, 5 * sqrt((squares - sum * sum) / SAMPLES));
    bp_tape_free(&tape);
}

/* With components all alike a mixture is a Gaussian, to which there is a closed form: the mean gradients over draws are its. */
static void gradients_by_sample(void **state)
{
    static float of_p[SAMPLES * EACH], of_q[SAMPLES * EACH], mixed[SAMPLES * OUTPUTS], noise[SAMPLES * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(of_p, EACH, 76);
    fill_normal(of_q, EACH, 77);
    fill_normal(noise, SAMPLES * A, 78);
    for (int i = 0; i < SAMPLES; i++) {
        memcpy(of_p + i * EACH, of_p, EACH * sizeof *of_p);
        memcpy(of_q + i * EACH, of_q, EACH * sizeof *of_q);
        for (int k = 0; k < K; k++)
            memcpy(mixed + i * OUTPUTS + K + k * EACH, of_q, EACH * sizeof *of_q);
    }
    assert_int_equal(bp_tape_init(&tape, (size_t)1 << 26, true), 0);
    const struct bp_family *gaussian = bp_family_find("softplus");
    struct bp_var *output = bp_var_new(&tape, SAMPLES, EACH, true), *alike = bp_var_new(&tape, SAMPLES, OUTPUTS, true);
    struct bp_var *again = bp_var_new(&tape, 1, EACH, true), *single = bp_var_new(&tape, 1, EACH, true);
    memcpy(output->value, of_p, sizeof of_p);
    memcpy(alike->value, mixed, sizeof mixed);
    memcpy(again->value, of_p, EACH * sizeof *of_p);
    memcpy(single->value, of_q, EACH * sizeof *of_q);
    struct bp_distribution p = gaussian->make(&tape, output, A), q = family(0)->make(&tape, alike, A);
    struct bp_var *sampled = bp_distribution_kl(&tape, p, q, gaussian->sample(&tape, p, noise));
    struct bp_var *closed = bp_distribution_kl(&tape, gaussian->make(&tape, again, A), gaussian->make(&tape, single, A), NULL);
    for (int i = 0; i < SAMPLES; i++)
        bp_gradient(sampled)[i] = 1;
    bp_gradient(closed)[0] = 1;
    bp_tape_backward(&tape);
    for (int j = 0; j < 2 * EACH; j++) {
        double sum = 0, squares = 0, want = (double)bp_gradient(j < EACH ? again : single)[j % EACH];
        for (int i = 0; i < SAMPLES; i++) {
            double g = 0;
            for (int k = 0; j >= EACH && k < K; k++)        /* of all components together */
                g += (double)bp_gradient(alike)[i * OUTPUTS + K + k * EACH + j - EACH];
            g += j < EACH ? (double)bp_gradient(output)[i * EACH + j] : 0;
            sum += g / SAMPLES;
            squares += g * g / SAMPLES;
        }
        assert_close(sum, want, 5 * sqrt((squares - sum * sum) / SAMPLES) + 1e-5);
    }
    bp_tape_free(&tape);
}

/* ---- between families ---- */

/* Gaussians of unlike families have a closed form, at whatever draw; a mixture has none, so the draw counts. */
static void closed_where_there_is_one(void **state)
{
    static float output[64], at[2 * A] = {0.1f, -0.2f, 3, 4};
    static const char *const gaussians[] = {"softplus", "bounded", "isotropic", "full"};
    struct bp_tape tape;

    (void)state;
    fill_normal(output, 64, 79);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    struct bp_var *here = bp_constant(&tape, 1, A, at), *there = bp_constant(&tape, 1, A, at + A);
    for (int i = 0; i < 4; i++) {
        const struct bp_family *of_p = bp_family_find(gaussians[i]);
        struct bp_distribution p = of_p->make(&tape, bp_constant(&tape, 1, of_p->outputs(A), output), A);
        for (int j = 0; j < 4; j++) {
            const struct bp_family *of_q = bp_family_find(gaussians[j]);
            struct bp_distribution q = of_q->make(&tape, bp_constant(&tape, 1, of_q->outputs(A), output + 8), A);
            float kl = bp_distribution_kl(&tape, p, q, here)->value[0];
            assert_true(kl > 0 && kl == bp_distribution_kl(&tape, p, q, there)->value[0]);
        }
        struct bp_distribution q = family(0)->make(&tape, bp_constant(&tape, 1, OUTPUTS, output), A);
        assert_true(bp_distribution_kl(&tape, p, q, here)->value[0] != bp_distribution_kl(&tape, p, q, there)->value[0]);
    }
    bp_tape_free(&tape);
}

/* ---- fresh parameters ---- */

static void components_start_apart(void **state)
{
    float bias[OUTPUTS];

    (void)state;
    fill_normal(bias, OUTPUTS, 80);
    bp_mixture_start(bias, OUTPUTS, A);
    for (int k = 0; k < K; k++)
        assert_true(bias[k] == 0);
    for (int i = 0; i < K; i++) {
        const float *a = bias + K + i * EACH;
        assert_true(a[0] != 0 && fabsf(a[0]) < 2 && a[1] != 0 && fabsf(a[1]) < 2 && a[2] == 0 && a[3] == 0);
        for (int k = 0; k < i; k++)
            assert_true(hypot((double)a[0] - (double)bias[K + k * EACH], (double)a[1] - (double)bias[K + k * EACH + 1]) > 0.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_log_prob),
        cmocka_unit_test(gradients_of_samples),
        cmocka_unit_test(log_prob_by_sum),
        cmocka_unit_test(far_away),
        cmocka_unit_test(samples_follow_the_weights),
        cmocka_unit_test(kl_by_integration),
        cmocka_unit_test(gradients_by_sample),
        cmocka_unit_test(closed_where_there_is_one),
        cmocka_unit_test(components_start_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
