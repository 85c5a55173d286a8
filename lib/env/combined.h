/* Locomotion and manipulation in one: go to a target and push the box to the other, or one of both (BP D.1, EH E.2.1). */
#ifndef BP_ENV_COMBINED_H
#define BP_ENV_COMBINED_H

#include "env/env.h"

extern const struct bp_task bp_goto_and_push, bp_goto_or_push;

#endif
