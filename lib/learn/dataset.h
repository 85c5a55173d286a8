/* Recorded episodes to learn from: some held out, the others drawn as sequences. */
#ifndef BP_LEARN_DATASET_H
#define BP_LEARN_DATASET_H

#include "base/group.h"
#include "learn/replay.h"

/* An episode as it was recorded; rows one after the other. */
struct bp_recorded {
    int length;
    float *observations, *actions;
    float *latents, *drawn;     /* in force, and 1 where that was drawn, 0 where it was held; NULL: none */
};

struct bp_dataset;

/* An empty set of episodes, rows of observation_size, action_size and latent_size (0: none are recorded) floats. NULL after reporting. */
struct bp_dataset *bp_dataset_new(int observation_size, int action_size, int latent_size) BP_WARN_UNUSED;
void bp_dataset_free(struct bp_dataset *dataset);

/*
 * Add an episode of `length` steps, copied: the groups `inputs` of observations (length rows of stride floats), actions (length x A), latents
 * (length x Z) and in which steps they were drawn (length); both NULL where none are recorded.
 */
int bp_dataset_add(struct bp_dataset *dataset, int length, const struct bp_groups *inputs, const float *observations, int stride,
                   const float *actions, const float *latents, const uint8_t *drawn) BP_WARN_UNUSED;

/*
 * Hold out a share of the episodes, drawn by the seed; at least one when share > 0, and at least one is left to learn from. -1 after
 * reporting that there are too few.
 */
int bp_dataset_split(struct bp_dataset *dataset, double share, uint64_t seed) BP_WARN_UNUSED;

int64_t bp_dataset_episodes(const struct bp_dataset *dataset, bool held_out);
int64_t bp_dataset_steps(const struct bp_dataset *dataset, bool held_out);

/* The i-th of those held out, NULL beyond the last. Borrowed. */
const struct bp_recorded *bp_dataset_held_out(const struct bp_dataset *dataset, int64_t i);

/*
 * Fill sequence b of the batch; before: Z, the latent in force before its first step. It starts at any step, all equally likely; after an
 * episode's last step comes another episode from its start, drawn anew. So each row is uniform over all steps.
 */
void bp_dataset_draw(const struct bp_dataset *dataset, gsl_rng *stream, struct bp_batch *batch, int b, float *before);

#endif
