#include "learn/update.h"

#include "learn/actor_critic.h"
#include "learn/distill.h"
#include "learn/skills.h"
#include "learn/svg.h"

#include <math.h>
#include <string.h>

const struct bp_algorithm *const bp_algorithms[] = {&bp_svg, &bp_actor_critic, &bp_skills, &bp_distill, NULL};

const struct bp_algorithm *bp_update_algorithm(const char *name)
{
    const struct bp_algorithm *const *row = bp_algorithms;

    while (*row && strcmp((*row)->name, name))
        row++;
    return *row;
}

static void begin_microbatch(const struct bp_work *work)
{
    bp_tape_reset(&work->shard->tape);
    work->shard->batch.batch = bp_learner_microbatch(work->learner, work->microbatch);
}

static void backward(const struct bp_work *work)
{
    struct bp_shard *shard = work->shard;

    work->learner->config.algorithm->losses(work);
    bp_tape_backward(&shard->tape);
    for (int i = 0; i < shard->batch.steps * shard->batch.batch; i++)
        shard->stats.transitions += (double)shard->batch.mask[i];
}

void bp_update_gradients(struct bp_learner *learner, const void *from, int shard)
{
    struct bp_work work = {.learner = learner, .shard = &learner->shards[shard], .index = shard};

    bp_shard_begin(learner, work.shard);
    for (; work.microbatch < learner->microbatches; work.microbatch++) {
        begin_microbatch(&work);
        learner->config.algorithm->draw(&work, from);
        backward(&work);
    }
    bp_shard_end(work.shard);
}

size_t bp_update_tape_bytes(struct bp_learner *learner)
{
    struct bp_work work = {.learner = learner, .shard = &learner->shards[0]};
    size_t peak;

    bp_shard_begin(learner, work.shard);
    begin_microbatch(&work);
    backward(&work);
    peak = work.shard->tape.arena.peak;
    bp_shard_end(work.shard);
    work.shard->stats = (struct bp_update_stats){0};
    return peak;
}

int bp_update_metrics(const struct bp_algorithm *algorithm)
{
    int count = 0;

    while (algorithm->metric[count].name)
        count++;
    return count;
}

double bp_update_metric(const struct bp_learner *learner, const struct bp_update_stats *stats, int i)
{
    const struct bp_metric *metric = &learner->config.algorithm->metric[i];
    double n = metric->average == BP_PER_UPDATE ? stats->updates : stats->transitions;

    if (!(n > 0) || (metric->measured && !metric->measured(&learner->agent)))
        return NAN;
    return stats->sum[i] / n / (metric->scaled ? learner->config.reward_scale : 1);
}

bool bp_update_finite(const struct bp_update_stats *stats)
{
    bool finite = true;

    for (int i = 0; i < BP_METRICS; i++)
        finite &= isfinite(stats->sum[i]) != 0;
    return finite;
}
