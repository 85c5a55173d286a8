/* The options of train.h that are no part of the config. */
#include "run/train.h"

#define AT(member) offsetof(struct bp_train_command, member)

const struct bp_option bp_train_command_options[] = {
    {"preset", 'p', BP_TEXT, BP_SCOPE_COMMAND, AT(preset), NULL, 0, 0, NULL, "NAME", "config to start from: a name in share/presets, or a file", NULL},
    {"output", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(output), NULL, 0, 0, NULL, "FILE", "checkpoint to write; - is stdout", NULL},
    {"force", 'f', BP_FLAG, BP_SCOPE_COMMAND, AT(force), NULL, 0, 0, NULL, NULL, "overwrite a checkpoint of another run", NULL},
    {"resume", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(resume), NULL, 0, 0, NULL, NULL, "go on from FILE.resume, to the same bytes as if never stopped", NULL},
    {"keep-resume", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(keep_resume), NULL, 0, 0, NULL, NULL, "keep FILE.resume when the run finishes, so that --resume --transitions MORE continues it", NULL},
    {"checkpoint-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(checkpoint_every), "20M", 0, 1e15, NULL, "N", "transitions between checkpoints on the way, each with FILE.resume; 0 for none", NULL},
    {"progress-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(progress_every), "250k", 1, 1e15, NULL, "N", "transitions between progress rows in the database", NULL},
    {"db", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(database), "bp.db", 0, 0, NULL, "FILE", "run database; none for no record", NULL},
    {"threads", 't', BP_COUNT, BP_SCOPE_COMMAND, AT(threads), "2", 1, 1024, NULL, "N", "threads; the result does not depend on them", NULL},
    {"max-memory", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(max_memory), NULL, 1, 1e15, NULL, "BYTES", "refuse a run that would take more memory", NULL},
    {"print-config", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(print_config), NULL, 0, 0, NULL, NULL, "print the resolved config, where each value came from, and the memory that the run will take, and stop", NULL},
    {"list-presets", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(list_presets), NULL, 0, 0, NULL, NULL, "print the presets that there are, and stop", NULL},
    {"list-choices", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(list_choices), NULL, 0, 0, NULL, NULL, "print what the names mean that options take, and those of metrics, and stop", NULL},
    {"quiet", 'q', BP_FLAG, BP_SCOPE_COMMAND, AT(quiet), NULL, 0, 0, NULL, NULL, "no progress on stderr", NULL},
    {0},
};

/* An invalid config is printed too; the error follows. */
