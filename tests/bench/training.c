/* Presets: the learner, the actors and both together; beside bare physics, on threads, with a core taken. */
#include "bench.h"

/* Transitions and the actors' control steps in a second, and the part of the threads' time in which they worked. */
struct together {
    double learned[ROUNDS], acted[ROUNDS], taken[ROUNDS];
    double busy, wall;
};

/* Rounds alone and rounds beside another process take turns. */
static void train(struct preset *p, int threads, struct together *t)
{
    *t = (struct together){.busy = 0};
    for (int round = 0; round < ROUNDS; round++) {
        int64_t steps = p->training.env_steps;
        double busy = busy_seconds(), start = bp_seconds();
        t->learned[round] = rate_once(preset_cycle, p, 0.5);
        double wall = bp_seconds() - start;
        t->busy += busy_seconds() - busy;
        t->wall += wall * threads;
        t->acted[round] = (double)(p->training.env_steps - steps) / wall;
        int process = disturb_begin();
        t->taken[round] = rate_once(preset_cycle, p, 0.5);
        disturb_end(process);
    }
}

static void print_together(const char *setting, struct together *t)
{
    print("training", setting, median(t->learned), "transitions/s");
    print("actors while learning", setting, median(t->acted), "control steps/s");
    print("training, a core taken", setting, median(t->taken), "transitions/s");
    print("busy / (wall x threads)", setting, t->busy / t->wall, "");
}

static void bench_parts(struct preset *p)
{
    double learner[ROUNDS], drawn[ROUNDS];

    rate_once(preset_act, p, 2);            /* the replay's memory is all there after that, as in most of a run */
    for (int round = 0; round < ROUNDS; round++) {
        learner[round] = rate_once(preset_learn, p, 0.3);
        drawn[round] = 100 * learner[round] / rate_once(preset_draw, p, 0.1);
    }
    print("learner alone", p->setting, median(learner), "transitions/s");
    print("replay sampling of an update", p->setting, median(drawn), "%");
    bare_print(p, false);
}

static double bench_preset(const char *preset, int threads, double single)
{
    struct together together;
    struct preset p;

    double start = bp_seconds();
    preset_open(&p, preset, NULL, threads);
    if (threads == 1)
        print("ready to train", p.setting, 1e3 * (bp_seconds() - start), "ms");
    while (p.training.learner.updates < 10)
        preset_cycle(&p);
    train(&p, threads, &together);
    print_together(p.setting, &together);
    if (single > 0)
        print("2 threads / 1 thread", preset, median(together.learned) / single, "");
    if (threads == 1)
        bench_parts(&p);
    print_shares(p.setting, preset_cycle, &p, 2, threads);
    preset_close(&p);
    return median(together.learned);
}

void bench_training(void)
{
    static const char *const presets[] = {"nav-easy-lstm", "nav-easy-mlp", "nav-easy-none", "nav-easy-paper"};

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        bench_preset(presets[i], 2, bench_preset(presets[i], 1, 0));
}
