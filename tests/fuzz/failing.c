/*
 * A library to be preloaded: the N-th allocation of memory that the program itself asks for fails. Those count whose first caller outside the
 * C library, Jansson, GSL and SQLite is the program; what the simulator and others ask for on their own does not. Numbers are from the
 * environment:
 *
 *     FAIL_AT=N       the N-th fails, from 1 on; 0 or unset: none
 *     FAIL_ON=1       all after it too
 *     FAIL_LOG=FILE   a line for each: its number, and the place in the program that asked
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

enum { RANGES = 64, FRAMES = 32 };

/* Pieces of code: the program's, and of libraries that ask on somebody's behalf. */
static struct { uintptr_t from, to; bool program; } ranges[RANGES];
static int range_count, log_file = -1;
static uintptr_t base;
static long fail_at, count;
static bool fail_on, ready;
static __thread bool inside __attribute__((tls_model("initial-exec")));

static int add_object(struct dl_phdr_info *info, size_t size, void *context)
{
    static const char *const agents[] = {"/libc.so", "/libjansson.so", "/libgsl.so", "/libsqlite3.so"};
    bool *first = context, program = *first, counts = program;

    (void)size;
    *first = false;
    for (size_t i = 0; i < sizeof agents / sizeof *agents; i++)
        counts = counts || strstr(info->dlpi_name, agents[i]);
    if (program)
        base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum && counts && range_count < RANGES; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            ranges[range_count].from = from;
            ranges[range_count].to = from + info->dlpi_phdr[i].p_memsz;
            ranges[range_count++].program = program;
        }
    return 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT"), *on = getenv("FAIL_ON"), *path = getenv("FAIL_LOG");
    void *frame[2];
    bool first = true;

    inside = true;
    backtrace(frame, 2);            /* loads what it needs */
    dl_iterate_phdr(add_object, &first);
    fail_at = at ? atol(at) : 0;
    fail_on = on && *on == '1';
    if (path)
        log_file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    inside = false;
    ready = true;
}

static const bool *range_of(uintptr_t address)
{
    for (int i = 0; i < range_count; i++)
        if (address >= ranges[i].from && address < ranges[i].to)
            return &ranges[i].program;
    return NULL;
}

/* The place in the program that asked for the memory, 0 when it was another library; frames 0 and 1 are our own. */
static uintptr_t asker(void)
{
    void *frame[FRAMES];
    int frames = backtrace(frame, FRAMES);

    for (int i = 2; i < frames; i++) {
        const bool *program = range_of((uintptr_t)frame[i]);
        if (!program)
            return 0;
        if (*program)
            return (uintptr_t)frame[i] - base;
    }
    return 0;
}

static __attribute__((noinline)) bool fails(const void *caller)
{
    char line[64];
    uintptr_t place;

    if (!ready || inside || !range_of((uintptr_t)caller))
        return false;
    inside = true;
    if ((place = asker())) {
        long n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
        if (log_file >= 0 && write(log_file, line, (size_t)snprintf(line, sizeof line, "%ld %#lx\n", n, (unsigned long)place)) < 0)
            log_file = -1;
        place = fail_at && (n == fail_at || (fail_on && n > fail_at));
    }
    inside = false;
    if (place)
        errno = ENOMEM;
    return place != 0;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails(CALLER) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    return fails(CALLER) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(CALLER) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    return fails(CALLER) || !(*memory = __libc_memalign(alignment, size)) ? ENOMEM : 0;
}

/* Memory for code is another matter: where there is none, other kernels compute, which is told. */
void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return !(protection & PROT_EXEC) && fails(CALLER) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, size, protection, flags, file, offset);
}
