#include "learn/svg.h"

#include "learn/work.h"
#include "nn/loss.h"

#include <math.h>

static struct bp_path behave(const struct bp_work *w, bool target, int steps)
{
    struct bp_scene here = bp_work_scene(w, target, steps);

    return bp_behave(&here, &w->learner->agent.behaviour[BP_POLICY], w->shard->noise);
}

/* The prior at a path of `steps` steps. */
static struct bp_path score(const struct bp_work *w, bool target, int steps, const struct bp_path *at)
{
    struct bp_scene here = bp_work_scene(w, target, steps);

    return bp_score(&here, &w->learner->agent.behaviour[BP_PRIOR], at);
}

/*
 * Of a path: the distributions of its actions, the actions as they enter the world, its latents (NULL: flat). These are held fixed: gradient
 * reaches the high level through the action alone.
 */
static struct bp_distribution actions_level(const struct bp_path *path)
{
    return path->level[path->levels - 1].p;
}

static struct bp_var *actions_of(struct bp_tape *tape, const struct bp_path *path)
{
    return bp_clip_action(tape, path->level[path->levels - 1].y);
}

static struct bp_var *latent_of(struct bp_tape *tape, const struct bp_path *path)
{
    return path->levels > 1 ? bp_stop_gradient(tape, path->level[0].y) : NULL;
}

static struct bp_var *latent_rows(struct bp_tape *tape, const struct bp_path *path, int first, int rows)
{
    struct bp_var *latent = latent_of(tape, path);

    return latent ? bp_slice_rows(tape, latent, first, rows) : NULL;
}

/* Whose actions give values and traces: their distribution (fixed) on steps 0 ... K, and on 1 ... K the value Q'(x, a, z) - alpha KL. */
struct value_policy {
    struct bp_distribution pi;
    struct bp_var *q, *kl;      /* kl: to the target prior (NULL: no prior) */
};

/* Q^R from rewards, values V^ = Q'(x, a~pi) - alpha KL, and traces c = lambda min(1, pi(a|x) / mu(a|x))     (BP eq. 11). */
static float *retrace_targets(const struct bp_work *w, const struct value_policy *value_policy, const struct bp_var *q_replay)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    int rows = b->steps * b->batch;
    float *value = bp_arena_floats(&tape->arena, (size_t)rows), *reward = bp_arena_floats(&tape->arena, (size_t)rows);
    float alpha = (float)(c->reward_scale * c->kl_cost);
    struct bp_distribution pi = bp_distribution_slice_rows(tape, value_policy->pi, 0, rows);
    struct bp_var *log_prob = pi.family->log_prob(tape, pi, bp_constant(tape, rows, w->learner->agent.action.size, b->actions));

    for (int i = 0; i < rows; i++) {
        value[i] = value_policy->q->value[i] - (value_policy->kl ? alpha * value_policy->kl->value[i] : 0);
        reward[i] = (float)c->reward_scale * b->reward[i];
    }
    return bp_work_retrace(w, log_prob->value, reward, value, q_replay->value, &w->shard->stats.sum[BP_SVG_TRACE]);
}

/* KL of the latents that are drawn. */
static double level_sum(const struct bp_path_kl *kl, const struct bp_path *pi, const float *weight, int rows)
{
    double total = 0;

    for (int i = 0; kl->level[0] && i < rows; i++)
        total += (double)weight[i] * (double)(pi->level[0].drawn ? pi->level[0].drawn[i] : 1) * (double)kl->level[0]->value[i];
    return total;
}

/* What the critic is fitted to, as returns of the task: their mean and square tell how much of them it explains. */
static void measure_targets(const struct bp_work *w, const float *target)
{
    const struct bp_batch *b = &w->shard->batch;
    double *total = w->shard->stats.sum, scale = w->learner->config.reward_scale;

    for (int i = 0; i < b->steps * b->batch; i++) {
        double mask = (double)b->mask[i], y = (double)target[i];
        total[BP_SVG_TARGET] += mask * y;
        total[BP_SVG_TARGET_SQUARE] += mask * (y / scale) * (y / scale);
    }
}

/* How wide the policy draws, how often at the widest that its head allows, and how often beyond what a body takes. */
static void measure_actions(const struct bp_work *w, const struct bp_path *here)
{
    const struct bp_batch *b = &w->shard->batch;
    struct bp_distribution p = actions_level(here);
    const struct bp_var *y = here->level[here->levels - 1].y, *scale = p.family->scale ? p.param[p.family->scale] : NULL;
    float cap = p.family->most_scale > 0 ? 0.99f * p.family->most_scale : INFINITY;
    double *total = w->shard->stats.sum;

    for (int i = 0; i < b->steps * b->batch; i++) {
        double share = (double)b->mask[i] / y->cols;
        float sum = 0, capped = 0, clipped = 0;
        for (int j = i * y->cols; j < (i + 1) * y->cols; j++) {
            clipped += y->value[j] < -1 || y->value[j] > 1;
            sum += scale ? scale->value[j] : 0;
            capped += scale && scale->value[j] > cap;
        }
        total[BP_SVG_SCALE] += share * (double)sum;
        total[BP_SVG_CAPPED] += share * (double)capped;
        total[BP_SVG_CLIPPED] += share * (double)clipped;
    }
}

/* The policy itself, whose losses need its values anyway. */
static struct value_policy online_value_policy(const struct bp_work *w, const struct bp_path *pi, struct bp_var *q_policy, struct bp_var *kl)
{
    struct bp_tape *tape = &w->shard->tape;
    int batch = w->shard->batch.batch, rows = w->shard->batch.steps * batch;

    return (struct value_policy){bp_distribution_stop_gradient(tape, actions_level(pi)), bp_slice_rows(tape, q_policy, batch, rows),
                                 kl ? bp_slice_rows(tape, kl, batch, rows) : NULL};
}

/*
 * The target policy in the policy's place: steadier, for another forward pass. pi0: the target prior on steps 0 ... K where it is the same at
 * any path, else NULL.
 */
static struct value_policy target_value_policy(const struct bp_work *w, const struct bp_target_critics *critics, const struct bp_path *pi0)
{
    struct bp_tape *tape = &w->shard->tape;
    int batch = w->shard->batch.batch, rows = w->shard->batch.steps * batch;
    struct bp_path pi = behave(w, true, w->shard->batch.steps + 1), next = bp_path_slice_rows(tape, &pi, batch, rows);
    struct value_policy value_policy = {.pi = actions_level(&pi), .q = bp_work_target_value(w, critics, batch, actions_of(tape, &next), latent_of(tape, &next))};

    if (bp_agent_has_prior(&w->learner->agent)) {
        struct bp_path here = pi0 ? *pi0 : score(w, true, w->shard->batch.steps + 1, &pi);
        value_policy.kl = bp_slice_rows(tape, bp_path_kl(tape, &pi, &here).sum, batch, rows);
    }
    return value_policy;
}

static void losses(const struct bp_work *w)
{
    const struct bp_learner_config *c = &w->learner->config;
    const struct bp_batch *b = &w->shard->batch;
    struct bp_tape *tape = &w->shard->tape;
    double *total = w->shard->stats.sum;
    bool prior = bp_agent_has_prior(&w->learner->agent), online = c->value_policy == BP_VALUE_POLICY_ONLINE;
    int steps = b->steps, rows = steps * b->batch, longer = online ? steps + 1 : steps;     /* the online policy gives values one step beyond its losses */
    float alpha = (float)(c->reward_scale * c->kl_cost), alpha_h = (float)(c->reward_scale * c->entropy_cost);
    float mean = (float)(1 / ((double)c->unroll * (double)c->batch));
    struct bp_var *actions = bp_clip_action(tape, bp_constant(tape, rows, w->learner->agent.action.size, b->actions));

    /* a, z ~ pi along the sequence, KL(pi || pi0'). */
    struct bp_path pi = behave(w, false, longer), here = bp_path_slice_rows(tape, &pi, 0, rows), fixed = bp_path_stop_gradient(tape, &here);
    bool once = prior && !online && w->learner->agent.behaviour[BP_PRIOR].levels == 1;      /* flat: the same at the target policy's path */
    struct bp_path pi0_longer = prior ? score(w, true, once ? steps + 1 : longer, &pi) : pi;
    struct bp_path pi0_target = once ? bp_path_slice_rows(tape, &pi0_longer, 0, rows) : pi0_longer;
    struct bp_path_kl kl = prior ? bp_path_kl(tape, &pi, &pi0_target) : (struct bp_path_kl){0};

    /* Target critic: Q'(x, a ~ pi, z), differentiable in a alone, and Q'(x, a, z) of the replayed actions after the first. */
    struct bp_target_critics critics = bp_work_target_critics(w, steps + 1);
    struct bp_var *q_policy = bp_work_target_value(w, &critics, 0, actions_of(tape, &pi), latent_of(tape, &pi));
    struct bp_var *q_replay = bp_work_target_value(w, &critics, b->batch, bp_slice_rows(tape, actions, b->batch, rows - b->batch),
                                           latent_rows(tape, &pi, b->batch, rows - b->batch));

    struct value_policy value_policy = online ? online_value_policy(w, &pi, q_policy, kl.sum) : target_value_policy(w, &critics, once ? &pi0_longer : NULL);
    float *target = retrace_targets(w, &value_policy, q_replay);

    /* L_Q = (Q(x, a, z) - Q^R)^2, of each critic */
    for (int i = 0; i < BP_CRITICS; i++)
        if (w->learner->agent.has[BP_CRITIC + i]) {
            enum bp_role role = (enum bp_role)(BP_CRITIC + i);
            struct bp_var *q = bp_work_critic(w, role, false, bp_work_features(w, role, false, steps), actions, latent_of(tape, &here));
            total[BP_SVG_CRITIC_LOSS] += bp_add_loss(bp_squared_error(tape, q, target), mean, b->mask);
        }

    /* L_pi = -Q'(x, a ~ pi, z) + alpha KL(pi || pi0') - alpha_H H(pi^L) */
    struct bp_var *entropy = actions_level(&here).family->entropy(tape, actions_level(&here));
    total[BP_SVG_POLICY_LOSS] += bp_add_loss(bp_slice_rows(tape, q_policy, 0, rows), -mean, b->mask) + bp_add_loss(entropy, -alpha_h * mean, b->mask);
    if (prior)
        total[BP_SVG_POLICY_LOSS] += bp_add_loss(bp_slice_rows(tape, kl.sum, 0, rows), alpha * mean, b->mask);

    /* L_pi0 = KL(pi || pi0), pi held fixed */
    if (prior && c->learning_rate[BP_PART_PRIOR] > 0) {
        struct bp_path pi0 = score(w, false, steps, &fixed);
        total[BP_SVG_PRIOR_LOSS] += bp_add_loss(bp_path_kl(tape, &fixed, &pi0).sum, mean, b->mask);
    }

    total[BP_SVG_KL_PRIOR] += bp_work_sum(kl.sum, b->mask, rows);
    total[BP_SVG_KL_PRIOR_HIGH] += pi.levels > 1 ? level_sum(&kl, &pi, b->mask, rows) : 0;
    total[BP_SVG_ENTROPY] += bp_work_sum(entropy, b->mask, rows);
    total[BP_SVG_Q] += bp_work_sum(q_policy, b->mask, rows);
    total[BP_SVG_REWARDED] += bp_work_rewarded(w);
    measure_targets(w, target);
    measure_actions(w, &here);
}

/* ---- metrics ---- */

static bool with_latent(const struct bp_agent *agent)
{
    return agent->behaviour[BP_PRIOR].levels > 1;
}

/* The family of the policy's actions. */
static const struct bp_family *actions_family(const struct bp_agent *agent)
{
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY];

    return policy->level[policy->levels - 1].family;
}

static bool with_scale(const struct bp_agent *agent)
{
    return actions_family(agent)->scale > 0;
}

static bool with_cap(const struct bp_agent *agent)
{
    return actions_family(agent)->most_scale > 0;
}

static const struct bp_metric metrics[] = {
    [BP_SVG_CRITIC_LOSS] = {"critic_loss", "L_Q; of two critics the sum", BP_PER_UPDATE, false, NULL},
    [BP_SVG_POLICY_LOSS] = {"policy_loss", "L_pi", BP_PER_UPDATE, false, NULL},
    [BP_SVG_PRIOR_LOSS] = {"prior_loss", "L_pi0", BP_PER_UPDATE, false, bp_agent_has_prior},
    [BP_SVG_KL_PRIOR] = {"kl_prior", "KL(pi || pi0'), nats a step", BP_PER_TRANSITION, false, bp_agent_has_prior},
    [BP_SVG_KL_PRIOR_HIGH] = {"kl_prior_high", "of these for the latent", BP_PER_TRANSITION, false, with_latent},
    [BP_SVG_ENTROPY] = {"entropy", "H(pi^L), nats a step", BP_PER_TRANSITION, false, NULL},
    [BP_SVG_Q] = {"q_mean", "Q'(x, a ~ pi, z)", BP_PER_TRANSITION, true, NULL},
    [BP_SVG_TRACE] = {"trace_weight", "c of Retrace", BP_PER_TRANSITION, false, NULL},
    [BP_SVG_REWARDED] = {"rewarded", "share of the sequences with a reward", BP_PER_UPDATE, false, NULL},
    [BP_SVG_TARGET] = {"target_mean", "Q^R", BP_PER_TRANSITION, true, NULL},
    [BP_SVG_TARGET_SQUARE] = {"target_square", "Q^R squared", BP_PER_TRANSITION, false, NULL},
    [BP_SVG_SCALE] = {"action_scale", "standard deviation of the numbers of an action", BP_PER_TRANSITION, false, with_scale},
    [BP_SVG_CAPPED] = {"scale_capped", "share of these at the head's greatest", BP_PER_TRANSITION, false, with_cap},
    [BP_SVG_CLIPPED] = {"action_clipped", "share of the numbers of an action drawn beyond -1 ... 1", BP_PER_TRANSITION, false, NULL},
    {0},
};
_Static_assert(sizeof metrics / sizeof *metrics <= BP_METRICS + 1, "room for the sums of all metrics");

const struct bp_algorithm bp_svg = {
    .name = "svg",
    .help = "SVG(0) with experience replay, Retrace and a learned prior",
    .metric = metrics,
    .target = {[BP_PART_POLICY] = true, [BP_PART_PRIOR] = true, [BP_PART_CRITIC] = true},
    .named = true,
    .through_actions = true,
    .draw = bp_work_draw,
    .losses = losses,
};
