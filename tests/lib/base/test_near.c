#include "base/near.h"

#include "check.h"

#include <string.h>

static void edits_are_counted(void **state)
{
    (void)state;
    assert_int_equal(bp_near_distance("kl-cost", "kl-cost"), 0);
    assert_int_equal(bp_near_distance("KL_COST", "kl-cost"), 0);
    assert_int_equal(bp_near_distance("klcost", "kl-cost"), 1);         /* left out */
    assert_int_equal(bp_near_distance("kl--cost", "kl-cost"), 1);       /* added */
    assert_int_equal(bp_near_distance("kl-cast", "kl-cost"), 1);        /* changed */
    assert_int_equal(bp_near_distance("kl-csot", "kl-cost"), 1);        /* swapped */
    assert_int_equal(bp_near_distance("", "abc"), 3);
    assert_int_equal(bp_near_distance("kitten", "sitting"), 3);
    assert_int_equal(bp_near_distance("kitten", "sitting"), bp_near_distance("sitting", "kitten"));
}

static const char *name(int i)
{
    static const char *const names[] = {"kl-cost", "entropy-cost", "seed", "db", "preset", NULL};
    return names[i];
}

static void is_near(const char *word, const char *best)
{
    char text[80], want[80] = "";

    if (best)
        snprintf(want, sizeof want, "; did you mean '%s'?", best);
    assert_string_equal(bp_near_among(word, name, text, sizeof text), want);
}

static void what_is_near_is_named(void **state)
{
    char text[200], word[100];

    (void)state;
    is_near("klcost", "kl-cost");
    is_near("kl_cots", "kl-cost");
    is_near("entropycosts", "entropy-cost");
    is_near("sed", "seed");
    is_near("bd", "db");
    is_near("xdb", "db");
    is_near("bogus", NULL);
    is_near("xy", NULL);
    is_near("", NULL);
    memset(word, 'a', sizeof word);
    word[99] = 0;
    is_near(word, NULL);
    struct bp_near near = bp_near_begin("sede");
    bp_near_offer(&near, "speed");
    bp_near_offer(&near, "seed");
    assert_string_equal(bp_near_text(&near, "--no-", text, sizeof text), "; did you mean '--no-seed'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(what_is_near_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
