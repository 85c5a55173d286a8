#include "run/progress.h"

#include "../base/check.h"
#include "../store/support.h"

static void counts_and_times(void **state)
{
    char text[24];

    (void)state;
    assert_string_equal(bp_progress_count(0, text), "0");
    assert_string_equal(bp_progress_count(9999, text), "9999");
    assert_string_equal(bp_progress_count(10000, text), "10k");
    assert_string_equal(bp_progress_count(1234567, text), "1.23M");
    assert_string_equal(bp_progress_count(INFINITY, text), "?");
    assert_string_equal(bp_progress_clock(0, text), "0:00");
    assert_string_equal(bp_progress_clock(192.9, text), "3:12");
    assert_string_equal(bp_progress_clock(3599, text), "59:59");
    assert_string_equal(bp_progress_clock(3600 + 3 * 60 + 12, text), "1:03:12");
    assert_string_equal(bp_progress_clock(NAN, text), "?");
    assert_string_equal(bp_progress_clock(-1, text), "?");
    assert_string_equal(bp_progress_clock(1e300, text), "?");
}

/* Off a terminal, a line of its own; what is not known is left out. */
static void one_line(void **state)
{
    const struct bp_progress_news news[] = {{"return %.1f", 84.06, 0}, {"KL %.3f", NAN, 0}, {"KL %.3f (latent %.3f)", 0.153, 0.15}, {"entropy %.2f", 1.2, 0}, {NULL, 0, 0}};
    struct bp_progress progress;

    (void)state;
    bp_progress_begin(&progress, "transitions", 500, 4000);
    assert_false(bp_progress_due(&progress));
    progress.began -= 1000;             /* 1000 in 1000 s: one a second, 2500 are left */
    progress.shown -= 31;
    assert_true(bp_progress_due(&progress));
    capture_begin();
    bp_progress_show(&progress, 1500, false, news);
    assert_said(capture_take(), " 37.5%, 41:40 left, 1500 of 4000 transitions, return 84.1, KL 0.153 (latent 0.150), entropy 1.20, 1 transitions/s\n");
    capture_end();
    assert_false(bp_progress_due(&progress));
    capture_begin();
    bp_progress_show(&progress, 500, true, NULL);       /* nothing done: no rate, no time */
    assert_said(capture_take(), " 12.5%, ? left, 500 of 4000 transitions, 0 transitions/s\n");
    capture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_times),
        cmocka_unit_test(one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
