#include "model/marginal.h"

#include "nn/filter.h"
#include "nn/rows.h"

#include <assert.h>
#include <string.h>

/* Each row once for each choice: what is asked of K n rows. */
struct choices {
    int states, rows;
    int *index;                 /* K n: i, once in each block */
    struct bp_var *each;        /* K n x K: the block's choice */
};

static struct choices choices(struct bp_tape *tape, int states, int rows)
{
    size_t size = (size_t)states, all = size * (size_t)rows;
    struct choices c = {states, rows, bp_arena_take(&tape->arena, all * sizeof *c.index), NULL};
    float *one = bp_arena_zeros(&tape->arena, all * size);

    for (size_t i = 0; i < all; i++) {
        c.index[i] = (int)(i % (size_t)rows);
        one[i * size + i / (size_t)rows] = 1;
    }
    c.each = bp_constant(tape, (int)all, states, one);
    return c;
}

/* Where an episode begins there is no choice before, whatever the block: zeros. */
static struct bp_var *choice_before(const struct bp_scene *scene, const struct choices *c)
{
    int *index = bp_arena_take(&scene->tape->arena, (size_t)(c->states * c->rows) * sizeof *index);

    for (int i = 0; i < c->states * c->rows; i++)
        index[i] = scene->episode_step[c->index[i]] > 0 ? i : -1;
    return bp_take_rows(scene->tape, c->each, index, c->states * c->rows);
}

/* Within a period a choice stays what it was: log p is 0 for it, and next to minus infinity for others. */
static struct bp_var *hold(const struct bp_scene *scene, const struct choices *c, struct bp_var *transition, int period)
{
    int all = c->states * c->rows, *index = bp_arena_take(&scene->tape->arena, (size_t)all * sizeof *index);
    float *stay = bp_arena_floats(&scene->tape->arena, (size_t)(c->states * c->states));
    struct bp_var *both[] = {transition, bp_constant(scene->tape, c->states, c->states, stay)};

    for (int j = 0; j < c->states; j++)
        for (int k = 0; k < c->states; k++)
            stay[j * c->states + k] = j == k ? 0 : -1e4f;
    for (int i = 0; i < all; i++)
        index[i] = scene->episode_step[c->index[i]] % period ? all + i / c->rows : i;
    return bp_take_rows(scene->tape, bp_stack_rows(scene->tape, both, 2), index, all);
}

/* log p(z_t | z_{t-1}, x_t), K n x K */
static struct bp_var *transitions(const struct bp_scene *scene, const struct bp_level *high, const struct choices *c)
{
    struct bp_var *before = high->before ? choice_before(scene, c) : NULL;
    struct bp_var *log_p = bp_level_at(scene, high, NULL, before, c->index, c->states * c->rows).param[0];

    return high->period > 1 ? hold(scene, c, log_p, high->period) : log_p;
}

/* ---- the mixture: a family whose components are of another, and in blocks of rows ---- */

struct mixed {
    struct bp_family family;
    const struct bp_family *of;
};

static struct bp_distribution components(struct bp_distribution p)
{
    const struct mixed *mixed = (const struct mixed *)p.family;
    struct bp_distribution each = {.family = mixed->of};

    for (int i = 1; i < BP_DISTRIBUTION_PARAMS; i++)
        each.param[i - 1] = p.param[i];
    return each;
}

/* log p(y) of each component, K n x 1 */
static struct bp_var *log_prob_each(struct bp_tape *tape, struct bp_distribution each, struct bp_var *y)
{
    int all = each.param[0]->rows, *index = bp_arena_take(&tape->arena, (size_t)all * sizeof *index);

    for (int i = 0; i < all; i++)
        index[i] = i % y->rows;
    return each.family->log_prob(tape, each, bp_take_rows(tape, y, index, all));
}

static struct bp_var *log_prob(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y)
{
    return bp_filter_mix(tape, p.param[0], log_prob_each(tape, components(p), y));
}

static struct bp_distribution mix(struct bp_tape *tape, struct bp_var *log_weight, struct bp_distribution each)
{
    struct mixed *mixed = bp_arena_take(&tape->arena, sizeof *mixed);
    struct bp_distribution p = {.family = &mixed->family, .param = {log_weight}};

    *mixed = (struct mixed){{.name = "mixture", .help = "summed over choices", .space = each.family->space, .log_prob = log_prob}, each.family};
    assert(!each.param[BP_DISTRIBUTION_PARAMS - 1]);
    for (int i = 1; i < BP_DISTRIBUTION_PARAMS; i++)
        p.param[i] = each.param[i - 1];
    return p;
}

/* ---- what is asked ---- */

/* log p(a_t | z_t, x_t) of what was done, K n x 1. The last step's tells of nothing that is asked here: it may be anything. */
static struct bp_var *log_prob_of_acted(const struct bp_scene *scene, struct bp_distribution each, const struct choices *c, int size)
{
    size_t known = (size_t)((c->rows - scene->batch) * size);
    float *acted;

    if (scene->steps == 1)
        return NULL;
    assert(scene->acted);
    acted = bp_arena_zeros(&scene->tape->arena, (size_t)(c->rows * size));
    memcpy(acted, scene->acted, known * sizeof *acted);
    return log_prob_each(scene->tape, each, bp_constant(scene->tape, c->rows, size, acted));
}

struct bp_distribution bp_marginal(const struct bp_scene *scene, const struct bp_level *high, const struct bp_level *low)
{
    struct choices c = choices(scene->tape, high->space.size, bp_scene_rows(scene));
    struct bp_distribution each = bp_level_at(scene, low, c.each, NULL, c.index, c.states * c.rows);
    struct bp_var *acted = log_prob_of_acted(scene, each, &c, low->space.size);

    assert(high->space.kind == BP_DISCRETE && high->net != BP_NO_NET);
    return mix(scene->tape, bp_filter(scene->tape, transitions(scene, high, &c), acted, scene->latent, scene->batch), each);
}

void bp_marginal_update(struct bp_tape *tape, struct bp_distribution mixture, struct bp_var *actions, float *latent)
{
    bp_filter_update(mixture.param[0], log_prob_each(tape, components(mixture), actions), latent);
}
