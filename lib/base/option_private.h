/* The options' inside, for the files option*.c alone. */
#ifndef BP_BASE_OPTION_PRIVATE_H
#define BP_BASE_OPTION_PRIVATE_H

#include "base/option.h"

/* Where a value came from, in rising precedence. */
enum layer { LAYER_DEFAULT, LAYER_BELOW, LAYER_ENVIRONMENT, LAYER_COMMAND };

struct entry {
    const struct bp_option *row;
    char *values;               /* the struct that the row's offset is in */
    enum layer layer;
    char *text;                 /* owned; NULL: unset */
    char origin[96];            /* "default", "preset nav-easy-lstm", ... */
};

struct bp_options {
    const struct bp_option_part *parts;
    int count;
    struct entry *entries;
};

/* Set an entry's text unless a higher layer has. 0, or -1 after reporting. */
int bp_option_put(struct entry *entry, enum layer layer, const char *text, const char *origin) BP_WARN_UNUSED;

/* The long help, on stdout. */
void bp_option_help(const struct bp_options *options, const struct bp_usage *usage);

/* The options of all programs, and variables that no option stands for; ends with NULL. */
extern const char *const bp_option_elsewhere[];

#endif
