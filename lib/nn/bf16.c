#include "nn/bf16.h"

#include <string.h>

/* ---- kernels ---- */

#ifdef BP_HAVE_LIBXSMM

#include <libxsmm.h>

/* libxsmm is column-major: it computes C' = B' A', so that its first factor, the one in pairs of rows, is our second. */
static libxsmm_bsmmfunction kernel(int m, int n, int k, int add)
{
    int even = k + (k & 1), flags = LIBXSMM_GEMM_FLAG_VNNI_A;
    float one = 1, beta = add ? 1 : 0;

    return libxsmm_bsmmdispatch(n, m, even, &n, &even, &n, &one, &beta, &flags, NULL);
}

const char *bp_bf16_missing(void)
{
    return kernel(16, 16, 16, 0) ? NULL : "takes a processor with AVX-512";
}

bool bp_bf16_emulated(void)
{
    return libxsmm_get_target_archid() < LIBXSMM_X86_AVX512_CPX;
}

int bp_bf16_matmul(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    libxsmm_bsmmfunction f = m > 0 && n > 0 && k > 0 ? kernel(m, n, k, add) : NULL;

    if (!f)
        return -1;
    f((const libxsmm_bfloat16 *)b, (const libxsmm_bfloat16 *)a, c);
    return 0;
}

#else

const char *bp_bf16_missing(void)
{
    return "takes libxsmm, without which this program was built";
}

bool bp_bf16_emulated(void)
{
    return false;
}

int bp_bf16_matmul(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    (void)m, (void)n, (void)k, (void)a, (void)b, (void)c, (void)add;
    return -1;
}

#endif

/* ---- rounding and packing ---- */

static inline uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The rounded number in the upper half, anything in the lower one. What is no number is made quiet, since its upper bits alone may be infinity's. */
static inline uint32_t rounded(float x)
{
    uint32_t bits = bits_of(x);

    return (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
}

static inline uint32_t pair(float low, float high)
{
    return rounded(low) >> 16 | (rounded(high) & 0xffff0000);
}

uint16_t bp_bf16_round(float x)
{
    return (uint16_t)(rounded(x) >> 16);
}

size_t bp_bf16_pairs(int rows, int cols)
{
    return (size_t)rows * (size_t)((cols + 1) / 2);
}

/* n numbers of a row, in pairs. */
static void pack_row(int n, const float *restrict src, uint32_t *restrict dst)
{
    for (int j = 0; j < n / 2; j++)
        dst[j] = pair(src[2 * j], src[2 * j + 1]);
    if (n & 1)
        dst[n / 2] = pair(src[n - 1], 0);
}

/* n pairs of the numbers of two rows; high NULL: zeros. */
static void pack_rows(int n, const float *low, const float *high, uint32_t *restrict dst)
{
    for (int j = 0; j < n; j++)
        dst[j] = pair(low[j], 0);
    for (int j = 0; high && j < n; j++)
        dst[j] |= rounded(high[j]) & 0xffff0000;
}

void bp_bf16_left(int m, int k, const float *a, uint32_t *dst)
{
    for (int i = 0; i < m; i++)
        pack_row(k, a + (size_t)i * (size_t)k, dst + bp_bf16_pairs(i, k));
}

void bp_bf16_right(int k, int n, const float *b, uint32_t *dst)
{
    for (int i = 0; i < k; i += 2, b += 2 * (size_t)n, dst += n)
        pack_rows(n, b, i + 1 < k ? b + n : NULL, dst);
}

/* ---- of transposes: in tiles, packed first and then turned, so that both go along the lines of the cache ---- */

enum { TILE = 16 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* dst, `stride` pairs between rows, = the tile's transpose. */
static void put_turned(uint32_t tile[TILE][TILE], int rows, int cols, uint32_t *dst, size_t stride)
{
    for (int col = 0; col < cols; col++)
        for (int row = 0; row < rows; row++)
            dst[(size_t)col * stride + (size_t)row] = tile[row][col];
}

void bp_bf16_left_transposed(int m, int k, const float *a, uint32_t *dst)
{
    int pairs = (k + 1) / 2;
    uint32_t tile[TILE][TILE];

    for (int i = 0; i < pairs; i += TILE)
        for (int j = 0; j < m; j += TILE) {
            int rows = least(pairs - i, TILE), cols = least(m - j, TILE);
            for (int row = 0; row < rows; row++) {
                const float *low = a + 2 * (size_t)(i + row) * (size_t)m + j;
                pack_rows(cols, low, 2 * (i + row) + 1 < k ? low + m : NULL, tile[row]);
            }
            put_turned(tile, rows, cols, dst + (size_t)j * (size_t)pairs + i, (size_t)pairs);
        }
}

void bp_bf16_right_transposed(int k, int n, const float *b, uint32_t *dst)
{
    int pairs = (k + 1) / 2;
    uint32_t tile[TILE][TILE];

    for (int i = 0; i < n; i += TILE)
        for (int j = 0; j < pairs; j += TILE) {
            int rows = least(n - i, TILE), cols = least(pairs - j, TILE);
            for (int row = 0; row < rows; row++)
                pack_row(least(k - 2 * j, 2 * TILE), b + (size_t)(i + row) * (size_t)k + 2 * j, tile[row]);
            put_turned(tile, rows, cols, dst + (size_t)j * (size_t)n + i, (size_t)n);
        }
}
