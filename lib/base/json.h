/* JSON that is complete or NULL: when memory is short, Jansson may leave something out silently. */
#ifndef BP_BASE_JSON_H
#define BP_BASE_JSON_H

#include "base/error.h"

#include <jansson.h>

/* A value as compact text, reals with that number of significant digits (17: all). malloc'ed; NULL when memory is short. */
char *bp_json_text(const json_t *value, int digits) BP_WARN_UNUSED;

/* The value of a text (new reference), NULL where that is NULL or no JSON. 0, or -1 after reporting that memory is short. */
int bp_json_parse(const char *text, json_t **value) BP_WARN_UNUSED;
int bp_json_parse_bytes(const char *text, size_t size, json_t **value) BP_WARN_UNUSED;

#endif
