#include "fixture.h"

#include <math.h>

static const struct bp_report_options tsv = { .tsv = true, .p = 0.9 };

/* Two episodes that go 0 1 2 3 0 1 2 3 0 1 with targets touched twice in between. */
static void by_hand(void **state)
{
    static const int32_t event[] = { 0, 0, 1, -1, 2, 3, 0, 1, 1, 2, 3, 0, 1 };
    const struct fixture_episode episodes[] = {
        { .task = "nav-hard", .play = "prior", .length = 13, .event = event },
        { .task = "nav-hard", .play = "prior", .length = 13, .event = event },
    };
    char *files[] = { "a.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_transitions_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 13);
    /* the first row is the pair 0 1, after which 2 came twice in each: (4 + 1/2) / (4 + 3/2) */
    assert_near(fixture_number(text, 0, "older"), 0, 0);
    assert_near(fixture_number(text, 0, "last"), 1, 0);
    assert_near(fixture_number(text, 0, "visits"), 4, 0);
    assert_near(fixture_number(text, 0, "visited_2"), 4.5 / 5.5, 1e-9);
    assert_near(fixture_number(text, 0, "true_2"), 0.9, 1e-9);
    assert_near(fixture_number(text, 0, "true_3"), 0.1, 1e-9);
    double visited = 0.9 * log(0.9 * 5.5 / 4.5) + 0.1 * log(0.1 * 5.5 / 0.5);
    assert_near(fixture_number(text, 0, "kl"), visited, 1e-9);
    /* all: 10 visits an episode; of the pairs 01 12 23 30, each has 4 visits; the other eight are uniform */
    assert_near(fixture_number(text, 12, "visits"), 20, 0);
    double uniform = 0.9 * log(2.7) + 0.1 * log(0.3);
    assert_near(fixture_number(text, 12, "kl"), (4 * visited + 8 * uniform) / 12, 1e-6);
    assert_near(fixture_number(text, 12, "standard_error"), 0, 1e-9);      /* the two are alike */
    assert_non_null(strstr(text, "\tall\tall\t20\t"));
    free(text);
}

static void p_is_the_true_table_s(void **state)
{
    static const int32_t event[] = { 0, 1 };
    const struct fixture_episode episode = { .task = "nav-hard", .play = "prior", .length = 2, .event = event };
    const struct bp_report_options certain = { .tsv = true, .p = 1 };
    char *files[] = { "b.traj" };

    (void)state;
    fixture_write(files[0], &episode, 1);
    char *text = fixture_run(bp_transitions_report, &certain, 0, files, 1);
    assert_near(fixture_number(text, 12, "kl"), log(3), 1e-6);
    free(text);
}

static void an_event_that_is_no_target(void **state)
{
    static const int32_t event[] = { 0, 5 };
    const struct fixture_episode episode = { .task = "nav-hard", .play = "prior", .length = 2, .event = event };
    char *files[] = { "c.traj" };

    (void)state;
    fixture_write(files[0], &episode, 1);
    char *text = fixture_run(bp_transitions_report, &tsv, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(p_is_the_true_table_s),
        cmocka_unit_test(an_event_that_is_no_target),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
