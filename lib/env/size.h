/* How many contacts and constraints a model can have at most: MuJoCo's default leaves room for more, spread over three megabytes. */
#ifndef BP_ENV_SIZE_H
#define BP_ENV_SIZE_H

#include <mujoco/mujoco.h>

/* Lower the model's room for contacts and constraints to what can ever be used, so that data made from it lies close together. */
void bp_size_fit(mjModel *model);

#endif
