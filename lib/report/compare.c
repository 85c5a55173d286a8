/*
 * Groups of runs compared: their final values, how soon they reach a level, and the probability that a run of one group ends better than
 * a run of the baseline. Runs are resampled inside their task (stats/bootstrap.h).
 */
#include "base/near.h"
#include "report/report.h"
#include "report/scores.h"
#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- against the baseline ---- */

/* Pick the strata whose task both groups have; their number. The arrays have room for all of x's. */
static size_t common(const struct bp_scores *x, const struct bp_scores *y, bool reaches, struct bp_sample *xs, struct bp_sample *ys)
{
    size_t count = 0;

    for (size_t i = 0; i < x->strata; i++)
        for (size_t j = 0; j < y->strata; j++)
            if (!strcmp(x->tasks[i], y->tasks[j])) {
                xs[count] = reaches ? x->reaches[i] : x->finals[i];
                ys[count++] = reaches ? y->reaches[j] : y->finals[j];
            }
    return count;
}

static int measure(const struct bp_scores *x, const struct bp_scores *y, const struct bp_report_options *options,
                   struct bp_estimate *improvement, struct bp_estimate *ratio)
{
    const struct bp_statistic *statistic = bp_bootstrap_find(options->statistic);
    struct bp_sample *xs = malloc(x->strata * sizeof *xs), *ys = malloc(x->strata * sizeof *ys);
    int status = 0;

    if (!xs || !ys) {
        status = bp_error(BP_FAILURE, "not enough memory for %zu tasks", x->strata);
        goto done;
    }
    size_t count = common(x, y, false, xs, ys);
    if (!count) {
        bp_warn("groups '%s' and '%s' have no task in common and are not compared", x->group->label, y->group->label);
        goto done;
    }
    if (count < x->strata || count < y->strata)
        bp_warn("groups '%s' and '%s' are compared only on tasks that both have (%zu)", x->group->label, y->group->label, count);
    status = bp_bootstrap_improvement(xs, ys, count, improvement);
    if (!status) {
        common(x, y, true, xs, ys);
        status = bp_bootstrap_ratio(statistic, xs, ys, count, ratio);
    }
done:
    free(xs);
    free(ys);
    return status;
}

/* ---- the table ---- */

static void print_estimate(struct bp_table *table, struct bp_estimate estimate)
{
    bp_table_real(table, estimate.value);
    bp_table_real(table, estimate.low);
    bp_table_real(table, estimate.high);
}

static int print_group(struct bp_table *table, const struct bp_scores *x, const struct bp_scores *baseline,
                       const struct bp_report_options *options)
{
    const struct bp_statistic *statistic = bp_bootstrap_find(options->statistic);
    struct bp_estimate final, reach, improvement = { NAN, NAN, NAN }, ratio = improvement;

    if (bp_bootstrap_interval(statistic, x->finals, x->strata, &final) ||
        bp_bootstrap_interval(statistic, x->reaches, x->strata, &reach) ||
        (x != baseline && measure(x, baseline, options, &improvement, &ratio)))
        return -1;
    bp_table_text(table, x->group->label);
    bp_table_count(table, x->group->count);
    print_estimate(table, final);
    print_estimate(table, improvement);
    if (options->has_threshold || options->fraction > 0)
        bp_table_count(table, x->reached);
    else
        bp_table_skip(table, 1);
    print_estimate(table, reach);
    print_estimate(table, ratio);
    return 0;
}

/* The next of a label's values, which '/' separates: its length. */
static size_t part(const char *label)
{
    return strcspn(label, "/");
}

/* Two values are one when they are the same text, or the same number. */
static bool same_value(const char *a, size_t n, const char *b, size_t m)
{
    char *end_a, *end_b;

    if (n == m && !strncmp(a, b, n))
        return true;
    double x = strtod(a, &end_a), y = strtod(b, &end_b);
    return n && m && end_a == a + n && end_b == b + m && x == y;
}

static bool same_label(const char *a, const char *b)
{
    for (;; a++, b++) {
        size_t n = part(a), m = part(b);
        if (!same_value(a, n, b, m))
            return false;
        a += n;
        b += m;
        if (!*a || !*b)
            return *a == *b;
    }
}

static const struct bp_scores *find_baseline(const struct bp_scores *scores, const struct bp_runs *runs, const char *label)
{
    char names[512] = "", hint[128];
    size_t used = 0;

    for (int i = 0; i < runs->count; i++)
        if (!label || same_label(runs->groups[i].label, label))
            return &scores[i];
    struct bp_near near = bp_near_begin(label);
    for (int i = 0; i < runs->count; i++) {
        bp_near_offer(&near, runs->groups[i].label);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s'%s'", i ? ", " : "", runs->groups[i].label);
    }
    bp_error(BP_USAGE, "--baseline '%s' is none of the groups, which are %s%s", label, names, bp_near_text(&near, "", hint, sizeof hint));
    return NULL;
}

int bp_compare_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    char low[32], high[32];
    const struct bp_table_column columns[] = {
        { "group", 0 }, { "n", 0 }, { "final", 3 }, { "final_low", 3 }, { "final_high", 3 }, { "improvement", 3 },
        { "improvement_low", 3 }, { "improvement_high", 3 }, { "reached", 0 }, { options->x, 0 }, { low, 0 }, { high, 0 },
        { "ratio", 3 }, { "ratio_low", 3 }, { "ratio_high", 3 },
    };
    struct bp_table *table = NULL;
    struct bp_runs runs;
    int status = 0, scored = 0;

    snprintf(low, sizeof low, "%s_low", options->x);
    snprintf(high, sizeof high, "%s_high", options->x);
    if (bp_runs_load(options, files, count, &runs))
        return -1;
    struct bp_scores *scores = calloc((size_t)runs.count, sizeof *scores);
    if (!scores)
        status = bp_error(BP_FAILURE, "not enough memory for %d groups", runs.count);
    while (!status && scored < runs.count) {
        status = bp_scores_compute(&runs.groups[scored], options, &scores[scored]);
        scored++;
    }
    const struct bp_scores *baseline = status ? NULL : find_baseline(scores, &runs, options->baseline);
    if (baseline)
        table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns);
    for (int i = 0; table && !status && i < runs.count; i++)
        status = print_group(table, &scores[i], baseline, options);
    if (!table || bp_table_end(table))
        status = -1;
    while (scored-- > 0)
        bp_scores_free(&scores[scored]);
    free(scores);
    bp_runs_free(&runs);
    return status;
}
