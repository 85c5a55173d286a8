/*
 * Algorithms. A row says what an agent is taught by: what a microbatch is drawn from, the losses of what was drawn, and what is measured on
 * the way. All else is the learner's, and the same for all: shards and microbatches, gradients, Adam, target networks, sums of metrics.
 */
#ifndef BP_LEARN_ALGORITHM_H
#define BP_LEARN_ALGORITHM_H

#include "model/agent.h"

struct bp_learner;
struct bp_shard;

/* A shard at work on one of its microbatches. */
struct bp_work {
    const struct bp_learner *learner;
    struct bp_shard *shard;
    int index;                  /* of the shard */
    int microbatch;             /* 0 ... */
};

enum { BP_METRICS = 16 };       /* of an algorithm, at most */

/* What the sum of a metric is divided by. */
enum bp_average { BP_PER_UPDATE, BP_PER_TRANSITION };

struct bp_metric {
    const char *name, *help;
    enum bp_average average;
    bool scaled;                /* a value in units of reward_scale, which is told as a return of the task */
    bool (*measured)(const struct bp_agent *agent);     /* whether there is anything to measure; NULL: always */
};

struct bp_algorithm {
    const char *name, *help;
    const struct bp_metric *metric;                     /* ends with a row whose name is NULL */
    bool target[BP_PARTS];                              /* parts that have target networks */
    bool named;                                         /* --algorithm names it; others follow from what else is asked for */
    bool state_value;                                   /* its critic is V(x, z), the network `value`; else Q(x, a, z) */
    bool through_actions;                               /* the policy's gradient comes through its samples, which must be reparameterised */
    bool through_choices;                               /* but those of a high level need not where they are choices, which are all looked at */
    void (*draw)(const struct bp_work *work, const void *from);     /* fill the shard's batch, and what else the losses take */
    void (*losses)(const struct bp_work *work);         /* put the losses of what was drawn on the shard's tape; add to shard->stats.sum */
};

/* Sums over updates; doubles alone, so that they are kept as an array. A shard's are of its part of one update, which only the learner counts. */
struct bp_update_stats {
    double updates;
    double transitions;         /* those that the mask leaves */
    double sum[BP_METRICS];     /* in the order of the algorithm's metrics */
};

#endif
