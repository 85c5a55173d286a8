/* bp-distill at work: trajectory streams in, a checkpoint with a prior out. */
#ifndef BP_RUN_FIT_H
#define BP_RUN_FIT_H

#include "base/option.h"

#include <stdint.h>

struct bp_fit {
    const char *kind, *layers, *encoders, *inputs, *head, *precision;
    const char *high, *high_layers, *high_inputs, *high_head, *inference, *inference_layers, *inference_inputs;
    double correlation, learning_rate, final_learning_rate, held_out;
    int64_t latent_size, latent_period, transitions, unroll, burn_in, batch, shards, seed, evaluate_every, patience;
    const char *output, *database;
    int64_t threads;
    bool force, quiet;
    bool head_chosen;           /* else the head is the first that draws what the recorded actions are, where `head` does not */
};

/* Rows for a part whose values are a struct bp_fit. */
extern const struct bp_option bp_fit_options[];

/* Read the streams at paths (none: stdin), fit, write. The config is recorded, with the head that was taken. Returns the exit status. */
int bp_fit(const struct bp_fit *distill, json_t *config, const char *command_line, char *const *paths, int count) BP_WARN_UNUSED;

#endif
