/* A set of scores as one row of a table: number, mean and its uncertainty, median and interquartile mean. */
#ifndef BP_STATS_SUMMARY_H
#define BP_STATS_SUMMARY_H

#include "base/error.h"

#include <stddef.h>

struct bp_summary {
    size_t n;
    double mean;
    double standard_error;      /* of the mean: sample standard deviation / sqrt(n); NaN for n < 2 */
    double median;
    double iqm;                 /* interquartile mean: floor(n / 4) values are cut at either end */
    double low, high;           /* 95 % interval of the mean, percentile bootstrap; NaN for n < 2 */
};

/*
 * Summarise n values. Without values (n = 0), or with a NaN among them, every number but n is NaN.
 * 0, or -1 after reporting that memory is short.
 */
int bp_summary_compute(const double *values, size_t n, struct bp_summary *summary) BP_WARN_UNUSED;

#endif
