/* A file that appears whole under its name, or not at all. */
#ifndef BP_STORE_OUTPUT_H
#define BP_STORE_OUTPUT_H

#include "base/error.h"
#include "store/claim.h"

#include <stddef.h>

struct bp_output {
    int fd;
    char *name;                 /* for messages */
    char *path;                 /* where the file will appear; NULL when fd is written in place: stdout, devices, FIFOs */
    struct bp_claim temporary;  /* holds the bytes until then */
};

/*
 * Open `path`, or stdout for "-"; a terminal is refused, and a stdout that is the same file as stderr. What is not a regular file (a
 * device, a FIFO) is written in place; else bytes go to ".NAME.tmp" beside it, which one process at a time can have. A file that is
 * replaced passes on its mode. 0, or -1 after reporting with nothing to close.
 */
int bp_output_open(struct bp_output *output, const char *path) BP_WARN_UNUSED;
int bp_output_write(struct bp_output *output, const void *bytes, size_t size) BP_WARN_UNUSED;
/* Sync, then rename over the file at the path; a failure leaves that file untouched. Frees in any case. */
int bp_output_commit(struct bp_output *output) BP_WARN_UNUSED;
void bp_output_abort(struct bp_output *output);

#endif
