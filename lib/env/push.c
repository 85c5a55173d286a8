#include "env/push.h"

#include "env/task.h"

static const float place_reward = 60, part_reward = 10, both_reward = 50;

/* ---- one box, to the target that is named ---- */

static void begin_place(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, (unsigned long)env->task->goals);
    env->state.memory[0] = -1;              /* target that the box was in last */
}

/* Any target that the box enters is an event; the goal ends the episode. */
static void reward_place(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    int32_t *last = &env->state.memory[0];

    (void)action;
    for (int i = 0; i < env->task->world.targets; i++)
        if (i != *last && bp_world_within(&env->world, bp_world_box(&env->world, 0), i))
            step->event = *last = i;
    if (step->event >= 0 && step->event == env->state.goal) {
        step->reward = place_reward;
        step->terminated = true;
    }
}

/* ---- two boxes, the first to the target that is named, the second to the other ---- */

static void begin_both(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, 2);
}

/* Each box is rewarded once, however often it comes back; the episode ends when both are in at the same time. Event: the box. */
static void reward_both(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    int in = 0;

    (void)action;
    for (int b = 0; b < 2; b++) {
        if (!bp_world_within(&env->world, bp_world_box(&env->world, b), b ? 1 - env->state.goal : env->state.goal))
            continue;
        in++;
        if (env->state.memory[b])
            continue;
        env->state.memory[b] = 1;
        step->event = b;
        step->reward += part_reward;
    }
    if (in == 2) {
        step->reward += both_reward;
        step->terminated = true;
    }
}

/* ---- two boxes, to each other ---- */

static void reward_gather(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    (void)action;
    if (!bp_world_boxes_touch(&env->world))
        return;
    step->event = 0;
    step->reward = place_reward;
    step->terminated = true;
}

/* ---- the rows ---- */

static const char *const any_body[] = {"ant", "ball", "quadruped", NULL}, *const ball[] = {"ball", NULL};

#define LIGHT 2     /* kg; a ball has 6, an ant 7 */
#define HEAVY 10

#define PLACE(targets_, mass) {                                                                             \
    .world = {.size = 3, .for_body = true, .boxes = 1, .box_edge = 0.5, .box_mass = mass, .targets = targets_, .target_size = 0.5},            \
    .groups = "proprio,boxes,targets,goal", .goals = targets_, .time_limit = 400,                           \
    .begin = begin_place, .reward = reward_place,                                                             \
}
static const struct bp_world_task place_1 = PLACE(1, LIGHT), place_1_heavy = PLACE(1, HEAVY), place_3 = PLACE(3, LIGHT);

static const struct bp_world_task both = {
    .world = {.size = 3, .for_body = true, .boxes = 2, .box_edge = 0.5, .box_mass = LIGHT, .targets = 2, .target_size = 0.5},
    .groups = "proprio,boxes,targets,goal",
    .goals = 2,
    .time_limit = 400,
    .begin = begin_both,
    .reward = reward_both,
};

static const struct bp_world_task gather = {
    .world = {.size = 3, .for_body = true, .boxes = 2, .box_edge = 0.5, .box_mass = LIGHT},
    .groups = "proprio,boxes",
    .time_limit = 400,
    .reward = reward_gather,
};

const struct bp_task bp_push_1b1t = {"push-1b1t", "push a box to a target", any_body, bp_world_env_open, &place_1, BP_CONTINUOUS, true};
const struct bp_task bp_push_1b1t_heavy = {
    "push-1b1t-heavy", "push a heavy box to a target", any_body, bp_world_env_open, &place_1_heavy, BP_CONTINUOUS, true,
};
const struct bp_task bp_push_1b3t = {
    "push-1b3t", "push a box to the one of three targets that is named", any_body, bp_world_env_open, &place_3, BP_CONTINUOUS, true,
};
const struct bp_task bp_push_2b2t = {
    "push-2b2t", "push each of two boxes to its target", ball, bp_world_env_open, &both, BP_CONTINUOUS, true,
};
const struct bp_task bp_gather = {"gather", "push two boxes together", ball, bp_world_env_open, &gather, BP_CONTINUOUS, true};
