#include "env/walk.h"

#include "env/task.h"

#include <math.h>

/* ---- walk: at a speed, in one of four directions as the body sees them ---- */

static const double walk_speed = 1, walk_tolerance = 0.5;     /* m/s */

static void begin_walk(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.goal = (int32_t)gsl_rng_uniform_int(stream, 4);
}

/* 1 a step at the wanted speed and direction, less by a Gaussian in the difference. Half-way another direction is drawn; event: its number. */
static void reward_walk(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    static const double ahead[4] = {1, -1, 0, 0}, left[4] = {0, 0, 1, -1};
    double v[3];
    float seen[3];
    struct bp_frame frame = bp_body_frame(&env->world.body, env->world.physics.data);

    (void)action;
    bp_world_velocity(&env->world, v);
    bp_frame_turn(&frame, v, seen);
    double x = (double)seen[0] - walk_speed * ahead[env->state.goal], y = (double)seen[1] - walk_speed * left[env->state.goal];
    step->reward = (float)exp(-(x * x + y * y) / (2 * walk_tolerance * walk_tolerance));
    if (env->state.step == env->task->time_limit / 2)
        step->event = env->state.goal = (env->state.goal + 1 + (int32_t)gsl_rng_uniform_int(bp_world_env_draw(env, 0), 3)) % 4;
}

/* ---- follow: a target that moves on when the body has been near for a while ---- */

enum { NEAR_STEPS = 10 };
static const double respawn_edge = 1.5, follow_room = 3.75;     /* targets stay that far inside */

static double into_room(double x)
{
    return fmax(-follow_room, fmin(follow_room, x));
}

/* memory: steps near the target so far, targets so far. Event 0: the target has paid for all its steps, and moved. */
static void reward_follow(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    const double *root = bp_world_root(&env->world);
    double *target = env->world.state.target[0];

    (void)action;
    if (!bp_world_within(&env->world, root, 0))
        return;
    step->reward = 1;
    if (++env->state.memory[0] < NEAR_STEPS)
        return;
    gsl_rng *stream = bp_world_env_draw(env, (uint64_t)env->state.memory[1]++);
    env->state.memory[0] = 0;
    step->event = 0;
    for (int k = 0; k < 2; k++)
        target[k] = into_room(root[k] + respawn_edge * (gsl_rng_uniform(stream) - 0.5));
}

/* ---- gap: along a corridor, over a gap ---- */

static const double gap_least = 0.3, gap_most = 2.5, fallen = -0.5;

static void begin_gap(struct bp_world_env *env, gsl_rng *stream)
{
    bp_world_set_gap(&env->world, gap_least + (gap_most - gap_least) * gsl_rng_uniform(stream));
}

/* The velocity along the corridor, m/s. Event 0: the body is over; 1: it fell, which ends the episode. */
static void reward_gap(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    const double *root = bp_world_root(&env->world);
    double v[3];

    (void)action;
    bp_world_velocity(&env->world, v);
    step->reward = (float)v[0];
    if (root[2] < fallen) {
        step->event = 1;
        step->terminated = true;
    } else if (root[0] > bp_scene_gap_start + env->world.state.gap && !env->state.memory[0]) {
        env->state.memory[0] = 1;
        step->event = 0;
    }
}

/* ---- the rows ---- */

static const char *const legged[] = {"humanoid", "humanoid23", "ant", "quadruped", NULL}, *const humanoids[] = {"humanoid", "humanoid23", NULL},
                  *const ant[] = {"ant", NULL};

static const struct bp_world_task walk = {
    .world = {.centred = true}, .groups = "proprio,goal", .goals = 4, .time_limit = 400, .begin = begin_walk, .reward = reward_walk,
};
static const struct bp_world_task follow = {
    .world = {.size = 8, .centred = true, .targets = 1, .target_size = 2, .target_round = true},
    .groups = "proprio,targets",
    .time_limit = 400,
    .reward = reward_follow,
};
static const struct bp_world_task gap = {
    .world = {.corridor = 4, .centred = true}, .groups = "proprio,global,gap", .time_limit = 400, .begin = begin_gap, .reward = reward_gap,
};

const struct bp_task bp_walk = {
    "walk", "walk at a steady speed forward, backward, left or right, as is named", legged, bp_world_env_open, &walk, BP_CONTINUOUS, true,
};
const struct bp_task bp_follow = {
    "follow", "stay near a target that moves on whenever it was reached", humanoids, bp_world_env_open, &follow, BP_CONTINUOUS, true,
};
const struct bp_task bp_gap = {
    "gap", "run along a corridor and leap a gap", ant, bp_world_env_open, &gap, BP_CONTINUOUS, true,
};
