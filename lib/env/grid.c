#include "env/grid.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_LIMIT = 400, AXES = 2, BODIES = 8 };

static const float goal_reward = 1, step_reward = -0.1f, wall_reward = -0.2f;
static const int direction[BP_GRID_DIRECTIONS][AXES] = {{0, 1}, {0, -1}, {-1, 0}, {1, 0}};      /* up, down, left, right */

/* All that changes, as saved. */
struct grid_state {
    int32_t step;
    int32_t cell[AXES], goal[AXES];     /* 0 ... 7 */
    int32_t internal[AXES];
};

struct grid {
    struct bp_env env;
    struct grid_state state;
    gsl_rng *stream;
    int reach;                          /* n */
};

/* A cell's coordinate, so that the grid spans [-1, 1]. */
static float scaled(int32_t cell)
{
    return 2 * (float)cell / (BP_GRID_EDGE - 1) - 1;
}

static void observe(const struct grid *grid, float *o)
{
    for (int k = 0; k < AXES; k++) {
        o[k] = (float)grid->state.internal[k] / (float)grid->reach;
        o[2 + k] = scaled(grid->state.cell[k]);
        o[4 + k] = scaled(grid->state.goal[k]);
    }
}

static bool at_goal(const struct grid_state *state)
{
    return state->cell[0] == state->goal[0] && state->cell[1] == state->goal[1];
}

/* Body and goal in two cells, all pairs equally likely. */
static void reset(struct bp_env *base, uint64_t seed, float *observation)
{
    struct grid *grid = (struct grid *)base;

    bp_random_seek(grid->stream, seed, BP_FOR_RESET, 0, 0);
    grid->state = (struct grid_state){0};
    do
        for (int k = 0; k < AXES; k++) {
            grid->state.cell[k] = (int32_t)gsl_rng_uniform_int(grid->stream, BP_GRID_EDGE);
            grid->state.goal[k] = (int32_t)gsl_rng_uniform_int(grid->stream, BP_GRID_EDGE);
        }
    while (at_goal(&grid->state));
    observe(grid, observation);
}

/* One coordinate by a step; whether a wall was hit. */
static bool move(struct grid *grid, int axis, int by)
{
    struct grid_state *state = &grid->state;

    state->internal[axis] += by;
    if (abs(state->internal[axis]) < grid->reach)
        return false;
    state->internal[axis] = 0;
    int32_t next = state->cell[axis] + by;
    bool wall = next < 0 || next >= BP_GRID_EDGE;
    if (!wall)
        state->cell[axis] = next;
    return wall;
}

static void step(struct bp_env *base, const float *action, float *observation, struct bp_step *result)
{
    struct grid *grid = (struct grid *)base;
    const int *by = direction[bp_choice(action, BP_GRID_DIRECTIONS)];

    *result = (struct bp_step){.event = -1, .reward = step_reward};
    for (int k = 0; k < AXES; k++)
        if (by[k] && move(grid, k, by[k])) {
            result->event = BP_GRID_WALL;
            result->reward += wall_reward;
        }
    if (at_goal(&grid->state)) {
        result->event = BP_GRID_GOAL;
        result->reward += goal_reward;
        result->terminated = true;
    }
    result->truncated = ++grid->state.step == TIME_LIMIT && !result->terminated;
    observe(grid, observation);
}

/* Cells are 1 m wide; the internal coordinate moves the body within its cell. */
static float place(int32_t cell)
{
    return (float)cell - 0.5f * (BP_GRID_EDGE - 1);
}

static void look(const struct bp_env *base, float *pose, float *target, float *box, double gap[2])
{
    const struct grid *grid = (const struct grid *)base;

    (void)box;
    for (int k = 0; k < AXES; k++) {
        pose[k] = place(grid->state.cell[k]) + 0.5f * (float)grid->state.internal[k] / (float)grid->reach;
        target[k] = place(grid->state.goal[k]);
    }
    pose[2] = 0;
    gap[0] = gap[1] = 0;
}

static void save(const struct bp_env *base, void *state)
{
    memcpy(state, &((const struct grid *)base)->state, sizeof(struct grid_state));
}

static int restore(struct bp_env *base, const void *from)
{
    struct grid *grid = (struct grid *)base;
    struct grid_state *state = &grid->state;

    memcpy(state, from, sizeof *state);
    bool fine = state->step >= 0 && state->step <= TIME_LIMIT;
    for (int k = 0; k < AXES; k++)
        fine &= state->cell[k] >= 0 && state->cell[k] < BP_GRID_EDGE && state->goal[k] >= 0 && state->goal[k] < BP_GRID_EDGE &&
                state->internal[k] > -grid->reach && state->internal[k] < grid->reach;
    return fine ? state->step : -1;
}

static void close(struct bp_env *base)
{
    gsl_rng_free(((struct grid *)base)->stream);
    free(base);
}

static const char *const bodies[BODIES + 1] = {"1-step", "2-step", "3-step", "4-step", "5-step", "6-step", "7-step", "8-step", NULL};

static struct bp_env *open(const struct bp_task *task, const char *body)
{
    struct grid *grid = calloc(1, sizeof *grid);

    if (!grid || !(grid->stream = bp_random_new())) {
        free(grid);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    while (strcmp(bodies[grid->reach++], body))
        ;
    grid->env = (struct bp_env){.reset = reset, .step = step, .save = save, .restore = restore, .look = look, .close = close};
    grid->env.view = (struct bp_view){.targets = 1, .edge = BP_GRID_EDGE, .target_size = 1};
    grid->env.spec = (struct bp_env_spec){.action = bp_discrete(BP_GRID_DIRECTIONS), .time_limit = TIME_LIMIT, .control_step = 1,
                                          .state_size = sizeof grid->state, .task = task->name};
    snprintf(grid->env.spec.body, sizeof grid->env.spec.body, "%s", body);
    bp_groups_add(&grid->env.spec.groups, "proprio", AXES);
    bp_groups_add(&grid->env.spec.groups, "global", AXES);
    bp_groups_add(&grid->env.spec.groups, "goal", AXES);
    return &grid->env;
}

const struct bp_task bp_grid = {
    "grid", "go to a cell of a grid, by bodies that take one to eight choices for a step", bodies, open, NULL, BP_DISCRETE, false,
};
