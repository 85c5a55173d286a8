#include "nn/mixture.h"

#include "nn/categorical.h"
#include "nn/filter.h"
#include "nn/rows.h"

#include <string.h>

enum { K = BP_MIXTURE_COMPONENTS };

/* ---- outputs of the weights, and of the components ---- */

struct split {
    struct bp_node node;
    struct bp_var *output, *weights, *components;
};

/* Rows of the parts, add up to rows of the whole. */
static void split_back(struct bp_node *raw)
{
    struct split *s = (struct split *)raw;
    const float *weights = bp_gradient(s->weights), *components = bp_gradient(s->components);
    float *to = bp_gradient(s->output);
    int each = K * s->components->cols;

    for (int row = 0; row < s->output->rows; row++, weights += K, components += each) {
        for (int k = 0; k < K; k++)
            *to++ += weights[k];
        for (int j = 0; j < each; j++)
            *to++ += components[j];
    }
}

static struct split split(struct bp_tape *tape, struct bp_var *output)
{
    int cols = output->cols / K - 1, each = K * cols;
    struct split parts = {.output = output, .weights = bp_var_new(tape, output->rows, K, output->grad),
                          .components = bp_var_new(tape, output->rows * K, cols, output->grad)};
    const float *from = output->value;

    for (int row = 0; row < output->rows; row++, from += K + each) {
        memcpy(parts.weights->value + row * K, from, K * sizeof *from);
        memcpy(parts.components->value + row * each, from + K, (size_t)each * sizeof *from);
    }
    if (output->grad) {
        struct split *node = bp_node_new(tape, sizeof *node, split_back);
        parts.node = node->node;
        *node = parts;
    }
    return parts;
}

struct bp_distribution bp_mixture_make(struct bp_tape *tape, const struct bp_family *family, struct bp_var *output, int size)
{
    struct split parts = split(tape, output);
    struct bp_distribution of = family->of->make(tape, parts.components, size);

    return (struct bp_distribution){family, {bp_categorical_head(tape, parts.weights), of.param[0], of.param[1]}};
}

/* The components' distributions, K times as many rows. */
static struct bp_distribution components(struct bp_distribution p)
{
    return (struct bp_distribution){p.family->of, {p.param[1], p.param[2]}};
}

/* ---- samples ---- */

/* The `cols` columns from column `first` on of the noise (n x width), densely. */
static float *noise_columns(struct bp_tape *tape, const float *noise, int rows, int width, int first, int cols)
{
    float *some = bp_arena_floats(&tape->arena, (size_t)rows * (size_t)cols);

    for (int row = 0; row < rows; row++)
        memcpy(some + row * cols, noise + row * width + first, (size_t)cols * sizeof *some);
    return some;
}

struct bp_var *bp_mixture_sample(struct bp_tape *tape, struct bp_distribution p, const float *noise)
{
    struct bp_distribution all = components(p), drawn = all;
    int rows = p.param[0]->rows, each = all.family->noise(all.param[0]->cols), width = bp_mixture_noise(each);
    int *index = bp_arena_take(&tape->arena, (size_t)rows * sizeof *index);
    const struct bp_var *choice = bp_categorical_sample(tape, p.param[0], noise_columns(tape, noise, rows, width, 0, K));

    for (int row = 0; row < rows; row++)
        index[row] = row * K + bp_choice(choice->value + row * K, K);
    for (int i = 0; i < BP_DISTRIBUTION_PARAMS && all.param[i]; i++)
        drawn.param[i] = bp_take_rows(tape, all.param[i], index, rows);
    return all.family->sample(tape, drawn, noise_columns(tape, noise, rows, width, K, each));
}

/* ---- log density ---- */

struct bp_var *bp_mixture_log_prob(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y)
{
    struct bp_distribution all = components(p);
    int rows = p.param[0]->rows;
    int *each = bp_arena_take(&tape->arena, (size_t)(rows * K) * sizeof *each), *blocks = bp_arena_take(&tape->arena, (size_t)(rows * K) * sizeof *blocks);

    for (int i = 0; i < rows; i++)
        for (int k = 0; k < K; k++) {
            each[i * K + k] = i;
            blocks[k * rows + i] = i * K + k;
        }
    struct bp_var *log_p = all.family->log_prob(tape, all, bp_take_rows(tape, y, each, rows * K));
    return bp_filter_mix(tape, p.param[0], bp_take_rows(tape, log_p, blocks, rows * K));
}

/* ---- fresh parameters ---- */

void bp_mixture_start(float *bias, int outputs, int size)
{
    int each = outputs / K - 1;

    for (int i = 0; i < outputs; i++)
        bias[i] *= i >= K && (i - K) % each < size ? 0.5f : 0;
}
