/*
 * How actions are distributed, number by number, and how far the policy's are from the prior's: BP figure 13. Of choices, the number is
 * 1 where one was made and 0 elsewhere, so that its bins are two, and the distance is that of how often it was made.
 */
#include "report/episodes.h"
#include "report/report.h"
#include "stats/wasserstein.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "action", 0 }, { "bin", 0 }, { "low", 4 }, { "high", 4 }, { "n", 0 }, { "share", 4 },
    { "distance", 4 },
};

struct gathered {
    struct bp_space space;                  /* of A numbers or choices */
    struct bp_episodes_values *values;      /* of each; owned */
};

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;
    char here[64], before[64];

    (void)options;
    if (!gathered->values) {
        gathered->space = episode->action;
        if (!(gathered->values = calloc((size_t)gathered->space.size, sizeof *gathered->values)))
            return bp_error(BP_FAILURE, "not enough memory for actions of %d numbers", gathered->space.size);
    }
    if (!bp_space_equal(episode->action, gathered->space))
        return bp_error(BP_USAGE, "%s: the actions of episode %lld are %s, those before it %s; report them one by one", bp_episodes_name(file),
                        (long long)episode->index, bp_space_text(episode->action, here, sizeof here), bp_space_text(gathered->space, before, sizeof before));
    for (int i = 0; i < episode->length * gathered->space.size; i++) {
        if (!isfinite(episode->actions[i]))
            return bp_error(BP_USAGE, "%s: episode %lld has an action that is not finite in step %d", bp_episodes_name(file),
                            (long long)episode->index, i / gathered->space.size + 1);
        if (bp_episodes_push(&gathered->values[i % gathered->space.size], episode->actions[i]))
            return -1;
    }
    return 0;
}

/* The bins of one number are the same in all groups, from the least to the largest of them all. */
static void find_range(const struct bp_episodes_group *group, int action, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    if (((const struct gathered *)group->data)->space.kind == BP_DISCRETE) {
        *low = 0;
        *high = 1;
        return;
    }
    for (int g = 0; g < group->groups; g++) {
        const struct gathered *gathered = group->first[g].data;
        double least, largest;
        gsl_stats_minmax(&least, &largest, gathered->values[action].values, 1, gathered->values[action].count);
        *low = fmin(*low, least);
        *high = fmax(*high, largest);
    }
    if (*low == *high) {
        *low -= 0.5;
        *high += 0.5;
    }
}

static void print_row(struct bp_table *table, const struct bp_episodes_group *group, int action, int64_t bin, double low, double high)
{
    bp_episodes_head(table, group);
    bp_table_count(table, action);
    if (bin < 0)
        bp_table_text(table, "all");
    else
        bp_table_count(table, bin);
    bp_table_real(table, low);
    bp_table_real(table, high);
}

/* The first group's numbers are in order when it was printed, before the others. */
static void print_action(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group, int action)
{
    const struct bp_episodes_values *own = &((struct gathered *)group->data)->values[action],
                                    *first = &((struct gathered *)group->first->data)->values[action];
    int64_t bins = ((struct gathered *)group->data)->space.kind == BP_DISCRETE ? 2 : options->bins;
    double low, high;
    size_t at = 0;

    find_range(group, action, &low, &high);
    gsl_sort(own->values, 1, own->count);
    for (int64_t bin = 0; bin < bins; bin++) {
        double end = bin + 1 < bins ? low + (high - low) * (double)(bin + 1) / (double)bins : high;
        size_t begin = at;
        while (at < own->count && (own->values[at] < end || bin + 1 == bins))
            at++;
        print_row(table, group, action, bin, low + (high - low) * (double)bin / (double)bins, end);
        bp_table_count(table, (int64_t)(at - begin));
        bp_table_real(table, (double)(at - begin) / (double)own->count);
        bp_table_real(table, NAN);
    }
    print_row(table, group, action, -1, own->values[0], own->values[own->count - 1]);
    bp_table_count(table, (int64_t)own->count);
    bp_table_real(table, 1);
    bp_table_real(table, bp_wasserstein(first->values, first->count, own->values, own->count));
}

static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;
    char ours[64], theirs[64];

    for (int g = 0; g < group->groups; g++) {
        struct bp_space other = ((const struct gathered *)group->first[g].data)->space;
        if (!bp_space_equal(other, gathered->space))
            return group > group->first ? -1 :          /* it was told */
                   bp_error(BP_USAGE, "the actions of %s are %s, those of %s %s; report them one by one", bp_episodes_name(group->file),
                            bp_space_text(gathered->space, ours, sizeof ours), bp_episodes_name(group->first[g].file), bp_space_text(other, theirs, sizeof theirs));
    }
    for (int action = 0; action < gathered->space.size; action++)
        print_action(table, options, group, action);
    return 0;
}

static void clear(void *data)
{
    struct gathered *gathered = data;

    for (int i = 0; gathered->values && i < gathered->space.size; i++)
        free(gathered->values[i].values);
    free(gathered->values);
}

int bp_actions_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
