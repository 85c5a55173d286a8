/*
 * Products by tiles, over the instructions of AMX or a model of them: who includes this defines
 *
 *   TILES(name)                        the names of its functions
 *   TILE_CODE                          attributes of functions that use tiles
 *   TILE_ZERO(t)                       tile t = 0; tiles have 16 rows of 64 bytes
 *   TILE_LOAD(t, from, stride)         rows `stride` bytes apart
 *   TILE_STORE(t, to, stride)
 *   TILE_DOT(c, a, b)                  c += a b: for c 16 x 16 floats, a 16 rows of 16 pairs, b 16 pairs of rows by 16 columns
 *
 * The tests run this over the model everywhere, so that packing and edges are right where there are no tiles to try them on.
 */
#include "nn/bf16.h"

#include <string.h>

/* 16 rows of a left factor begin at `at` + 16 rows' worth of `block`; pairs' steps of 16 are `step` pairs apart, rows `stride` bytes. */
struct TILES(left) {
    const uint32_t *at;
    size_t block, step, stride;
};

/* A block of C: at most two tiles high and two wide. */
struct TILES(block) {
    float *c;
    size_t stride;          /* floats from row to row */
    int rows, cols;         /* at most 32 x 32 */
};

enum { TILES(SIZE) = 16 };

static inline int TILES(part)(int size, int which)
{
    int rest = size - which * TILES(SIZE);

    return rest < 0 ? 0 : rest < TILES(SIZE) ? rest : TILES(SIZE);
}

/* Tile `t` from or to the part (i, j) of C, through a buffer where C ends within the tile. */
#define LOAD_C(t, i, j) \
    do { \
        int rows = TILES(part)(block->rows, i), cols = TILES(part)(block->cols, j); \
        const float *from = block->c + (size_t)(i) * 16 * block->stride + (j) * 16; \
        if (rows == TILES(SIZE) && cols == TILES(SIZE)) { \
            TILE_LOAD(t, from, block->stride * sizeof(float)); \
        } else { \
            memset(buffer, 0, sizeof buffer); \
            for (int r = 0; r < rows; r++) \
                memcpy(buffer + 16 * r, from + (size_t)r * block->stride, (size_t)cols * sizeof(float)); \
            TILE_LOAD(t, buffer, 64); \
        } \
    } while (0)

#define STORE_C(t, i, j) \
    do { \
        int rows = TILES(part)(block->rows, i), cols = TILES(part)(block->cols, j); \
        float *to = block->c + (size_t)(i) * 16 * block->stride + (j) * 16; \
        if (rows == TILES(SIZE) && cols == TILES(SIZE)) { \
            TILE_STORE(t, to, block->stride * sizeof(float)); \
        } else { \
            TILE_STORE(t, buffer, 64); \
            for (int r = 0; r < rows; r++) \
                memcpy(to + (size_t)r * block->stride, buffer + 16 * r, (size_t)cols * sizeof(float)); \
        } \
    } while (0)

/* Tile t = part i of the left factor at one step; rows that it does not have are zeros. */
#define LOAD_A(t, i) \
    do { \
        const uint32_t *from = left.at + (i) * left.block; \
        int rows = TILES(part)(left_rows, i); \
        if (rows == TILES(SIZE)) { \
            TILE_LOAD(t, from, left.stride); \
        } else { \
            memset(edge, 0, sizeof edge); \
            for (int r = 0; r < rows; r++) \
                memcpy(edge + 16 * r, (const char *)from + (size_t)r * left.stride, 64); \
            TILE_LOAD(t, edge, 64); \
        } \
    } while (0)

/* One block of C. Tiles 0 ... 3 are its sums, 4 and 5 of the left factor (of which left_rows can be read), 6 and 7 of the right one. */
TILE_CODE static void TILES(one_block)(const struct TILES(block) *block, struct TILES(left) left, int left_rows, const uint32_t *right, size_t right_block,
                                       int steps, int add)
{
    const int high = block->rows > TILES(SIZE), wide = block->cols > TILES(SIZE);
    _Alignas(64) uint32_t edge[256];
    _Alignas(64) float buffer[256];

    if (add) {
        LOAD_C(0, 0, 0);
        if (wide)
            LOAD_C(1, 0, 1);
        if (high)
            LOAD_C(2, 1, 0);
        if (high && wide)
            LOAD_C(3, 1, 1);
    } else {
        TILE_ZERO(0);
        TILE_ZERO(1);
        TILE_ZERO(2);
        TILE_ZERO(3);
    }
    for (int s = 0; s < steps; s++, left.at += left.step, right += 256) {
        LOAD_A(4, 0);
        TILE_LOAD(6, right, 64);
        TILE_DOT(0, 4, 6);
        if (wide) {
            TILE_LOAD(7, right + right_block, 64);
            TILE_DOT(1, 4, 7);
        }
        if (high) {
            LOAD_A(5, 1);
            TILE_DOT(2, 5, 6);
        }
        if (high && wide)
            TILE_DOT(3, 5, 7);
    }
    STORE_C(0, 0, 0);
    if (wide)
        STORE_C(1, 0, 1);
    if (high)
        STORE_C(2, 1, 0);
    if (high && wide)
        STORE_C(3, 1, 1);
}

#undef LOAD_C
#undef STORE_C
#undef LOAD_A

/* All blocks, a panel of two blocks of B after the other. readable: rows of the left factor that there are. */
TILE_CODE static void TILES(all_blocks)(int m, int n, int k, struct TILES(left) left, int readable, const uint32_t *b, float *c, int add)
{
    const int two = 2 * TILES(SIZE);
    size_t right_block = bp_bf16_block(k);

    for (int j = 0; j < n; j += two)
        for (int i = 0; i < m; i += two) {
            struct TILES(block) block = {c + (size_t)i * (size_t)n + j, (size_t)n, m - i < two ? m - i : two, n - j < two ? n - j : two};
            struct TILES(left) from = left;
            from.at += (size_t)(i / TILES(SIZE)) * left.block;
            TILES(one_block)(&block, from, readable - i, b + (size_t)(j / TILES(SIZE)) * right_block, right_block, (k + BP_BF16_STEP - 1) / BP_BF16_STEP, add);
        }
}

TILE_CODE static void TILES(matmul)(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add)
{
    size_t pairs = bp_bf16_stride(k) / 2;
    struct TILES(left) left = {(const uint32_t *)(const void *)a, TILES(SIZE) * pairs, 16, pairs * sizeof(uint32_t)};

    TILES(all_blocks)(m, n, k, left, m, b, c, add);
}

/* A comes in whole tiles, a block of its rows after the other. */
TILE_CODE static void TILES(matmul_at)(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    struct TILES(left) left = {a, bp_bf16_block(k), 256, 64};

    TILES(all_blocks)(m, n, k, left, (m + TILES(SIZE) - 1) / TILES(SIZE) * TILES(SIZE), b, c, add);
}
