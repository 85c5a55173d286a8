/*
 * The benchmark: speed of the parts and of the whole, each beside its limit measured in the same run. Prints a table, or TSV with --tsv;
 * words choose parts of it: products, updates, training, storage, environments, bodies; rates only when asked for. README.md tells what the rows mean.
 */
#include "bench.h"

#include "nn/kernels.h"

#include <stdbool.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool tsv;

void print_of(const char *what, const char *setting, const char *precision, double value, const char *unit)
{
    printf(tsv ? "%s\t%s\t%s\t%.6g\t%s\n" : "%-34s %-28s %-8s %12.5g  %s\n", what, setting, precision, value, unit);
    fflush(stdout);
}

void print(const char *what, const char *setting, double value, const char *unit)
{
    print_of(what, setting, "-", value, unit);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

double rate_once(double (*work)(void *), void *context, double seconds)
{
    double start = bp_clock_seconds(), done = 0, now;

    do
        done += work(context);
    while ((now = bp_clock_seconds()) - start < seconds);
    return done / (now - start);
}

double busy_rate_once(double (*work)(void *), void *context, double seconds)
{
    double start = busy_seconds(), done = 0, now;

    do
        done += work(context);
    while ((now = busy_seconds()) - start < seconds);
    return done / (now - start);
}

double rate(double (*work)(void *), void *context, double seconds)
{
    double rates[ROUNDS];

    work(context);
    for (int round = 0; round < ROUNDS; round++)
        rates[round] = rate_once(work, context, seconds / ROUNDS);
    return median(rates);
}

double busy_seconds(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

int disturb_begin(void)
{
    pid_t process = fork();
    cpu_set_t first;

    if (process)
        return process;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
    for (volatile unsigned long n = 0;; n++)
        ;
}

void disturb_end(int process)
{
    if (process > 0) {
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
    }
}

/* ---- the machine ---- */

static void note(const char *what, const char *text)
{
    printf(tsv ? "# %s\t%s\n" : "%-16s %s\n", what, text);
}

/* The value of the first line of a file that begins with `key`. */
static void line_of(const char *path, const char *key, char *value, size_t size)
{
    char line[4096];
    FILE *file = fopen(path, "r");

    snprintf(value, size, "unknown");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key)) && strchr(line, ':')) {
            const char *from = strchr(line, ':') + 1;
            from += strspn(from, " \t");
            snprintf(value, size, "%.*s", (int)strcspn(from, "\n"), from);
            break;
        }
    if (file)
        fclose(file);
}

static void flags_that_matter(char *text, size_t size)
{
    static const char *const flags[] = {"avx2", "fma", "avx512f", "avx512vl", "avx512_bf16", "amx_bf16"};
    char all[4096];

    line_of("/proc/cpuinfo", "flags", all, sizeof all);
    text[0] = '\0';
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        char word[32];
        snprintf(word, sizeof word, " %s ", flags[i]);
        if (strstr(all, word))
            snprintf(text + strlen(text), size - strlen(text), "%s%s", *text ? " " : "", flags[i]);
    }
}

static void describe_machine(void)
{
    char text[4096];
    time_t now = time(NULL);

    strftime(text, sizeof text, "%Y-%m-%d", gmtime(&now));
    note("date", text);
    note("version", BP_VERSION);
    line_of("/proc/cpuinfo", "model name", text, sizeof text);
    note("processor", text);
    flags_that_matter(text, sizeof text);
    note("flags", text);
    snprintf(text, sizeof text, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    note("cores", text);
    line_of("/proc/meminfo", "MemTotal", text, sizeof text);
    note("memory", text);
    bp_kernels_list(text, sizeof text);
    note("kernels", text);
    note("compiler", __VERSION__);
}

static const struct { const char *name; void (*run)(void); bool when_asked; } parts[] = {
    {"products", bench_products, false}, {"updates", bench_updates, false}, {"training", bench_training, false}, {"storage", bench_storage, false},
    {"environments", bench_environments, false}, {"bodies", bench_bodies, false}, {"rates", bench_rates, true},
};

int main(int argc, char **argv)
{
    bool all = true;

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--tsv"))
            tsv = true;
        else
            all = false;
    describe_machine();
    if (tsv)
        printf("what\tsetting\tprecision\tvalue\tunit\n");
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (int i = 0; i < argc; i++)
            if ((all && i == 0 && !parts[p].when_asked) || !strcmp(argv[i], parts[p].name))
                parts[p].run();
    return 0;
}
