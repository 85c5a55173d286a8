#include "nn/bf16_private.h"

#include <pthread.h>
#include <string.h>

/* ---- which kernels ---- */

#if defined __x86_64__ && defined __linux__

/*
 * vdpbf16ps takes two terms where a float32 instruction takes one, on AMD's processors (Zen 4 and later) in the same time. On Intel's it
 * takes twice as long, so that with the conversions it is slower than float32; those processors have tiles instead.
 */
static const struct bp_bf16_kernels dot = {
    "vdpbf16ps", 8, bp_bf16_avx512_round, bp_bf16_avx512_pack, bp_bf16_avx512_pack_transposed, bp_bf16_avx512_left_columns,
    bp_bf16_avx512_matmul, bp_bf16_avx512_matmul_at,
};

static const struct bp_bf16_kernels tiles = {
    "AMX", 32, bp_bf16_avx512_round, bp_bf16_avx512_pack, bp_bf16_avx512_pack_transposed, bp_bf16_avx512_left_tiles,
    bp_bf16_amx_matmul, bp_bf16_amx_matmul_at,
};

static const struct bp_bf16_kernels *find(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512bf16"))
        return NULL;
    if (bp_bf16_amx_begin())
        return &tiles;
    return __builtin_cpu_is("amd") ? &dot : NULL;
}

#else

static const struct bp_bf16_kernels *find(void)
{
    return NULL;
}

#endif

static const struct bp_bf16_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    chosen = find();
}

const struct bp_bf16_kernels *bp_bf16_kernels(void)
{
    pthread_once(&once, choose);
    return chosen;
}

void bp_bf16_use(const struct bp_bf16_kernels *kernels)
{
    pthread_once(&once, choose);
    chosen = kernels;
}

const char *bp_bf16_missing(void)
{
    return bp_bf16_kernels() ? NULL : "takes a processor on which it is faster than float32: one with AMX, or AMD's from Zen 4 on";
}

/* ---- sizes ---- */

static size_t steps(int n)
{
    return (size_t)((n + BP_BF16_STEP - 1) / BP_BF16_STEP);
}

size_t bp_bf16_stride(int cols)
{
    return steps(cols) * BP_BF16_STEP;
}

size_t bp_bf16_block(int k)
{
    return steps(k) * (BP_BF16_STEP / 2 * BP_BF16_BLOCK);
}

size_t bp_bf16_pairs(int k, int n)
{
    return bp_bf16_block(k) * (size_t)((n + BP_BF16_BLOCK - 1) / BP_BF16_BLOCK);
}

/* ---- rounding and packing ---- */

/* NaNs are quieted: their upper bits alone may be infinity's. */
uint16_t bp_bf16_round(float x)
{
    uint32_t bits, size;

    memcpy(&bits, &x, sizeof bits);
    size = bits & 0x7fffffff;
    if (size > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    if (size < 0x00800000)
        return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A piece of 32 rows and a few hundred columns at a time, which stays in the first cache. */
void bp_bf16_pack_rows(int in, int out, int first, int rows, const float *w, uint32_t *packed, uint32_t *transposed)
{
    enum { PIECE = 256 };
    const struct bp_bf16_kernels *kernels = bp_bf16_kernels();
    uint16_t piece[BP_BF16_STEP * PIECE];
    size_t block = bp_bf16_block(in), block_t = bp_bf16_block(out);

    for (int i = first; i < first + rows; i += BP_BF16_STEP)
        for (int j = 0; j < out; j += PIECE) {
            int height = first + rows - i < BP_BF16_STEP ? first + rows - i : BP_BF16_STEP, width = out - j < PIECE ? out - j : PIECE;
            kernels->round(height, width, w + (size_t)i * (size_t)out + j, (size_t)out, piece);
            if (packed)
                kernels->pack(height, width, piece, bp_bf16_stride(width), packed + (size_t)(j / BP_BF16_BLOCK) * block + (size_t)i / 2 * BP_BF16_BLOCK,
                              block);
            if (transposed)
                kernels->pack_transposed(height, width, piece, bp_bf16_stride(width),
                                         transposed + (size_t)(i / BP_BF16_BLOCK) * block_t + (size_t)j / 2 * BP_BF16_BLOCK, block_t);
        }
}

/* ---- products ---- */

void bp_bf16_matmul_at(struct bp_arena *arena, int m, int n, int k, const uint16_t *a, const uint16_t *b, float *c)
{
    const struct bp_bf16_kernels *kernels = bp_bf16_kernels();
    uint32_t *left = bp_arena_take(arena, bp_bf16_pairs(k, m) * sizeof *left), *right = bp_arena_take(arena, bp_bf16_pairs(k, n) * sizeof *right);

    kernels->left_transposed(k, m, a, left);
    kernels->pack(k, n, b, bp_bf16_stride(n), right, bp_bf16_block(k));
    kernels->matmul_at(m, n, k, left, right, c, 1);
    bp_arena_give_back(arena, left);
}
