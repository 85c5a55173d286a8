/*
 * A tape of coarse differentiable operations. Each operation computes its value at once and, if an input wants a gradient, leaves
 * a node that passes the gradient back. Everything lives in the tape's arena until the next reset.
 */
#ifndef BP_NN_TAPE_H
#define BP_NN_TAPE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* A matrix (rows x cols, dense, row-major) with its gradient; grad is NULL where none is wanted, and read through bp_gradient. */
struct bp_var {
    int rows, cols;
    float *value;           /* NULL where `rounded` is all that is wanted */
    float *grad;
    bool touched;           /* grad holds numbers; before, it counts as zero */
    struct bp_var *whole;   /* of which this is some rows, or NULL */
    uint16_t *rounded;      /* the value as products of BF16 take it (nn/bf16.h), or NULL: not needed so far */
};

/*
 * A trained array: value borrowed, grad accumulated into (NULL: frozen). A matrix has its transpose if that is kept, and itself and
 * its transpose packed (nn/bf16.h) if its products are to be of BF16; else these are NULL.
 */
struct bp_weight {
    const float *value;
    float *grad;
    const float *transposed;
    const uint32_t *packed, *transposed_packed;
};

struct bp_node {
    void (*backward)(struct bp_node *node);
    struct bp_node *before;
};

struct bp_tape {
    struct bp_arena arena;
    struct bp_node *last;
    bool record;            /* false: forward only, as actors use it */
};

int bp_tape_init(struct bp_tape *tape, size_t arena_size, bool record) BP_WARN_UNUSED;
void bp_tape_free(struct bp_tape *tape);

/* Forget all variables and nodes. */
void bp_tape_reset(struct bp_tape *tape);

/* Run the nodes backwards, from the last to the first; the losses' gradients must have been set (bp_add_loss does). */
void bp_tape_backward(struct bp_tape *tape);

/* Data from outside (borrowed), which wants no gradient. */
struct bp_var *bp_constant(struct bp_tape *tape, int rows, int cols, const float *value);

/* A new variable, its value not set; there is a gradient when `differentiable` and the tape records. */
struct bp_var *bp_var_new(struct bp_tape *tape, int rows, int cols, bool differentiable);

/* The same whose value is `rounded` alone: rows x bp_bf16_stride(cols) numbers. */
struct bp_var *bp_var_rounded(struct bp_tape *tape, int rows, int cols, bool differentiable);

/* The gradient to add to or to read; cleared when nothing was added before. Not for variables that want none. */
float *bp_gradient(struct bp_var *x);

/* The gradient, to add a whole matrix to: with *add the matrix is added, else it overwrites what was never set. */
float *bp_gradient_sink(struct bp_var *x, int *add);

/* The same value; no gradient passes through it. */
struct bp_var *bp_stop_gradient(struct bp_tape *tape, const struct bp_var *x);

/* The `rows` rows of x from row `first` on, sharing value and gradient. */
struct bp_var *bp_slice_rows(struct bp_tape *tape, struct bp_var *x, int first, int rows);

/* Append a node whose first member is a struct bp_node, taken from the tape's arena. */
void *bp_node_new(struct bp_tape *tape, size_t size, void (*backward)(struct bp_node *node));

#endif
