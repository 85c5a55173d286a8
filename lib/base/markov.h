/*
 * The second-order Markov chain over the four targets of sequential navigation (BP section 6.1; spec: Tasks). The task draws the
 * next target from it and the reports compare what was visited with it, so it stands below both.
 */
#ifndef BP_BASE_MARKOV_H
#define BP_BASE_MARKOV_H

#define BP_MARKOV_TARGETS 4

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
