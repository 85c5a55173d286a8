#include "learn/acts.h"

#include "nn/choice.h"
#include "nn/linear.h"
#include "nn/loss.h"
#include "nn/rows.h"

#include <math.h>
#include <string.h>

struct bp_distribution bp_acts_reference(const struct bp_scene *scene, const struct bp_level *high)
{
    struct bp_level fixed = *high;

    fixed.net = BP_NO_NET;
    fixed.family = high->space.kind == BP_DISCRETE ? high->family : NULL;
    fixed.before = false;
    fixed.correlation = 0;
    return bp_level_given(scene, &fixed, NULL, NULL);
}

/* What both kinds of latents start from. */
struct setting {
    const struct bp_work *w;
    const struct bp_target_critics *critics;
    const struct bp_level *high, *low, *prior;      /* prior NULL: none */
    struct bp_scene scene, targets;
    struct bp_net_seen seen[BP_ROLES], seen_target[BP_ROLES];
    struct bp_distribution p_high;                  /* pi^H(z|x) */
    int rows;
};

static void set(struct setting *s, const struct bp_work *w, bool target, const struct bp_target_critics *critics)
{
    const struct bp_agent *agent = &w->learner->agent;
    const struct bp_batch *b = &w->shard->batch;

    *s = (struct setting){.w = w, .critics = critics, .high = &agent->behaviour[BP_POLICY].level[0], .low = &agent->behaviour[BP_POLICY].level[1]};
    s->prior = agent->behaviour[BP_PRIOR].levels ? &agent->behaviour[BP_PRIOR].level[0] : NULL;
    s->scene = bp_work_scene(w, target, b->steps + 1);
    s->targets = bp_work_scene(w, true, b->steps + 1);
    s->scene.seen = s->seen;
    s->targets.seen = target ? s->seen : s->seen_target;
    s->rows = bp_scene_rows(&s->scene);
    s->p_high = bp_level_given(&s->scene, s->high, NULL, NULL);
}

/* Where a period begins. */
static float *periods(const struct setting *s)
{
    float *drawn = bp_arena_floats(&s->scene.tape->arena, (size_t)s->rows);

    for (int i = 0; i < s->rows; i++)
        drawn[i] = s->scene.episode_step[i] % s->high->period == 0;
    return drawn;
}

/* log pi(a|z, x) of what acted. */
static struct bp_var *log_prob_acted(const struct setting *s, struct bp_var *latents)
{
    struct bp_tape *tape = s->scene.tape;
    const struct bp_batch *b = &s->w->shard->batch;
    size_t size = (size_t)s->low->space.size, known = (size_t)(b->steps * b->batch) * size;
    float *actions = bp_arena_zeros(&tape->arena, (size_t)s->rows * size);
    struct bp_distribution pi = bp_level_given(&s->scene, s->low, latents, NULL);

    memcpy(actions, b->actions, known * sizeof *actions);
    return pi.family->log_prob(tape, pi, bp_constant(tape, s->rows, s->low->space.size, actions));
}

/* Q' - alpha KL, in the learner's units. */
static struct bp_var *worth(const struct setting *s, struct bp_var *q, struct bp_var *kl)
{
    const struct bp_learner_config *c = &s->w->learner->config;

    return kl ? bp_add(s->scene.tape, q, bp_scale(s->scene.tape, kl, -(float)(c->reward_scale * c->kl_cost))) : q;
}

/* KL(pi^H || q), y drawn from pi^H where it takes one; NULL: it is q. */
static struct bp_var *kl_high(const struct setting *s, struct bp_var *y)
{
    if (s->high->net == BP_NO_NET)
        return NULL;
    return bp_distribution_kl(s->scene.tape, s->p_high, bp_acts_reference(&s->scene, s->high), y);
}

/* ---- numbers ---- */

/* Those of y where drawn, those of the replay elsewhere. */
static struct bp_var *drawn_or_held(struct bp_tape *tape, struct bp_var *y, struct bp_var *held, const float *drawn)
{
    struct bp_var *both[] = {y, held};
    int rows = y->rows, *index = bp_arena_take(&tape->arena, (size_t)rows * sizeof *index);

    for (int i = 0; i < rows; i++)
        index[i] = drawn[i] > 0 ? i : rows + i;
    return bp_take_rows(tape, bp_stack_rows(tape, both, 2), index, rows);
}

static struct bp_acts along_numbers(struct setting *s, struct bp_var *latents)
{
    struct bp_tape *tape = s->scene.tape;
    const float *noise = s->w->shard->noise, *drawn = periods(s), *mark = s->w->shard->batch.drawn;
    struct bp_var *fresh = s->high->family->sample(tape, s->p_high, noise), *z = drawn_or_held(tape, fresh, latents, drawn), *kl = kl_high(s, fresh);
    struct bp_distribution pi = bp_level_given(&s->scene, s->low, z, NULL);
    struct bp_acts acts = {.latents = latents, .pi = pi, .entropy = pi.family->entropy(tape, pi)};
    struct bp_var *parts[] = {log_prob_acted(s, latents), s->p_high.family->log_prob(tape, s->p_high, latents)};
    const float *weights[] = {NULL, mark};

    acts.action = s->low->family->sample(tape, pi, noise + s->rows * s->high->family->noise(s->high->space.size));
    acts.q = bp_work_target_value(s->w, s->critics, 0, bp_clip_action(tape, acts.action), z);
    acts.kl = s->prior ? bp_distribution_kl(tape, pi, bp_level_given(&s->targets, s->prior, NULL, NULL), acts.action) : NULL;
    acts.worth = worth(s, acts.q, acts.kl);
    acts.kl_high = kl ? bp_weighted_sum(tape, &kl, &drawn, 1) : NULL;
    acts.log_prob = bp_weighted_sum(tape, parts, weights, 2);
    return acts;
}

/* ---- choices ---- */

/*
 * The choice before each row: 1 where it is; zeros where an episode begins, and where a sequence begins with a choice that was just made, of which
 * the one before is not known.
 */
static float *choices_before(const struct setting *s)
{
    const struct bp_batch *b = &s->w->shard->batch;
    size_t size = (size_t)s->high->space.size, batch = (size_t)b->batch;
    float *before = bp_arena_zeros(&s->scene.tape->arena, (size_t)s->rows * size);

    for (size_t i = 0; i < (size_t)s->rows; i++) {
        const float *from = b->drawn[i] == 0 ? b->latents + i * size : i >= batch ? b->latents + (i - batch) * size : s->scene.latent ? s->scene.latent + i * size : NULL;
        if (from && s->scene.episode_step[i] > 0)
            memcpy(before + i * size, from, size * sizeof *from);
    }
    return before;
}

/* How likely the choice before ends: as the network says, or where the period does. */
static struct bp_var *ends(struct setting *s, const float *before)
{
    if (s->high->ends)
        return bp_level_end(&s->scene, s->high, bp_constant(s->scene.tape, s->rows, s->high->space.size, before));
    return bp_constant(s->scene.tape, s->rows, 1, periods(s));
}

/* 1 where there is a choice before that may end. */
static float *may_end(const struct setting *s, const float *before)
{
    size_t size = (size_t)s->high->space.size;
    float *may = bp_arena_zeros(&s->scene.tape->arena, (size_t)s->rows);

    for (size_t i = 0; i < (size_t)s->rows * size; i++)
        may[i / size] += before[i];
    return may;
}

/* How likely a choice is made: where there is none before, it is. */
static struct bp_var *drawn(const struct setting *s, struct bp_var *end, const float *may)
{
    float *must = bp_arena_floats(&s->scene.tape->arena, (size_t)s->rows);
    const float *const weights[] = {may, NULL};

    for (int i = 0; i < s->rows; i++)
        must[i] = 1 - may[i];
    struct bp_var *parts[] = {end, bp_constant(s->scene.tape, s->rows, 1, must)};
    return bp_weighted_sum(s->scene.tape, parts, weights, 2);
}

/* log p of what acted, by its place in p. */
static struct bp_var *log_of_acted(const struct setting *s, const struct bp_var *p)
{
    float *log_p = bp_arena_zeros(&s->scene.tape->arena, (size_t)s->rows);
    const float *latents = s->w->shard->batch.latents;

    for (int i = 0, choices = p->cols; i < s->rows; i++) {
        double sum = 0;
        for (int k = 0; k < choices; k++)
            sum += (double)latents[i * choices + k] * (double)p->value[i * choices + k];
        log_p[i] = (float)log(fmax(sum, 1e-30));
    }
    return bp_constant(s->scene.tape, s->rows, 1, log_p);
}

/* Each row once for each choice, in blocks: which row, and the block's choice; the same noise in all blocks. */
struct blocks {
    int rows, *index;
    struct bp_var *choice;
    float *noise;
};

static struct blocks blocks(const struct setting *s)
{
    struct bp_arena *arena = &s->scene.tape->arena;
    size_t choices = (size_t)s->high->space.size, n = (size_t)s->rows, all = choices * n, numbers = (size_t)s->low->family->noise(s->low->space.size);
    const float *noise = s->w->shard->noise + n * (size_t)bp_behaviour_level_noise(&s->w->learner->agent.behaviour[BP_POLICY], 0);
    struct blocks b = {.rows = (int)all, .index = bp_arena_take(arena, all * sizeof *b.index), .noise = bp_arena_floats(arena, all * numbers)};
    float *one = bp_arena_zeros(arena, all * choices);

    for (size_t i = 0; i < all; i++) {
        b.index[i] = (int)(i % n);
        one[i * choices + i / n] = 1;
        memcpy(b.noise + i * numbers, noise + i % n * numbers, numbers * sizeof *noise);
    }
    b.choice = bp_constant(s->scene.tape, (int)all, (int)choices, one);
    return b;
}

static struct bp_acts along_choices(struct setting *s, struct bp_var *latents)
{
    struct bp_tape *tape = s->scene.tape;
    const float *before = choices_before(s);
    struct bp_var *end = ends(s, before), *p = bp_end_or_hold(tape, s->p_high.param[0], end, before), *kl = kl_high(s, NULL);
    struct blocks b = blocks(s);
    struct bp_distribution pi = bp_level_at(&s->scene, s->low, b.choice, NULL, b.index, b.rows);
    struct bp_target_critics critics = *s->critics;
    struct bp_acts acts = {.latents = latents, .pi = pi, .weight = p};
    struct bp_var *parts[] = {log_prob_acted(s, latents), log_of_acted(s, p)}, *each_q, *each_kl = NULL;
    const float *weights[] = {NULL, NULL}, *may = may_end(s, before);

    for (int i = 0; i < BP_CRITICS; i++)
        critics.features[i] = critics.features[i] ? bp_take_rows(tape, critics.features[i], b.index, b.rows) : NULL;
    acts.action = s->low->family->sample(tape, pi, b.noise);
    each_q = bp_work_target_value(s->w, &critics, 0, bp_clip_action(tape, acts.action), b.choice);
    if (s->prior)
        each_kl = bp_distribution_kl(tape, pi, bp_level_at(&s->targets, s->prior, NULL, NULL, b.index, b.rows), acts.action);
    acts.worth = bp_expect(tape, p, worth(s, each_q, each_kl));
    acts.q = bp_expect(tape, p, each_q);
    acts.kl = each_kl ? bp_expect(tape, p, each_kl) : NULL;
    acts.entropy = bp_expect(tape, p, pi.family->entropy(tape, pi));
    acts.kl_high = kl ? bp_expect(tape, drawn(s, end, may), kl) : NULL;
    acts.end = s->high->ends ? bp_weighted_sum(tape, &end, &may, 1) : NULL;
    acts.log_prob = bp_weighted_sum(tape, parts, weights, 2);
    return acts;
}

/* ---- both ---- */

struct bp_acts bp_acts_along(const struct bp_work *w, bool target, const struct bp_target_critics *critics)
{
    struct setting s;

    set(&s, w, target, critics);
    struct bp_var *latents = bp_constant(s.scene.tape, s.rows, s.high->space.size, w->shard->batch.latents);
    return s.high->space.kind == BP_DISCRETE ? along_choices(&s, latents) : along_numbers(&s, latents);
}

struct bp_var *bp_acts_prior_kl(const struct bp_work *w, const struct bp_acts *acts)
{
    struct bp_scene scene = bp_work_scene(w, false, w->shard->batch.steps + 1);
    const struct bp_level *prior = &w->learner->agent.behaviour[BP_PRIOR].level[0];
    struct bp_distribution fixed = bp_distribution_stop_gradient(scene.tape, acts->pi);
    struct bp_var *action = bp_stop_gradient(scene.tape, acts->action);
    int rows = bp_scene_rows(&scene), all = action->rows, *index = bp_arena_take(&scene.tape->arena, (size_t)all * sizeof *index);

    for (int i = 0; i < all; i++)
        index[i] = i % rows;
    struct bp_var *kl = bp_distribution_kl(scene.tape, fixed, bp_level_at(&scene, prior, NULL, NULL, acts->weight ? index : NULL, all), action);
    return acts->weight ? bp_expect(scene.tape, bp_stop_gradient(scene.tape, acts->weight), kl) : kl;
}
