/* How far two sets of numbers are apart as distributions. */
#ifndef BP_STATS_WASSERSTEIN_H
#define BP_STATS_WASSERSTEIN_H

#include <stddef.h>

/*
 * The 1-Wasserstein distance of two empirical distributions, n and m >= 1 numbers in ascending order: the integral of |F(x) - G(x)| over
 * x, which is that of |F^-1(p) - G^-1(p)| over p: how far a number must be moved on average to turn one into the other. In their unit.
 */
double bp_wasserstein(const double *a, size_t n, const double *b, size_t m);

#endif
