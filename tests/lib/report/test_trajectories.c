#include "fixture.h"

static const int32_t event[] = { -1, 3 };
static const float reward[] = { 0, 10 };
static const struct fixture_episode episodes[] = {
    { .task = "nav-easy", .play = "policy", .length = 2, .event = event, .reward = reward },
    { .task = "nav-easy", .play = "policy", .length = 1 },
};

/* Positions and targets come back in the arena's coordinates; row t is where step t led to. */
static void positions(void **state)
{
    const struct bp_report_options tsv = { .tsv = true };
    char *files[] = { "a.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_trajectories_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 3 + 2);
    for (int t = 0; t <= 2; t++) {
        assert_near(fixture_number(text, t, "step"), t, 0);
        assert_near(fixture_number(text, t, "x"), fixture_position(t, 0), 1e-6);
        assert_near(fixture_number(text, t, "y"), fixture_position(t, 1), 1e-6);
        assert_near(fixture_number(text, t, "target1_x"), fixture_target[2], 1e-6);
        assert_near(fixture_number(text, t, "target3_y"), fixture_target[7], 1e-6);
        assert_near(fixture_number(text, t, "event"), t == 2 ? 3 : -1, 0);
        assert_near(fixture_number(text, t, "reward"), t == 2 ? 10 : 0, 0);
    }
    assert_near(fixture_number(text, 4, "episode"), 1, 0);
    free(text);
}

static void the_first_episodes_of_each_file(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .episodes = 1 };
    char *files[] = { "b.traj", "c.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    fixture_write(files[1], episodes, 2);
    char *text = fixture_run(bp_trajectories_report, &tsv, 0, files, 2);
    assert_int_equal(fixture_rows(text), 6);
    free(text);
}

/* What was recorded of places is printed as it is, in metres; targets and boxes have columns as many as there are. */
static void recorded_places(void **state)
{
    static const struct bp_places scene = { .targets = 1, .boxes = 2, .edge = 3, .target_size = 0.5 };
    const struct bp_report_options tsv = { .tsv = true };
    struct bp_groups groups = { 0 };
    struct bp_episode episode;
    struct bp_pack_writer *writer = bp_pack_create("e.traj", 1);
    char *files[] = { "e.traj" };

    (void)state;
    bp_groups_add(&groups, "proprio", 3);
    bp_groups_add(&groups, "global", 4);        /* of the gap, say: not of an arena */
    assert_int_equal(bp_episode_alloc(&episode, &groups, bp_continuous(1), 2, false), 0);
    assert_int_equal(bp_episode_alloc_places(&episode, &scene), 0);
    for (int i = 0; i < 9; i++)
        episode.places.pose[i] = 0.5f * (float)i;
    episode.places.target[2 * 2] = -1.25f;
    episode.places.box[6 * 2 + 5] = 3;
    episode.truncated = true;
    assert_int_equal(bp_episode_write(writer, &episode), 0);
    bp_episode_free(&episode);
    assert_int_equal(bp_pack_commit(writer), 0);
    char *text = fixture_run(bp_trajectories_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 3);
    assert_near(fixture_number(text, 1, "x"), 1.5, 1e-6);
    assert_near(fixture_number(text, 2, "y"), 3.5, 1e-6);
    assert_near(fixture_number(text, 2, "heading"), 4, 1e-6);
    assert_near(fixture_number(text, 0, "edge"), 3, 1e-6);
    assert_near(fixture_number(text, 0, "target_size"), 0.5, 1e-6);
    assert_near(fixture_number(text, 2, "target0_x"), -1.25, 1e-6);
    assert_near(fixture_number(text, 2, "box1_heading"), 3, 1e-6);
    assert_null(strstr(text, "target1_x"));
    free(text);
}

/* Streams of 0.1.0 tell what the ant saw, which turns with it: nothing is drawn rather than something wrong. */
static void old_streams_of_what_turns(void **state)
{
    const struct bp_report_options tsv = { .tsv = true };
    char *files[] = { "f.traj" };

    (void)state;
    fixture_body = "ant";
    fixture_write(files[0], episodes, 1);
    fixture_body = "pointmass";
    char *text = fixture_run(bp_trajectories_report, &tsv, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

static void a_task_without_positions(void **state)
{
    const struct bp_report_options tsv = { .tsv = true };
    struct bp_groups groups = { 0 };
    struct bp_episode episode;
    struct bp_pack_writer *writer = bp_pack_create("d.traj", 1);
    char *files[] = { "d.traj" };

    (void)state;
    bp_groups_add(&groups, "proprio", 3);
    assert_int_equal(bp_episode_alloc(&episode, &groups, bp_continuous(1), 1, false), 0);
    episode.truncated = true;
    assert_int_equal(bp_episode_write(writer, &episode), 0);
    bp_episode_free(&episode);
    assert_int_equal(bp_pack_commit(writer), 0);
    char *text = fixture_run(bp_trajectories_report, &tsv, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions),
        cmocka_unit_test(the_first_episodes_of_each_file),
        cmocka_unit_test(recorded_places),
        cmocka_unit_test(old_streams_of_what_turns),
        cmocka_unit_test(a_task_without_positions),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
