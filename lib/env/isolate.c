#include "env/isolate.h"

#include "env/mj_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Limits of a file: far more than any body needs. Wall-clock time matters if something waits, as for a file that is a pipe. */
enum { CPU_SECONDS = 10, CLOCK_SECONDS = 60, MEMORY_MIB = 1024 };
/* What the parent may be left with: a model, and data for each environment. Shipped bodies take 0.06 and 13 MiB; the solvers' default is 100 iterations. */
enum { MODEL_MIB = 64, DATA_MIB = 64, ITERATIONS = 1000 };
/*
 * Steps that are tried under each action: seconds, in which a body falls to the floor and moves there. An action that is held may well shake a
 * body until its simulation diverges, which ends an episode; but not in its first steps.
 */
enum { TRIED_STEPS = 500, FIRST_STEPS = 20 };

/* Shared between both. */
struct outcome {
    int size;                   /* of the compiled model; 0: the reason tells why there is none */
    char reason[512];
};

/* ---- in the child ---- */

static struct outcome *outcome;

static void refuse(const char *reason)
{
    snprintf(outcome->reason, sizeof outcome->reason, "%s", reason);
    outcome->size = 0;
    _exit(1);
}

static void check_size(const char *what, int64_t size, int64_t most)
{
    char reason[128];

    if (size >= 0 && size <= most)
        return;
    snprintf(reason, sizeof reason, "its %s takes more than the %lld MiB that are allowed", what, (long long)(most >> 20));
    refuse(reason);
}

static void ignore(const char *warning)
{
    (void)warning;
}

/* A limit above what the process has mapped already. */
static void limit_memory(void)
{
    struct rlimit limit;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%ld", &pages) == 1) {
        limit.rlim_cur = limit.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)MEMORY_MIB << 20);
        setrlimit(RLIMIT_AS, &limit);
    }
    if (file)
        fclose(file);
}

static void set_limits(void)
{
    const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS}, none = {0, 0};
    const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM, SIGXCPU};
    int nowhere = open("/dev/null", O_WRONLY);      /* libraries write their own messages here */
    sigset_t all;

    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &none);
    limit_memory();
    alarm(CLOCK_SECONDS);
}

/* A warning ends an episode: there would be none. Shapes that find no room in a picture are no matter of the simulation. */
static bool warned(const mjData *data)
{
    for (int i = 0; i < mjNWARNING; i++)
        if (i != mjWARN_VGEOMFULL && data->warning[i].number)
            return true;
    return false;
}

/* From rest; the simulation must not fail within `steps`. */
static void try_action(const mjModel *model, mjData *data, double action, int steps, const char *reason)
{
    mj_resetData(model, data);
    for (int i = 0; i < TRIED_STEPS; i++) {
        for (int k = 0; k < model->nu; k++)
            data->ctrl[k] = action;
        mj_step(model, data);
        if (i < steps && warned(data))
            refuse(reason);
    }
}

/* Limp and under full action, until it lies on the floor: what would crash, hang or diverge must not do so in the parent. */
static void try_model(mjModel *model)
{
    const mjOption *option = &model->opt;
    mjData *data;

    if (!(option->timestep > 0 && option->timestep <= 1))
        return;                 /* the caller refuses it, and says what it should be */
    if (option->iterations > ITERATIONS || option->noslip_iterations > ITERATIONS || option->mpr_iterations > ITERATIONS)
        refuse("it asks for more than 1000 iterations of a solver");
    bp_mj_memory_fit(model);    /* as the parent will */
    if (!(data = mj_makeData(model)))
        refuse("it asks for too much memory");
    check_size("simulation", (int64_t)data->nbuffer + (int64_t)sizeof(mjtNum) * model->nstack, (int64_t)DATA_MIB << 20);
    try_action(model, data, 0, TRIED_STEPS, "its simulation diverges, without any action");
    try_action(model, data, 1, FIRST_STEPS, "its simulation diverges at once under full action");
    try_action(model, data, -1, FIRST_STEPS, "its simulation diverges at once under full action");
    mj_deleteData(data);
}

static void work(bp_compile *compile, const char *path, const char *outer, int file)
{
    char reason[512] = "";

    set_limits();
    mju_user_error = refuse;
    mju_user_warning = ignore;
    mjModel *model = compile(path, outer, reason, sizeof reason);
    if (!model)
        refuse(reason);
    int size = mj_sizeModel(model);
    check_size("compiled model", size, (int64_t)MODEL_MIB << 20);
    try_model(model);
    if (ftruncate(file, size))
        refuse("it is too large");
    void *bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        refuse("it is too large");
    mj_saveModel(model, NULL, bytes, size);
    outcome->size = size;
    _exit(0);
}

/* ---- in the parent ---- */

/* The compiled model from the child's file, by way of MuJoCo's own files in memory. */
static mjModel *take_over(int file, int size)
{
    static const char name[] = "body.mjb";
    mjVFS *files = malloc(sizeof *files);
    mjModel *model = NULL;

    if (!files)
        return NULL;
    mj_defaultVFS(files);
    if (!mj_makeEmptyFileVFS(files, name, size)) {
        char *to = files->filedata[mj_findFileVFS(files, name)];
        ssize_t got = 0, part = 1;
        for (; got < size && part > 0; got += part > 0 ? part : 0)
            part = pread(file, to + got, (size_t)(size - got), got);
        if (got == size)
            model = mj_loadModel(name, files);
    }
    mj_deleteVFS(files);
    free(files);
    return model;
}

/* The reason why a child ended that did not report it. */
static const char *fate(int status)
{
    if (WIFSIGNALED(status)) {
        int by = WTERMSIG(status);
        return by == SIGALRM || by == SIGXCPU || by == SIGKILL ? "MuJoCo does not get done with it" : "MuJoCo crashes on it";
    }
    return "MuJoCo gives up on it";
}

mjModel *bp_isolate(bp_compile *compile, const char *path, const char *outer, char *reason, int size)
{
    struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int file = memfd_create("bp-body", MFD_CLOEXEC), status = 0;
    pid_t child = shared == MAP_FAILED || file < 0 ? -1 : fork();
    mjModel *model = NULL;

    if (child == 0) {
        outcome = shared;
        work(compile, path, outer, file);
    }
    if (child < 0) {
        snprintf(reason, (size_t)size, "no process to try it in: %s", strerror(errno));
    } else {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && shared->size > 0)
            model = take_over(file, shared->size);
        shared->reason[sizeof shared->reason - 1] = '\0';
        if (!model)
            snprintf(reason, (size_t)size, "%s", WIFEXITED(status) && *shared->reason ? shared->reason : fate(status));
    }
    if (file >= 0)
        close(file);
    if (shared != MAP_FAILED)
        munmap(shared, sizeof *shared);
    return model;
}
