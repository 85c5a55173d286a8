/*
 * Distributions in the plane (BP appendix B): an action is a point, and the reward is its log density under the distribution that `goal` names,
 * one of four (toy2d) or a fifth that these have not shown (toy2d-new). Episodes have one step.
 */
#ifndef BP_ENV_TOY2D_H
#define BP_ENV_TOY2D_H

#include "env/env.h"

enum { BP_TOY2D_EDGE = 10 };    /* of the square of points that actions span, round the origin */

extern const struct bp_task bp_toy2d, bp_toy2d_new;

#endif
