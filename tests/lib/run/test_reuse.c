/* Parts of a hierarchical checkpoint in a new agent: what is the checkpoint's, what stays as it is, what learns. */
#include "run/cycle.h"

#include "tiny_run.h"

/* Low levels apart, so that those of policy and prior can be told from each other; high levels that every body can ask. */
static struct bp_config lender_config(const char *prior, const char *prior_high)
{
    struct bp_config config = tiny_config("mlp", prior, "mlp");

    config.latent_size = 3;
    config.latent_period = 1;
    config.prior_correlation = 0.9;
    config.net[BP_POLICY].inputs = "global,touch";
    config.net[BP_PRIOR].inputs = "global";
    config.net[BP_PRIOR].hidden = "6,5";
    config.net[BP_POLICY_HIGH] = (struct bp_net_choice){"mlp", "7", "targets,goal", "softplus", NULL};
    config.net[BP_PRIOR_HIGH] = (struct bp_net_choice){prior_high, "4", "targets", "softplus", NULL};
    return config;
}

static struct bp_cycle lender;
static struct bp_config lending;
static struct bp_checkpoint lent;

static void lend(const char *prior, const char *prior_high)
{
    lending = lender_config(prior, prior_high);
    start(&lender, &lending, 1);
    run_cycles(&lender, 6);
    bp_cycle_checkpoint(&lender, &lent);
}

/* The config of a borrower of each row: what comes from the checkpoint is as bp-transfer would have it. */
static struct bp_config borrower_config(const char *reuse)
{
    struct bp_config config = lending;

    config.seed = 9;
    config.net[BP_PRIOR] = config.net[BP_PRIOR_HIGH] = (struct bp_net_choice){.kind = "none"};
    if (!strcmp(reuse, "high"))
        config.body = "ant", config.net[BP_POLICY].inputs = "proprio", config.net[BP_POLICY].hidden = "8";
    return config;
}

static const float *online(const struct bp_cycle *cycle, enum bp_role role)
{
    return cycle->learner.trained[role].online;
}

static void assert_same(const struct bp_cycle *cycle, enum bp_role to, enum bp_role from)
{
    size_t bytes = lender.learner.trained[from].n * sizeof(float);

    assert_int_equal(cycle->learner.trained[to].n, lender.learner.trained[from].n);
    assert_memory_equal(cycle->learner.trained[to].online, lent.params[from], bytes);
    assert_memory_equal(cycle->learner.trained[to].target, lent.params[from], bytes);
}

/* Frozen networks stay the checkpoint's to the bit, and have no moments; those that start as copies move on; the rest is new. */
static void check_parts(const char *reuse, bool optional, const enum bp_reuse_how how[BP_ROLES], const enum bp_role of[BP_ROLES])
{
    struct bp_config config = borrower_config(reuse);
    const struct bp_borrowed borrowed = {&lent, bp_reuse_find(reuse), optional};
    struct bp_cycle cycle;

    assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
    for (int pass = 0; pass < 2; pass++) {
        for (int role = 0; role < BP_ROLES; role++) {
            if (how[role] == BP_REUSE_SHARE)
                assert_false(cycle.learner.agent.has[role]);
            else if (how[role] == BP_REUSE_FREEZE || (how[role] == BP_REUSE_INITIALISE && pass == 0))
                assert_same(&cycle, (enum bp_role)role, of[role]);
            else if (cycle.learner.agent.has[role] && cycle.learner.trained[role].n == lender.learner.trained[of[role]].n)
                assert_memory_not_equal(online(&cycle, (enum bp_role)role), lent.params[of[role]], cycle.learner.trained[role].n * sizeof(float));
            assert_int_equal(cycle.learner.trained[role].m != NULL, cycle.learner.agent.has[role] && how[role] != BP_REUSE_FREEZE);
        }
        run_cycles(&cycle, 8);
    }
    assert_true(cycle.learner.updates > 10 && cycle.update_stats.sum[BP_SVG_KL_PRIOR] > 0);
    /* one network of both low levels: their KL is nothing; two: something */
    if (how[BP_PRIOR] == BP_REUSE_SHARE)
        assert_true(cycle.update_stats.sum[BP_SVG_KL_PRIOR] == cycle.update_stats.sum[BP_SVG_KL_PRIOR_HIGH]);
    else
        assert_true(cycle.update_stats.sum[BP_SVG_KL_PRIOR] > cycle.update_stats.sum[BP_SVG_KL_PRIOR_HIGH]);
    bp_cycle_free(&cycle);
}

static void every_row(void **state)
{
    static const enum bp_role of[BP_ROLES] = {BP_PRIOR, BP_PRIOR, BP_CRITIC, BP_CRITIC_2, BP_POLICY_HIGH, BP_PRIOR_HIGH};
    static const struct { const char *reuse; bool optional; enum bp_reuse_how how[BP_ROLES]; } rows[] = {
        {"prior", false, {[BP_PRIOR] = BP_REUSE_FREEZE, [BP_PRIOR_HIGH] = BP_REUSE_FREEZE}},
        {"low", false, {[BP_POLICY] = BP_REUSE_FREEZE, [BP_PRIOR] = BP_REUSE_SHARE, [BP_PRIOR_HIGH] = BP_REUSE_FREEZE}},
        {"low-init", false, {[BP_POLICY] = BP_REUSE_INITIALISE, [BP_PRIOR] = BP_REUSE_FREEZE, [BP_PRIOR_HIGH] = BP_REUSE_FREEZE}},
        {"high", false, {[BP_POLICY_HIGH] = BP_REUSE_FREEZE, [BP_PRIOR] = BP_REUSE_SHARE, [BP_PRIOR_HIGH] = BP_REUSE_FREEZE}},
    };

    (void)state;
    lend("mlp", "mlp");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lending.net[BP_POLICY].inputs = strcmp(rows[i].reuse, "low-init") ? "global,touch" : "global";     /* what starts sees the same, to be equal as a whole */
        check_parts(rows[i].reuse, rows[i].optional, rows[i].how, of);
    }
    bp_cycle_free(&lender);
}

/* Both levels of the policy start from the prior's, and see more: what they draw is the same, the KL nothing. */
static void a_policy_may_start_from_both_levels(void **state)
{
    struct bp_cycle cycle;
    struct bp_acting acting;
    static float observations[4 * 20];

    (void)state;
    lend("mlp", "mlp");
    struct bp_config config = borrower_config("prior");
    const struct bp_borrowed borrowed = {&lent, bp_reuse_find("prior"), true};
    config.net[BP_POLICY_HIGH].hidden = "4";
    assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
    struct bp_params params = bp_cycle_params(&cycle);
    assert_int_equal(bp_acting_init(&acting, &cycle.learner.agent, 4), 0);
    for (int t = 0; t < 5; t++) {
        fill_normal(observations, 4 * 20, 60 + (uint64_t)t);
        fill_normal(acting.noise, 4 * acting.noise_size, 70 + (uint64_t)t);
        bp_act(&acting, &params, BP_POLICY, observations, true, 0);
        for (int lane = 0; lane < 4; lane++)
            assert_close(acting.kl_prior[lane], 0, 1e-5);
    }
    bp_acting_free(&acting);
    bp_cycle_free(&cycle);
    bp_cycle_free(&lender);
}

/* A checkpoint that shares its low level has it under the policy's name; a prior of the latent that is no network is nothing to start from. */
static void what_a_shared_low_level_is_called(void **state)
{
    static const char *const reuses[] = {"prior", "low", "low-init"};
    char text[32];

    (void)state;
    lend("shared", "ar1");
    for (size_t i = 0; i < sizeof reuses / sizeof *reuses; i++) {
        struct bp_config config = borrower_config(reuses[i]);
        const struct bp_borrowed borrowed = {&lent, bp_reuse_find(reuses[i]), true};
        struct bp_cycle cycle;
        bool shares = !strcmp(reuses[i], "low");
        assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
        assert_same(&cycle, BP_POLICY, BP_POLICY);
        assert_int_equal(cycle.learner.agent.has[BP_PRIOR], !shares);
        if (!shares)
            assert_same(&cycle, BP_PRIOR, BP_POLICY);
        assert_true(cycle.learner.agent.behaviour[BP_PRIOR].level[0].correlation == 0.9);
        assert_string_equal(bp_reuse_text(&borrowed, BP_POLICY, text, sizeof text), shares ? "prior, frozen" : "prior, initialised");
        assert_string_equal(bp_reuse_text(&borrowed, BP_POLICY_HIGH, text, sizeof text), "");
        run_cycles(&cycle, 5);
        bp_cycle_free(&cycle);
    }
    bp_cycle_free(&lender);
}

/* A checkpoint that is a prior alone, as distilled, is enough for all rows that ask for no policy. */
static void a_prior_is_enough(void **state)
{
    static const char *const reuses[] = {"prior", "low", "low-init"};

    (void)state;
    lend("mlp", "mlp");
    lent.agent.behaviour[BP_POLICY].levels = 0;
    lent.agent.has[BP_POLICY] = lent.agent.has[BP_POLICY_HIGH] = false;
    for (size_t i = 0; i < sizeof reuses / sizeof *reuses; i++) {
        struct bp_config config = borrower_config(reuses[i]);
        const struct bp_borrowed borrowed = {&lent, bp_reuse_find(reuses[i]), false};
        struct bp_cycle cycle;
        config.net[BP_POLICY].inputs = "global";
        assert_int_equal(bp_cycle_init(&cycle, &config, &borrowed, 1), 0);
        assert_same(&cycle, strcmp(reuses[i], "low") ? BP_PRIOR : BP_POLICY, BP_PRIOR);
        run_cycles(&cycle, 5);
        bp_cycle_free(&cycle);
    }
    bp_cycle_free(&lender);
}

/* ---- what does not fit ---- */

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

static void refused(const struct bp_config *config, const char *reuse, const char *part)
{
    struct attempt a = {config, {&lent, bp_reuse_find(reuse), false}};
    char said[1024];

    assert_int_equal(run_action(attempt, &a, false, said), BP_USAGE);
    assert_said(said, part);
}

static void mismatches_name_both_sides(void **state)
{
    static const char *const rows[] = {"prior", "low", "low-init", "high"};

    (void)state;
    lend("mlp", "mlp");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bp_config config = borrower_config(rows[i]);
        config.latent_size = 5;
        refused(&config, rows[i], "--latent-size 5: the checkpoint's latent has 3 numbers");
        config.latent_size = 0;
        refused(&config, rows[i], "--latent-size 0: the checkpoint's latent has 3 numbers");
        config = borrower_config(rows[i]);
        config.body = "ant";
        config.net[BP_POLICY].inputs = "proprio";
        if (i < 3)
            refused(&config, rows[i], "actions are 2 continuous numbers, those of task 'nav-easy' on body 'ant' 8 continuous numbers");
        config.latent_period = 4;           /* another body may take other steps */
        if (i < 3)
            refused(&config, rows[i], "--latent-period 4: the checkpoint's latent is held for 1 step");
    }
    struct bp_config config = borrower_config("high");
    config.task = "nav-hard";
    refused(&config, "high", "task 'nav-hard' on body 'ant' does not have goal:4, which the policy's high level in the checkpoint sees; it has proprio:38,global:4,");
    bp_cycle_free(&lender);
}

/* High levels that see a body know no other. */
static void high_levels_that_see_the_body(void **state)
{
    (void)state;
    lending = lender_config("shared", "ar1");
    lending.task = "goto";
    lending.net[BP_POLICY].inputs = "proprio";
    lending.net[BP_POLICY_HIGH].inputs = "*";
    start(&lender, &lending, 1);
    bp_cycle_checkpoint(&lender, &lent);
    struct bp_config config = borrower_config("high");
    config.body = "ball";
    refused(&config, "high", "task 'goto' on body 'ball' does not have proprio:38, which the policy's high level in the checkpoint sees; it has "
            "proprio:10,targets:6,goal:3: what bp-train --high-inputs leaves out can differ");
    bp_cycle_free(&lender);
}

static void levels_that_are_not_there(void **state)
{
    (void)state;
    lend("mlp", "mlp");
    struct bp_config config = borrower_config("high");
    lent.agent.behaviour[BP_POLICY].levels = 0;         /* a distilled one */
    refused(&config, "high", "the checkpoint has no policy");
    lent.agent.behaviour[BP_PRIOR].levels = 0;
    refused(&config, "high", "the checkpoint has no prior");
    bp_cycle_free(&lender);

    lending = tiny_config("mlp", "mlp", "mlp");
    start(&lender, &lending, 1);
    bp_cycle_checkpoint(&lender, &lent);
    refused(&lending, "low", "--reuse low: the checkpoint's prior is flat");
    refused(&lending, "low-init", "--reuse low-init: the checkpoint's prior is flat");
    refused(&lending, "high", "--reuse high: the checkpoint's prior is flat");
    config = lending;
    config.latent_size = 4;
    refused(&config, "prior", "--latent-size 4: the checkpoint's prior is flat");
    bp_cycle_free(&lender);
}

/* ---- the same bytes ---- */

static void threads_do_not_matter(void **state)
{
    static const char *const rows[] = {"prior", "low", "low-init", "high"};

    (void)state;
    lend("mlp", "ar1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bp_config config = borrower_config(rows[i]);
        const struct bp_borrowed borrowed = {&lent, bp_reuse_find(rows[i]), true};
        struct bp_cycle alone, two;
        assert_int_equal(bp_cycle_init(&alone, &config, &borrowed, 1), 0);
        assert_int_equal(bp_cycle_init(&two, &config, &borrowed, 2), 0);
        run_cycles(&alone, 12);
        run_cycles(&two, 12);
        same_training(&alone, &two);
        bp_cycle_free(&alone);
        bp_cycle_free(&two);
    }
    bp_cycle_free(&lender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(a_policy_may_start_from_both_levels),
        cmocka_unit_test(what_a_shared_low_level_is_called),
        cmocka_unit_test(a_prior_is_enough),
        cmocka_unit_test(mismatches_name_both_sides),
        cmocka_unit_test(high_levels_that_see_the_body),
        cmocka_unit_test(levels_that_are_not_there),
        cmocka_unit_test(threads_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
