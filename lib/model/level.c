#include "model/level.h"

#include "nn/choice.h"
#include "nn/linear.h"
#include "nn/rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int bp_nets_next(unsigned nets, int after)
{
    unsigned left = nets >> (after + 1);

    return left ? after + 1 + __builtin_ctz(left) : -1;
}

/* ---- what a level looks back to ---- */

/* The y in force in the step before each row, NULL where an episode begins or nothing is known. */
static const float *before_row(const struct bp_scene *scene, const struct bp_var *y, int row, int size)
{
    if (scene->episode_step[row] == 0)
        return NULL;
    if (row >= scene->batch)
        return y->value + (size_t)(row - scene->batch) * (size_t)size;
    return scene->latent ? scene->latent + (size_t)row * (size_t)size : NULL;
}

/* All of them, zeros where there is none. No gradient flows back in time, which is what Q' is for, unless the scene asks for it. */
static struct bp_var *before(const struct bp_scene *scene, struct bp_var *y, int size)
{
    int rows = bp_scene_rows(scene), *index = bp_arena_take(&scene->tape->arena, (size_t)rows * sizeof *index);
    float *value;

    if (scene->through_time) {
        assert(!scene->latent);
        for (int row = 0; row < rows; row++)
            index[row] = before_row(scene, y, row, size) ? row - scene->batch : -1;
        return bp_take_rows(scene->tape, y, index, rows);
    }
    value = bp_arena_zeros(&scene->tape->arena, (size_t)rows * (size_t)size);
    for (int row = 0; row < rows; row++) {
        const float *from = before_row(scene, y, row, size);
        if (from)
            memcpy(value + (size_t)row * (size_t)size, from, (size_t)size * sizeof *value);
    }
    return bp_constant(scene->tape, rows, size, value);
}

/* N(a y', 1 - a^2), in its stationary law N(0, I) where there is no y' (BP section 5; EH section 4). */
static struct bp_distribution autoregressive(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y)
{
    int rows = bp_scene_rows(scene);
    size_t size = (size_t)level->space.size;
    float *zeros = bp_arena_zeros(&scene->tape->arena, (size_t)rows * size), *scale = bp_arena_floats(&scene->tape->arena, (size_t)rows * size);
    float width = (float)sqrt(1 - level->correlation * level->correlation);
    struct bp_var *mean = level->before ? bp_scale(scene->tape, before(scene, y, level->space.size), (float)level->correlation)
                                        : bp_constant(scene->tape, rows, level->space.size, zeros);

    for (int row = 0; row < rows; row++) {
        bool known = level->before && before_row(scene, y, row, level->space.size);
        for (size_t j = 0; j < size; j++)
            scale[(size_t)row * size + j] = known ? width : 1;
    }
    return bp_normal(mean, bp_constant(scene->tape, rows, level->space.size, scale));
}

/* Choices, all equally likely. */
static struct bp_distribution all_alike(const struct bp_scene *scene, const struct bp_level *level)
{
    int rows = bp_scene_rows(scene), choices = level->space.size;

    return level->family->make(scene->tape, bp_constant(scene->tape, rows, choices, bp_arena_zeros(&scene->tape->arena, (size_t)rows * (size_t)choices)), choices);
}

/* ---- a level's distributions ---- */

/* What a network makes of the observations: once, where the scene keeps it. */
static struct bp_net_seen see(const struct bp_scene *scene, int net)
{
    if (scene->seen && scene->seen[net].features)
        return scene->seen[net];
    float *state = scene->state ? scene->state[net] : NULL;
    struct bp_sequences sequences = {scene->steps, scene->batch, scene->carry ? NULL : scene->episode_step, state, scene->carry ? state : NULL};
    struct bp_var *x = bp_net_inputs(scene->tape, scene->use[net].net, scene->groups, scene->observations, bp_scene_rows(scene));
    struct bp_net_seen seen = bp_net_see(scene->tape, scene->use[net], x, &sequences);
    if (scene->seen)
        scene->seen[net] = seen;
    return seen;
}

/* Outputs at each row, or with an index at the rows that it lists. */
static struct bp_var *output(const struct bp_scene *scene, int net, struct bp_var *const *late, const int *index, int rows)
{
    struct bp_var *features = see(scene, net).features;

    return bp_net_output(scene->tape, scene->use[net], index ? bp_take_rows(scene->tape, features, index, rows) : features, late);
}

/* Log-odds of the choice before, which is a where the network says nothing of K: log a - log (1 - a) / (K - 1). It may say anything. */
static float inertia(const struct bp_level *level)
{
    return (float)log(level->correlation * (level->space.size - 1) / (1 - level->correlation));
}

struct bp_distribution bp_level_at(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y_before,
                                   const int *index, int rows)
{
    struct bp_var *late[BP_LATE_MAX], *sum;
    int count = 0;

    if (level->above)
        late[count++] = above;
    if (level->before)
        late[count++] = y_before;
    BP_EACH_NET(net, level->on)
        late[count++] = see(scene, net).torso;
    sum = output(scene, level->net, late, index, rows);
    BP_EACH_NET(net, level->adds)
        sum = bp_add(scene->tape, sum, output(scene, net, late, index, rows));
    if (level->correlation > 0)
        sum = bp_add(scene->tape, sum, bp_scale(scene->tape, y_before, inertia(level)));
    return level->family->make(scene->tape, sum, level->space.size);
}

struct bp_var *bp_level_end(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y_before)
{
    int net = 0;

    while (!(level->ends >> net & 1))
        net++;
    return bp_probability(scene->tape, output(scene, net, &y_before, NULL, 0));
}

struct bp_distribution bp_level_given(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y)
{
    if (level->net == BP_NO_NET && level->space.kind == BP_DISCRETE)
        return all_alike(scene, level);
    if (level->net == BP_NO_NET)
        return autoregressive(scene, level, y);
    return bp_level_at(scene, level, above, level->before ? before(scene, y, level->space.size) : NULL, NULL, 0);
}
