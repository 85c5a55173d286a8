/*
 * What algorithms with a critic share in an update: the shard's scene, critics and their targets, Retrace. All variables are on the shard's
 * tape; rows are time-major, as in the batch.
 */
#ifndef BP_LEARN_WORK_H
#define BP_LEARN_WORK_H

#include "learn/learner.h"

/* Draw the shard's batch from a struct bp_replay, and the noise of the policy's draws. */
void bp_work_draw(const struct bp_work *w, const void *from);

/* The first `steps` steps of the shard's sequences, with learning parameters or the target networks'. */
struct bp_scene bp_work_scene(const struct bp_work *w, bool target, int steps);

/* What a critic, or its target, makes of the first `steps` steps before it looks at actions. */
struct bp_var *bp_work_features(const struct bp_work *w, enum bp_role role, bool target, int steps);

/* Q or Q' of features, actions (as they enter the world), and a latent (NULL: flat). */
struct bp_var *bp_work_critic(const struct bp_work *w, enum bp_role role, bool target, struct bp_var *features, struct bp_var *actions,
                              struct bp_var *latent);

/* Features that the target critics share among their values. */
struct bp_target_critics {
    struct bp_var *features[BP_CRITICS];
};
struct bp_target_critics bp_work_target_critics(const struct bp_work *w, int steps);

/*
 * Q'(x, a, z) on rows from `first` on, as many as there are actions. Where there are two critics it is the lower one's: the policy seeks
 * whatever a critic overestimates, and two seldom err upwards alike (clipped double Q-learning). It is so wherever Q' is asked: with the
 * lower value in V^ alone and each critic's own in the differences, Retrace turns a critic's error e into -gamma c e / (1 - gamma c).
 */
struct bp_var *bp_work_target_value(const struct bp_work *w, const struct bp_target_critics *critics, int first, struct bp_var *actions,
                                    struct bp_var *latent);

/* Over the first `rows` rows; 0 without x. weight NULL: ones. */
double bp_work_sum(const struct bp_var *x, const float *weight, int rows);

/*
 * Q^R, K*B numbers of the tape's (BP eq. 11), with traces c = lambda min(1, pi(a|x) / mu(a|x)). log_prob: log pi of the replayed actions;
 * reward: scaled; both of steps 0 ... K-1. value: V^ of steps 1 ... K. q: Q' of the replayed actions of steps 1 ... K-1. *traces grows by
 * the sum of the traces.
 */
float *bp_work_retrace(const struct bp_work *w, const float *log_prob, const float *reward, const float *value, const float *q, double *traces);

/* The shard's sequences that have a reward in a step that counts, as a share of the update's. */
double bp_work_rewarded(const struct bp_work *w);

#endif
