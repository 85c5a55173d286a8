#include "base/text.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static void what_was_written_comes_out(void **state)
{
    struct bp_text text;
    char *whole;

    (void)state;
    assert_non_null(bp_text_begin(&text));
    for (int i = 0; i < 10000; i++)
        fprintf(text.stream, "%04d ", i);
    assert_non_null(whole = bp_text_end(&text));
    assert_int_equal(strlen(whole), 50000);
    assert_memory_equal(whole + 5 * 1234, "1234 ", 5);
    free(whole);
    assert_non_null(bp_text_begin(&text));
    assert_non_null(whole = bp_text_end(&text));
    assert_string_equal(whole, "");
    free(whole);
}

/* A write that failed, as one does for which there is no memory, leaves no text. */
static void half_a_text_is_none(void **state)
{
    struct bp_text text;

    (void)state;
    text = (struct bp_text){.stream = fopen("/dev/full", "w"), .bytes = strdup("beginning")};
    assert_non_null(text.stream);
    fputs("beginning", text.stream);
    assert_null(bp_text_end(&text));
    text = (struct bp_text){0};                     /* as begin leaves it when it fails */
    assert_null(bp_text_end(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_out),
        cmocka_unit_test(half_a_text_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
