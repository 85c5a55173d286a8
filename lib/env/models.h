/* Compiled models in use: environments of the same body compile it once, and each has a copy of its own. May be called by any thread. */
#ifndef BP_ENV_MODELS_H
#define BP_ENV_MODELS_H

#include <mujoco/mujoco.h>

struct bp_model_kept;

/*
 * A copy of the model that is kept under `key` (which tells all that compiling depends on), for mj_deleteModel; NULL when there is
 * none, or no memory. *kept is to be released when the copy is no longer in use: with the last one the model is forgotten, so that
 * a changed file is compiled again.
 */
mjModel *bp_models_copy(const char *key, struct bp_model_kept **kept);

/* Keep a copy of a model that was just compiled. NULL, which may be released, when there is no memory: nothing is kept then. */
struct bp_model_kept *bp_models_keep(const char *key, const mjModel *model);
void bp_models_release(struct bp_model_kept *kept);

#endif
