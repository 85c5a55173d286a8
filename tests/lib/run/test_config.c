#include "run/config.h"
#include "run/fit.h"
#include "run/preset.h"

#include "env/env.h"

#include "../base/check.h"
#include "../store/support.h"
#include "config_agent.h"

#include <dirent.h>

static struct bp_config config;
static const struct bp_option_part parts[] = {{"Config", bp_config_options, &config}, {"Prior", bp_config_prior_options, &config}, {NULL, NULL, NULL}};

/* The config of a preset (NULL: of the defaults). */
static struct bp_options *resolve(const char *preset)
{
    struct bp_options *options = bp_options_new(parts);

    assert_non_null(options);
    if (preset)
        assert_int_equal(bp_options_preset(options, preset), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    return options;
}

static struct bp_groups groups_of(const char *task, const char *body, struct bp_space *actions)
{
    struct bp_env *env = bp_env_open(task, body);
    struct bp_groups groups;

    assert_non_null(env);
    groups = env->spec.groups;
    *actions = env->spec.action;
    bp_env_close(env);
    return groups;
}

/* The papers' values, where they say (BP E.1). */
static void defaults_are_the_papers(void **state)
{
    struct bp_options *options = resolve(NULL);
    struct bp_learner_config learner = bp_config_learner(&config);

    (void)state;
    assert_true(learner.learning_rate[BP_POLICY] == 1e-4 && learner.learning_rate[BP_PRIOR] == 1e-4 && learner.learning_rate[BP_CRITIC] == 1e-4);
    assert_int_equal(learner.target_period, 100);
    assert_int_equal(learner.batch, 512);
    assert_int_equal(learner.unroll, 10);
    assert_true(learner.kl_cost == 1e-3 && learner.entropy_cost == 1e-4 && learner.reward_scale == 1 && learner.retrace_lambda == 1);
    assert_int_equal(learner.value_policy, BP_VALUE_POLICY_ONLINE);
    assert_true(learner.stored_state && !learner.bf16);
    assert_int_equal(config.actors, 32);
    assert_string_equal(config.net[BP_POLICY].hidden, "200,100");
    assert_string_equal(config.net[BP_CRITIC].hidden, "400,300");
    assert_string_equal(config.net[BP_PRIOR].head, "softplus");
    assert_null(config.net[BP_CRITIC].head);
    bp_options_free(options);
}

/* What an option needs is an option of the same table. */
static void needs_are_options(void **state)
{
    static const struct bp_option *const tables[][2] = {{bp_config_options, bp_config_options}, {bp_config_prior_options, bp_config_options}, {bp_fit_options, bp_fit_options}};
    int needing = 0;

    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct bp_option *row = tables[i][0]; row->name; row++) {
            const struct bp_option *needed = tables[i][1];
            if (!row->needs)
                continue;
            size_t length = strcspn(row->needs, "=");
            while (needed->name && (strncmp(needed->name, row->needs, length) || needed->name[length]))
                needed++;
            if (!needed->name)
                fail_msg("--%s needs --%s, which there is not", row->name, row->needs);
            const char *value = row->needs[length] ? row->needs + length + 1 : NULL;
            for (int k = 0; value; k++) {
                if (!needed->choices(k))
                    fail_msg("--%s needs --%s, a value which there is not", row->name, row->needs);
                if (!strcmp(needed->choices(k), value))
                    break;
            }
            needing++;
        }
    assert_in_range(needing, 20, 100);
}

/* A transfer's own are these, whatever its prior's checkpoint says. */
static void options_of_one_run(void **state)
{
    static const char *const own[] = {"task", "body", "transitions", "seed", "policy-columns", "high-inputs", "high-encoders", "critic-inputs", "critic-encoders",
                                      "learning-rate-hold", "final-learning-rate", "precision", "evaluate", "evaluate-every"};
    size_t found = 0;

    (void)state;
    for (const struct bp_option *row = bp_config_options; row->name; row++) {
        bool listed = false;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            listed |= !strcmp(row->name, own[i]);
        if (listed != (row->scope == BP_SCOPE_RUN))
            fail_msg("--%s is %sof one run", row->name, listed ? "not " : "");
        found += listed;
    }
    assert_int_equal(found, sizeof own / sizeof *own);
}

/* Every preset that is there resolves, and builds agent, learner and replay for its task. */
static void every_preset_works(void **state)
{
    DIR *directory = opendir("share/presets");
    int count = 0;

    (void)state;
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[512];
        struct bp_learner learner;
        struct bp_agent agent;
        if (entry->d_name[0] == '.')
            continue;
        assert_int_equal(bp_preset_path(entry->d_name, path, sizeof path), 0);
        struct bp_options *options = resolve(path);
        if (!bp_options_given(options, "prior"))        /* it is for bp-transfer, which takes one from elsewhere */
            config.net[BP_PRIOR].kind = "none";
        struct bp_space actions;
        struct bp_groups groups = groups_of(config.task, config.body, &actions);
        assert_int_equal(config_agent(&config, &groups, actions, &agent), 0);
        assert_true(agent.has[BP_POLICY] && agent.has[BP_CRITIC] != agent.has[BP_VALUE]);
        assert_int_equal(agent.behaviour[BP_PRIOR].levels > 0, strcmp(config.net[BP_PRIOR].kind, "none") != 0);
        assert_null(agent.has[BP_PRIOR] ? bp_groups_find(&agent.net[BP_PRIOR].spec.inputs, "goal") : NULL);   /* or it were no behaviour prior */
        struct bp_learner_config learner_config = bp_config_learner(&config);
        assert_int_equal(bp_learner_init(&learner, &agent, &learner_config), 0);
        struct bp_replay_spec replay = bp_config_replay(&config, &agent, 375);
        assert_true(replay.episodes >= 2 * replay.writers && config.warm_up <= (int64_t)replay.episodes * 375);
        assert_int_equal(config.unroll % config.sequence_stride, 0);
        bp_learner_free(&learner);
        bp_options_free(options);
        count++;
    }
    closedir(directory);
    assert_in_range(count, 5, 100);
}

/* What a config says reaches the learner and the replay, field by field. */
static void fields_arrive(void **state)
{
    struct bp_options *options = bp_options_new(parts);
    static const char *const set[][2] = {
        {"seed", "77"}, {"unroll", "20"}, {"sequence-stride", "4"}, {"burn-in", "8"}, {"batch", "24"}, {"shards", "3"}, {"discount", "0.5"}, {"retrace-lambda", "0.25"}, {"reward-scale", "2"},
        {"kl-cost", "3"}, {"entropy-cost", "4"}, {"policy-learning-rate", "0.1"}, {"prior-learning-rate", "0.2"}, {"critic-learning-rate", "0.3"}, {"target-period", "9"},
        {"value-policy", "target"}, {"recurrent-state", "stored"}, {"actors", "6"}, {"actor-steps", "3"}, {"replay-episodes", "30"},
        {"policy", "lstm"}, {"policy-layers", "7"}, {"prior", "none"}, {"critic", "lstm"}, {"critic-layers", "8,9"}, {"transitions", "48000"},
    };

    (void)state;
    assert_int_equal(bp_options_resolve(options), 0);
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        assert_int_equal(bp_options_set(options, set[i][0], set[i][1], "test"), 0);
    struct bp_learner_config learner = bp_config_learner(&config);
    assert_true(learner.seed == 77 && learner.unroll == 20 && learner.burn_in == 8 && learner.batch == 24 && learner.shards == 3);
    assert_true(learner.discount == 0.5 && learner.retrace_lambda == 0.25 && learner.reward_scale == 2 && learner.kl_cost == 3 && learner.entropy_cost == 4);
    assert_true(learner.learning_rate[BP_POLICY] == 0.1 && learner.learning_rate[BP_PRIOR] == 0.2 && learner.learning_rate[BP_CRITIC] == 0.3);
    assert_true(learner.target_period == 9 && learner.value_policy == BP_VALUE_POLICY_TARGET && learner.stored_state);
    assert_int_equal(learner.planned, 100);
    struct bp_space actions;
    struct bp_groups groups = groups_of("nav-hard", NULL, &actions);
    struct bp_agent agent;
    assert_int_equal(config_agent(&config, &groups, actions, &agent), 0);
    struct bp_replay_spec replay = bp_config_replay(&config, &agent, 375);
    assert_true(replay.writers == 6 && replay.stride == 4 && replay.episodes == 30 && replay.time_limit == 375);
    assert_int_equal(replay.state_size, 2 * 7 + 2 * 8);
    assert_int_equal(replay.observation_size, groups.size);
    assert_false(replay.half);
    config.replay_precision = "float16";
    assert_true(bp_config_replay(&config, &agent, 375).half);
    config.recurrent_state = "zero";
    assert_int_equal(bp_config_replay(&config, &agent, 375).state_size, 0);
    assert_false(bp_config_learner(&config).stored_state);
    config.precision = "bf16";
    assert_true(bp_config_learner(&config).bf16);
    bp_options_free(options);
}

static int no_such_preset(void *context)
{
    char path[512];

    return bp_preset_path(context, path, sizeof path);
}

static void presets_are_names_or_files(void **state)
{
    char path[512], said[1024];

    (void)state;
    assert_int_equal(bp_preset_path("nav-easy-lstm", path, sizeof path), 0);
    assert_non_null(strstr(path, "share/presets/nav-easy-lstm"));
    assert_int_equal(bp_preset_path("./Makefile", path, sizeof path), 0);
    assert_string_equal(path, "./Makefile");
    assert_int_equal(run_action(no_such_preset, "nav-easier", false, said), BP_USAGE);
    assert_said(said, "nav-easier");
}

static int find_share(void **state)
{
    (void)state;
    return setenv("BP_SHARE", "share", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_are_options),
        cmocka_unit_test(options_of_one_run),
        cmocka_unit_test(presets_are_names_or_files),
        cmocka_unit_test(defaults_are_the_papers),
        cmocka_unit_test(every_preset_works),
        cmocka_unit_test(fields_arrive),
    };

    return cmocka_run_group_tests(tests, find_share, NULL);
}
