/* The reports on the run database: runs.c, curves.c, compare.c. */
#include "fixture.h"
#include "../store/support.h"

#include "report/runs.h"
#include "store/rundb.h"

#include <math.h>

static char *files[] = { "runs.db" };

/* A run whose return climbs from 0 by `slope` every 100 transitions up to `top`, `points` rows; evaluations give a tenth. */
static void add_run(struct bp_rundb *db, const char *preset, const char *prior, const char *config, const char *task, uint64_t seed,
                    double slope, double top, int points)
{
    struct bp_run_info info = { .program = "bp-train", .preset = preset, .prior = prior, .task = task, .config = config,
                                .seed = seed };
    int64_t run = bp_rundb_start(db, &info);

    assert_true(run > 0);
    for (int i = 0; i < points; i++) {
        double value = fmin(slope * i, top);
        const struct bp_run_metric metric[] = { { "episode_return", value }, { "kl_prior", i == 2 ? NAN : 1 }, { "of my own", 3 * value } };
        struct bp_run_progress row = { .transitions = 100 * i, .env_steps = 25 * i, .seconds = i, .updates = 2 * i, .metric = metric, .metrics = 3 };
        struct bp_run_evaluation evaluation = { .transitions = 100 * i, .task = "nav-hard", .play = "prior", .episodes = 5,
                                                .episode_return = value / 10, .sequence_kl = 0.7 };
        assert_int_equal(bp_rundb_progress(db, run, &row), 0);
        assert_int_equal(bp_rundb_evaluation(db, run, &evaluation), 0);
    }
}

/* lstm is fast and ends at 100 and 110; none is slow and ends at 50 and 40. */
static int fill(void **state)
{
    if (fixture_enter(state))
        return -1;
    struct bp_rundb *db = bp_rundb_open(files[0], true);
    assert_non_null(db);
    add_run(db, "easy-lstm", "lstm", "{\"alpha\":0.1}", "nav-easy", 1, 20, 100, 21);
    add_run(db, "easy-lstm", "lstm", "{\"alpha\":0.2}", "nav-easy", 2, 20, 110, 11);
    add_run(db, "easy-none", "none", "{\"alpha\":0.1}", "nav-easy", 1, 5, 50, 21);
    add_run(db, "easy-none", "none", "{\"alpha\":0.1}", "nav-easy", 2, 5, 40, 21);
    add_run(db, "hard-none", "none", NULL, "nav-hard", 1, 1, 90, 11);
    bp_rundb_close(db);
    return 0;
}

static const struct bp_report_options defaults = {
    .tsv = true, .by = "preset", .metric = "episode_return", .x = "transitions", .points = 5, .has_points = true, .smooth = 1, .last = 0.1, .statistic = "mean",
};

static void curves_by_hand(void **state)
{
    char *text = fixture_run(bp_curves_report, &defaults, 0, files, 1);

    (void)state;
    assert_int_equal(fixture_rows(text), 3 * 5);
    /* the grid is 0, 500, 1000, 1500, 2000: at 500 both runs of lstm are at 100, at 1000 at 100 and 110, at 1500 one is left */
    assert_near(fixture_number(text, 1, "transitions"), 500, 1e-9);
    assert_near(fixture_number(text, 1, "mean"), 100, 1e-9);
    assert_near(fixture_number(text, 2, "mean"), 105, 1e-9);
    assert_near(fixture_number(text, 2, "standard_error"), 5, 1e-9);
    assert_near(fixture_number(text, 2, "n"), 2, 0);
    assert_near(fixture_number(text, 3, "n"), 1, 0);
    assert_non_null(strstr(text, "\neasy-none\t0\t2\t0\t0\t0\t0\t0\tepisode_return\n"));
    assert_near(fixture_number(text, 2, "iqm"), 105, 1e-9);
    assert_near(fixture_number(text, 2, "iqm_low"), 100, 1e-9);
    assert_near(fixture_number(text, 2, "iqm_high"), 110, 1e-9);
    assert_true(isnan(fixture_number(text, 3, "iqm_low")));         /* of one run there is no interval */
    free(text);
}

/* The same runs in other measures: four transitions a step of the environments, fifty an update, a hundred a second. */
static void against_something_else(void **state)
{
    static const struct { const char *x, *metric; double scale; } axes[] = {
        { "env_steps", "episode_return", 0.25 }, { "updates", "episode_return", 0.02 }, { "seconds", "episode_return", 0.01 },
        { "env_steps", "nav-hard/prior", 0.25 }, { "updates", "nav-hard/prior", 0.02 },
    };
    struct bp_report_options options = defaults;

    (void)state;
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        options.x = axes[i].x;
        options.metric = axes[i].metric;
        char *text = fixture_run(bp_curves_report, &options, 0, files, 1);
        assert_near(fixture_number(text, 2, axes[i].x), 1000 * axes[i].scale, 1e-9);
        assert_near(fixture_number(text, 2, "mean"), (i < 3 ? 105 : 10.5), 1e-9);
        free(text);
    }
    options.where = "task = 'nav-easy'";
    options.x = "env_steps";
    options.metric = "episode_return";
    options.has_threshold = true;
    options.threshold = 45;
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_near(fixture_number(text, 0, "env_steps"), 225 / 4.0, 1e-6);
    assert_null(strstr(text, "transitions"));
    free(text);
    options.x = "episodes";         /* a row's own: it does not grow along a run */
    text = fixture_run(bp_curves_report, &options, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

/* Where the runs have values, which is the default of evaluations: no point between them. */
static void points_of_the_runs(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.points = 0;
    options.where = "preset = 'easy-lstm'";
    char *text = fixture_run(bp_curves_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 21);
    assert_near(fixture_number(text, 3, "transitions"), 300, 1e-9);
    free(text);
    options.has_points = false;
    text = fixture_run(bp_curves_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 100);
    free(text);
    options.metric = "nav-hard/prior";
    text = fixture_run(bp_curves_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 21);
    free(text);
    options.has_points = true;
    options.points = 1;
    text = fixture_run(bp_curves_report, &options, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

/* lstm ends at 100 and 110, none at 50 and 40: the share above a score falls from 1 over 1/2 to 0. */
static void profiles(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.where = "task = 'nav-easy'";
    options.smooth = 0;             /* the report has no such option */
    options.points = 201;
    char *text = fixture_run(bp_profile_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 2 * 201);
    for (int i = 0; i < 2 * 201; i++) {
        double score = fixture_number(text, i, "score"), low = i < 201 ? 100 : 40;
        double share = score < low ? 1 : score < low + 10 ? 0.5 : 0;
        assert_near(fixture_number(text, i, "share"), share, 1e-9);
        assert_true(fixture_number(text, i, "share_low") <= share && fixture_number(text, i, "share_high") >= share);
    }
    assert_near(fixture_number(text, 0, "share"), 1, 0);
    assert_near(fixture_number(text, 200, "share"), 0, 0);
    free(text);
}

/* Runs with a single row, as evaluations at the end give: one point, not a hundred alike. */
static void curves_of_one_point(void **state)
{
    struct bp_rundb *db = bp_rundb_open("point.db", true);
    char *point[] = { "point.db" };

    (void)state;
    assert_non_null(db);
    add_run(db, "easy-lstm", "lstm", NULL, "nav-easy", 1, 5, 50, 1);
    add_run(db, "easy-lstm", "lstm", NULL, "nav-easy", 2, 5, 50, 1);
    bp_rundb_close(db);
    char *text = fixture_run(bp_curves_report, &defaults, 0, point, 1);
    assert_int_equal(fixture_rows(text), 1);
    assert_near(fixture_number(text, 0, "n"), 2, 0);
    free(text);
}

static void groups_of_config_and_several_keys(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.by = "prior,alpha";
    char *text = fixture_run(bp_curves_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 4 * 5);
    assert_non_null(strstr(text, "\nlstm/0.1\t"));
    assert_non_null(strstr(text, "\nlstm/0.2\t"));
    assert_non_null(strstr(text, "\nnone/-\t"));        /* the run without a config */
    free(text);
}

static void other_metrics_and_conditions(void **state)
{
    struct bp_report_options options = defaults;
    struct bp_runs runs;

    (void)state;
    options.metric = "nav-hard/prior";
    options.where = "seed = 1 and task = 'nav-easy'";
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), 0);
    assert_int_equal(runs.count, 2);
    assert_int_equal(runs.groups[0].count, 1);
    assert_near(runs.groups[0].runs[0].y[20], 10, 1e-9);
    bp_runs_free(&runs);
    options.metric = "nav-hard/prior/sequence_kl";
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), 0);
    assert_near(runs.groups[1].runs[0].y[3], 0.7, 1e-9);
    bp_runs_free(&runs);
    options.metric = "kl_prior";                        /* rows without a value are passed over */
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), 0);
    assert_int_equal(runs.groups[0].runs[0].n, 20);
    bp_runs_free(&runs);
    options.metric = "of my own";                       /* whatever was measured */
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), 0);
    assert_near(runs.groups[0].runs[0].y[4], 3 * 80, 1e-9);
    bp_runs_free(&runs);
    options.metric = "env_steps";                       /* a count */
    options.x = "seconds";
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), 0);
    assert_near(runs.groups[0].runs[0].x[4], 4, 1e-9);
    assert_near(runs.groups[0].runs[0].y[4], 100, 1e-9);
    bp_runs_free(&runs);
}

/* A metric that no run has is told from one that these runs do not have. */
static void unknown_metrics(void **state)
{
    struct bp_report_options options = defaults;
    struct bp_runs runs;

    (void)state;
    capture_begin();
    options.metric = "kl_prio";
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), -1);
    assert_said(capture_take(), "there is no 'kl_prio' in the progress of a run, which has updates, env_steps, episodes, seconds, episode_return, kl_prior, of my own");
    options.metric = "kl_prior";
    options.where = "seed = 77";
    assert_int_equal(bp_runs_load(&options, files, 1, &runs), -1);
    assert_said(capture_take(), "no run that --where admits has a value of --metric 'kl_prior'");
    capture_end();
}

static void questions_without_answer(void **state)
{
    static const struct { const char *by, *metric, *where, *db; } wrong[] = {
        { "colour", "episode_return", NULL, NULL },     /* neither a column nor in a config */
        { "preset", "happiness", NULL, NULL },
        { "preset", "nav-hard/prior/happiness", NULL, NULL },
        { "preset", "nav-hard/random", NULL, NULL },    /* never evaluated */
        { "preset", "episode_return", "seed = 77", NULL },
        { "preset", "episode_return", "colour = 7", NULL },
        { "preset,,task", "episode_return", NULL, NULL },
        { "pre\"set", "episode_return", NULL, NULL },
        { "preset", "episode_return", NULL, "missing.db" },
        { "preset", "episode_return", NULL, "-" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bp_report_options options = defaults;
        options.by = wrong[i].by;
        options.metric = wrong[i].metric;
        options.where = wrong[i].where;
        options.db = wrong[i].db ? wrong[i].db : files[0];
        char *text = fixture_run(bp_curves_report, &options, -1, NULL, 0);
        assert_string_equal(text, "");
        free(text);
    }
}

static void compare_final_values(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.baseline = "easy-none";
    options.where = "task = 'nav-easy'";
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 2);
    assert_near(fixture_number(text, 0, "final"), 105, 1e-6);
    assert_near(fixture_number(text, 0, "final_low"), 100, 1e-6);
    assert_near(fixture_number(text, 0, "final_high"), 110, 1e-6);
    assert_near(fixture_number(text, 0, "improvement"), 1, 1e-9);
    assert_near(fixture_number(text, 1, "final"), 45, 1e-6);
    assert_true(isnan(fixture_number(text, 1, "improvement")));     /* the baseline itself */
    assert_true(isnan(fixture_number(text, 0, "transitions")));     /* no level was asked for */
    free(text);
}

/* Until 45: lstm climbs 20 in 100 transitions and needs 225; of none's runs one needs 900 and one never gets there. */
static void compare_transitions_to_a_level(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.baseline = "easy-none";
    options.where = "task = 'nav-easy'";
    options.has_threshold = true;
    options.threshold = 45;
    options.statistic = "median";
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_near(fixture_number(text, 0, "transitions"), 225, 1e-6);
    assert_near(fixture_number(text, 0, "reached"), 2, 0);
    assert_near(fixture_number(text, 1, "reached"), 1, 0);
    assert_true(isinf(fixture_number(text, 1, "transitions")));
    assert_near(fixture_number(text, 0, "ratio"), 0, 1e-9);
    assert_near(fixture_number(text, 0, "ratio_high"), 0.25, 1e-6);
    free(text);
}

/* Until 80 % of the own final value: 80 and 88 (400, 440) against 40 and 32 (800, 640). */
static void compare_transitions_to_a_fraction(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.baseline = "easy-none";
    options.where = "task = 'nav-easy'";
    options.fraction = 0.8;
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_near(fixture_number(text, 0, "transitions"), 420, 1e-6);
    assert_near(fixture_number(text, 1, "transitions"), 720, 1e-6);
    assert_near(fixture_number(text, 0, "ratio"), 420.0 / 720, 1e-6);
    assert_near(fixture_number(text, 0, "ratio_low"), 400.0 / 800, 1e-6);
    assert_near(fixture_number(text, 0, "ratio_high"), 440.0 / 640, 1e-6);
    free(text);
}

/* Groups over several tasks are compared on those that both have. */
static void compare_on_common_tasks(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.by = "prior";
    options.baseline = "none";
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_int_equal(fixture_rows(text), 2);
    assert_near(fixture_number(text, 0, "improvement"), 1, 1e-9);
    assert_near(fixture_number(text, 1, "n"), 3, 0);
    assert_near(fixture_number(text, 1, "final"), (45 + 9.5) / 2, 1e-6);    /* hard: the last two points are 9 and 10 */
    free(text);

    options.baseline = "mlp";
    text = fixture_run(bp_compare_report, &options, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

/* A group of a number is found however the number is written. */
static void baselines_that_are_numbers(void **state)
{
    static const char *const same[] = { "0.1", "0.10", "1e-1", ".1" }, *const other[] = { "0.11", "0.1x", "", "1", "0.1/" };
    struct bp_report_options options = defaults;

    (void)state;
    options.by = "alpha";
    options.where = "task = 'nav-easy'";
    for (size_t i = 0; i < 4; i++) {
        options.baseline = same[i];
        char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
        assert_true(isnan(fixture_number(text, 0, "improvement")));         /* 0.1: the baseline itself */
        assert_true(!isnan(fixture_number(text, 1, "improvement")));
        free(text);
    }
    for (size_t i = 0; i < 5; i++) {
        options.baseline = other[i];
        char *text = fixture_run(bp_compare_report, &options, -1, files, 1);
        assert_string_equal(text, "");
        free(text);
    }
    options.by = "prior,alpha";
    options.baseline = "none/0.100";
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_true(isnan(fixture_number(text, 2, "improvement")));
    free(text);
}

static void smoothing_wider_than_the_curve(void **state)
{
    struct bp_report_options options = defaults;

    (void)state;
    options.smooth = 101;
    options.has_threshold = true;
    options.threshold = 60;
    char *text = fixture_run(bp_compare_report, &options, 0, files, 1);
    assert_near(fixture_number(text, 0, "reached"), 2, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_by_hand),
        cmocka_unit_test(curves_of_one_point),
        cmocka_unit_test(groups_of_config_and_several_keys),
        cmocka_unit_test(other_metrics_and_conditions),
        cmocka_unit_test(unknown_metrics),
        cmocka_unit_test(questions_without_answer),
        cmocka_unit_test(compare_final_values),
        cmocka_unit_test(compare_transitions_to_a_level),
        cmocka_unit_test(compare_transitions_to_a_fraction),
        cmocka_unit_test(compare_on_common_tasks),
        cmocka_unit_test(against_something_else),
        cmocka_unit_test(points_of_the_runs),
        cmocka_unit_test(profiles),
        cmocka_unit_test(baselines_that_are_numbers),
        cmocka_unit_test(smoothing_wider_than_the_curve),
    };

    return cmocka_run_group_tests(tests, fill, fixture_leave);
}
