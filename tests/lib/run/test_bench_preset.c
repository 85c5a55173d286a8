/* The benchmark's presets, in memory that is not zero. */
#include "../../bench/preset.c"

#include "../base/check.h"

static void whatever_lay_there(void **state)
{
    static struct preset preset;

    (void)state;
    setenv("BP_SHARE", "share", 0);
    memset(&preset, 0xaa, sizeof preset);
    preset_open(&preset, "goto-ball", NULL, 1);
    assert_string_equal(preset.config.task, "goto");
    assert_true(preset_act(&preset) > 0);
    preset_close(&preset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_lay_there)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
