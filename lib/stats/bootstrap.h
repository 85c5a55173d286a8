/*
 * Stratified percentile bootstrap over the runs of one or more groups, with the definitions of Agarwal et al., "Deep
 * reinforcement learning at the edge of the statistical precipice" (2021): a stratum is a task, runs are drawn with replacement
 * inside their own stratum, the interval is the 2.5 % and 97.5 % quantile of the replicates.
 *
 * The generator is seeded with a constant, so the same data give the same interval. Values may be infinite (a run that never
 * reached a threshold); a NaN among them makes every estimate NaN. Where no stratum has two values there is nothing to resample
 * and the interval is NaN. With few runs the percentile interval is too narrow (five runs: about 83 % instead of 95 %).
 */
#ifndef BP_STATS_BOOTSTRAP_H
#define BP_STATS_BOOTSTRAP_H

#include "base/error.h"

#include <stddef.h>

#define BP_VALUE_POLICY_REPLICATES 4000

/* The scores of one stratum; borrowed. */
struct bp_sample {
    const double *values;
    size_t n;                   /* at least 1 */
};

struct bp_estimate {
    double value;               /* of the data themselves */
    double low, high;           /* 95 % interval */
};

/* One number for a group's runs over all strata. */
struct bp_statistic {
    const char *name, *help;
    /* values (n, may be reordered by the function) hold the strata one after the other, stratum s having sizes[s] of them. */
    double (*function)(double *values, const size_t *sizes, size_t strata);
};

/* mean: mean over strata of their means. median, iqm: of all runs pooled. Ends with a row whose name is NULL. */
extern const struct bp_statistic bp_bootstrap_statistics[];

/* The row of that name, or NULL. */
const struct bp_statistic *bp_bootstrap_find(const char *name);

/* A statistic of one group with its interval. 0, or -1 after reporting that memory is short. */
int bp_bootstrap_interval(const struct bp_statistic *statistic, const struct bp_sample *x, size_t strata,
                          struct bp_estimate *estimate) BP_WARN_UNUSED;

/*
 * Probability of improvement P(X > Y), ties counting 1/2 (Mann-Whitney's U / nm), averaged over strata; x[s] and y[s] are the two
 * groups' runs on stratum s.
 */
int bp_bootstrap_improvement(const struct bp_sample *x, const struct bp_sample *y, size_t strata,
                             struct bp_estimate *estimate) BP_WARN_UNUSED;

/*
 * statistic(X) / statistic(Y) of two groups of non-negative scores. A replicate that is undefined (infinite / infinite, 0 / 0)
 * counts as 0 for the lower and as infinite for the upper bound.
 */
int bp_bootstrap_ratio(const struct bp_statistic *statistic, const struct bp_sample *x, const struct bp_sample *y, size_t strata,
                       struct bp_estimate *estimate) BP_WARN_UNUSED;

/* Performance profile: the mean over strata of the share of runs that score above each of `points` thresholds tau. */
int bp_bootstrap_profile(const struct bp_sample *x, size_t strata, const double *tau, size_t points,
                         struct bp_estimate *estimates) BP_WARN_UNUSED;

#endif
