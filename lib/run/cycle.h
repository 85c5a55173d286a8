/* A training run in memory: agent, learner, replay and actors, and the cycle that moves them all one update further. */
#ifndef BP_RUN_CYCLE_H
#define BP_RUN_CYCLE_H

#include "base/pool.h"
#include "learn/update.h"
#include "run/actors.h"
#include "run/config.h"
#include "run/reuse.h"

struct bp_cycle {
    const struct bp_config *config;     /* borrowed */
    struct bp_env_spec env;
    struct bp_learner learner;
    struct bp_replay *replay;
    struct bp_actors *actors;
    struct bp_pool *pool;
    int64_t transitions;                /* processed by the learner */
    int64_t env_steps;
    int learning_shards;                /* of the cycle in progress; 0 while the replay warms up */
    /* since their reader last cleared them */
    struct bp_update_stats update_stats;
    struct bp_actor_stats actor_stats;
    /* kept for the loop around the cycles, since they outlast a stop */
    double seconds;                     /* that the run has taken */
    int64_t evaluated_at;               /* transitions at the last evaluation that was not cut short */
};

/*
 * Build everything. What is borrowed (run/reuse.h) is the checkpoint's, whatever the config says of it; of a prior borrowed nothing is
 * trained. 0, or -1 after reporting, with nothing to free.
 */
int bp_cycle_init(struct bp_cycle *cycle, const struct bp_config *config, const struct bp_borrowed *borrowed, int threads) BP_WARN_UNUSED;
void bp_cycle_free(struct bp_cycle *cycle);

/*
 * One cycle: at the same time the learner's gradients on the present replay, and the actors' steps with the present parameters; then Adam,
 * and the new experience into the replay. 0, or -1 after reporting that the learner diverged.
 */
int bp_cycle_run(struct bp_cycle *cycle) BP_WARN_UNUSED;

/* Parameters in use, to act with. */
struct bp_params bp_cycle_params(const struct bp_cycle *cycle);

/* The agent as a checkpoint that borrows the cycle's memory. */
void bp_cycle_checkpoint(const struct bp_cycle *cycle, struct bp_checkpoint *checkpoint);


#endif
