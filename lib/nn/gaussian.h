/* Diagonal Gaussian distributions over actions, one a row, as differentiable operations. */
#ifndef BP_NN_GAUSSIAN_H
#define BP_NN_GAUSSIAN_H

#include "nn/tape.h"

struct bp_gaussian {
    struct bp_var *mean, *scale;        /* n x A each; scale is the standard deviation */
};

/* Distribution of the actions, from the 2A outputs of a network; every scale is at least 0.01 (BP E.1: "fixed noise of 0.01 to prevent collapse"). */
enum bp_head {
    BP_HEAD_SOFTPLUS,   /* mean = u, scale = 0.01 + softplus(v): the papers' */
    BP_HEAD_BOUNDED,    /* mean = tanh(u), scale = 0.01 + sigmoid(v): the entropy cannot grow beyond that of clipped actions */
};

/* From the outputs (n x 2A: u then v). */
struct bp_gaussian bp_gaussian_head(struct bp_tape *tape, struct bp_var *output, enum bp_head head);

/* From the outputs (n x (A + 1): u, then one v): mean = u, and 0.01 + softplus(v) is the scale of every number alike: isotropic. */
struct bp_gaussian bp_gaussian_isotropic(struct bp_tape *tape, struct bp_var *output);

/* a = mean + scale * noise (n x A): reparameterised sample. */
struct bp_var *bp_gaussian_sample(struct bp_tape *tape, struct bp_gaussian p, const float *noise);

/* log p(a) (n x 1) of a (n x A), nats. The gradient flows to a too, where that wants one. */
struct bp_var *bp_gaussian_log_prob(struct bp_tape *tape, struct bp_gaussian p, struct bp_var *a);

/* KL(p || q) (n x 1), nats, in closed form. */
struct bp_var *bp_gaussian_kl(struct bp_tape *tape, struct bp_gaussian p, struct bp_gaussian q);

/* H(p) = -E[log p] (n x 1), nats. */
struct bp_var *bp_gaussian_entropy(struct bp_tape *tape, struct bp_gaussian p);

#endif
