#include "stats/transition.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

enum { TARGETS = BP_MARKOV_TARGETS };

int bp_transition_add(struct bp_transition_table *table, const int32_t *event, int length, const char *where)
{
    int older = -1, last = -1;

    for (int t = 0; t < length; t++)
        if (event[t] < -1 || event[t] >= TARGETS)
            return bp_error(BP_DAMAGED, "%s: event %d at step %d is none of the targets 0 to %d", where, (int)event[t], t,
                            TARGETS - 1);
    for (int t = 0; t < length; t++) {
        int next = event[t];
        if (next < 0 || next == last)
            continue;
        table->visits++;
        if (older >= 0)
            table->count[older][last][next]++;
        older = last;
        last = next;
    }
    return 0;
}

/* Add or (sign -1) take away. */
static void accumulate(struct bp_transition_table *table, const struct bp_transition_table *other, int sign)
{
    table->visits += sign * other->visits;
    for (int older = 0; older < TARGETS; older++)
        for (int last = 0; last < TARGETS; last++)
            for (int next = 0; next < TARGETS; next++)
                table->count[older][last][next] += sign * other->count[older][last][next];
}

void bp_transition_merge(struct bp_transition_table *table, const struct bp_transition_table *other)
{
    accumulate(table, other, 1);
}

int64_t bp_transition_row(const struct bp_transition_table *table, int older, int last)
{
    int64_t sum = 0;

    for (int next = 0; next < TARGETS; next++)
        sum += table->count[older][last][next];
    return sum;
}

double bp_transition_probability(const struct bp_transition_table *table, int older, int last, int next)
{
    assert(older != last);
    if (next == last)
        return 0;
    double seen = (double)table->count[older][last][next], all = (double)bp_transition_row(table, older, last);
    return (seen + BP_TRANSITION_PSEUDO) / (all + (TARGETS - 1) * BP_TRANSITION_PSEUDO);
}

double bp_transition_row_kl(const struct bp_transition_table *table, int older, int last, double p)
{
    double kl = 0;

    for (int next = 0; next < TARGETS; next++) {
        double truth = bp_markov_probability(older, last, next, p);
        if (truth > 0)
            kl += truth * log(truth / bp_transition_probability(table, older, last, next));
    }
    return kl;
}

double bp_transition_kl(const struct bp_transition_table *table, double p)
{
    double sum = 0;

    for (int older = 0; older < TARGETS; older++)
        for (int last = 0; last < TARGETS; last++)
            if (older != last)
                sum += bp_transition_row_kl(table, older, last, p);
    return sum / (TARGETS * (TARGETS - 1));
}

static bool follows(const struct bp_transition_table *table)
{
    for (int older = 0; older < TARGETS; older++)
        for (int last = 0; last < TARGETS; last++)
            if (bp_transition_row(table, older, last))
                return true;
    return false;
}

/* sqrt((n - 1) / n * sum of (theta_i - mean)^2), theta_i being the KL without episode i (Efron 1981). */
double bp_transition_standard_error(const struct bp_transition_table *episodes, size_t n, double p)
{
    struct bp_transition_table all = { 0 };
    double mean = 0, squares = 0;       /* Welford's */

    if (n < 2)
        return NAN;
    for (size_t i = 0; i < n; i++)
        accumulate(&all, &episodes[i], 1);
    if (!follows(&all))
        return NAN;
    for (size_t i = 0; i < n; i++) {
        accumulate(&all, &episodes[i], -1);
        double kl = bp_transition_kl(&all, p), step = kl - mean;
        accumulate(&all, &episodes[i], 1);
        mean += step / (double)(i + 1);
        squares += step * (kl - mean);
    }
    return sqrt((double)(n - 1) / (double)n * squares);
}
