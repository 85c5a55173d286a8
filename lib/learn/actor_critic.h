/* An actor-critic with V-trace, a latent and a learned behaviour prior (EH appendix B.3), learned from a struct bp_replay. */
#ifndef BP_LEARN_ACTOR_CRITIC_H
#define BP_LEARN_ACTOR_CRITIC_H

#include "learn/algorithm.h"

/* Its metrics, in their order. */
enum {
    BP_ACTOR_CRITIC_CRITIC_LOSS,
    BP_ACTOR_CRITIC_POLICY_LOSS,
    BP_ACTOR_CRITIC_PRIOR_LOSS,
    BP_ACTOR_CRITIC_KL_PRIOR,
    BP_ACTOR_CRITIC_KL_PRIOR_HIGH,
    BP_ACTOR_CRITIC_ENTROPY,
    BP_ACTOR_CRITIC_VALUE,
    BP_ACTOR_CRITIC_TRACE,
};

extern const struct bp_algorithm bp_actor_critic;

#endif
