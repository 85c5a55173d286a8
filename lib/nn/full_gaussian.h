/*
 * Gaussians with full covariance, one a row, as differentiable operations. The covariance is L L' of a lower triangle L with a positive
 * diagonal (Cholesky): row i of L in A (A + 1) / 2 numbers begins at i (i + 1) / 2.
 */
#ifndef BP_NN_FULL_GAUSSIAN_H
#define BP_NN_FULL_GAUSSIAN_H

#include "nn/tape.h"

struct bp_full_gaussian {
    struct bp_var *mean;        /* n x A */
    struct bp_var *factor;      /* n x A (A + 1) / 2: L */
};

/* Numbers of a triangle of A rows. */
static inline int bp_triangle(int size)
{
    return size * (size + 1) / 2;
}

/* From outputs (n x (A + A (A + 1) / 2): u, then v): mean = u, L = v below the diagonal and 0.01 + softplus(v) on it. */
struct bp_full_gaussian bp_full_gaussian_head(struct bp_tape *tape, struct bp_var *output, int size);

/* L of independent numbers, whose scales (n x A) are its diagonal. */
struct bp_var *bp_full_gaussian_factor(struct bp_tape *tape, struct bp_var *scale);

/* a = mean + L noise (n x A): reparameterised sample. */
struct bp_var *bp_full_gaussian_sample(struct bp_tape *tape, struct bp_full_gaussian p, const float *noise);

/* log p(a) = -|L^-1 (a - mean)|^2 / 2 - sum_j log L_jj - A log(2 pi) / 2 (n x 1), nats, of a (n x A). */
struct bp_var *bp_full_gaussian_log_prob(struct bp_tape *tape, struct bp_full_gaussian p, struct bp_var *a);

/* KL(p || q) = sum_j log(Lq_jj / Lp_jj) + (|Lq^-1 Lp|^2 + |Lq^-1 (mp - mq)|^2 - A) / 2 (n x 1), nats. */
struct bp_var *bp_full_gaussian_kl(struct bp_tape *tape, struct bp_full_gaussian p, struct bp_full_gaussian q);

/* H(p) = sum_j log L_jj + A (1 + log(2 pi)) / 2 (n x 1), nats. */
struct bp_var *bp_full_gaussian_entropy(struct bp_tape *tape, struct bp_full_gaussian p);

#endif
