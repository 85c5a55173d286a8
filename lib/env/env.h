/*
 * The environment interface. Continuous tasks in MuJoCo, discrete grids and users' plug-ins all have the same table of
 * functions; buffers belong to the caller.
 */
#ifndef BP_ENV_ENV_H
#define BP_ENV_ENV_H

#include "base/group.h"
#include "base/share.h"
#include "base/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_env;
struct bp_world;

/* What an environment is, fixed while it is open. */
struct bp_env_spec {
    struct bp_groups groups;    /* of an observation row */
    struct bp_space action;     /* A numbers, each clipped to [-1, 1] where it enters, or A choices */
    int time_limit;             /* control steps after which an episode is truncated */
    double control_step;        /* s */
    size_t state_size;          /* bytes that save writes */
    const char *task;
    char body[BP_BODY_NAME];    /* name of a shipped one, or path of a user's file */
};

/* Result of a step. */
struct bp_step {
    float reward;
    int32_t event;              /* what happened, by the task's numbering (nav: index of the target entered); -1: nothing */
    bool terminated;            /* the task ended: nothing comes after */
    bool truncated;             /* time ran out: the value continues */
    bool diverged;              /* the simulator warned: truncated is set; the step led nowhere, and the body is observed at rest */
};

/* One kind of task: a row of bp_tasks. */
struct bp_task {
    const char *name, *help;
    const char *const *bodies;                      /* that it takes; the first is the default; ends with NULL */
    struct bp_env *(*open)(const struct bp_task *task, const char *body);
    const void *parameters;                         /* the task's own */
    enum bp_space_kind actions;                     /* what an action is, on each of its bodies */
    bool own_bodies;                                /* it takes a user's MJCF file too: a name that ends in ".xml" */
};
extern const struct bp_task *const bp_tasks[];      /* ends with NULL */

/* What an environment looks like from above, fixed while it is open; lengths in m. */
struct bp_view {
    int targets, boxes;
    double edge;                /* of the square arena round the origin; 0: an open plane, or a corridor */
    double corridor;            /* width of the corridor along x; 0: none */
    double target_size;         /* edge of the targets' squares, or diameter of their discs */
    bool target_round;
};

/* The first member of every environment; the functions are those of its kind. */
struct bp_env {
    struct bp_env_spec spec;
    struct bp_view view;
    void (*reset)(struct bp_env *env, uint64_t seed, float *observation);
    void (*step)(struct bp_env *env, const float *action, float *observation, struct bp_step *step);
    void (*save)(const struct bp_env *env, void *state);
    int (*restore)(struct bp_env *env, const void *state);
    /* Pose (x, y, heading) of the body, x and y of each target, pose of each box, where the floor of the corridor is missing; NULL: none is seen. */
    void (*look)(const struct bp_env *env, float *pose, float *target, float *box, double gap[2]);
    void (*close)(struct bp_env *env);
    const struct bp_world *world;                   /* what there is to draw (env/world.h); NULL when there is nothing */
};

/* Name of the i-th task, NULL after the last: choices for an option. */
const char *bp_task_name(int i);
const struct bp_task *bp_task_find(const char *name);

/* Open a task on a body (NULL: the task's default). NULL after reporting. */
struct bp_env *bp_env_open(const char *task, const char *body) BP_WARN_UNUSED;
void bp_env_close(struct bp_env *env);

/* Start an episode; a function of the seed alone. observation: groups.size floats. */
static inline void bp_env_reset(struct bp_env *env, uint64_t seed, float *observation)
{
    env->reset(env, seed, observation);
}

/* One control step. No allocation. Not to be called after the end of an episode. */
static inline void bp_env_step(struct bp_env *env, const float *action, float *observation, struct bp_step *step)
{
    env->step(env, action, observation, step);
}

/*
 * The full state (spec.state_size bytes): a restored environment goes on to the same bytes. What a file says is not to be trusted: restoring
 * returns the control steps of the episode so far, or -1 when the bytes are no state of this environment, which is then to be reset.
 */
static inline void bp_env_save(const struct bp_env *env, void *state)
{
    env->save(env, state);
}

static inline int BP_WARN_UNUSED bp_env_restore(struct bp_env *env, const void *state)
{
    return env->restore(env, state);
}

#endif
