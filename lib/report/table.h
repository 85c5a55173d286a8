/*
 * The one way in which reports come out: a table of named columns, as aligned text, tab-separated values or JSON (an array
 * with an object a row). Cells are added left to right, row after row; a row goes out as soon as it can, so a table may be endless.
 *
 *           text                                    TSV             JSON
 * NaN       -                                       nan             null
 * infinity  inf                                     inf             null
 * no text   -                                       -               null
 * reals     the column's decimals                   10 digits       10 digits
 *
 * Outside JSON blanks in a text become '_', so that every cell is one word for awk and gnuplot; the last column keeps its spaces.
 * Control characters, which a foreign file may hold, become '?'. Text is aligned by the first BP_TABLE_LOOKAHEAD rows.
 */
#ifndef BP_REPORT_TABLE_H
#define BP_REPORT_TABLE_H

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>

#define BP_TABLE_LOOKAHEAD 256

enum bp_table_format { BP_TABLE_TEXT, BP_TABLE_TSV, BP_TABLE_JSON };

struct bp_table_column {
    const char *name;
    int decimals;               /* of reals, in text; -1: six significant digits */
};

struct bp_table;

/* Start a table on a stream; columns are borrowed until the end. NULL after reporting that memory is short. */
struct bp_table *bp_table_new(FILE *file, enum bp_table_format format, const struct bp_table_column *columns,
                              int count) BP_WARN_UNUSED;

/* Add the next cell. Failures wait for bp_table_end. */
void bp_table_text(struct bp_table *table, const char *value);      /* NULL or "": no text */
void bp_table_count(struct bp_table *table, int64_t value);
void bp_table_real(struct bp_table *table, double value);
/* The same cell n times, to leave out what does not apply. */
void bp_table_skip(struct bp_table *table, int n);

/* Write what waits, flush, free (NULL is fine). Rows must be complete. 0, or -1 after reporting memory or the stream's error. */
int bp_table_end(struct bp_table *table) BP_WARN_UNUSED;

#endif
