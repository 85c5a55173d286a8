/*
 * MuJoCo, made safe: handlers installed before anything else (by default errors wait on stdin), warning counters checked after
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
    struct bp_cached_model *kept;     /* what the model is a copy of, see model_cache.h; NULL: nothing */
    int substeps;           /* simulation steps in a control step */
    bool broken;            /* the simulation diverged, or an error left it in the middle of a step */
    mjtNum *raw;            /* positions that the last forward began with, for bp_physics_save */
};

/*
 * Compile the MJCF file `path`; with an `outer` text, that text in its place, read as if it were in the same folder (so that it can
 * include the file by its bare name). A control step lasts as long as <custom><numeric name="control_step"> says (s; 0.05 when absent),
 * in whole simulation steps. A file that is not `trusted` is compiled and tried in a child process first (env/isolate.h).
 * 0, or -1 after reporting, with nothing to free.
 */
int bp_physics_load(struct bp_physics *physics, const char *path, const char *outer, bool trusted) BP_WARN_UNUSED;
void bp_physics_free(struct bp_physics *physics);

/*
 * What was loaded, from the same arguments, as one MJCF text that needs no other file but meshes and pictures; with the real numbers
 * that physics->model has now. To be freed. NULL after reporting.
 */
char *bp_physics_mjcf(const struct bp_physics *physics, const char *path, const char *outer) BP_WARN_UNUSED;

/* Seconds of simulated time in a control step. */
double bp_physics_control_step(const struct bp_physics *physics);

/* Back to the model's initial positions, at rest. To be followed by bp_physics_forward, once everything is in place. */
void bp_physics_reset(struct bp_physics *physics);

/* Compute what follows from positions and velocities (data->xpos, contacts, ...). False if the simulation cannot continue from them. */
bool bp_physics_forward(struct bp_physics *physics);

/*
 * One control step under data->ctrl. After it, everything in data that follows from positions and velocities is that of the new state. False
 * if the simulation diverged, that is, if MuJoCo gave any warning, even of a contact that found no room: the state must then not be used.
 */
bool bp_physics_step(struct bp_physics *physics);

/* The integration state (time, positions, velocities, activations, controls, warm start): bytes, and moving them. */
size_t bp_physics_state_size(const struct bp_physics *physics);
void bp_physics_save(const struct bp_physics *physics, void *state);
/* 0, or -1 when the bytes are no state that can be simulated: the physics are then to be reset. */
int bp_physics_restore(struct bp_physics *physics, const void *state) BP_WARN_UNUSED;

/* MuJoCo's version. */
const char *bp_physics_version(void);

#endif
