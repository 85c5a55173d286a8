/*
 * Worlds: a body in a scene, combined when it is loaded, and all operations on them in an episode.
 *
 * Targets are areas on the floor, not objects: they are not part of the model, so that they cost the simulation nothing. To draw
 * them, use state.target.
 */
#ifndef BP_ENV_WORLD_H
#define BP_ENV_WORLD_H

#include "env/body.h"
#include "env/env.h"
#include "env/scene.h"

#include <gsl/gsl_rng.h>
#include <stdint.h>

enum { BP_WORLD_TARGETS = 4, BP_WORLD_BOXES = 2 };

/* What targets look like: red, green, blue. */
extern const float bp_world_colours[BP_WORLD_TARGETS][3];

/* What changes from episode to episode beside the simulation's state. */
struct bp_world_state {
    double target[BP_WORLD_TARGETS][2];
    double gap;                 /* length of the gap, m */
};

struct bp_world {
    const struct bp_world_spec *spec;       /* as it was asked for; with an arena as large as the body's file asks for, its own copy */
    struct bp_world_spec wide;
    char name[BP_BODY_NAME];    /* of the body, as it was asked for */
    struct bp_physics physics;
    struct bp_body body;
    int far;                                /* what lies beyond the gap: its number among the mocap bodies, -1: no corridor */
    int box[BP_WORLD_BOXES];                /* their numbers among the model's bodies */
    int box_qpos[BP_WORLD_BOXES];           /* where x, y and yaw begin in qpos */
    struct bp_world_state state;
};

/* Load a world; spec is borrowed. 0, or -1 after reporting, with nothing to free. */
int bp_world_load(struct bp_world *world, const struct bp_world_spec *spec, const char *body) BP_WARN_UNUSED;
void bp_world_free(struct bp_world *world);

/* ---- starting an episode: reset, any changes of places, settle ---- */

/*
 * Everything at rest, placed and turned at random as the spec says: body, boxes and targets clear of each other, inside the walls.
 * In a corridor the body stands at the origin and looks along x; the gap is to be set.
 */
void bp_world_reset(struct bp_world *world, gsl_rng *stream);

void bp_world_put_body(struct bp_world *world, double x, double y, double yaw);
void bp_world_put_box(struct bp_world *world, int box, double x, double y, double yaw);
void bp_world_set_gap(struct bp_world *world, double length);

/* To be called once after the changes: positions of bodies, frames and observations are valid from here on. */
void bp_world_settle(struct bp_world *world);

/* ---- in an episode ---- */

/* One control step. When it diverged (false), everything is back at its initial place, at rest. */
bool bp_world_step(struct bp_world *world, const float *action);

/* Positions (3 numbers, m) as of now. */
const double *bp_world_root(const struct bp_world *world);
const double *bp_world_box(const struct bp_world *world, int box);

/* Velocity of the root along the world's axes, m/s, as of now: 3 numbers. */
void bp_world_velocity(const struct bp_world *world, double *velocity);

/* In the target's area: |dx| and |dy| at most half its edge, or inside the disc. */
bool bp_world_within(const struct bp_world *world, const double *position, int target);

/* Two boxes touch. */
bool bp_world_boxes_touch(const struct bp_world *world);

/* Where things are, seen from above, as of now: x and y (m) and heading (rad) of the root, x and y of each target, and x, y and heading
 * of each box. */
void bp_world_places(const struct bp_world *world, float *pose, float *target, float *box);

/* ---- what is seen, in the body's egocentric frame (bp_body_frame), m; each returns the address after its numbers ---- */

float *bp_world_see_targets(const struct bp_world *world, float *o);        /* 2 a target: forward and to the left */
float *bp_world_see_boxes(const struct bp_world *world, float *o);          /* 9 a box: its centre, and its x and z axes */

/* ---- the full state, as bytes ---- */

size_t bp_world_state_size(const struct bp_world *world);
void bp_world_save(const struct bp_world *world, void *state);
/* 0, or -1 when the bytes make no sense: the world is then to be reset. */
int bp_world_restore(struct bp_world *world, const void *state) BP_WARN_UNUSED;

#endif
