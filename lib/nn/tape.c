#include "nn/tape.h"

#include "nn/bf16.h"

#include <string.h>

int bp_tape_init(struct bp_tape *tape, size_t arena_size, bool record)
{
    *tape = (struct bp_tape){.record = record};
    return bp_arena_init(&tape->arena, arena_size);
}

void bp_tape_free(struct bp_tape *tape)
{
    bp_arena_free(&tape->arena);
    tape->last = NULL;
}

void bp_tape_reset(struct bp_tape *tape)
{
    bp_arena_reset(&tape->arena);
    tape->last = NULL;
}

void bp_tape_backward(struct bp_tape *tape)
{
    for (struct bp_node *node = tape->last; node; node = node->before)
        node->backward(node);
}

static struct bp_var *var(struct bp_tape *tape, int rows, int cols, float *value, float *grad)
{
    struct bp_var *x = bp_arena_take(&tape->arena, sizeof *x);

    *x = (struct bp_var){.rows = rows, .cols = cols, .value = value, .grad = grad};
    return x;
}

struct bp_var *bp_constant(struct bp_tape *tape, int rows, int cols, const float *value)
{
    return var(tape, rows, cols, (float *)value, NULL);
}

struct bp_var *bp_var_new(struct bp_tape *tape, int rows, int cols, bool differentiable)
{
    size_t count = (size_t)rows * (size_t)cols;
    float *value = bp_arena_floats(&tape->arena, count);

    return var(tape, rows, cols, value, differentiable && tape->record ? bp_arena_floats(&tape->arena, count) : NULL);
}

struct bp_var *bp_var_rounded(struct bp_tape *tape, int rows, int cols, bool differentiable)
{
    float *grad = differentiable && tape->record ? bp_arena_floats(&tape->arena, (size_t)rows * (size_t)cols) : NULL;
    struct bp_var *x = var(tape, rows, cols, NULL, grad);

    x->rounded = bp_arena_take(&tape->arena, (size_t)rows * bp_bf16_stride(cols) * sizeof *x->rounded);
    return x;
}

float *bp_gradient(struct bp_var *x)
{
    struct bp_var *whole = x->whole ? x->whole : x;

    if (!whole->touched)
        memset(whole->grad, 0, (size_t)whole->rows * (size_t)whole->cols * sizeof(float));
    whole->touched = true;
    return x->grad;
}

float *bp_gradient_sink(struct bp_var *x, int *add)
{
    if (x->whole) {
        *add = 1;
        return bp_gradient(x);
    }
    *add = x->touched;
    x->touched = true;
    return x->grad;
}

struct bp_var *bp_stop_gradient(struct bp_tape *tape, const struct bp_var *x)
{
    struct bp_var *y = var(tape, x->rows, x->cols, x->value, NULL);

    y->rounded = x->rounded;
    return y;
}

struct bp_var *bp_slice_rows(struct bp_tape *tape, struct bp_var *x, int first, int rows)
{
    size_t offset = (size_t)first * (size_t)x->cols;
    struct bp_var *y = var(tape, rows, x->cols, x->value ? x->value + offset : NULL, x->grad ? x->grad + offset : NULL);

    y->whole = x->whole ? x->whole : x;
    y->rounded = x->rounded ? x->rounded + (size_t)first * bp_bf16_stride(x->cols) : NULL;
    return y;
}

void *bp_node_new(struct bp_tape *tape, size_t size, void (*backward)(struct bp_node *node))
{
    struct bp_node *node = bp_arena_take(&tape->arena, size);

    node->backward = backward;
    node->before = tape->last;
    tape->last = node;
    return node;
}
