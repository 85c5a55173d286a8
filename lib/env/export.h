/* Environments for other programs: as a file that MuJoCo's own viewer opens. */
#ifndef BP_ENV_EXPORT_H
#define BP_ENV_EXPORT_H

#include "env/env.h"

/*
 * The world as it is now, as one MJCF text: body, place and objects; targets as sites, "world/target0" and so on; first among the key
 * frames the state, "world/start". Meshes and textures of a user's body stay in their files. To be freed. NULL after reporting.
 */
char *bp_env_mjcf(const struct bp_env *env) BP_WARN_UNUSED;

#endif
