#include "learn/work.h"

#include "learn/retrace.h"
#include "nn/loss.h"
#include "nn/math.h"

#include <string.h>

/* The states come as rows with one part after the other, as the agent lists them; networks take dense rows of their own. */
static void split_states(const struct bp_work *w)
{
    const struct bp_agent *agent = &w->learner->agent;
    struct bp_shard *shard = w->shard;
    size_t batch = (size_t)shard->batch.batch, width = (size_t)w->learner->state_size, latent = (size_t)agent->latent.size;
    const float *from = shard->batch.state;

    if (!w->learner->config.stored_state)
        return;
    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = (size_t)agent->net[role].state_size;
        for (size_t b = 0; size && b < batch; b++)
            memcpy(shard->states[role] + b * size, from + b * width, size * sizeof(float));
        from += size;
    }
    for (size_t b = 0; latent && b < batch; b++)
        memcpy(shard->latent + b * latent, from + b * width, latent * sizeof(float));
}

void bp_work_draw(const struct bp_work *w, const void *from)
{
    const struct bp_learner *learner = w->learner;
    struct bp_shard *shard = w->shard;
    uint64_t number = (uint64_t)(w->index * learner->microbatches + w->microbatch);
    int rows = (shard->batch.steps + 1) * shard->batch.batch;

    bp_random_seek(shard->stream, learner->config.seed, BP_FOR_SAMPLE, number, (uint64_t)learner->updates);
    bp_replay_draw(from, shard->stream, &shard->batch);
    bp_random_seek(shard->stream, learner->config.seed, BP_FOR_UPDATE, number, (uint64_t)learner->updates);
    bp_random_normal(shard->stream, shard->noise, rows * bp_behaviour_noise(&learner->agent.behaviour[BP_POLICY]));
    split_states(w);
}

struct bp_scene bp_work_scene(const struct bp_work *w, bool target, int steps)
{
    bool stored = w->learner->config.stored_state;

    return (struct bp_scene){
        .tape = &w->shard->tape,
        .groups = &w->learner->agent.groups,
        .use = target ? w->shard->use_target : w->shard->use,
        .observations = w->shard->batch.observations,
        .steps = steps,
        .batch = w->shard->batch.batch,
        .episode_step = w->shard->batch.episode_step,
        .state = stored ? w->shard->states : NULL,
        .latent = stored ? w->shard->latent : NULL,
        .acted = w->shard->batch.actions,
    };
}

struct bp_var *bp_work_features(const struct bp_work *w, enum bp_role role, bool target, int steps)
{
    struct bp_scene here = bp_work_scene(w, target, steps);
    struct bp_sequences sequences = {steps, here.batch, here.episode_step, here.state ? here.state[role] : NULL, NULL};

    return bp_net_features(here.tape, here.use[role], bp_agent_inputs(here.tape, &w->learner->agent, role, here.observations, steps * here.batch), &sequences);
}

struct bp_var *bp_work_critic(const struct bp_work *w, enum bp_role role, bool target, struct bp_var *features, struct bp_var *actions,
                             struct bp_var *latent)
{
    struct bp_var *late[] = {actions, latent};

    return bp_net_output(&w->shard->tape, (target ? w->shard->use_target : w->shard->use)[role], features, late);
}

struct bp_target_critics bp_work_target_critics(const struct bp_work *w, int steps)
{
    struct bp_target_critics critics = {{0}};

    for (int i = 0; i < BP_CRITICS; i++)
        if (w->learner->agent.has[BP_CRITIC + i])
            critics.features[i] = bp_work_features(w, (enum bp_role)(BP_CRITIC + i), true, steps);
    return critics;
}

struct bp_var *bp_work_target_value(const struct bp_work *w, const struct bp_target_critics *critics, int first, struct bp_var *actions,
                                   struct bp_var *latent)
{
    struct bp_tape *tape = &w->shard->tape;
    struct bp_var *lowest = NULL;

    for (int i = 0; i < BP_CRITICS && critics->features[i]; i++) {
        struct bp_var *features = bp_slice_rows(tape, critics->features[i], first, actions->rows);
        struct bp_var *q = bp_work_critic(w, (enum bp_role)(BP_CRITIC + i), true, features, actions, latent);
        lowest = lowest ? bp_minimum(tape, lowest, q) : q;
    }
    return lowest;
}

double bp_work_sum(const struct bp_var *x, const float *weight, int rows)
{
    double total = 0;

    for (int i = 0; x && i < rows; i++)
        total += (double)(weight ? weight[i] : 1) * (double)x->value[i];
    return total;
}

float *bp_work_retrace(const struct bp_work *w, const float *log_prob, const float *reward, const float *value, const float *q, double *traces)
{
    const struct bp_batch *b = &w->shard->batch;
    size_t rows = (size_t)(b->steps * b->batch);
    struct bp_arena *arena = &w->shard->tape.arena;
    float *trace = bp_arena_floats(arena, rows), *discount = bp_arena_floats(arena, rows), *target = bp_arena_floats(arena, rows);

    for (size_t i = 0; i < rows; i++) {
        float ratio = bp_exp(log_prob[i] - b->log_prob[i]);
        trace[i] = b->mask[i] * (float)w->learner->config.retrace_lambda * (ratio > 1 ? 1 : ratio);
        discount[i] = (float)w->learner->config.discount * b->nonterminal[i];
        *traces += (double)trace[i];
    }
    bp_retrace(b->steps, b->batch, reward, discount, value, q, trace + b->batch, target);
    return target;
}

double bp_work_rewarded(const struct bp_work *w)
{
    const struct bp_batch *b = &w->shard->batch;
    int rewarded = 0;

    for (int i = 0; i < b->batch; i++) {
        bool any = false;
        for (int t = 0; t < b->steps; t++)
            any |= b->mask[t * b->batch + i] != 0 && b->reward[t * b->batch + i] != 0;
        rewarded += any;
    }
    return (double)rewarded / w->learner->config.batch;
}
