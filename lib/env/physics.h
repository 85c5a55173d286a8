/*
 * MuJoCo, made safe: handlers installed before anything else (by default errors wait on stdin), warning counters looked at after
 * every step (by default a diverged simulation is silently reset), the full integration state as bytes.
 */
#ifndef BP_ENV_PHYSICS_H
#define BP_ENV_PHYSICS_H

#include "base/error.h"

#include <mujoco/mujoco.h>
#include <stdbool.h>

struct bp_physics {
    mjModel *model;
    mjData *data;
    int substeps;           /* simulation steps in a control step */
};

/* Load share/bodies/BODY.xml, with control steps of `control_step` seconds. 0, or -1 after reporting. */
int bp_physics_load(struct bp_physics *physics, const char *body, double control_step) BP_WARN_UNUSED;
void bp_physics_free(struct bp_physics *physics);

/* Back to the model's initial state, with derived quantities at zero velocity. */
void bp_physics_reset(struct bp_physics *physics);

/* One control step under data->ctrl. False when the simulation diverged: the state is then not to be used. */
bool bp_physics_step(struct bp_physics *physics);

/* The integration state (time, positions, velocities, activations, controls, warm start): bytes, and moving them. */
size_t bp_physics_state_size(const struct bp_physics *physics);
void bp_physics_save(const struct bp_physics *physics, void *state);
void bp_physics_restore(struct bp_physics *physics, const void *state);

#endif
