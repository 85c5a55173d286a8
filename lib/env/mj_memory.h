/* The memory of a simulator: MuJoCo's default leaves room for 500 constraints: three megabytes that it clears and few bodies use. */
#ifndef BP_ENV_MJ_MEMORY_H
#define BP_ENV_MJ_MEMORY_H

#include <mujoco/mujoco.h>

/* Lower the model's room for contacts and constraints to what can ever be used, so that data made from it lies close together. */
void bp_mj_memory_fit(mjModel *model);

/* Give the pages of new data that hold nothing but zeros back to the system, until they are written to. */
void bp_mj_memory_release(mjData *data);

#endif
