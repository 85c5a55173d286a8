#include "run/memory.h"

#include "tiny_run.h"

static void adds_up(void **state)
{
    struct bp_config config = tiny_config("lstm", "mlp", "lstm");
    struct bp_cycle cycle;
    struct bp_memory one, two;
    char text[128];

    (void)state;
    start(&cycle, &config, 1);
    assert_int_equal(bp_memory_of(&cycle, &one), 0);
    bp_cycle_free(&cycle);
    start(&cycle, &config, 2);
    assert_int_equal(bp_memory_of(&cycle, &two), 0);
    struct bp_replay_spec spec = bp_config_replay(&config, &cycle.learner.agent, cycle.env.time_limit);
    assert_int_equal(one.replay, bp_replay_bytes(&spec));
    assert_int_equal(one.total, one.replay + one.networks + one.tapes + one.rest);
    assert_true(one.tapes > 0 && one.networks > 0 && one.rest > one.networks);
    assert_int_equal(two.tapes, 2 * one.tapes);         /* a tape a thread that works */
    bp_cycle_free(&cycle);
    config.replay_precision = "float16";
    start(&cycle, &config, 9);
    assert_int_equal(bp_memory_of(&cycle, &two), 0);
    assert_true(two.replay < 0.65 * (double)one.replay);
    assert_int_equal(two.tapes, config.shards * (int64_t)one.tapes);
    bp_cycle_free(&cycle);
    struct bp_memory fixed = {379000000, 27000000, 21000000, 25000000, 452000000};
    assert_string_equal(bp_memory_text(&fixed, text, sizeof text), "452 MB (replay 379, networks 27, tapes 21, program and simulation 25)");
}

/* A tape takes in the run what it was foretold, and asking changes no byte of the run. */
static void foretold_and_undisturbed(void **state)
{
    static const char *const kinds[][3] = {{"lstm", "lstm", "lstm"}, {"mlp", "none", "mlp"}, {"lstm", "linear", "mlp"}};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct bp_config config = tiny_config(kinds[i][0], kinds[i][1], kinds[i][2]);
        struct bp_cycle asked, other;
        struct bp_memory memory;
        if (!strcmp(kinds[i][1], "linear"))
            config.net[BP_PRIOR].hidden = "";
        start(&asked, &config, 1);
        start(&other, &config, 1);
        assert_int_equal(bp_memory_of(&asked, &memory), 0);
        run_cycles(&asked, 6);
        run_cycles(&other, 6);
        assert_true(other.learner.updates > 0);
        assert_int_equal(other.learner.scratch[0].arena.peak, memory.tapes);
        assert_int_equal(other.learner.scratch[1].arena.peak, 0);       /* one thread works on one shard at a time */
        same_training(&asked, &other);
        bp_cycle_free(&asked);
        bp_cycle_free(&other);
    }
}

static int64_t bound;
static struct bp_config bounded;

static int check(void *context)
{
    struct bp_cycle cycle;
    int status;

    (void)context;
    start(&cycle, &bounded, 2);
    status = bp_memory_check(&cycle, bound);
    bp_cycle_free(&cycle);
    return status;
}

/* What the sentence advises is then taken. */
static void refused_with_advice(void **state)
{
    struct bp_cycle cycle;
    struct bp_memory memory;
    char said[1024], *advice;

    (void)state;
    bounded = tiny_config("mlp", "mlp", "mlp");
    bounded.replay_episodes = 20000;
    start(&cycle, &bounded, 2);
    assert_int_equal(bp_memory_of(&cycle, &memory), 0);
    bp_cycle_free(&cycle);
    bound = 0;
    assert_int_equal(run_action(check, NULL, false, said), 0);
    bound = (int64_t)(2 * memory.total);
    assert_int_equal(run_action(check, NULL, false, said), 0);
    bound = (int64_t)(memory.total - memory.replay / 2);
    assert_int_equal(run_action(check, NULL, false, said), BP_USAGE);
    assert_said(said, "more than --max-memory");
    assert_said(said, "--replay-precision float16");
    advice = strstr(said, "--replay-episodes ");
    assert_non_null(advice);
    bounded.replay_episodes = strtoll(advice + strlen("--replay-episodes "), NULL, 10) * 9 / 10;    /* the program itself varies */
    assert_in_range(bounded.replay_episodes, 7000, 10500);
    assert_int_equal(run_action(check, NULL, false, said), 0);
    bound = 1000000;
    assert_int_equal(run_action(check, NULL, false, said), BP_USAGE);
    assert_said(said, "no replay would fit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up),
        cmocka_unit_test(foretold_and_undisturbed),
        cmocka_unit_test(refused_with_advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
