/*
 * Go to a goal in a grid of 8 x 8 cells, with a body of n = 1 ... 8 steps (EH appendix E.1). A choice, up, down, left or right, moves the
 * body's internal coordinate, which is within [-n + 1, n - 1] on both axes; where that would leave this range it is 0 again, and the body
 * goes to the next cell. So n choices of one direction make a step. Against a wall the body stays where it is, its internal coordinate 0.
 */
#ifndef BP_ENV_GRID_H
#define BP_ENV_GRID_H

#include "env/env.h"

enum { BP_GRID_EDGE = 8, BP_GRID_DIRECTIONS = 4 };

/* What happens in a step: struct bp_step's event. */
enum { BP_GRID_GOAL, BP_GRID_WALL };

extern const struct bp_task bp_grid;

#endif
