/* What episodes earned: a row for each file, task and play. */
#include "report/episodes.h"
#include "report/report.h"
#include "stats/summary.h"

#include <stdlib.h>

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "n", 0 }, { "mean", 3 }, { "standard_error", 3 }, { "median", 3 },
    { "iqm", 3 }, { "low", 3 }, { "high", 3 }, { "length", 1 }, { "terminated", 3 }, { "diverged", 3 },
};

struct gathered {
    struct bp_episodes_values returns;
    double steps;
    int64_t terminated, diverged;
};

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;

    (void)options;
    if (bp_episode_played(episode, bp_episodes_name(file)))
        return -1;
    gathered->steps += episode->length;
    gathered->terminated += episode->terminated;
    gathered->diverged += episode->diverged;
    return bp_episodes_push(&gathered->returns, bp_episode_return(episode));
}

static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;
    struct bp_summary summary;

    (void)options;
    if (bp_summary_compute(gathered->returns.values, gathered->returns.count, &summary))
        return -1;
    double n = (double)summary.n;
    bp_episodes_head(table, group);
    bp_table_count(table, (int64_t)summary.n);
    bp_table_real(table, summary.mean);
    bp_table_real(table, summary.standard_error);
    bp_table_real(table, summary.median);
    bp_table_real(table, summary.iqm);
    bp_table_real(table, summary.low);
    bp_table_real(table, summary.high);
    bp_table_real(table, gathered->steps / n);
    bp_table_real(table, (double)gathered->terminated / n);
    bp_table_real(table, (double)gathered->diverged / n);
    return 0;
}

static void clear(void *data)
{
    free(((struct gathered *)data)->returns.values);
}

int bp_returns_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
