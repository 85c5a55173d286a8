#include "run/session.h"

#include "base/error.h"

#include "../base/check.h"

#include <signal.h>

static void time_goes_forward(void **state)
{
    double before = bp_seconds(), after = bp_seconds();

    (void)state;
    assert_true(after >= before && after - before < 5);
    for (int i = 0; i < 10000000 && bp_seconds() == before; i++)
        ;
    assert_true(bp_seconds() > before);
}

static void states_by_exit_status(void **state)
{
    (void)state;
    assert_string_equal(bp_run_state(0), "finished");
    assert_string_equal(bp_run_state(128 + SIGINT), "stopped");
    assert_string_equal(bp_run_state(BP_DIVERGED), "diverged");
    assert_string_equal(bp_run_state(BP_FAILURE), "failed");
    assert_string_equal(bp_run_state(BP_USAGE), "failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_forward),
        cmocka_unit_test(states_by_exit_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
