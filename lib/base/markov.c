#include "base/markov.h"

#include <assert.h>
#include <string.h>

#define NONE { -1, -1 }

const struct bp_markov_row bp_markov_table[BP_MARKOV_TARGETS][BP_MARKOV_TARGETS] = {
    /* last:   0         1         2         3 */
    [0] = {  NONE, { 2, 3 }, { 1, 3 }, { 1, 2 } },
    [1] = { { 2, 3 },  NONE, { 3, 0 }, { 2, 0 } },
    [2] = { { 3, 1 }, { 3, 0 },  NONE, { 0, 1 } },
    [3] = { { 1, 2 }, { 0, 2 }, { 0, 1 },  NONE },
};

const char *const bp_markov_tasks[] = {"nav-easy", "nav-hard", NULL};

bool bp_markov_task(const char *task)
{
    for (int i = 0; bp_markov_tasks[i]; i++)
        if (!strcmp(bp_markov_tasks[i], task))
            return true;
    return false;
}

double bp_markov_probability(int older, int last, int next, double p)
{
    assert(older >= -1 && older < BP_MARKOV_TARGETS && last >= -1 && last < BP_MARKOV_TARGETS);
    assert(next >= 0 && next < BP_MARKOV_TARGETS && p >= 0 && p <= 1);

    if (last < 0)
        return 1.0 / BP_MARKOV_TARGETS;
    if (next == last)
        return 0;
    if (older < 0 || older == last)
        return 1.0 / (BP_MARKOV_TARGETS - 1);
    if (next == bp_markov_table[older][last].likely)
        return p;
    return next == bp_markov_table[older][last].unlikely ? 1 - p : 0;
}
