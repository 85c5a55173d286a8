/* Distillation of recorded behaviour: a prior fitted to trajectories by maximum likelihood (EH eq. 5), learned from a struct bp_dataset. */
#ifndef BP_LEARN_DISTILL_H
#define BP_LEARN_DISTILL_H

#include "learn/algorithm.h"

struct bp_dataset;

/* An empty set of episodes, rows of observation_size and action_size floats. NULL after reporting. */
struct bp_dataset *bp_dataset_new(int observation_size, int action_size) BP_WARN_UNUSED;
void bp_dataset_free(struct bp_dataset *dataset);

/* Add an episode of `length` steps, copied: the groups `inputs` of observations (length rows of stride floats), actions (length x A). */
int bp_dataset_add(struct bp_dataset *dataset, int length, const struct bp_groups *inputs, const float *observations, int stride,
                   const float *actions) BP_WARN_UNUSED;

/*
 * Hold out a share of the episodes, drawn by the seed; at least one when share > 0, and at least one is left to learn from. -1 after
 * reporting that there are too few.
 */
int bp_dataset_split(struct bp_dataset *dataset, double share, uint64_t seed) BP_WARN_UNUSED;

int64_t bp_dataset_episodes(const struct bp_dataset *dataset, bool held_out);
int64_t bp_dataset_steps(const struct bp_dataset *dataset, bool held_out);

/*
 * The gradient of -mean log pi0(a|x) over sequences, for a learner whose agent has a prior alone, made for the dataset's rows. Every step of
 * those learned from is drawn equally often.
 */
enum { BP_DISTILL_LOSS };       /* its metrics */
extern const struct bp_algorithm bp_distill;

/*
 * Sum of log pi0(a|x) over the held-out episodes i = shard, shard + shards, ..., with the networks run over each from its start, as in a
 * rollout; nats.
 */
double bp_distill_held_out(struct bp_learner *learner, const struct bp_dataset *dataset, int shard);

#endif
