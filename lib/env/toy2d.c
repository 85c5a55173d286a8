#include "env/toy2d.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AXES = 2, PARTS = 2 };

/* A Gaussian of equal scales, or two equally likely ones. */
struct density {
    int parts;
    double mean[PARTS][AXES], scale, correlation;
};

struct distributions {
    int count;
    const struct density *density;
};

/* All that changes, as saved. */
struct toy2d_state {
    int32_t goal;
    int32_t played;                     /* whether the point was chosen */
    float point[AXES];
};

struct toy2d {
    struct bp_env env;
    struct toy2d_state state;
    const struct distributions *distributions;
    gsl_rng *stream;
};

/* log p(x), nats. */
static double log_density(const struct density *d, const double x[AXES])
{
    double rest = 1 - d->correlation * d->correlation, exponent[PARTS], most = -INFINITY, sum = 0;

    for (int i = 0; i < d->parts; i++) {
        double u = (x[0] - d->mean[i][0]) / d->scale, v = (x[1] - d->mean[i][1]) / d->scale;
        exponent[i] = -(u * u - 2 * d->correlation * u * v + v * v) / (2 * rest);
        most = fmax(most, exponent[i]);
    }
    for (int i = 0; i < d->parts; i++)
        sum += exp(exponent[i] - most);
    return most + log(sum / d->parts) - log(2 * M_PI * d->scale * d->scale * sqrt(rest));
}

static void observe(const struct toy2d *toy, float *o)
{
    for (int k = 0; k < AXES; k++)
        o[k] = toy->state.point[k] / (BP_TOY2D_EDGE / 2);
    for (int i = 0; i < toy->distributions->count; i++)
        o[AXES + i] = i == toy->state.goal;
}

static void reset(struct bp_env *base, uint64_t seed, float *observation)
{
    struct toy2d *toy = (struct toy2d *)base;

    bp_random_seek(toy->stream, seed, BP_FOR_RESET, 0, 0);
    toy->state = (struct toy2d_state){.goal = (int32_t)gsl_rng_uniform_int(toy->stream, (unsigned long)toy->distributions->count)};
    observe(toy, observation);
}

static void step(struct bp_env *base, const float *action, float *observation, struct bp_step *result)
{
    struct toy2d *toy = (struct toy2d *)base;
    double x[AXES];

    for (int k = 0; k < AXES; k++) {
        x[k] = BP_TOY2D_EDGE / 2 * fmax(-1, fmin(1, (double)action[k]));
        toy->state.point[k] = (float)x[k];
    }
    toy->state.played = 1;
    *result = (struct bp_step){.reward = (float)log_density(&toy->distributions->density[toy->state.goal], x), .event = toy->state.goal, .terminated = true};
    observe(toy, observation);
}

static void look(const struct bp_env *base, float *pose, float *target, float *box, double gap[2])
{
    const struct toy2d *toy = (const struct toy2d *)base;

    (void)target, (void)box;
    memcpy(pose, toy->state.point, sizeof toy->state.point);
    pose[2] = 0;
    gap[0] = gap[1] = 0;
}

static void save(const struct bp_env *base, void *state)
{
    memcpy(state, &((const struct toy2d *)base)->state, sizeof(struct toy2d_state));
}

static int restore(struct bp_env *base, const void *from)
{
    struct toy2d *toy = (struct toy2d *)base;
    struct toy2d_state *state = &toy->state;

    memcpy(state, from, sizeof *state);
    bool fine = state->goal >= 0 && state->goal < toy->distributions->count && (state->played == 0 || state->played == 1);
    for (int k = 0; k < AXES; k++)
        fine &= state->played ? fabsf(state->point[k]) <= BP_TOY2D_EDGE / 2 : state->point[k] == 0;
    return fine ? state->played : -1;
}

static void close(struct bp_env *base)
{
    gsl_rng_free(((struct toy2d *)base)->stream);
    free(base);
}

static struct bp_env *open(const struct bp_task *task, const char *body)
{
    struct toy2d *toy = calloc(1, sizeof *toy);

    if (!toy || !(toy->stream = bp_random_new())) {
        free(toy);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    toy->distributions = task->parameters;
    toy->env = (struct bp_env){.reset = reset, .step = step, .save = save, .restore = restore, .look = look, .close = close};
    toy->env.view = (struct bp_view){.edge = BP_TOY2D_EDGE};
    toy->env.spec = (struct bp_env_spec){.action = bp_continuous(AXES), .time_limit = 1, .control_step = 1, .state_size = sizeof toy->state, .task = task->name};
    strcpy(toy->env.spec.body, body);
    bp_groups_add(&toy->env.spec.groups, "global", AXES);
    bp_groups_add(&toy->env.spec.groups, "goal", toy->distributions->count);
    return &toy->env;
}

static const char *const bodies[] = {"point", NULL};
static const struct density known[] = {
    {1, {{-3, 0}}, 0.5, 0.5},
    {1, {{0, 2}}, 0.2, 0.8},
    {1, {{3, 3}}, 0.5, 0.5},
    {2, {{0, 0}, {-4, -1}}, 0.2, 0.8},
}, unknown[] = {
    {1, {{2, -1}}, 0.1, 0.8},
};
static const struct distributions four = {4, known}, one = {1, unknown};

const struct bp_task bp_toy2d = {
    "toy2d", "choose a point: its log density under one of four distributions in the plane", bodies, open, &four, BP_CONTINUOUS, false,
};
const struct bp_task bp_toy2d_new = {
    "toy2d-new", "the same for a fifth distribution", bodies, open, &one, BP_CONTINUOUS, false,
};
