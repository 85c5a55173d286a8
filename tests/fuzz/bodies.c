/*
 * Feed mutated MJCF files to the tasks, each in a process of its own, and count what became of them.
 *   build/tests/fuzz/bodies COUNT [SEED]        from the top of the repository, where share/bodies is
 * A file on which the program crashes or hangs is kept as fuzz-SEED.xml; exit status 1 when there was one.
 */
#include "env/env.h"

#include "child.h"
#include "mutate.h"

#include <signal.h>
#include <unistd.h>

enum { HANG_SECONDS = 180, STEPS = 20 };

/* What a program does with a body; the exit status is what it would be. */
static int play(const char *path)
{
    struct bp_env *env = bp_env_open("goto", path);
    struct bp_step step = {.event = -1};

    if (!env)
        return bp_exit_status();
    float *observation = calloc((size_t)env->spec.groups.size, sizeof *observation), *action = calloc((size_t)env->spec.action.size, sizeof *action);
    for (uint64_t seed = 0; seed < 2; seed++) {
        bp_env_reset(env, seed, observation);
        for (int t = 0; t < STEPS && !step.terminated && !step.truncated; t++) {
            for (int k = 0; k < env->spec.action.size; k++)
                action[k] = (float)((t + k) % 3 - 1);
            bp_env_step(env, action, observation, &step);
        }
    }
    free(observation);
    free(action);
    bp_env_close(env);
    return 0;
}

int main(int argc, char **argv)
{
    static char file[MUTANT_MAX];
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    unsigned long taken = 0, refused = 0, crashed = 0, hung = 0;
    char path[] = "/tmp/bp-fuzz-XXXXXX.xml", kept[64];
    int target = mkstemps(path, 4);

    if (!count || target < 0) {
        fprintf(stderr, "usage: bodies COUNT [SEED]\n");
        return 2;
    }
    setenv("BP_SHARE", "share", 0);
    for (unsigned long i = 0; i < count; i++) {
        if (mutant("share/bodies", seed + i, file)) {
            fprintf(stderr, "bodies: no share/bodies here\n");
            return 2;
        }
        FILE *out = fopen(path, "w");
        if (!out || fputs(file, out) < 0 || fclose(out))
            return 1;
        int status = in_child(play, path, HANG_SECONDS);
        taken += status == 0;
        refused += status > 0 && status <= 4;
        hung += status == -SIGALRM;
        crashed += status > 4 || (status < 0 && status != -SIGALRM);
        if (status < 0 || status > 4) {
            snprintf(kept, sizeof kept, "fuzz-%lu.xml", seed + i);
            if ((out = fopen(kept, "w"))) {
                fputs(file, out);
                fclose(out);
            }
            printf("%s: status %d\n", kept, status);
        }
        if ((i + 1) % 1000 == 0)
            printf("%lu of %lu: %lu taken, %lu refused, %lu crashed, %lu hung\n", i + 1, count, taken, refused, crashed, hung);
        fflush(stdout);
    }
    unlink(path);
    printf("%lu files: %lu taken, %lu refused, %lu crashed, %lu hung\n", count, taken, refused, crashed, hung);
    return crashed || hung;
}
