/* How far the policy is from its prior along an episode: BP figure 5b. */
#include "report/episodes.h"
#include "report/report.h"

#include <gsl/gsl_rstat.h>
#include <math.h>
#include <stdlib.h>

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "step", 0 }, { "episodes", 0 }, { "kl", 4 }, { "standard_error", 4 },
};

/* Running means over episodes: one for each bin of steps, and one of the episodes' sums. */
struct gathered {
    gsl_rstat_workspace **bins;         /* owned */
    int count;
    gsl_rstat_workspace *total;
};

static int grow(struct gathered *gathered, int bins)
{
    gsl_rstat_workspace **grown = realloc(gathered->bins, (size_t)bins * sizeof *grown);

    if (!grown)
        return -1;
    gathered->bins = grown;
    for (; gathered->count < bins; gathered->count++)
        if (!(grown[gathered->count] = gsl_rstat_alloc()))
            return -1;
    if (!gathered->total)
        gathered->total = gsl_rstat_alloc();
    return gathered->total ? 0 : -1;
}

/* An episode gives each bin the mean of its own steps there: steps of one episode are not independent. */
static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;
    int bin = (int)options->bin, bins = (episode->length + bin - 1) / bin;
    double total = 0;

    if (!episode->kl_prior)
        return bp_error(BP_USAGE, "%s: episode %lld has no KL to a prior; bp-rollout records it when it plays a checkpoint with "
                        "policy and prior on a task that has what both see", bp_episodes_name(file), (long long)episode->index);
    if (bins > gathered->count && grow(gathered, bins))
        return bp_error(BP_FAILURE, "not enough memory for episodes of %d steps", episode->length);
    for (int b = 0; b < bins; b++) {
        int end = (b + 1) * bin < episode->length ? (b + 1) * bin : episode->length;
        double sum = 0;
        for (int t = b * bin; t < end; t++)
            sum += episode->kl_prior[t];
        gsl_rstat_add(sum / (end - b * bin), gathered->bins[b]);
        total += sum;
    }
    if (gathered->total)
        gsl_rstat_add(total, gathered->total);
    return 0;
}

static void print_mean(struct bp_table *table, gsl_rstat_workspace *values)
{
    size_t n = gsl_rstat_n(values);

    bp_table_count(table, (int64_t)n);
    bp_table_real(table, gsl_rstat_mean(values));
    bp_table_real(table, n > 1 ? gsl_rstat_sd_mean(values) : NAN);
}

/* A row for each bin, named by its first step, and one for the sum over an episode. */
static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;

    for (int b = 0; b < gathered->count; b++) {
        bp_episodes_head(table, group);
        bp_table_count(table, b * options->bin);
        print_mean(table, gathered->bins[b]);
    }
    if (gathered->total) {
        bp_episodes_head(table, group);
        bp_table_text(table, "total");
        print_mean(table, gathered->total);
    }
    return 0;
}

static void clear(void *data)
{
    struct gathered *gathered = data;

    for (int b = 0; b < gathered->count; b++)
        gsl_rstat_free(gathered->bins[b]);
    free(gathered->bins);
    if (gathered->total)
        gsl_rstat_free(gathered->total);
}

int bp_kl_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
