/* The file of a body as it is now: what a checkpoint carries of it, so that it can be played where that file is not, and notice when it changes. */
#ifndef BP_RUN_BODY_COPY_H
#define BP_RUN_BODY_COPY_H

#include "base/error.h"

#include <stddef.h>

struct bp_body_copy {
    char *xml;                  /* of a user's file; NULL for a shipped body. Owned */
    size_t size;                /* bytes */
    char hash[72];              /* of the file's bytes; "" when nothing is known of them */
};

/* body: a name or a path, as bp_env_open takes it; nothing of a body without a file. 0, or -1 after reporting, with nothing to free. */
int bp_body_copy_read(const char *body, struct bp_body_copy *copy) BP_WARN_UNUSED;

/*
 * From now on environments on `body` are of this copy (both borrowed for the life of the process), wherever the file is and whatever it has
 * become; when it has become another, a warning says so. A copy without XML, of a shipped body, is only compared: a warning says when it changed.
 */
void bp_body_copy_use(const char *body, const struct bp_body_copy *copy);
void bp_body_copy_free(struct bp_body_copy *copy);

#endif
