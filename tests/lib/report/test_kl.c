#include "fixture.h"

#include <math.h>

static const float long_kl[] = { 1, 2, 3, 4, 5 }, short_kl[] = { 3, 4 };
static const struct fixture_episode episodes[] = {
    { .task = "nav-easy", .play = "policy", .length = 5, .kl = long_kl },
    { .task = "nav-easy", .play = "policy", .length = 2, .kl = short_kl },
    { .task = "nav-easy", .play = "policy", .length = 2 },
};

static void step_by_step(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bin = 1 };
    char *files[] = { "a.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_kl_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 6);
    assert_near(fixture_number(text, 0, "kl"), 2, 1e-9);
    assert_near(fixture_number(text, 0, "standard_error"), 1, 1e-9);
    assert_near(fixture_number(text, 1, "episodes"), 2, 0);
    assert_near(fixture_number(text, 2, "episodes"), 1, 0);      /* the short one has ended */
    assert_near(fixture_number(text, 4, "kl"), 5, 1e-9);
    assert_true(isnan(fixture_number(text, 4, "standard_error")));
    assert_non_null(strstr(text, "\ttotal\t2\t11\t4\tnan\tnan\n"));        /* 15 and 7 */
    free(text);
}

/* Bins of 2: the first has 1.5 and 3.5, the last the one step that is left. */
static void in_bins(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bin = 2 };
    char *files[] = { "b.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_kl_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 4);
    assert_near(fixture_number(text, 0, "kl"), 2.5, 1e-9);
    assert_near(fixture_number(text, 0, "standard_error"), 1, 1e-9);
    assert_near(fixture_number(text, 1, "step"), 2, 0);
    assert_near(fixture_number(text, 1, "kl"), 3.5, 1e-9);
    assert_near(fixture_number(text, 2, "step"), 4, 0);
    assert_near(fixture_number(text, 2, "kl"), 5, 1e-9);
    free(text);
}

static void a_stream_without(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bin = 1 };
    char *files[] = { "c.traj" };

    (void)state;
    fixture_write(files[0], episodes, 3);
    char *text = fixture_run(bp_kl_report, &tsv, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

/* The latent's share beside the sum; a flat policy has none. */
static void of_a_latent(void **state)
{
    static const float high[] = { 1, 0, 2, 0, 3 };
    const struct fixture_episode levels[] = {
        { .task = "goto", .play = "policy", .length = 5, .kl = long_kl, .high = high },
        { .task = "goto", .play = "policy", .length = 2, .kl = short_kl, .high = high + 2 },
        { .task = "nav-easy", .play = "policy", .length = 2, .kl = short_kl },
    };
    const struct bp_report_options tsv = { .tsv = true, .bin = 2 };
    char *files[] = { "d.traj" };

    (void)state;
    fixture_write(files[0], levels, 3);
    char *text = fixture_run(bp_kl_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 6);
    assert_near(fixture_number(text, 0, "kl"), 2.5, 1e-9);
    assert_near(fixture_number(text, 0, "kl_high"), 0.75, 1e-9);         /* 0.5 and 1 */
    assert_near(fixture_number(text, 0, "standard_error_high"), 0.25, 1e-9);
    assert_near(fixture_number(text, 1, "kl_high"), 1, 1e-9);
    assert_non_null(strstr(text, "\ttotal\t2\t11\t4\t4\t2\n"));        /* 6 and 2 */
    assert_true(isnan(fixture_number(text, 4, "kl_high")) && isnan(fixture_number(text, 4, "standard_error_high")));
    assert_near(fixture_number(text, 4, "kl"), 3.5, 1e-9);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_by_step),
        cmocka_unit_test(in_bins),
        cmocka_unit_test(a_stream_without),
        cmocka_unit_test(of_a_latent),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
