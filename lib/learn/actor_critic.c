#include "learn/actor_critic.h"

#include "learn/vtrace.h"
#include "learn/work.h"
#include "nn/loss.h"
#include "nn/math.h"

/* V(z, x) along the scene; z (NULL: flat) is held fixed: the value learns from its own loss alone. */
static struct bp_var *values(const struct bp_work *w, const struct bp_path *pi, int steps)
{
    struct bp_tape *tape = &w->shard->tape;
    struct bp_var *late[] = {pi->levels > 1 ? bp_stop_gradient(tape, pi->level[0].y) : NULL};

    return bp_net_output(tape, w->shard->use[BP_VALUE], bp_work_features(w, BP_VALUE, false, steps), late);
}

/* What V-trace makes of the shard's sequences: K x B each, the tape's. */
struct traced {
    float *target;              /* v */
    float *weight;              /* rho A: of grad log pi */
};

static struct traced trace(const struct bp_work *w, const struct bp_var *value, const struct bp_var *kl, const float *log_prob)
{
    const struct bp_learner_config *config = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_arena *arena = &w->shard->tape.arena;
    size_t rows = (size_t)(b->steps * b->batch), all = rows + (size_t)b->batch;
    float *reward = bp_arena_floats(arena, rows), *discount = bp_arena_floats(arena, rows), *rho = bp_arena_floats(arena, rows);
    float *c = bp_arena_floats(arena, rows), *cost = bp_arena_zeros(arena, all);
    struct traced traced = {bp_arena_floats(arena, rows), bp_arena_floats(arena, rows)};
    float scale = (float)config->reward_scale, most_rho = (float)config->vtrace_rho, most_c = (float)config->vtrace_c;

    for (size_t i = 0; kl && i < all; i++)
        cost[i] = scale * (float)config->kl_cost * kl->value[i];
    for (size_t i = 0; i < rows; i++) {
        float ratio = bp_exp(log_prob[i] - b->log_prob[i]);
        rho[i] = b->mask[i] * (ratio > most_rho ? most_rho : ratio);
        c[i] = b->mask[i] * (ratio > most_c ? most_c : ratio);
        reward[i] = scale * b->reward[i];
        discount[i] = (float)config->discount * b->nonterminal[i];
        w->shard->stats.sum[BP_ACTOR_CRITIC_TRACE] += (double)c[i];
    }
    bp_vtrace(b->steps, b->batch, reward, discount, value->value, cost, rho, c, traced.target, traced.weight);
    for (size_t i = 0; i < rows; i++)
        traced.weight[i] *= rho[i];
    return traced;
}

/* KL of the latents that are drawn. */
static double high_sum(const struct bp_path *pi, const struct bp_path_kl *kl, const float *mask, int rows)
{
    double total = 0;

    for (int i = 0; kl->level[0] && i < rows; i++)
        total += (double)mask[i] * (double)(pi->level[0].drawn ? pi->level[0].drawn[i] : 1) * (double)kl->level[0]->value[i];
    return total;
}

static void losses(const struct bp_work *w)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    const struct bp_agent *agent = &w->learner->agent;
    struct bp_tape *tape = &w->shard->tape;
    double *total = w->shard->stats.sum;
    bool prior = bp_agent_has_prior(agent);
    int steps = b->steps, rows = steps * b->batch;
    float alpha = (float)(c->reward_scale * c->kl_cost), alpha_h = (float)(c->reward_scale * c->entropy_cost);
    float mean = (float)(1 / ((double)c->unroll * (double)c->batch));
    struct bp_scene scene = bp_work_scene(w, false, steps + 1);

    /* z ~ pi^H along the sequence, one step beyond it; KL(pi || pi0), analytic, and the same to pi0 held fixed */
    struct bp_path pi = bp_behave(&scene, &agent->behaviour[BP_POLICY], w->shard->noise), fixed = bp_path_stop_gradient(tape, &pi);
    struct bp_path pi0 = prior ? bp_score(&scene, &agent->behaviour[BP_PRIOR], &fixed) : pi, pi0_fixed = bp_path_stop_gradient(tape, &pi0);
    struct bp_path_kl kl = prior ? bp_path_kl(tape, &pi, &pi0_fixed) : (struct bp_path_kl){0};

    struct bp_distribution actions = bp_distribution_slice_rows(tape, pi.level[pi.levels - 1].p, 0, rows);
    struct bp_var *log_prob = actions.family->log_prob(tape, actions, bp_constant(tape, rows, agent->action.size, b->actions));
    struct bp_var *value = values(w, &pi, steps + 1);
    struct traced traced = trace(w, value, kl.sum, log_prob->value);

    /* L_V = (V(z, x) - v)^2                                                               (EH eq. 24) */
    total[BP_ACTOR_CRITIC_CRITIC_LOSS] += bp_add_loss(bp_squared_error(tape, bp_slice_rows(tape, value, 0, rows), traced.target), mean, b->mask);

    /* L_pi = -rho A log pi(a | z, x) + alpha KL(pi || pi0) - alpha_H H(pi^L)               (EH eq. 22, 23) */
    struct bp_var *entropy = actions.family->entropy(tape, actions);
    total[BP_ACTOR_CRITIC_POLICY_LOSS] += bp_add_loss(log_prob, -mean, traced.weight) + bp_add_loss(entropy, -alpha_h * mean, b->mask);
    if (prior)
        total[BP_ACTOR_CRITIC_POLICY_LOSS] += bp_add_loss(bp_slice_rows(tape, kl.sum, 0, rows), alpha * mean, b->mask);

    /* L_pi0 = KL(pi || pi0), pi held fixed                                                 (EH eq. 23) */
    if (prior && c->learning_rate[BP_PART_PRIOR] > 0)
        total[BP_ACTOR_CRITIC_PRIOR_LOSS] += bp_add_loss(bp_slice_rows(tape, bp_path_kl(tape, &fixed, &pi0).sum, 0, rows), mean, b->mask);

    total[BP_ACTOR_CRITIC_KL_PRIOR] += bp_work_sum(kl.sum, b->mask, rows);
    total[BP_ACTOR_CRITIC_KL_PRIOR_HIGH] += pi.levels > 1 ? high_sum(&pi, &kl, b->mask, rows) : 0;
    total[BP_ACTOR_CRITIC_ENTROPY] += bp_work_sum(entropy, b->mask, rows);
    total[BP_ACTOR_CRITIC_VALUE] += bp_work_sum(value, b->mask, rows);
}

/* ---- metrics ---- */

static bool with_latent(const struct bp_agent *agent)
{
    return agent->behaviour[BP_PRIOR].levels > 1;
}

static const struct bp_metric metrics[] = {
    [BP_ACTOR_CRITIC_CRITIC_LOSS] = {"critic_loss", "L_V", BP_PER_UPDATE, false, NULL},
    [BP_ACTOR_CRITIC_POLICY_LOSS] = {"policy_loss", "L_pi", BP_PER_UPDATE, false, NULL},
    [BP_ACTOR_CRITIC_PRIOR_LOSS] = {"prior_loss", "L_pi0", BP_PER_UPDATE, false, bp_agent_has_prior},
    [BP_ACTOR_CRITIC_KL_PRIOR] = {"kl_prior", "KL(pi || pi0), nats a step", BP_PER_TRANSITION, false, bp_agent_has_prior},
    [BP_ACTOR_CRITIC_KL_PRIOR_HIGH] = {"kl_prior_high", "of these for the latent", BP_PER_TRANSITION, false, with_latent},
    [BP_ACTOR_CRITIC_ENTROPY] = {"entropy", "H(pi^L), nats a step", BP_PER_TRANSITION, false, NULL},
    [BP_ACTOR_CRITIC_VALUE] = {"value_mean", "V(z, x)", BP_PER_TRANSITION, true, NULL},
    [BP_ACTOR_CRITIC_TRACE] = {"trace_weight", "c of V-trace", BP_PER_TRANSITION, false, NULL},
    {0},
};

const struct bp_algorithm bp_actor_critic = {
    .name = "vtrace",
    .help = "actor-critic with V-trace, whose critic is a value of states",
    .metric = metrics,
    .named = true,
    .state_value = true,
    .draw = bp_work_draw,
    .losses = losses,
};
