#include "run/clock.h"

#include "../base/check.h"

static void time_goes_forward(void **state)
{
    double before = bp_clock_seconds(), after = bp_clock_seconds();

    (void)state;
    assert_true(after >= before && after - before < 5);
    for (int i = 0; i < 10000000 && bp_clock_seconds() == before; i++)
        ;
    assert_true(bp_clock_seconds() > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
