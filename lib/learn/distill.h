/*
 * Distillation of recorded behaviour: a prior fitted to trajectories by maximum likelihood (EH eq. 5), learned from a struct bp_dataset. Both
 * levels of a hierarchical prior are fitted to recorded latents; where there are none, an inference network guesses them, and what grows is
 * a bound of the likelihood (EH eq. 15). Latents that are choices need neither: the likelihood is summed over them.
 */
#ifndef BP_LEARN_DISTILL_H
#define BP_LEARN_DISTILL_H

#include "learn/algorithm.h"
#include "learn/dataset.h"

/*
 * The gradient of minus a mean over sequences, for a learner whose agent has a prior, made for the dataset's rows: of log pi0(a|x), flat; of
 * log pi0(a|z, x) + log pi0(z|x), recorded; with an inference network q of log pi0(a|z, x) - KL(q || pi0(z|x)), at one draw of q; with exact
 * inference of log pi0(a_t | x_1 ... x_t, a_1 ... a_{t-1}), where a sequence that starts within an episode knows nothing of the choice before. A
 * latent counts in the step that draws it. Every step of those learned from is drawn equally often.
 */
enum { BP_DISTILL_LOSS, BP_DISTILL_LOSS_HIGH };         /* its metrics: all of it, the share of the latent */
extern const struct bp_algorithm bp_distill;

/*
 * Sum of the same over the held-out episodes i = shard, shard + shards, ..., with the networks run over each from its start, as in a
 * rollout; nats. What an inference network draws there is the same each time.
 */
double bp_distill_held_out(struct bp_learner *learner, const struct bp_dataset *dataset, int shard);

#endif
