/*
 * Tasks in a world: a const row and two functions of its own, over what all of them share (opening, placing, observing, the time
 * limit, divergence, the state as bytes). A task is then
 *
 *     static const struct bp_world_task row = {.world = {...}, .groups = "proprio,targets,goal", ..., .begin = begin, .reward = reward};
 *     const struct bp_task bp_goto = {"goto", "...", bodies, bp_world_env_open, &row, false, true};
 */
#ifndef BP_ENV_TASK_H
#define BP_ENV_TASK_H

#include "env/env.h"
#include "env/world.h"

struct bp_world_env;
struct bp_world_group;

struct bp_world_task {
    struct bp_world_spec world;
    const char *groups;         /* of an observation, in this order: names of the rows of groups[] in task.c; NULL: the task's own, below */
    int goals;                  /* width of `goal` */
    int time_limit;             /* control steps */

    /* After the random placement: draw the goal and other variables of the task, move things. Positions of bodies are not known yet. NULL:
     * nothing to do. */
    void (*begin)(struct bp_world_env *env, gsl_rng *stream);

    /* After a control step: reward, event, terminated. The step is zero with event -1, truncation is set by the caller. */
    void (*reward)(struct bp_world_env *env, const float *action, struct bp_step *step);

    /* Where the groups are the task's own: lists them, and writes their numbers. */
    void (*list)(const struct bp_world_env *env, struct bp_groups *groups);
    void (*observe)(const struct bp_world_env *env, float *o);

    /* Can goal and memory, read from a file, be this task's? NULL: whatever lies within the episode's steps. */
    bool (*makes_sense)(const struct bp_world_env *env);
};

struct bp_world_env {
    struct bp_env env;
    const struct bp_world_task *task;
    struct bp_world world;
    const struct bp_world_group *group[BP_GROUP_MAX];       /* how each group of an observation is written */
    gsl_rng *stream;
    struct bp_world_env_state {         /* part of the saved state */
        uint64_t seed;
        int32_t step;                   /* control steps of the episode so far; the current one included when it is rewarded */
        int32_t goal;                   /* what `goal` names; -1: nothing */
        int32_t memory[4];              /* the task's own; 0 at the start */
    } state;
};

/* The open function of a row of bp_tasks whose parameters are a struct bp_world_task. */
struct bp_env *bp_world_env_open(const struct bp_task *task, const char *body);

/* A random stream for the function `reward`: a function of the episode's seed and of `which`, so that no stream need be saved. */
gsl_rng *bp_world_env_draw(struct bp_world_env *env, uint64_t which);

#endif
