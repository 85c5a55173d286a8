/*
 * The learner's state: for each network the parameters, the target network's and Adam's moments; for each shard of the batch a tape,
 * a gradient and a minibatch. Shards are independent and are summed in their order, so that results do not depend on threads.
 */
#ifndef BP_LEARN_LEARNER_H
#define BP_LEARN_LEARNER_H

#include "base/random.h"
#include "learn/algorithm.h"
#include "learn/replay.h"
#include "nn/adam.h"

#include <stdatomic.h>

enum bp_value_policy { BP_VALUE_POLICY_ONLINE, BP_VALUE_POLICY_TARGET };

struct bp_learner_config {
    const struct bp_algorithm *algorithm;   /* borrowed */
    uint64_t seed;
    int unroll;                 /* K */
    int burn_in;                /* steps before these that warm up recurrent states, and are part of no loss */
    int batch;                  /* sequences of an update */
    int shards;                 /* parts of the batch; decides the order of sums, hence the bytes */
    double discount;            /* gamma */
    double retrace_lambda;      /* lambda */
    double vtrace_rho, vtrace_c;        /* rho^ and c^: at most these weights of importance */
    double reward_scale;        /* multiplies rewards and both costs inside the learner */
    double kl_cost;             /* alpha, nats to reward */
    double entropy_cost;        /* alpha_H */
    double task_reward;         /* weight of the task's reward; of bp_skills, as the next */
    double termination_cost;    /* alpha_e, for each end of an option */
    double posterior_cost;      /* alpha_g, a step: of what the posterior tells of the latent, nats to reward */
    double learning_rate[BP_PARTS];     /* of Adam; 0: frozen */
    bool frozen[BP_ROLES];      /* networks that stay as they are, whatever the rate of their part */
    double learning_rate_hold;  /* share of the planned updates during which the rates are constant, below 1 */
    double final_learning_rate; /* share of the rates that is left after `planned` updates; they fall linearly */
    int64_t planned;
    int target_period;          /* P: updates between hard copies into the target networks */
    enum bp_value_policy value_policy;  /* whose actions give values and traces: the policy's (BP alg. 1) or the target policy's */
    bool stored_state;          /* sequences start from the recurrent state kept while acting, else from zeros */
    bool bf16;                  /* products of BF16 (nn/bf16.h), else of float32; parameters, sums and all the rest are float32 in both */
};

/* One network in training. */
struct bp_trained {
    size_t n;                   /* parameters */
    float *online, *target;     /* n each; target NULL: the algorithm needs none */
    float *m, *v;               /* Adam's moments; NULL in a frozen network */
    struct bp_net_prepared online_prepared, target_prepared;    /* for the products of an update; made anew where the parameters change */
};

/*
 * Memory for the tape of a working shard. A shard borrows the arena that it had last, which may still be in its processor's cache, or the first
 * free one, so that only as many are touched as there are threads.
 */
struct bp_scratch {
    atomic_bool lent;
    struct bp_arena arena;
};

/* Works through its part of the batch by microbatches, so that what one touches stays in the processor's second cache. */
struct bp_shard {
    struct bp_tape tape;        /* its arena is borrowed while the shard works */
    struct bp_scratch *borrowed;    /* now, or last; NULL at first */
    gsl_rng *stream;
    struct bp_batch batch;      /* one microbatch; memory for the largest */
    float *noise;               /* (N+K+1)*B x what the policy draws of */
    float *states[BP_ROLES];    /* B x the network's state size */
    float *latent;              /* B x Z */
    float *grad[BP_ROLES];      /* of the last update; NULL for a frozen network */
    struct bp_net_use use[BP_ROLES], use_target[BP_ROLES];      /* set while it works */
    struct bp_update_stats stats;
};

/* A range of a network's parameters: a job of the second half of an update. */
struct bp_learner_job {
    enum bp_role role;
    size_t from, count;
};

struct bp_learner {
    struct bp_agent agent;
    struct bp_learner_config config;
    struct bp_trained trained[BP_ROLES];
    struct bp_shard *shards;
    struct bp_scratch *scratch; /* as many as shards */
    int microbatches;           /* of a shard */
    int state_size;             /* of the rows in the replay, bp_agent_state_size */
    int64_t updates;            /* so far */
    struct bp_learner_job *job;
    int jobs;
};

/* Fresh parameters from the seed; all memory of the updates to come. 0, or -1 after reporting, also if BF16 is unavailable. */
int bp_learner_init(struct bp_learner *learner, const struct bp_agent *agent, const struct bp_learner_config *config) BP_WARN_UNUSED;
void bp_learner_free(struct bp_learner *learner);

/* Sequences of a shard's i-th microbatch: their number differs by one at most, and the first has the most. */
int bp_learner_microbatch(const struct bp_learner *learner, int i);

/* A network as the shard uses it: its target, fixed; or itself, whose gradients the shard gathers unless it is frozen. */
struct bp_net_use bp_shard_use(const struct bp_learner *learner, const struct bp_shard *shard, enum bp_role role, bool target);

/* A shard works on its tape between these two: it borrows memory for it, and returns it at the end. */
void bp_shard_borrow(const struct bp_learner *learner, struct bp_shard *shard);
void bp_shard_end(struct bp_shard *shard);

/* To be called by a shard before its microbatches: borrows, and clears its gradients and statistics. */
void bp_shard_begin(const struct bp_learner *learner, struct bp_shard *shard);

/* Bytes that the networks take: parameters, targets, moments, and what shards hold of their size. */
size_t bp_learner_bytes(const struct bp_learner *learner);

/* Prepares parameters and targets for products. To be called after either was written from outside. */
void bp_learner_prepare(struct bp_learner *learner);

/* Target networks := networks, after parameters were written from outside; prepares both. */
void bp_learner_copy_targets(struct bp_learner *learner);

/*
 * Second half of an update: job i of bp_learner_jobs() sums the shards' gradients over its range of the parameters, takes Adam's step there;
 * copies the range into the target network when it is time; and prepares what it changed. Jobs are independent.
 */
int bp_learner_jobs(const struct bp_learner *learner);
void bp_learner_apply(struct bp_learner *learner, int job);

/* End of an update: counts it, adds the shards' statistics to `stats`. */
void bp_learner_finish(struct bp_learner *learner, struct bp_update_stats *stats);

/* Parameters, targets, moments and the count of updates as tensors over the learner's memory; at most BP_LEARNER_TENSORS. */
#define BP_LEARNER_TENSORS (4 * BP_ROLES + 1)
int bp_learner_tensors(struct bp_learner *learner, struct bp_tensor *tensors);

/* Whether what was loaded into them can be learned with: finite numbers, no negative count. 0, or -1 after reporting that `where` is damaged. */
int bp_learner_check(const struct bp_learner *learner, const char *where) BP_WARN_UNUSED;

#endif
