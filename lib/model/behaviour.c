#include "model/behaviour.h"

#include "nn/linear.h"
#include "nn/loss.h"
#include "nn/rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int bp_behaviour_noise(const struct bp_behaviour *behaviour)
{
    int numbers = 0;

    for (int i = 0; i < behaviour->levels; i++)
        numbers += behaviour->level[i].family->noise(behaviour->level[i].space.size);
    return numbers;
}

unsigned bp_behaviour_nets(const struct bp_behaviour *behaviour)
{
    unsigned nets = 0;

    for (int i = 0; i < behaviour->levels; i++)
        if (behaviour->level[i].net != BP_NO_NET)
            nets |= 1u << behaviour->level[i].net | behaviour->level[i].adds | behaviour->level[i].on;
    return nets;
}

static int rows_of(const struct bp_scene *scene)
{
    return scene->steps * scene->batch;
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
    int rows = rows_of(scene), *index = bp_arena_take(&scene->tape->arena, (size_t)rows * sizeof *index);
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
    int rows = rows_of(scene);
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

/* ---- a level's distributions ---- */

/* What a network makes of the observations: once, where the scene keeps it. */
static struct bp_net_seen see(const struct bp_scene *scene, int net)
{
    if (scene->seen && scene->seen[net].features)
        return scene->seen[net];
    float *state = scene->state ? scene->state[net] : NULL;
    struct bp_sequences sequences = {scene->steps, scene->batch, scene->carry ? NULL : scene->episode_step, state, scene->carry ? state : NULL};
    struct bp_var *x = bp_net_inputs(scene->tape, scene->use[net].net, scene->groups, scene->observations, rows_of(scene));
    struct bp_net_seen seen = bp_net_see(scene->tape, scene->use[net], x, &sequences);
    if (scene->seen)
        scene->seen[net] = seen;
    return seen;
}

static struct bp_var *output(const struct bp_scene *scene, int net, struct bp_var *const *late)
{
    return bp_net_output(scene->tape, scene->use[net], see(scene, net).features, late);
}

struct bp_distribution bp_level_given(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y)
{
    struct bp_var *late[BP_LATE_MAX], *sum;
    int count = 0;

    if (level->net == BP_NO_NET)
        return autoregressive(scene, level, y);
    if (level->above)
        late[count++] = above;
    if (level->before)
        late[count++] = before(scene, y, level->space.size);
    for (int net = 0; level->on >> net; net++)
        if (level->on >> net & 1)
            late[count++] = see(scene, net).torso;
    sum = output(scene, level->net, late);
    for (int net = 0; level->adds >> net; net++)
        if (level->adds >> net & 1)
            sum = bp_add(scene->tape, sum, output(scene, net, late));
    return level->family->make(scene->tape, sum, level->space.size);
}

/* ---- draws ---- */

/*
 * What is drawn at each row counts where a period begins; elsewhere that of the step before is held. A sequence that starts within a
 * period draws anew at its first step, unless it carries on with the y in force.
 */
static struct bp_var *hold(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y, const float **drawn)
{
    int rows = rows_of(scene);
    float *mark = bp_arena_floats(&scene->tape->arena, (size_t)rows);
    int *from = bp_arena_take(&scene->tape->arena, (size_t)rows * sizeof *from);

    *drawn = mark;
    for (int row = 0; row < rows; row++) {
        mark[row] = scene->episode_step[row] % level->period == 0;
        from[row] = mark[row] != 0 || row < scene->batch ? row : from[row - scene->batch];
    }
    if (!scene->carry)
        return bp_take_rows(scene->tape, y, from, rows);
    for (size_t row = 0, size = (size_t)level->space.size; row < (size_t)scene->batch; row++)
        if (mark[row] == 0)
            memcpy(y->value + row * size, scene->latent + row * size, size * sizeof(float));
    return y;
}

struct bp_path bp_behave(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const float *noise)
{
    struct bp_path path = {.levels = behaviour->levels};

    for (int i = 0; i < behaviour->levels; i++) {
        const struct bp_level *level = &behaviour->level[i];
        assert((!level->before && !scene->carry) || scene->steps == 1);
        path.level[i].net = level->net;
        path.level[i].p = bp_level_given(scene, level, i ? path.level[i - 1].y : NULL, NULL);     /* one step looks no further back than the scene's latent */
        path.level[i].y = level->family->sample(scene->tape, path.level[i].p, noise);
        if (level->period > 1)
            path.level[i].y = hold(scene, level, path.level[i].y, &path.level[i].drawn);
        noise += rows_of(scene) * level->family->noise(level->space.size);
    }
    return path;
}

struct bp_path bp_score(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const struct bp_path *at)
{
    int above = at->levels - behaviour->levels;
    struct bp_path path = {.levels = behaviour->levels};

    assert(above >= 0);
    for (int i = 0; i < behaviour->levels; i++) {
        const struct bp_level *level = &behaviour->level[i];
        bool same = level->net != BP_NO_NET && level->net == at->level[above + i].net;
        path.level[i] = at->level[above + i];
        path.level[i].net = level->net;
        path.level[i].p = same ? (struct bp_distribution){0} : bp_level_given(scene, level, i ? at->level[above + i - 1].y : NULL, path.level[i].y);
    }
    return path;
}

/* ---- paths ---- */

struct bp_path bp_path_stop_gradient(struct bp_tape *tape, const struct bp_path *path)
{
    struct bp_path fixed = *path;

    for (int i = 0; i < path->levels; i++) {
        fixed.level[i].p = bp_distribution_stop_gradient(tape, path->level[i].p);
        fixed.level[i].y = bp_stop_gradient(tape, path->level[i].y);
    }
    return fixed;
}

struct bp_path bp_path_slice_rows(struct bp_tape *tape, const struct bp_path *path, int first, int rows)
{
    struct bp_path some = *path;

    for (int i = 0; i < path->levels; i++) {
        some.level[i].p = bp_distribution_slice_rows(tape, path->level[i].p, first, rows);
        some.level[i].y = bp_slice_rows(tape, path->level[i].y, first, rows);
        some.level[i].drawn = path->level[i].drawn ? path->level[i].drawn + first : NULL;
    }
    return some;
}

struct bp_path_kl bp_path_kl(struct bp_tape *tape, const struct bp_path *p, const struct bp_path *q)
{
    struct bp_path_kl kl = {0};
    struct bp_var *term[BP_LEVELS];
    const float *weight[BP_LEVELS];
    int terms = 0, above = p->levels - q->levels;

    assert(above >= 0);
    for (int i = above; i < p->levels; i++) {
        const struct bp_distribution *a = &p->level[i].p, *b = &q->level[i - above].p;
        if (!a->family || !b->family)
            continue;
        kl.level[i] = term[terms] = bp_distribution_kl(tape, *a, *b, p->level[i].y);
        weight[terms++] = p->level[i].drawn;
    }
    kl.sum = terms == 1 && !weight[0] ? term[0] : bp_weighted_sum(tape, term, weight, terms);
    return kl;
}
