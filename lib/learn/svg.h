/* SVG(0) with experience replay, Retrace and a learned behaviour prior (BP algorithm 1), learned from a struct bp_replay. */
#ifndef BP_LEARN_SVG_H
#define BP_LEARN_SVG_H

#include "learn/algorithm.h"

/* Its metrics, in their order. */
enum {
    BP_SVG_CRITIC_LOSS,
    BP_SVG_POLICY_LOSS,
    BP_SVG_PRIOR_LOSS,
    BP_SVG_KL_PRIOR,
    BP_SVG_KL_PRIOR_HIGH,
    BP_SVG_ENTROPY,
    BP_SVG_Q,
    BP_SVG_TRACE,
    BP_SVG_REWARDED,
    BP_SVG_TARGET,
    BP_SVG_TARGET_SQUARE,
    BP_SVG_SCALE,
    BP_SVG_CAPPED,
    BP_SVG_CLIPPED,
};

extern const struct bp_algorithm bp_svg;

#endif
