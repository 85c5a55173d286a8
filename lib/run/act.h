/* Acting: one inference for a fixed number of environments ("lanes"), with what the networks and behaviours carry along from step to step. */
#ifndef BP_RUN_ACT_H
#define BP_RUN_ACT_H

#include "model/agent.h"

#include <gsl/gsl_rng.h>

/* Parameters of the networks in use, by role; NULL: not available. Borrowed. */
struct bp_params {
    const float *of[BP_ROLES];
};

/* Products must keep their shape when lanes have no episode left, or the last bits would change: such lanes are computed and ignored. */
struct bp_acting {
    const struct bp_agent *agent;   /* borrowed */
    int lanes;
    struct bp_tape tape;
    int noise_size;                 /* numbers that a lane's draws take: those of the latent, then of the action */
    float *noise;                   /* lanes x noise_size */
    float *state[BP_ROLES];         /* lanes x the network's state size */
    float *latent;                  /* lanes x Z: in force; of a prior's choices beside a flat policy, how likely each is */
    int32_t *step;                  /* lanes: steps since the episode's start */
    float *actions;                 /* lanes x A, the result */
    float *log_prob, *kl_prior;     /* lanes, the result */
    float *drawn;                   /* lanes: 1 where the latent was drawn, 0 where it was held */
    float *kl_prior_high;           /* lanes: of kl_prior, that of the latent */
    float *latent_log_prob;         /* lanes: log density of the latent where it was drawn, else 0; only beside a posterior, else 0 */
};

int bp_acting_init(struct bp_acting *acting, const struct bp_agent *agent, int lanes) BP_WARN_UNUSED;
void bp_acting_free(struct bp_acting *acting);

/* Forget what is remembered of a lane: before an episode. */
void bp_acting_forget(struct bp_acting *acting, int lane);

/*
 * Act once: from observations (lanes x O) to actions (sampled with acting->noise, set by the caller; zeros for the mean) with their
 * log_prob given the latent, as `role` (policy or prior). kl_prior, KL(policy || prior), and the latent's share in it are computed when
 * with_kl and both are at hand. The recurrent states of the networks in `remember` advance: bit 1 << role.
 */
void bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
            unsigned remember);

/* What a lane carries along, as one row of bp_agent_state_size floats, for replay; and back, `step` steps after the episode's start. */
void bp_acting_state_row(const struct bp_acting *acting, int lane, float *row);
void bp_acting_set_state_row(struct bp_acting *acting, int lane, const float *row, int64_t step);

#endif
