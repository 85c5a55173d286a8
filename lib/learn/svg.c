#include "learn/svg.h"

#include "learn/retrace.h"
#include "nn/loss.h"
#include "nn/math.h"

#include <string.h>

/* One network's place in the shard's update. */
struct part {
    struct bp_learner *learner;
    struct bp_shard *shard;
};

static const float *state_of(const struct part *p, enum bp_role role)
{
    return p->learner->config.stored_state && p->learner->agent.net[role].state_size ? p->shard->states[role] : NULL;
}

/* The shard's states come as rows that hold every network's part, one after the other; networks take dense rows of their own. */
static void split_states(const struct part *p)
{
    const struct bp_agent *agent = &p->learner->agent;
    int offset = 0;

    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = agent->has[role] ? (size_t)agent->net[role].state_size : 0;
        for (size_t b = 0; size && b < (size_t)p->shard->batch.batch; b++)
            memcpy(p->shard->states[role] + b * size, p->shard->batch.state + b * (size_t)p->learner->state_size + offset,
                   size * sizeof(float));
        offset += (int)size;
    }
}

/* The first `steps` steps of the shard's sequences, as role's network takes them. */
static struct bp_sequences sequences_of(const struct part *p, enum bp_role role, int steps)
{
    return (struct bp_sequences){steps, p->shard->batch.batch, p->shard->batch.episode_step, state_of(p, role), NULL};
}

/* The Gaussian of role over the first `steps` steps; with target parameters, or learning ones. */
static struct bp_gaussian gaussian(const struct part *p, enum bp_role role, bool target, int steps)
{
    struct bp_sequences sequences = sequences_of(p, role, steps);
    struct bp_var *x = bp_agent_inputs(&p->shard->tape, &p->learner->agent, role, p->shard->batch.observations, steps * sequences.batch);

    return bp_agent_gaussian(&p->shard->tape, &p->learner->agent, role, bp_shard_use(p->learner, p->shard, role, target), x, &sequences);
}

/* What a critic, or its target, makes of the first `steps` steps before it looks at actions. */
static struct bp_var *features_of(const struct part *p, enum bp_role role, bool target, int steps)
{
    struct bp_sequences sequences = sequences_of(p, role, steps);
    struct bp_var *x = bp_agent_inputs(&p->shard->tape, &p->learner->agent, role, p->shard->batch.observations, steps * sequences.batch);

    return bp_net_features(&p->shard->tape, bp_shard_use(p->learner, p->shard, role, target), x, &sequences);
}

/* Q or Q' from features and actions of as many rows. */
static struct bp_var *critic(const struct part *p, enum bp_role role, bool target, struct bp_var *features, struct bp_var *actions)
{
    return bp_net_output(&p->shard->tape, bp_shard_use(p->learner, p->shard, role, target), features, actions);
}

/* Features that the target critics share among their values. */
struct target_critics {
    struct bp_var *features[BP_CRITICS];
};

static struct target_critics target_critics(const struct part *p, int steps)
{
    struct target_critics critics = {{0}};

    for (int i = 0; i < BP_CRITICS; i++)
        if (p->learner->agent.has[BP_CRITIC + i])
            critics.features[i] = features_of(p, (enum bp_role)(BP_CRITIC + i), true, steps);
    return critics;
}

/*
 * Q'(x, a) on rows from `first` on, as many as there are actions. Where there are two critics it is the lower one's: the policy seeks
 * whatever a critic overestimates, and two seldom err upwards alike (clipped double Q-learning). It is so wherever Q' is asked: with the
 * lower value in V^ alone and each critic's own in the differences, Retrace turns a critic's error e into -gamma c e / (1 - gamma c).
 */
static struct bp_var *target_value(const struct part *p, const struct target_critics *critics, int first, struct bp_var *actions)
{
    struct bp_tape *tape = &p->shard->tape;
    struct bp_var *lowest = NULL;

    for (int i = 0; i < BP_CRITICS && critics->features[i]; i++) {
        struct bp_var *q = critic(p, (enum bp_role)(BP_CRITIC + i), true, bp_slice_rows(tape, critics->features[i], first, actions->rows), actions);
        lowest = lowest ? bp_minimum(tape, lowest, q) : q;
    }
    return lowest;
}

/* Whose actions give values and traces: their distribution (fixed) on steps 0 ... K, and on 1 ... K the value Q'(x, a) - alpha KL. */
struct value_policy {
    struct bp_gaussian pi;
    struct bp_var *q, *kl;      /* kl: to the target prior (NULL: no prior) */
};

/* Q^R from rewards, values V^ = Q'(x, a~pi) - alpha KL, and traces c = lambda min(1, pi(a|x) / mu(a|x))     (BP eq. 11). */
static float *retrace_targets(const struct part *p, const struct value_policy *value_policy, const struct bp_var *q_replay)
{
    const struct bp_learner_config *c = &p->learner->config;
    const struct bp_batch *b = &p->shard->batch;
    struct bp_tape *tape = &p->shard->tape;
    int rows = b->steps * b->batch;
    float *value = bp_arena_floats(&tape->arena, (size_t)rows), *trace = bp_arena_floats(&tape->arena, (size_t)rows);
    float *reward = bp_arena_floats(&tape->arena, (size_t)rows), *discount = bp_arena_floats(&tape->arena, (size_t)rows);
    float *target = bp_arena_floats(&tape->arena, (size_t)rows);
    float alpha = (float)(c->reward_scale * c->kl_cost);
    struct bp_var *log_prob = bp_gaussian_log_prob(tape, bp_gaussian_slice_rows(tape, value_policy->pi, 0, rows), b->actions);

    for (int i = 0; i < rows; i++) {
        float ratio = bp_exp(log_prob->value[i] - b->log_prob[i]);
        value[i] = value_policy->q->value[i] - (value_policy->kl ? alpha * value_policy->kl->value[i] : 0);
        trace[i] = b->mask[i] * (float)c->retrace_lambda * (ratio > 1 ? 1 : ratio);
        reward[i] = (float)c->reward_scale * b->reward[i];
        discount[i] = (float)c->discount * b->nonterminal[i];
        p->shard->stats.trace += (double)trace[i];
    }
    bp_retrace(b->steps, b->batch, reward, discount, value, q_replay->value, trace + b->batch, target);
    return target;
}

static double sum(const struct bp_var *x, const float *weight)
{
    double total = 0;

    for (int i = 0; x && i < x->rows; i++)
        total += (double)weight[i] * (double)x->value[i];
    return total;
}

/* The policy itself, whose losses need its values anyway. */
static struct value_policy online_value_policy(const struct part *p, struct bp_gaussian pi, struct bp_var *q_policy, struct bp_var *kl)
{
    struct bp_tape *tape = &p->shard->tape;
    int batch = p->shard->batch.batch, rows = p->shard->batch.steps * batch;

    return (struct value_policy){bp_gaussian_stop_gradient(tape, pi), bp_slice_rows(tape, q_policy, batch, rows),
                                 kl ? bp_slice_rows(tape, kl, batch, rows) : NULL};
}

/* The target policy in the policy's place: steadier, for another forward pass. */
static struct value_policy target_value_policy(const struct part *p, struct bp_gaussian pi0_target, const struct target_critics *critics)
{
    struct bp_tape *tape = &p->shard->tape;
    int batch = p->shard->batch.batch, rows = p->shard->batch.steps * batch;
    struct value_policy value_policy = {.pi = gaussian(p, BP_POLICY, true, p->shard->batch.steps + 1)};
    struct bp_gaussian next = bp_gaussian_slice_rows(tape, value_policy.pi, batch, rows);
    struct bp_var *a = bp_clip_action(tape, bp_gaussian_sample(tape, next, p->shard->noise + batch * p->learner->agent.action_size));

    value_policy.q = target_value(p, critics, batch, a);
    value_policy.kl = p->learner->agent.has[BP_PRIOR] ? bp_gaussian_kl(tape, next, bp_gaussian_slice_rows(tape, pi0_target, batch, rows)) : NULL;
    return value_policy;
}

static void update(const struct part *p)
{
    const struct bp_learner_config *c = &p->learner->config;
    const struct bp_batch *b = &p->shard->batch;
    struct bp_tape *tape = &p->shard->tape;
    struct bp_update_stats *stats = &p->shard->stats;
    bool prior = p->learner->agent.has[BP_PRIOR], online = c->value_policy == BP_VALUE_POLICY_ONLINE;
    int steps = b->steps, rows = steps * b->batch;
    int longer = online ? steps + 1 : steps, more = longer * b->batch;      /* the online policy gives values one step beyond its losses */
    float alpha = (float)(c->reward_scale * c->kl_cost), alpha_h = (float)(c->reward_scale * c->entropy_cost);
    float mean = (float)(1 / ((double)c->unroll * (double)c->batch));
    struct bp_var *actions = bp_clip_action(tape, bp_constant(tape, rows, p->learner->agent.action_size, b->actions));

    /* Policy and target prior along the sequence: a ~ pi, KL(pi || pi0'). */
    struct bp_gaussian pi = gaussian(p, BP_POLICY, false, longer), fixed = bp_gaussian_stop_gradient(tape, bp_gaussian_slice_rows(tape, pi, 0, rows));
    struct bp_gaussian pi0_target = prior ? gaussian(p, BP_PRIOR, true, steps + 1) : pi;
    struct bp_var *kl = prior ? bp_gaussian_kl(tape, pi, bp_gaussian_slice_rows(tape, pi0_target, 0, more)) : NULL;
    struct bp_var *a = bp_clip_action(tape, bp_gaussian_sample(tape, pi, p->shard->noise));

    /* Target critic: Q'(x, a ~ pi), differentiable in a alone, and Q'(x, a) of the replayed actions after the first. */
    struct target_critics critics = target_critics(p, steps + 1);
    struct bp_var *q_policy = target_value(p, &critics, 0, a);
    struct bp_var *q_replay = target_value(p, &critics, b->batch, bp_slice_rows(tape, actions, b->batch, rows - b->batch));

    struct value_policy value_policy = online ? online_value_policy(p, pi, q_policy, kl) : target_value_policy(p, pi0_target, &critics);
    float *target = retrace_targets(p, &value_policy, q_replay);

    /* L_Q = (Q(x, a) - Q^R)^2, of each critic */
    for (enum bp_role role = BP_CRITIC; role < BP_ROLES; role++)
        if (p->learner->agent.has[role]) {
            struct bp_var *q = critic(p, role, false, features_of(p, role, false, steps), actions);
            stats->critic_loss += bp_add_loss(bp_squared_error(tape, q, target), mean, b->mask);
        }

    /* L_pi = -Q'(x, a ~ pi) + alpha KL(pi || pi0') - alpha_H H(pi) */
    struct bp_var *entropy = bp_gaussian_entropy(tape, bp_gaussian_slice_rows(tape, pi, 0, rows));
    stats->policy_loss += bp_add_loss(bp_slice_rows(tape, q_policy, 0, rows), -mean, b->mask) + bp_add_loss(entropy, -alpha_h * mean, b->mask);
    if (prior)
        stats->policy_loss += bp_add_loss(bp_slice_rows(tape, kl, 0, rows), alpha * mean, b->mask);

    /* L_pi0 = KL(pi || pi0), pi held fixed */
    if (prior && c->learning_rate[BP_PRIOR] > 0)
        stats->prior_loss += bp_add_loss(bp_gaussian_kl(tape, fixed, gaussian(p, BP_PRIOR, false, steps)), mean, b->mask);
    bp_tape_backward(tape);

    for (int i = 0; i < rows; i++)
        stats->transitions += (double)b->mask[i];
    stats->kl_prior += kl ? sum(bp_slice_rows(tape, kl, 0, rows), b->mask) : 0;
    stats->entropy += sum(entropy, b->mask);
    stats->q += sum(bp_slice_rows(tape, q_policy, 0, rows), b->mask);
}

static void update_microbatch(struct bp_learner *learner, const struct bp_replay *replay, struct bp_shard *shard, int sequences, uint64_t draw)
{
    struct part p = {learner, shard};
    int rows = (shard->batch.steps + 1) * sequences;

    shard->batch.batch = sequences;
    bp_tape_reset(&shard->tape);
    bp_random_seek(shard->stream, learner->config.seed, BP_FOR_SAMPLE, draw, (uint64_t)learner->updates);
    bp_replay_draw(replay, shard->stream, &shard->batch);
    bp_random_seek(shard->stream, learner->config.seed, BP_FOR_UPDATE, draw, (uint64_t)learner->updates);
    bp_random_normal(shard->stream, shard->noise, rows * learner->agent.action_size);
    split_states(&p);
    update(&p);
}

void bp_svg_gradients(struct bp_learner *learner, const struct bp_replay *replay, int index)
{
    struct bp_shard *shard = &learner->shards[index];

    bp_shard_begin(learner, shard);
    for (int i = 0; i < learner->microbatches; i++)
        update_microbatch(learner, replay, shard, bp_learner_microbatch(learner, i), (uint64_t)(index * learner->microbatches + i));
    bp_shard_end(shard);
}

size_t bp_svg_tape_bytes(struct bp_learner *learner)
{
    struct bp_shard *shard = &learner->shards[0];
    struct part p = {learner, shard};
    size_t peak;

    bp_shard_begin(learner, shard);
    bp_tape_reset(&shard->tape);
    shard->batch.batch = bp_learner_microbatch(learner, 0);
    update(&p);
    peak = shard->tape.arena.peak;
    bp_shard_end(shard);
    for (int role = 0; role < BP_ROLES; role++)
        memset(shard->grad[role], 0, learner->trained[role].n * sizeof(float));
    shard->stats = (struct bp_update_stats){0};
    return peak;
}
