/* Trajectory streams (bp-trajectory(5)): a packed stream with one record an episode. */
#ifndef BP_STORE_TRAJECTORY_H
#define BP_STORE_TRAJECTORY_H

#include "base/group.h"
#include "base/share.h"
#include "base/space.h"
#include "store/latents.h"
#include "store/pack.h"
#include "store/places.h"

#define BP_NO_EVENT (-1)

/* One episode of T = length steps. Arrays are row-major float32 unless said. */
struct bp_episode {
    int length;                 /* T */
    struct bp_groups groups;    /* of an observation row; the stream has one tensor "observation/NAME" for each */
    struct bp_space action;     /* of A numbers, or A choices */
    float *observations;        /* (T+1) x groups.size */
    float *actions;             /* T x A, as sampled, before clipping */
    float *rewards;             /* T, of the task */
    float *log_prob;            /* T, log density (of choices: log-probability) of actions[t] under what acted; NaN where it has none */
    float *kl_prior;            /* T, KL(policy || prior) in nats at t, or NULL when the checkpoint has no pair */
    int32_t *event;             /* T, what the task reports at t (nav: index of the target entered), or BP_NO_EVENT */
    uint8_t *states;            /* (T+1) x state_size bytes, the simulator's as bp_env_save gives them; NULL: not recorded. Owned */
    size_t state_size;
    struct bp_places places;    /* where things were; not recorded when pose is NULL. Owned */
    struct bp_latents latents;  /* of what acted; none when it is flat, or random. Owned */
    bool terminated;            /* at the last step: the task ended */
    bool truncated;             /* at the last step: time ran out */
    bool diverged;              /* at the last step: the simulation diverged (counts as truncated too) */
    uint64_t seed;
    int64_t index;              /* number of the episode in its rollout */
    char task[32], body[BP_BODY_NAME];
    char play[16];              /* policy, prior or random */
    bool deterministic;
    bool one_state;             /* no episode but one action in a state, which nothing was simulated after */
    char checkpoint[72];        /* hash of the checkpoint that acted, "" for none */
    void *storage;              /* owned by an episode that was read or allocated */
};

/* Allocate the arrays of an episode of up to `length` steps; kl_prior only when with_kl. Aborts never; -1 when out of memory. */
int bp_episode_alloc(struct bp_episode *episode, const struct bp_groups *groups, struct bp_space action, int length,
                     bool with_kl) BP_WARN_UNUSED;
/* Add room to an allocated episode: for places in a scene, for latents of `size` numbers, for the simulator's states of `size` bytes. -1 when
 * out of memory. */
int bp_episode_alloc_places(struct bp_episode *episode, const struct bp_places *scene) BP_WARN_UNUSED;
int bp_episode_alloc_latents(struct bp_episode *episode, int size) BP_WARN_UNUSED;
int bp_episode_alloc_states(struct bp_episode *episode, size_t size) BP_WARN_UNUSED;
void bp_episode_free(struct bp_episode *episode);       /* a zeroed or freed episode is fine */

/* Whether it was played; else -1 after reporting that `where` has actions in one state, in which nothing moves and nothing is earned. */
int bp_episode_played(const struct bp_episode *episode, const char *where) BP_WARN_UNUSED;

/* Sum of the rewards. */
double bp_episode_return(const struct bp_episode *episode);

int bp_episode_write(struct bp_pack_writer *writer, const struct bp_episode *episode) BP_WARN_UNUSED;
/* 1, 0 at the proper end, -1 after reporting (also when a record is not an episode). On 1 the caller frees. */
int bp_episode_read(struct bp_pack_reader *reader, struct bp_episode *episode) BP_WARN_UNUSED;
/* Turn a record that was read into an episode, which uses the record up (cleared); -1 after reporting, record untouched. */
int bp_episode_from_record(struct bp_record *record, const char *where, struct bp_episode *episode) BP_WARN_UNUSED;

#endif
