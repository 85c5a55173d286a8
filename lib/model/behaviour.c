#include "model/behaviour.h"

#include "model/marginal.h"
#include "nn/loss.h"
#include "nn/rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int bp_behaviour_level_noise(const struct bp_behaviour *behaviour, int level)
{
    const struct bp_level *l = &behaviour->level[level];

    return l->family->noise(l->space.size) + (l->ends != 0);
}

int bp_behaviour_noise(const struct bp_behaviour *behaviour)
{
    int numbers = 0;

    for (int i = 0; i < behaviour->levels; i++)
        numbers += bp_behaviour_level_noise(behaviour, i);
    return numbers;
}

unsigned bp_behaviour_nets(const struct bp_behaviour *behaviour)
{
    unsigned nets = 0;

    for (int i = 0; i < behaviour->levels; i++)
        if (behaviour->level[i].net != BP_NO_NET)
            nets |= 1u << behaviour->level[i].net | behaviour->level[i].adds | behaviour->level[i].on;
    for (int i = 0; i < behaviour->levels; i++)
        nets |= behaviour->level[i].ends;
    return nets;
}

bool bp_behaviour_sums(const struct bp_behaviour *behaviour)
{
    return behaviour->levels == 2 && behaviour->level[0].space.kind == BP_DISCRETE && behaviour->level[0].net != BP_NO_NET;
}

/* ---- draws ---- */

/*
 * What is drawn at each row counts where a period begins; elsewhere that of the step before is held. A sequence that starts within a
 * period draws anew at its first step, unless it carries on with the y in force.
 */
static struct bp_var *hold(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y, const float **drawn)
{
    int rows = bp_scene_rows(scene);
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

/* One step of acting: the choice in force ends with the probability that its network says, by one number of noise a row, or is held. */
static struct bp_var *end_or_hold(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y, const float *noise, struct bp_path *path, int i)
{
    size_t rows = (size_t)bp_scene_rows(scene), size = (size_t)level->space.size;
    float *mark = bp_arena_floats(&scene->tape->arena, rows), *end = bp_arena_floats(&scene->tape->arena, rows);
    const struct bp_var *likely = bp_level_end(scene, level, bp_constant(scene->tape, (int)rows, (int)size, scene->latent));

    assert(scene->carry && scene->steps == 1);
    path->level[i].drawn = mark;
    path->level[i].end = end;
    for (size_t row = 0; row < rows; row++) {
        end[row] = scene->episode_step[row] ? likely->value[row] : 1;
        mark[row] = 0.5 * erfc(-(double)noise[row] * M_SQRT1_2) < (double)end[row];
        if (mark[row] == 0)
            memcpy(y->value + row * size, scene->latent + row * size, size * sizeof(float));
    }
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
        noise += bp_scene_rows(scene) * level->family->noise(level->space.size);
        if (level->ends) {
            path.level[i].y = end_or_hold(scene, level, path.level[i].y, noise, &path, i);
            noise += bp_scene_rows(scene);
        } else if (level->period > 1) {
            path.level[i].y = hold(scene, level, path.level[i].y, &path.level[i].drawn);
        }
    }
    return path;
}

/* What the behaviour does, whatever its latents: of one level. */
static struct bp_path score_marginal(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const struct bp_path *at)
{
    struct bp_path path = *at;

    path.level[0].net = behaviour->level[1].net;
    path.level[0].p = bp_marginal(scene, &behaviour->level[0], &behaviour->level[1]);
    return path;
}

struct bp_path bp_score(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const struct bp_path *at)
{
    int above = at->levels - behaviour->levels;
    struct bp_path path = {.levels = behaviour->levels};

    if (above < 0)
        return score_marginal(scene, behaviour, at);
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
        some.level[i].end = path->level[i].end ? path->level[i].end + first : NULL;
    }
    return some;
}

struct bp_path_kl bp_path_kl(struct bp_tape *tape, const struct bp_path *p, const struct bp_path *q)
{
    struct bp_path_kl kl = {0};
    struct bp_var *term[BP_LEVELS];
    const float *weight[BP_LEVELS];
    int terms = 0, above = p->levels - q->levels;

    for (int i = above > 0 ? above : 0; i < p->levels; i++) {
        const struct bp_distribution *a = &p->level[i].p, *b = &q->level[i - above].p;
        if (!a->family || !b->family)
            continue;
        kl.level[i] = term[terms] = bp_distribution_kl(tape, *a, *b, p->level[i].y);
        weight[terms++] = p->level[i].drawn;
    }
    kl.sum = terms == 1 && !weight[0] ? term[0] : bp_weighted_sum(tape, term, weight, terms);
    return kl;
}
