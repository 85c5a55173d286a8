/* Rollouts: episodes of a policy, a prior or random actions, the same bytes for any number of threads. */
#ifndef BP_RUN_ROLLOUT_H
#define BP_RUN_ROLLOUT_H

#include "base/pool.h"
#include "env/env.h"
#include "run/act.h"
#include "store/trajectory.h"

enum bp_play { BP_PLAY_POLICY, BP_PLAY_PRIOR, BP_PLAY_RANDOM, BP_PLAY_COUNT };
const char *bp_play_name(int i);            /* NULL after the last: choices of an option */
enum bp_play bp_play_find(const char *name);
const char *bp_latent_mode_name(int i);     /* "sampled", "fixed", NULL */

struct bp_rollout_spec {
    const char *task, *body;
    enum bp_play play;
    bool deterministic;         /* the mean instead of a sample; with fixed_latent of the action alone */
    int64_t episodes;
    uint64_t seed;
    const char *evaluates;      /* item of --evaluate that asks for it, for what bp_rollout_new may report; NULL: the user plays a checkpoint */
    bool record_states;         /* of the simulator, into the episodes */
    bool fixed_latent;          /* the latent of an episode's first step is held to its end */
    bool same_start;            /* every episode starts as the first one does */
    bool one_state;             /* one action in each, in the first one's start, with what the prior does not see of their own; nothing is simulated */
};

struct bp_rollout;

/*
 * Environments for `pool` (borrowed) that play with `agent`, which may have been made for another task: its networks must find their
 * groups in this one's. agent may be NULL for random play. NULL after reporting.
 */
struct bp_rollout *bp_rollout_new(const struct bp_rollout_spec *spec, const struct bp_agent *agent, struct bp_pool *pool) BP_WARN_UNUSED;
void bp_rollout_free(struct bp_rollout *rollout);

/*
 * Play all episodes and hand each, in order, to `take` (which may read it during the call, and returns non-zero to stop). params:
 * the agent's parameters. Returns what take returned last, or 0; 1 when a signal asked to stop (run/signals.h), which is heard within a step. May be called again, to play the same seeds with other parameters.
 */
int bp_rollout_run(struct bp_rollout *rollout, const struct bp_params *params, int (*take)(void *context, const struct bp_episode *episode),
                   void *context) BP_WARN_UNUSED;

#endif
