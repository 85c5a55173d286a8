/* Training from start to finish: the loop around the cycle, with progress, evaluations, checkpoints, signals and the run database. */
#ifndef BP_RUN_TRAIN_H
#define BP_RUN_TRAIN_H

#include "run/resume.h"

/* What a command adds to the config: where things go and how loud; nothing here changes a result. */
struct bp_train_command {
    const char *preset;
    const char *output;             /* checkpoint; "-": stdout */
    const char *database;           /* "none": not recorded */
    bool force;                     /* overwrite a checkpoint of another run */
    bool keep_resume;               /* of a finished run too */
    bool resume, quiet, print_config, list_presets, list_choices;
    int64_t threads;
    int64_t max_memory;             /* bytes that the run may take, 0: any */
    int64_t checkpoint_every;       /* transitions between checkpoints with resume state, 0: at the end only */
    int64_t progress_every;         /* transitions between rows in the database */
};

/* The rows for a part of the options whose values are a struct bp_train_command. */
extern const struct bp_option bp_train_command_options[];

struct bp_train_spec {
    const struct bp_train_command *command;
    const struct bp_options *options;       /* for --print-config */
    const struct bp_config *config;
    const json_t *config_json;
    struct bp_borrowed borrowed;
    const char *command_line;
    const char *resume_line;        /* what to type to go on */
    const struct bp_resume_header *stopped;     /* what --resume goes on from; NULL: a new run */
};

/* Train, or print the config when that is asked for. Returns the process's exit status: 0, a bp_status after reporting, or 128 + n when signal n stopped it. */
int bp_train(const struct bp_train_spec *spec) BP_WARN_UNUSED;

#endif
