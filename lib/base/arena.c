#include "base/arena.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The header before a piece's memory. */
struct piece {
    struct piece *before;           /* outgrown ones */
    size_t size;
};

enum { HEAD = 64 };

static char *map(size_t size)
{
    void *memory = size <= SIZE_MAX - HEAD ? mmap(NULL, size + HEAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                           : MAP_FAILED;

    if (memory == MAP_FAILED)
        return NULL;
    *(struct piece *)memory = (struct piece){.size = size};
    return (char *)memory + HEAD;
}

static struct piece *piece_of(char *memory)
{
    return (struct piece *)(memory - HEAD);
}

static void unmap(struct piece *piece)
{
    while (piece) {
        struct piece *before = piece->before;
        munmap(piece, piece->size + HEAD);
        piece = before;
    }
}

int bp_arena_init(struct bp_arena *arena, size_t size)
{
    *arena = (struct bp_arena){.memory = map(size), .size = size};
    if (arena->memory)
        return 0;
    *arena = (struct bp_arena){0};
    return bp_error_errno(BP_FAILURE, "cannot reserve %zu MB", size >> 20);
}

void bp_arena_free(struct bp_arena *arena)
{
    if (arena->memory)
        unmap(piece_of(arena->memory));
    *arena = (struct bp_arena){0};
}

/* Operations take memory in the midst of products. To spare each of them a check, running out of memory leaves by the thread's way out. */
static _Thread_local jmp_buf *way_out;

int bp_arena_guard(void (*work)(void *context, int i), void *context, int i)
{
    jmp_buf here, *const outer = way_out;

    if (setjmp(here)) {
        way_out = outer;
        return -1;
    }
    way_out = &here;
    work(context, i);
    way_out = outer;
    return 0;
}

static void grow(struct bp_arena *arena, size_t least)
{
    size_t size = least > 2 * arena->size ? least : 2 * arena->size;
    char *memory = map(size);

    if (!memory) {
        bp_error(BP_FAILURE, "out of memory: there are %zu bytes in use, and no %zu more", arena->outgrown + arena->used, least);
        if (!way_out)
            abort();
        longjmp(*way_out, 1);
    }
    piece_of(memory)->before = piece_of(arena->memory);
    arena->outgrown += arena->used;
    arena->memory = memory;
    arena->size = size;
    arena->used = 0;
}

void *bp_arena_take(struct bp_arena *arena, size_t bytes)
{
    size_t rounded = (bytes + 63) & ~(size_t)63;
    char *at;

    if (rounded < bytes || rounded > arena->size - arena->used)
        grow(arena, rounded < bytes ? bytes : rounded);
    at = arena->memory + arena->used;
    arena->used += rounded;
    if (arena->outgrown + arena->used > arena->peak)
        arena->peak = arena->outgrown + arena->used;
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

void bp_arena_give_back(struct bp_arena *arena, const void *at)
{
    uintptr_t memory = (uintptr_t)arena->memory, from = (uintptr_t)at;

    if (from >= memory && from - memory <= arena->used)
        arena->used = from - memory;
}

void bp_arena_reset(struct bp_arena *arena)
{
    size_t used = arena->outgrown + arena->used;
    struct piece *piece = piece_of(arena->memory);
    char *memory;

    arena->used = arena->outgrown = 0;
    if (!piece->before)
        return;
    unmap(piece->before);
    piece->before = NULL;
    if (used > arena->size && (memory = map(used))) {
        unmap(piece);
        arena->memory = memory;
        arena->size = used;
    }
}
