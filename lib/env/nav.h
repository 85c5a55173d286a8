/*
 * Sequential navigation (BP section 4.2, appendix D.1): visit four targets in the order of a second-order Markov chain.
 * bp-tasks(7) lists what the papers leave open and what was chosen here.
 */
#ifndef BP_ENV_NAV_H
#define BP_ENV_NAV_H

#include "env/env.h"

extern const struct bp_task bp_nav_easy, bp_nav_hard;

#endif
