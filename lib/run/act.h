/* Acting: one inference for a fixed number of environments ("lanes"), with the networks' recurrent states carried along. */
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
    float *noise;                   /* lanes x A */
    float *state[BP_ROLES];         /* lanes x the network's state size */
    float *actions;                 /* lanes x A, the result */
    float *log_prob, *kl_prior;     /* lanes, the result */
};

int bp_acting_init(struct bp_acting *acting, const struct bp_agent *agent, int lanes) BP_WARN_UNUSED;
void bp_acting_free(struct bp_acting *acting);

/* Clear the networks' recurrent states of a lane, before an episode. */
void bp_acting_forget(struct bp_acting *acting, int lane);

/*
 * Act once: from observations (lanes x O) to actions (sampled as mean + scale * noise; acting->noise set by the caller, zeros for the
 * mean) with log_prob, as `role` (policy or prior). kl_prior, KL(policy || prior), is computed if with_kl and both are available. The
 * recurrent states of the networks in `remember` advance: bit 1 << role.
 */
void bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
            unsigned remember);

/* The states of all networks as one row of a lane, policy, prior, critic, for replay. */
void bp_acting_state_row(const struct bp_acting *acting, int lane, float *row);
void bp_acting_set_state_row(struct bp_acting *acting, int lane, const float *row);

#endif
