/* The options' inside, for the files option*.c alone. */
#ifndef BP_BASE_OPTION_PRIVATE_H
#define BP_BASE_OPTION_PRIVATE_H

#include "base/option.h"

/* Where a value came from, in rising precedence. */
enum layer { LAYER_DEFAULT, LAYER_BELOW, LAYER_ENVIRONMENT, LAYER_COMMAND, LAYER_DERIVED };

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

/* The entry of that name, or NULL. */
struct entry *bp_option_find(const struct bp_options *options, const char *name);

/* An option's name in version 0.1.0 and today's; taken: another program has an option of the old name, which variables and configs mean. */
struct bp_option_rename {
    const char *was, *now;
    bool taken;
};
extern const struct bp_option_rename bp_option_renames[];      /* ends with NULL */

/* Is the name another program's today? */
bool bp_option_taken(const char *name);

/* The entry that had the name `was`; NULL when there is none, or when it is the name of an entry today. */
struct entry *bp_option_renamed(const struct bp_options *options, const char *was);

/* Today's name of a choice that had the name `was`, or NULL. */
const char *bp_option_choice_renamed(const char *was);

/* The long help, on stdout. */
void bp_option_help(const struct bp_options *options, const struct bp_usage *usage);

/* The options of all programs, and variables that no option stands for; ends with NULL. */
extern const char *const bp_option_elsewhere[];

#endif
