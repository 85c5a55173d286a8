#include "env/task.h"

#include "base/random.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- groups of an observation: how many numbers, and writing them ---- */

static int proprio_size(const struct bp_world_env *env)
{
    return bp_body_proprio_size(&env->world.body);
}

static float *write_proprio(const struct bp_world_env *env, float *o)
{
    bp_body_proprio(&env->world.body, &env->world.physics, o);
    return o + proprio_size(env);
}

static int targets_size(const struct bp_world_env *env)
{
    return 2 * env->task->world.targets;
}

static float *write_targets(const struct bp_world_env *env, float *o)
{
    return bp_world_see_targets(&env->world, o);
}

static int boxes_size(const struct bp_world_env *env)
{
    return 9 * env->task->world.boxes;
}

static float *write_boxes(const struct bp_world_env *env, float *o)
{
    return bp_world_see_boxes(&env->world, o);
}

static int goal_size(const struct bp_world_env *env)
{
    return env->task->goals;
}

static float *write_goal(const struct bp_world_env *env, float *o)
{
    for (int i = 0; i < env->task->goals; i++)
        *o++ = i == env->state.goal;
    return o;
}

static int global_size(const struct bp_world_env *env)
{
    (void)env;
    return 4;
}

/* Place (10 m) and velocity (m/s) along the corridor and across. */
static float *write_global(const struct bp_world_env *env, float *o)
{
    const double *root = bp_world_root(&env->world);
    double v[3];

    bp_world_velocity(&env->world, v);
    for (int k = 0; k < 2; k++) {
        o[k] = (float)(0.1 * root[k]);
        o[2 + k] = (float)v[k];
    }
    return o + 4;
}

static int gap_size(const struct bp_world_env *env)
{
    (void)env;
    return 2;
}

/* How far ahead the gap begins, and how long it is, m. */
static float *write_gap(const struct bp_world_env *env, float *o)
{
    *o++ = (float)(bp_scene_gap_start - bp_world_root(&env->world)[0]);
    *o++ = (float)env->world.state.gap;
    return o;
}

struct bp_world_group {
    const char *name;
    int (*size)(const struct bp_world_env *env);
    float *(*write)(const struct bp_world_env *env, float *o);      /* returns the address after its numbers */
};

static const struct bp_world_group groups[] = {
    {"proprio", proprio_size, write_proprio},
    {"targets", targets_size, write_targets},
    {"boxes", boxes_size, write_boxes},
    {"goal", goal_size, write_goal},
    {"global", global_size, write_global},
    {"gap", gap_size, write_gap},
};

/* The rows that the task names, into the spec of observations. */
static void find_groups(struct bp_world_env *env)
{
    struct bp_groups *all = &env->env.spec.groups;

    if (!env->task->groups) {
        env->task->list(env, all);
        return;
    }
    for (const char *name = env->task->groups; *name;) {
        size_t length = strcspn(name, ",");
        int i = 0;
        while (strncmp(groups[i].name, name, length) || groups[i].name[length])
            i++;                /* our own rows name nothing else */
        env->group[all->count] = &groups[i];
        bp_groups_add(all, groups[i].name, groups[i].size(env));
        name += length + (name[length] == ',');
    }
}

static void observe(const struct bp_world_env *env, float *o)
{
    if (env->task->observe) {
        env->task->observe(env, o);
        return;
    }
    for (int i = 0; i < env->env.spec.groups.count; i++)
        o = env->group[i]->write(env, o);
}

/* ---- the interface ---- */

gsl_rng *bp_world_env_draw(struct bp_world_env *env, uint64_t which)
{
    bp_random_seek(env->stream, env->state.seed, BP_FOR_RESET, 1, which);
    return env->stream;
}

static void reset(struct bp_env *base, uint64_t seed, float *observation)
{
    struct bp_world_env *env = (struct bp_world_env *)base;

    env->state = (struct bp_world_env_state){.seed = seed, .goal = -1};
    bp_random_seek(env->stream, seed, BP_FOR_RESET, 0, 0);
    bp_world_reset(&env->world, env->stream);
    if (env->task->begin)
        env->task->begin(env, env->stream);
    bp_world_settle(&env->world);
    observe(env, observation);
}

static void step(struct bp_env *base, const float *action, float *observation, struct bp_step *result)
{
    struct bp_world_env *env = (struct bp_world_env *)base;

    *result = (struct bp_step){.event = -1};
    env->state.step++;
    if (!env->task->world.bare)             /* a bare body feels nothing of itself */
        bp_body_mark(&env->world.body, &env->world.physics);
    if (bp_world_step(&env->world, action))
        env->task->reward(env, action, result);
    else
        result->diverged = result->truncated = true;
    if (env->state.step == env->task->time_limit && !result->terminated)
        result->truncated = true;
    observe(env, observation);
}

static void save(const struct bp_env *base, void *state)
{
    const struct bp_world_env *env = (const struct bp_world_env *)base;

    memcpy(state, &env->state, sizeof env->state);
    bp_world_save(&env->world, (char *)state + sizeof env->state);
}

/* Tasks count and remember in their memory what cannot be more than the steps of an episode. */
static bool makes_sense(const struct bp_world_task *task, const struct bp_world_env_state *s)
{
    int goals = task->goals ? task->goals : 1;

    for (size_t i = 0; i < sizeof s->memory / sizeof *s->memory; i++)
        if (s->memory[i] < -1 || s->memory[i] > task->time_limit)
            return false;
    return s->step >= 0 && s->step <= task->time_limit && s->goal >= (task->goals ? 0 : -1) && s->goal < goals;
}

static int restore(struct bp_env *base, const void *state)
{
    struct bp_world_env *env = (struct bp_world_env *)base;

    memcpy(&env->state, state, sizeof env->state);
    if (!makes_sense(env->task, &env->state) || (env->task->makes_sense && !env->task->makes_sense(env)) || bp_world_restore(&env->world, (const char *)state + sizeof env->state))
        return -1;
    return env->state.step;
}

static void look(const struct bp_env *base, float *pose, float *target, float *box, double gap[2])
{
    const struct bp_world_env *env = (const struct bp_world_env *)base;

    bp_world_places(&env->world, pose, target, box);
    gap[0] = base->view.corridor > 0 ? bp_scene_gap_start : 0;
    gap[1] = gap[0] + env->world.state.gap;
}

static void close(struct bp_env *base)
{
    struct bp_world_env *env = (struct bp_world_env *)base;

    bp_world_free(&env->world);
    gsl_rng_free(env->stream);
    free(env);
}

struct bp_env *bp_world_env_open(const struct bp_task *task, const char *body)
{
    struct bp_world_env *env = calloc(1, sizeof *env);
    struct bp_env_spec *spec;

    if (!env || !(env->stream = bp_random_new())) {
        free(env);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    env->task = task->parameters;
    env->env = (struct bp_env){.reset = reset, .step = step, .save = save, .restore = restore, .look = look, .close = close, .world = &env->world};
    if (bp_world_load(&env->world, &env->task->world, body)) {
        close(&env->env);
        return NULL;
    }
    const struct bp_world_spec *scene = env->world.spec;
    env->env.view = (struct bp_view){.targets = scene->targets, .boxes = scene->boxes, .edge = scene->size, .corridor = scene->corridor,
                                     .target_size = scene->target_size, .target_round = scene->target_round};
    spec = &env->env.spec;
    spec->task = task->name;
    strcpy(spec->body, env->world.name);
    spec->action.size = env->world.physics.model->nu;
    spec->control_step = bp_physics_control_step(&env->world.physics);
    spec->time_limit = env->task->time_limit;
    spec->state_size = sizeof env->state + bp_world_state_size(&env->world);
    find_groups(env);
    return &env->env;
}
