#include "learn/distill.h"

#include "learn/learner.h"
#include "model/inference.h"
#include "nn/linear.h"
#include "nn/loss.h"

/* A shard's sequences are drawn one after the other, however they are cut into microbatches. */
static void draw(const struct bp_work *w, const void *from)
{
    struct bp_shard *shard = w->shard;
    int noise = bp_agent_noise(&w->learner->agent), latent = w->learner->agent.latent.size;

    if (w->microbatch == 0)
        bp_random_seek(shard->stream, w->learner->config.seed, BP_FOR_SAMPLE, (uint64_t)w->index, (uint64_t)w->learner->updates);
    for (int b = 0; b < shard->batch.batch; b++) {
        bp_dataset_draw(from, shard->stream, &shard->batch, b, shard->latent + b * latent);
        for (int t = 0; t < shard->batch.steps; t++)
            bp_random_normal(shard->stream, shard->noise + (t * shard->batch.batch + b) * noise, noise);
    }
}

/* ---- likelihoods ---- */

/* What was recorded, beside the observations of a scene, and what is drawn: rows of it. */
struct given {
    const float *actions;
    const float *latents, *drawn;       /* NULL: none */
    const float *noise;                 /* for an inference network */
};

/* What grows (n x 1), and the share of the latent in it (NULL: a flat prior). */
struct likelihood {
    struct bp_var *sum, *high;
};

static struct bp_var *log_prob(const struct bp_scene *scene, const struct bp_level *level, struct bp_distribution p, const float *y)
{
    return p.family->log_prob(scene->tape, p, bp_constant(scene->tape, scene->steps * scene->batch, level->space.size, y));
}

/* log pi0(a|x); of a prior whose latents are choices, summed over all of them: log pi0(a_t | x_1 ... x_t, a_1 ... a_{t-1}) */
static struct likelihood of_actions(const struct bp_scene *scene, const struct bp_behaviour *prior, const struct given *r)
{
    struct bp_path at = {.levels = 1}, pi0;

    at.level[0].net = BP_NO_NET;
    pi0 = bp_score(scene, prior, &at);
    return (struct likelihood){log_prob(scene, &prior->level[prior->levels - 1], pi0.level[0].p, r->actions), NULL};
}

/* log pi0(a|z, x) + log pi0(z|x), where z was drawn */
static struct likelihood of_latents(const struct bp_scene *scene, const struct bp_behaviour *prior, const struct given *r)
{
    int rows = scene->steps * scene->batch;
    const float *weight[] = {NULL, r->drawn};
    struct bp_path at = {.levels = 2}, pi0;
    struct bp_var *term[2];

    at.level[0].net = at.level[1].net = BP_NO_NET;
    at.level[0].y = bp_constant(scene->tape, rows, prior->level[0].space.size, r->latents);
    pi0 = bp_score(scene, prior, &at);
    term[0] = log_prob(scene, &prior->level[1], pi0.level[1].p, r->actions);
    term[1] = log_prob(scene, &prior->level[0], pi0.level[0].p, r->latents);
    return (struct likelihood){bp_weighted_sum(scene->tape, term, weight, 2), bp_weighted_sum(scene->tape, term + 1, weight + 1, 1)};
}

/* log pi0(a|z, x) - KL(q || pi0(z|x)), z drawn from q (EH eq. 15) */
static struct likelihood bound(const struct bp_scene *scene, const struct bp_agent *agent, const struct given *r)
{
    const struct bp_behaviour *prior = &agent->behaviour[BP_PRIOR];
    struct bp_path q = bp_infer(scene, &agent->inference, r->noise), pi0 = bp_score(scene, prior, &q);
    struct bp_var *term[] = {log_prob(scene, &prior->level[1], pi0.level[1].p, r->actions), bp_scale(scene->tape, bp_path_kl(scene->tape, &q, &pi0).sum, -1)};
    const float *const all[] = {NULL, NULL};

    return (struct likelihood){bp_weighted_sum(scene->tape, term, all, 2), term[1]};
}

static struct likelihood likelihood(const struct bp_scene *scene, const struct bp_agent *agent, const struct given *given)
{
    const struct bp_behaviour *prior = &agent->behaviour[BP_PRIOR];
    struct bp_scene going_back = *scene;

    going_back.acted = given->actions;
    if (prior->levels == 1 || (agent->inference.family && agent->inference.net == BP_NO_NET))
        return of_actions(&going_back, prior, given);
    if (!agent->inference.family)
        return of_latents(scene, prior, given);
    going_back.latent = NULL;
    going_back.through_time = true;
    return bound(&going_back, agent, given);
}

/* ---- learning ---- */

static double weighed(const struct bp_var *x, const float *mask)
{
    double sum = 0;

    for (int i = 0; i < x->rows; i++)
        sum += (double)x->value[i] * (double)(mask ? mask[i] : 1);
    return sum;
}

/* L = -log pi0(a|x) (EH eq. 5), or of what the prior's kind has in its place. */
static void losses(const struct bp_work *w)
{
    const struct bp_learner *learner = w->learner;
    const struct bp_batch *batch = &w->shard->batch;
    double mean = 1 / ((double)learner->config.unroll * (double)learner->config.batch);
    struct bp_scene scene = {.tape = &w->shard->tape, .groups = &learner->agent.groups, .use = w->shard->use, .observations = batch->observations,
                             .steps = batch->steps, .batch = batch->batch, .episode_step = batch->episode_step, .latent = w->shard->latent};
    struct given given = {batch->actions, batch->latents, batch->drawn, w->shard->noise};
    struct likelihood log_p = likelihood(&scene, &learner->agent, &given);

    w->shard->stats.sum[BP_DISTILL_LOSS] += bp_add_loss(log_p.sum, (float)-mean, batch->mask);
    if (log_p.high)
        w->shard->stats.sum[BP_DISTILL_LOSS_HIGH] -= mean * weighed(log_p.high, batch->mask);
}

static bool hierarchical(const struct bp_agent *agent)
{
    return agent->behaviour[BP_PRIOR].levels > 1;
}

static const struct bp_metric metrics[] = {
    [BP_DISTILL_LOSS] = {"prior_loss", "-log pi0(a|x), nats a step; of a hierarchy -log pi0(a, z|x), or minus the bound", BP_PER_UPDATE, false, NULL},
    [BP_DISTILL_LOSS_HIGH] = {"prior_loss_high", "of these, -log pi0(z|x), or KL(q || pi0)", BP_PER_UPDATE, false, hierarchical},
    {0},
};

const struct bp_algorithm bp_distill = {
    .name = "distill",
    .help = "maximum likelihood of recorded actions",
    .metric = metrics,
    .draw = draw,
    .losses = losses,
};

/* ---- held out ---- */

/* An episode as a whole; the arrays are the tape's. */
static struct given whole(struct bp_tape *tape, const struct bp_recorded *episode, int noise, gsl_rng *stream, int32_t *step)
{
    float *numbers = bp_arena_floats(&tape->arena, (size_t)(episode->length * noise) + 1);

    for (int t = 0; t < episode->length; t++)
        step[t] = t;
    bp_random_normal(stream, numbers, episode->length * noise);
    return (struct given){episode->actions, episode->latents, episode->drawn, numbers};
}

double bp_distill_held_out(struct bp_learner *learner, const struct bp_dataset *dataset, int index)
{
    struct bp_net_use use[BP_ROLES] = {{0}};
    struct bp_shard *shard = &learner->shards[index];
    struct bp_tape *tape = &shard->tape;
    double sum = 0;

    bp_shard_borrow(learner, shard);
    for (int role = 0; role < BP_ROLES; role++)
        if (learner->agent.has[role])
            use[role] = (struct bp_net_use){.net = &learner->agent.net[role], .params = learner->trained[role].online};
    const struct bp_recorded *episode;
    for (int64_t i = index; (episode = bp_dataset_held_out(dataset, i)); i += learner->config.shards) {
        bp_tape_reset(tape);
        bp_random_seek(shard->stream, learner->config.seed, BP_FOR_SPLIT, 1, (uint64_t)i);
        int32_t *step = bp_arena_take(&tape->arena, (size_t)episode->length * sizeof *step);
        struct given given = whole(tape, episode, bp_agent_noise(&learner->agent), shard->stream, step);
        struct bp_scene scene = {.tape = tape, .groups = &learner->agent.groups, .use = use, .observations = episode->observations,
                                 .steps = episode->length, .batch = 1, .episode_step = step};
        sum += weighed(likelihood(&scene, &learner->agent, &given).sum, NULL);
    }
    bp_shard_end(shard);
    return sum;
}
