/*
 * Bare physics: mj_step alone, under the actions that a policy takes and from the same starts. A body at rest is no match for one that
 * runs into things, so an actor plays each episode first, which is not timed.
 */
#include "bench.h"

#include "base/random.h"
#include "env/world.h"

enum { EPISODE = 400 };

struct bare {
    const struct bp_cycle *cycle;
    struct bp_env *env;
    struct bp_acting acting;
    gsl_rng *stream;
    mjModel *defaults;          /* with the settings that MuJoCo has by itself */
    mjData *start, *data;
    float *observation;
    double *controls;           /* EPISODE x actuators */
    int length;
    uint64_t seed;
};

static mjModel *copy_with_defaults(const mjModel *model)
{
    mjModel *copy = mj_copyModel(NULL, model);
    mjOption defaults;

    if (!copy)
        exit(1);
    mj_defaultOption(&defaults);
    copy->opt.jacobian = defaults.jacobian;
    copy->opt.solver = defaults.solver;
    copy->opt.cone = defaults.cone;
    copy->opt.iterations = defaults.iterations;
    copy->opt.tolerance = defaults.tolerance;
    copy->opt.disableflags = defaults.disableflags | (model->opt.disableflags & mjDSBL_CONTACT);
    return copy;
}

static struct bare *bare_new(const struct bp_cycle *cycle)
{
    struct bare *bare = calloc(1, sizeof *bare);

    if (!bare || !(bare->env = bp_env_open(cycle->env.task, cycle->env.body)) || !(bare->stream = bp_random_new()) ||
        bp_acting_init(&bare->acting, &cycle->learner.agent, 1))
        exit(1);
    const mjModel *m = bare->env->world->physics.model;
    bare->cycle = cycle;
    bare->defaults = copy_with_defaults(m);
    bare->start = mj_makeData(m);
    bare->data = mj_makeData(m);
    bare->observation = calloc((size_t)bare->env->spec.groups.size, sizeof(float));
    bare->controls = calloc((size_t)(EPISODE * m->nu), sizeof(double));
    bp_random_seek(bare->stream, 1, BP_FOR_TEST, 0, 0);
    return bare;
}

static void bare_free(struct bare *bare)
{
    mj_deleteData(bare->start);
    mj_deleteData(bare->data);
    mj_deleteModel(bare->defaults);
    bp_acting_free(&bare->acting);
    gsl_rng_free(bare->stream);
    bp_env_close(bare->env);
    free(bare->observation);
    free(bare->controls);
    free(bare);
}

/* The policy's episode, from its start. */
static void play(struct bare *bare)
{
    const struct bp_physics *physics = &bare->env->world->physics;
    const struct bp_params params = bp_cycle_params(bare->cycle);
    int actuators = physics->model->nu;
    struct bp_step step = {.event = -1};

    bp_acting_forget(&bare->acting, 0);
    bp_env_reset(bare->env, bare->seed++, bare->observation);
    mj_copyData(bare->start, physics->model, physics->data);
    for (bare->length = 0; bare->length < EPISODE && !step.terminated && !step.truncated; bare->length++) {
        bp_random_normal(bare->stream, bare->acting.noise, actuators);
        bp_act(&bare->acting, &params, BP_POLICY, bare->observation, false, 0);
        bp_env_step(bare->env, bare->acting.actions, bare->observation, &step);
        mju_copy(bare->controls + bare->length * actuators, physics->data->ctrl, actuators);
    }
}

/* Seconds of the episode's simulation. */
static double simulate(struct bare *bare, const mjModel *m)
{
    int substeps = bare->env->world->physics.substeps;

    mj_copyData(bare->data, m, bare->start);
    double start = busy_seconds();
    for (int t = 0; t < bare->length; t++) {
        mju_copy(bare->data->ctrl, bare->controls + t * m->nu, m->nu);
        for (int i = 0; i < substeps; i++)
            mj_step(m, bare->data);
    }
    return busy_seconds() - start;
}

/* Actors and bare physics take turns by episodes, and are timed by the processor: what else runs meanwhile does not count. */
static void compare(struct bare *bare, struct preset *p, double seconds, double *actors, double *own, double *defaults)
{
    double steps = 0, taken[3] = {0}, acted = 0;

    while (taken[1] < seconds) {
        play(bare);
        taken[1] += simulate(bare, bare->env->world->physics.model);
        taken[2] += simulate(bare, bare->defaults);
        steps += bare->length;
        double start = busy_seconds();
        do
            acted += preset_act(p);
        while (acted < steps);
        taken[0] += busy_seconds() - start;
    }
    *actors = acted / taken[0];
    *own = *actors / (steps / taken[1]);
    *defaults = *actors / (steps / taken[2]);
}

void bare_print(struct preset *p, bool with_defaults)
{
    struct bare *bare = bare_new(&p->cycle);
    double actors[ROUNDS], own[ROUNDS], defaults[ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        compare(bare, p, 0.25, &actors[round], &own[round], &defaults[round]);
    print("actors alone", p->setting, median(actors), "control steps/s");
    print("actors / bare physics", p->setting, median(own), "");
    if (with_defaults)
        print("actors / default settings", p->setting, median(defaults), "");
    bare_free(bare);
}
