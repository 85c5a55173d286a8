#include "learn/svg.h"

#include "learn/retrace.h"
#include "nn/loss.h"
#include "nn/math.h"

#include <string.h>

/* A shard at work. */
struct part {
    struct bp_learner *learner;
    struct bp_shard *shard;
};

static bool has_prior(const struct part *p)
{
    return p->learner->agent.behaviour[BP_PRIOR].levels > 0;
}

/* The shard's states come as rows with one part after the other, as the agent lists them; networks take dense rows of their own. */
static void split_states(const struct part *p)
{
    const struct bp_agent *agent = &p->learner->agent;
    struct bp_shard *shard = p->shard;
    size_t batch = (size_t)shard->batch.batch, width = (size_t)p->learner->state_size, latent = (size_t)agent->latent_size;
    const float *from = shard->batch.state;

    if (!p->learner->config.stored_state)
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

/* The first `steps` steps of the shard's sequences, with learning parameters or the target networks'. */
static struct bp_scene scene(const struct part *p, bool target, int steps)
{
    bool stored = p->learner->config.stored_state;

    return (struct bp_scene){
        .tape = &p->shard->tape,
        .groups = &p->learner->agent.groups,
        .use = target ? p->shard->use_target : p->shard->use,
        .observations = p->shard->batch.observations,
        .steps = steps,
        .batch = p->shard->batch.batch,
        .episode_step = p->shard->batch.episode_step,
        .state = stored ? p->shard->states : NULL,
        .latent = stored ? p->shard->latent : NULL,
    };
}

static struct bp_path behave(const struct part *p, bool target, int steps)
{
    struct bp_scene here = scene(p, target, steps);

    return bp_behave(&here, &p->learner->agent.behaviour[BP_POLICY], p->shard->noise);
}

/* The prior at a path of `steps` steps. */
static struct bp_path score(const struct part *p, bool target, int steps, const struct bp_path *at)
{
    struct bp_scene here = scene(p, target, steps);

    return bp_score(&here, &p->learner->agent.behaviour[BP_PRIOR], at);
}

/* What a critic, or its target, makes of the first `steps` steps before it looks at actions. */
static struct bp_var *features_of(const struct part *p, enum bp_role role, bool target, int steps)
{
    struct bp_scene here = scene(p, target, steps);
    struct bp_sequences sequences = {steps, here.batch, here.episode_step, here.state ? here.state[role] : NULL, NULL};

    return bp_net_features(here.tape, here.use[role], bp_agent_inputs(here.tape, &p->learner->agent, role, here.observations, steps * here.batch), &sequences);
}

/* Q or Q' of features, actions, and a latent (NULL: flat), held fixed: gradient reaches the high level through the action alone. */
static struct bp_var *critic(const struct part *p, enum bp_role role, bool target, struct bp_var *features, struct bp_var *actions,
                             struct bp_var *latent)
{
    struct bp_var *late[] = {actions, latent ? bp_stop_gradient(&p->shard->tape, latent) : NULL};

    return bp_net_output(&p->shard->tape, (target ? p->shard->use_target : p->shard->use)[role], features, late);
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
 * Q'(x, a, z) on rows from `first` on, as many as there are actions. Where there are two critics it is the lower one's: the policy seeks
 * whatever a critic overestimates, and two seldom err upwards alike (clipped double Q-learning). It is so wherever Q' is asked: with the
 * lower value in V^ alone and each critic's own in the differences, Retrace turns a critic's error e into -gamma c e / (1 - gamma c).
 */
static struct bp_var *target_value(const struct part *p, const struct target_critics *critics, int first, struct bp_var *actions,
                                   struct bp_var *latent)
{
    struct bp_tape *tape = &p->shard->tape;
    struct bp_var *lowest = NULL;

    for (int i = 0; i < BP_CRITICS && critics->features[i]; i++) {
        struct bp_var *features = bp_slice_rows(tape, critics->features[i], first, actions->rows);
        struct bp_var *q = critic(p, (enum bp_role)(BP_CRITIC + i), true, features, actions, latent);
        lowest = lowest ? bp_minimum(tape, lowest, q) : q;
    }
    return lowest;
}

/* Of a path: the distributions of its actions, the actions as they enter the world, its latents (NULL: flat). */
static struct bp_distribution actions_level(const struct bp_path *path)
{
    return path->level[path->levels - 1].p;
}

static struct bp_var *actions_of(struct bp_tape *tape, const struct bp_path *path)
{
    return bp_clip_action(tape, path->level[path->levels - 1].y);
}

static struct bp_var *latent_of(const struct bp_path *path)
{
    return path->levels > 1 ? path->level[0].y : NULL;
}

static struct bp_var *latent_rows(struct bp_tape *tape, const struct bp_path *path, int first, int rows)
{
    return latent_of(path) ? bp_slice_rows(tape, latent_of(path), first, rows) : NULL;
}

/* Whose actions give values and traces: their distribution (fixed) on steps 0 ... K, and on 1 ... K the value Q'(x, a, z) - alpha KL. */
struct value_policy {
    struct bp_distribution pi;
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
    struct bp_distribution pi = bp_distribution_slice_rows(tape, value_policy->pi, 0, rows);
    struct bp_var *log_prob = pi.family->log_prob(tape, pi, b->actions);

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

/* Over the first `rows` rows; 0 without x. */
static double sum(const struct bp_var *x, const float *weight, int rows)
{
    double total = 0;

    for (int i = 0; x && i < rows; i++)
        total += (double)weight[i] * (double)x->value[i];
    return total;
}

/* KL of the latents that are drawn. */
static double level_sum(const struct bp_path_kl *kl, const struct bp_path *pi, const float *weight, int rows)
{
    double total = 0;

    for (int i = 0; kl->level[0] && i < rows; i++)
        total += (double)weight[i] * (double)(pi->level[0].drawn ? pi->level[0].drawn[i] : 1) * (double)kl->level[0]->value[i];
    return total;
}

/* The policy itself, whose losses need its values anyway. */
static struct value_policy online_value_policy(const struct part *p, const struct bp_path *pi, struct bp_var *q_policy, struct bp_var *kl)
{
    struct bp_tape *tape = &p->shard->tape;
    int batch = p->shard->batch.batch, rows = p->shard->batch.steps * batch;

    return (struct value_policy){bp_distribution_stop_gradient(tape, actions_level(pi)), bp_slice_rows(tape, q_policy, batch, rows),
                                 kl ? bp_slice_rows(tape, kl, batch, rows) : NULL};
}

/* The target policy in the policy's place: steadier, for another forward pass. */
static struct value_policy target_value_policy(const struct part *p, const struct target_critics *critics)
{
    struct bp_tape *tape = &p->shard->tape;
    int batch = p->shard->batch.batch, rows = p->shard->batch.steps * batch;
    struct bp_path pi = behave(p, true, p->shard->batch.steps + 1), pi0, next = bp_path_slice_rows(tape, &pi, batch, rows);
    struct value_policy value_policy = {.pi = actions_level(&pi), .q = target_value(p, critics, batch, actions_of(tape, &next), latent_of(&next))};

    if (has_prior(p)) {
        pi0 = score(p, true, p->shard->batch.steps + 1, &pi);
        value_policy.kl = bp_slice_rows(tape, bp_path_kl(tape, &pi, &pi0).sum, batch, rows);
    }
    return value_policy;
}

static void update(const struct part *p)
{
    const struct bp_learner_config *c = &p->learner->config;
    const struct bp_batch *b = &p->shard->batch;
    struct bp_tape *tape = &p->shard->tape;
    struct bp_update_stats *stats = &p->shard->stats;
    bool prior = has_prior(p), online = c->value_policy == BP_VALUE_POLICY_ONLINE;
    int steps = b->steps, rows = steps * b->batch, longer = online ? steps + 1 : steps;     /* the online policy gives values one step beyond its losses */
    float alpha = (float)(c->reward_scale * c->kl_cost), alpha_h = (float)(c->reward_scale * c->entropy_cost);
    float mean = (float)(1 / ((double)c->unroll * (double)c->batch));
    struct bp_var *actions = bp_clip_action(tape, bp_constant(tape, rows, p->learner->agent.action_size, b->actions));

    /* a, z ~ pi along the sequence, KL(pi || pi0'). */
    struct bp_path pi = behave(p, false, longer), here = bp_path_slice_rows(tape, &pi, 0, rows), fixed = bp_path_stop_gradient(tape, &here);
    struct bp_path pi0_target = prior ? score(p, true, longer, &pi) : pi;
    struct bp_path_kl kl = prior ? bp_path_kl(tape, &pi, &pi0_target) : (struct bp_path_kl){0};

    /* Target critic: Q'(x, a ~ pi, z), differentiable in a alone, and Q'(x, a, z) of the replayed actions after the first. */
    struct target_critics critics = target_critics(p, steps + 1);
    struct bp_var *q_policy = target_value(p, &critics, 0, actions_of(tape, &pi), latent_of(&pi));
    struct bp_var *q_replay = target_value(p, &critics, b->batch, bp_slice_rows(tape, actions, b->batch, rows - b->batch),
                                           latent_rows(tape, &pi, b->batch, rows - b->batch));

    struct value_policy value_policy = online ? online_value_policy(p, &pi, q_policy, kl.sum) : target_value_policy(p, &critics);
    float *target = retrace_targets(p, &value_policy, q_replay);

    /* L_Q = (Q(x, a, z) - Q^R)^2, of each critic */
    for (int i = 0; i < BP_CRITICS; i++)
        if (p->learner->agent.has[BP_CRITIC + i]) {
            enum bp_role role = (enum bp_role)(BP_CRITIC + i);
            struct bp_var *q = critic(p, role, false, features_of(p, role, false, steps), actions, latent_of(&here));
            stats->critic_loss += bp_add_loss(bp_squared_error(tape, q, target), mean, b->mask);
        }

    /* L_pi = -Q'(x, a ~ pi, z) + alpha KL(pi || pi0') - alpha_H H(pi^L) */
    struct bp_var *entropy = actions_level(&here).family->entropy(tape, actions_level(&here));
    stats->policy_loss += bp_add_loss(bp_slice_rows(tape, q_policy, 0, rows), -mean, b->mask) + bp_add_loss(entropy, -alpha_h * mean, b->mask);
    if (prior)
        stats->policy_loss += bp_add_loss(bp_slice_rows(tape, kl.sum, 0, rows), alpha * mean, b->mask);

    /* L_pi0 = KL(pi || pi0), pi held fixed */
    if (prior && c->learning_rate[BP_PART_PRIOR] > 0) {
        struct bp_path pi0 = score(p, false, steps, &fixed);
        stats->prior_loss += bp_add_loss(bp_path_kl(tape, &fixed, &pi0).sum, mean, b->mask);
    }
    bp_tape_backward(tape);

    for (int i = 0; i < rows; i++)
        stats->transitions += (double)b->mask[i];
    stats->kl_prior += sum(kl.sum, b->mask, rows);
    stats->kl_prior_high += pi.levels > 1 ? level_sum(&kl, &pi, b->mask, rows) : 0;
    stats->entropy += sum(entropy, b->mask, rows);
    stats->q += sum(q_policy, b->mask, rows);
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
    bp_random_normal(shard->stream, shard->noise, rows * bp_behaviour_noise(&learner->agent.behaviour[BP_POLICY]));
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
        if (shard->grad[role])
            memset(shard->grad[role], 0, learner->trained[role].n * sizeof(float));
    shard->stats = (struct bp_update_stats){0};
    return peak;
}
