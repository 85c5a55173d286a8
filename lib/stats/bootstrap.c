#include "stats/bootstrap.h"

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20210830           /* any constant: the same data shall give the same interval */

/* A replicate, for its statistic: the values of all samples, one after the other, and the size of each. */
typedef double reduction(double *values, const size_t *sizes, size_t samples, const void *context);

static size_t total(const size_t *sizes, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += sizes[i];
    return sum;
}

/* The sum of the infinite values, 0 if there are none: infinite with their sign, or NaN if both signs occur. */
static double infinite_sum(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += isinf(values[i]) ? values[i] : 0;
    return sum;
}

/* A run that never reached the level counts as inf, and so does their mean; GSL's running mean of two such values would be NaN. */
static double mean(double *values, const size_t *sizes, size_t strata)
{
    double sum = infinite_sum(values, total(sizes, strata));

    if (sum != 0)
        return sum;
    for (size_t s = 0; s < strata; values += sizes[s++])
        sum += gsl_stats_mean(values, 1, sizes[s]);
    return sum / (double)strata;
}

static double median(double *values, const size_t *sizes, size_t strata)
{
    size_t n = total(sizes, strata);

    gsl_sort(values, 1, n);
    return gsl_stats_median_from_sorted_data(values, 1, n);
}

static double interquartile_mean(double *values, const size_t *sizes, size_t strata)
{
    size_t n = total(sizes, strata);

    gsl_sort(values, 1, n);
    size_t cut = (size_t)(0.25 * (double)n);
    double sum = infinite_sum(values + cut, n - 2 * cut);
    return sum != 0 ? sum : gsl_stats_trmean_from_sorted_data(0.25, values, 1, n);
}

const struct bp_statistic bp_bootstrap_statistics[] = {
    { "mean", "mean over tasks of the mean of their runs", mean },
    { "median", "median of all runs", median },
    { "iqm", "interquartile mean: the mean of the middle half of all runs", interquartile_mean },
    { NULL, NULL, NULL },
};

const struct bp_statistic *bp_bootstrap_find(const char *name)
{
    for (const struct bp_statistic *row = bp_bootstrap_statistics; row->name; row++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

/* Quantile of replicates in ascending order, which may be infinite: interpolation between infinities would give NaN. */
static double quantile(const double *sorted, size_t n, double f)
{
    size_t left = (size_t)(f * (double)(n - 1)), right = left + 1 < n ? left + 1 : left;

    if (isfinite(sorted[left]) && isfinite(sorted[right]))
        return gsl_stats_quantile_from_sorted_data(sorted, 1, n, f);
    return sorted[f < 0.5 ? left : right];
}

/* Bound of the interval; undefined replicates are taken as the most extreme value on the bound's own side. */
static double bound(const double *replicates, double *work, size_t n, double f)
{
    for (size_t i = 0; i < n; i++)
        work[i] = isnan(replicates[i]) ? (f < 0.5 ? -INFINITY : INFINITY) : replicates[i];
    gsl_sort(work, 1, n);
    return quantile(work, n, f);
}

static void resample(gsl_rng *rng, const struct bp_sample *const *samples, size_t count, double *values)
{
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < samples[s]->n; i++)
            *values++ = samples[s]->values[gsl_rng_uniform_int(rng, samples[s]->n)];
}

static double of_data(reduction *reduce, const void *context, const struct bp_sample *const *samples, const size_t *sizes,
                      size_t count, double *values)
{
    double *at = values;

    for (size_t s = 0; s < count; at += sizes[s++])
        memcpy(at, samples[s]->values, sizes[s] * sizeof *at);
    for (double *value = values; value < at; value++)
        if (isnan(*value))
            return NAN;
    return reduce(values, sizes, count, context);
}

static int bootstrap(reduction *reduce, const void *context, const struct bp_sample *const *samples, size_t count,
                     struct bp_estimate *estimate)
{
    const size_t replicates = BP_VALUE_POLICY_REPLICATES;
    size_t n = 0, largest = 0;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t *sizes = malloc(count * sizeof *sizes);

    for (size_t s = 0; s < count; s++) {
        n += samples[s]->n;
        largest = samples[s]->n > largest ? samples[s]->n : largest;
    }
    double *values = malloc((n + 2 * replicates) * sizeof *values), *replicate = values + n, *work = replicate + replicates;
    int status = rng && sizes && values ? 0 : bp_error(BP_FAILURE, "not enough memory for a bootstrap of %zu values", n);

    if (!status) {
        for (size_t s = 0; s < count; s++)
            sizes[s] = samples[s]->n;
        *estimate = (struct bp_estimate){ of_data(reduce, context, samples, sizes, count, values), NAN, NAN };
    }
    if (!status && largest > 1 && !isnan(estimate->value)) {
        gsl_rng_set(rng, SEED);
        for (size_t r = 0; r < replicates; r++) {
            resample(rng, samples, count, values);
            replicate[r] = reduce(values, sizes, count, context);
        }
        estimate->low = bound(replicate, work, replicates, 0.025);
        estimate->high = bound(replicate, work, replicates, 0.975);
    }
    free(values);
    free(sizes);
    if (rng)
        gsl_rng_free(rng);
    return status;
}

/* Gather the strata of one or two groups (y may be NULL) and bootstrap. */
static int bootstrap_groups(reduction *reduce, const void *context, const struct bp_sample *x, const struct bp_sample *y,
                            size_t strata, struct bp_estimate *estimate)
{
    size_t count = y ? 2 * strata : strata;
    const struct bp_sample **samples = malloc(count * sizeof *samples);

    if (!samples)
        return bp_error(BP_FAILURE, "not enough memory for a bootstrap of %zu strata", strata);
    for (size_t s = 0; s < count; s++)
        samples[s] = s < strata ? &x[s] : &y[s - strata];
    int status = bootstrap(reduce, context, samples, count, estimate);
    free(samples);
    return status;
}

static double one_group(double *values, const size_t *sizes, size_t samples, const void *context)
{
    const struct bp_statistic *statistic = context;

    return statistic->function(values, sizes, samples);
}

int bp_bootstrap_interval(const struct bp_statistic *statistic, const struct bp_sample *x, size_t strata,
                          struct bp_estimate *estimate)
{
    return bootstrap_groups(one_group, statistic, x, NULL, strata, estimate);
}

static double ratio(double *values, const size_t *sizes, size_t samples, const void *context)
{
    const struct bp_statistic *statistic = context;
    size_t strata = samples / 2;
    double numerator = statistic->function(values, sizes, strata);

    return numerator / statistic->function(values + total(sizes, strata), sizes + strata, strata);
}

int bp_bootstrap_ratio(const struct bp_statistic *statistic, const struct bp_sample *x, const struct bp_sample *y, size_t strata,
                       struct bp_estimate *estimate)
{
    int status = bootstrap_groups(ratio, statistic, x, y, strata, estimate);

    if (!status && estimate->low < 0)       /* -infinity: at least 2.5 % of the replicates were undefined */
        estimate->low = 0;
    return status;
}

/* Mann-Whitney's U / nm of two samples, which it sorts. */
static double superiority(double *x, size_t n, double *y, size_t m)
{
    size_t below = 0, not_above = 0;        /* how many y are < x[i], and <= x[i] */
    double u = 0;

    gsl_sort(x, 1, n);
    gsl_sort(y, 1, m);
    for (size_t i = 0; i < n; i++) {
        while (below < m && y[below] < x[i])
            below++;
        while (not_above < m && y[not_above] <= x[i])
            not_above++;
        u += 0.5 * (double)(below + not_above);
    }
    return u / ((double)n * (double)m);
}

static double improvement(double *values, const size_t *sizes, size_t samples, const void *context)
{
    size_t strata = samples / 2;
    double *x = values, *y = values + total(sizes, strata), sum = 0;

    (void)context;
    for (size_t s = 0; s < strata; s++) {
        sum += superiority(x, sizes[s], y, sizes[strata + s]);
        x += sizes[s];
        y += sizes[strata + s];
    }
    return sum / (double)strata;
}

int bp_bootstrap_improvement(const struct bp_sample *x, const struct bp_sample *y, size_t strata, struct bp_estimate *estimate)
{
    return bootstrap_groups(improvement, NULL, x, y, strata, estimate);
}

static double share_above(double *values, const size_t *sizes, size_t samples, const void *context)
{
    double tau = *(const double *)context, sum = 0;

    for (size_t s = 0; s < samples; values += sizes[s++]) {
        size_t above = 0;
        for (size_t i = 0; i < sizes[s]; i++)
            above += values[i] > tau;
        sum += (double)above / (double)sizes[s];
    }
    return sum / (double)samples;
}

int bp_bootstrap_profile(const struct bp_sample *x, size_t strata, const double *tau, size_t points,
                         struct bp_estimate *estimates)
{
    for (size_t i = 0; i < points; i++)
        if (bootstrap_groups(share_above, &tau[i], x, NULL, strata, &estimates[i]))
            return -1;
    return 0;
}
