#include "base/space.h"

#include "check.h"

static void names(void **state)
{
    (void)state;
    for (int kind = 0; kind < BP_SPACE_KINDS; kind++)
        assert_int_equal(bp_space_kind_find(bp_space_kind_name((enum bp_space_kind)kind)), kind);
    assert_int_equal(bp_space_kind_find("another"), BP_SPACE_KINDS);
    assert_string_equal(bp_space_kind_name(BP_SPACE_KINDS), "unknown");
}

static void texts(void **state)
{
    char text[64], few[4];

    (void)state;
    assert_string_equal(bp_space_text(bp_continuous(8), text, sizeof text), "8 continuous numbers");
    assert_string_equal(bp_space_text(bp_discrete(4), text, sizeof text), "4 discrete choices");
    assert_string_equal(bp_space_text(bp_continuous(8), few, sizeof few), "8 c");
}

/* Both kind and size make a space. */
static void equality(void **state)
{
    (void)state;
    assert_true(bp_space_equal(bp_continuous(2), bp_continuous(2)));
    assert_false(bp_space_equal(bp_continuous(2), bp_continuous(3)));
    assert_false(bp_space_equal(bp_continuous(2), bp_discrete(2)));
}

static void choices(void **state)
{
    static const float second[] = {0, 1, 0}, equal[] = {2, 2, 1}, two[] = {0, 1, 0, 1, 0, 1}, half[] = {0.5f, 0.5f, 0}, none[] = {0, 0, 0};

    (void)state;
    assert_int_equal(bp_choice(second, 3), 1);
    assert_int_equal(bp_choice(equal, 3), 0);
    assert_true(bp_space_holds(bp_discrete(3), second, 1));
    assert_true(bp_space_holds(bp_discrete(2), two, 3));
    assert_false(bp_space_holds(bp_discrete(3), two, 2));
    assert_false(bp_space_holds(bp_discrete(3), half, 1));
    assert_false(bp_space_holds(bp_discrete(3), none, 1));
    assert_true(bp_space_holds(bp_continuous(3), half, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(texts),
        cmocka_unit_test(equality),
        cmocka_unit_test(choices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
