/* What can be played: the tasks, their bodies, and the observation groups of each. */
#ifndef BP_RUN_LIST_H
#define BP_RUN_LIST_H

#include "base/error.h"

#include <stdio.h>

/* A line for each task and body: numbers of an action, control step, time limit, groups with their sizes. -1 after reporting. */
int bp_list(FILE *out) BP_WARN_UNUSED;

#endif
