/*
 * bp-train: learn a policy, its critic and a behaviour prior together.
 *
 *     bp-train --preset nav-easy-lstm --seed 1 -o easy.ckpt
 */
#include "run/setup.h"

static const struct bp_usage usage = {
    "[--preset NAME] [OPTION ...] -o FILE",
    "Learn a policy, its critic and a behaviour prior together, and write them as a checkpoint.",
    "bp-train --preset nav-easy-lstm --seed 1 -o easy.ckpt",
};

int main(int argc, char **argv)
{
    struct bp_train_command command = {0};
    struct bp_config config = {0};
    const struct bp_option_part parts[] = {
        {"Command", bp_train_command_options, &command},
        {"Config", bp_config_options, &config},
        {NULL, NULL, NULL},
    };
    struct bp_train_setup setup = {.command = &command, .config = &config};
    int status;

    bp_set_program(argv[0]);
    setup.options = bp_options_new(parts);
    if ((status = bp_setup_parse(&setup, argc, argv, &usage)) || (status = bp_setup_resolve(&setup)) ||
        (status = bp_setup_finish(&setup)))
        status = status > 0 ? 0 : bp_exit_status();
    else
        status = bp_train(&setup.spec);
    bp_setup_free(&setup);
    return status;
}
