/* SVG(0) with experience replay, Retrace and a learned behaviour prior (BP algorithm 1): the gradients of one shard. */
#ifndef BP_LEARN_SVG_H
#define BP_LEARN_SVG_H

#include "learn/learner.h"

/*
 * First half of update number learner->updates: draw the shard's sequences, add the gradients of the three losses to the shard's,
 * set its statistics. Shards may run at the same time.
 */
void bp_svg_gradients(struct bp_learner *learner, const struct bp_replay *replay, int shard);

/* Bytes of tape that a microbatch of an update takes. Only between updates: it computes a microbatch of the first shard, and discards it. */
size_t bp_svg_tape_bytes(struct bp_learner *learner);

#endif
