/* Where the body went, step by step, and where the targets were: BP figures 3, 5, 6 and 11. */
#include "report/episodes.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TARGETS = 16, HEAD = 9 };

/* Observations span [-1, 1] over the arena, (target - position) in the same unit; tables give both in units of its edge. */
static const double scale = 0.5;

struct printing {
    const struct bp_report_options *options;
    FILE *out;
    struct bp_table *table;     /* NULL until the first episode tells the number of targets */
    int targets;
    struct bp_table_column columns[HEAD + 2 * MOST_TARGETS];
    char names[2 * MOST_TARGETS][16];
    const char *file;           /* being read, and how many of its episodes were taken */
    int64_t taken;
};

static int start(struct printing *printing, int targets)
{
    static const struct bp_table_column head[HEAD] = {
        { "file", 0 }, { "task", 0 }, { "play", 0 }, { "episode", 0 }, { "step", 0 }, { "x", 4 }, { "y", 4 }, { "event", 0 },
        { "reward", 2 },
    };

    printing->targets = targets;
    memcpy(printing->columns, head, sizeof head);
    for (int i = 0; i < 2 * targets; i++) {
        snprintf(printing->names[i], sizeof printing->names[i], "target%d_%c", i / 2, i % 2 ? 'y' : 'x');
        printing->columns[HEAD + i] = (struct bp_table_column){ printing->names[i], 4 };
    }
    printing->table = bp_report_start(printing->options, printing->out, printing->columns, HEAD + 2 * targets);
    return printing->table ? 0 : -1;
}

static void print_step(struct printing *printing, const struct bp_episode *episode, const float *position, const float *targets,
                       int t)
{
    struct bp_table *table = printing->table;

    bp_table_text(table, printing->file);
    bp_table_text(table, episode->task);
    bp_table_text(table, episode->play);
    bp_table_count(table, episode->index);
    bp_table_count(table, t);
    bp_table_real(table, scale * position[0]);
    bp_table_real(table, scale * position[1]);
    bp_table_count(table, t ? episode->event[t - 1] : BP_NO_EVENT);
    bp_table_real(table, t ? episode->rewards[t - 1] : 0);
    for (int i = 0; i < 2 * printing->targets; i++)
        bp_table_real(table, scale * (targets[i] + position[i % 2]));
}

/* Rows 0 to T: row t stands where step t has led to, with the reward and event of that step. */
static int take(void *context, const char *file, const struct bp_episode *episode)
{
    struct printing *printing = context;
    const struct bp_group *global = bp_groups_find(&episode->groups, "global");
    const struct bp_group *targets = bp_groups_find(&episode->groups, "targets");
    int count = targets ? targets->size / 2 : 0;
    char names[256];

    if (!printing->file || strcmp(printing->file, file)) {
        printing->file = file;
        printing->taken = 0;
    }
    if (printing->options->episodes && printing->taken++ >= printing->options->episodes)
        return 1;
    if (!global || global->size < 2)
        return bp_error(BP_USAGE, "%s: task '%s' records no position (group 'global'); its groups are %s",
                        bp_episodes_name(file), episode->task, bp_groups_text(&episode->groups, names, sizeof names));
    if (count > MOST_TARGETS)
        return bp_error(BP_USAGE, "%s: %d targets are more than the %d that this report can show", bp_episodes_name(file), count,
                        MOST_TARGETS);
    if (!printing->table && start(printing, count))
        return -1;
    if (count != printing->targets)
        return bp_error(BP_USAGE, "%s: episode %lld has %d targets, those before it had %d; report them one by one",
                        bp_episodes_name(file), (long long)episode->index, count, printing->targets);
    for (int t = 0; t <= episode->length; t++) {
        const float *row = episode->observations + (size_t)t * (size_t)episode->groups.size;
        print_step(printing, episode, row + global->offset, targets ? row + targets->offset : NULL, t);
    }
    return 0;
}

int bp_trajectories_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    struct printing printing = { .options = options, .out = out };
    int status = bp_episodes_each(files, count, take, &printing);

    if (bp_table_end(printing.table))
        status = -1;
    return status ? -1 : 0;
}
