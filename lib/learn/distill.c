#include "learn/distill.h"

#include "learn/learner.h"
#include "nn/loss.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

struct episode {
    int length;
    float *observations, *actions;  /* one allocation, owned by observations */
};

/* Episodes 0 ... held-1 are held out, the others learned from. */
struct bp_dataset {
    int observation_size, action_size;
    struct episode *episodes;
    int64_t count, room, held;
    int64_t *ends;                  /* steps up to and with each episode that is learned from, set by split */
};

struct bp_dataset *bp_dataset_new(int observation_size, int action_size)
{
    struct bp_dataset *dataset = calloc(1, sizeof *dataset);

    if (!dataset) {
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    dataset->observation_size = observation_size;
    dataset->action_size = action_size;
    return dataset;
}

void bp_dataset_free(struct bp_dataset *dataset)
{
    if (!dataset)
        return;
    for (int64_t i = 0; i < dataset->count; i++)
        free(dataset->episodes[i].observations);
    free(dataset->episodes);
    free(dataset->ends);
    free(dataset);
}

static int grow(struct bp_dataset *dataset)
{
    int64_t room = dataset->room ? 2 * dataset->room : 256;
    struct episode *episodes = realloc(dataset->episodes, (size_t)room * sizeof *episodes);

    if (!episodes)
        return bp_error(BP_FAILURE, "out of memory");
    dataset->episodes = episodes;
    dataset->room = room;
    return 0;
}

int bp_dataset_add(struct bp_dataset *dataset, int length, const struct bp_groups *inputs, const float *observations, int stride,
                   const float *actions)
{
    size_t seen = (size_t)length * (size_t)dataset->observation_size, acted = (size_t)length * (size_t)dataset->action_size;
    struct episode *episode;

    if (dataset->count == dataset->room && grow(dataset))
        return -1;
    episode = &dataset->episodes[dataset->count];
    if (!(episode->observations = malloc((seen + acted) * sizeof(float))))
        return bp_error(BP_FAILURE, "out of memory for the trajectories");
    episode->length = length;
    episode->actions = episode->observations + seen;
    bp_groups_gather(inputs, observations, stride, length, episode->observations);
    memcpy(episode->actions, actions, acted * sizeof(float));
    dataset->count++;
    return 0;
}

int bp_dataset_split(struct bp_dataset *dataset, double share, uint64_t seed)
{
    gsl_rng *stream = bp_random_new();
    int64_t held = (int64_t)(share * (double)dataset->count), steps = 0;

    if (!stream)
        return -1;
    if (share > 0 && held == 0)
        held = 1;
    if (dataset->count - held < 1) {
        gsl_rng_free(stream);
        return bp_error(BP_USAGE, "%lld episodes are too few to hold some out and learn from the rest", (long long)dataset->count);
    }
    bp_random_seek(stream, seed, BP_FOR_SPLIT, 0, 0);
    gsl_ran_shuffle(stream, dataset->episodes, (size_t)dataset->count, sizeof *dataset->episodes);
    gsl_rng_free(stream);
    dataset->held = held;
    if (!(dataset->ends = malloc((size_t)dataset->count * sizeof *dataset->ends)))
        return bp_error(BP_FAILURE, "out of memory");
    for (int64_t i = 0; i < dataset->count; i++)
        dataset->ends[i] = i < held ? 0 : (steps += dataset->episodes[i].length);
    return 0;
}

int64_t bp_dataset_episodes(const struct bp_dataset *dataset, bool held_out)
{
    return held_out ? dataset->held : dataset->count - dataset->held;
}

int64_t bp_dataset_steps(const struct bp_dataset *dataset, bool held_out)
{
    int64_t steps = 0;

    for (int64_t i = held_out ? 0 : dataset->held; i < (held_out ? dataset->held : dataset->count); i++)
        steps += dataset->episodes[i].length;
    return steps;
}

/* ---- learning ---- */

/* The episode that holds the n-th step of those learned from; n becomes the step in it. */
static const struct episode *at_step(const struct bp_dataset *dataset, int64_t *n)
{
    int64_t low = dataset->held, high = dataset->count - 1;

    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (dataset->ends[middle] > *n)
            high = middle;
        else
            low = middle + 1;
    }
    *n -= low > dataset->held ? dataset->ends[low - 1] : 0;
    return &dataset->episodes[low];
}

static const struct episode *any_episode(const struct bp_dataset *dataset, gsl_rng *stream)
{
    return &dataset->episodes[dataset->held + (int64_t)(gsl_rng_uniform(stream) * (double)(dataset->count - dataset->held))];
}

/*
 * A sequence starts at any step, all equally likely; after an episode's last step comes another episode from its start, drawn anew. So
 * each row is uniform over all steps.
 */
static void draw_sequence(const struct bp_dataset *dataset, gsl_rng *stream, struct bp_batch *batch, int b)
{
    size_t size = (size_t)dataset->observation_size, actions = (size_t)dataset->action_size;
    int64_t from = (int64_t)(gsl_rng_uniform(stream) * (double)dataset->ends[dataset->count - 1]);
    const struct episode *episode = at_step(dataset, &from);

    for (int t = 0; t < batch->steps; t++, from++) {
        size_t row = (size_t)(t * batch->batch + b);
        if (from == episode->length) {
            episode = any_episode(dataset, stream);
            from = 0;
        }
        batch->mask[row] = t >= batch->burn_in;
        batch->episode_step[row] = (int32_t)from;
        memcpy(batch->observations + row * size, episode->observations + (size_t)from * size, size * sizeof(float));
        memcpy(batch->actions + row * actions, episode->actions + (size_t)from * actions, actions * sizeof(float));
    }
}

/* log pi0(a|x) along the rows of a scene. */
static struct bp_var *log_prob(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const float *actions)
{
    struct bp_path none = {.levels = 1}, prior;

    none.level[0].net = BP_NO_NET;
    prior = bp_score(scene, behaviour, &none);
    return prior.level[0].p.family->log_prob(scene->tape, prior.level[0].p, actions);
}

/* A shard's sequences are drawn one after the other, however they are cut into microbatches. */
static void draw(const struct bp_work *w, const void *from)
{
    struct bp_shard *shard = w->shard;

    if (w->microbatch == 0)
        bp_random_seek(shard->stream, w->learner->config.seed, BP_FOR_SAMPLE, (uint64_t)w->index, (uint64_t)w->learner->updates);
    for (int b = 0; b < shard->batch.batch; b++)
        draw_sequence(from, shard->stream, &shard->batch, b);
}

/* L = -log pi0(a|x) (EH eq. 5) */
static void losses(const struct bp_work *w)
{
    const struct bp_learner *learner = w->learner;
    const struct bp_batch *batch = &w->shard->batch;
    float mean = (float)(1 / ((double)learner->config.unroll * (double)learner->config.batch));
    struct bp_scene scene = {.tape = &w->shard->tape, .groups = &learner->agent.groups, .use = w->shard->use, .observations = batch->observations,
                             .steps = batch->steps, .batch = batch->batch, .episode_step = batch->episode_step};
    struct bp_var *log_p = log_prob(&scene, &learner->agent.behaviour[BP_PRIOR], batch->actions);

    w->shard->stats.sum[BP_DISTILL_LOSS] += bp_add_loss(log_p, -mean, batch->mask);
}

static const struct bp_metric metrics[] = {
    [BP_DISTILL_LOSS] = {"prior_loss", "-log pi0(a|x), nats a step", BP_PER_UPDATE, false, NULL},
    {0},
};

const struct bp_algorithm bp_distill = {
    .name = "distill",
    .help = "maximum likelihood of recorded actions",
    .metric = metrics,
    .draw = draw,
    .losses = losses,
};

double bp_distill_held_out(struct bp_learner *learner, const struct bp_dataset *dataset, int index)
{
    const struct bp_net_use use[BP_ROLES] = {[BP_PRIOR] = {.net = &learner->agent.net[BP_PRIOR], .params = learner->trained[BP_PRIOR].online}};
    struct bp_shard *shard = &learner->shards[index];
    struct bp_tape *tape = &shard->tape;
    double sum = 0;

    bp_shard_borrow(learner, shard);
    for (int64_t i = index; i < dataset->held; i += learner->config.shards) {
        const struct episode *episode = &dataset->episodes[i];
        bp_tape_reset(tape);
        struct bp_scene whole = {.tape = tape, .groups = &learner->agent.groups, .use = use, .observations = episode->observations,
                                 .steps = episode->length, .batch = 1};
        struct bp_var *log_p = log_prob(&whole, &learner->agent.behaviour[BP_PRIOR], episode->actions);
        for (int t = 0; t < episode->length; t++)
            sum += (double)log_p->value[t];
    }
    bp_shard_end(shard);
    return sum;
}
