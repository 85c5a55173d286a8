#include "learn/dataset.h"

#include "base/random.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

/* Episodes 0 ... held-1 are held out, the others learned from. */
struct bp_dataset {
    int observation_size, action_size, latent_size;
    struct bp_recorded *episodes;       /* the arrays of each are one allocation, owned by observations */
    int64_t count, room, held;
    int64_t *ends;                  /* steps up to and with each episode that is learned from, set by split */
};

struct bp_dataset *bp_dataset_new(int observation_size, int action_size, int latent_size)
{
    struct bp_dataset *dataset = calloc(1, sizeof *dataset);

    if (!dataset) {
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    dataset->observation_size = observation_size;
    dataset->action_size = action_size;
    dataset->latent_size = latent_size;
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
    struct bp_recorded *episodes = realloc(dataset->episodes, (size_t)room * sizeof *episodes);

    if (!episodes)
        return bp_error(BP_FAILURE, "out of memory");
    dataset->episodes = episodes;
    dataset->room = room;
    return 0;
}

int bp_dataset_add(struct bp_dataset *dataset, int length, const struct bp_groups *inputs, const float *observations, int stride,
                   const float *actions, const float *latents, const uint8_t *drawn)
{
    size_t seen = (size_t)length * (size_t)dataset->observation_size, acted = (size_t)length * (size_t)dataset->action_size;
    size_t drew = (size_t)length * (size_t)dataset->latent_size, marks = drew ? (size_t)length : 0;
    struct bp_recorded *episode;

    if (dataset->count == dataset->room && grow(dataset))
        return -1;
    episode = &dataset->episodes[dataset->count];
    if (!(episode->observations = malloc((seen + acted + drew + marks) * sizeof(float))))
        return bp_error(BP_FAILURE, "out of memory for the trajectories");
    episode->length = length;
    episode->actions = episode->observations + seen;
    bp_groups_gather(inputs, observations, stride, length, episode->observations);
    memcpy(episode->actions, actions, acted * sizeof(float));
    episode->latents = drew ? episode->actions + acted : NULL;
    episode->drawn = drew ? episode->latents + drew : NULL;
    if (drew)
        memcpy(episode->latents, latents, drew * sizeof(float));
    for (size_t t = 0; t < marks; t++)
        episode->drawn[t] = drawn[t];
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

const struct bp_recorded *bp_dataset_held_out(const struct bp_dataset *dataset, int64_t i)
{
    return i < dataset->held ? &dataset->episodes[i] : NULL;
}

/* ---- drawing ---- */

/* The episode that holds the n-th step of those learned from; n becomes the step in it. */
static const struct bp_recorded *at_step(const struct bp_dataset *dataset, int64_t *n)
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

static const struct bp_recorded *any_episode(const struct bp_dataset *dataset, gsl_rng *stream)
{
    return &dataset->episodes[dataset->held + (int64_t)(gsl_rng_uniform(stream) * (double)(dataset->count - dataset->held))];
}

/* The latent in force at a step, zeros before the first. */
static void copy_latent(const struct bp_dataset *dataset, const struct bp_recorded *episode, int64_t step, float *to)
{
    size_t size = (size_t)dataset->latent_size;

    if (step < 0)
        memset(to, 0, size * sizeof *to);
    else
        memcpy(to, episode->latents + (size_t)step * size, size * sizeof *to);
}

void bp_dataset_draw(const struct bp_dataset *dataset, gsl_rng *stream, struct bp_batch *batch, int b, float *before)
{
    size_t size = (size_t)dataset->observation_size, actions = (size_t)dataset->action_size;
    int64_t from = (int64_t)(gsl_rng_uniform(stream) * (double)dataset->ends[dataset->count - 1]);
    const struct bp_recorded *episode = at_step(dataset, &from);

    if (dataset->latent_size)
        copy_latent(dataset, episode, from - 1, before);
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
        if (dataset->latent_size)
            copy_latent(dataset, episode, from, batch->latents + row * (size_t)dataset->latent_size);
        batch->drawn[row] = dataset->latent_size ? episode->drawn[from] : 1;
    }
}
