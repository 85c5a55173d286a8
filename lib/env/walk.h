/* Locomotion with dense rewards or moving targets: walk a direction, follow a target (BP D.1, EH 6.4), run and leap a gap (EH E.2.1). */
#ifndef BP_ENV_WALK_H
#define BP_ENV_WALK_H

#include "env/env.h"

extern const struct bp_task bp_walk, bp_follow, bp_gap;

#endif
