/* How much two things that were observed together tell of each other: mutual information of pairs, by counting. */
#ifndef BP_STATS_INFORMATION_H
#define BP_STATS_INFORMATION_H

#include "base/error.h"

#include <stddef.h>

/* n pairs: a[i] in 0 ... kinds_a - 1, b[i] in 0 ... kinds_b - 1. Borrowed. */
struct bp_pairs {
    const int *a, *b;
    size_t n;
    int kinds_a, kinds_b;
};

struct bp_information {
    double counted;             /* I(a; b) of the shares that were counted, nats: too large, the more so the fewer pairs there are */
    double chance;              /* its mean over shuffles of the pairs' b, where there is nothing to tell: what of it is chance */
    double estimate;            /* counted - chance */
    double entropy;             /* H(a) of the shares, nats: the most that b could tell */
};

/* Of 100 shuffles, the same for the same n. 0, or -1 when out of memory. */
int bp_information_of(const struct bp_pairs *pairs, struct bp_information *information) BP_WARN_UNUSED;

/* Bins of equal counts, as far as equal numbers allow: bin[i] in 0 ... bins - 1 for each of n numbers. 0, or -1 when out of memory. */
int bp_information_bins(const double *numbers, size_t n, int bins, int *bin) BP_WARN_UNUSED;

#endif
