#include "model/agent.h"

#include "base/random.h"
#include "nn/filter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct bp_role_row bp_roles[BP_ROLES] = {
    [BP_POLICY] = {"policy", BP_PART_POLICY, false, false, "policy", "policy"},
    [BP_PRIOR] = {"prior", BP_PART_PRIOR, false, false, "prior", "prior"},
    [BP_CRITIC] = {"critic", BP_PART_CRITIC, true, true, "critic", "critic"},
    [BP_CRITIC_2] = {"critic2", BP_PART_CRITIC, true, true, "second critic", "critic"},
    [BP_POLICY_HIGH] = {"policy-high", BP_PART_POLICY, false, false, "policy's high level", "high"},
    [BP_PRIOR_HIGH] = {"prior-high", BP_PART_PRIOR, false, false, "prior's high level", "prior-high"},
    [BP_INFERENCE] = {"inference", BP_PART_PRIOR, false, false, "inference network", "inference"},
    [BP_POSTERIOR] = {"posterior", BP_PART_POSTERIOR, false, false, "posterior", "posterior"},
    [BP_VALUE] = {"value", BP_PART_CRITIC, true, false, "critic", "critic"},
    [BP_TERMINATION] = {"termination", BP_PART_POLICY, false, false, "termination", "termination"},
};

const struct bp_latent_prior bp_latent_priors[] = {
    {"isotropic", "N(0, I)", NULL, false, false, NULL},
    {"ar1", "N(a z', 1 - a^2): correlated over time", NULL, true, false, NULL},
    {"learned-ar", "a network of the latent before", "mlp", true, false, NULL},
    {"markov", "choices: a network of the choice before and the observation", "mlp", true, true, "categorical"},
    {0},
};

const char bp_latent_fixed[] = "fixed";

static const struct bp_latent_prior *find_latent_prior(const char *name)
{
    for (const struct bp_latent_prior *row = bp_latent_priors; row->name; row++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

static bool chosen(const struct bp_net_choice *choice)
{
    return choice->kind && strcmp(choice->kind, "none");
}

static void add_late(struct bp_net_spec *spec, const char *name, int size, enum bp_late_start start)
{
    struct bp_late *late = &spec->late[spec->late_count];

    if (!size)
        return;
    snprintf(late->name, sizeof late->name, "%s", name);
    late->size = size;
    late->start = start;
    spec->late_count++;
}

static int init_net(struct bp_agent *agent, enum bp_role role, const struct bp_net_choice *choice, struct bp_net_spec *spec)
{
    snprintf(spec->name, sizeof spec->name, "%s", bp_roles[role].name);
    spec->title = bp_roles[role].title;
    if (!spec->kind[0])
        snprintf(spec->kind, sizeof spec->kind, "%s", choice->kind);
    if (bp_net_hidden(strcmp(spec->kind, "linear") ? choice->hidden : "", spec) || bp_groups_select(&agent->groups, choice->inputs, &spec->inputs) ||
        bp_net_encoders(choice->encoders, spec) || bp_net_init(&agent->net[role], spec))
        return -1;
    agent->has[role] = true;
    return 0;
}

static int init_critic(struct bp_agent *agent, enum bp_role role, const struct bp_net_choice *choice)
{
    struct bp_net_spec spec = {.output_size = 1};

    if (!chosen(choice))
        return 0;
    if (bp_roles[role].of_action)
        add_late(&spec, "action", agent->action.size, BP_LATE_NUMBERS);
    if (agent->behaviour[BP_POLICY].levels > 1)
        add_late(&spec, "latent", agent->latent.size, BP_LATE_SILENT);  /* says little beside the action, least of all when the next step draws anew */
    return init_net(agent, role, choice, &spec);
}

/* The torso of the networks that a level stands on as their late input. */
static int add_torsos(struct bp_agent *agent, const struct bp_level *level, struct bp_net_spec *spec)
{
    BP_EACH_NET(net, level->on) {
        struct bp_net *trunk = &agent->net[net];
        if (!trunk->spec.hidden_count)
            return bp_error(BP_USAGE, "a %s of kind %s has no hidden layer for a branch", trunk->spec.title, trunk->spec.kind);
        add_late(spec, trunk->spec.name, trunk->layer[trunk->join].in, BP_LATE_NUMBERS);
        trunk->torso_given = true;
    }
    return 0;
}

/* A level that a network gives; what is set in it says what the network is given. */
static int init_level(struct bp_agent *agent, enum bp_role role, const struct bp_net_choice *choice, const char *kind, struct bp_level *level)
{
    struct bp_net_spec spec = {0};
    char text[64], right[128];

    if (!(level->family = bp_family_find(choice->head)))
        return bp_error(BP_USAGE, "there is no head '%s'", choice->head);
    if (level->family->space != level->space.kind)
        return bp_error(BP_USAGE, "the %s's head '%s' draws what is %s, but here are %s; heads for these: %s", bp_roles[role].title, choice->head,
                        bp_space_kind_name(level->family->space), bp_space_text(level->space, text, sizeof text),
                        bp_families_of(level->space.kind, right, sizeof right));
    if (kind)
        snprintf(spec.kind, sizeof spec.kind, "%s", kind);
    if (level->above)
        add_late(&spec, "latent", agent->latent.size, agent->latent.kind == BP_DISCRETE ? BP_LATE_CHOICE : BP_LATE_PART);
    if (level->before)
        add_late(&spec, "before", level->space.size, BP_LATE_NUMBERS);
    if (add_torsos(agent, level, &spec))
        return -1;
    spec.output_size = level->family->outputs(level->space.size);
    level->net = role;
    return init_net(agent, role, choice, &spec);
}

/* Steps for which a latent is held. */
static int period_of(const struct bp_latent_choice *latent)
{
    return latent->period ? latent->period : BP_WHOLE_EPISODE;
}

/* The level that draws the latent. */
static int init_high(struct bp_agent *agent, enum bp_role role, const struct bp_net_choice *choice, const struct bp_latent_choice *latent,
                     struct bp_level *level)
{
    const struct bp_latent_prior *prior = find_latent_prior(choice->kind);
    bool fixed = !strcmp(choice->kind, bp_latent_fixed);
    struct bp_net_choice alone = *choice;

    *level = (struct bp_level){.net = BP_NO_NET, .space = agent->latent, .period = period_of(latent), .before = prior && prior->before};
    if (role == BP_PRIOR_HIGH)
        agent->latent_prior = prior;
    if (!prior && !fixed)
        return init_level(agent, role, choice, NULL, level);
    if (prior && prior->kind) {
        alone.inputs = prior->observes ? choice->inputs : "";
        alone.encoders = prior->observes ? choice->encoders : NULL;
        alone.head = prior->head ? prior->head : choice->head;
        level->correlation = prior->head && level->space.size > 1 ? latent->correlation : 0;
        return init_level(agent, role, &alone, prior->kind, level);
    }
    level->family = bp_family_find(level->space.kind == BP_DISCRETE ? "categorical" : "softplus");
    if (level->space.kind != BP_CONTINUOUS && !fixed)
        return bp_error(BP_USAGE, "a latent of %d choices is drawn by a network with the head categorical, not from N(0, I): see --high, --prior-high", level->space.size);
    level->correlation = prior && prior->before ? latent->correlation : 0;
    return 0;
}

/* A prior on the policy's torso: layers of its own, without any look at the observation. */
static int init_branch(struct bp_agent *agent, enum bp_role role, const struct bp_net_choice *choice, struct bp_level *level)
{
    struct bp_net_choice alone = *choice;

    if (agent->latent.size || role == BP_POLICY || !agent->has[BP_POLICY])
        return bp_error(BP_USAGE, "only the prior of a flat policy can be a branch of it: leave --latent-size out");
    alone.inputs = "";
    alone.encoders = NULL;
    level->on = 1u << BP_POLICY;
    return init_level(agent, role, &alone, *alone.hidden ? "mlp" : "linear", level);
}

static int init_behaviour(struct bp_agent *agent, enum bp_role low, const struct bp_net_choice *choice, enum bp_role high,
                          const struct bp_net_choice *high_choice, const struct bp_latent_choice *latent)
{
    struct bp_behaviour *behaviour = &agent->behaviour[low];
    bool hierarchical = agent->latent.size && chosen(high_choice);
    struct bp_level *last;

    if (!chosen(choice))
        return 0;
    if (hierarchical && init_high(agent, high, high_choice, latent, &behaviour->level[behaviour->levels++]))
        return -1;
    last = &behaviour->level[behaviour->levels++];
    *last = (struct bp_level){.above = hierarchical, .space = agent->action, .period = 1};
    if (!strcmp(choice->kind, "branch"))
        return init_branch(agent, low, choice, last);
    if (strcmp(choice->kind, "shared"))
        return init_level(agent, low, choice, NULL, last);
    if (!hierarchical || low == BP_POLICY || agent->behaviour[BP_POLICY].levels < 2)
        return bp_error(BP_USAGE, "only the prior of a hierarchical policy can share its low level: give --latent-size too, and no --posterior");
    *last = agent->behaviour[BP_POLICY].level[1];
    return 0;
}

/* What is summed over all choices is a mixture, of components that are none. */
static int check_components(const struct bp_behaviour *prior)
{
    const struct bp_family *family = prior->level[1].family;

    if (!family->of)
        return 0;
    return bp_error(BP_USAGE, "the prior's head '%s': a prior that is summed over its choices is a mixture already, of a head that is none, softplus or full",
                    family->name);
}

/* Latents are guessed where the prior draws them, each from the one before. */
static int init_inference(struct bp_agent *agent, const struct bp_net_choice *choice)
{
    const struct bp_behaviour *prior = &agent->behaviour[BP_PRIOR];

    if (!chosen(choice))
        return 0;
    if (prior->levels < 2)
        return bp_error(BP_USAGE, "there is no latent to infer in a flat prior");
    agent->inference = (struct bp_level){.net = BP_NO_NET, .family = prior->level[0].family, .before = true, .space = agent->latent,
                                         .period = prior->level[0].period};
    bool exact = !strcmp(choice->kind, "exact");
    if (exact != (agent->latent.kind == BP_DISCRETE))
        return bp_error(BP_USAGE, exact ? "only choices can be summed over: --inference exact needs --prior-high markov"
                                        : "a latent of choices needs no network that guesses it: give --inference exact");
    return exact ? check_components(prior) : init_level(agent, BP_INFERENCE, choice, NULL, &agent->inference);
}

/* What a high level draws: what its head says, of a network and of one that is fixed. */
static enum bp_space_kind drawn_by(const struct bp_net_choice *choice)
{
    const struct bp_latent_prior *prior = find_latent_prior(choice->kind);
    bool headed = !prior || prior->kind;
    const char *head = prior && prior->head ? prior->head : choice->head;
    const struct bp_family *family = headed && head ? bp_family_find(head) : NULL;

    return family ? family->space : BP_CONTINUOUS;
}

/* The latent is what the policy draws, or where it draws none the prior. */
static struct bp_space latent_space(const struct bp_net_choice choice[BP_ROLES], const struct bp_latent_choice *latent)
{
    bool policy = chosen(&choice[BP_POLICY]) && chosen(&choice[BP_POLICY_HIGH]), prior = chosen(&choice[BP_PRIOR]) && chosen(&choice[BP_PRIOR_HIGH]);

    if (!latent || !latent->size || !(policy || prior))
        return bp_continuous(0);
    return (struct bp_space){drawn_by(&choice[policy ? BP_POLICY_HIGH : BP_PRIOR_HIGH]), latent->size};
}

/* A latent of the prior alone is summed over. */
static int check_latents(const struct bp_agent *agent)
{
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY], *prior = &agent->behaviour[BP_PRIOR];

    if (policy->levels == 1 && prior->levels == 2 && !bp_behaviour_sums(prior))
        return bp_error(BP_USAGE, "a prior whose latent is of numbers cannot stand beside a flat policy: --prior-high markov has choices, which are "
                        "summed over");
    return policy->levels == 1 && prior->levels == 2 ? check_components(prior) : 0;
}

/* What tells the policy's latent apart sees no more than the observation: g(z|x). */
static int init_posterior(struct bp_agent *agent, const struct bp_net_choice *choice)
{
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY];

    if (!chosen(choice))
        return 0;
    if (policy->levels < 2)
        return bp_error(BP_USAGE, "a posterior is of the latents of a policy: give --latent-size too");
    agent->posterior = (struct bp_level){.space = agent->latent, .period = policy->level[0].period};
    return init_level(agent, BP_POSTERIOR, choice, NULL, &agent->posterior);
}

/* Of a policy's options: how likely the one before ends, where it is. */
static int init_termination(struct bp_agent *agent, const struct bp_net_choice *choice)
{
    struct bp_behaviour *policy = &agent->behaviour[BP_POLICY];
    struct bp_net_spec spec = {.output_size = 1};

    if (!chosen(choice))
        return 0;
    if (policy->levels < 2 || agent->latent.kind != BP_DISCRETE || !agent->posterior.family)
        return bp_error(BP_USAGE, "--termination is for a policy whose latent is one of choices, beside a posterior: give --latent-size, --high-head "
                        "categorical and --posterior");
    add_late(&spec, "before", agent->latent.size, BP_LATE_NUMBERS);
    policy->level[0].ends = 1u << BP_TERMINATION;
    return init_net(agent, BP_TERMINATION, choice, &spec);
}

int bp_agent_init(struct bp_agent *agent, const struct bp_groups *groups, struct bp_space action, const struct bp_net_choice choice[BP_ROLES],
                  const struct bp_latent_choice *latent)
{
    bool beside_posterior = chosen(&choice[BP_POSTERIOR]);
    const struct bp_net_choice none = {0};

    *agent = (struct bp_agent){.groups = *groups, .action = action, .latent = latent_space(choice, latent)};
    if (latent && latent->size && !agent->latent.size)
        return bp_error(BP_USAGE, "--latent-size %d: neither policy nor prior has a high level that draws the latent", latent->size);
    if (agent->latent.kind == BP_DISCRETE && agent->latent.size > BP_FILTER_STATES)
        return bp_error(BP_USAGE, "a latent of %d choices: there can be %d at most", agent->latent.size, BP_FILTER_STATES);
    if (init_behaviour(agent, BP_POLICY, &choice[BP_POLICY], BP_POLICY_HIGH, &choice[BP_POLICY_HIGH], latent) ||
        init_behaviour(agent, BP_PRIOR, &choice[BP_PRIOR], BP_PRIOR_HIGH, beside_posterior ? &none : &choice[BP_PRIOR_HIGH], latent) ||
        check_latents(agent) || init_inference(agent, &choice[BP_INFERENCE]) || init_posterior(agent, &choice[BP_POSTERIOR]) ||
        init_termination(agent, &choice[BP_TERMINATION]))
        return -1;
    for (int role = 0; role < BP_ROLES; role++)
        if (bp_roles[role].value && init_critic(agent, (enum bp_role)role, &choice[role]))
            return -1;
    return 0;
}

int bp_agent_add_column(struct bp_agent *agent)
{
    struct bp_behaviour *policy = &agent->behaviour[BP_POLICY], *prior = &agent->behaviour[BP_PRIOR];
    struct bp_level *ours = &policy->level[policy->levels - 1], *theirs = &prior->level[prior->levels - 1];

    if (!policy->levels || !prior->levels || theirs->net != BP_PRIOR || theirs->on)
        return bp_error(BP_USAGE, "--policy-columns 2 needs a prior with a network of its own, of kind mlp, lstm or linear");
    if (theirs->above && !ours->above)
        return bp_error(BP_USAGE, "--policy-columns 2: the prior's network is given a latent, which a flat policy does not have");
    if (ours->family != theirs->family)
        return bp_error(BP_USAGE, "the columns of a policy have one head, but that of the policy is %s and that of the prior %s",
                        ours->family->name, theirs->family->name);
    ours->adds |= 1u << BP_PRIOR;
    return 0;
}

int bp_agent_latents(const struct bp_agent *agent, enum bp_role role)
{
    return agent->behaviour[role].levels > 1 ? agent->latent.size : 0;
}

bool bp_agent_has_prior(const struct bp_agent *agent)
{
    return agent->behaviour[BP_PRIOR].levels > 0;
}

int bp_agent_noise(const struct bp_agent *agent)
{
    const struct bp_level *inference = &agent->inference;

    return bp_behaviour_noise(&agent->behaviour[BP_POLICY]) + (inference->family && inference->net != BP_NO_NET ? inference->family->noise(inference->space.size) : 0);
}

int bp_agent_state_size(const struct bp_agent *agent)
{
    int size = agent->latent.size;

    for (int role = 0; role < BP_ROLES; role++)
        size += agent->net[role].state_size;
    return size;
}

const struct bp_level *bp_agent_level(const struct bp_agent *agent, enum bp_role role)
{
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < agent->behaviour[b].levels; i++)
            if (agent->behaviour[b].level[i].net == (int)role)
                return &agent->behaviour[b].level[i];
    if (role == BP_POSTERIOR && agent->posterior.family)
        return &agent->posterior;
    return role == BP_INFERENCE && agent->has[BP_INFERENCE] ? &agent->inference : NULL;
}

const struct bp_family *bp_agent_family(const struct bp_agent *agent, enum bp_role role)
{
    const struct bp_level *level = bp_agent_level(agent, role);

    return level ? level->family : NULL;
}

void bp_agent_randomise(const struct bp_agent *agent, enum bp_role role, float *params, gsl_rng *stream)
{
    const struct bp_net *net = &agent->net[role];
    const struct bp_level *level = bp_agent_level(agent, role);
    float *bias = params + net->layer[net->layers - 1].b;

    bp_net_randomise(net, params, stream);
    if (role == BP_TERMINATION)         /* at first a choice ends once in its nominal period */
        *bias = -logf((float)agent->behaviour[BP_POLICY].level[0].period - 0.5f);
    if (!level || !level->family->start)
        return;
    bp_random_normal(stream, bias, net->spec.output_size);
    level->family->start(bias, net->spec.output_size, level->space.size);
}

struct bp_var *bp_agent_inputs(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, const float *observations,
                               int rows)
{
    return bp_net_inputs(tape, &agent->net[role], &agent->groups, observations, rows);
}
