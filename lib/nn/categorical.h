/* Distributions over a number of choices, one a row, by their log-probabilities log p (n x N), as differentiable operations. */
#ifndef BP_NN_CATEGORICAL_H
#define BP_NN_CATEGORICAL_H

#include "nn/tape.h"

/* log p_j = u_j - log sum_k exp(u_k), from the outputs u of a network (n x N). */
struct bp_var *bp_categorical_head(struct bp_tape *tape, struct bp_var *output);

/*
 * A choice (n x N): 1 where it is, 0 elsewhere. That of the largest log p_j + g_j, with g_j = -log(-log Phi(noise_j)) (Gumbel) of standard
 * normal noise (n x N): zeros give the likeliest choice. No gradient passes through it.
 */
struct bp_var *bp_categorical_sample(struct bp_tape *tape, struct bp_var *log_p, const float *noise);

/* log p(y) (n x 1) of borrowed choices y (n x N), nats. */
struct bp_var *bp_categorical_log_prob(struct bp_tape *tape, struct bp_var *log_p, const float *y);

/* KL(p || q) = sum_j p_j (log p_j - log q_j) (n x 1), nats. */
struct bp_var *bp_categorical_kl(struct bp_tape *tape, struct bp_var *log_p, struct bp_var *log_q);

/* H(p) = -sum_j p_j log p_j (n x 1), nats. */
struct bp_var *bp_categorical_entropy(struct bp_tape *tape, struct bp_var *log_p);

#endif
