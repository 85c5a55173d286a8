#include "run/act.h"

#include "model/marginal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAPE_BYTES ((size_t)64 << 10)   /* to begin with */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

int bp_acting_init(struct bp_acting *acting, const struct bp_agent *agent, int lanes)
{
    size_t n = (size_t)lanes;

    *acting = (struct bp_acting){.agent = agent, .lanes = lanes};
    acting->noise_size = larger(agent->action.size, larger(bp_behaviour_noise(&agent->behaviour[BP_POLICY]),
                                                           bp_behaviour_noise(&agent->behaviour[BP_PRIOR])));
    acting->noise = calloc(n * (size_t)acting->noise_size, sizeof(float));
    acting->latent = calloc(n * (size_t)agent->latent.size + 1, sizeof(float));
    acting->step = calloc(n, sizeof *acting->step);
    acting->actions = calloc(n * (size_t)agent->action.size, sizeof(float));
    acting->log_prob = calloc(n, sizeof(float));
    acting->kl_prior = calloc(n, sizeof(float));
    acting->kl_prior_high = calloc(n, sizeof(float));
    acting->drawn = calloc(n, sizeof(float));
    acting->latent_log_prob = calloc(n, sizeof(float));
    if (!acting->noise || !acting->latent || !acting->step || !acting->actions || !acting->log_prob || !acting->kl_prior ||
        !acting->kl_prior_high || !acting->drawn || !acting->latent_log_prob)
        return bp_error(BP_FAILURE, "out of memory");
    for (int role = 0; role < BP_ROLES; role++)
        if (!(acting->state[role] = calloc(n * (size_t)agent->net[role].state_size + 1, sizeof(float))))
            return bp_error(BP_FAILURE, "out of memory");
    return bp_tape_init(&acting->tape, TAPE_BYTES, false);
}

void bp_acting_free(struct bp_acting *acting)
{
    free(acting->noise);
    free(acting->latent);
    free(acting->step);
    free(acting->actions);
    free(acting->log_prob);
    free(acting->kl_prior);
    free(acting->kl_prior_high);
    free(acting->drawn);
    free(acting->latent_log_prob);
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
    memset(acting->latent + (size_t)lane * (size_t)acting->agent->latent.size, 0, (size_t)acting->agent->latent.size * sizeof(float));
    acting->step[lane] = 0;
}

/* The lanes' noise, level by level instead of lane by lane, as behaviours take it; a lane may have more numbers than this behaviour takes. */
static const float *noise_by_level(struct bp_acting *acting, const struct bp_behaviour *behaviour)
{
    float *noise, *to;
    int first = 0;

    if (behaviour->levels == 1 && bp_behaviour_noise(behaviour) == acting->noise_size)
        return acting->noise;
    noise = to = bp_arena_floats(&acting->tape.arena, (size_t)acting->lanes * (size_t)acting->noise_size);
    for (int i = 0; i < behaviour->levels; i++) {
        int draw = behaviour->level[i].family->noise(behaviour->level[i].space.size), sizes[] = {draw, bp_behaviour_level_noise(behaviour, i) - draw};
        for (int k = 0; k < 2; first += sizes[k++])
            for (int lane = 0; lane < acting->lanes; lane++, to += sizes[k])
                memcpy(to, acting->noise + lane * acting->noise_size + first, (size_t)sizes[k] * sizeof *to);
    }
    return noise;
}

/* The recurrent state of what looks on moves on, whatever it thinks of the action. */
static void advance(const struct bp_scene *scene, const struct bp_agent *agent, enum bp_role role)
{
    struct bp_var *x = bp_agent_inputs(scene->tape, agent, role, scene->observations, scene->batch);
    struct bp_sequences lanes = {.steps = 1, .batch = scene->batch, .state = scene->state[role], .state_out = scene->state[role]};

    bp_net_features(scene->tape, scene->use[role], x, &lanes);
}

/* Summed over latents that the path does not have. */
static bool is_marginal(const struct bp_behaviour *behaviour, const struct bp_path *at)
{
    return behaviour->levels > at->levels;
}

/* What is scored along the path of another goes on from what it knows: recurrent states, and of latents that are summed over how likely they are. */
static bool remembers(const struct bp_agent *agent, const struct bp_behaviour *behaviour, const struct bp_path *at, unsigned remember)
{
    if (is_marginal(behaviour, at) && remember)
        return true;
    BP_EACH_NET(net, bp_behaviour_nets(behaviour) & remember)
        if (agent->net[net].state_size)
            return true;
    return false;
}

/* What the policy would have drawn where the prior acts: a KL by sample is asked there (nn/family.h). */
static void draw_own(struct bp_acting *acting, const struct bp_behaviour *policy, struct bp_path *path)
{
    const float *noise = noise_by_level(acting, policy);

    for (int i = 0; i < policy->levels; i++) {
        const struct bp_level *level = &policy->level[i];
        if (path->level[i].p.family)
            path->level[i].y = level->family->sample(&acting->tape, path->level[i].p, noise);
        noise += acting->lanes * level->family->noise(level->space.size);
    }
}

static void take_kl(struct bp_acting *acting, const struct bp_path *policy, const struct bp_path *prior)
{
    struct bp_path_kl kl = bp_path_kl(&acting->tape, policy, prior);
    const float *drawn = policy->level[0].drawn;

    memcpy(acting->kl_prior, kl.sum->value, (size_t)acting->lanes * sizeof(float));
    for (int lane = 0; lane < acting->lanes && policy->levels > 1; lane++)
        acting->kl_prior_high[lane] = kl.level[0] && (!drawn || drawn[lane] > 0) ? kl.level[0]->value[lane] : 0;
}

/*
 * log p(z | z before, x) of the latent in force: of one that was drawn, 0 where it was held for its period. A choice that may end is what it
 * was before if it did not, or if it was made again.
 */
static void take_latent_log_prob(struct bp_acting *acting, const struct bp_path *path)
{
    struct bp_distribution p = path->level[0].p;
    size_t size = (size_t)acting->agent->latent.size;
    const float *z = path->level[0].y->value, *end = path->level[0].end;
    const struct bp_var *log_prob = p.family->log_prob(&acting->tape, p, path->level[0].y);

    for (size_t lane = 0; lane < (size_t)acting->lanes; lane++) {
        bool same = !memcmp(z + lane * size, acting->latent + lane * size, size * sizeof *z);
        acting->latent_log_prob[lane] = end ? logf((same ? 1 - end[lane] : 0) + end[lane] * expf(log_prob->value[lane])) : acting->drawn[lane] * log_prob->value[lane];
    }
}

static void take_latent(struct bp_acting *acting, const struct bp_path *path)
{
    const float *drawn = path->level[0].drawn;

    for (int lane = 0; lane < acting->lanes; lane++)
        acting->drawn[lane] = drawn ? drawn[lane] : 1;
    if (acting->agent->posterior.family)
        take_latent_log_prob(acting, path);
    memcpy(acting->latent, path->level[0].y->value, (size_t)acting->lanes * (size_t)acting->agent->latent.size * sizeof(float));
}

void bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
            unsigned remember)
{
    static const enum bp_role onlookers[] = {BP_CRITIC, BP_CRITIC_2, BP_VALUE, BP_POSTERIOR};
    enum bp_role other = role == BP_POLICY ? BP_PRIOR : BP_POLICY;
    const struct bp_agent *agent = acting->agent;
    struct bp_net_use use[BP_ROLES];
    struct bp_net_seen seen[BP_ROLES] = {{0}};
    struct bp_scene scene = {.tape = &acting->tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = 1,
                             .batch = acting->lanes, .episode_step = acting->step, .state = acting->state, .carry = true, .latent = acting->latent, .seen = seen};
    struct bp_path path[2] = {{.levels = 0}};
    size_t n = (size_t)acting->lanes;

    bp_tape_reset(&acting->tape);
    for (int i = 0; i < BP_ROLES; i++)
        use[i] = (struct bp_net_use){.net = &agent->net[i], .params = params->of[i]};
    path[role] = bp_behave(&scene, &agent->behaviour[role], noise_by_level(acting, &agent->behaviour[role]));
    int last = path[role].levels - 1;
    struct bp_distribution p = path[role].level[last].p;
    memcpy(acting->actions, path[role].level[last].y->value, n * (size_t)agent->action.size * sizeof(float));
    memcpy(acting->log_prob, p.family->log_prob(&acting->tape, p, path[role].level[last].y)->value, n * sizeof(float));
    if (with_kl || remembers(agent, &agent->behaviour[other], &path[role], remember))
        path[other] = bp_score(&scene, &agent->behaviour[other], &path[role]);
    if (with_kl && role == BP_PRIOR)
        draw_own(acting, &agent->behaviour[BP_POLICY], &path[BP_POLICY]);
    if (with_kl)
        take_kl(acting, &path[BP_POLICY], &path[BP_PRIOR]);
    if (is_marginal(&agent->behaviour[other], &path[role]) && path[other].levels)
        bp_marginal_update(&acting->tape, path[other].level[0].p, path[role].level[last].y, acting->latent);
    for (size_t i = 0; i < sizeof onlookers / sizeof *onlookers; i++)
        if (remember & 1u << onlookers[i] && agent->net[onlookers[i]].state_size)
            advance(&scene, agent, onlookers[i]);
    if (last > 0)
        take_latent(acting, &path[role]);
    for (int lane = 0; lane < acting->lanes; lane++)
        acting->step[lane]++;
}

void bp_acting_state_row(const struct bp_acting *acting, int lane, float *row)
{
    size_t latent = (size_t)acting->agent->latent.size;

    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = (size_t)acting->agent->net[role].state_size;
        memcpy(row, acting->state[role] + (size_t)lane * size, size * sizeof(float));
        row += size;
    }
    memcpy(row, acting->latent + (size_t)lane * latent, latent * sizeof(float));
}

void bp_acting_set_state_row(struct bp_acting *acting, int lane, const float *row, int64_t step)
{
    size_t latent = (size_t)acting->agent->latent.size;

    for (int role = 0; role < BP_ROLES; role++) {
        size_t size = (size_t)acting->agent->net[role].state_size;
        memcpy(acting->state[role] + (size_t)lane * size, row, size * sizeof(float));
        row += size;
    }
    memcpy(acting->latent + (size_t)lane * latent, row, latent * sizeof(float));
    acting->step[lane] = (int32_t)step;
}
