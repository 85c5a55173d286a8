/* Choices that are held or made anew, and what is expected over all of them: operations for latents that are summed over. */
#ifndef BP_NN_CHOICE_H
#define BP_NN_CHOICE_H

#include "nn/tape.h"

/* Of log-odds u: 1 / (1 + exp(-u)), number by number. */
struct bp_var *bp_probability(struct bp_tape *tape, struct bp_var *u);

/*
 * p_k = (1 - e) before_k + e exp(log_p_k) (n x K): a choice that ends with probability e (n x 1), and is then made anew. before: the choice that is
 * held, 1 where it is, borrowed (n x K); zeros where there is none, and then p = exp(log_p), whatever e.
 */
struct bp_var *bp_end_or_hold(struct bp_tape *tape, struct bp_var *log_p, struct bp_var *end, const float *before);

/* sum_k p_k x_k (n x 1) of p (n x K) and x (K n x 1): n rows for each k, one block below the other. */
struct bp_var *bp_expect(struct bp_tape *tape, struct bp_var *p, struct bp_var *x);

#endif
