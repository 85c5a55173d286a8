#include "base/space.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
} kinds[BP_SPACE_KINDS] = {
    [BP_CONTINUOUS] = {"continuous", "continuous numbers"},
    [BP_DISCRETE] = {"discrete", "discrete choices"},
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

int bp_choice(const float *row, int size)
{
    int largest = 0;

    for (int i = 1; i < size; i++)
        if (row[i] > row[largest])
            largest = i;
    return largest;
}

bool bp_space_holds(struct bp_space space, const float *row, int rows)
{
    if (space.kind != BP_DISCRETE)
        return true;
    for (int r = 0; r < rows; r++, row += space.size) {
        int choice = bp_choice(row, space.size);
        for (int i = 0; i < space.size; i++)
            if (row[i] != (float)(i == choice))
                return false;
    }
    return true;
}

const char *bp_space_text(struct bp_space space, char *text, int size)
{
    snprintf(text, (size_t)size, "%d %s", space.size, space.kind < BP_SPACE_KINDS ? kinds[space.kind].what : "of an unknown kind");
    return text;
}
