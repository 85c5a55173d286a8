#include "env/combined.h"

#include "env/task.h"

static const float part_reward = 10, both_reward = 50, one_reward = 60;

enum { TARGETS = 2 };
enum part { GO, PUSH };         /* these number the events, too */

static bool done(const struct bp_world_env *env, enum part part, int target)
{
    return bp_world_within(&env->world, part == GO ? bp_world_root(&env->world) : bp_world_box(&env->world, 0), target);
}

/* ---- and: the body to the target that is named, the box to the other ---- */

static void begin_and(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, TARGETS);
}

/* Each part is rewarded once; the episode ends when both are done at the same time. */
static void reward_and(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    int so = 0;

    (void)action;
    for (enum part part = GO; part <= PUSH; part++) {
        if (!done(env, part, part == GO ? env->state.goal : 1 - env->state.goal))
            continue;
        so++;
        if (env->state.memory[part])
            continue;
        env->state.memory[part] = 1;
        step->event = (int32_t)part;
        step->reward += part_reward;
    }
    if (so == 2) {
        step->reward += both_reward;
        step->terminated = true;
    }
}

/* ---- or: `goal` names one of four, to go to target 0 or 1, or to push the box there ---- */

static void begin_or(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, 2 * TARGETS);
}

static void reward_or(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    enum part part = env->state.goal < TARGETS ? GO : PUSH;

    (void)action;
    if (!done(env, part, env->state.goal % TARGETS))
        return;
    step->event = (int32_t)part;
    step->reward = one_reward;
    step->terminated = true;
}

/* ---- the rows ---- */

#define ROW(goals_, begin_, reward_) {                                                                       \
    .world = {.size = 3, .for_body = true, .boxes = 1, .box_edge = 0.5, .box_mass = 2, .targets = TARGETS, .target_size = 0.5},                \
    .groups = "proprio,boxes,targets,goal", .goals = goals_, .time_limit = 400, .begin = begin_, .reward = reward_, \
}
static const struct bp_world_task and_row = ROW(TARGETS, begin_and, reward_and), or_row = ROW(2 * TARGETS, begin_or, reward_or);
static const char *const bodies[] = {"ant", NULL};

const struct bp_task bp_goto_and_push = {
    "goto-and-push", "go to the target that is named, and push the box to the other", bodies, bp_world_env_open, &and_row, BP_CONTINUOUS, true,
};
const struct bp_task bp_goto_or_push = {
    "goto-or-push", "go to a target or push the box to it, as is named", bodies, bp_world_env_open, &or_row, BP_CONTINUOUS, true,
};
