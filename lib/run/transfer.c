#include "run/transfer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AT(member) offsetof(struct bp_transfer, member)

static const char *initialise(int i)
{
    static const char *const names[] = {"prior", "fresh", NULL};
    return names[i];
}

const struct bp_option bp_transfer_options[] = {
    {"prior-from", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(prior_from), NULL, 0, 0, NULL, "FILE", "checkpoint whose prior is kept, frozen; - is stdin, none learns from scratch", NULL},
    {"reuse", 0, BP_CHOICE, BP_SCOPE_RUN, AT(reuse), "prior", 0, 0, bp_reuse_name, "NAME", "what of it the new agent is made of", NULL},
    {"initialise", 0, BP_CHOICE, BP_SCOPE_RUN, AT(initialise), "prior", 0, 0, initialise, "NAME", "levels of the policy that learn start as copies of the prior's, or afresh", NULL},
    {0},
};

/* What a training run's config says of how to learn carries over; what it says of itself (BP_SCOPE_RUN) does not. */
static int lay_checkpoint(struct bp_cmdline *cmdline, const struct bp_checkpoint *checkpoint)
{
    /* What a low level sees, which is not the task; and latents that a policy beside a flat prior had. */
    static const char *const flat[] = {"policy-inputs", "policy-encoders", "latent-size", "latent-period", "high", "high-head", "posterior", "termination", "task-reward"};
    char told[512];
    json_t *learning = bp_options_json_renamed(checkpoint->config, told, sizeof told);
    int status;

    if (!learning)
        return -1;
    if (*told)
        bp_warn("the prior's checkpoint has a config of version 0.1.0: %s", told);
    if (!strcmp(checkpoint->program, "bp-distill"))
        json_object_clear(learning);        /* it describes a fit, not a reinforcement-learning run */
    for (size_t i = 0; bp_reuse_flat_policy(&checkpoint->agent) && i < sizeof flat / sizeof *flat; i++)
        json_object_del(learning, flat[i]);
    status = bp_options_json_inherit(cmdline->options, learning, "prior's checkpoint");
    json_decref(learning);
    return status;
}

/* A part of the policy that comes from the checkpoint, and the options of its network. */
struct shape {
    const struct bp_reuse_part *part;
    const char *name;               /* of the option that is its kind */
    const char *level;              /* "policy", "low level", "high level" */
    struct bp_net_choice like;
};

static int refuse(const struct shape *shape, const char *option, const char *given, const char *value)
{
    if (shape->part->how == BP_REUSE_FREEZE)
        return bp_error(BP_USAGE, "--%s %s: the %s is the checkpoint's, which has %s", option, given, shape->level, *value ? value : "none");
    return bp_error(BP_USAGE, "--%s %s: a %s that starts from the prior is like it, %s; %s--initialise fresh lets it differ", option, given,
                    shape->level, value, shape->part->optional ? "" : "--reuse prior ");
}

/* The config gets the checkpoint's value, unless the user gave one, which is refused when it differs. */
static int set_like(struct bp_cmdline *cmdline, const struct shape *shape, const char *suffix, const char *value)
{
    char option[64];
    const char *given;

    snprintf(option, sizeof option, "%s%s", shape->name, suffix);
    given = bp_options_explicit(cmdline->options, option);
    if (given && strcmp(given, value))
        return refuse(shape, option, given, value);
    return bp_options_set(cmdline->options, option, value, "prior's checkpoint");
}

/* A copy may have encoders of its own for groups that the prior does not see; bp_net_init_from checks that the others' are the prior's. */
static int set_encoders(struct bp_cmdline *cmdline, const struct shape *shape)
{
    char option[64];

    snprintf(option, sizeof option, "%s-encoders", shape->name);
    if (shape->part->how == BP_REUSE_INITIALISE && bp_options_explicit(cmdline->options, option))
        return 0;
    if (!*shape->like.encoders && !bp_options_given(cmdline->options, option))
        return 0;
    return set_like(cmdline, shape, "-encoders", shape->like.encoders);
}

/* A network that starts from the checkpoint's has its kind, layers and head; one that is kept sees the same groups, too. */
static int shape_network(struct bp_cmdline *cmdline, const struct bp_agent *from, const struct bp_reuse_part *part)
{
    struct bp_reuse_texts texts;
    const char *level = part->to == BP_POLICY_HIGH ? "high level" : bp_reuse_flat_policy(from) ? "policy" : "low level";
    bool starts = part->how == BP_REUSE_INITIALISE;
    struct shape shape = {part, part->to == BP_POLICY_HIGH ? "high" : "policy", level, bp_reuse_choice(from, part->from, &texts)};

    if (starts && part->to == BP_POLICY && cmdline->config->policy_columns == 2)
        return bp_error(BP_USAGE, "--policy-columns 2 adds the policy to the prior, where it starts: give --reuse prior --initialise fresh");
    if (set_like(cmdline, &shape, "", shape.like.kind) || set_like(cmdline, &shape, "-layers", shape.like.hidden) ||
        set_like(cmdline, &shape, "-head", shape.like.head) || set_encoders(cmdline, &shape))
        return -1;
    return starts ? 0 : set_like(cmdline, &shape, "-inputs", shape.like.inputs);
}

/*
 * The latent is the checkpoint's, where the user did not say otherwise; whether that can be is for bp_reuse_networks to say. A preset may say
 * the period, where another body has one of its own.
 */
static int shape_latent(struct bp_cmdline *cmdline, const struct bp_borrowed *borrowed)
{
    const struct bp_agent *from = &borrowed->checkpoint->agent;
    int period = from->behaviour[BP_PRIOR].level[0].period;
    const struct {
        const char *name;
        int value;
        bool preset;
    } like[] = {{"latent-size", from->latent.size, false}, {"latent-period", period == BP_WHOLE_EPISODE ? 0 : period, borrowed->reuse->other_period}};

    for (size_t i = 0; i < sizeof like / sizeof *like; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", like[i].value);
        bool said = like[i].preset ? bp_options_given(cmdline->options, like[i].name) : bp_options_explicit(cmdline->options, like[i].name) != NULL;
        if (!said && bp_options_set(cmdline->options, like[i].name, value, "prior's checkpoint"))
            return -1;
    }
    const char *high = bp_options_explicit(cmdline->options, "high");
    if (!bp_reuse_flat_policy(from))
        return 0;
    if (high && strcmp(high, "none"))
        return bp_error(BP_USAGE, "--high %s: the checkpoint's latent is one of choices, which the prior alone draws: the policy beside it is flat", high);
    return bp_options_set(cmdline->options, "high", "none", "prior's checkpoint");
}

/* Options that say of the policy what the checkpoint says already. */
static int shape_policy(struct bp_cmdline *cmdline, const struct bp_borrowed *borrowed)
{
    const struct bp_agent *from = &borrowed->checkpoint->agent;

    if (!bp_agent_has_prior(from))
        return bp_error(BP_USAGE, "the checkpoint has no prior");
    if (bp_agent_latents(from, BP_PRIOR) && shape_latent(cmdline, borrowed))
        return -1;
    for (const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL); part; part = bp_reuse_next(borrowed, part)) {
        bool policy = part->how != BP_REUSE_SHARE && (part->to == BP_POLICY || part->to == BP_POLICY_HIGH);
        if (policy && bp_reuse_level(from, part->from) && shape_network(cmdline, from, part))
            return -1;
    }
    return 0;
}

/* A stopped run goes on with what it started from: asked before all that would follow from another checkpoint. */
static int check_parent(const struct bp_cmdline *cmdline, const char *prior_from, const struct bp_checkpoint *checkpoint)
{
    const struct bp_resume_header *stopped = &cmdline->stopped;

    if (!stopped->config || !strcmp(stopped->parent, checkpoint->hash))
        return 0;
    if (!*stopped->parent)
        return bp_error(BP_USAGE, "--prior-from %s: the stopped run started from no checkpoint, --prior-from none", prior_from);
    return bp_error(BP_USAGE, "--prior-from %s: the stopped run started from another checkpoint, of SHA-256 %.16s...", prior_from, stopped->parent);
}

/* The kind of a prior, which bp-train is given, is no file. */
static int load(const char *prior_from, struct bp_checkpoint *checkpoint)
{
    for (const struct bp_option *row = bp_config_prior_options; row->name; row++)
        for (int i = 0; !strcmp(row->name, "prior") && row->choices(i); i++)
            if (!strcmp(prior_from, row->choices(i)) && access(prior_from, F_OK))
                return bp_error(BP_USAGE, "--prior-from %s: there is no such file; a transfer takes its prior from a checkpoint, bp-train --prior %s learns one",
                                prior_from, prior_from);
    return bp_checkpoint_load(prior_from, checkpoint);
}

static int run(struct bp_cmdline *cmdline, const struct bp_transfer *transfer, struct bp_checkpoint *checkpoint, int argc, char **argv,
               const struct bp_usage *usage)
{
    int status = bp_cmdline_parse(cmdline, argc, argv, usage);
    const char *prior_from;

    if (status)
        return status < 0 ? bp_exit_status() : 0;
    if (!(prior_from = bp_options_explicit(cmdline->options, "prior-from")))
        bp_error(BP_USAGE, "--prior-from FILE is needed; --prior-from none learns from scratch");
    if (!prior_from)
        return BP_USAGE;
    bool borrows = strcmp(prior_from, "none") != 0;
    if (!borrows && bp_options_explicit(cmdline->options, "reuse")) {
        bp_error(BP_USAGE, "--reuse: there is nothing to reuse with --prior-from none, which learns from scratch");
        return BP_USAGE;
    }
    if (borrows && (load(prior_from, checkpoint) || lay_checkpoint(cmdline, checkpoint)))
        return bp_exit_status();
    if (bp_cmdline_resolve(cmdline) || check_parent(cmdline, prior_from, checkpoint))
        return bp_exit_status();
    struct bp_borrowed borrowed = {checkpoint, bp_reuse_find(transfer->reuse), !strcmp(transfer->initialise, "prior")};
    if (borrows && shape_policy(cmdline, &borrowed))
        return bp_exit_status();
    if ((status = bp_cmdline_finish(cmdline)))
        return status < 0 ? bp_exit_status() : 0;
    cmdline->config->net[BP_PRIOR].kind = "none";
    if (borrows)
        cmdline->spec.borrowed = borrowed;
    return bp_train(&cmdline->spec);
}

int bp_transfer_main(struct bp_cmdline *cmdline, const struct bp_transfer *transfer, int argc, char **argv, const struct bp_usage *usage)
{
    struct bp_checkpoint checkpoint = {0};
    int status = run(cmdline, transfer, &checkpoint, argc, argv, usage);

    bp_checkpoint_free(&checkpoint);
    return status;
}
