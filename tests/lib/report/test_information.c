#include "fixture.h"

#include <math.h>

enum { EPISODES = 400, LENGTH = 6 };

/*
 * Episodes of two latents each, of three steps: what each leads to, from where it was drawn, is its number to the left or right as the body sees
 * it, which looks up the y axis in every second episode. choices: two of them, in the place of a number.
 */
static void record(const char *path, bool choices, bool places)
{
    static const struct bp_places scene = { .edge = 8 };
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_groups groups = { 0 };

    bp_groups_add(&groups, "proprio", 1);
    for (int e = 0; e < EPISODES; e++) {
        struct bp_episode episode;
        double x = 0, y = 0;
        assert_int_equal(bp_episode_alloc(&episode, &groups, bp_continuous(1), LENGTH, false), 0);
        assert_int_equal(bp_episode_alloc_latents(&episode, choices ? 2 : 1), 0);
        if (places)
            assert_int_equal(bp_episode_alloc_places(&episode, &scene), 0);
        for (int t = 0; t < LENGTH; t++) {
            bool left = (e / 2 + (t < 3 ? 0 : e / 4)) % 2, up = e % 2;
            double turned = up ? M_PI / 2 : 0, side = left ? 1 : -1;
            episode.latents.drawn[t] = t % 3 == 0;
            episode.latents.value[choices ? 2 * t : t] = choices ? left : (float)side;
            if (choices)
                episode.latents.value[2 * t + 1] = !left;
            x += -sin(turned) * side;
            y += cos(turned) * side;
            for (int row = t; row <= t + 1 && places; row++)
                episode.places.pose[3 * row + 2] = (float)turned;
            if (places) {
                episode.places.pose[3 * (t + 1)] = (float)x;
                episode.places.pose[3 * (t + 1) + 1] = (float)y;
            }
        }
        snprintf(episode.task, sizeof episode.task, "goto");
        snprintf(episode.play, sizeof episode.play, "policy");
        snprintf(episode.body, sizeof episode.body, "ball");
        episode.length = LENGTH;
        episode.truncated = true;
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
}

/* The way that a latent takes is all that it says; where it ends depends on the way before and on the heading too. */
static void the_way_and_the_end(void **state)
{
    const struct bp_report_options way = { .tsv = true, .cells = 2, .place = "way" }, end = { .tsv = true, .cells = 2, .place = "end" };

    (void)state;
    for (int choices = 0; choices < 2; choices++) {
        char *files[] = { "a.traj" };
        record(files[0], choices, true);
        char *text = fixture_run(bp_information_report, &way, 0, files, 1);
        assert_int_equal(fixture_rows(text), choices ? 1 : 2);       /* a number and all numbers; a choice */
        for (int row = 0; row < fixture_rows(text); row++) {
            assert_near(fixture_number(text, row, "drawn"), 2 * EPISODES, 0);
            assert_near(fixture_number(text, row, "kinds"), 2, 0);
            assert_near(fixture_number(text, row, "cells"), 4, 0);
            assert_near(fixture_number(text, row, "counted"), log(2), 1e-3);
            assert_near(fixture_number(text, row, "entropy"), log(2), 1e-3);
            assert_near(fixture_number(text, row, "information"), log(2), 5e-3);
            assert_near(fixture_number(text, row, "counted") - fixture_number(text, row, "chance"), fixture_number(text, row, "information"), 1e-9);
        }
        free(text);
        text = fixture_run(bp_information_report, &end, 0, files, 1);
        assert_true(fixture_number(text, 0, "information") > 0.1 && fixture_number(text, 0, "information") < 0.6);
        free(text);
    }
}

static void what_has_no_latents_or_places(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .cells = 4, .place = "end" };
    const struct fixture_episode flat = { .task = "goto", .play = "policy", .length = 4 };
    char *files[] = { "flat.traj", "nowhere.traj" };

    (void)state;
    bp_set_quiet(true);
    fixture_write(files[0], &flat, 1);
    record(files[1], false, false);
    for (int i = 0; i < 2; i++)
        free(fixture_run(bp_information_report, &tsv, -1, &files[i], 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_and_the_end),
        cmocka_unit_test(what_has_no_latents_or_places),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
