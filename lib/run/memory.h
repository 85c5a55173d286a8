/* The memory that a training run will take, known before it takes it. */
#ifndef BP_RUN_MEMORY_H
#define BP_RUN_MEMORY_H

#include "run/cycle.h"

/* Bytes. */
struct bp_memory {
    size_t replay;
    size_t networks;        /* parameters, targets, moments, gradients */
    size_t tapes;           /* of the shards that threads work on at the same time */
    size_t rest;            /* program, libraries, simulations */
    size_t total;
};

/* Of a run that was just built, and whose replay is not touched yet. 0, or -1 after reporting that there is less than that even now. */
int bp_memory_of(struct bp_cycle *cycle, struct bp_memory *memory) BP_WARN_UNUSED;

/* A line: "107 MB (replay 72, networks 2, tapes 7, program and simulation 26)". */
const char *bp_memory_text(const struct bp_memory *memory, char *text, size_t size);

/* 0, or -1 after reporting that a run needs more than `most` bytes, and what to lower. */
int bp_memory_check(struct bp_cycle *cycle, int64_t most) BP_WARN_UNUSED;

#endif
