/*
 * Replay of episodes, from which sequences are drawn, so that every transition is drawn equally often: at an episode's ends as in its
 * middle, of short episodes and of those in progress as of long ones. Appending is for one thread at a time with no reader; drawing is
 * read-only and may run on many.
 */
#ifndef BP_LEARN_REPLAY_H
#define BP_LEARN_REPLAY_H

#include "base/error.h"
#include "base/tensor.h"

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

struct bp_replay_spec {
    int observation_size;       /* O */
    int action_size;            /* A */
    int state_size;             /* S: recurrent state kept with every `stride`-th row, 0: none */
    int time_limit;             /* longest episode */
    int episodes;               /* capacity; at least two for each writer */
    int writers;                /* actors, each with an episode in progress */
    int stride;                 /* sequences start at its multiples */
    bool half;                  /* keep observations, rewards and recurrent states as float16 */
    double rewarded_share;      /* of the sequences, drawn from rewarded episodes (below); 0: none, and no episode is kept for its rewards */
    int latent_size;            /* Z: latent kept with every step, 0: none */
};

/*
 * Rewarded sequences, for tasks whose rewards are so rare that hardly any update sees one. A share of the sequences starts within the last
 * BP_REWARDED_STEPS steps up to an episode's last positive reward: an episode that has one, all equally likely, then a step. Such episodes
 * stay in the replay until there are more than one in BP_REWARDED_PART of its places; then those that are met first go.
 *
 * What this biases: states near rewards count more in the losses. What is fitted in a state is the same, since Retrace's targets are
 * conditioned on state and action, and weigh how far the policy is from the one that acted. There are no weights to undo it: where a network
 * fits every state they would change nothing, and where it does not, rewarded states are those that it should fit.
 */
enum { BP_REWARDED_STEPS = 100, BP_REWARDED_PART = 8 };

struct bp_replay;

/* Sequences for the learner, time-major: row t*batch + b. All arrays owned by whoever allocated them. */
struct bp_batch {
    int steps, batch;           /* N + K, B */
    int burn_in;                /* N: first steps, which only warm up recurrent states */
    float *observations;        /* (N+K+1)*B x O */
    float *actions;             /* (N+K)*B x A, as sampled */
    float *log_prob;            /* (N+K)*B: log mu(a|x) */
    float *reward;              /* (N+K)*B */
    float *nonterminal;               /* (N+K)*B: 0 where the task ended with this transition, else 1 */
    float *mask;               /* (N+K)*B: 1 for a transition to learn from; 0 in the burn-in, and in rows that hold no transition */
    float *latents;             /* (N+K+1)*B x Z: in force, where recorded latents are learned from; after a last transition still that of it */
    float *drawn;               /* (N+K+1)*B: 1 where that was drawn, 0 where it was held */
    int32_t *episode_step;      /* (N+K+1)*B: t of the row's observation; 0: another episode begins with this row */
    float *state;               /* B x S: recurrent state at the first row */
};

struct bp_replay *bp_replay_new(const struct bp_replay_spec *spec) BP_WARN_UNUSED;
void bp_replay_free(struct bp_replay *replay);

/* Bytes that a replay of this spec will take. */
size_t bp_replay_bytes(const struct bp_replay_spec *spec);

/* A writer's new episode: takes the place of the oldest that is not in progress, nor kept for its rewards. */
void bp_replay_begin(struct bp_replay *replay, int writer, const float *observation);

/* Recurrent state (S) before the next step; only looked at when the next step is a multiple of stride. */
void bp_replay_state(struct bp_replay *replay, int writer, const float *state);

/* The latent (Z) that the next step acts by, and whether it was drawn there. Where Z is not 0: before each step. */
void bp_replay_latent(struct bp_replay *replay, int writer, const float *latent, bool drawn);

/* One step; `observation` is the one after it. ended: the episode is over, of itself (terminated) or by time. */
void bp_replay_step(struct bp_replay *replay, int writer, const float *action, float log_prob, float reward,
                    const float *observation, bool terminated, bool ended);

/*
 * A writer's episode ends without its last step, which led nowhere: the simulation diverged, and what is observed after it is no state that
 * the action leads to. The episode is as if time had run out one step before, and values go on from there.
 */
void bp_replay_cut(struct bp_replay *replay, int writer);

/* Transitions that it holds; all can be drawn. */
int64_t bp_replay_transitions(const struct bp_replay *replay);

/*
 * Fill the batch. A sequence starts anywhere in an episode; after the episode's last transition comes a row without one, for the
 * observation at its end, and then another episode from its start, drawn anew. So each row is drawn uniformly over all rows that the
 * episodes fill, as in an endless stream of them, and hardly any is wasted. With a stride beyond 1, episodes fill whole multiples of
 * it, and K must be a multiple too. The replay must hold a transition.
 * Rewarded sequences, if asked for, are an exception to this as soon as there is a rewarded episode.
 */
void bp_replay_draw(const struct bp_replay *replay, gsl_rng *stream, struct bp_batch *batch);

/* Steps so far of a writer's episode in progress, 0: it has none. */
int bp_replay_length(const struct bp_replay *replay, int writer);

/*
 * Whether what was loaded into the tensors is a replay that appending and drawing can work with: every cursor, length and count, and that the
 * numbers are finite. 0, or -1 after reporting that `where` is damaged.
 */
int bp_replay_check(const struct bp_replay *replay, const char *where) BP_WARN_UNUSED;

/* The whole content as tensors over the replay's own memory, for saving and for loading in place; at most BP_REPLAY_TENSORS; returns how many. */
enum { BP_REPLAY_TENSORS = 10 };
int bp_replay_tensors(struct bp_replay *replay, struct bp_tensor *tensors);

#endif
