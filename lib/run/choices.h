/* What the names mean that options take, and those of metrics: the tables of which they are rows, a line each. */
#ifndef BP_RUN_CHOICES_H
#define BP_RUN_CHOICES_H

#include "base/error.h"

#include <stdio.h>

/* 0, or -1 after reporting that it cannot be written. */
int bp_choices_list(FILE *out) BP_WARN_UNUSED;

#endif
