/*
 * bp-train: learn a policy, its critic and a behaviour prior together.
 *
 *     bp-train --preset nav-easy-lstm --seed 1 -o easy.ckpt
 */
#include "run/cmdline.h"
#include "run/version.h"

static const struct bp_usage usage = {
    "[--preset NAME] [OPTION ...] -o FILE",
    "Learn a policy, its critic and a behaviour prior together, and write them as a checkpoint.",
    "bp-train --preset nav-easy-lstm --seed 1 -o easy.ckpt",
    BP_BARE_USAGE,
    bp_version,
};

int main(int argc, char **argv)
{
    struct bp_train_command command = {0};
    struct bp_config config = {0};
    const struct bp_option_part parts[] = {
        {"Command", bp_train_command_options, &command},
        {"Config", bp_config_options, &config},
        {"Prior", bp_config_prior_options, &config},
        {NULL, NULL, NULL},
    };
    struct bp_cmdline cmdline = {.command = &command, .config = &config};
    int status;

    bp_set_program(argv[0]);
    cmdline.options = bp_options_new(parts);
    if ((status = bp_cmdline_parse(&cmdline, argc, argv, &usage)) || (status = bp_cmdline_resolve(&cmdline)) ||
        (status = bp_cmdline_finish(&cmdline)))
        status = status > 0 ? 0 : bp_exit_status();
    else
        status = bp_train(&cmdline.spec);
    bp_cmdline_free(&cmdline);
    return status;
}
