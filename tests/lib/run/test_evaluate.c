#include "run/evaluate.h"

#include "tiny_run.h"

static struct bp_config config;
static struct bp_cycle cycle;
static struct bp_params params;

static int train(void **state)
{
    (void)state;
    config = tiny_config("mlp", "lstm", "mlp");
    start(&cycle, &config, 2);
    run_cycles(&cycle, 4);
    params = bp_cycle_params(&cycle);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bp_cycle_free(&cycle);
    return 0;
}

static struct bp_evaluator *evaluator_of(const char *list, struct bp_pool *pool)
{
    struct bp_evaluator *evaluator = bp_evaluator_new(list, &cycle.env, 3, &cycle.learner.agent, pool);

    assert_non_null(evaluator);
    return evaluator;
}

static int add_up(void *context, const struct bp_episode *episode)
{
    double *sums = context;

    sums[0] += bp_episode_return(episode);
    sums[1] += pow(bp_episode_return(episode), 2);
    sums[2] += episode->length;
    return 0;
}

/* An evaluation is the mean over a rollout's episodes, always the same ones, on as many threads as there are. */
static void means_over_fixed_episodes(void **state)
{
    struct bp_pool *alone = bp_pool_new(1);
    struct bp_evaluator *a = evaluator_of("policy,prior:nav-hard,prior", cycle.pool), *b = evaluator_of("policy,prior:nav-hard,prior", alone);
    static const char *const want[][2] = {{"policy", "nav-easy"}, {"prior", "nav-hard"}, {"prior", "nav-easy"}};

    (void)state;
    assert_int_equal(bp_evaluator_count(a), 3);
    for (int i = 0; i < 3; i++) {
        struct bp_run_evaluation first, second, again;
        struct bp_rollout_spec spec = {.task = want[i][1], .play = bp_play_find(want[i][0]), .episodes = 3, .seed = 1000003};
        struct bp_rollout *rollout = bp_rollout_new(&spec, &cycle.learner.agent, alone);
        double sums[3] = {0};
        assert_int_equal(bp_evaluate(a, i, &params, &first), 0);
        assert_int_equal(bp_evaluate(a, i, &params, &again), 0);
        assert_int_equal(bp_evaluate(b, i, &params, &second), 0);
        assert_string_equal(first.play, want[i][0]);
        assert_string_equal(first.task, want[i][1]);
        assert_int_equal(first.episodes, 3);
        assert_true(first.episode_return == second.episode_return && first.episode_return == again.episode_return);
        assert_true(first.sequence_kl == second.sequence_kl && first.sequence_kl >= 0);
        assert_int_equal(bp_rollout_run(rollout, &params, add_up, sums), 0);
        assert_close(first.episode_return, sums[0] / 3, 1e-9);
        assert_close(first.standard_error, sqrt((sums[1] - sums[0] * sums[0] / 3) / 2 / 3), 1e-6);
        assert_close(first.episode_length, sums[2] / 3, 1e-9);
        bp_rollout_free(rollout);
    }
    bp_evaluator_free(a);
    bp_evaluator_free(b);
    bp_evaluator_free(NULL);
    bp_pool_free(alone);
}

static void lists(void **state)
{
    struct bp_agent baseline = cycle.learner.agent;
    struct bp_evaluator *evaluator = evaluator_of("", cycle.pool);

    (void)state;
    assert_int_equal(bp_evaluator_count(evaluator), 0);
    bp_evaluator_free(evaluator);
    baseline.behaviour[BP_PRIOR].levels = 0;         /* a preset's list, with --prior none */
    evaluator = bp_evaluator_new("policy,prior:nav-hard", &cycle.env, 3, &baseline, cycle.pool);
    assert_non_null(evaluator);
    assert_int_equal(bp_evaluator_count(evaluator), 1);
    bp_evaluator_free(evaluator);
}

static int make(void *context)
{
    struct bp_evaluator *evaluator = bp_evaluator_new(context, &cycle.env, 3, &cycle.learner.agent, cycle.pool);

    return evaluator ? 0 : -1;
}

static void bad_lists_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"critic", "'critic'"}, {"random", "'random'"}, {"policy:", "''"}, {"prior:nav", "'nav'"}, {"policy:nav-hard", "goal"},
        {"prior,prior,prior,prior,prior,prior,prior,prior,prior", "at most 8"},
    };
    char said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(run_action(make, (void *)bad[i][0], false, said), BP_USAGE);
        assert_said(said, bad[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(lists),
        cmocka_unit_test(means_over_fixed_episodes),
    };

    return cmocka_run_group_tests(tests, train, end);
}
