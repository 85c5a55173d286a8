#include "run/transfer.h"

#include <string.h>

#define AT(member) offsetof(struct bp_transfer, member)

static const char *initialise(int i)
{
    static const char *const names[] = {"prior", "fresh", NULL};
    return names[i];
}

const struct bp_option bp_transfer_options[] = {
    {"prior-from", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(prior_from), NULL, 0, 0, NULL, "FILE", "checkpoint whose prior is kept, frozen; - is stdin, none learns from scratch"},
    {"initialise", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(initialise), "prior", 0, 0, initialise, "NAME", "start the policy as a copy of the prior, or afresh"},
    {0},
};

/* What a training run's config says of how to learn carries over; what it says of its own task, length and processor does not. */
static int lay_checkpoint(struct bp_cmdline *cmdline, const struct bp_checkpoint *checkpoint)
{
    static const char *const own[] = {"task", "body", "transitions", "seed", "evaluate", "evaluate-every", "policy-columns", "policy-inputs", "critic-inputs",
                                      "policy-encoders", "critic-encoders", "learning-rate-hold", "final-learning-rate", "precision"};
    char told[512];
    json_t *learning = bp_options_json_renamed(checkpoint->config, told, sizeof told);
    int status;

    if (!learning)
        return -1;
    if (*told)
        bp_warn("the prior's checkpoint has a config of version 0.1.0: %s", told);
    if (!strcmp(checkpoint->program, "bp-distill"))
        json_object_clear(learning);        /* it describes a fit, not a reinforcement-learning run */
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        json_object_del(learning, own[i]);
    status = bp_options_json_layer(cmdline->options, learning, "prior's checkpoint");
    json_decref(learning);
    return status;
}

/* A policy that starts from the prior has its kind, layers and head: the config gets these, and options that differ are refused. */
static int shape_policy(struct bp_cmdline *cmdline, const struct bp_checkpoint *checkpoint)
{
    const struct bp_agent *from = &checkpoint->agent;
    const struct bp_net_spec *spec = &from->net[BP_PRIOR].spec;
    char layers[128], encoders[512];

    if (!from->behaviour[BP_PRIOR].levels)
        return bp_error(BP_USAGE, "the checkpoint has no prior");
    if (from->latent_size)
        return bp_error(BP_USAGE, "the checkpoint's prior is hierarchical: a frozen prior is taken from a flat one");
    struct { const char *name, *value; } like[] = {{"policy", spec->kind}, {"policy-layers", bp_net_layers(spec, layers, sizeof layers)},
                                                   {"policy-head", bp_agent_family(from, BP_PRIOR)->name}};
    for (size_t i = 0; i < sizeof like / sizeof *like; i++) {
        const char *given = bp_options_explicit(cmdline->options, like[i].name);
        if (given && strcmp(given, like[i].value))
            return bp_error(BP_USAGE, "--%s %s: a policy that starts from the prior is like it, %s; --initialise fresh lets it differ", like[i].name,
                            given, like[i].value);
        if (bp_options_set(cmdline->options, like[i].name, like[i].value, "prior's checkpoint"))
            return -1;
    }
    /* Groups that the prior does not see may have encoders of their own; bp_net_init_from checks that the others' are the prior's. */
    if (bp_options_explicit(cmdline->options, "policy-encoders"))
        return 0;
    bp_net_encoders_text(spec, encoders, sizeof encoders);
    if (!*encoders && !bp_options_given(cmdline->options, "policy-encoders"))
        return 0;
    return bp_options_set(cmdline->options, "policy-encoders", encoders, "prior's checkpoint");
}

/* A branch cannot be taken without its policy; two columns start near the prior anyway. */
static int check_columns(const struct bp_config *config, const struct bp_checkpoint *checkpoint, bool from_prior)
{
    const struct bp_behaviour *prior = &checkpoint->agent.behaviour[BP_PRIOR];

    if (prior->levels && bp_behaviour_nets(prior) & 1u << BP_POLICY && !checkpoint->agent.latent_size)
        return bp_error(BP_USAGE, "the checkpoint's prior is a branch of its policy, and is no prior without it");
    if (from_prior && config->policy_columns == 2)
        return bp_error(BP_USAGE, "--policy-columns 2 adds the policy to the prior, where it starts: give --initialise fresh");
    return 0;
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
    if (borrows && (bp_checkpoint_load(prior_from, checkpoint) || lay_checkpoint(cmdline, checkpoint)))
        return bp_exit_status();
    if (bp_cmdline_resolve(cmdline))
        return bp_exit_status();
    bool from_prior = borrows && !strcmp(transfer->initialise, "prior");
    if (from_prior && shape_policy(cmdline, checkpoint))
        return bp_exit_status();
    if ((status = bp_cmdline_finish(cmdline)))
        return status < 0 ? bp_exit_status() : 0;
    if (borrows && check_columns(cmdline->config, checkpoint, from_prior))
        return bp_exit_status();
    cmdline->config->net[BP_PRIOR].kind = "none";
    if (borrows)
        cmdline->spec.borrowed = (struct bp_borrowed){checkpoint, from_prior};
    return bp_train(&cmdline->spec);
}

int bp_transfer_main(struct bp_cmdline *cmdline, const struct bp_transfer *transfer, int argc, char **argv, const struct bp_usage *usage)
{
    struct bp_checkpoint checkpoint = {0};
    int status = run(cmdline, transfer, &checkpoint, argc, argv, usage);

    bp_checkpoint_free(&checkpoint);
    return status;
}
