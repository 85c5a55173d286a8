/*
 * Files that a process has for itself: temporaries and locks. A claim ends with the process, however that ends, and the next one takes
 * over what a killed process left under the same name.
 */
#ifndef BP_STORE_CLAIM_H
#define BP_STORE_CLAIM_H

#include <sys/types.h>

struct bp_claim {
    int fd;                     /* open for writing, empty at first */
    char *path;                 /* owned */
    int slot;                   /* among the files that a signal's handler removes, or -1 */
};

/*
 * Make the file, with that mode less the umask, and lock it. 0, or -1 with errno set and nothing to drop; EWOULDBLOCK: another claim on it
 * is held. Where the file system knows no locks, what stands there counts as nobody's.
 */
int bp_claim_take(struct bp_claim *claim, const char *path, mode_t mode) __attribute__((warn_unused_result));

/* Remove the file and end the claim. */
void bp_claim_drop(struct bp_claim *claim);

/* End the claim on a file that has been renamed; the caller closes fd. */
void bp_claim_forget(struct bp_claim *claim);

/* Unlink the files of all claims; safe in a signal's handler. */
void bp_claim_remove_all(void);

#endif
