#include "fixture.h"

#include <math.h>

/* Action 0 of step t is t, action 1 is 0. */
static const struct fixture_episode of_four[] = { { .task = "goto", .play = "policy", .length = 4 } };
static const struct fixture_episode of_two[] = {
    { .task = "goto", .play = "prior", .length = 2 },
    { .task = "goto", .play = "prior", .length = 2 },
};

/* Bins are the same for both streams, and hold every action; the distance is to the first stream. */
static void histograms(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bins = 3 };
    char *files[] = { "a.traj", "b.traj" };

    (void)state;
    fixture_write(files[0], of_four, 1);
    fixture_write(files[1], of_two, 2);
    char *text = fixture_run(bp_actions_report, &tsv, 0, files, 2);
    assert_int_equal(fixture_rows(text), 2 * 2 * 4);
    static const double n[16] = { 1, 1, 2, 4, 0, 4, 0, 4, 2, 2, 0, 4, 0, 4, 0, 4 };      /* 0 1 2 3; zeros; 0 1 0 1; zeros */
    for (int row = 0; row < 16; row++) {
        bool all = row % 4 == 3;
        assert_near(fixture_number(text, row, "n"), n[row], 0);
        assert_near(fixture_number(text, row, "share"), n[row] / 4, 1e-12);
        assert_int_equal(isnan(fixture_number(text, row, "distance")), !all);
        assert_near(fixture_number(text, row, "action"), row / 4 % 2, 0);
        if (!all)
            assert_near(fixture_number(text, row, "bin"), row % 4, 0);
        if (!all && row / 4 % 2 == 0)
            assert_near(fixture_number(text, row, "low"), row % 4, 1e-9);
    }
    assert_near(fixture_number(text, 3, "distance"), 0, 0);
    assert_near(fixture_number(text, 3, "high"), 3, 0);
    assert_near(fixture_number(text, 11, "distance"), 1, 1e-12);         /* 0 0 1 1 to 0 1 2 3 */
    assert_near(fixture_number(text, 11, "high"), 1, 0);
    assert_near(fixture_number(text, 4, "low"), -0.5, 0);               /* all alike */
    assert_near(fixture_number(text, 6, "high"), 0.5, 0);
    free(text);
}

static void write_actions(const char *path, int size, float last)
{
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_groups groups = { 0 };
    struct bp_episode episode;

    bp_groups_add(&groups, "proprio", 1);
    assert_int_equal(bp_episode_alloc(&episode, &groups, bp_continuous(size), 2, false), 0);
    episode.actions[2 * size - 1] = last;
    episode.truncated = true;
    assert_int_equal(bp_episode_write(writer, &episode), 0);
    bp_episode_free(&episode);
    assert_int_equal(bp_pack_commit(writer), 0);
}

static void what_cannot_be_compared(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bins = 3 };
    char *files[] = { "c.traj", "d.traj", "e.traj" };

    (void)state;
    write_actions(files[0], 2, 0);
    write_actions(files[1], 3, 0);
    write_actions(files[2], 2, NAN);
    char *text = fixture_run(bp_actions_report, &tsv, -1, files, 2);
    assert_int_equal(fixture_rows(text), 0);
    free(text);
    text = fixture_run(bp_actions_report, &tsv, -1, files + 2, 1);
    assert_string_equal(text, "");
    free(text);
}

/* Of choices, a bin of steps in which one was not made and one of those in which it was. */
static void choices(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .bins = 40 };
    char *files[] = { "f.traj", "g.traj" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_pack_writer *writer = bp_pack_create(files[i], 1);
        struct bp_groups groups = { 0 };
        struct bp_episode episode;
        bp_groups_add(&groups, "proprio", 1);
        assert_int_equal(bp_episode_alloc(&episode, &groups, bp_discrete(3), 4, false), 0);
        for (int t = 0; t < 4; t++)
            episode.actions[3 * t + (t < 1 + i)] = 1;        /* 1 of 4 is choice 1; then 2 of 4; choice 2 never comes */
        episode.truncated = true;
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
        assert_int_equal(bp_pack_commit(writer), 0);
    }
    char *text = fixture_run(bp_actions_report, &tsv, 0, files, 2);
    assert_int_equal(fixture_rows(text), 2 * 3 * 3);
    static const double n[18] = { 1, 3, 4, 3, 1, 4, 4, 0, 4, 2, 2, 4, 2, 2, 4, 4, 0, 4 };
    for (int row = 0; row < 18; row++)
        assert_near(fixture_number(text, row, "n"), n[row], 0);
    assert_near(fixture_number(text, 3 * 4 + 2, "distance"), 0.25, 1e-12);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms),
        cmocka_unit_test(what_cannot_be_compared),
        cmocka_unit_test(choices),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
