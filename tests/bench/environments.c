/* An environment beside the simulation in it: the same actions from the same starts, in turns. */
#include "bench.h"

#include "base/random.h"
#include "env/world.h"

#include <math.h>

enum { EPISODE = 400 };

struct duel {
    struct bp_env *env;
    mjData *bare;
    gsl_rng *stream;
    float *observation, *actions;
    double seconds[2];          /* of the environment's steps and resets, of mj_step alone */
    double steps;
};

static void duel_episode(struct duel *d, uint64_t seed)
{
    const struct bp_physics *physics = &d->env->world->physics;
    const mjModel *m = physics->model;
    struct bp_step step = {.event = -1};
    int length = 0;

    bp_random_normal(d->stream, d->actions, EPISODE * m->nu);
    double begin = bp_clock_seconds();
    bp_env_reset(d->env, seed, d->observation);
    double started = bp_clock_seconds();
    mj_copyData(d->bare, m, physics->data);
    double copied = bp_clock_seconds();
    for (; length < EPISODE && !step.terminated && !step.truncated; length++)
        bp_env_step(d->env, d->actions + length * m->nu, d->observation, &step);
    double played = bp_clock_seconds();
    for (int t = 0; t < length; t++) {
        for (int k = 0; k < m->nu; k++)
            d->bare->ctrl[k] = fmax(-1, fmin(1, (double)d->actions[t * m->nu + k]));
        for (int i = 0; i < physics->substeps; i++)
            mj_step(m, d->bare);
    }
    d->seconds[0] += started - begin + played - copied;
    d->seconds[1] += bp_clock_seconds() - played;
    d->steps += length;
}

static void bench_env(const char *task, const char *body)
{
    struct duel d = {.env = bp_env_open(task, body), .stream = bp_random_new()};
    char setting[64];

    if (!d.env || !d.stream)
        exit(1);
    d.bare = mj_makeData(d.env->world->physics.model);
    d.observation = calloc((size_t)d.env->spec.groups.size, sizeof(float));
    d.actions = calloc((size_t)(EPISODE * d.env->spec.action.size), sizeof(float));
    bp_random_seek(d.stream, 1, BP_FOR_TEST, 0, 0);
    for (uint64_t seed = 0; d.seconds[0] + d.seconds[1] < 3; seed++)
        duel_episode(&d, seed);
    snprintf(setting, sizeof setting, "%s, %s", task, body);
    print("environment alone", setting, d.steps / d.seconds[0], "control steps/s");
    print("environment / bare physics", setting, d.seconds[1] / d.seconds[0], "");
    mj_deleteData(d.bare);
    free(d.observation);
    free(d.actions);
    gsl_rng_free(d.stream);
    bp_env_close(d.env);
}

void bench_environments(void)
{
    bench_env("nav-easy", "pointmass");
    bench_env("goto", "ball");
    bench_env("goto", "ant");
    bench_env("goto", "quadruped");
}
