#include "run/act.h"

#include <stdlib.h>
#include <string.h>

#define TAPE_BYTES ((size_t)64 << 10)   /* to begin with */

int bp_acting_init(struct bp_acting *acting, const struct bp_agent *agent, int lanes)
{
    size_t n = (size_t)lanes, actions = (size_t)agent->action_size;

    *acting = (struct bp_acting){.agent = agent, .lanes = lanes};
    acting->noise = calloc(n * actions, sizeof(float));
    acting->actions = calloc(n * actions, sizeof(float));
    acting->log_prob = calloc(n, sizeof(float));
    acting->kl_prior = calloc(n, sizeof(float));
    if (!acting->noise || !acting->actions || !acting->log_prob || !acting->kl_prior)
        return bp_error(BP_FAILURE, "out of memory");
    for (int role = 0; role < BP_ROLES; role++)
        if (!(acting->state[role] = calloc(n * (size_t)agent->net[role].state_size + 1, sizeof(float))))
            return bp_error(BP_FAILURE, "out of memory");
    return bp_tape_init(&acting->tape, TAPE_BYTES, false);
}

void bp_acting_free(struct bp_acting *acting)
{
    free(acting->noise);
    free(acting->actions);
    free(acting->log_prob);
    free(acting->kl_prior);
    for (int role = 0; role < BP_ROLES; role++)
        free(acting->state[role]);
    bp_tape_free(&acting->tape);
    *acting = (struct bp_acting){0};
}

void bp_acting_forget(struct bp_acting *acting, int lane)
{
    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = (size_t)acting->agent->net[role].state_size;
        memset(acting->state[role] + (size_t)lane * size, 0, size * sizeof(float));
    }
}

/* One step of every lane, which advances role's recurrent state. */
static struct bp_sequences lanes_of(struct bp_acting *acting, enum bp_role role)
{
    return (struct bp_sequences){.steps = 1, .batch = acting->lanes, .state = acting->state[role], .state_out = acting->state[role]};
}

static struct bp_gaussian look(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations)
{
    struct bp_var *x = bp_agent_inputs(&acting->tape, acting->agent, role, observations, acting->lanes);

    struct bp_net_use use = {.net = &acting->agent->net[role], .params = params->of[role]};

    struct bp_sequences lanes = lanes_of(acting, role);
    return bp_agent_gaussian(&acting->tape, acting->agent, role, use, x, &lanes);
}

static void advance_critic(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations)
{
    struct bp_net_use use = {.net = &acting->agent->net[role], .params = params->of[role]};
    struct bp_var *x = bp_agent_inputs(&acting->tape, acting->agent, role, observations, acting->lanes);

    struct bp_sequences lanes = lanes_of(acting, role);
    bp_net_features(&acting->tape, use, x, &lanes);
}

void bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
            unsigned remember)
{
    enum bp_role other = role == BP_POLICY ? BP_PRIOR : BP_POLICY;
    struct bp_gaussian p[BP_ROLES];
    size_t n = (size_t)acting->lanes;

    bp_tape_reset(&acting->tape);
    p[role] = look(acting, params, role, observations);
    memcpy(acting->actions, bp_gaussian_sample(&acting->tape, p[role], acting->noise)->value,
           n * (size_t)acting->agent->action_size * sizeof(float));
    memcpy(acting->log_prob, bp_gaussian_log_prob(&acting->tape, p[role], acting->actions)->value, n * sizeof(float));
    if (with_kl || (remember & 1u << other && acting->agent->net[other].state_size))
        p[other] = look(acting, params, other, observations);
    if (with_kl)
        memcpy(acting->kl_prior, bp_gaussian_kl(&acting->tape, p[BP_POLICY], p[BP_PRIOR])->value, n * sizeof(float));
    for (int critic = BP_CRITIC; critic < BP_ROLES; critic++)
        if (remember & 1u << critic && acting->agent->net[critic].state_size)
            advance_critic(acting, params, (enum bp_role)critic, observations);
}

void bp_acting_state_row(const struct bp_acting *acting, int lane, float *row)
{
    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = acting->agent->has[role] ? (size_t)acting->agent->net[role].state_size : 0;
        memcpy(row, acting->state[role] + (size_t)lane * size, size * sizeof(float));
        row += size;
    }
}

void bp_acting_set_state_row(struct bp_acting *acting, int lane, const float *row)
{
    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = acting->agent->has[role] ? (size_t)acting->agent->net[role].state_size : 0;
        memcpy(acting->state[role] + (size_t)lane * size, row, size * sizeof(float));
        row += size;
    }
}
