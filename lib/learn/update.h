/*
 * The first half of an update, of any algorithm: shards work through their part of the batch, one microbatch after the other. And what the
 * sums over updates tell. The second half is the learner's (bp_learner_apply).
 */
#ifndef BP_LEARN_UPDATE_H
#define BP_LEARN_UPDATE_H

#include "learn/learner.h"

extern const struct bp_algorithm *const bp_algorithms[];        /* ends with NULL */
const struct bp_algorithm *bp_update_algorithm(const char *name);       /* the row of that name, NULL when there is none */

/*
 * First half of update number learner->updates: draw the shard's microbatches, sum the gradients of their losses, set the shard's
 * statistics. `from` is what the algorithm draws from: a struct bp_replay where experience is gathered, a struct bp_dataset for bp_distill. Shards may run at
 * the same time.
 */
void bp_update_gradients(struct bp_learner *learner, const void *from, int shard);

/* Bytes of tape that a microbatch of an update takes. Only between updates: it computes a microbatch of the first shard, and discards it. */
size_t bp_update_tape_bytes(struct bp_learner *learner);

/* How many metrics an algorithm has. */
int bp_update_metrics(const struct bp_algorithm *algorithm);

/* The i-th metric of the learner's algorithm as these sums have it; NaN where nothing was measured. */
double bp_update_metric(const struct bp_learner *learner, const struct bp_update_stats *stats, int i);

/* Whether all sums are finite numbers: else the learner has diverged. */
bool bp_update_finite(const struct bp_update_stats *stats);

#endif
