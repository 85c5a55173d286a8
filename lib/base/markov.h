/*
 * The second-order Markov chain over the four targets of sequential navigation (BP section 6.1; spec: Tasks). The task draws the
 * next target from it and the reports compare what was visited with it, so it stands below both; nothing else need know which tasks these are.
 */
#ifndef BP_BASE_MARKOV_H
#define BP_BASE_MARKOV_H

#include <stdbool.h>

#define BP_MARKOV_TARGETS 4
#define BP_MARKOV_LIKELY 0.9    /* p of the chain that nav-easy draws from */

/* Names of the tasks whose events are visits of the targets, so that there is an order to compare them with; ends with NULL. */
extern const char *const bp_markov_tasks[];
bool bp_markov_task(const char *task);

/* Followers of an ordered pair of different targets; the third target that is not `last` has probability 0. */
struct bp_markov_row {
    signed char likely;         /* next with probability p */
    signed char unlikely;       /* next with probability 1 - p */
};

/* bp_markov_table[older][last]; rows with older == last are {-1, -1}, as a visit is never to the target visited last. */
extern const struct bp_markov_row bp_markov_table[BP_MARKOV_TARGETS][BP_MARKOV_TARGETS];

/*
 * P(next | older, last), older being the target visited before last. An older of -1 (or equal to last) means that one target
 * alone is known: uniform over the other three; a last of -1: uniform over all four. 0 when next equals last.
 */
double bp_markov_probability(int older, int last, int next, double p);

#endif
