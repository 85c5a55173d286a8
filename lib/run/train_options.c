/* The options of train.h that are no part of the config, and --print-config. */
#include "run/memory.h"
#include "run/train.h"

#include <stdio.h>

#define AT(member) offsetof(struct bp_train_command, member)

const struct bp_option bp_train_command_options[] = {
    {"preset", 'p', BP_TEXT, BP_SCOPE_COMMAND, AT(preset), NULL, 0, 0, NULL, "NAME", "config to start from: a name in share/presets, or a file"},
    {"output", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(output), NULL, 0, 0, NULL, "FILE", "checkpoint to write; - is stdout"},
    {"force", 'f', BP_FLAG, BP_SCOPE_COMMAND, AT(force), NULL, 0, 0, NULL, NULL, "overwrite a checkpoint of another run"},
    {"resume", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(resume), NULL, 0, 0, NULL, NULL, "go on from FILE.resume, to the same bytes as if never stopped"},
    {"keep-resume", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(keep_resume), NULL, 0, 0, NULL, NULL, "keep FILE.resume when the run finishes, so that --resume --transitions MORE continues it"},
    {"checkpoint-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(checkpoint_every), "20M", 0, 1e15, NULL, "N", "transitions between checkpoints on the way, each with FILE.resume; 0 for none"},
    {"progress-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(progress_every), "250k", 1, 1e15, NULL, "N", "transitions between progress rows in the database"},
    {"db", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(database), "bp.db", 0, 0, NULL, "FILE", "run database; none for no record"},
    {"threads", 't', BP_COUNT, BP_SCOPE_COMMAND, AT(threads), "2", 1, 1024, NULL, "N", "threads; the result does not depend on them"},
    {"max-memory", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(max_memory), NULL, 1, 1e15, NULL, "BYTES", "refuse a run that would take more memory"},
    {"print-config", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(print_config), NULL, 0, 0, NULL, NULL, "print the resolved config, where each value came from, and the memory that the run will take, and stop"},
    {"list-presets", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(list_presets), NULL, 0, 0, NULL, NULL, "print the presets that there are, and stop"},
    {"quiet", 'q', BP_FLAG, BP_SCOPE_COMMAND, AT(quiet), NULL, 0, 0, NULL, NULL, "no progress on stderr"},
    {0},
};

/* An invalid config is printed too; the error follows. */
int bp_train_print_config(const struct bp_train_spec *spec)
{
    struct bp_cycle cycle;
    struct bp_memory memory;
    char text[128];
    int status;

    bp_options_print(spec->options, stdout);
    if (fflush(stdout) || ferror(stdout))
        return bp_error_errno(BP_FAILURE, "cannot write standard output");
    if (bp_cycle_init(&cycle, spec->config, &spec->borrowed, (int)spec->command->threads))
        return -1;
    status = bp_memory_of(&cycle, &memory);
    bp_cycle_free(&cycle);
    if (status)
        return -1;
    printf("# memory: %s\n", bp_memory_text(&memory, text, sizeof text));
    return fflush(stdout) || ferror(stdout) ? bp_error_errno(BP_FAILURE, "cannot write standard output") : 0;
}
