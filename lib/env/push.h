/* Manipulation: boxes to targets, or to each other (BP D.1, EH E.2.1). */
#ifndef BP_ENV_PUSH_H
#define BP_ENV_PUSH_H

#include "env/env.h"

extern const struct bp_task bp_push_1b1t, bp_push_1b1t_heavy, bp_push_1b3t, bp_push_2b2t, bp_gather;

#endif
