#include "run/cycle.h"

#include "tiny_run.h"

/* ---- determinism ---- */

/* The kinds of networks that a run is made of, with everything that may be carried along. */
static const struct { const char *policy, *prior, *critic, *recurrent_state, *value_policy; int critics; } kinds[] = {
    {"mlp", "lstm", "mlp", "zero", "online", 1},
    {"lstm", "lstm", "lstm", "stored", "target", 1},
    {"mlp", "none", "lstm", "stored", "online", 2},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static struct bp_config config_of(int kind)
{
    struct bp_config config = tiny_config(kinds[kind].policy, kinds[kind].prior, kinds[kind].critic);

    config.recurrent_state = kinds[kind].recurrent_state;
    config.value_policy = kinds[kind].value_policy;
    config.critics = kinds[kind].critics;
    return config;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct bp_config config = config_of(kind);
        struct bp_cycle alone;
        start(&alone, &config, 1);
        run_cycles(&alone, 30);
        for (int threads = 2; threads <= 4; threads += 2) {
            struct bp_cycle many;
            start(&many, &config, threads);
            run_cycles(&many, 30);
            same_training(&alone, &many);
            assert_true(many.update_stats.sum[BP_SVG_CRITIC_LOSS] == alone.update_stats.sum[BP_SVG_CRITIC_LOSS]);
            bp_cycle_free(&many);
        }
        bp_cycle_free(&alone);
    }
}

/* As long as everything diverges there is nothing to learn from, which is waited for. */
static void nothing_but_divergence(void **state)
{
    struct bp_config config = config_of(0);
    struct bp_cycle cycle;

    (void)state;
    start(&cycle, &config, 1);
    for (size_t i = 0; i < cycle.learner.trained[BP_POLICY].n; i++)
        cycle.learner.trained[BP_POLICY].online[i] = NAN;       /* actions that are no numbers */
    run_cycles(&cycle, 10);
    assert_int_equal(cycle.env_steps, 10 * 9 * 5);
    assert_int_equal(cycle.actor_stats.diverged, 10 * 9 * 5);
    assert_int_equal(cycle.learner.updates, 0);
    bp_cycle_free(&cycle);
}

static void the_seed_matters(void **state)
{
    struct bp_config config = config_of(0), other = config;
    struct bp_cycle a, b;

    (void)state;
    start(&a, &config, 1);
    other.seed++;
    start(&b, &other, 1);
    run_cycles(&a, 5);
    run_cycles(&b, 5);
    for (int role = 0; role <= BP_CRITIC; role++)
        assert_memory_not_equal(a.learner.trained[role].online, b.learner.trained[role].online, a.learner.trained[role].n * sizeof(float));
    bp_cycle_free(&a);
    bp_cycle_free(&b);
}

/* ---- the cycle ---- */

/* Learning waits for the warm-up; then every cycle is an update, and counts what went in and out. */
static void counting(void **state)
{
    struct bp_config config = config_of(0);
    struct bp_cycle cycle;

    (void)state;
    start(&cycle, &config, 1);
    for (int i = 1; i <= 12; i++) {
        int updates = i > 2 ? i - 2 : 0;        /* 45 steps a cycle, 90 to warm up, seen by the next cycle */
        run_cycles(&cycle, 1);
        assert_int_equal(cycle.env_steps, 45 * i);
        assert_int_equal(cycle.learner.updates, updates);
        assert_int_equal(cycle.update_stats.updates, updates);
        assert_int_equal(cycle.transitions, 80 * updates);
        assert_int_equal(cycle.actor_stats.steps, 45 * i);
        assert_true(cycle.update_stats.transitions <= 80 * updates);
    }
    assert_int_equal(bp_replay_transitions(cycle.replay), 45 * 12);
    bp_cycle_free(&cycle);
}

/* Actors of a cycle use the parameters from before its update: the first update cannot show in that cycle's experience. */
static void actors_are_one_cycle_behind(void **state)
{
    struct bp_config config = config_of(0), still = config;
    struct bp_cycle learning, frozen;
    struct bp_tensor a[BP_ACTORS_TENSORS], b[BP_ACTORS_TENSORS];

    (void)state;
    start(&learning, &config, 1);
    still.learning_rate[BP_POLICY] = 0;
    start(&frozen, &still, 1);
    for (int cycle = 1; cycle <= 4; cycle++) {
        run_cycles(&learning, 1);
        run_cycles(&frozen, 1);
        bp_actors_save(learning.actors);
        bp_actors_save(frozen.actors);
        assert_int_equal(bp_actors_tensors(learning.actors, a), bp_actors_tensors(frozen.actors, b));
        bool same = !memcmp(a[0].data, b[0].data, bp_tensor_bytes(&a[0]));
        assert_int_equal(same, cycle <= 3);             /* the update of cycle 3 shows from cycle 4 on */
    }
    bp_cycle_free(&learning);
    bp_cycle_free(&frozen);
}

/* A learner that leaves the finite numbers says so. */
static int diverge(void *context)
{
    struct bp_config config = config_of(0);
    struct bp_cycle cycle;
    int status = 0;

    (void)context;
    start(&cycle, &config, 1);
    run_cycles(&cycle, 4);
    cycle.learner.trained[BP_CRITIC].online[0] = NAN;
    for (int i = 0; i < 3 && !status; i++)
        status = bp_cycle_run(&cycle);
    bp_cycle_free(&cycle);
    return status;
}

static void divergence_is_reported(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(diverge, NULL, false, said), BP_DIVERGED);
    assert_said(said, "not a finite number");
}

/* ---- borrowing ---- */

/* A checkpoint in memory: that of a run of a few cycles, which lives as long as the test. */
static struct bp_cycle lender;
static struct bp_config lender_config;
static struct bp_checkpoint lent;

static int lend(void **state)
{
    (void)state;
    lender_config = tiny_config("mlp", "lstm", "mlp");
    start(&lender, &lender_config, 1);
    run_cycles(&lender, 6);
    bp_cycle_checkpoint(&lender, &lent);
    return 0;
}

static int take_back(void **state)
{
    (void)state;
    bp_cycle_free(&lender);
    return 0;
}

static struct bp_config borrower_config(void)
{
    struct bp_config config = tiny_config("lstm", "none", "mlp");

    config.task = "nav-hard";
    config.net[BP_POLICY].hidden = "5,6";           /* as the prior's */
    config.seed = 9;
    return config;
}

/* The prior comes along whole and stays as it is, while policy and critic learn. */
static void a_borrowed_prior_stays(void **state)
{
    struct bp_config config = borrower_config();
    const struct bp_borrowed borrowed = {&lent, bp_reuse_find("prior"), false};
    struct bp_cycle cycle;

    (void)state;
    assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
    size_t bytes = lender.learner.trained[BP_PRIOR].n * sizeof(float);
    float before = cycle.learner.trained[BP_POLICY].online[3];
    run_cycles(&cycle, 10);
    assert_true(cycle.learner.agent.has[BP_PRIOR]);
    assert_memory_equal(cycle.learner.trained[BP_PRIOR].online, lent.params[BP_PRIOR], bytes);
    assert_memory_equal(cycle.learner.trained[BP_PRIOR].target, lent.params[BP_PRIOR], bytes);
    assert_true(cycle.learner.trained[BP_POLICY].online[3] != before);
    assert_true(cycle.update_stats.sum[BP_SVG_KL_PRIOR] > 0 && cycle.update_stats.sum[BP_SVG_PRIOR_LOSS] == 0);
    bp_cycle_free(&cycle);
}

/* A policy that starts from the prior says what the prior says, though it sees a group more, on any observation. */
static void a_policy_may_start_from_the_prior(void **state)
{
    struct bp_config config = borrower_config();
    const struct bp_borrowed borrowed = {&lent, bp_reuse_find("prior"), true};
    struct bp_cycle cycle;
    struct bp_acting acting;
    static float observations[4 * 20];

    (void)state;
    assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
    struct bp_params params = bp_cycle_params(&cycle);
    assert_int_equal(bp_acting_init(&acting, &cycle.learner.agent, 4), 0);
    for (int t = 0; t < 10; t++) {
        fill_normal(observations, 4 * 20, 60 + (uint64_t)t);
        bp_act(&acting, &params, BP_POLICY, observations, true, 0);
        for (int lane = 0; lane < 4; lane++)
            assert_close(acting.kl_prior[lane], 0, 1e-5);
    }
    bp_acting_free(&acting);
    /* and its target network starts there too, so that the first values are right */
    assert_memory_equal(cycle.learner.trained[BP_POLICY].target, cycle.learner.trained[BP_POLICY].online,
                        cycle.learner.trained[BP_POLICY].n * sizeof(float));
    bp_cycle_free(&cycle);
}

struct attempt {
    const struct bp_config *config;
    struct bp_borrowed borrowed;
};

static int attempt(void *context)
{
    const struct attempt *a = context;
    struct bp_cycle cycle;

    return bp_cycle_init(&cycle, a->config, &a->borrowed, 1);
}

static void refused(const struct bp_config *config, const struct bp_checkpoint *from, bool policy_too, const char *part)
{
    struct attempt a = {config, {from, bp_reuse_find("prior"), policy_too}};
    char said[1024];

    assert_int_equal(run_action(attempt, &a, false, said), BP_USAGE);
    assert_said(said, part);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct bp_config config = borrower_config(), telling = tiny_config("mlp", "mlp", "mlp");
    struct bp_checkpoint changed = lent;

    (void)state;
    changed.agent.behaviour[BP_PRIOR].levels = 0;
    refused(&config, &changed, false, "no prior");
    changed = lent;
    changed.agent.behaviour[BP_PRIOR].level[0].space.size = 8;
    refused(&config, &changed, false, "8 continuous numbers");
    config.net[BP_POLICY].hidden = "6,6";
    refused(&config, &lent, true, "different kinds or sizes");
    config = borrower_config();
    config.net[BP_POLICY].kind = "mlp";
    refused(&config, &lent, true, "different kinds or sizes");
    config = borrower_config();
    config.net[BP_POLICY].inputs = "global,targets";
    refused(&config, &lent, true, "'touch'");
    /* a prior that was told the goal has nothing to look at where there is none */
    telling.net[BP_PRIOR].inputs = "*";
    struct bp_cycle told;
    start(&told, &telling, 1);
    bp_cycle_checkpoint(&told, &changed);
    config = borrower_config();
    refused(&config, &changed, false, "does not have goal:4");
    bp_cycle_free(&told);
}

static void bad_configs_are_refused(void **state)
{
    struct bp_config config = tiny_config("mlp", "mlp", "mlp");

    (void)state;
    config.net[BP_POLICY].head = "mixture";
    refused(&config, NULL, false, "--policy-head mixture is for priors");
    config = tiny_config("mlp", "mlp", "mlp");
    config.replay_episodes = 17;
    refused(&config, NULL, false, "too small for 9 actors");
    config = tiny_config("mlp", "mlp", "mlp");
    config.shards = 3;
    refused(&config, NULL, false, "3 equal shards");
    config = tiny_config("mlp", "mlp", "mlp");
    config.body = "ant-eater";
    refused(&config, NULL, false, "'ant-eater'");
    config = tiny_config("mlp", "mlp", "mlp");
    config.net[BP_CRITIC].inputs = "proprio";
    refused(&config, NULL, false, "'proprio'");
    config = tiny_config("mlp", "mlp", "mlp");
    config.warm_up = 1000000;
    refused(&config, NULL, false, "--warm-up");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergence_is_reported),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(bad_configs_are_refused),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(nothing_but_divergence),
        cmocka_unit_test(the_seed_matters),
        cmocka_unit_test(counting),
        cmocka_unit_test(actors_are_one_cycle_behind),
        cmocka_unit_test(a_borrowed_prior_stays),
        cmocka_unit_test(a_policy_may_start_from_the_prior),
    };

    return cmocka_run_group_tests(tests, lend, take_back);
}
