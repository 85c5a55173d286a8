/* The dense layer, with its activation fused. */
#ifndef BP_NN_LINEAR_H
#define BP_NN_LINEAR_H

#include "nn/tape.h"

enum bp_activation { BP_IDENTITY, BP_ELU };

/* What is kept of an output: its numbers; or, of a layer whose products are of BF16, only what such products take: y->value is NULL then. */
enum bp_keep { BP_KEEP_VALUE, BP_KEEP_ROUNDED };

/*
 * y = act(x W + b), or act(x W + base) when there is a base: x (n x in), W (in x out), b (out), base (n x out, or NULL). base lets
 * the product of a shared input be computed once: y = act(a W_a + base) with base = x W_x + b.
 */
struct bp_var *bp_linear(struct bp_tape *tape, struct bp_var *x, struct bp_weight w, struct bp_weight b, struct bp_var *base,
                         int out, enum bp_activation act, enum bp_keep keep);

/* z = x + y, of one shape. */
struct bp_var *bp_add(struct bp_tape *tape, struct bp_var *x, struct bp_var *y);

/* y = factor x. */
struct bp_var *bp_scale(struct bp_tape *tape, struct bp_var *x, float factor);

/* y = act(x). */
struct bp_var *bp_activate(struct bp_tape *tape, struct bp_var *x, enum bp_activation act);

#endif
