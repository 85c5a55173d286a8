/*
 * bp-distill: fit a prior to recorded trajectories by maximum likelihood.
 *
 *     bp-rollout -n 2000 easy.ckpt | bp-distill --prior lstm --inputs global,targets,touch > prior.ckpt
 */
#include "run/fit.h"
#include "run/version.h"

#include <stdlib.h>

static const struct bp_usage usage = {
    "[OPTION ...] [FILE ...]",
    "Fit a prior to the trajectory streams of one or several files (stdin when none), of one or many experts, by maximum likelihood.",
    "bp-rollout -n 2000 easy.ckpt | bp-distill --prior lstm --inputs global,targets,touch > prior.ckpt",
    BP_BARE_FILTER,
    bp_version,
};

static int distill(struct bp_options *options, const struct bp_fit *values, int argc, char **argv, int operand)
{
    json_t *config = bp_options_json(options);
    char *command_line = bp_command_line(argc, argv);
    int status = BP_FAILURE;

    if (config && command_line)
        status = bp_fit(values, config, command_line, argv + operand, argc - operand);
    else if (config)
        bp_error(BP_FAILURE, "out of memory");
    json_decref(config);
    free(command_line);
    return status;
}

int main(int argc, char **argv)
{
    struct bp_fit values = {0};
    const struct bp_option_part parts[] = {{"Options", bp_fit_options, &values}, {NULL, NULL, NULL}};
    struct bp_options *options;
    int operand, status;

    bp_set_program(argv[0]);
    if (!(options = bp_options_new(parts)))
        return bp_exit_status();
    status = bp_options_parse(options, argc, argv, &usage, &operand);
    if (status > 0)
        status = 0;
    else if (status < 0 || bp_options_resolve(options) || bp_options_check(options))
        status = bp_exit_status();
    else {
        bp_set_quiet(values.quiet);
        values.head_chosen = bp_options_given(options, "head");
        status = distill(options, &values, argc, argv, operand);
    }
    bp_options_free(options);
    return status;
}
