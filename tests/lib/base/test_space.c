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
    assert_string_equal(bp_space_text(bp_continuous(8), few, sizeof few), "8 c");
}

/* Both kind and size make a space. */
static void equality(void **state)
{
    (void)state;
    assert_true(bp_space_equal(bp_continuous(2), bp_continuous(2)));
    assert_false(bp_space_equal(bp_continuous(2), bp_continuous(3)));
    assert_false(bp_space_equal(bp_continuous(2), (struct bp_space){BP_SPACE_KINDS, 2}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(texts),
        cmocka_unit_test(equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
