/* bp-distill at work: trajectory streams in, a checkpoint with a prior out. */
#ifndef BP_RUN_DISTILL_H
#define BP_RUN_DISTILL_H

#include "base/option.h"

#include <stdint.h>

struct bp_distill {
    const char *kind, *layers, *encoders, *see, *head, *precision;
    double rate, final_rate, held_out;
    int64_t steps, unroll, batch, shards, seed, evaluate_every, patience;
    const char *output, *database;
    int64_t threads;
    bool quiet;
};

/* Rows for a part whose values are a struct bp_distill. */
extern const struct bp_option bp_distill_options[];

/* Read the streams at paths (none: stdin), fit, write. Returns the exit status. */
int bp_distill(const struct bp_distill *distill, const json_t *config, const char *command_line, char *const *paths, int count) BP_WARN_UNUSED;

#endif
