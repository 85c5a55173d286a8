/* Parts of losses: clipped actions, squared errors, and the weighted sum to be minimised. */
#ifndef BP_NN_LOSS_H
#define BP_NN_LOSS_H

#include "nn/tape.h"

/*
 * Actions clipped to [-1, 1]. The gradient passes unchanged, except where an action is clipped and a step
 * downhill would push it further outward: there it is dropped.
 */
struct bp_var *bp_clip_action(struct bp_tape *tape, struct bp_var *action);

/* (x - y)^2 (n x 1) against borrowed constants y (n). */
struct bp_var *bp_squared_error(struct bp_tape *tape, struct bp_var *x, const float *y);

/* min(x, y) of x and y (n x 1 each). The gradient goes to the smaller one, to x where they are equal. */
struct bp_var *bp_minimum(struct bp_tape *tape, struct bp_var *x, struct bp_var *y);

/* sum_k weight_k x_k (n x 1 each), row by row; weights are borrowed (n, NULL: ones), and the lists are copied. */
struct bp_var *bp_weighted_sum(struct bp_tape *tape, struct bp_var *const *x, const float *const *weight, int count);

/*
 * Minimise sum_i weight_i * factor * x_i: sets the gradient of x (n x 1) and returns the sum. Called before bp_tape_backward; several
 * terms may share an x. A term whose x wants no gradient is only summed.
 */
double bp_add_loss(struct bp_var *x, float factor, const float *weight);

#endif
