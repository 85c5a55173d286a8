/*
 * Where the time goes: the processor's timer interrupts every millisecond of work, and what it interrupts is looked up. Our functions
 * are told by the source file they are from, by addr2line; kernels that libxsmm generates lie in no file at all.
 */
#include "bench.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { MOST = 1 << 16 };
static volatile int count, inferences;
static uintptr_t sample[MOST];
static _Thread_local volatile bool infers;

/* Takes the place of bp_act, to tell the inference of actors from the learner's: the linker has it so (--wrap). */
void __wrap_bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
                   unsigned remember);
void __real_bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
                   unsigned remember);

void __wrap_bp_act(struct bp_acting *acting, const struct bp_params *params, enum bp_role role, const float *observations, bool with_kl,
                   unsigned remember)
{
    infers = true;
    __real_bp_act(acting, params, role, observations, with_kl, remember);
    infers = false;
}

static void interrupted(int signal, siginfo_t *info, void *raw)
{
    const ucontext_t *context = raw;

    (void)signal, (void)info;
    if (infers)
        inferences++;
    else if (count < MOST)
#if defined __x86_64__
        sample[count++] = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
        sample[count++] = (uintptr_t)context->uc_mcontext.pc;
#else
        (void)context;
#endif
}

/* ---- a sample's part ---- */

static const char *const parts[] = {"products", "preparing", "activations", "LSTM gates", "Gaussian head", "Adam", "loss", "replay", "random numbers",
                                    "simulation", "memory", "other"};
enum { PRODUCTS, PARTS = sizeof parts / sizeof *parts, OTHER = PARTS - 1 };

/* A part by a piece of a source file's or a library's path; the first that fits. */
static const struct { const char *piece, *part; } rows[] = {
    {"nn/linear", "activations"}, {"nn/lstm", "LSTM gates"}, {"nn/gaussian", "Gaussian head"}, {"nn/adam", "Adam"}, {"learn/learner", "Adam"},
    {"learn/svg", "loss"}, {"learn/retrace", "loss"}, {"nn/loss", "loss"}, {"nn/matmul", "products"}, {"nn/weight", "products"},
    {"nn/bf16", "products"}, {"model/prepared", "preparing"}, {"libopenblas", "products"}, {"libxsmm", "products"}, {"learn/replay", "replay"}, {"base/half", "replay"},
    {"base/random", "random numbers"}, {"libgsl", "random numbers"},
    {"libmujoco", "simulation"}, {"/env/", "simulation"}, {"libc.", "memory"}, {"base/arena", "memory"}, {"nn/tape", "memory"},
    {"base/group", "memory"}, {"libm.", "other"},
};

static int part_of(const char *path)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int p = 0; strstr(path, rows[i].piece) && p < PARTS; p++)
            if (!strcmp(rows[i].part, parts[p]))
                return p;
    return OTHER;
}

struct mapping {
    uintptr_t from, to, offset;
    char path[256];
};

/* The mapping that holds an address; its path is empty when it is of no file. */
static struct mapping find_mapping(uintptr_t address)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    struct mapping m = {0};
    char line[512];

    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to, offset;
        m.path[0] = '\0';
        if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &from, &to, &offset, m.path) >= 3 && from <= address && address < to) {
            m.from = from, m.to = to, m.offset = offset;
            break;
        }
        m.from = m.to = 0;
    }
    if (maps)
        fclose(maps);
    return m;
}

/* For addresses of the program itself: the source file of the function, the outermost of what was put into one another. */
static int part_of_ours(uintptr_t in_file, const char *program)
{
    char command[512], line[512], last[512] = "";

    snprintf(command, sizeof command, "addr2line -i -e '%s' 0x%lx 2>/dev/null", program, (unsigned long)in_file);
    FILE *pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof line, pipe))
        snprintf(last, sizeof last, "%s", line);
    if (pipe)
        pclose(pipe);
    return strstr(last, "??") ? part_of("libxsmm") : part_of(last);     /* what was built without line numbers is libxsmm's static part */
}

static int classify(uintptr_t address)
{
    struct mapping m = find_mapping(address);
    char program[256];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

    program[length > 0 ? length : 0] = '\0';
    if (!m.to)
        return OTHER;
    if (!*m.path || m.path[0] == '[' || strstr(m.path, "libxsmm"))
        return PRODUCTS;
    return strcmp(m.path, program) ? part_of(m.path) : part_of_ours(address - m.from + m.offset, program);
}

static int compare(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

    return (x > y) - (x < y);
}

/* Equal addresses are looked up once, and those in one line of the first cache are taken for one function. */
static void count_parts(double *counts)
{
    int last = OTHER;

    qsort(sample, (size_t)count, sizeof *sample, compare);
    for (int i = 0; i < count; i++) {
        if (i == 0 || sample[i] >> 6 != sample[i - 1] >> 6)
            last = classify(sample[i]);
        counts[last]++;
    }
}

static void print_share(const char *part, const char *setting, double share)
{
    char what[64];

    if (share <= 0)
        return;
    snprintf(what, sizeof what, "share of %s", part);
    print(what, setting, 100 * share, "%");
}

void print_shares(const char *setting, double (*work)(void *), void *context, double seconds, int threads)
{
    struct sigaction action = {.sa_sigaction = interrupted, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    double counts[PARTS] = {0}, busy = busy_seconds(), start = bp_clock_seconds();

    count = inferences = 0;
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &every, NULL);
    rate_once(work, context, seconds);
    setitimer(ITIMER_PROF, &never, NULL);
    busy = threads == 1 ? 1 : fmin(1, (busy_seconds() - busy) / ((bp_clock_seconds() - start) * threads));    /* one does not wait for another */
    count_parts(counts);
    for (int p = 0; p < PARTS && count; p++)
        print_share(parts[p], setting, busy * counts[p] / (count + inferences));
    print_share("inference", setting, busy * inferences / (count + inferences));
    print_share("waiting", setting, 1 - busy);
}
