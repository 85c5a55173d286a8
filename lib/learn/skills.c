#include "learn/skills.h"

#include "learn/acts.h"
#include "nn/loss.h"

#include <math.h>

static bool learned_high(const struct bp_agent *agent)
{
    return agent->behaviour[BP_POLICY].level[0].net != BP_NO_NET;
}

static bool with_termination(const struct bp_agent *agent)
{
    return agent->behaviour[BP_POLICY].level[0].ends != 0;
}

/* n: steps for which a latent is held, as the discount counts them. */
static double steps_held(const struct bp_learner *learner)
{
    double gamma = learner->config.discount;
    int period = learner->agent.behaviour[BP_POLICY].level[0].period;

    return gamma < 1 ? (1 - pow(gamma, period)) / (1 - gamma) : period;
}

/* ---- what the posterior tells ---- */

/* log g(z|x') of the latents that acted, on steps 0 ... K-1. */
static struct bp_var *posterior(const struct bp_work *w, struct bp_var *latents)
{
    const struct bp_level *level = &w->learner->agent.posterior;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_scene scene = bp_work_scene(w, false, b->steps + 1);
    struct bp_distribution g = bp_level_given(&scene, level, NULL, NULL), after = bp_distribution_slice_rows(scene.tape, g, b->batch, b->steps * b->batch);

    return level->family->log_prob(scene.tape, after, latents);
}

/* log g(z|x') - log q(z) */
static float *information(const struct bp_work *w, struct bp_var *latents, const struct bp_var *log_g)
{
    struct bp_scene scene = bp_work_scene(w, false, w->shard->batch.steps);
    struct bp_distribution q = bp_acts_reference(&scene, &w->learner->agent.behaviour[BP_POLICY].level[0]);
    const struct bp_var *log_q = q.family->log_prob(scene.tape, q, latents);
    float *told = bp_arena_floats(&scene.tape->arena, (size_t)log_g->rows);

    for (int i = 0; i < log_g->rows; i++)
        told[i] = log_g->value[i] - log_q->value[i];
    return told;
}

/* ---- targets and losses ---- */

/* What the latent of a row costs, in the learner's units: alpha_g n KL(pi^H || q), and an end of the one before. */
static double cost_of_latent(const struct bp_work *w, const struct bp_acts *acts, int row)
{
    const struct bp_learner_config *c = &w->learner->config;
    double kl = acts->kl_high ? c->posterior_cost * steps_held(w->learner) * (double)acts->kl_high->value[row] : 0;

    return c->reward_scale * (kl + (acts->end ? c->termination_cost * (double)acts->end->value[row] : 0));
}

/* Q^R of rewards r', values V^ = Q'(x, a, z) - alpha KL - the latent's cost, and traces     (BP eq. 11). */
static float *retrace_targets(const struct bp_work *w, const struct bp_acts *acts, const float *told, const struct bp_var *q_replay)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    int rows = b->steps * b->batch;
    float *value = bp_arena_floats(&w->shard->tape.arena, (size_t)rows), *reward = bp_arena_floats(&w->shard->tape.arena, (size_t)rows);

    for (int i = 0; i < rows; i++) {
        int next = i + b->batch;
        value[i] = acts->worth->value[next] - (float)cost_of_latent(w, acts, next);
        reward[i] = (float)(c->reward_scale * (c->task_reward * (double)b->reward[i] + c->posterior_cost * (double)told[i]));
    }
    return bp_work_retrace(w, acts->log_prob->value, reward, value, q_replay->value, &w->shard->stats.sum[BP_SKILLS_TRACE]);
}

/* L_Q = (Q(x, a, z) - Q^R)^2, of each critic */
static void critic_losses(const struct bp_work *w, struct bp_var *actions, struct bp_var *latents, const float *target, float mean)
{
    const struct bp_batch *b = &w->shard->batch;

    for (int i = 0; i < BP_CRITICS; i++)
        if (w->learner->agent.has[BP_CRITIC + i]) {
            enum bp_role role = (enum bp_role)(BP_CRITIC + i);
            struct bp_var *q = bp_work_critic(w, role, false, bp_work_features(w, role, false, b->steps), actions, latents);
            w->shard->stats.sum[BP_SKILLS_CRITIC_LOSS] += bp_add_loss(bp_squared_error(&w->shard->tape, q, target), mean, b->mask);
        }
}

/* Adds factor times x to the loss, over the rows that have a transition; x NULL: nothing. */
static double add(const struct bp_work *w, struct bp_var *x, double factor)
{
    const struct bp_batch *b = &w->shard->batch;

    return x ? bp_add_loss(bp_slice_rows(&w->shard->tape, x, 0, b->steps * b->batch), (float)factor, b->mask) : 0;
}

/* L_pi = -(Q'(x, a ~ pi, z) - alpha KL(pi || pi0')) - alpha_H H(pi^L) + alpha_g n KL(pi^H || q) + alpha_e e */
static void policy_loss(const struct bp_work *w, const struct bp_acts *acts, double mean)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    double *total = w->shard->stats.sum, scaled = c->reward_scale * mean;
    int rows = b->steps * b->batch;

    total[BP_SKILLS_POLICY_LOSS] += add(w, acts->worth, -mean) + add(w, acts->entropy, -scaled * c->entropy_cost) +
                                    add(w, acts->kl_high, scaled * c->posterior_cost * steps_held(w->learner)) + add(w, acts->end, scaled * c->termination_cost);
    total[BP_SKILLS_ENTROPY] += bp_work_sum(acts->entropy, b->mask, rows);
    total[BP_SKILLS_KL_PRIOR] += bp_work_sum(acts->kl, b->mask, rows);
    total[BP_SKILLS_KL_PRIOR_HIGH] += bp_work_sum(acts->kl_high, b->mask, rows);
    total[BP_SKILLS_TERMINATION] += bp_work_sum(acts->end, b->mask, rows);
    total[BP_SKILLS_Q] += bp_work_sum(acts->q, b->mask, rows);
}

static void losses(const struct bp_work *w)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    int rows = b->steps * b->batch, later = rows - b->batch;
    float mean = (float)(1 / ((double)c->unroll * (double)c->batch));
    struct bp_var *actions = bp_clip_action(tape, bp_constant(tape, rows, w->learner->agent.action.size, b->actions));

    struct bp_target_critics critics = bp_work_target_critics(w, b->steps + 1);
    struct bp_acts online = bp_acts_along(w, false, &critics), steady = c->value_policy == BP_VALUE_POLICY_ONLINE ? online : bp_acts_along(w, true, &critics);
    struct bp_var *latents = bp_slice_rows(tape, online.latents, 0, rows);
    struct bp_var *q_replay = bp_work_target_value(w, &critics, b->batch, bp_slice_rows(tape, actions, b->batch, later), bp_slice_rows(tape, latents, b->batch, later));

    /* L_g = -log g(z|x') of the latents that acted */
    struct bp_var *log_g = posterior(w, latents);
    const float *told = information(w, latents, log_g);
    w->shard->stats.sum[BP_SKILLS_LOG_PROB] += bp_work_sum(log_g, b->mask, rows);
    for (int i = 0; i < rows; i++)
        w->shard->stats.sum[BP_SKILLS_INFORMATION] += (double)b->mask[i] * (double)told[i];
    bp_add_loss(log_g, -mean, b->mask);

    critic_losses(w, actions, latents, retrace_targets(w, &steady, told, q_replay), mean);
    policy_loss(w, &online, (double)mean);

    /* L_pi0 = KL(pi(a|z, x) || pi0(a|x)), pi held fixed: pi0 becomes the mean over latents */
    if (bp_agent_has_prior(&w->learner->agent) && c->learning_rate[BP_PART_PRIOR] > 0)
        w->shard->stats.sum[BP_SKILLS_PRIOR_LOSS] += add(w, bp_acts_prior_kl(w, &online), (double)mean);
}

/* ---- metrics ---- */

static const struct bp_metric metrics[] = {
    [BP_SKILLS_CRITIC_LOSS] = {"critic_loss", "L_Q; of two critics the sum", BP_PER_UPDATE, false, NULL},
    [BP_SKILLS_POLICY_LOSS] = {"policy_loss", "L_pi", BP_PER_UPDATE, false, NULL},
    [BP_SKILLS_PRIOR_LOSS] = {"prior_loss", "L_pi0", BP_PER_UPDATE, false, bp_agent_has_prior},
    [BP_SKILLS_KL_PRIOR] = {"kl_prior", "KL(pi(a|z, x) || pi0'(a|x)), nats a step", BP_PER_TRANSITION, false, bp_agent_has_prior},
    [BP_SKILLS_KL_PRIOR_HIGH] = {"kl_prior_high", "KL(pi^H || q) where a latent is drawn, nats a step", BP_PER_TRANSITION, false, learned_high},
    [BP_SKILLS_LOG_PROB] = {"posterior_log_prob", "log g(z|x'), nats a step", BP_PER_TRANSITION, false, NULL},
    [BP_SKILLS_INFORMATION] = {"information", "log g(z|x') - log q(z), nats a step: at most I(z; x')", BP_PER_TRANSITION, false, NULL},
    [BP_SKILLS_TERMINATION] = {"termination", "how likely an option ends, a step", BP_PER_TRANSITION, false, with_termination},
    [BP_SKILLS_ENTROPY] = {"entropy", "H(pi^L), nats a step", BP_PER_TRANSITION, false, NULL},
    [BP_SKILLS_Q] = {"q_mean", "Q'(x, a ~ pi, z)", BP_PER_TRANSITION, true, NULL},
    [BP_SKILLS_TRACE] = {"trace_weight", "c of Retrace", BP_PER_TRANSITION, false, NULL},
    {0},
};

const struct bp_algorithm bp_skills = {
    .name = "skills",
    .help = "SVG(0) for a policy with latents beside a prior without, rewarded by what a learned posterior tells of them",
    .metric = metrics,
    .target = {[BP_PART_POLICY] = true, [BP_PART_PRIOR] = true, [BP_PART_CRITIC] = true},
    .through_actions = true,
    .through_choices = true,
    .draw = bp_work_draw,
    .losses = losses,
};
