/* Compiled models in use: environments of the same body compile it once, and each has a copy of its own. May be called by any thread. */
#ifndef BP_ENV_MODEL_CACHE_H
#define BP_ENV_MODEL_CACHE_H

#include <mujoco/mujoco.h>

struct bp_cached_model;

/*
 * A copy of the model that is kept under `key` (which names all that compiling depends on), for mj_deleteModel; NULL when there is
 * none, or no memory. *kept is to be released when the copy is no longer in use: with the last one the model is forgotten, so that
 * a changed file is compiled again.
 */
mjModel *bp_model_cache_copy(const char *key, struct bp_cached_model **kept);

/* Keep a copy of a model that was just compiled. NULL, which may be released, when there is no memory: nothing is kept then. */
struct bp_cached_model *bp_model_cache_keep(const char *key, const mjModel *model);
void bp_model_cache_release(struct bp_cached_model *kept);

#endif
