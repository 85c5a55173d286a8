/* Observations are lists of named groups; what a network may see is a choice of names (spec: information asymmetry is data). */
#ifndef BP_BASE_GROUP_H
#define BP_BASE_GROUP_H

#include "base/error.h"

#include <stdbool.h>

#define BP_GROUP_NAME 24
#define BP_GROUP_MAX 16

struct bp_group {
    char name[BP_GROUP_NAME];
    int size;                   /* floats */
    int offset;                 /* of the first float in an observation row */
};

struct bp_groups {
    int count;
    int size;                   /* floats in a row: the sum of the groups' sizes */
    struct bp_group group[BP_GROUP_MAX];
};

/* Append a group. The list holds at most BP_GROUP_MAX; the name is at most BP_GROUP_NAME - 1 long (asserted). */
void bp_groups_add(struct bp_groups *groups, const char *name, int size);

/* The group of that name, or NULL. */
const struct bp_group *bp_groups_find(const struct bp_groups *groups, const char *name);

/*
 * Choose groups by a comma-separated list of names ("*": all; "" : none). `seen` lists them in the order of `all` and keeps
 * the offsets in `all`'s row; its size is the sum of the chosen. A name with a leading '?' may be absent.
 * Returns 0, or -1 after reporting which name `all` does not have.
 */
int bp_groups_select(const struct bp_groups *all, const char *names, struct bp_groups *seen) BP_WARN_UNUSED;

/* Same names and sizes in the same order. */
bool bp_groups_equal(const struct bp_groups *a, const struct bp_groups *b);

/* "name,name" into text of `size` bytes (cut when too long); returns text. */
char *bp_groups_text(const struct bp_groups *groups, char *text, int size);

/* The same as "name:size,name:size". */
char *bp_groups_sizes(const struct bp_groups *groups, char *text, int size);

/* Copy the seen groups of `rows` rows of `stride` floats densely to dst (rows x seen->size). */
void bp_groups_gather(const struct bp_groups *seen, const float *src, int stride, int rows, float *dst);

#endif
