#include "base/space.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
} kinds[BP_SPACE_KINDS] = {
    [BP_CONTINUOUS] = {"continuous", "continuous numbers"},
};

const char *bp_space_kind_name(enum bp_space_kind kind)
{
    return kind < BP_SPACE_KINDS ? kinds[kind].name : "unknown";
}

enum bp_space_kind bp_space_kind_find(const char *name)
{
    int kind = 0;

    while (kind < BP_SPACE_KINDS && strcmp(kinds[kind].name, name))
        kind++;
    return (enum bp_space_kind)kind;
}

bool bp_space_equal(struct bp_space a, struct bp_space b)
{
    return a.kind == b.kind && a.size == b.size;
}

const char *bp_space_text(struct bp_space space, char *text, int size)
{
    snprintf(text, (size_t)size, "%d %s", space.size, space.kind < BP_SPACE_KINDS ? kinds[space.kind].what : "of an unknown kind");
    return text;
}
