/* From a command line to a training run, for bp-train and bp-transfer. */
#ifndef BP_RUN_CMDLINE_H
#define BP_RUN_CMDLINE_H

#include "base/option.h"
#include "run/train.h"

struct bp_cmdline {
    struct bp_options *options;         /* owned */
    struct bp_train_command *command;   /* structs that the options fill; borrowed */
    struct bp_config *config;
    json_t *config_json;                /* owned */
    struct bp_resume_header stopped;    /* what --resume goes on from; its config is NULL without; owned */
    char *command_line, *resume_line;   /* owned */
    struct bp_train_spec spec;          /* the result; the caller sets what it borrows from a checkpoint */
};

/*
 * In three steps: parse argv; lay presets, resume state and defaults under it; check, and fill cmdline->spec. After the first a program
 * may put a checkpoint's config underneath, after the second derive options from others. All: 0; -1 after reporting; the first
 * also 1 when the command is answered (--help, --list-presets, --list-choices).
 */
int bp_cmdline_parse(struct bp_cmdline *cmdline, int argc, char **argv, const struct bp_usage *usage) BP_WARN_UNUSED;
int bp_cmdline_resolve(struct bp_cmdline *cmdline) BP_WARN_UNUSED;
int bp_cmdline_finish(struct bp_cmdline *cmdline) BP_WARN_UNUSED;
void bp_cmdline_free(struct bp_cmdline *cmdline);

#endif
