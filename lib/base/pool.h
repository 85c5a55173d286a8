/* A pool of threads that works through numbered jobs; waiting threads spin for a moment, then sleep. */
#ifndef BP_BASE_POOL_H
#define BP_BASE_POOL_H

#include "base/error.h"

struct bp_pool;

/* A pool that uses `threads` threads in all, the caller's among them. NULL after reporting. */
struct bp_pool *bp_pool_new(int threads);
void bp_pool_free(struct bp_pool *pool);
int bp_pool_threads(const struct bp_pool *pool);

/*
 * Call job(context, i) once for each i in 0 ... jobs-1; return when all have ended. Thread t of T begins with the jobs t, t + T, t + 2 T ...,
 * in this order, then takes over what others have not begun: so the longest jobs should come first, and a job that is repeated round after
 * round finds what it wrote in the cache of its processor. What a job computes must depend on i alone. Not to be called from within a job.
 * 0; or -1 after reporting that an arena had no memory for a job: that job ended at that point, and others may not have begun.
 */
int bp_pool_run(struct bp_pool *pool, int jobs, void (*job)(void *context, int i), void *context) BP_WARN_UNUSED;

#endif
