#include "report/table.h"

#include "base/json.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 10 };           /* significant digits of reals for other programs */

struct bp_table {
    FILE *file;
    enum bp_table_format format;
    const struct bp_table_column *columns;
    int count;
    int at;                     /* column of the next cell */
    long rows;                  /* complete rows */
    bool failed;                /* memory was short; reported */
    /* text: rows that wait until the widths are known */
    bool flowing;               /* the widths are fixed, rows go straight out */
    int *width;
    bool *number;               /* numbers are set to the right */
    char **cells;               /* owned; BP_TABLE_LOOKAHEAD x count */
    json_t *row;                /* JSON: the row under construction */
};

static void fail(struct bp_table *table)
{
    if (!table->failed)
        bp_error(BP_FAILURE, "not enough memory for a table");
    table->failed = true;
}

static void free_table(struct bp_table *table)
{
    for (int i = 0; table->cells && i < BP_TABLE_LOOKAHEAD * table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->width);
    free(table->number);
    json_decref(table->row);
    free(table);
}

struct bp_table *bp_table_new(FILE *file, enum bp_table_format format, const struct bp_table_column *columns, int count)
{
    struct bp_table *table = calloc(1, sizeof *table);
    size_t n = (size_t)count;

    if (!table) {
        bp_error(BP_FAILURE, "not enough memory for a table");
        return NULL;
    }
    *table = (struct bp_table){ .file = file, .format = format, .columns = columns, .count = count };
    if (format == BP_TABLE_TEXT) {
        table->width = calloc(n, sizeof *table->width);
        table->number = calloc(n, sizeof *table->number);
        table->cells = calloc(n * BP_TABLE_LOOKAHEAD, sizeof *table->cells);
        if (!table->width || !table->number || !table->cells) {
            fail(table);
            free_table(table);
            return NULL;
        }
    }
    for (int i = 0; format == BP_TABLE_TSV && i < count; i++)
        fprintf(file, "%s%c", columns[i].name, i + 1 < count ? '\t' : '\n');
    return table;
}

/* ---- aligned text ---- */

static void print_cell(const struct bp_table *table, int column, const char *text)
{
    bool last = column + 1 == table->count;
    int width = table->width[column];

    if (table->number[column])
        fprintf(table->file, "%*s", width, text);
    else
        fprintf(table->file, "%-*s", last ? 0 : width, text);
    fputs(last ? "\n" : "  ", table->file);
}

/* The first rows have set the widths: write the head and them, and let the rest follow straight. */
static void flow(struct bp_table *table)
{
    for (int i = 0; i < table->count; i++) {
        int width = (int)strlen(table->columns[i].name);
        table->width[i] = width > table->width[i] ? width : table->width[i];
    }
    for (int i = 0; i < table->count; i++)
        print_cell(table, i, table->columns[i].name);
    for (long row = 0; row < table->rows; row++)
        for (int i = 0; i < table->count; i++)
            print_cell(table, i, table->cells[row * table->count + i]);
    table->flowing = true;
}

static void add_aligned(struct bp_table *table, const char *text, bool number)
{
    int column = table->at, width = (int)strlen(text);

    if (table->flowing) {
        print_cell(table, column, text);
        return;
    }
    char *copy = strdup(text);
    if (!copy) {
        fail(table);
        return;
    }
    table->cells[table->rows * table->count + column] = copy;
    table->width[column] = width > table->width[column] ? width : table->width[column];
    table->number[column] |= number;
}

/* ---- JSON ---- */

static void add_member(struct bp_table *table, json_t *value)
{
    if (!table->row)
        table->row = json_object();
    if (!value || !table->row || json_object_set_new(table->row, table->columns[table->at].name, value))
        fail(table);
}

static void print_object(struct bp_table *table)
{
    char *text = bp_json_text(table->row, DIGITS);

    if (text)
        fprintf(table->file, "%s%s", table->rows ? ",\n" : "[\n", text);
    else
        fail(table);
    free(text);
    json_decref(table->row);
    table->row = NULL;
}

/* A file's name need not be UTF-8, a JSON string must. */
static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);

    if (value)
        return value;
    char *copy = strdup(text);
    for (char *c = copy; c && *c; c++)
        *c = isascii((unsigned char)*c) ? *c : '?';
    value = copy ? json_string(copy) : NULL;
    free(copy);
    return value;
}

/* ---- cells ---- */

/* A cell as one word of text or TSV. */
static void add_word(struct bp_table *table, const char *word, bool number)
{
    if (table->format == BP_TABLE_TEXT)
        add_aligned(table, word, number);
    else
        fprintf(table->file, "%s%c", word, table->at + 1 < table->count ? '\t' : '\n');
}

static void next_cell(struct bp_table *table)
{
    if (++table->at < table->count)
        return;
    table->at = 0;
    if (table->format == BP_TABLE_JSON && !table->failed)
        print_object(table);
    table->rows++;
    if (table->format == BP_TABLE_TEXT && !table->flowing && table->rows == BP_TABLE_LOOKAHEAD && !table->failed)
        flow(table);
}

void bp_table_text(struct bp_table *table, const char *value)
{
    bool none = !value || !*value;

    if (table->failed)
        return;
    if (table->format == BP_TABLE_JSON) {
        add_member(table, none ? json_null() : json_text(value));
    } else {
        char *word = strdup(none ? "-" : value), blank = table->at + 1 < table->count ? '_' : ' ';
        for (char *c = word; c && *c; c++)
            *c = isspace((unsigned char)*c) ? blank : iscntrl((unsigned char)*c) ? '?' : *c;
        if (word)
            add_word(table, word, false);
        else
            fail(table);
        free(word);
    }
    next_cell(table);
}

void bp_table_count(struct bp_table *table, int64_t value)
{
    char word[32];

    if (table->failed)
        return;
    snprintf(word, sizeof word, "%lld", (long long)value);
    if (table->format == BP_TABLE_JSON)
        add_member(table, json_integer(value));
    else
        add_word(table, word, true);
    next_cell(table);
}

void bp_table_real(struct bp_table *table, double value)
{
    int decimals = table->columns[table->at].decimals;
    char word[64];

    if (table->failed)
        return;
    if (isnan(value))
        snprintf(word, sizeof word, "%s", table->format == BP_TABLE_TEXT ? "-" : "nan");
    else if (isinf(value))
        snprintf(word, sizeof word, "%s", value > 0 ? "inf" : "-inf");
    else if (table->format == BP_TABLE_TEXT && decimals >= 0 && fabs(value) < 1e15)
        snprintf(word, sizeof word, "%.*f", decimals, value);
    else
        snprintf(word, sizeof word, "%.*g", table->format == BP_TABLE_TEXT ? 6 : DIGITS, value);
    if (table->format == BP_TABLE_JSON)
        add_member(table, isfinite(value) ? json_real(value) : json_null());
    else
        add_word(table, word, true);
    next_cell(table);
}

void bp_table_skip(struct bp_table *table, int n)
{
    while (n-- > 0)
        bp_table_real(table, NAN);
}

int bp_table_end(struct bp_table *table)
{
    if (!table)
        return 0;
    bool failed = table->failed;
    assert(failed || !table->at);
    if (!failed && table->format == BP_TABLE_TEXT && !table->flowing)
        flow(table);
    if (!failed && table->format == BP_TABLE_JSON)
        fputs(table->rows ? "\n]\n" : "[]\n", table->file);
    if (fflush(table->file) || ferror(table->file)) {
        bp_error_errno(BP_FAILURE, "cannot write the report");
        failed = true;
    }
    free_table(table);
    return failed ? -1 : 0;
}
