#include "nn/family.h"

#include "nn/categorical.h"
#include "nn/full_gaussian.h"
#include "nn/gaussian.h"
#include "nn/linear.h"
#include "nn/mixture.h"
#include "nn/rows.h"

#include <stdio.h>
#include <string.h>

enum { SOFTPLUS, BOUNDED, ISOTROPIC, FULL, MIXTURE, FULL_MIXTURE, CATEGORICAL };

/* ---- diagonal Gaussians ---- */

static struct bp_gaussian gaussian(struct bp_distribution p)
{
    return (struct bp_gaussian){p.param[0], p.param[1]};
}

static int mean_and_scale(int size)
{
    return 2 * size;
}

static int one_each(int size)
{
    return size;
}

static struct bp_var *sample(struct bp_tape *tape, struct bp_distribution p, const float *noise)
{
    return bp_gaussian_sample(tape, gaussian(p), noise);
}

static struct bp_var *log_prob(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y)
{
    return bp_gaussian_log_prob(tape, gaussian(p), y);
}

static struct bp_var *kl(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q)
{
    return bp_gaussian_kl(tape, gaussian(p), gaussian(q));
}

static struct bp_var *entropy(struct bp_tape *tape, struct bp_distribution p)
{
    return bp_gaussian_entropy(tape, gaussian(p));
}

static struct bp_distribution softplus(struct bp_tape *tape, struct bp_var *output, int size)
{
    (void)size;
    struct bp_gaussian p = bp_gaussian_head(tape, output, BP_HEAD_SOFTPLUS);

    return (struct bp_distribution){&bp_families[SOFTPLUS], {p.mean, p.scale}};
}

static struct bp_distribution bounded(struct bp_tape *tape, struct bp_var *output, int size)
{
    (void)size;
    struct bp_gaussian p = bp_gaussian_head(tape, output, BP_HEAD_BOUNDED);

    return (struct bp_distribution){&bp_families[BOUNDED], {p.mean, p.scale}};
}

static int mean_and_one_scale(int size)
{
    return size + 1;
}

static struct bp_distribution isotropic(struct bp_tape *tape, struct bp_var *output, int size)
{
    struct bp_gaussian p = bp_gaussian_isotropic(tape, output);

    (void)size;
    return (struct bp_distribution){&bp_families[ISOTROPIC], {p.mean, p.scale}};
}

/* L has the scales on its diagonal. */
static struct bp_distribution diagonal_as_full(struct bp_tape *tape, struct bp_distribution p)
{
    return (struct bp_distribution){&bp_families[FULL], {p.param[0], bp_full_gaussian_factor(tape, p.param[1])}};
}

/* ---- Gaussians with full covariance ---- */

static struct bp_full_gaussian full_gaussian(struct bp_distribution p)
{
    return (struct bp_full_gaussian){p.param[0], p.param[1]};
}

static int mean_and_factor(int size)
{
    return size + bp_triangle(size);
}

static struct bp_distribution full(struct bp_tape *tape, struct bp_var *output, int size)
{
    struct bp_full_gaussian p = bp_full_gaussian_head(tape, output, size);

    return (struct bp_distribution){&bp_families[FULL], {p.mean, p.factor}};
}

static struct bp_var *sample_full(struct bp_tape *tape, struct bp_distribution p, const float *noise)
{
    return bp_full_gaussian_sample(tape, full_gaussian(p), noise);
}

static struct bp_var *log_prob_full(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y)
{
    return bp_full_gaussian_log_prob(tape, full_gaussian(p), y);
}

static struct bp_var *kl_full(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q)
{
    return bp_full_gaussian_kl(tape, full_gaussian(p), full_gaussian(q));
}

static struct bp_var *entropy_full(struct bp_tape *tape, struct bp_distribution p)
{
    return bp_full_gaussian_entropy(tape, full_gaussian(p));
}

static struct bp_distribution as_it_is(struct bp_tape *tape, struct bp_distribution p)
{
    (void)tape;
    return p;
}

/* ---- mixtures ---- */

static int mixture_outputs(int size)
{
    return bp_mixture_outputs(mean_and_scale(size));
}

static int full_mixture_outputs(int size)
{
    return bp_mixture_outputs(mean_and_factor(size));
}

static struct bp_distribution mixture(struct bp_tape *tape, struct bp_var *output, int size)
{
    return bp_mixture_make(tape, &bp_families[MIXTURE], output, size);
}

static struct bp_distribution full_mixture(struct bp_tape *tape, struct bp_var *output, int size)
{
    return bp_mixture_make(tape, &bp_families[FULL_MIXTURE], output, size);
}

/* ---- choices ---- */

static struct bp_distribution categorical(struct bp_tape *tape, struct bp_var *output, int size)
{
    (void)size;
    return (struct bp_distribution){&bp_families[CATEGORICAL], {bp_categorical_head(tape, output)}};
}

static struct bp_var *choose(struct bp_tape *tape, struct bp_distribution p, const float *noise)
{
    return bp_categorical_sample(tape, p.param[0], noise);
}

static struct bp_var *log_prob_of_choice(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y)
{
    return bp_categorical_log_prob(tape, p.param[0], y->value);
}

static struct bp_var *kl_of_choices(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q)
{
    return bp_categorical_kl(tape, p.param[0], q.param[0]);
}

static struct bp_var *entropy_of_choices(struct bp_tape *tape, struct bp_distribution p)
{
    return bp_categorical_entropy(tape, p.param[0]);
}

/* ---- the table ---- */

#define DIAGONAL .space = BP_CONTINUOUS, .reparameterised = true, .noise = one_each, .sample = sample, .log_prob = log_prob, .kl = kl, \
    .entropy = entropy, .full = diagonal_as_full, .scale = 1
#define MIXED .space = BP_CONTINUOUS, .noise = bp_mixture_noise, .sample = bp_mixture_sample, .log_prob = bp_mixture_log_prob, .start = bp_mixture_start

const struct bp_family bp_families[] = {
    [SOFTPLUS] = {"softplus", "Gaussian, scale 0.01 + softplus", DIAGONAL, .outputs = mean_and_scale, .make = softplus},
    [BOUNDED] = {"bounded", "Gaussian, mean within 1, scale at most 1.01", DIAGONAL, .outputs = mean_and_scale, .make = bounded, .most_scale = 1.01f},
    [ISOTROPIC] = {"isotropic", "Gaussian, one scale for all numbers", DIAGONAL, .outputs = mean_and_one_scale, .make = isotropic},
    [FULL] = {"full", "Gaussian with full covariance", .space = BP_CONTINUOUS, .reparameterised = true, .outputs = mean_and_factor, .noise = one_each,
              .make = full, .sample = sample_full, .log_prob = log_prob_full, .kl = kl_full, .entropy = entropy_full, .full = as_it_is},
    [MIXTURE] = {"mixture", "mixture of 8 Gaussians", MIXED, .outputs = mixture_outputs, .make = mixture, .of = &bp_families[SOFTPLUS]},
    [FULL_MIXTURE] = {"full-mixture", "mixture of 8 Gaussians with full covariance", MIXED, .outputs = full_mixture_outputs, .make = full_mixture,
                      .of = &bp_families[FULL]},
    [CATEGORICAL] = {"categorical", "choices, by softmax", .space = BP_DISCRETE, .outputs = one_each, .noise = one_each, .make = categorical,
                     .sample = choose, .log_prob = log_prob_of_choice, .kl = kl_of_choices, .entropy = entropy_of_choices},
    {0},
};

const struct bp_family *bp_family_find(const char *name)
{
    for (const struct bp_family *family = bp_families; family->name; family++)
        if (!strcmp(family->name, name))
            return family;
    return NULL;
}

const char *bp_family_name(int i)
{
    return bp_families[i].name;
}

const struct bp_family *bp_family_first(enum bp_space_kind kind)
{
    const struct bp_family *family = bp_families;

    while (family->space != kind)
        family++;
    return family;
}

const char *bp_families_of(enum bp_space_kind kind, char *text, int size)
{
    int length = 0;

    *text = '\0';
    for (const struct bp_family *family = bp_families; family->name; family++)
        if (family->space == kind && length < size)
            length += snprintf(text + length, (size_t)(size - length), "%s%s", length ? ", " : "", family->name);
    return text;
}

struct bp_distribution bp_normal(struct bp_var *mean, struct bp_var *scale)
{
    return (struct bp_distribution){&bp_families[SOFTPLUS], {mean, scale}};
}

struct bp_var *bp_distribution_kl(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q, struct bp_var *y)
{
    if (p.family->kl && p.family->kl == q.family->kl)
        return p.family->kl(tape, p, q);
    if (p.family->full && q.family->full)
        return kl_full(tape, p.family->full(tape, p), q.family->full(tape, q));
    struct bp_distribution fixed = bp_distribution_stop_gradient(tape, p);
    struct bp_var *log_q = q.family->log_prob(tape, q, y);
    return bp_add(tape, p.family->log_prob(tape, fixed, y), bp_scale(tape, log_q, -1));
}

/* ---- rows ---- */

struct bp_distribution bp_distribution_stop_gradient(struct bp_tape *tape, struct bp_distribution p)
{
    for (int i = 0; i < BP_DISTRIBUTION_PARAMS && p.param[i]; i++)
        p.param[i] = bp_stop_gradient(tape, p.param[i]);
    return p;
}

struct bp_distribution bp_distribution_slice_rows(struct bp_tape *tape, struct bp_distribution p, int first, int rows)
{
    struct bp_distribution some = p;

    for (int i = 0; i < BP_DISTRIBUTION_PARAMS && p.param[i]; i++) {
        int each = p.param[i]->rows / p.param[0]->rows;
        some.param[i] = bp_slice_rows(tape, p.param[i], first * each, rows * each);
    }
    return some;
}

struct bp_distribution bp_distribution_stack(struct bp_tape *tape, const struct bp_distribution *p, int count)
{
    struct bp_distribution all = {.family = p[0].family};
    struct bp_var **parts = bp_arena_take(&tape->arena, (size_t)count * sizeof *parts);

    for (int i = 0; i < BP_DISTRIBUTION_PARAMS && p[0].param[i]; i++) {
        for (int k = 0; k < count; k++)
            parts[k] = p[k].param[i];
        all.param[i] = bp_stack_rows(tape, parts, count);
    }
    return all;
}
