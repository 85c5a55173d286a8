/* A bump allocator: many short-lived arrays, all freed at once by a reset. */
#ifndef BP_BASE_ARENA_H
#define BP_BASE_ARENA_H

#include "base/error.h"

#include <stddef.h>

struct bp_arena {
    char *memory;           /* 64-byte aligned */
    size_t size, used;
    size_t outgrown;        /* bytes in use elsewhere: what was taken before the memory grew */
    size_t peak;            /* the most bytes in use between two resets */
};

/* Start with `size` bytes, pages of which cost memory only once touched. 0, or -1 after reporting. */
int bp_arena_init(struct bp_arena *arena, size_t size) BP_WARN_UNUSED;
void bp_arena_free(struct bp_arena *arena);

/*
 * 64-byte aligned memory, not cleared. An arena grows as needed, and what was taken does not move; after the next reset all is one piece,
 * large enough to repeat the same work. When there is no more memory this does not return: the work that bp_arena_guard called ends, and
 * without such a call the process aborts.
 */
void *bp_arena_take(struct bp_arena *arena, size_t bytes);
float *bp_arena_floats(struct bp_arena *arena, size_t count);
/* The same, cleared. */
float *bp_arena_zeros(struct bp_arena *arena, size_t count);
void bp_arena_reset(struct bp_arena *arena);
/*
 * Call work(context, i). 0; or -1, after reporting, when an arena had no memory for it: the work then ended at that point, whatever it
 * held. Arenas can still be freed. A pool calls every job through this.
 */
int bp_arena_guard(void (*work)(void *context, int i), void *context, int i) BP_WARN_UNUSED;
/* Give back what was taken from `at` on, which bp_arena_take returned; what outgrew the memory meanwhile waits for the reset. */
void bp_arena_give_back(struct bp_arena *arena, const void *at);

#endif
