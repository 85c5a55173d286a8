#include "nn/kernels.h"

#include "base/error.h"
#include "nn/bf16.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- OpenBLAS ---- */

/*
 * OpenBLAS chooses its kernels by processor model when it is loaded, and treats a model newer than itself as one of 2004, without
 * AVX. It has no call to choose others: only the environment, read when it starts. So it is started again, under the right name. This is a constructor since setenv must not meet another thread's getenv: before main there are no threads but OpenBLAS's
 * own, which wait. The constructors of shared libraries run before a program's, so OpenBLAS has started by then; and where the two
 * functions are not exported (a build for one processor), there is nothing to choose.
 */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

static const char *core_for_this_processor(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512vl") ? "SkylakeX" : __builtin_cpu_supports("avx2") ? "Haswell" : NULL;
#else
    return NULL;
#endif
}

__attribute__((constructor)) static void set_up_openblas(void)
{
    const char *core = core_for_this_processor();

    openblas_set_num_threads(1);        /* parallelism is ours, over shards and actors */
    if (!core || getenv("OPENBLAS_CORETYPE") || strcmp(openblas_get_corename(), "Prescott") || !gotoblas_dynamic_init || !gotoblas_dynamic_quit)
        return;
    setenv("OPENBLAS_CORETYPE", core, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv("OPENBLAS_CORETYPE");
}

/* "OpenBLAS 0.3.21 NO_LAPACKE ...": the second word. */
const char *bp_kernels_openblas_version(void)
{
    static char text[32];
    const char *word = strchr(openblas_get_config(), ' ');

    snprintf(text, sizeof text, "%.*s", word ? (int)strcspn(word + 1, " ") : 0, word ? word + 1 : "");
    return text;
}

/* ---- libxsmm ---- */

#ifdef BP_HAVE_LIBXSMM

#include <libxsmm.h>

static bool executable;
static pthread_once_t tried = PTHREAD_ONCE_INIT, told = PTHREAD_ONCE_INIT;

/* What libxsmm asks for each kernel; it does not look whether it got it. */
static void try(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return;
    executable = !mprotect(page, size, PROT_READ | PROT_EXEC);
    munmap(page, size);
}

static bool may_execute(void)
{
    pthread_once(&tried, try);
    return executable;
}

static void tell(void)
{
    if (!may_execute())
        bp_warn("memory may not be executable here, which libxsmm needs: OpenBLAS computes all products, slower and rounded otherwise");
}

bool bp_kernels_libxsmm(void)
{
    pthread_once(&told, tell);
    return executable;
}

const char *bp_kernels_libxsmm_version(void)
{
    return LIBXSMM_VERSION;
}

const char *bp_kernels_float32(void)
{
    static char text[64];

    if (may_execute())
        snprintf(text, sizeof text, "libxsmm %s", libxsmm_get_target_arch());
    else
        snprintf(text, sizeof text, "OpenBLAS %s", openblas_get_corename());
    return text;
}

#else

bool bp_kernels_libxsmm(void)
{
    return false;
}

const char *bp_kernels_libxsmm_version(void)
{
    return "none";
}

const char *bp_kernels_float32(void)
{
    static char text[64];

    snprintf(text, sizeof text, "OpenBLAS %s", openblas_get_corename());
    return text;
}

#endif

/* ---- caches ---- */

static size_t second_cache;
static pthread_once_t asked = PTHREAD_ONCE_INIT;

/* Asking may take longer than a product: some systems ask the processor itself, which virtual machines trap. */
static void ask(void)
{
    long size = sysconf(_SC_LEVEL2_CACHE_SIZE);

    second_cache = size > 0 ? (size_t)size : (size_t)1 << 20;
}

size_t bp_kernels_second_cache(void)
{
    pthread_once(&asked, ask);
    return second_cache;
}

/* ---- lists ---- */

void bp_kernels_list(char *text, size_t size)
{
    const struct bp_bf16_kernels *bf16 = bp_bf16_kernels();

    snprintf(text, size, "float32 %s, single columns OpenBLAS %s, bf16 %s", bp_kernels_float32(), openblas_get_corename(), bf16 ? bf16->name : "none");
}

#ifdef __x86_64__

#include <cpuid.h>

static bool has_amx_bf16(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & 1u << 22);
}

void bp_kernels_processor(char *text, size_t size)
{
    const struct { const char *name; bool there; } features[] = {
        {"avx2", __builtin_cpu_supports("avx2")}, {"avx512f", __builtin_cpu_supports("avx512f")},
        {"avx512_bf16", __builtin_cpu_supports("avx512bf16")}, {"amx_bf16", has_amx_bf16()},
    };
    size_t used = 0;

    snprintf(text, size, "none");
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (features[i].there && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", features[i].name);
}

#else

void bp_kernels_processor(char *text, size_t size)
{
    snprintf(text, size, "none");
}

#endif
