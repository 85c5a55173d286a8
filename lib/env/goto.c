#include "env/goto.h"

#include "env/task.h"

static const float reach_reward = 60;

static void begin(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, (unsigned long)env->task->goals);
    env->state.memory[0] = -1;              /* target visited last */
}

/* Any target that is entered is an event, as in sequential navigation; the goal ends the episode. */
static void reward(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    int32_t *last = &env->state.memory[0];

    (void)action;
    for (int i = 0; i < env->task->world.targets; i++)
        if (i != *last && bp_world_within(&env->world, bp_world_root(&env->world), i))
            step->event = *last = i;
    if (step->event >= 0 && step->event == env->state.goal) {
        step->reward = reach_reward;
        step->terminated = true;
    }
}

static const char *const bodies[] = {"ant", "ball", "quadruped", NULL};
static const struct bp_world_task row = {
    .world = {.size = 8, .targets = 3, .target_size = 0.5},
    .groups = "proprio,targets,goal",
    .goals = 3,
    .time_limit = 400,
    .begin = begin,
    .reward = reward,
};

const struct bp_task bp_goto = {
    "goto", "go to the one of three targets that is named", bodies, bp_world_env_open, &row, BP_CONTINUOUS, true,
};
