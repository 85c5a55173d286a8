#include "env/nav.h"

#include "base/markov.h"
#include "base/random.h"
#include "env/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TARGETS = BP_MARKOV_TARGETS };

/* ---- the two tasks, and the bodies' arenas ---- */

struct nav_parameters {
    double p;               /* of the likely follower; the hard task's one sequence is the chain's likely path from 0, 1 */
    bool ordered;           /* one sequence 0, 1, 2, 3 and the end, instead of an endless draw */
    const char *cue;        /* the group that shows the place in the sequence */
};

/* The arena of a body: as large as the body is. The point mass's file brings walls and floor. */
struct arena {
    const char *body;
    double edge;            /* m */
    bool proprio;           /* the body has more state than its place and velocity: `proprio` comes first in an observation */
    struct bp_world_spec world;
};

#define TARGET_RADIUS 0.06  /* in units of the arena's edge, as are the distances below */
static const struct arena arenas[] = {
    {"pointmass", 1, false, {.bare = true, .size = 1, .targets = TARGETS, .target_size = 2 * TARGET_RADIUS, .target_round = true}},
    {"ant", 3, true, {.size = 3, .centred = true, .targets = TARGETS, .target_size = 3 * 2 * TARGET_RADIUS, .target_round = true}},
};

static const double target_distance = 0.2, start_distance = 0.12;
static const float visit_reward = 10, sequence_reward = 50;
static const int time_limit = 375;
static const double nothing_below = 105;        /* exp(-105) is 0 in float */

struct nav_state {
    uint64_t seed;
    int32_t step;
    int32_t solved;         /* correct visits so far */
    int32_t older, goal;    /* the goal, and the goal before it (-1: none) */
    int32_t last;           /* target visited last, -1: none */
    int32_t unused;         /* 0: what would be padding goes to files, in the saved state */
};

struct nav {
    struct bp_env env;
    const struct nav_parameters *parameters;
    const struct arena *arena;
    struct bp_world world;
    gsl_rng *stream;
    struct nav_state state;
};

/* ---- what is drawn at random ---- */

static double distance(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]);
}

/* Uniform in the arena, wholly inside, clear of each other and of the start. */
static void place_targets(struct nav *nav)
{
    static const double centre[2] = {0, 0};
    double edge = nav->arena->edge, reach = (0.5 - TARGET_RADIUS) * edge;

    for (int i = 0; i < TARGETS; i++) {
        double *at = nav->world.state.target[i];
        bool clear;
        do {
            at[0] = reach * (2 * gsl_rng_uniform(nav->stream) - 1);
            at[1] = reach * (2 * gsl_rng_uniform(nav->stream) - 1);
            clear = distance(at, centre) >= start_distance * edge;
            for (int j = 0; clear && j < i; j++)
                clear = distance(at, nav->world.state.target[j]) >= target_distance * edge;
        } while (!clear);
    }
}

/* The next goal is a function of the seed and of how many came before, so that no stream need be saved. */
static void next_goal(struct nav *nav)
{
    struct nav_state *s = &nav->state;
    double u, sum = 0;
    int next = 0;

    bp_random_seek(nav->stream, s->seed, BP_FOR_RESET, 1, (uint64_t)s->solved);
    u = gsl_rng_uniform(nav->stream);
    for (next = 0; next < TARGETS - 1; next++)
        if (u < (sum += bp_markov_probability(s->older, s->goal, next, nav->parameters->p)))
            break;
    s->older = s->goal;
    s->goal = next;
}

/* ---- observation ---- */

static void one_hot(float *dst, int n, int which)
{
    for (int i = 0; i < n; i++)
        dst[i] = i == which;
}

/*
 * Groups in the order of open(): proprio, global, targets, goal or progress, touch. Lengths of all but the first are scaled so that the
 * arena spans [-1, 1]; targets are seen along the body's heading, which for the point mass is the arena's x axis.
 */
static void observe(const struct nav *nav, float *o)
{
    struct bp_frame frame = nav->arena->proprio ? bp_body_frame(&nav->world.body, nav->world.physics.data) : (struct bp_frame){.cosine = 1};
    const mjtNum *position = nav->world.physics.data->qpos, *velocity = nav->world.physics.data->qvel;
    const struct nav_state *s = &nav->state;
    double unit = 2 / nav->arena->edge, radius = TARGET_RADIUS * nav->arena->edge;

    if (nav->arena->proprio) {
        bp_body_proprio(&nav->world.body, &nav->world.physics, o);
        o += bp_body_proprio_size(&nav->world.body);
    }
    for (int k = 0; k < 2; k++) {
        o[k] = (float)(unit * position[k]);
        o[2 + k] = (float)(unit * velocity[k]);
    }
    o += 4;
    for (int i = 0; i < TARGETS; i++) {
        double x = nav->world.state.target[i][0] - position[0], y = nav->world.state.target[i][1] - position[1];
        *o++ = (float)(unit * (frame.cosine * x + frame.sine * y));
        *o++ = (float)(unit * (frame.cosine * y - frame.sine * x));
    }
    one_hot(o, TARGETS, nav->parameters->ordered ? s->solved : s->goal);
    o += TARGETS;
    for (int i = 0; i < TARGETS; i++) {
        double d = distance(nav->world.state.target[i], position) / radius;
        *o++ = d * d > nothing_below ? 0 : (float)exp(-d * d);
    }
}

/* ---- the interface ---- */

static void nav_reset(struct bp_env *env, uint64_t seed, float *observation)
{
    struct nav *nav = (struct nav *)env;

    nav->state = (struct nav_state){.seed = seed, .older = -1, .goal = -1, .last = -1};
    bp_random_seek(nav->stream, seed, BP_FOR_RESET, 0, 0);
    bp_world_reset(&nav->world, nav->stream);
    bp_world_settle(&nav->world);
    place_targets(nav);
    if (nav->parameters->ordered)
        nav->state.goal = 0;
    else
        next_goal(nav);
    observe(nav, observation);
}

/* The target in which the body is, unless it was visited last; -1: none. */
static int visited(const struct nav *nav)
{
    for (int i = 0; i < TARGETS; i++)
        if (i != nav->state.last && bp_world_within(&nav->world, nav->world.physics.data->qpos, i))
            return i;
    return -1;
}

static void visit(struct nav *nav, int target, struct bp_step *step)
{
    struct nav_state *s = &nav->state;

    s->last = target;
    if (target != s->goal)
        return;
    s->solved++;
    step->reward += visit_reward;
    if (!nav->parameters->ordered) {
        next_goal(nav);
    } else if (s->solved == TARGETS) {
        step->reward += sequence_reward;
        step->terminated = true;
    } else {
        s->goal = s->solved;
    }
}

static void nav_step(struct bp_env *env, const float *action, float *observation, struct bp_step *step)
{
    struct nav *nav = (struct nav *)env;
    int target;

    *step = (struct bp_step){.event = -1};
    nav->state.step++;
    if (nav->arena->proprio)
        bp_body_mark(&nav->world.body, &nav->world.physics);
    if (!bp_world_step(&nav->world, action)) {
        step->diverged = step->truncated = true;
    } else if ((target = visited(nav)) >= 0) {
        step->event = target;
        visit(nav, target, step);
    }
    if (nav->state.step == time_limit && !step->terminated)
        step->truncated = true;
    observe(nav, observation);
}

static void nav_save(const struct bp_env *env, void *state)
{
    const struct nav *nav = (const struct nav *)env;

    memcpy(state, &nav->state, sizeof nav->state);
    bp_world_save(&nav->world, (char *)state + sizeof nav->state);
}

static bool is_target(int32_t target)
{
    return target >= -1 && target < TARGETS;
}

static int nav_restore(struct bp_env *env, const void *state)
{
    struct nav *nav = (struct nav *)env;
    const struct nav_state *s = &nav->state;

    memcpy(&nav->state, state, sizeof nav->state);
    if (s->step < 0 || s->step > time_limit || s->solved < 0 || s->solved > s->step || !is_target(s->older) || !is_target(s->goal) ||
        !is_target(s->last) || s->unused || bp_world_restore(&nav->world, (const char *)state + sizeof nav->state))
        return -1;
    return s->step;
}

static void nav_close(struct bp_env *env)
{
    struct nav *nav = (struct nav *)env;

    bp_world_free(&nav->world);
    gsl_rng_free(nav->stream);
    free(nav);
}

static struct bp_env *nav_open(const struct bp_task *task, const char *body)
{
    struct nav *nav = calloc(1, sizeof *nav);
    struct bp_env_spec *spec;

    if (!nav || !(nav->stream = bp_random_new())) {
        free(nav);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    nav->parameters = task->parameters;
    nav->arena = &arenas[0];
    while (strcmp(nav->arena->body, body))
        nav->arena++;
    nav->env = (struct bp_env){.reset = nav_reset, .step = nav_step, .save = nav_save, .restore = nav_restore, .close = nav_close, .world = &nav->world};
    if (bp_world_load(&nav->world, &nav->arena->world, body)) {
        nav_close(&nav->env);
        return NULL;
    }
    spec = &nav->env.spec;
    spec->task = task->name;
    strcpy(spec->body, body);
    spec->action_size = nav->world.physics.model->nu;
    spec->control_step = bp_physics_control_step(&nav->world.physics);
    spec->time_limit = time_limit;
    spec->state_size = sizeof nav->state + bp_world_state_size(&nav->world);
    if (nav->arena->proprio)
        bp_groups_add(&spec->groups, "proprio", bp_body_proprio_size(&nav->world.body));
    bp_groups_add(&spec->groups, "global", 4);
    bp_groups_add(&spec->groups, "targets", 2 * TARGETS);
    bp_groups_add(&spec->groups, nav->parameters->cue, TARGETS);
    bp_groups_add(&spec->groups, "touch", TARGETS);
    return &nav->env;
}

static const char *const nav_bodies[] = {"pointmass", "ant", NULL};
static const struct nav_parameters easy = {.p = BP_MARKOV_LIKELY, .ordered = false, .cue = "goal"};
static const struct nav_parameters hard = {.p = 1.0, .ordered = true, .cue = "progress"};

const struct bp_task bp_nav_easy = {
    "nav-easy", "visit targets in an endless sequence of a second-order Markov chain, the next one told", nav_bodies, nav_open, &easy, false,
};
const struct bp_task bp_nav_hard = {
    "nav-hard", "visit the targets 0, 1, 2, 3 in order, then the episode ends", nav_bodies, nav_open, &hard, false,
};
