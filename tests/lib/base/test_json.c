#include "base/json.h"

#include "../store/support.h"
#include "check.h"

static void texts(void **state)
{
    static const struct { const char *json; int digits; const char *text; } values[] = {
        {"{\"b\": 0.1, \"a\": [1, true, null, \"x\\ny\"]}", 17, "{\"b\":0.10000000000000001,\"a\":[1,true,null,\"x\\ny\"]}"},
        {"[0.1, 1e300]", 10, "[0.1,1e300]"},
        {"{}", 17, "{}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *value = json_loads(values[i].json, 0, NULL);
        char *text = bp_json_text(value, values[i].digits);
        assert_non_null(text);
        assert_string_equal(text, values[i].text);
        free(text);
        json_decref(value);
    }
    assert_null(bp_json_text(NULL, 17));        /* what could not be built has no text */
}

/* There and back: every double is the same again. */
static void numbers_are_kept(void **state)
{
    static const double numbers[] = {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789012345680.0};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_t *array = json_pack("[f]", numbers[i]), *again;
        char *text = bp_json_text(array, 17);
        assert_int_equal(bp_json_parse(text, &again), 0);
        assert_true(json_real_value(json_array_get(again, 0)) == numbers[i]);
        free(text);
        json_decref(array);
        json_decref(again);
    }
}

static void what_is_no_json(void **state)
{
    static const char *const texts[] = {NULL, "", "{", "[1,]", "{\"a\":1,\"a\":2}", "nonsense", "\"alone\""};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *value = json_true();
        assert_int_equal(bp_json_parse(texts[i], &value), 0);
        assert_null(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(numbers_are_kept),
        cmocka_unit_test(what_is_no_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
