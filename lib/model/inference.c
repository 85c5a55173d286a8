#include "model/inference.h"

#include "nn/rows.h"

/* Rows in the opposite order of steps; the same list takes them back. */
static int *reversal(const struct bp_scene *scene)
{
    int *index = bp_arena_take(&scene->tape->arena, (size_t)(scene->steps * scene->batch) * sizeof *index);

    for (int t = 0; t < scene->steps; t++)
        for (int b = 0; b < scene->batch; b++)
            index[t * scene->batch + b] = (scene->steps - 1 - t) * scene->batch + b;
    return index;
}

/* Steps as they are counted backwards: 0 where the row is the last of its episode, or of the scene. */
static int32_t *steps_back(const struct bp_scene *scene, const int *index)
{
    int rows = scene->steps * scene->batch;
    int32_t *step = bp_arena_take(&scene->tape->arena, (size_t)rows * sizeof *step);

    for (int row = 0; row < rows; row++) {
        int after = index[row] + scene->batch;
        step[row] = after < rows && scene->episode_step[after] > 0;
    }
    return step;
}

/* What the network makes of the trajectory, in the order of its steps. */
static struct bp_var *features(const struct bp_scene *scene, struct bp_net_use use)
{
    int rows = scene->steps * scene->batch, *index = reversal(scene);
    struct bp_var *x = bp_net_inputs(scene->tape, use.net, scene->groups, scene->observations, rows);
    struct bp_sequences backwards = {scene->steps, scene->batch, steps_back(scene, index), NULL, NULL};

    if (!use.net->state_size)
        return bp_net_features(scene->tape, use, x, &backwards);
    x = bp_take_rows(scene->tape, x, index, rows);
    return bp_take_rows(scene->tape, bp_net_features(scene->tape, use, x, &backwards), index, rows);
}

/* What step t goes on from, zeros where an episode begins. */
static struct bp_var *latent_before(const struct bp_scene *scene, struct bp_var *z, int t, int size)
{
    int *index = bp_arena_take(&scene->tape->arena, (size_t)scene->batch * sizeof *index);

    if (t == 0)
        return bp_constant(scene->tape, scene->batch, size, bp_arena_zeros(&scene->tape->arena, (size_t)(scene->batch * size)));
    for (int b = 0; b < scene->batch; b++)
        index[b] = scene->episode_step[t * scene->batch + b] > 0 ? b : -1;
    return bp_take_rows(scene->tape, z, index, scene->batch);
}

/* Those just drawn where a period begins, those before elsewhere. */
static struct bp_var *hold(const struct bp_scene *scene, struct bp_var *drawn, struct bp_var *before, const float *mark)
{
    struct bp_var *both[] = {drawn, before};
    int *index = bp_arena_take(&scene->tape->arena, (size_t)scene->batch * sizeof *index);

    for (int b = 0; b < scene->batch; b++)
        index[b] = mark[b] > 0 ? b : scene->batch + b;
    return bp_take_rows(scene->tape, bp_stack_rows(scene->tape, both, 2), index, scene->batch);
}

struct bp_path bp_infer(const struct bp_scene *scene, const struct bp_level *level, const float *noise)
{
    int steps = scene->steps, batch = scene->batch, numbers = level->family->noise(level->space.size);
    struct bp_var *known = features(scene, scene->use[level->net]), **z = bp_arena_take(&scene->tape->arena, (size_t)steps * sizeof *z);
    struct bp_distribution *q = bp_arena_take(&scene->tape->arena, (size_t)steps * sizeof *q);
    float *mark = bp_arena_floats(&scene->tape->arena, (size_t)(steps * batch));

    for (int t = 0; t < steps; t++) {
        struct bp_var *before = latent_before(scene, t ? z[t - 1] : NULL, t, level->space.size);
        struct bp_var *now = bp_slice_rows(scene->tape, known, t * batch, batch);
        q[t] = level->family->make(scene->tape, bp_net_output(scene->tape, scene->use[level->net], now, &before), level->space.size);
        for (int b = 0; b < batch; b++)
            mark[t * batch + b] = t == 0 || scene->episode_step[t * batch + b] % level->period == 0;
        z[t] = level->family->sample(scene->tape, q[t], noise + t * batch * numbers);
        if (level->period > 1)
            z[t] = hold(scene, z[t], before, mark + t * batch);
    }
    struct bp_path path = {.levels = 2};
    path.level[0].net = level->net;
    path.level[0].p = bp_distribution_stack(scene->tape, q, steps);
    path.level[0].y = bp_stack_rows(scene->tape, z, steps);
    path.level[0].drawn = mark;
    path.level[1].net = BP_NO_NET;
    return path;
}
