/* A lock on a file that one process is going to write, now and then, for hours: ".NAME.lock" beside it, which says who holds it. */
#ifndef BP_STORE_LOCK_H
#define BP_STORE_LOCK_H

#include "base/error.h"
#include "store/claim.h"

/*
 * Lock `path`, which need not be there. 0, or -1 after reporting that another process holds the lock, and which, with nothing to release.
 * It ends with the process. Standard output ("-"), devices and FIFOs are not locked.
 */
int bp_lock_take(struct bp_claim *lock, const char *path) BP_WARN_UNUSED;

/* A lock that was never taken, {.fd = -1, .slot = -1}, is fine. */
void bp_lock_release(struct bp_claim *lock);

#endif
