/*
 * Which target follows which two: the table of visits in BP figures 8 and 17 and the KL of BP table 2.
 *
 * The body visits a target when it enters one other than the last that it visited. The probabilities visited are smoothed by BP_TRANSITION_PSEUDO
 * added to the count of each of the three targets that can follow (Jeffreys' prior): a pair that was never visited counts as
 * uniform, a follower that was never seen keeps the KL finite, and a row of n visits is moved by less than 1 / n.
 */
#ifndef BP_STATS_TRANSITION_H
#define BP_STATS_TRANSITION_H

#include "base/error.h"
#include "base/markov.h"

#include <stddef.h>
#include <stdint.h>

#define BP_TRANSITION_PSEUDO 0.5

/* Zero-initialised by the caller. */
struct bp_transition_table {
    int64_t visits;             /* all visits, also the first two of an episode, which follow no pair */
    int64_t count[BP_MARKOV_TARGETS][BP_MARKOV_TARGETS][BP_MARKOV_TARGETS];   /* older, last, next */
};

/*
 * Add an episode's visits. event[t] is the target that the body entered in step t, or -1. `where` names the stream in messages.
 * 0, or -1 with the table unchanged after reporting an event that is no target.
 */
int bp_transition_add(struct bp_transition_table *table, const int32_t *event, int length, const char *where) BP_WARN_UNUSED;

/* Add one table to another. */
void bp_transition_merge(struct bp_transition_table *table, const struct bp_transition_table *other);

/* Visits that followed the pair. */
int64_t bp_transition_row(const struct bp_transition_table *table, int older, int last);

/* Smoothed P(next | older, last) as visited, for older != last; 0 when next equals last. */
double bp_transition_probability(const struct bp_transition_table *table, int older, int last, int next);

/* KL(true || visited) in nats of one pair's followers, true being base/markov.h's table with p; its mean over the 12 pairs. */
double bp_transition_row_kl(const struct bp_transition_table *table, int older, int last, double p);
double bp_transition_kl(const struct bp_transition_table *table, double p);

/*
 * Standard error of that mean, given one table for each of n episodes: the jackknife over episodes. NaN for n < 2, and where no pair was
 * followed in any of them: nothing is known then.
 */
double bp_transition_standard_error(const struct bp_transition_table *episodes, size_t n, double p);

#endif
