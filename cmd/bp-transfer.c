/*
 * bp-transfer: learn a task with a frozen prior from a checkpoint, or from scratch for comparison.
 *
 *     bp-transfer --preset nav-hard --prior-from easy.ckpt -o hard.ckpt
 *     bp-transfer --preset nav-hard --prior-from none -o scratch.ckpt
 */
#include "run/transfer.h"
#include "run/version.h"

static const struct bp_usage usage = {
    "--prior-from FILE|none [--preset NAME] [OPTION ...] -o FILE",
    "Learn a task while staying close to the frozen prior of a checkpoint; the critic is always fresh.",
    "bp-transfer --preset nav-hard --prior-from easy.ckpt -o hard.ckpt",
    BP_BARE_USAGE,
    bp_version,
};

int main(int argc, char **argv)
{
    struct bp_train_command command = {0};
    struct bp_transfer transfer = {0};
    struct bp_config config = {0};
    const struct bp_option_part parts[] = {
        {"Command", bp_train_command_options, &command},
        {"Transfer", bp_transfer_options, &transfer},
        {"Config", bp_config_options, &config},
        {NULL, NULL, NULL},
    };
    struct bp_cmdline cmdline = {.command = &command, .config = &config};
    int status;

    bp_set_program(argv[0]);
    cmdline.options = bp_options_new(parts);
    status = bp_transfer_main(&cmdline, &transfer, argc, argv, &usage);
    bp_cmdline_free(&cmdline);
    return status;
}
