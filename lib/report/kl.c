/* How far the policy is from its prior along an episode: BP figure 5b. */
#include "report/episodes.h"
#include "report/report.h"

#include <gsl/gsl_rstat.h>
#include <math.h>
#include <stdlib.h>

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "step", 0 }, { "episodes", 0 }, { "kl", 4 }, { "standard_error", 4 }, { "kl_high", 4 },
    { "standard_error_high", 4 },
};

enum { KL, KL_HIGH, KINDS };            /* all of it; the share of the latent, which not all episodes have */

/* Running means over episodes. */
struct means {
    gsl_rstat_workspace *of[KINDS];     /* owned */
};

/* For each bin of steps, and of the episodes' sums. */
struct gathered {
    struct means *bins;                 /* owned */
    int count;
    struct means total;
};

static int alloc_means(struct means *means)
{
    int status = 0;

    for (int k = 0; k < KINDS; k++)
        if (!(means->of[k] = gsl_rstat_alloc()))
            status = -1;
    return status;
}

static void free_means(struct means *means)
{
    for (int k = 0; k < KINDS; k++)
        if (means->of[k])
            gsl_rstat_free(means->of[k]);
}

static int grow(struct gathered *gathered, int bins)
{
    struct means *grown = realloc(gathered->bins, (size_t)bins * sizeof *grown);

    if (!grown)
        return -1;
    gathered->bins = grown;
    while (gathered->count < bins)
        if (alloc_means(&grown[gathered->count++]))
            return -1;
    return gathered->total.of[KL] ? 0 : alloc_means(&gathered->total);
}

/* An episode gives each bin the mean of its own steps there: steps of one episode are not independent. */
static void add_values(struct gathered *gathered, int kind, int bin, const float *values, int length)
{
    double total = 0;

    for (int b = 0, begin = 0; begin < length; b++, begin += bin) {
        int end = begin + bin < length ? begin + bin : length;
        double sum = 0;
        for (int t = begin; t < end; t++)
            sum += values[t];
        gsl_rstat_add(sum / (end - begin), gathered->bins[b].of[kind]);
        total += sum;
    }
    gsl_rstat_add(total, gathered->total.of[kind]);
}

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;
    int bin = (int)options->bin, bins = (episode->length + bin - 1) / bin;

    if (!episode->kl_prior)
        return bp_error(BP_USAGE, "%s: episode %lld has no KL to a prior; bp-rollout records it when it plays a checkpoint with "
                        "policy and prior on a task that has what both see", bp_episodes_name(file), (long long)episode->index);
    if (bins > gathered->count && grow(gathered, bins))
        return bp_error(BP_FAILURE, "not enough memory for episodes of %d steps", episode->length);
    add_values(gathered, KL, bin, episode->kl_prior, episode->length);
    if (episode->latents.kl)
        add_values(gathered, KL_HIGH, bin, episode->latents.kl, episode->length);
    return 0;
}

static void print_means(struct bp_table *table, const struct means *means)
{
    bp_table_count(table, (int64_t)gsl_rstat_n(means->of[KL]));
    for (int k = 0; k < KINDS; k++) {
        size_t n = gsl_rstat_n(means->of[k]);
        bp_table_real(table, n ? gsl_rstat_mean(means->of[k]) : NAN);
        bp_table_real(table, n > 1 ? gsl_rstat_sd_mean(means->of[k]) : NAN);
    }
}

/* A row for each bin, named by its first step, and one for the sum over an episode. */
static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;

    for (int b = 0; b < gathered->count; b++) {
        bp_episodes_head(table, group);
        bp_table_count(table, b * options->bin);
        print_means(table, &gathered->bins[b]);
    }
    if (gathered->count) {
        bp_episodes_head(table, group);
        bp_table_text(table, "total");
        print_means(table, &gathered->total);
    }
    return 0;
}

static void clear(void *data)
{
    struct gathered *gathered = data;

    for (int b = 0; b < gathered->count; b++)
        free_means(&gathered->bins[b]);
    free(gathered->bins);
    free_means(&gathered->total);
}

int bp_kl_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
