#include "fixture.h"

#include <math.h>

static const struct bp_report_options tsv = { .tsv = true };
static const float tens[] = { 10, 0, 10 }, one[] = { 0, 1 };

static void by_hand(void **state)
{
    const struct fixture_episode episodes[] = {
        { .task = "nav-hard", .play = "prior", .length = 3, .reward = tens, .terminated = true },
        { .task = "nav-hard", .play = "prior", .length = 2, .reward = one },
        { .task = "nav-hard", .play = "prior", .length = 1 },
    };
    char *files[] = { "a.traj" };

    (void)state;
    fixture_write(files[0], episodes, 3);
    char *text = fixture_run(bp_returns_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 1);
    assert_near(fixture_number(text, 0, "n"), 3, 0);
    assert_near(fixture_number(text, 0, "mean"), 7, 1e-9);
    assert_near(fixture_number(text, 0, "median"), 1, 1e-9);
    assert_near(fixture_number(text, 0, "standard_error"), sqrt((169 + 36 + 49) / 2.0 / 3), 1e-6);
    assert_near(fixture_number(text, 0, "length"), 2, 1e-9);
    assert_near(fixture_number(text, 0, "terminated"), 1.0 / 3, 1e-9);
    assert_near(fixture_number(text, 0, "low"), 0, 1e-9);
    assert_near(fixture_number(text, 0, "high"), 20, 1e-9);
    assert_non_null(strstr(text, "a.traj\tnav-hard\tprior\t3\t"));
    free(text);
}

/* A row for each file, task and play; what cat joins is one file. */
static void groups(void **state)
{
    const struct fixture_episode episodes[] = {
        { .task = "nav-hard", .play = "prior", .length = 2, .reward = one },
        { .task = "nav-easy", .play = "prior", .length = 2, .reward = one },
        { .task = "nav-hard", .play = "policy", .length = 3, .reward = tens },
        { .task = "nav-hard", .play = "prior", .length = 2, .reward = one },
    };
    char *files[] = { "b.traj", "c.traj" };

    (void)state;
    fixture_write(files[0], episodes, 4);
    fixture_write(files[1], episodes, 1);
    char *text = fixture_run(bp_returns_report, &tsv, 0, files, 2);
    assert_int_equal(fixture_rows(text), 4);
    assert_near(fixture_number(text, 0, "n"), 2, 0);
    assert_near(fixture_number(text, 2, "mean"), 20, 1e-9);
    assert_non_null(strstr(text, "c.traj\tnav-hard\tprior\t1\t"));
    free(text);

    char *joined[] = { "d.traj" };
    assert_int_equal(system("cat b.traj c.traj > d.traj"), 0);
    text = fixture_run(bp_returns_report, &tsv, 0, joined, 1);
    assert_int_equal(fixture_rows(text), 3);
    assert_near(fixture_number(text, 0, "n"), 3, 0);
    free(text);
}

/* The end is missing: what is whole is reported, and the failure too; the files after it are read. */
static void cut_short(void **state)
{
    const struct fixture_episode episodes[] = {
        { .task = "nav-hard", .play = "prior", .length = 2, .reward = one },
        { .task = "nav-hard", .play = "prior", .length = 3, .reward = tens },
    };
    char *files[] = { "cut.traj", "whole.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    fixture_write(files[1], episodes, 2);
    fixture_cut(files[0], 3);
    char *text = fixture_run(bp_returns_report, &tsv, -1, files, 2);
    assert_int_equal(fixture_rows(text), 2);
    assert_near(fixture_number(text, 0, "n"), 2, 0);
    assert_near(fixture_number(text, 1, "n"), 2, 0);
    free(text);
}

/* Nothing is printed of what cannot be read at all. */
static void nothing_there(void **state)
{
    char *missing[] = { "missing.traj" }, *empty[] = { "empty.traj" }, *foreign[] = { "foreign.traj" };

    (void)state;
    assert_int_equal(system(": > empty.traj; echo hello > foreign.traj"), 0);
    char *text = fixture_run(bp_returns_report, &tsv, -1, missing, 1);
    assert_string_equal(text, "");
    free(text);
    text = fixture_run(bp_returns_report, &tsv, -1, empty, 1);
    assert_string_equal(text, "");
    free(text);
    text = fixture_run(bp_returns_report, &tsv, -1, foreign, 1);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(groups),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(nothing_there),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
