/* Transfer: a new task, or a new body, learned with parts of a checkpoint (run/reuse.h), or from scratch by the same command. */
#ifndef BP_RUN_TRANSFER_H
#define BP_RUN_TRANSFER_H

#include "run/cmdline.h"

struct bp_transfer {
    const char *prior_from;         /* checkpoint, "-" for stdin, or "none" */
    const char *reuse;              /* a row of bp_reuses */
    const char *initialise;         /* "prior" or "fresh" */
};

/* Rows for a part whose values are a struct bp_transfer. */
extern const struct bp_option bp_transfer_options[];

/*
 * Set up and train: cmdline->options were made of the part above, bp_train_command_options and bp_config_options, without the prior's: the
 * checkpoint decides these. Underneath the preset lies the config
 * of the prior's checkpoint. Returns the exit status.
 */
int bp_transfer_main(struct bp_cmdline *cmdline, const struct bp_transfer *transfer, int argc, char **argv,
                     const struct bp_usage *usage) BP_WARN_UNUSED;

#endif
