/* Which target followed which two, beside the true table: BP table 2, figures 8 and 17. */
#include "report/episodes.h"
#include "report/report.h"
#include "stats/transition.h"

#include <stdlib.h>
#include <string.h>

enum { TARGETS = BP_MARKOV_TARGETS };

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "older", 0 }, { "last", 0 }, { "visits", 0 },
    { "visited_0", 3 }, { "visited_1", 3 }, { "visited_2", 3 }, { "visited_3", 3 },
    { "true_0", 3 }, { "true_1", 3 }, { "true_2", 3 }, { "true_3", 3 }, { "kl", 4 }, { "standard_error", 4 },
};

struct gathered {
    struct bp_transition_table all;
    struct bp_transition_table *episodes;       /* one for each, for the standard error */
    size_t count, room;
};

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;

    (void)options;
    if (bp_episode_played(episode, bp_episodes_name(file)))
        return -1;
    if (!bp_markov_task(episode->task))
        return bp_error(BP_USAGE, "%s: task '%s' has no order in which targets follow each other; %s and %s have", bp_episodes_name(file),
                        episode->task, bp_markov_tasks[0], bp_markov_tasks[1]);
    if (gathered->count == gathered->room) {
        size_t room = gathered->room ? 2 * gathered->room : 64;
        struct bp_transition_table *grown = realloc(gathered->episodes, room * sizeof *grown);
        if (!grown)
            return bp_error(BP_FAILURE, "not enough memory for the visits of %zu episodes", room);
        gathered->episodes = grown;
        gathered->room = room;
    }
    struct bp_transition_table *table = &gathered->episodes[gathered->count];
    memset(table, 0, sizeof *table);
    if (bp_transition_add(table, episode->event, episode->length, bp_episodes_name(file)))
        return -1;
    bp_transition_merge(&gathered->all, table);
    gathered->count++;
    return 0;
}

static void print_pair(struct bp_table *table, const struct bp_episodes_group *group, int older, int last, double p)
{
    const struct gathered *gathered = group->data;

    bp_episodes_head(table, group);
    bp_table_count(table, older);
    bp_table_count(table, last);
    bp_table_count(table, bp_transition_row(&gathered->all, older, last));
    for (int next = 0; next < TARGETS; next++)
        bp_table_real(table, bp_transition_probability(&gathered->all, older, last, next));
    for (int next = 0; next < TARGETS; next++)
        bp_table_real(table, bp_markov_probability(older, last, next, p));
    bp_table_real(table, bp_transition_row_kl(&gathered->all, older, last, p));
    bp_table_skip(table, 1);
}

/* A row for each pair, and one with all visits and the mean over the pairs. */
static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;

    for (int older = 0; older < TARGETS; older++)
        for (int last = 0; last < TARGETS; last++)
            if (older != last)
                print_pair(table, group, older, last, options->p);
    bp_episodes_head(table, group);
    bp_table_text(table, "all");
    bp_table_text(table, "all");
    bp_table_count(table, gathered->all.visits);
    bp_table_skip(table, 2 * TARGETS);
    bp_table_real(table, bp_transition_kl(&gathered->all, options->p));
    bp_table_real(table, bp_transition_standard_error(gathered->episodes, gathered->count, options->p));
    return 0;
}

static void clear(void *data)
{
    free(((struct gathered *)data)->episodes);
}

int bp_transitions_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
