#include "base/error.h"

#include "../store/support.h"

#include <errno.h>

/* Tests run in children of their own, since the first error of a process decides its exit status. */

static int two_errors(void *context)
{
    (void)context;
    assert_int_equal(bp_exit_status(), BP_FAILURE);         /* before any error */
    capture_begin();
    assert_int_equal(bp_error(BP_DAMAGED, "the %s one", "first"), -1);
    assert_int_equal(bp_error(BP_USAGE, "the second one"), -1);
    const char *said = capture_take();
    capture_end();
    assert_string_equal(said, "bp-test: the first one\nbp-test: the second one\n");
    return -1;
}

static void first_error_decides_the_status(void **state)
{
    char said[1024];

    (void)state;
    bp_set_program("/usr/bin/bp-test");
    assert_string_equal(bp_program(), "bp-test");
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(two_errors(said) ? bp_exit_status() : 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), BP_DAMAGED);
}

static int with_errno(void *context)
{
    (void)context;
    errno = ENOENT;
    return bp_error_errno(BP_FAILURE, "cannot read '%s'", "x");
}

static void errno_is_put_into_words(void **state)
{
    char said[1024];

    (void)state;
    bp_set_program("bp-test");
    assert_int_equal(run_action(with_errno, NULL, false, said), BP_FAILURE);
    assert_string_equal(said, "bp-test: cannot read 'x': No such file or directory\n");
}

/* Quiet silences news, not warnings; a warning is no error. */
static void quiet_is_for_news(void **state)
{
    (void)state;
    bp_set_program("bp-test");
    capture_begin();
    bp_log("news %d", 1);
    bp_set_quiet(true);
    bp_log("news %d", 2);
    bp_warn("careful");
    bp_set_quiet(false);
    bp_live(true, "a live line");           /* stderr is no terminal here */
    const char *said = capture_take();
    capture_end();
    assert_string_equal(said, "bp-test: news 1\nbp-test: warning: careful\n");
    assert_int_equal(bp_exit_status(), BP_FAILURE);
}

/* A sentence of any length stays one line. */
static void long_sentences_are_cut(void **state)
{
    char text[5000];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    bp_set_program("bp-test");
    capture_begin();
    bp_warn("%s", text);
    const char *said = capture_take();
    capture_end();
    assert_true(strlen(said) > 1000 && strlen(said) < 2400);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_decides_the_status),
        cmocka_unit_test(errno_is_put_into_words),
        cmocka_unit_test(quiet_is_for_news),
        cmocka_unit_test(long_sentences_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
