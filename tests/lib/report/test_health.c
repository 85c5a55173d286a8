/* bp-stats health: each measure from the metrics and the config of a run, and what is told where one is out of range. */
#include "fixture.h"
#include "../store/support.h"

#include "store/rundb.h"

#include <math.h>

static char *files[] = { "health.db" };
static const struct bp_report_options defaults = { .tsv = true, .last = 0.1 };

struct given {
    const char *name;
    double value;
};

/* A run of ten points: of no use up to the last, which alone is within its last tenth. */
static void add_run(struct bp_rundb *db, const char *config, const struct given *given, int count)
{
    struct bp_run_info info = { .program = "bp-train", .task = "goto", .config = config, .seed = 1 };
    struct bp_run_metric metric[16];
    int64_t run = bp_rundb_start(db, &info);

    assert_true(run > 0);
    for (int i = 1; i <= 10; i++) {
        for (int j = 0; j < count; j++)
            metric[j] = (struct bp_run_metric){ given[j].name, i == 10 ? given[j].value : -1000 };
        struct bp_run_progress row = { .transitions = 100 * i, .env_steps = 25 * i, .updates = i, .metric = metric, .metrics = count };
        assert_int_equal(bp_rundb_progress(db, run, &row), 0);
    }
}

#define CONFIG "{\"batch\":10,\"critics\":2,\"discount\":0.9,\"kl-cost\":0.5,\"reward-scale\":0.1,\"preset\":\"x\",\"evaluate\":null}"
#define RUN(config, ...) add_run(db, config, (const struct given[]){ __VA_ARGS__ }, sizeof(struct given[]){ __VA_ARGS__ } / sizeof(struct given))

static int fill(void **state)
{
    if (fixture_enter(state))
        return -1;
    struct bp_rundb *db = bp_rundb_open(files[0], true);
    assert_non_null(db);
    /* 1: all in range; 0.6 a step less 0.5 * 0.2 for the KL is worth 5 when it comes evenly, 5 (1 - 0.9^10) = 3.257 when it comes at the end of 10 */
    RUN(CONFIG, { "episode_return", 6 }, { "episode_length", 10 }, { "q_mean", 4 }, { "kl_prior", 0.2 }, { "trace_weight", 0.4 }, { "critic_loss", 0.02 },
        { "rewarded", 0.3 }, { "target_mean", 3 }, { "target_square", 13 }, { "action_scale", 0.3 }, { "scale_capped", 0.25 }, { "action_clipped", 0.2 });
    /* 2: all out of range */
    RUN(CONFIG, { "episode_return", 6 }, { "episode_length", 10 }, { "q_mean", 60 }, { "kl_prior", 0.7 }, { "trace_weight", 0.01 }, { "critic_loss", 0.08 },
        { "rewarded", 0.01 }, { "target_mean", 3 }, { "target_square", 13 }, { "action_scale", 0.011 }, { "scale_capped", 0.75 }, { "action_clipped", 0.9 });
    /* 3: of another algorithm, and 4: expects less than is earned, with hardly a step from its prior */
    RUN("{}", { "prior_loss", 6 });
    RUN(CONFIG, { "episode_return", 6 }, { "episode_length", 10 }, { "q_mean", 0.38 }, { "kl_prior", 0.001 });
    /* 5: nothing is earned */
    RUN(CONFIG, { "episode_return", 0 }, { "episode_length", 10 }, { "q_mean", 1 }, { "kl_prior", 1 });
    /* 6: the task's is not the only reward */
    RUN(CONFIG, { "episode_return", 6 }, { "episode_length", 10 }, { "q_mean", 60 }, { "information", 2 });
    bp_rundb_close(db);
    return 0;
}

static char *report(const char *where)
{
    struct bp_report_options options = defaults;

    options.where = where;
    return fixture_run(bp_health_report, &options, 0, files, 1);
}

/* The row of a measure: its number, -1: there is none. */
static int row_of(const char *tsv, const char *measure)
{
    char word[64];
    int row = -1, length = snprintf(word, sizeof word, "\t%s\t", measure);

    for (size_t i = 0; tsv[i]; i++) {
        if (!strncmp(tsv + i, word, (size_t)length))
            return row;
        row += tsv[i] == '\n';
    }
    return -1;
}

static void value_is(const char *tsv, const char *measure, double value)
{
    int row = row_of(tsv, measure);

    if (row < 0)
        fail_msg("no row of %s in\n%s", measure, tsv);
    if (fabs(fixture_number(tsv, row, "value") - value) > 1e-6)
        fail_msg("%s is %g, not %g", measure, fixture_number(tsv, row, "value"), value);
}

static void in_range(void **state)
{
    char *text = report("id = 1");

    (void)state;
    value_is(text, "episode_return", 6);
    value_is(text, "updates_rewarded", 1 - pow(0.7, 10));
    value_is(text, "value_ratio", 1);
    value_is(text, "critic_explains", 1 - 0.02 / 2 / 0.01 / 4);
    value_is(text, "trace_weight", 0.4);
    value_is(text, "action_scale", 0.3);
    value_is(text, "scale_capped", 0.25);
    value_is(text, "action_clipped", 0.2);
    value_is(text, "kl_paid", 0.5 * 0.2 / 0.6);
    value_is(text, "kl_prior", 0.2);
    value_is(text, "replayed", 4);
    assert_int_equal(fixture_rows(text), 11);
    assert_null(strchr(text, ':'));             /* nothing to look at: each sentence has a colon */
    free(text);
}

static void out_of_range(void **state)
{
    static const char *const told[] = { "--rewarded-share", "--critics 2", "--critic-inputs", "--replay-episodes", "raise --entropy-cost",
                                        "lower --entropy-cost", "--policy-head bounded", "lower --kl-cost" };
    char *text = report("id = 2");

    (void)state;
    value_is(text, "value_ratio", 60 / 2.5);
    value_is(text, "critic_explains", 0);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(text, told[i]))
            fail_msg("nothing about %s in\n%s", told[i], text);
    free(text);
    text = report("id = 4");
    value_is(text, "value_ratio", 0.38 / ((0.6 - 0.0005) / 0.1 * (1 - pow(0.9, 10))));
    assert_non_null(strstr(text, "expects less than is earned"));
    assert_non_null(strstr(text, "does what the prior does"));
    assert_int_equal(row_of(text, "updates_rewarded"), -1);         /* a run of before that was measured */
    free(text);
    text = report("id = 5");
    assert_int_equal(row_of(text, "value_ratio"), -1);
    assert_true(isinf(fixture_number(text, row_of(text, "kl_paid"), "value")));
    assert_non_null(strstr(text, "costs more than half"));
    free(text);
    text = report("id = 6");
    assert_int_equal(row_of(text, "value_ratio"), -1);
    free(text);
}

static void which_runs(void **state)
{
    struct bp_report_options options = defaults;
    char *two[] = { files[0], files[0] };

    (void)state;
    char *text = fixture_run(bp_health_report, &options, 0, files, 1);
    assert_near(fixture_number(text, 0, "run"), 6, 0);              /* the latest */
    free(text);
    text = report("id in (1, 3)");
    assert_int_equal(fixture_rows(text), 11 + 1);                   /* of the other algorithm how often its steps are drawn */
    free(text);
    options.last = 1;
    text = fixture_run(bp_health_report, &options, 0, files, 1);
    value_is(text, "episode_return", -899.4);
    free(text);
    options.where = "id = 77";
    free(fixture_run(bp_health_report, &options, -1, files, 1));
    free(fixture_run(bp_health_report, &defaults, -1, two, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_range),
        cmocka_unit_test(out_of_range),
        cmocka_unit_test(which_runs),
    };

    return cmocka_run_group_tests(tests, fill, fixture_leave);
}
