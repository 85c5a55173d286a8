#include "report/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../near.h"

static const struct bp_table_column columns[] = { { "file", 0 }, { "n", 0 }, { "mean", 2 }, { "kl", -1 } };

/* Two rows, with everything that has no plain value. */
static char *render(enum bp_table_format format)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct bp_table *table = bp_table_new(file, format, columns, 4);

    bp_table_text(table, "an easy.traj");
    bp_table_count(table, 100);
    bp_table_real(table, 81.284999);
    bp_table_real(table, 0.1311234567);
    bp_table_text(table, NULL);
    bp_table_count(table, -1);
    bp_table_real(table, NAN);
    bp_table_real(table, INFINITY);
    assert_int_equal(bp_table_end(table), 0);
    fclose(file);
    return text;
}

static void aligned_text(void **state)
{
    char *text = render(BP_TABLE_TEXT);

    (void)state;
    assert_string_equal(text, "file            n   mean        kl\n"
                              "an_easy.traj  100  81.28  0.131123\n"
                              "-              -1      -       inf\n");
    free(text);
}

static void tab_separated_values(void **state)
{
    char *text = render(BP_TABLE_TSV);

    (void)state;
    assert_string_equal(text, "file\tn\tmean\tkl\nan_easy.traj\t100\t81.284999\t0.1311234567\n-\t-1\tnan\tinf\n");
    free(text);
}

static void json(void **state)
{
    char *text = render(BP_TABLE_JSON);
    json_t *rows = json_loads(text, 0, NULL), *row = json_array_get(rows, 0);

    (void)state;
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(row, "file")), "an easy.traj");
    assert_int_equal(json_integer_value(json_object_get(row, "n")), 100);
    assert_near(json_real_value(json_object_get(row, "mean")), 81.284999, 1e-9);
    row = json_array_get(rows, 1);
    assert_true(json_is_null(json_object_get(row, "file")) && json_is_null(json_object_get(row, "mean")));
    assert_true(json_is_null(json_object_get(row, "kl")));
    json_decref(rows);
    free(text);
}

static void a_table_without_rows(void **state)
{
    static const char *const expect[] = { "file  n  mean  kl\n", "file\tn\tmean\tkl\n", "[]\n" };

    (void)state;
    for (int format = BP_TABLE_TEXT; format <= BP_TABLE_JSON; format++) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        struct bp_table *table = bp_table_new(file, (enum bp_table_format)format, columns, 4);
        assert_int_equal(bp_table_end(table), 0);
        fclose(file);
        assert_string_equal(text, expect[format]);
        free(text);
    }
}

/* Beyond the look-ahead rows flow with the widths of the first; none is lost or doubled, and a wider one is not cut. */
static void an_endless_table_flows(void **state)
{
    enum { ROWS = 3 * BP_TABLE_LOOKAHEAD + 1 };
    static const struct bp_table_column one[] = { { "i", 0 } };
    char *text = NULL, *at;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct bp_table *table = bp_table_new(file, BP_TABLE_TEXT, one, 1);

    (void)state;
    for (int i = 0; i < ROWS; i++)
        bp_table_count(table, i == ROWS - 1 ? 123456789 : i % 10);
    fflush(file);
    assert_true(size > 2 * (ROWS - 2));         /* all but what waits is out before the end */
    assert_int_equal(bp_table_end(table), 0);
    fclose(file);
    at = strchr(text, '\n') + 1;
    for (int i = 0; i < ROWS - 1; i++, at += 2)
        assert_true(at[0] == '0' + i % 10 && at[1] == '\n');
    assert_string_equal(at, "123456789\n");
    free(text);
}

static void names_outside_unicode(void **state)
{
    static const struct bp_table_column one[] = { { "file", 0 } };
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct bp_table *table = bp_table_new(file, BP_TABLE_JSON, one, 1);

    (void)state;
    bp_table_text(table, "a\xff.traj");
    assert_int_equal(bp_table_end(table), 0);
    fclose(file);
    assert_string_equal(text, "[\n{\"file\":\"a?.traj\"}\n]\n");
    free(text);
}

static void a_full_disk_is_reported(void **state)
{
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    if (!full)
        skip();
    struct bp_table *table = bp_table_new(full, BP_TABLE_TSV, columns, 4);
    assert_int_equal(bp_table_end(table), -1);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_text),
        cmocka_unit_test(tab_separated_values),
        cmocka_unit_test(json),
        cmocka_unit_test(a_table_without_rows),
        cmocka_unit_test(an_endless_table_flows),
        cmocka_unit_test(names_outside_unicode),
        cmocka_unit_test(a_full_disk_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
