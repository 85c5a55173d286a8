/*
 * Behaviours whose latents are choices, asked what they do whatever the latent: a hidden Markov model (EH appendix A, where the sum over a few
 * discrete latents is exact). The latent is not drawn; how likely each choice is follows from what was seen and done (nn/filter.h).
 */
#ifndef BP_MODEL_MARGINAL_H
#define BP_MODEL_MARGINAL_H

#include "model/level.h"

/*
 * p(a_t | x_1 ... x_t, a_1 ... a_{t-1}) along the rows of a scene, of a behaviour of two levels, high and low: a mixture with one component for
 * each choice, whose densities can be asked; a KL to it is by sample. It lives on the tape, its family too.
 * Actions before are the scene's `acted`, needed from two steps on; what is known before the first step is its `latent`.
 */
struct bp_distribution bp_marginal(const struct bp_scene *scene, const struct bp_level *high, const struct bp_level *low);

/* After actions (B x A) in a scene of one step whose mixture this is: how likely each choice is now, into latent (B x Z). */
void bp_marginal_update(struct bp_tape *tape, struct bp_distribution mixture, struct bp_var *actions, float *latent);

#endif
