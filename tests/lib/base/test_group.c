#include "base/group.h"

#include "../store/support.h"

/* The observation of nav-easy, without its scale. */
static struct bp_groups example(void)
{
    struct bp_groups all = {0};

    bp_groups_add(&all, "global", 4);
    bp_groups_add(&all, "targets", 8);
    bp_groups_add(&all, "goal", 4);
    return all;
}

static void groups_stand_behind_each_other(void **state)
{
    struct bp_groups all = example();

    (void)state;
    assert_int_equal(all.count, 3);
    assert_int_equal(all.size, 16);
    assert_int_equal(bp_groups_find(&all, "global")->offset, 0);
    assert_int_equal(bp_groups_find(&all, "targets")->offset, 4);
    assert_int_equal(bp_groups_find(&all, "goal")->offset, 12);
    assert_null(bp_groups_find(&all, "goa"));
    assert_null(bp_groups_find(&all, ""));
}

static void selected(const char *names, const char *expected, int size)
{
    struct bp_groups all = example(), seen;
    char text[64];

    assert_int_equal(bp_groups_select(&all, names, &seen), 0);
    assert_string_equal(bp_groups_text(&seen, text, sizeof text), expected);
    assert_int_equal(seen.size, size);
    for (int i = 0; i < seen.count; i++)
        assert_int_equal(seen.group[i].offset, bp_groups_find(&all, seen.group[i].name)->offset);
}

/* Whatever order a list is in and however often it says a name: the row's order, each once. */
static void selection_follows_the_row(void **state)
{
    (void)state;
    selected("*", "global,targets,goal", 16);
    selected("", "", 0);
    selected("goal,global", "global,goal", 8);
    selected("targets,targets,", "targets", 8);
    selected("?proprio,?global,?touch", "global", 4);
    selected("?proprio", "", 0);
}

static void refused(const char *names, const char *part)
{
    struct bp_groups all = example(), seen;

    capture_begin();
    int status = bp_groups_select(&all, names, &seen);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, part);
    assert_said(said, "global,targets,goal");
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    refused("proprio", "'proprio'");
    refused("global,goals", "'goals'");
    refused("goal ", "'goal '");
    refused("a-name-that-is-longer-than-any-group-may-be", "there is no observation group");
}

static void gathering_is_dense(void **state)
{
    struct bp_groups all = example(), seen;
    float row[2][20], out[2][8];            /* rows may be longer than the groups */

    (void)state;
    for (int r = 0; r < 2; r++)
        for (int j = 0; j < 20; j++)
            row[r][j] = (float)(100 * r + j);
    assert_int_equal(bp_groups_select(&all, "global,goal", &seen), 0);
    bp_groups_gather(&seen, &row[0][0], 20, 2, &out[0][0]);
    for (int r = 0; r < 2; r++)
        for (int j = 0; j < 8; j++)
            assert_true(out[r][j] == (float)(100 * r + (j < 4 ? j : 8 + j)));
}

/* Equality is of names, sizes and their order; where the groups stand in a larger row does not matter. */
static void equality(void **state)
{
    struct bp_groups a = example(), b = example(), seen, swapped = {0};

    (void)state;
    assert_true(bp_groups_equal(&a, &b));
    b.group[1].size = 7;
    assert_false(bp_groups_equal(&a, &b));
    assert_int_equal(bp_groups_select(&a, "targets,goal", &seen), 0);
    assert_false(bp_groups_equal(&a, &seen));
    bp_groups_add(&swapped, "goal", 4);
    bp_groups_add(&swapped, "targets", 8);
    assert_false(bp_groups_equal(&seen, &swapped));
    b = (struct bp_groups){0};
    bp_groups_add(&b, "targets", 8);
    bp_groups_add(&b, "goal", 4);
    assert_true(bp_groups_equal(&seen, &b));
}

static void texts_that_do_not_fit_are_cut(void **state)
{
    struct bp_groups all = example();
    char text[12], guard[16];

    (void)state;
    memset(guard, '#', sizeof guard);
    assert_string_equal(bp_groups_text(&all, text, sizeof text), "global,targ");
    assert_string_equal(bp_groups_text(&all, guard, 4), "glo");
    assert_true(guard[4] == '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_stand_behind_each_other),
        cmocka_unit_test(selection_follows_the_row),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(gathering_is_dense),
        cmocka_unit_test(equality),
        cmocka_unit_test(texts_that_do_not_fit_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
