/*
 * Models that come from a user's file. MuJoCo crashes or hangs on some files, and allocates what they ask for; so they are compiled
 * and tried in a child process with limits of memory and time, and the parent takes only the compiled bytes.
 */
#ifndef BP_ENV_ISOLATE_H
#define BP_ENV_ISOLATE_H

#include <mujoco/mujoco.h>

/* What the child does first: compile to a model, or NULL with a reason (`size` bytes). */
typedef mjModel *bp_compile(const char *path, const char *outer, char *reason, int size);

/*
 * Run `compile` in a child, then the model's first steps; hand over the model, to be freed with mj_deleteModel. NULL with a reason that
 * completes "cannot load the body: ", when the file does not compile, or makes MuJoCo crash, or takes too long or too much.
 */
mjModel *bp_isolate(bp_compile *compile, const char *path, const char *outer, char *reason, int size);

#endif
