/* A file that appears whole under its name, or not at all. */
#ifndef BP_STORE_OUTPUT_H
#define BP_STORE_OUTPUT_H

#include "base/error.h"

#include <stddef.h>

struct bp_output {
    int fd;
    char *name;                 /* for messages */
    char *path;                 /* where the file will appear; NULL when fd is written in place: stdout, devices, FIFOs */
    char *temporary;            /* holds the bytes until then */
    int slot;                   /* among the temporaries that a signal's handler removes, or -1 */
};

/*
 * Open `path`, or stdout for "-"; a terminal is refused. A path that is not a regular file (a device, a FIFO) is written in place;
 * else bytes go to ".NAME.XXXXXX" beside it. 0, or -1 after reporting with nothing to close.
 */
int bp_output_open(struct bp_output *output, const char *path) BP_WARN_UNUSED;
int bp_output_write(struct bp_output *output, const void *bytes, size_t size) BP_WARN_UNUSED;
/* Sync, then rename over the file at the path; a failure leaves that file untouched. Frees in any case. */
int bp_output_commit(struct bp_output *output) BP_WARN_UNUSED;
void bp_output_abort(struct bp_output *output);
/* Unlink the temporaries of all open outputs; safe in a signal's handler. */
void bp_output_remove_temporaries(void);

#endif
