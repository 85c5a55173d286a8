#include "env/nav.h"

#include "base/markov.h"
#include "env/task.h"

#include <math.h>
#include <string.h>

enum { TARGETS = BP_MARKOV_TARGETS, TIME_LIMIT = 375 };

/* ---- the two tasks, and the bodies' arenas ---- */

/* A task with a body: its arena is as large as the body is. The point mass's file brings walls and floor. */
struct nav {
    struct bp_world_task task;
    const char *body;
    double edge;            /* m */
    bool proprio;           /* the body has more state than its place and velocity: `proprio` comes first in an observation */
    double p;               /* of the likely follower; the hard task's one sequence is the chain's likely path from 0, 1 */
    bool ordered;           /* one sequence 0, 1, 2, 3 and the end, instead of an endless draw */
    const char *cue;        /* the group that shows the place in the sequence */
};

/* What the task remembers beside the goal. */
enum { SOLVED, OLDER, LAST };           /* correct visits so far; the goal before (-1: none); the target visited last (-1: none) */

#define TARGET_RADIUS 0.06  /* in units of the arena's edge, as are the distances below */
static const double target_distance = 0.2, start_distance = 0.12;
static const float visit_reward = 10, sequence_reward = 50;
static const double nothing_below = 105;        /* exp(-105) is 0 in float */

static const struct nav *nav_of(const struct bp_world_env *env)
{
    return (const struct nav *)env->task;
}

/* ---- what is drawn at random ---- */

static double distance(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]);
}

/* Uniform in the arena, wholly inside, clear of each other and of the start. */
static void place_targets(struct bp_world_env *env, gsl_rng *stream)
{
    static const double centre[2] = {0, 0};
    double edge = nav_of(env)->edge, reach = (0.5 - TARGET_RADIUS) * edge;

    for (int i = 0; i < TARGETS; i++) {
        double *at = env->world.state.target[i];
        bool clear;
        do {
            at[0] = reach * (2 * gsl_rng_uniform(stream) - 1);
            at[1] = reach * (2 * gsl_rng_uniform(stream) - 1);
            clear = distance(at, centre) >= start_distance * edge;
            for (int j = 0; clear && j < i; j++)
                clear = distance(at, env->world.state.target[j]) >= target_distance * edge;
        } while (!clear);
    }
}

/* The next goal is a function of the seed and of how many came before. */
static void next_goal(struct bp_world_env *env)
{
    int32_t *memory = env->state.memory;
    double u = gsl_rng_uniform(bp_world_env_draw(env, (uint64_t)memory[SOLVED])), sum = 0;
    int next = 0;

    for (next = 0; next < TARGETS - 1; next++)
        if (u < (sum += bp_markov_probability(memory[OLDER], env->state.goal, next, nav_of(env)->p)))
            break;
    memory[OLDER] = env->state.goal;
    env->state.goal = next;
}

static void begin(struct bp_world_env *env, gsl_rng *stream)
{
    env->state.memory[OLDER] = env->state.memory[LAST] = -1;
    place_targets(env, stream);
    if (nav_of(env)->ordered)
        env->state.goal = 0;
    else
        next_goal(env);
}

/* ---- observation ---- */

static void list(const struct bp_world_env *env, struct bp_groups *groups)
{
    if (nav_of(env)->proprio)
        bp_groups_add(groups, "proprio", bp_body_proprio_size(&env->world.body));
    bp_groups_add(groups, "global", 4);
    bp_groups_add(groups, "targets", 2 * TARGETS);
    bp_groups_add(groups, nav_of(env)->cue, TARGETS);
    bp_groups_add(groups, "touch", TARGETS);
}

static void one_hot(float *dst, int n, int which)
{
    for (int i = 0; i < n; i++)
        dst[i] = i == which;
}

/*
 * Groups in the order of list(). Lengths of all but the first are scaled so that the arena spans [-1, 1]; targets are seen along the body's
 * heading, which for the point mass is the arena's x axis.
 */
static void observe(const struct bp_world_env *env, float *o)
{
    const struct nav *nav = nav_of(env);
    struct bp_frame frame = nav->proprio ? bp_body_frame(&env->world.body, env->world.physics.data) : (struct bp_frame){.cosine = 1};
    const mjtNum *position = env->world.physics.data->qpos, *velocity = env->world.physics.data->qvel;
    double unit = 2 / nav->edge, radius = TARGET_RADIUS * nav->edge;

    if (nav->proprio) {
        bp_body_proprio(&env->world.body, &env->world.physics, o);
        o += bp_body_proprio_size(&env->world.body);
    }
    for (int k = 0; k < 2; k++) {
        o[k] = (float)(unit * position[k]);
        o[2 + k] = (float)(unit * velocity[k]);
    }
    o += 4;
    for (int i = 0; i < TARGETS; i++) {
        double x = env->world.state.target[i][0] - position[0], y = env->world.state.target[i][1] - position[1];
        *o++ = (float)(unit * (frame.cosine * x + frame.sine * y));
        *o++ = (float)(unit * (frame.cosine * y - frame.sine * x));
    }
    one_hot(o, TARGETS, nav->ordered ? env->state.memory[SOLVED] : env->state.goal);
    o += TARGETS;
    for (int i = 0; i < TARGETS; i++) {
        double d = distance(env->world.state.target[i], position) / radius;
        *o++ = d * d > nothing_below ? 0 : (float)exp(-d * d);
    }
}

/* ---- reward ---- */

/* The target in which the body is, unless it was visited last; -1: none. */
static int visited(const struct bp_world_env *env)
{
    for (int i = 0; i < TARGETS; i++)
        if (i != env->state.memory[LAST] && bp_world_within(&env->world, env->world.physics.data->qpos, i))
            return i;
    return -1;
}

static void reward(struct bp_world_env *env, const float *action, struct bp_step *step)
{
    int32_t *memory = env->state.memory;
    int target = visited(env);

    (void)action;
    if (target < 0)
        return;
    step->event = memory[LAST] = target;
    if (target != env->state.goal)
        return;
    memory[SOLVED]++;
    step->reward += visit_reward;
    if (!nav_of(env)->ordered) {
        next_goal(env);
    } else if (memory[SOLVED] == TARGETS) {
        step->reward += sequence_reward;
        step->terminated = true;
    } else {
        env->state.goal = memory[SOLVED];
    }
}

static bool makes_sense(const struct bp_world_env *env)
{
    const int32_t *memory = env->state.memory;

    return memory[SOLVED] >= 0 && memory[SOLVED] <= env->state.step && memory[OLDER] < TARGETS && memory[LAST] < TARGETS;
}

/* ---- the tables ---- */

#define ROW(world_spec, name, edge_of, feels, likely, in_order, shown) \
    {{.world = world_spec, .goals = TARGETS, .time_limit = TIME_LIMIT, .begin = begin, .reward = reward, .list = list, .observe = observe, \
      .makes_sense = makes_sense}, name, edge_of, feels, likely, in_order, shown}
#define POINTMASS {.bare = true, .size = 1, .targets = TARGETS, .target_size = 2 * TARGET_RADIUS, .target_round = true}
#define ANT {.size = 6, .centred = true, .targets = TARGETS, .target_size = 6 * 2 * TARGET_RADIUS, .target_round = true}
#define BODIES(likely, in_order, shown) \
    ROW(POINTMASS, "pointmass", 1, false, likely, in_order, shown), ROW(ANT, "ant", 6, true, likely, in_order, shown)

static const char *const nav_bodies[] = {"pointmass", "ant", NULL};
static const struct nav easy[] = {BODIES(BP_MARKOV_LIKELY, false, "goal")}, hard[] = {BODIES(1.0, true, "progress")};

static struct bp_env *open(const struct bp_task *task, const char *body)
{
    const struct nav *row = task->parameters;
    struct bp_task with_body = *task;

    while (strcmp(row->body, body))
        row++;
    with_body.parameters = &row->task;
    return bp_world_env_open(&with_body, body);
}

const struct bp_task bp_nav_easy = {
    "nav-easy", "visit targets in an endless sequence of a second-order Markov chain, the next one told", nav_bodies, open, easy, BP_CONTINUOUS, false,
};
const struct bp_task bp_nav_hard = {
    "nav-hard", "visit the targets 0, 1, 2, 3 in order, then the episode ends", nav_bodies, open, hard, BP_CONTINUOUS, false,
};
