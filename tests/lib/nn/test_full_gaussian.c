/* Gaussians with full covariance against GSL's density, matrices written out, samples, and finite differences. */
#include "nn/full_gaussian.h"
#include "nn/gaussian.h"

#include "gradient_check.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>

enum { ROWS = 4, A = 3, NUMBERS = 6 };

/* Mean and triangle of a network's outputs: as operands whose diagonal is positive whatever the finite differences do. */
#define OUTPUT {.name = "output", .rows = ROWS, .cols = A + NUMBERS}

/* ---- gradients ---- */

static struct bp_full_gaussian of(struct bp_tape *tape, const struct operand *o)
{
    return bp_full_gaussian_head(tape, o->var, A);
}

static struct bp_var *sample(struct bp_tape *tape, const struct operand *o, const void *noise)
{
    return bp_full_gaussian_sample(tape, of(tape, o), noise);
}

static struct bp_var *log_prob(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_full_gaussian_log_prob(tape, of(tape, o), o[1].var);
}

static struct bp_var *kl(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_full_gaussian_kl(tape, of(tape, o), of(tape, o + 1));
}

static struct bp_var *entropy(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_full_gaussian_entropy(tape, of(tape, o));
}

static struct bp_var *kl_of_diagonal(struct bp_tape *tape, const struct operand *o, const void *context)
{
    (void)context;
    return bp_full_gaussian_kl(tape, (struct bp_full_gaussian){o[0].var, bp_full_gaussian_factor(tape, o[1].var)}, of(tape, o + 2));
}

static void gradients(void **state)
{
    static struct operand one[] = {OUTPUT}, two[] = {OUTPUT, OUTPUT}, with_y[] = {OUTPUT, {.name = "y", .rows = ROWS, .cols = A}};
    static struct operand diagonal[] = {{.name = "mean", .rows = ROWS, .cols = A}, {.name = "scale", .rows = ROWS, .cols = A, .positive = true}, OUTPUT};
    static float noise[ROWS * A];

    (void)state;
    fill_normal(noise, ROWS * A, 8);
    assert_gradients(sample, noise, one, 1, 1.0f / 64, 2e-4);
    assert_gradients(log_prob, NULL, with_y, 2, 1.0f / 64, 1e-3);
    assert_gradients(entropy, NULL, one, 1, 1.0f / 64, 2e-4);
    assert_gradients(kl, NULL, two, 2, 1.0f / 64, 1e-3);
    assert_gradients(kl_of_diagonal, NULL, diagonal, 3, 1.0f / 64, 1e-3);
}

/* ---- references ---- */

static float output[2][ROWS * (A + NUMBERS)];

static int draw(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        fill_normal(output[i], ROWS * (A + NUMBERS), 30 + (uint64_t)i);
    return 0;
}

/* The row's L as GSL has matrices. */
static gsl_matrix *triangle(const struct bp_full_gaussian *p, int row)
{
    gsl_matrix *l = gsl_matrix_calloc(A, A);

    for (int i = 0, k = 0; i < A; i++)
        for (int j = 0; j <= i; j++, k++)
            gsl_matrix_set(l, (size_t)i, (size_t)j, (double)p->factor->value[row * NUMBERS + k]);
    return l;
}

static gsl_vector *vector(const float *x)
{
    gsl_vector *v = gsl_vector_alloc(A);

    for (int j = 0; j < A; j++)
        gsl_vector_set(v, (size_t)j, (double)x[j]);
    return v;
}

static void heads(void **state)
{
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_full_gaussian p = bp_full_gaussian_head(&tape, bp_constant(&tape, ROWS, A + NUMBERS, output[0]), A);
    for (int row = 0; row < ROWS; row++)
        for (int j = 0; j < A + NUMBERS; j++) {
            double u = (double)output[0][row * (A + NUMBERS) + j];
            bool diagonal = j == A || j == A + 2 || j == A + 5;
            double got = j < A ? (double)p.mean->value[row * A + j] : (double)p.factor->value[row * NUMBERS + j - A];
            assert_close(got, diagonal ? 0.01 + log1p(exp(u)) : u, 1e-6 * (1 + fabs(u)));
        }
    bp_tape_free(&tape);
}

static void log_prob_by_gsl(void **state)
{
    float y[ROWS * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(y, ROWS * A, 40);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_full_gaussian p = bp_full_gaussian_head(&tape, bp_constant(&tape, ROWS, A + NUMBERS, output[0]), A);
    struct bp_var *log_p = bp_full_gaussian_log_prob(&tape, p, bp_constant(&tape, ROWS, A, y));
    gsl_vector *work = gsl_vector_alloc(A);
    for (int row = 0; row < ROWS; row++) {
        gsl_matrix *l = triangle(&p, row);
        gsl_vector *at = vector(y + row * A), *mean = vector(p.mean->value + row * A);
        double want;
        gsl_ran_multivariate_gaussian_log_pdf(at, mean, l, &want, work);
        assert_close(log_p->value[row], want, 3e-6 * (1 + fabs(want)));
        gsl_matrix_free(l);
        gsl_vector_free(at);
        gsl_vector_free(mean);
    }
    gsl_vector_free(work);
    bp_tape_free(&tape);
}

/* (log |Sq| / |Sp| + tr(Sq^-1 Sp) + d' Sq^-1 d - A) / 2, with covariances written out. */
static double naive_kl(const struct bp_full_gaussian *p, const struct bp_full_gaussian *q, int row)
{
    gsl_matrix *lp = triangle(p, row), *lq = triangle(q, row), *sp = gsl_matrix_alloc(A, A), *sq = gsl_matrix_alloc(A, A);
    double sum = 0;

    for (size_t j = 0; j < A; j++)
        sum += log(gsl_matrix_get(lq, j, j)) - log(gsl_matrix_get(lp, j, j)) - 0.5;
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, lp, lp, 0, sp);
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, lq, lq, 0, sq);
    gsl_linalg_cholesky_decomp1(sq);
    gsl_linalg_cholesky_invert(sq);
    for (size_t i = 0; i < A; i++)
        for (size_t j = 0; j < A; j++) {
            double di = (double)p->mean->value[row * A + (int)i] - (double)q->mean->value[row * A + (int)i];
            double dj = (double)p->mean->value[row * A + (int)j] - (double)q->mean->value[row * A + (int)j];
            sum += 0.5 * gsl_matrix_get(sq, i, j) * (gsl_matrix_get(sp, j, i) + di * dj);
        }
    gsl_matrix_free(lp);
    gsl_matrix_free(lq);
    gsl_matrix_free(sp);
    gsl_matrix_free(sq);
    return sum;
}

static void kl_by_matrices(void **state)
{
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_full_gaussian p = bp_full_gaussian_head(&tape, bp_constant(&tape, ROWS, A + NUMBERS, output[0]), A);
    struct bp_full_gaussian q = bp_full_gaussian_head(&tape, bp_constant(&tape, ROWS, A + NUMBERS, output[1]), A);
    struct bp_var *got = bp_full_gaussian_kl(&tape, p, q), *self = bp_full_gaussian_kl(&tape, p, p);
    for (int row = 0; row < ROWS; row++) {
        double want = naive_kl(&p, &q, row);
        assert_close(got->value[row], want, 1e-5 * (1 + want));
        assert_close(self->value[row], 0, 1e-6);
    }
    bp_tape_free(&tape);
}

/* Without correlations all is what independent numbers have. */
static void diagonals_agree(void **state)
{
    float mean[ROWS * A], scale[ROWS * A], y[ROWS * A], noise[ROWS * A];
    struct bp_tape tape;

    (void)state;
    fill_normal(mean, ROWS * A, 50);
    fill_normal(scale, ROWS * A, 51);
    fill_normal(y, ROWS * A, 52);
    fill_normal(noise, ROWS * A, 53);
    for (int i = 0; i < ROWS * A; i++)
        scale[i] = 0.3f + fabsf(scale[i]);
    assert_int_equal(bp_tape_init(&tape, 1 << 16, false), 0);
    struct bp_gaussian p = {bp_constant(&tape, ROWS, A, mean), bp_constant(&tape, ROWS, A, scale)}, q = {p.scale, p.scale};
    struct bp_full_gaussian fp = {p.mean, bp_full_gaussian_factor(&tape, p.scale)}, fq = {q.mean, fp.factor};
    struct bp_var *at = bp_constant(&tape, ROWS, A, y);
    for (int row = 0; row < ROWS; row++) {
        assert_close(bp_full_gaussian_log_prob(&tape, fp, at)->value[row], bp_gaussian_log_prob(&tape, p, at)->value[row], 2e-5);
        assert_close(bp_full_gaussian_kl(&tape, fp, fq)->value[row], bp_gaussian_kl(&tape, p, q)->value[row], 2e-5);
        assert_close(bp_full_gaussian_entropy(&tape, fp)->value[row], bp_gaussian_entropy(&tape, p)->value[row], 2e-6);
        for (int j = 0; j < A; j++)
            assert_close(bp_full_gaussian_sample(&tape, fp, noise)->value[row * A + j], bp_gaussian_sample(&tape, p, noise)->value[row * A + j], 1e-6);
    }
    bp_tape_free(&tape);
}

/* Entropy and KL lie within 5 standard errors of the means over samples. */
static void closed_forms_are_expectations(void **state)
{
    enum { SAMPLES = 20000 };
    static float noise[SAMPLES * A], repeated[2][SAMPLES * (A + NUMBERS)];
    struct bp_tape tape;

    (void)state;
    fill_normal(noise, SAMPLES * A, 60);
    for (int i = 0; i < SAMPLES * (A + NUMBERS); i++)
        for (int k = 0; k < 2; k++)
            repeated[k][i] = output[k][i % (A + NUMBERS)];
    assert_int_equal(bp_tape_init(&tape, 1 << 24, false), 0);
    struct bp_full_gaussian p = bp_full_gaussian_head(&tape, bp_constant(&tape, SAMPLES, A + NUMBERS, repeated[0]), A);
    struct bp_full_gaussian q = bp_full_gaussian_head(&tape, bp_constant(&tape, SAMPLES, A + NUMBERS, repeated[1]), A);
    struct bp_var *y = bp_full_gaussian_sample(&tape, p, noise), *log_p = bp_full_gaussian_log_prob(&tape, p, y), *log_q = bp_full_gaussian_log_prob(&tape, q, y);
    double sum[2] = {0}, squares[2] = {0};
    for (int i = 0; i < SAMPLES; i++) {
        double value[2] = {-(double)log_p->value[i], (double)log_p->value[i] - (double)log_q->value[i]};
        for (int k = 0; k < 2; k++) {
            sum[k] += value[k] / SAMPLES;
            squares[k] += value[k] * value[k] / SAMPLES;
        }
    }
    double want[2] = {(double)bp_full_gaussian_entropy(&tape, p)->value[0], (double)bp_full_gaussian_kl(&tape, p, q)->value[0]};
    for (int k = 0; k < 2; k++)
        assert_close(sum[k], want[k], 5 * sqrt((squares[k] - sum[k] * sum[k]) / SAMPLES));
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(heads),
        cmocka_unit_test(log_prob_by_gsl),
        cmocka_unit_test(kl_by_matrices),
        cmocka_unit_test(diagonals_agree),
        cmocka_unit_test(closed_forms_are_expectations),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
