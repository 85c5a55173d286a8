/* Presets: the learner, the actors and both together; beside bare physics, on threads, with a core taken. */
#include "bench.h"

/* Learner and actors together; the median of transitions in a second. */
static double train(struct preset *p, int threads)
{
    double learned[ROUNDS], acted[ROUNDS], busy = busy_seconds(), start = bp_clock_seconds();

    for (int round = 0; round < ROUNDS; round++) {
        int64_t steps = p->cycle.env_steps;
        double begin = bp_clock_seconds();
        learned[round] = rate_once(preset_cycle, p, 0.5);
        acted[round] = (double)(p->cycle.env_steps - steps) / (bp_clock_seconds() - begin);
    }
    busy = (busy_seconds() - busy) / ((bp_clock_seconds() - start) * threads);
    print("training", p->setting, median(learned), "transitions/s");
    print("actors while learning", p->setting, median(acted), "control steps/s");
    print("busy / (wall x threads)", p->setting, busy, "");
    return median(learned);
}

static void train_disturbed(struct preset *p)
{
    int process = disturb_begin();
    double speed = rate(preset_cycle, p, 2);

    disturb_end(process);
    print("training, a core taken", p->setting, speed, "transitions/s");
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
    struct preset p;

    double start = bp_clock_seconds();
    preset_open(&p, preset, NULL, threads);
    if (threads == 1)
        print("ready to train", p.setting, 1e3 * (bp_clock_seconds() - start), "ms");
    while (p.cycle.learner.updates < 10)
        preset_cycle(&p);
    double speed = train(&p, threads);
    if (single > 0)
        print("2 threads / 1 thread", preset, speed / single, "");
    if (threads == 1)
        bench_parts(&p);
    print_shares(p.setting, preset_cycle, &p, 2, threads);
    train_disturbed(&p);            /* last: threads that had to share a core do not part at once */
    preset_close(&p);
    return speed;
}

void bench_training(void)
{
    static const char *const presets[] = {"nav-easy-lstm", "nav-easy-mlp", "nav-easy-none", "nav-easy-paper"};

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        bench_preset(presets[i], 2, bench_preset(presets[i], 1, 0));
}
