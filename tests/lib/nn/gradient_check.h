/*
 * Gradients against finite differences. An operation is described by its operands and by a function that puts it on a tape; the
 * objective is a fixed random weighting of its outputs, so that every output counts and none hides another.
 */
#ifndef BP_TESTS_GRADIENT_CHECK_H
#define BP_TESTS_GRADIENT_CHECK_H

#include "nn/tape.h"

#include "../base/check.h"

#include <stdio.h>
#include <string.h>

enum { GRADIENT_MOST = 4096 };      /* elements of an operand or of the output */

enum operand_kind { VARIABLE, WEIGHT };

struct operand {
    const char *name;
    enum operand_kind kind;
    int rows, cols;
    bool positive;              /* 0.4 and more, as for a scale; else standard normal */
    bool tied;                  /* wants a gradient exactly when the operand before it does (a Gaussian's mean and scale) */
    /* set by the check */
    float value[GRADIENT_MOST], grad[GRADIENT_MOST];
    struct bp_var *var;
    struct bp_weight weight;
};

/* Put the operation on the tape, with operands[i].var or .weight as its inputs; returns its output. */
typedef struct bp_var *operation(struct bp_tape *tape, const struct operand *operands, const void *context);

static const float gradient_before = 0.25f;     /* what stands in a weight's gradient beforehand, and is to be added to */

static void draw_operands(struct operand *operands, int count)
{
    for (int i = 0; i < count; i++) {
        int n = operands[i].rows * operands[i].cols;
        assert_true(n <= GRADIENT_MOST);
        fill_normal(operands[i].value, n, 100 + (uint64_t)i);
        for (int j = 0; j < n && operands[i].positive; j++)
            operands[i].value[j] = 0.4f + fabsf(operands[i].value[j]);
    }
}

static struct bp_var *build_on(struct bp_tape *tape, operation *build, const void *context, struct operand *operands, int count,
                               unsigned wanted)
{
    bp_tape_reset(tape);
    for (int i = 0; i < count; i++) {
        struct operand *o = &operands[i];
        bool wants = wanted & 1u << i;
        if (o->kind == WEIGHT) {
            for (int j = 0; j < o->rows * o->cols; j++)
                o->grad[j] = gradient_before;
            o->weight = (struct bp_weight){.value = o->value, .grad = wants ? o->grad : NULL};
        } else {
            o->var = bp_var_new(tape, o->rows, o->cols, wants);
            memcpy(o->var->value, o->value, (size_t)(o->rows * o->cols) * sizeof(float));
        }
    }
    return build(tape, operands, context);
}

/* Leaves the gradients of the wanted operands in their grad. */
static void backward_gradients(struct bp_tape *tape, operation *build, const void *context, struct operand *operands, int count,
                               unsigned wanted, const float *weights)
{
    struct bp_var *y = build_on(tape, build, context, operands, count, wanted);

    assert_int_equal(y->grad != NULL, wanted != 0);
    if (!wanted)
        return;
    for (int i = 0; i < y->rows * y->cols; i++)
        bp_gradient(y)[i] += weights[i];
    bp_tape_backward(tape);
    for (int i = 0; i < count; i++) {
        struct operand *o = &operands[i];
        size_t n = (size_t)(o->rows * o->cols);
        if (o->kind == WEIGHT)
            for (size_t j = 0; j < n; j++)
                o->grad[j] -= gradient_before;
        else if (wanted & 1u << i)
            memcpy(o->grad, bp_gradient(o->var), n * sizeof(float));
    }
}

static double objective(struct bp_tape *tape, operation *build, const void *context, struct operand *operands, int count,
                        const float *weights)
{
    struct bp_var *y = build_on(tape, build, context, operands, count, 0);
    double sum = 0;

    for (int i = 0; i < y->rows * y->cols; i++)
        sum += (double)weights[i] * (double)y->value[i];
    return sum;
}

/* Five-point central difference, whose error is of fourth order in step. */
static double numeric_gradient(struct bp_tape *tape, operation *build, const void *context, struct operand *operands, int count,
                               const float *weights, float *at, float step)
{
    static const double offset[4] = {-2, -1, 1, 2}, factor[4] = {1, -8, 8, -1};
    float kept = *at;
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        *at = kept + (float)offset[i] * step;
        sum += factor[i] * objective(tape, build, context, operands, count, weights);
    }
    *at = kept;
    return sum / (12 * (double)step);
}

static bool ties_are_kept(const struct operand *operands, int count, unsigned wanted)
{
    for (int i = 1; i < count; i++)
        if (operands[i].tied && (wanted >> i & 1) != (wanted >> (i - 1) & 1))
            return false;
    return true;
}

/* The gradients of any part of the operands are the same as when all are wanted. */
static void check_subsets(struct bp_tape *tape, operation *build, const void *context, struct operand *operands, int count,
                          const float *weights)
{
    static float whole[8][GRADIENT_MOST];

    assert_true(count <= 8);
    backward_gradients(tape, build, context, operands, count, (1u << count) - 1, weights);
    for (int i = 0; i < count; i++)
        memcpy(whole[i], operands[i].grad, sizeof whole[i]);
    for (unsigned wanted = 0; wanted < 1u << count; wanted++) {
        if (!ties_are_kept(operands, count, wanted))
            continue;
        backward_gradients(tape, build, context, operands, count, wanted, weights);
        for (int i = 0; i < count; i++)
            for (int j = 0; wanted >> i & 1 && j < operands[i].rows * operands[i].cols; j++)
                assert_close(operands[i].grad[j], whole[i][j], 1e-5 * (1 + fabs((double)whole[i][j])));
    }
}

static char gradient_worst[128];        /* where gradient_error found the largest */

/*
 * The largest difference between gradients and finite differences, relative to 1 + |gradient|, over all elements of all operands.
 * step 1/64 suits smooth operations (what remains is rounding, about 1e-5), 1/512 those with a kink in the second derivative.
 */
static double gradient_error(operation *build, const void *context, struct operand *operands, int count, float step)
{
    static float weights[GRADIENT_MOST], analytic[GRADIENT_MOST];
    struct bp_tape learning, forward;
    double worst = 0;

    assert_int_equal(bp_tape_init(&learning, 1 << 24, true), 0);
    assert_int_equal(bp_tape_init(&forward, 1 << 24, false), 0);
    fill_normal(weights, GRADIENT_MOST, 99);
    draw_operands(operands, count);
    check_subsets(&learning, build, context, operands, count, weights);
    for (int i = 0; i < count; i++) {
        struct operand *o = &operands[i];
        backward_gradients(&learning, build, context, operands, count, (1u << count) - 1, weights);
        memcpy(analytic, o->grad, sizeof analytic);
        for (int j = 0; j < o->rows * o->cols; j++) {
            double numeric = numeric_gradient(&forward, build, context, operands, count, weights, &o->value[j], step);
            double error = fabs((double)analytic[j] - numeric) / (1 + fabs(numeric));
            if (error <= worst || isnan(worst))     /* a NaN is the largest of all */
                continue;
            worst = error;
            snprintf(gradient_worst, sizeof gradient_worst, "d/d%s[%d] is %g backwards, %g by differences", o->name, j,
                     (double)analytic[j], numeric);
        }
    }
    bp_tape_free(&learning);
    bp_tape_free(&forward);
    return worst;
}

#define assert_gradients(build, context, operands, count, step, tolerance)                                                   \
    do {                                                                                                                     \
        double error = gradient_error(build, context, operands, count, step);                                                \
        if (!(error < (tolerance)))                                                                                          \
            fail_msg("relative error %g: %s", error, gradient_worst);                                                        \
    } while (0)

#endif
