/* BF16 by the tiles of AMX. */
#include "nn/bf16_private.h"

#if defined __x86_64__ && defined __linux__

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TILES(name) amx_##name
#define TILE_CODE __attribute__((target("amx-tile,amx-bf16")))
#define TILE_ZERO(t) _tile_zero(t)
#define TILE_LOAD(t, from, stride) _tile_loadd(t, from, stride)
#define TILE_STORE(t, to, stride) _tile_stored(t, to, stride)
#define TILE_DOT(c, a, b) _tile_dpbf16ps(c, a, b)

#include "nn/bf16_tiles.h"

/* The operating system keeps 8 KiB of registers for each thread that uses tiles; a process must request them once, before. */
bool bp_bf16_amx_begin(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE) &&
           !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
}

/*
 * All tiles have 16 rows of 64 bytes, and keep this shape: nothing else in these programs uses tiles, and each thread has its own. The
 * instruction is written out, since gcc 12's intrinsic declares only 8 of the 64 bytes that it reads.
 */
static void configure(void)
{
    static _Thread_local bool done;
    struct { uint8_t palette, start, reserved[14]; uint16_t columns[16]; uint8_t rows[16]; } config = {.palette = 1};

    if (done)
        return;
    for (int t = 0; t < 8; t++) {
        config.columns[t] = 64;
        config.rows[t] = 16;
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
    done = true;
}

void bp_bf16_amx_matmul(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add)
{
    configure();
    amx_matmul(m, n, k, a, b, c, add);
}

void bp_bf16_amx_matmul_at(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add)
{
    configure();
    amx_matmul_at(m, n, k, a, b, c, add);
}

#endif
