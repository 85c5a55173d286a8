/*
 * Actors: environments that gather experience with the policy. In a cycle every actor takes the same number of steps into a buffer of
 * its own; the cycle's end moves the buffers into the replay in the actors' order. So the result does not depend on threads.
 */
#ifndef BP_RUN_ACTORS_H
#define BP_RUN_ACTORS_H

#include "base/tensor.h"
#include "env/env.h"
#include "learn/replay.h"
#include "run/act.h"

struct bp_actors;

/* Sums over the episodes that ended, and steps taken, since the caller last cleared it. */
struct bp_actor_stats {
    int64_t steps, episodes, diverged;
    double episode_return, episode_length;
};

struct bp_actors_spec {
    const char *task, *body;
    int actors, steps;          /* environments; control steps of each in a cycle */
    uint64_t seed;
    unsigned remember;          /* networks whose recurrent states go to the replay: bit 1 << role */
};

/* Actors of `agent` (borrowed) in teams of up to eight, which share one inference. NULL after reporting. */
struct bp_actors *bp_actors_new(const struct bp_actors_spec *spec, const struct bp_agent *agent) BP_WARN_UNUSED;
void bp_actors_free(struct bp_actors *actors);

/* Teams, and a team's cycle; teams may run at the same time. */
int bp_actors_teams(const struct bp_actors *actors);
void bp_actors_run(struct bp_actors *actors, int team, const struct bp_params *params);

/* End of a cycle: buffers into the replay. */
void bp_actors_commit(struct bp_actors *actors, struct bp_replay *replay, struct bp_actor_stats *stats);

/*
 * What a resumed run needs, as tensors: bp_actors_save refreshes them before saving, bp_actors_restore takes them up after loading. It returns
 * 0, or -1 after reporting that `where` is damaged: what was loaded makes no sense, or an episode is not as far as the replay has it.
 */
#define BP_ACTORS_TENSORS 5
int bp_actors_tensors(struct bp_actors *actors, struct bp_tensor *tensors);
void bp_actors_save(struct bp_actors *actors);
int bp_actors_restore(struct bp_actors *actors, const struct bp_replay *replay, const char *where) BP_WARN_UNUSED;

#endif
