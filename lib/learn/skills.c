#include "learn/skills.h"

#include "learn/work.h"
#include "nn/loss.h"
#include "nn/rows.h"

#include <math.h>

static bool with_prior(const struct bp_agent *agent)
{
    return agent->behaviour[BP_PRIOR].levels > 0;
}

static bool learned_high(const struct bp_agent *agent)
{
    return agent->behaviour[BP_POLICY].level[0].net != BP_NO_NET;
}

/* q: what a high level that is fixed draws from. */
static struct bp_distribution reference(const struct bp_scene *scene, const struct bp_level *high)
{
    struct bp_level fixed = *high;

    fixed.net = BP_NO_NET;
    return bp_level_given(scene, &fixed, NULL, NULL);
}

/* n: steps for which a latent is held, as the discount counts them. */
static double steps_held(const struct bp_learner *learner)
{
    double gamma = learner->config.discount;
    int period = learner->agent.behaviour[BP_POLICY].level[0].period;

    return gamma < 1 ? (1 - pow(gamma, period)) / (1 - gamma) : period;
}

/* Whether a latent is drawn at each row of the batch. */
static const float *draws(const struct bp_work *w, int rows)
{
    const struct bp_level *high = &w->learner->agent.behaviour[BP_POLICY].level[0];
    float *drawn = bp_arena_floats(&w->shard->tape.arena, (size_t)rows);

    for (int i = 0; i < rows; i++)
        drawn[i] = w->shard->batch.episode_step[i] % high->period == 0;
    return drawn;
}

/* Those of y where drawn, those of the replay elsewhere. */
static struct bp_var *drawn_or_held(struct bp_tape *tape, struct bp_var *y, struct bp_var *held, const float *drawn)
{
    struct bp_var *both[] = {y, held};
    int rows = y->rows, *index = bp_arena_take(&tape->arena, (size_t)rows * sizeof *index);

    for (int i = 0; i < rows; i++)
        index[i] = drawn[i] > 0 ? i : rows + i;
    return bp_take_rows(tape, bp_stack_rows(tape, both, 2), index, rows);
}

/* ---- what the policy does, on steps 0 ... K of the sequences ---- */

struct acts {
    struct bp_var *acted;           /* latents that acted, from the replay */
    struct bp_distribution high;    /* pi^H(z|x) */
    const float *drawn;             /* rows: 1 where it draws */
    struct bp_distribution pi_acted;/* pi(a|z, x) of latents that acted */
    struct bp_var *z;               /* fresh where one is drawn, else the one that acted */
    struct bp_distribution pi;      /* pi(a|z, x) of these, and what is drawn from it */
    struct bp_var *action;
    struct bp_var *kl, *kl_high;    /* KL(pi(a|z, x) || pi0'(a|x)), KL(pi^H || q) where drawn; NULL: no prior, a high level that is fixed */
    struct bp_var *q;               /* Q'(x, a, z) */
};

static struct acts act(const struct bp_work *w, bool target, const struct bp_target_critics *critics)
{
    const struct bp_agent *agent = &w->learner->agent;
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY], *prior = &agent->behaviour[BP_PRIOR];
    const struct bp_level *high = &policy->level[0], *low = &policy->level[1];
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    struct bp_net_seen seen[BP_ROLES] = {{0}}, seen_target[BP_ROLES] = {{0}};
    struct bp_scene scene = bp_work_scene(w, target, b->steps + 1), targets = bp_work_scene(w, true, b->steps + 1);
    int rows = (b->steps + 1) * b->batch;
    struct acts acts = {.acted = bp_constant(tape, rows, high->space.size, b->latents), .drawn = draws(w, rows)};

    scene.seen = seen;
    targets.seen = target ? seen : seen_target;
    acts.high = bp_level_given(&scene, high, NULL, NULL);
    acts.z = drawn_or_held(tape, high->family->sample(tape, acts.high, w->shard->noise), acts.acted, acts.drawn);
    acts.pi = bp_level_given(&scene, low, acts.z, NULL);
    acts.pi_acted = bp_level_given(&scene, low, acts.acted, NULL);
    acts.action = low->family->sample(tape, acts.pi, w->shard->noise + rows * high->family->noise(high->space.size));
    acts.q = bp_work_target_value(w, critics, 0, bp_clip_action(tape, acts.action), acts.z);
    if (prior->levels)
        acts.kl = bp_distribution_kl(tape, acts.pi, bp_level_given(&targets, &prior->level[0], NULL, NULL), acts.action);
    if (learned_high(agent)) {
        struct bp_var *kl = high->family->kl(tape, acts.high, reference(&scene, high));
        acts.kl_high = bp_weighted_sum(tape, &kl, &acts.drawn, 1);
    }
    return acts;
}

/* ---- targets ---- */

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
    const struct bp_batch *b = &w->shard->batch;
    struct bp_scene scene = bp_work_scene(w, false, b->steps);
    struct bp_distribution q = reference(&scene, &w->learner->agent.behaviour[BP_POLICY].level[0]);
    const struct bp_var *log_q = q.family->log_prob(scene.tape, q, latents);
    float *told = bp_arena_floats(&scene.tape->arena, (size_t)log_g->rows);

    for (int i = 0; i < log_g->rows; i++)
        told[i] = log_g->value[i] - log_q->value[i];
    return told;
}

/* log pi of what acted: of the action, and of the latent where it was drawn. */
static float *log_prob_acted(const struct bp_work *w, const struct acts *acts)
{
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    int rows = b->steps * b->batch;
    struct bp_distribution pi = bp_distribution_slice_rows(tape, acts->pi_acted, 0, rows), high = bp_distribution_slice_rows(tape, acts->high, 0, rows);
    struct bp_var *actions = bp_constant(tape, rows, w->learner->agent.action.size, b->actions), *latents = bp_slice_rows(tape, acts->acted, 0, rows);
    const struct bp_var *of_action = pi.family->log_prob(tape, pi, actions), *of_latent = high.family->log_prob(tape, high, latents);
    float *sum = bp_arena_floats(&tape->arena, (size_t)rows);

    for (int i = 0; i < rows; i++)
        sum[i] = of_action->value[i] + b->drawn[i] * of_latent->value[i];
    return sum;
}

/* Q^R of rewards r', values V^ = Q'(x, a, z) - alpha KL - alpha_g n KL(pi^H || q), and traces     (BP eq. 11). */
static float *retrace_targets(const struct bp_work *w, const struct acts *acts, const float *told, const struct bp_var *q_replay)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    int rows = b->steps * b->batch;
    float *value = bp_arena_floats(&w->shard->tape.arena, (size_t)rows), *reward = bp_arena_floats(&w->shard->tape.arena, (size_t)rows);

    for (int i = 0; i < rows; i++) {
        int next = i + b->batch;
        double kl = acts->kl ? c->kl_cost * (double)acts->kl->value[next] : 0;
        double kl_high = acts->kl_high ? c->posterior_cost * steps_held(w->learner) * (double)acts->kl_high->value[next] : 0;
        value[i] = acts->q->value[next] - (float)(c->reward_scale * (kl + kl_high));
        reward[i] = (float)(c->reward_scale * (c->task_reward * (double)b->reward[i] + c->posterior_cost * (double)told[i]));
    }
    return bp_work_retrace(w, log_prob_acted(w, acts), reward, value, q_replay->value, &w->shard->stats.sum[BP_SKILLS_TRACE]);
}

/* ---- losses ---- */

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

/* L_pi = -Q'(x, a ~ pi, z) + alpha KL(pi || pi0') + alpha_g n KL(pi^H || q) - alpha_H H(pi^L) */
static void policy_loss(const struct bp_work *w, const struct acts *acts, float mean)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    int rows = b->steps * b->batch;
    struct bp_var *entropy = bp_slice_rows(tape, acts->pi.family->entropy(tape, acts->pi), 0, rows);
    double *total = w->shard->stats.sum, loss = bp_add_loss(bp_slice_rows(tape, acts->q, 0, rows), -mean, b->mask);

    loss += bp_add_loss(entropy, -(float)(c->reward_scale * c->entropy_cost) * mean, b->mask);
    if (acts->kl)
        loss += bp_add_loss(bp_slice_rows(tape, acts->kl, 0, rows), (float)(c->reward_scale * c->kl_cost) * mean, b->mask);
    if (acts->kl_high)
        loss += bp_add_loss(bp_slice_rows(tape, acts->kl_high, 0, rows), (float)(c->reward_scale * c->posterior_cost * steps_held(w->learner)) * mean, b->mask);
    total[BP_SKILLS_POLICY_LOSS] += loss;
    total[BP_SKILLS_ENTROPY] += bp_work_sum(entropy, b->mask, rows);
    total[BP_SKILLS_KL_PRIOR] += bp_work_sum(acts->kl, b->mask, rows);
    total[BP_SKILLS_KL_PRIOR_HIGH] += bp_work_sum(acts->kl_high, b->mask, rows);
    total[BP_SKILLS_Q] += bp_work_sum(acts->q, b->mask, rows);
}

/* L_pi0 = KL(pi(a|z, x) || pi0(a|x)), pi held fixed: pi0 becomes the mean over latents */
static void prior_loss(const struct bp_work *w, const struct acts *acts, float mean)
{
    const struct bp_batch *b = &w->shard->batch;
    struct bp_scene scene = bp_work_scene(w, false, b->steps);
    struct bp_distribution pi = bp_distribution_slice_rows(scene.tape, acts->pi, 0, b->steps * b->batch), fixed = bp_distribution_stop_gradient(scene.tape, pi);
    struct bp_var *action = bp_stop_gradient(scene.tape, bp_slice_rows(scene.tape, acts->action, 0, b->steps * b->batch));
    struct bp_distribution pi0 = bp_level_given(&scene, &w->learner->agent.behaviour[BP_PRIOR].level[0], NULL, NULL);

    w->shard->stats.sum[BP_SKILLS_PRIOR_LOSS] += bp_add_loss(bp_distribution_kl(scene.tape, fixed, pi0, action), mean, b->mask);
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
    struct acts online = act(w, false, &critics), steady = c->value_policy == BP_VALUE_POLICY_ONLINE ? online : act(w, true, &critics);
    struct bp_var *latents = bp_slice_rows(tape, online.acted, 0, rows);
    struct bp_var *q_replay = bp_work_target_value(w, &critics, b->batch, bp_slice_rows(tape, actions, b->batch, later), bp_slice_rows(tape, latents, b->batch, later));

    /* L_g = -log g(z|x') of the latents that acted */
    struct bp_var *log_g = posterior(w, latents);
    const float *told = information(w, latents, log_g);
    bp_add_loss(log_g, -mean, b->mask);

    critic_losses(w, actions, latents, retrace_targets(w, &steady, told, q_replay), mean);
    policy_loss(w, &online, mean);
    if (with_prior(&w->learner->agent) && c->learning_rate[BP_PART_PRIOR] > 0)
        prior_loss(w, &online, mean);
    w->shard->stats.sum[BP_SKILLS_LOG_PROB] += bp_work_sum(log_g, b->mask, rows);
    for (int i = 0; i < rows; i++)
        w->shard->stats.sum[BP_SKILLS_INFORMATION] += (double)b->mask[i] * (double)told[i];
}

/* ---- metrics ---- */

static const struct bp_metric metrics[] = {
    [BP_SKILLS_CRITIC_LOSS] = {"critic_loss", "L_Q; of two critics the sum", BP_PER_UPDATE, false, NULL},
    [BP_SKILLS_POLICY_LOSS] = {"policy_loss", "L_pi", BP_PER_UPDATE, false, NULL},
    [BP_SKILLS_PRIOR_LOSS] = {"prior_loss", "L_pi0", BP_PER_UPDATE, false, with_prior},
    [BP_SKILLS_KL_PRIOR] = {"kl_prior", "KL(pi(a|z, x) || pi0'(a|x)), nats a step", BP_PER_TRANSITION, false, with_prior},
    [BP_SKILLS_KL_PRIOR_HIGH] = {"kl_prior_high", "KL(pi^H || q) where a latent is drawn, nats a step", BP_PER_TRANSITION, false, learned_high},
    [BP_SKILLS_LOG_PROB] = {"posterior_log_prob", "log g(z|x'), nats a step", BP_PER_TRANSITION, false, NULL},
    [BP_SKILLS_INFORMATION] = {"information", "log g(z|x') - log q(z), nats a step: at most I(z; x')", BP_PER_TRANSITION, false, NULL},
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
    .draw = bp_work_draw,
    .losses = losses,
};
