#include "stats/summary.h"

#include "stats/bootstrap.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_nan(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

int bp_summary_compute(const double *values, size_t n, struct bp_summary *summary)
{
    const struct bp_sample sample = { values, n };
    struct bp_estimate mean;

    *summary = (struct bp_summary){ n, NAN, NAN, NAN, NAN, NAN, NAN };
    if (!n || has_nan(values, n))
        return 0;
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return bp_error(BP_FAILURE, "not enough memory to sort %zu values", n);
    memcpy(sorted, values, n * sizeof *sorted);
    gsl_sort(sorted, 1, n);
    summary->median = gsl_stats_median_from_sorted_data(sorted, 1, n);
    summary->iqm = bp_bootstrap_find("iqm")->function(sorted, &n, 1);
    free(sorted);

    if (bp_bootstrap_interval(bp_bootstrap_find("mean"), &sample, 1, &mean))
        return -1;
    summary->mean = mean.value;
    summary->low = mean.low;
    summary->high = mean.high;
    if (n > 1)
        summary->standard_error = gsl_stats_sd_m(values, 1, n, mean.value) / sqrt((double)n);
    return 0;
}
