#include "run/reuse.h"

#include <stdio.h>
#include <string.h>

/*
 * BP section 6.2 and figure 15, EH section 7. A frozen high level of both sides makes their KL, along the states that a new body reaches, a
 * reward: -alpha KL of the step after is part of V^, so the critic knows it, and the low level follows the critic (EH section 7.2, eq. 10).
 */
const struct bp_reuse bp_reuses[] = {
    {"prior", "the whole prior, frozen; the policy learns", false, false,
     {{BP_PRIOR_HIGH, BP_PRIOR_HIGH, BP_REUSE_FREEZE, false},
      {BP_PRIOR, BP_PRIOR, BP_REUSE_FREEZE, false},
      {BP_POLICY_HIGH, BP_PRIOR_HIGH, BP_REUSE_INITIALISE, true},
      {BP_POLICY, BP_PRIOR, BP_REUSE_INITIALISE, true}}},
    {"low", "the low level, frozen and shared, and the prior's high level; the policy's high level learns", true, false,
     {{BP_PRIOR_HIGH, BP_PRIOR_HIGH, BP_REUSE_FREEZE, false},
      {BP_POLICY, BP_PRIOR, BP_REUSE_FREEZE, false},
      {BP_PRIOR, BP_POLICY, BP_REUSE_SHARE, false},
      {BP_POLICY_HIGH, BP_PRIOR_HIGH, BP_REUSE_INITIALISE, true}}},
    {"low-init", "the whole prior, frozen; the policy's low level starts as a copy of its, and learns", true, false,
     {{BP_PRIOR_HIGH, BP_PRIOR_HIGH, BP_REUSE_FREEZE, false},
      {BP_PRIOR, BP_PRIOR, BP_REUSE_FREEZE, false},
      {BP_POLICY, BP_PRIOR, BP_REUSE_INITIALISE, false},
      {BP_POLICY_HIGH, BP_PRIOR_HIGH, BP_REUSE_INITIALISE, true}}},
    {"high", "the high levels of policy and prior, frozen; a new low level learns to do what they ask for", true, true,
     {{BP_POLICY_HIGH, BP_POLICY_HIGH, BP_REUSE_FREEZE, false},
      {BP_PRIOR_HIGH, BP_PRIOR_HIGH, BP_REUSE_FREEZE, false},
      {BP_PRIOR, BP_POLICY, BP_REUSE_SHARE, false}}},
    {0},
};

const char *bp_reuse_name(int i)
{
    return bp_reuses[i].name;
}

const struct bp_reuse *bp_reuse_find(const char *name)
{
    const struct bp_reuse *row = bp_reuses;

    while (strcmp(row->name, name))
        row++;
    return row;
}

/* ---- places ---- */

static bool is_high(enum bp_role role)
{
    return role == BP_POLICY_HIGH || role == BP_PRIOR_HIGH;
}

static enum bp_role side(enum bp_role role)
{
    return role == BP_PRIOR || role == BP_PRIOR_HIGH ? BP_PRIOR : BP_POLICY;
}

const struct bp_level *bp_reuse_level(const struct bp_agent *agent, enum bp_role role)
{
    const struct bp_behaviour *behaviour = &agent->behaviour[side(role)];

    if (is_high(role))
        return behaviour->levels > 1 ? &behaviour->level[0] : NULL;
    return behaviour->levels ? &behaviour->level[behaviour->levels - 1] : NULL;
}

/* A prior of the latent that is no network of the observation, and a mixture, are nothing that a policy could start from. */
static bool can_start_from(const struct bp_level *level)
{
    return level && level->net != BP_NO_NET && !level->before && level->family->entropy;
}

bool bp_reuse_flat_policy(const struct bp_agent *from)
{
    return from->behaviour[BP_PRIOR].levels == 1 || bp_behaviour_sums(&from->behaviour[BP_PRIOR]);
}

static bool applies(const struct bp_borrowed *borrowed, const struct bp_reuse_part *part)
{
    const struct bp_agent *from = &borrowed->checkpoint->agent;

    if (!bp_agent_latents(from, BP_PRIOR) && is_high(part->to))
        return false;
    if (bp_behaviour_sums(&from->behaviour[BP_PRIOR]) && (part->to == BP_POLICY || part->to == BP_POLICY_HIGH))
        return false;
    if (part->how == BP_REUSE_INITIALISE && !can_start_from(bp_reuse_level(from, part->from)))
        return false;
    return borrowed->policy_from_prior || !part->optional;
}

const struct bp_reuse_part *bp_reuse_next(const struct bp_borrowed *borrowed, const struct bp_reuse_part *after)
{
    const struct bp_reuse_part *part;

    if (!borrowed->checkpoint)
        return NULL;
    part = after ? after + 1 : borrowed->reuse->part;
    while (part->how && !applies(borrowed, part))
        part++;
    return part->how ? part : NULL;
}

/* ---- networks ---- */

struct bp_net_choice bp_reuse_choice(const struct bp_agent *agent, enum bp_role role, struct bp_reuse_texts *texts)
{
    const struct bp_level *level = bp_reuse_level(agent, role);
    const struct bp_latent_prior *prior = role == BP_PRIOR_HIGH ? agent->latent_prior : NULL;
    const struct bp_net_spec *spec = level->net == BP_NO_NET ? NULL : &agent->net[level->net].spec;

    if (!spec)
        return (struct bp_net_choice){.kind = prior ? prior->name : bp_latent_fixed};
    return (struct bp_net_choice){prior ? prior->name : spec->kind, bp_net_layers(spec, texts->hidden, sizeof texts->hidden),
                                  bp_groups_text(&spec->inputs, texts->inputs, sizeof texts->inputs), level->family->name,
                                  bp_net_encoders_text(spec, texts->encoders, sizeof texts->encoders)};
}

/* The option by which the checkpoint's program chose what a network sees. */
static const char *inputs_option(const struct bp_checkpoint *from, enum bp_role role, char *text, size_t size)
{
    bool distilled = !strcmp(from->program, "bp-distill");

    snprintf(text, size, "%s --%s%sinputs", distilled ? "bp-distill" : "bp-train", distilled && role == BP_PRIOR ? "" : bp_roles[role].option,
             distilled && role == BP_PRIOR ? "" : "-");
    return text;
}

/* What it sees must be there, with the same sizes. */
static int check_groups(const struct bp_checkpoint *from, const struct bp_net_spec *spec, enum bp_role role, const struct bp_env_spec *env)
{
    struct bp_groups missing = {0};
    char lacks[512], has[512], option[64];

    for (int i = 0; i < spec->inputs.count; i++) {
        const struct bp_group *group = &spec->inputs.group[i], *here = bp_groups_find(&env->groups, group->name);
        if (!here || here->size != group->size)
            bp_groups_add(&missing, group->name, group->size);
    }
    if (!missing.count)
        return 0;
    return bp_error(BP_USAGE, "task '%s' on body '%s' does not have %s, which the %s in the checkpoint sees; it has %s: what %s leaves out can differ",
                    env->task, env->body, bp_groups_sizes(&missing, lacks, sizeof lacks), bp_roles[role].title,
                    bp_groups_sizes(&env->groups, has, sizeof has), inputs_option(from, role, option, sizeof option));
}

static int check_level(const struct bp_checkpoint *checkpoint, enum bp_role role, const struct bp_env_spec *env)
{
    const struct bp_agent *from = &checkpoint->agent;
    const struct bp_level *level = bp_reuse_level(from, role);
    char ours[64], theirs[64];

    if (!level)
        return bp_error(BP_USAGE, "the checkpoint has no %s", bp_roles[side(role)].title);
    if (level->on)
        return bp_error(BP_USAGE, "the checkpoint's prior is a branch of its policy, and is no prior without it");
    if (!is_high(role) && !bp_space_equal(level->space, env->action))
        return bp_error(BP_USAGE, "the %s's actions are %s, those of task '%s' on body '%s' %s%s", bp_roles[role].title,
                        bp_space_text(level->space, ours, sizeof ours), env->task, env->body, bp_space_text(env->action, theirs, sizeof theirs),
                        from->latent.size ? ": --reuse high takes the high levels alone" : "");
    return level->net == BP_NO_NET ? 0 : check_groups(checkpoint, &from->net[level->net].spec, role, env);
}

/* A latent means something to those alone who learned with it. */
static int check_latent(const struct bp_borrowed *borrowed, const struct bp_latent_choice *latent, bool posterior)
{
    const struct bp_agent *from = &borrowed->checkpoint->agent;
    int size = bp_agent_latents(from, BP_PRIOR), period = from->behaviour[BP_PRIOR].level[0].period;

    if (bp_behaviour_sums(&from->behaviour[BP_PRIOR]) && borrowed->reuse->hierarchical)
        return bp_error(BP_USAGE, "--reuse %s: the checkpoint's latent is one of choices, which the prior alone draws; --reuse prior puts a flat policy beside it",
                        borrowed->reuse->name);
    if (!size && borrowed->reuse->hierarchical)
        return bp_error(BP_USAGE, "--reuse %s: the checkpoint's prior is flat, it has no levels", borrowed->reuse->name);
    if (!size && posterior)
        return 0;
    if (!size && latent->size)
        return bp_error(BP_USAGE, "--latent-size %d: the checkpoint's prior is flat, and so is the policy beside it", latent->size);
    if (latent->size != size)
        return bp_error(BP_USAGE, "--latent-size %d: the checkpoint's latent has %d numbers", latent->size, size);
    period = period == BP_WHOLE_EPISODE ? 0 : period;
    if (latent->size && latent->period != period && !borrowed->reuse->other_period)
        return bp_error(BP_USAGE, "--latent-period %d: the checkpoint's latent is held for %d step%s", latent->period, period, period == 1 ? "" : "s");
    return 0;
}

int bp_reuse_networks(const struct bp_borrowed *borrowed, const struct bp_env_spec *env, struct bp_net_choice choice[BP_ROLES],
                      struct bp_latent_choice *latent, struct bp_reuse_texts texts[BP_ROLES])
{
    const struct bp_agent *from = borrowed->checkpoint ? &borrowed->checkpoint->agent : NULL;

    if (!from)
        return 0;
    if (!bp_agent_has_prior(from))
        return bp_error(BP_USAGE, "the checkpoint has no prior");
    if (check_latent(borrowed, latent, choice[BP_POSTERIOR].kind && strcmp(choice[BP_POSTERIOR].kind, "none")))
        return -1;
    latent->correlation = from->behaviour[BP_PRIOR].level[0].correlation;
    for (const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL); part; part = bp_reuse_next(borrowed, part)) {
        if (part->how == BP_REUSE_SHARE)
            choice[part->to] = (struct bp_net_choice){.kind = "shared"};
        else if (check_level(borrowed->checkpoint, part->from, env))
            return -1;
        else if (part->how == BP_REUSE_FREEZE)
            choice[part->to] = bp_reuse_choice(from, part->from, &texts[part->to]);
    }
    return 0;
}

/* ---- parameters ---- */

void bp_reuse_freeze(const struct bp_borrowed *borrowed, struct bp_learner_config *config)
{
    if (!borrowed->checkpoint)
        return;
    config->learning_rate[BP_PART_PRIOR] = 0;       /* also where it has no network of its own */
    for (const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL); part; part = bp_reuse_next(borrowed, part))
        config->frozen[part->to] |= part->how == BP_REUSE_FREEZE;
}

int bp_reuse_parameters(const struct bp_borrowed *borrowed, struct bp_learner *learner)
{
    if (!borrowed->checkpoint)
        return 0;
    for (const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL); part; part = bp_reuse_next(borrowed, part)) {
        const struct bp_checkpoint *from = borrowed->checkpoint;
        int net = part->how == BP_REUSE_SHARE ? BP_NO_NET : bp_reuse_level(&from->agent, part->from)->net;
        if (net != BP_NO_NET &&
            bp_net_init_from(&learner->agent.net[part->to], learner->trained[part->to].online, &from->agent.net[net], from->params[net]))
            return -1;
    }
    bp_learner_copy_targets(learner);
    return 0;
}

const char *bp_reuse_text(const struct bp_borrowed *borrowed, enum bp_role role, char *text, size_t size)
{
    static const char *const done[] = {[BP_REUSE_FREEZE] = "frozen", [BP_REUSE_INITIALISE] = "initialised"};

    *text = '\0';
    for (const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL); part; part = bp_reuse_next(borrowed, part))
        if (part->to == role && part->how != BP_REUSE_SHARE)
            snprintf(text, size, "%s, %s", bp_roles[part->from].name, done[part->how]);
    return text;
}
