/*
 * The update of spec section 6 once more, in double, a row at a time, from the equations: what bp_update_gradients drew (batch and noise)
 * goes in, the three losses come out as functions of the parameters, for finite differences to be taken of.
 */
#ifndef BP_TESTS_NAIVE_UPDATE_H
#define BP_TESTS_NAIVE_UPDATE_H

#include "../model/naive_net.h"
#include "tiny.h"

enum { MOST_ROWS = 10 * 6, MOST_STATE = 32 };

struct dist {
    double mean[TINY_A], scale[TINY_A];
};

/* One shard's update; rows are t * B + b, t up to and with K. */
struct naive_update {
    const struct bp_learner *learner;
    const struct bp_shard *shard;
    int steps, batch;
    /* everything that is held fixed while one network's parameters move */
    struct dist policy[MOST_ROWS], value_policy[MOST_ROWS], prior_target[MOST_ROWS];
    double action[MOST_ROWS][TINY_A];       /* a ~ pi before clipping */
    double passes[MOST_ROWS][TINY_A];       /* does the gradient pass the clip? */
    double q_policy[MOST_ROWS], q_retrace[MOST_ROWS], trace[MOST_ROWS];
    double critic_loss, policy_loss, prior_loss, kl_sum, entropy_sum, q_sum, trace_sum, transitions;
};

static double clip(double x)
{
    return x > 1 ? 1 : x < -1 ? -1 : x;
}

/* ---- networks along a sequence ---- */

static const float *params_of(const struct naive_update *u, enum bp_role role, bool target)
{
    return target ? u->learner->trained[role].target : u->learner->trained[role].online;
}

/* What role sees of a row, by the groups' names: the prior the first three numbers, the others all five. */
static void seen_by(const struct naive_update *u, enum bp_role role, int row, double *x)
{
    const struct bp_groups *inputs = &u->learner->agent.net[role].spec.inputs;
    int n = 0;

    for (int g = 0; g < inputs->count; g++) {
        int from = strcmp(inputs->group[g].name, "shared") ? 3 : 0;
        for (int j = 0; j < inputs->group[g].size; j++)
            x[n++] = (double)u->shard->batch.observations[row * TINY_O + from + j];
    }
}

/* The state that sequence b starts from: the roles' states stand one after the other in the replay's rows. */
static void first_state(const struct naive_update *u, enum bp_role role, int b, double *state)
{
    const struct bp_learner *learner = u->learner;
    int offset = 0;

    memset(state, 0, MOST_STATE * sizeof *state);
    for (int r = 0; r < (int)role; r++)
        offset += learner->agent.has[r] ? learner->agent.net[r].state_size : 0;
    for (int j = 0; learner->config.stored_state && j < learner->agent.net[role].state_size; j++)
        state[j] = (double)u->shard->batch.state[b * learner->state_size + offset + j];
}

static double softplus(double v)
{
    return v > 30 ? v : log1p(exp(v));
}

static void gaussians(const struct naive_update *u, enum bp_role role, const float *params, struct dist *p)
{
    struct naive_plan plan = naive_plan(&u->learner->agent.net[role], params);
    bool bounded = !strcmp(bp_agent_family(&u->learner->agent, role)->name, "bounded");

    for (int b = 0; b < u->batch; b++) {
        double state[MOST_STATE], x[TINY_O], out[2 * TINY_A];
        first_state(u, role, b, state);
        for (int t = 0; t <= u->steps; t++) {
            int row = t * u->batch + b;
            if (u->shard->batch.episode_step[row] == 0)
                memset(state, 0, sizeof state);
            seen_by(u, role, row, x);
            naive_net(&plan, params, x, NULL, state, out);
            for (int j = 0; j < TINY_A; j++) {
                p[row].mean[j] = bounded ? tanh(out[j]) : out[j];
                p[row].scale[j] = 0.01 + (bounded ? naive_sigmoid(out[TINY_A + j]) : softplus(out[TINY_A + j]));
            }
        }
    }
}

/* Q(x, a) of one action a row, up to and with step `last`. */
static void values_of(const struct naive_update *u, enum bp_role role, const float *params, double (*action)[TINY_A], int last, double *q)
{
    struct naive_plan plan = naive_plan(&u->learner->agent.net[role], params);

    for (int b = 0; b < u->batch; b++) {
        double state[MOST_STATE], x[TINY_O];
        first_state(u, role, b, state);
        for (int t = 0; t <= last; t++) {
            int row = t * u->batch + b;
            if (u->shard->batch.episode_step[row] == 0)
                memset(state, 0, sizeof state);
            seen_by(u, role, row, x);
            naive_net(&plan, params, x, action[row], state, &q[row]);
        }
    }
}

/* Q'(x, a): the lower one of two. */
static void target_values_of(const struct naive_update *u, double (*action)[TINY_A], int last, double *q)
{
    static double other[MOST_ROWS];

    values_of(u, BP_CRITIC, params_of(u, BP_CRITIC, true), action, last, q);
    if (!u->learner->agent.has[BP_CRITIC_2])
        return;
    values_of(u, BP_CRITIC_2, params_of(u, BP_CRITIC_2, true), action, last, other);
    for (int row = 0; row < (last + 1) * u->batch; row++)
        q[row] = fmin(q[row], other[row]);
}

/* ---- densities ---- */

static double naive_kl(const struct dist *p, const struct dist *q)
{
    double sum = 0;

    for (int j = 0; j < TINY_A; j++)
        sum += log(q->scale[j] / p->scale[j]) +
               (p->scale[j] * p->scale[j] + pow(p->mean[j] - q->mean[j], 2)) / (2 * q->scale[j] * q->scale[j]) - 0.5;
    return sum;
}

static double naive_entropy(const struct dist *p)
{
    double sum = 0;

    for (int j = 0; j < TINY_A; j++)
        sum += 0.5 * log(2 * M_PI * M_E * p->scale[j] * p->scale[j]);
    return sum;
}

static double naive_log_prob(const struct dist *p, const float *action)
{
    double sum = 0;

    for (int j = 0; j < TINY_A; j++)
        sum -= 0.5 * pow(((double)action[j] - p->mean[j]) / p->scale[j], 2) + log(p->scale[j]) + 0.5 * log(2 * M_PI);
    return sum;
}

/* ---- losses as functions of one network's parameters ---- */

static double scaled(const struct naive_update *u, double cost)
{
    return u->learner->config.reward_scale * cost;
}

static double mean_over_rows(const struct naive_update *u)
{
    return 1.0 / (u->learner->config.unroll * u->learner->config.batch);
}

/* L_pi = -Q'(x, a ~ pi) + alpha KL(pi || pi0') - alpha_H H(pi); the clip is passed straight, or not at all, as it was found. */
static double naive_policy_loss(const struct naive_update *u, const float *params)
{
    static struct dist p[MOST_ROWS];
    static double action[MOST_ROWS][TINY_A], q[MOST_ROWS];
    const struct bp_learner_config *c = &u->learner->config;
    double sum = 0;

    gaussians(u, BP_POLICY, params, p);
    for (int row = 0; row < u->steps * u->batch; row++)
        for (int j = 0; j < TINY_A; j++) {
            double a = p[row].mean[j] + p[row].scale[j] * (double)u->shard->noise[row * TINY_A + j];
            action[row][j] = clip(u->action[row][j]) + u->passes[row][j] * (a - u->action[row][j]);
        }
    target_values_of(u, action, u->steps - 1, q);
    for (int row = 0; row < u->steps * u->batch; row++) {
        double kl = u->learner->agent.has[BP_PRIOR] ? naive_kl(&p[row], &u->prior_target[row]) : 0;
        sum += (double)u->shard->batch.mask[row] * (-q[row] + scaled(u, c->kl_cost) * kl - scaled(u, c->entropy_cost) * naive_entropy(&p[row]));
    }
    return sum * mean_over_rows(u);
}

/* L_Q = (Q(x, a) - Q^R)^2 at the replayed actions, clipped as they were when they entered the simulator. */
static double critic_loss_of(const struct naive_update *u, enum bp_role role, const float *params)
{
    static double action[MOST_ROWS][TINY_A], q[MOST_ROWS];
    double sum = 0;

    for (int row = 0; row < u->steps * u->batch; row++)
        for (int j = 0; j < TINY_A; j++)
            action[row][j] = clip((double)u->shard->batch.actions[row * TINY_A + j]);
    values_of(u, role, params, action, u->steps - 1, q);
    for (int row = 0; row < u->steps * u->batch; row++)
        sum += (double)u->shard->batch.mask[row] * pow(q[row] - u->q_retrace[row], 2);
    return sum * mean_over_rows(u);
}

static double naive_critic_loss(const struct naive_update *u, const float *params)
{
    return critic_loss_of(u, BP_CRITIC, params);
}

__attribute__((unused)) static double naive_critic_2_loss(const struct naive_update *u, const float *params)
{
    return critic_loss_of(u, BP_CRITIC_2, params);
}

/* L_pi0 = KL(pi || pi0), pi held fixed. */
static double naive_prior_loss(const struct naive_update *u, const float *params)
{
    static struct dist q[MOST_ROWS];
    double sum = 0;

    gaussians(u, BP_PRIOR, params, q);
    for (int row = 0; row < u->steps * u->batch; row++)
        sum += (double)u->shard->batch.mask[row] * naive_kl(&u->policy[row], &q[row]);
    return sum * mean_over_rows(u);
}

/* ---- what is held fixed ---- */

/* Q^R_t = Q'_t + sum_{s>=t} gamma^{s-t} (prod_{i=t+1..s} c_i) (r_s + gamma d_s V^_{s+1} - Q'_s), V^ = Q'(x, a ~ value_policy) - alpha KL. */
static void naive_retrace(struct naive_update *u)
{
    static double action[MOST_ROWS][TINY_A], value[MOST_ROWS], q[MOST_ROWS];
    const struct bp_learner_config *c = &u->learner->config;
    const struct bp_batch *batch = &u->shard->batch;
    int rows = u->steps * u->batch;

    for (int row = 0; row < rows + u->batch; row++)
        for (int j = 0; j < TINY_A; j++)
            action[row][j] = clip(u->value_policy[row].mean[j] + u->value_policy[row].scale[j] * (double)u->shard->noise[row * TINY_A + j]);
    target_values_of(u, action, u->steps, value);
    for (int row = 0; row < rows + u->batch && u->learner->agent.has[BP_PRIOR]; row++)
        value[row] -= scaled(u, c->kl_cost) * naive_kl(&u->value_policy[row], &u->prior_target[row]);
    for (int row = 0; row < rows; row++) {
        for (int j = 0; j < TINY_A; j++)
            action[row][j] = clip((double)batch->actions[row * TINY_A + j]);
        double ratio = exp(naive_log_prob(&u->value_policy[row], batch->actions + row * TINY_A) - (double)batch->log_prob[row]);
        u->trace[row] = (double)batch->mask[row] * c->retrace_lambda * fmin(1, ratio);
        u->trace_sum += u->trace[row];
    }
    target_values_of(u, action, u->steps - 1, q);
    for (int row = 0; row < rows; row++) {
        double weight = 1;
        u->q_retrace[row] = q[row];
        for (int s = row; s < rows; s += u->batch) {
            weight *= s > row ? c->discount * u->trace[s] : 1;
            u->q_retrace[row] += weight * (scaled(u, (double)batch->reward[s]) + c->discount * (double)batch->nonterminal[s] * value[s + u->batch] - q[s]);
        }
    }
}

/* Downhill on -Q' an action moves along dQ'/da: out of the arena it does not. */
static void find_passes(struct naive_update *u)
{
    static double action[MOST_ROWS][TINY_A], up[MOST_ROWS], down[MOST_ROWS];
    int rows = u->steps * u->batch;

    for (int j = 0; j < TINY_A; j++) {
        for (int side = 0; side < 2; side++) {
            for (int row = 0; row < rows; row++)
                for (int i = 0; i < TINY_A; i++)
                    action[row][i] = clip(u->action[row][i]) + (i == j ? (side ? 1e-5 : -1e-5) : 0);
            target_values_of(u, action, u->steps - 1, side ? up : down);
        }
        for (int row = 0; row < rows; row++) {
            double a = u->action[row][j], d = up[row] - down[row];
            u->passes[row][j] = (a <= 1 || d < 0) && (a >= -1 || d > 0);
        }
    }
}

__attribute__((unused)) static void naive_update(struct naive_update *u, const struct bp_learner *learner, int shard)
{
    static double action[MOST_ROWS][TINY_A];
    bool prior = learner->agent.has[BP_PRIOR];

    *u = (struct naive_update){.learner = learner, .shard = &learner->shards[shard]};
    u->steps = u->shard->batch.steps;
    u->batch = u->shard->batch.batch;
    int rows = u->steps * u->batch;
    assert_true(rows + u->batch <= MOST_ROWS);
    gaussians(u, BP_POLICY, params_of(u, BP_POLICY, false), u->policy);
    gaussians(u, BP_POLICY, params_of(u, BP_POLICY, learner->config.value_policy == BP_VALUE_POLICY_TARGET), u->value_policy);
    if (prior)
        gaussians(u, BP_PRIOR, params_of(u, BP_PRIOR, true), u->prior_target);
    for (int row = 0; row < rows; row++)
        for (int j = 0; j < TINY_A; j++) {
            u->action[row][j] = u->policy[row].mean[j] + u->policy[row].scale[j] * (double)u->shard->noise[row * TINY_A + j];
            action[row][j] = clip(u->action[row][j]);
        }
    naive_retrace(u);
    find_passes(u);
    target_values_of(u, action, u->steps - 1, u->q_policy);
    u->policy_loss = naive_policy_loss(u, params_of(u, BP_POLICY, false));
    u->critic_loss = naive_critic_loss(u, params_of(u, BP_CRITIC, false));
    if (learner->agent.has[BP_CRITIC_2])
        u->critic_loss += naive_critic_2_loss(u, params_of(u, BP_CRITIC_2, false));
    u->prior_loss = prior && learner->config.learning_rate[BP_PART_PRIOR] > 0 ? naive_prior_loss(u, params_of(u, BP_PRIOR, false)) : 0;
    for (int row = 0; row < rows; row++) {
        double valid = (double)u->shard->batch.mask[row];
        u->transitions += valid;
        u->kl_sum += prior ? valid * naive_kl(&u->policy[row], &u->prior_target[row]) : 0;
        u->entropy_sum += valid * naive_entropy(&u->policy[row]);
        u->q_sum += valid * u->q_policy[row];
    }
}

#endif
