/* The start of an episode for MuJoCo's own viewer. */
#ifndef BP_RUN_EXPORT_MJCF_H
#define BP_RUN_EXPORT_MJCF_H

#include "base/error.h"

#include <stdint.h>

/* Write the world in which a rollout's first episode of that seed begins as an MJCF file; "-" is stdout. -1 after reporting. */
int bp_export_mjcf(const char *task, const char *body, uint64_t seed, const char *path) BP_WARN_UNUSED;

#endif
