/*
 * Play random episodes of every task on each of its bodies, and hear every warning of the simulator.
 *   build/tests/fuzz/episodes COUNT [SEED [TASK [BODY]]]        from the top of the repository, where share/bodies is
 * Episode i is that of `bp-rollout --play random --seed SEED`. A line of numbers for each task and body, see README.md here. Exit
 * status 1 when a step was wrong: a warning that is not told as diverged, a number that is not finite, an end that is none.
 */
#include "env/env.h"

#include "base/random.h"

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 512, SOLVED = 50 };       /* what the last step of a sparse task pays at least */

/* MuJoCo calls it for the first warning of a kind since the last reset, whatever the environment makes of it. */
static long warnings;

static void hear(const char *warning)
{
    (void)warning;
    warnings++;
}

struct counts {
    long episodes, steps, warned, diverged, solved, wrong;      /* warned: steps in which there was a warning */
    double returns, squares;
};

static bool right(const struct bp_env *env, const float *observation, const struct bp_step *step, int t, bool warned)
{
    bool finite = isfinite(step->reward);

    for (int k = 0; k < env->spec.groups.size; k++)
        finite = finite && isfinite(observation[k]);
    return finite && warned == step->diverged && step->truncated == (step->diverged || (t == env->spec.time_limit && !step->terminated));
}

static void play(struct bp_env *env, uint64_t seed, uint64_t index, gsl_rng *stream, struct counts *counts)
{
    float observation[MOST], action[MOST];
    struct bp_step step = {.event = -1};
    double sum = 0;

    bp_random_seek(stream, seed, BP_FOR_ROLLOUT, 1, index);
    warnings = 0;
    bp_env_reset(env, bp_random_seed(seed, BP_FOR_ROLLOUT, 0, index), observation);
    counts->wrong += warnings > 0;
    for (int t = 1; !step.terminated && !step.truncated; t++) {
        bp_random_normal(stream, action, env->spec.action.size);
        warnings = 0;
        bp_env_step(env, action, observation, &step);
        counts->steps++;
        counts->warned += warnings > 0;
        counts->diverged += step.diverged;
        counts->wrong += !right(env, observation, &step, t, warnings > 0);
        sum += (double)step.reward;
    }
    counts->solved += step.terminated && step.reward >= SOLVED;
    counts->episodes++;
    counts->returns += sum;
    counts->squares += sum * sum;
}

static struct counts play_all(struct bp_env *env, long count, uint64_t seed)
{
    struct counts counts = {0};
    gsl_rng *stream = bp_random_new();

    for (long i = 0; i < count && stream; i++)
        play(env, seed, (uint64_t)i, stream, &counts);
    gsl_rng_free(stream);
    return counts;
}

/* The line of one task and body; the number of wrong steps. */
static long report(const char *task, const char *body, long count, uint64_t seed)
{
    struct bp_env *env = bp_env_open(task, body);
    clock_t begun = clock();

    if (!env || env->spec.groups.size > MOST || env->spec.action.size > MOST)
        return 1;
    struct counts c = play_all(env, count, seed);
    double n = (double)c.episodes, mean = c.returns / n, error = n > 1 ? sqrt(fmax(0, c.squares / n - mean * mean) / (n - 1)) : 0;
    printf("%-16s %-11s %8ld %9ld %9ld %8ld %8ld %9.3f %7.3f %8.4f %8.1f\n", task, body, c.episodes, c.steps, c.warned, c.diverged, c.wrong,
           mean, error, (double)c.solved / n, (double)(clock() - begun) / CLOCKS_PER_SEC);
    fflush(stdout);
    bp_env_close(env);
    return c.wrong;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0, wrong = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    if (count < 1) {
        fprintf(stderr, "usage: episodes COUNT [SEED [TASK [BODY]]]\n");
        return 2;
    }
    setenv("BP_SHARE", "share", 0);
    mju_user_warning = hear;
    printf("%-16s %-11s %8s %9s %9s %8s %8s %9s %7s %8s %8s\n", "task", "body", "episodes", "steps", "warned", "diverged", "wrong", "return",
           "error", "solved", "seconds");
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = 0; bp_tasks[i]->bodies[b]; b++)
            if ((argc < 4 || !strcmp(argv[3], bp_tasks[i]->name)) && (argc < 5 || !strcmp(argv[4], bp_tasks[i]->bodies[b])))
                wrong += report(bp_tasks[i]->name, bp_tasks[i]->bodies[b], count, seed);
    return wrong > 0;
}
