/*
 * Bodies: what acts. Shipped ones are MJCF files in share/bodies, a user's own is any MJCF file; the code knows nothing else of either,
 * so both pass the same checks. The conventions, which bp-body(5) describes to users:
 *
 *   root            the one body in the worldbody that has joints; a free joint, or slides along x and y with perhaps a hinge about z
 *   other joints    any hinges, slides and balls below the root
 *   actuators       each one number of an action, from [-1, 1] to its ctrlrange (to itself when there is none)
 *   end effectors   sites whose names begin with "effector"; without any, the frames of the bodies that have no bodies of their own
 *   inertial unit   the site "imu", or else the root's own frame; sensors of the file are not needed and not run
 *   control step    <custom><numeric name="control_step" data="SECONDS"/>, 0.05 when absent (env/physics.h)
 */
#ifndef BP_ENV_BODY_H
#define BP_ENV_BODY_H

#include "env/physics.h"

#include <stddef.h>

/* The shipped bodies; ends with a NULL name. */
struct bp_body_row {
    const char *name, *help;
};
extern const struct bp_body_row bp_bodies[];

enum { BP_EFFECTORS_MAX = 32, BP_ACTUATORS_MAX = 256, BP_PROPRIO_MAX = 2048 };

/* Where the body is in a compiled model: addresses, found once. */
struct bp_body {
    int root;                           /* its number among the model's bodies */
    bool free;                          /* the root has a free joint; otherwise slides along x and y */
    int turn;                           /* without a free joint: address in qpos of the hinge about z, -1: none */
    int qpos, positions;                /* first of the numbers in qpos that belong to other joints than the root's, and how many */
    int qvel, velocities;
    int effectors, effector[BP_EFFECTORS_MAX];      /* sites or bodies */
    bool effector_sites;
    int imu, imu_body;                  /* site, -1: the root's frame; the body that it is on */
    double origin[2];                   /* where the root is in the initial pose, m */
    double height;                      /* of the root above the floor in the initial pose, m */
    double radius;                      /* of the upright cylinder round the root that encloses the initial pose, m */
    mjtNum before[3];                   /* velocity of the inertial unit when it was last marked, along the world's axes */
};

/* Path of a body's file: of a shipped one by its name, of a user's (a name that ends in ".xml") as it is. -1 after reporting. */
int bp_body_path(const char *name, char *path, size_t size) BP_WARN_UNUSED;

/* A name that means a user's file. */
bool bp_body_is_file(const char *name);

/* Whether there is a file of the body: the bodies of a grid are in no simulator. */
bool bp_body_has_file(const char *name);

/*
 * Find the body in a model and check the conventions. `name` is for messages. The physics are forward at the initial pose. -1 after
 * reporting what is missing.
 */
int bp_body_find(struct bp_body *body, const struct bp_physics *physics, const char *name) BP_WARN_UNUSED;

/* The frame in which things are seen: at the root, turned about z by its heading (that of its x axis), never leaning. */
struct bp_frame {
    double at[3], cosine, sine;
};
struct bp_frame bp_body_frame(const struct bp_body *body, const mjData *data);

/* A direction, and a point of the world, in that frame: 3 floats. */
void bp_frame_turn(const struct bp_frame *frame, const double *vector, float *o);
void bp_frame_see(const struct bp_frame *frame, const double *point, float *o);

/* Put the body down in its initial pose at (x, y), its heading turned by yaw (rad), at rest. Before bp_physics_forward. */
void bp_body_place(const struct bp_body *body, struct bp_physics *physics, double x, double y, double yaw);

/* Remember the velocity: the accelerometer of bp_body_proprio averages from here on. */
void bp_body_mark(struct bp_body *body, const struct bp_physics *physics);

/* One control step under an action (one number an actuator, clipped to [-1, 1]). False when it diverged. */
bool bp_body_act(struct bp_physics *physics, const float *action);

/*
 * The group `proprio`, of bp_body_proprio_size floats: height of the root (m); end effectors (m, 3 each, from the root, axes turned by
 * its heading alone, so that they show a lean); joint positions (rad, m) and velocities (10 rad/s, 10 m/s); accelerometer
 * (10 m/s^2, within +-10), gyro (10 rad/s) and velocimeter (m/s) of the inertial unit, in its frame. The units scale what bodies
 * do to about 1. The accelerometer averages since bp_body_mark, over one control step, so that it costs no pass over the bodies.
 */
int bp_body_proprio_size(const struct bp_body *body);
void bp_body_proprio(const struct bp_body *body, const struct bp_physics *physics, float *o);

#endif
