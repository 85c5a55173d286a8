/*
 * The kernels of nn/bf16.h in plain C, as the processors' manuals describe the instructions: to compare with, bit by bit, where a processor
 * has them, and to run everything above them where it has not.
 */
#ifndef BP_TESTS_BF16_MODEL_H
#define BP_TESTS_BF16_MODEL_H

#include "nn/bf16.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

static inline float model_value(uint16_t number)
{
    uint32_t bits = (uint32_t)number << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Denormal numbers are zero, of factors and of sums. */
static inline float model_flush(float x)
{
    return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x;
}

/* a b + c, rounded once. */
static inline float model_fma(uint16_t a, uint16_t b, float c)
{
    return model_flush(fmaf(model_flush(model_value(a)), model_flush(model_value(b)), model_flush(c)));
}

static inline uint16_t model_low(uint32_t pair)
{
    return (uint16_t)pair;
}

static inline uint16_t model_high(uint32_t pair)
{
    return (uint16_t)(pair >> 16);
}

/* ---- rounding and packing ---- */

static void model_round(int rows, int cols, const float *src, size_t src_stride, uint16_t *dst)
{
    for (int i = 0; i < rows; i++)
        for (size_t j = 0, stride = bp_bf16_stride(cols); j < stride; j++)
            dst[(size_t)i * stride + j] = j < (size_t)cols ? bp_bf16_round(src[(size_t)i * src_stride + j]) : 0;
}

/* The pair (p, column) of a packed matrix. */
static inline uint32_t *model_place(uint32_t *packed, size_t block, int p, int column)
{
    return packed + (size_t)(column / 16) * block + (size_t)p * 16 + column % 16;
}

static void model_pack(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block)
{
    int pairs = (rows + 31) / 32 * 16, width = (cols + 15) / 16 * 16;

    for (int p = 0; p < pairs; p++)
        for (int j = 0; j < width; j++) {
            const uint16_t *at = src + 2 * (size_t)p * src_stride + j;
            *model_place(dst, block, p, j) = (2 * p < rows ? at[0] : 0u) | (2 * p + 1 < rows ? (uint32_t)at[src_stride] << 16 : 0u);
        }
}

static void model_pack_transposed(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block)
{
    int pairs = (cols + 31) / 32 * 16, width = (rows + 15) / 16 * 16;

    for (int p = 0; p < pairs; p++)
        for (int i = 0; i < width; i++) {
            const uint16_t *at = src + (size_t)i * src_stride + 2 * p;
            *model_place(dst, block, p, i) = i < rows ? at[0] | (uint32_t)at[1] << 16 : 0u;
        }
}

static void model_left_columns(int rows, int cols, const uint16_t *src, uint32_t *dst)
{
    model_pack(rows, cols, src, bp_bf16_stride(cols), dst, bp_bf16_block(rows));
}

static void model_left_tiles(int rows, int cols, const uint16_t *src, uint32_t *dst)
{
    model_left_columns(rows, cols, src, dst);
    for (size_t t = 0; t < bp_bf16_pairs(rows, cols); t += 256)
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < i; j++) {
                uint32_t x = dst[t + (size_t)(16 * i + j)];
                dst[t + (size_t)(16 * i + j)] = dst[t + (size_t)(16 * j + i)];
                dst[t + (size_t)(16 * j + i)] = x;
            }
}

/* ---- vdpbf16ps: one sum, the second number of a pair first ---- */

static inline float model_dot(float sum, uint32_t a, uint32_t b)
{
    return model_fma(model_low(a), model_low(b), model_fma(model_high(a), model_high(b), sum));
}

static void model_dot_matmul(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = add ? c[i * n + j] : 0;
            for (int p = 0; p < (k + 1) / 2; p++) {
                const uint16_t *pair = a + (size_t)i * bp_bf16_stride(k) + 2 * p;
                sum = model_dot(sum, pair[0] | (uint32_t)pair[1] << 16, *model_place((uint32_t *)b, bp_bf16_block(k), p, j));
            }
            c[i * n + j] = sum;
        }
}

static void model_dot_matmul_at(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = add ? c[i * n + j] : 0;
            for (int p = 0; p < (k + 1) / 2; p++)
                sum = model_dot(sum, *model_place((uint32_t *)a, bp_bf16_block(k), p, i), *model_place((uint32_t *)b, bp_bf16_block(k), p, j));
            c[i * n + j] = sum;
        }
}

/* ---- tiles: the sums of first and of second numbers apart, from zero, then both together, then onto what was there ---- */

static _Thread_local uint32_t model_tile[8][16][16];

static inline void model_tile_load(int t, const void *from, size_t stride)
{
    for (size_t row = 0; row < 16; row++)
        memcpy(model_tile[t][row], (const char *)from + row * stride, 64);
}

static inline void model_tile_store(int t, void *to, size_t stride)
{
    for (size_t row = 0; row < 16; row++)
        memcpy((char *)to + row * stride, model_tile[t][row], 64);
}

static inline void model_tile_dot(int c, int a, int b)
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            float low = 0, high = 0, sum;
            for (int p = 0; p < 16; p++) {
                low = model_fma(model_low(model_tile[a][i][p]), model_low(model_tile[b][p][j]), low);
                high = model_fma(model_high(model_tile[a][i][p]), model_high(model_tile[b][p][j]), high);
            }
            memcpy(&sum, &model_tile[c][i][j], sizeof sum);
            sum = model_flush(model_flush(sum) + model_flush(low + high));
            memcpy(&model_tile[c][i][j], &sum, sizeof sum);
        }
}

#define TILES(name) model_tiles_##name
#define TILE_CODE
#define TILE_ZERO(t) memset(model_tile[t], 0, sizeof model_tile[t])
#define TILE_LOAD(t, from, stride) model_tile_load(t, from, stride)
#define TILE_STORE(t, to, stride) model_tile_store(t, to, stride)
#define TILE_DOT(c, a, b) model_tile_dot(c, a, b)

#include "nn/bf16_tiles.h"

/* ---- the tables ---- */

static const struct bp_bf16_kernels model_kernels[2] = {
    {"model of vdpbf16ps", 8, model_round, model_pack, model_pack_transposed, model_left_columns, model_dot_matmul, model_dot_matmul_at},
    {"model of AMX", 32, model_round, model_pack, model_pack_transposed, model_left_tiles, model_tiles_matmul, model_tiles_matmul_at},
};

/* The model of a processor's kernels. */
static inline const struct bp_bf16_kernels *model_of(const struct bp_bf16_kernels *kernels)
{
    return &model_kernels[!strcmp(kernels->name, "AMX")];
}

/* The processor's kernels, or a model where it has none: for tests of what is above them. */
static inline const struct bp_bf16_kernels *model_or_native(void)
{
    if (!bp_bf16_kernels())
        bp_bf16_use(&model_kernels[1]);
    return bp_bf16_kernels();
}

#endif
