#include "base/share.h"

#include "../store/support.h"

static void set_directory_comes_first(void **state)
{
    char path[4096];

    (void)state;
    mkdir(in_directory("bodies"), 0755);
    write_file(in_directory("bodies/own.xml"), "x", 1);
    setenv("BP_SHARE", test_directory, 1);
    assert_int_equal(bp_share_path("bodies/own.xml", path, sizeof path), 0);
    assert_string_equal(path, in_directory("bodies/own.xml"));
    unsetenv("BP_SHARE");
}

static int look_up(void *context)
{
    char path[4096];

    return bp_share_path(context, path, sizeof path);
}

static void missing_files_are_reported(void **state)
{
    char said[1024];

    (void)state;
    setenv("BP_SHARE", test_directory, 1);
    assert_int_equal(run_action(look_up, "bodies/no-such-body.xml", false, said), BP_USAGE);
    assert_said(said, "bodies/no-such-body.xml");
    assert_said(said, "BP_SHARE");
    unsetenv("BP_SHARE");
}

/* A path that is cut is no path. */
static void a_buffer_that_is_too_small(void **state)
{
    char path[16];

    (void)state;
    setenv("BP_SHARE", test_directory, 1);
    capture_begin();
    int status = bp_share_path("bodies/own.xml", path, sizeof path);
    capture_end();
    assert_int_equal(status, -1);
    unsetenv("BP_SHARE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_files_are_reported),
        cmocka_unit_test(set_directory_comes_first),
        cmocka_unit_test(a_buffer_that_is_too_small),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
