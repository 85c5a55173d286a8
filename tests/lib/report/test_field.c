#include "fixture.h"

#include <math.h>

enum { LENGTH = 6 };

/*
 * In an arena of 3 x 3 m, from the cell 0, 0: right, stay, up, right, down, left; the KL of step t is t + more. With latents, these are drawn
 * at steps 0, 3 and 4.
 */
static void write_path(const char *path, bool latents, float more, float goal_x)
{
    static const float place[LENGTH + 1][2] = { { -1, -1 }, { 0, -1.2f }, { 0.3f, -1 }, { 0, 0 }, { 1, 0 }, { 1, -1 }, { 0, -1 } };
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    const struct bp_places scene = { .targets = 1, .edge = 3, .target_size = 1 };
    struct bp_groups groups = { 0 };
    struct bp_episode episode;

    bp_groups_add(&groups, "proprio", 1);
    assert_int_equal(bp_episode_alloc(&episode, &groups, bp_discrete(4), LENGTH, true), 0);
    assert_int_equal(bp_episode_alloc_places(&episode, &scene), 0);
    if (latents)
        assert_int_equal(bp_episode_alloc_latents(&episode, 2), 0);
    for (int t = 0; t <= LENGTH; t++) {
        episode.places.pose[3 * t] = place[t][0];
        episode.places.pose[3 * t + 1] = place[t][1];
        episode.places.target[2 * t] = goal_x;
        episode.places.target[2 * t + 1] = 1;
        if (t == LENGTH)
            continue;
        episode.actions[4 * t] = 1;
        episode.kl_prior[t] = (float)t + more;
        if (latents)
            episode.latents.drawn[t] = t == 0 || t == 3 || t == 4;
    }
    episode.truncated = true;
    strcpy(episode.task, "grid");
    strcpy(episode.play, "prior");
    assert_int_equal(bp_episode_write(writer, &episode), 0);
    bp_episode_free(&episode);
    assert_int_equal(bp_pack_commit(writer), 0);
}

/* A row for each way between cells: minus the KL of the step after; the last step has none after it, standing still is no way. */
static void steps_between_cells(void **state)
{
    const struct bp_report_options tsv = { .tsv = true };
    char *files[] = { "a.traj" };

    (void)state;
    write_path(files[0], false, 0, 0);
    char *text = fixture_run(bp_field_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 4);
    assert_non_null(strstr(text, "\t0\t0\tright\t1\t-1\tnan\tany\tany\n"));
    assert_non_null(strstr(text, "\t1\t0\tup\t1\t-3\tnan\tany\tany\n"));
    assert_non_null(strstr(text, "\t1\t1\tright\t1\t-4\tnan\tany\tany\n"));
    assert_non_null(strstr(text, "\t2\t1\tdown\t1\t-5\tnan\tany\tany\n"));
    free(text);
}

/* It is that of the next latent which is drawn: what follows the last one costs nothing more. */
static void of_the_next_latent(void **state)
{
    const struct bp_report_options tsv = { .tsv = true };
    char *files[] = { "b.traj" };

    (void)state;
    write_path(files[0], true, 0, 0);
    char *text = fixture_run(bp_field_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 3);
    assert_non_null(strstr(text, "\t0\t0\tright\t1\t-3\t"));
    assert_non_null(strstr(text, "\t1\t0\tup\t1\t-3\t"));
    assert_non_null(strstr(text, "\t1\t1\tright\t1\t-4\t"));
    free(text);
}

/* Means over episodes with their errors, of those alone whose goal is in the cell that is asked for. */
static void of_one_goal(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .goal = "1,2" };
    char command[] = "cat c.traj d.traj e.traj > f.traj", *files[] = { "f.traj" };

    (void)state;
    write_path("c.traj", false, 0, 0);
    write_path("d.traj", false, 2, 0.4f);
    write_path("e.traj", false, 50, 1);
    assert_int_equal(system(command), 0);
    char *text = fixture_run(bp_field_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 4);
    assert_non_null(strstr(text, "\t0\t0\tright\t2\t-2\t1\t1\t2\n"));
    assert_near(fixture_number(text, 0, "standard_error"), 1, 1e-9);
    free(text);
}

static void what_has_no_field(void **state)
{
    const struct bp_report_options tsv = { .tsv = true }, wrong = { .tsv = true, .goal = "here" };
    const struct fixture_episode without[] = { { .task = "goto", .play = "policy", .length = 4 } };
    static const float kl[] = { 1, 1, 1, 1 };
    const struct fixture_episode nowhere[] = { { .task = "goto", .play = "policy", .length = 4, .kl = kl } };
    char *files[] = { "g.traj", "h.traj", "a.traj" };

    (void)state;
    fixture_write(files[0], without, 1);
    fixture_write(files[1], nowhere, 1);
    write_path(files[2], false, 0, 0);
    for (int i = 0; i < 2; i++)
        free(fixture_run(bp_field_report, &tsv, -1, files + i, 1));
    free(fixture_run(bp_field_report, &wrong, -1, files + 2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_between_cells),
        cmocka_unit_test(of_the_next_latent),
        cmocka_unit_test(of_one_goal),
        cmocka_unit_test(what_has_no_field),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
