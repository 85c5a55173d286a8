#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int bp_arena_init(struct bp_arena *arena, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *arena = (struct bp_arena){0};
    if (memory == MAP_FAILED)
        return bp_error_errno(BP_FAILURE, "cannot reserve %zu MB", size >> 20);
    *arena = (struct bp_arena){.memory = memory, .size = size};
    return 0;
}

void bp_arena_free(struct bp_arena *arena)
{
    if (arena->memory)
        munmap(arena->memory, arena->size);
    *arena = (struct bp_arena){0};
}

void *bp_arena_take(struct bp_arena *arena, size_t bytes)
{
    size_t rounded = (bytes + 63) & ~(size_t)63;
    char *at = arena->memory + arena->used;

    if (rounded < bytes || rounded > arena->size - arena->used) {
        fprintf(stderr, "%s: internal error: an arena of %zu bytes cannot give %zu more\n", bp_program(), arena->size, bytes);
        abort();
    }
    arena->used += rounded;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return at;
}

float *bp_arena_floats(struct bp_arena *arena, size_t count)
{
    return bp_arena_take(arena, count * sizeof(float));
}

float *bp_arena_zeros(struct bp_arena *arena, size_t count)
{
    return memset(bp_arena_floats(arena, count), 0, count * sizeof(float));
}

void bp_arena_reset(struct bp_arena *arena)
{
    arena->used = 0;
}
