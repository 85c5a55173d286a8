#include "report/episodes.h"

#include <stdlib.h>
#include <string.h>

const char *bp_episodes_name(const char *file)
{
    return strcmp(file, "-") ? file : "standard input";
}

static int read_file(const char *file, bp_episodes_take *take, void *context)
{
    struct bp_pack_reader *reader = bp_pack_open(file);
    struct bp_episode episode;
    int got = 0, taken = 0;

    if (!reader)
        return -1;
    while (!taken && (got = bp_episode_read(reader, &episode)) == 1) {
        taken = take(context, file, &episode);
        bp_episode_free(&episode);
    }
    bp_pack_close(reader);
    return taken ? (taken < 0 ? -2 : 0) : got;
}

int bp_episodes_each(char *const *files, int count, bp_episodes_take *take, void *context)
{
    int status = 0;

    if (!count)
        return read_file("-", take, context);
    for (int i = 0; i < count && status != -2; i++) {
        int result = read_file(files[i], take, context);
        status = result ? result : status;
    }
    return status;
}

/* ---- groups ---- */

struct gathering {
    const struct bp_episodes_report *report;
    const struct bp_report_options *options;
    struct bp_episodes_group *groups;       /* in order of appearance */
    int count;
};

static struct bp_episodes_group *find(struct gathering *all, const char *file, const struct bp_episode *episode)
{
    for (int i = 0; i < all->count; i++) {
        struct bp_episodes_group *group = &all->groups[i];
        if (!strcmp(group->file, file) && !strcmp(group->task, episode->task) && !strcmp(group->play, episode->play))
            return group;
    }
    struct bp_episodes_group *grown = realloc(all->groups, (size_t)(all->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    all->groups = grown;
    struct bp_episodes_group *group = &grown[all->count];
    *group = (struct bp_episodes_group){ .file = strdup(file), .data = calloc(1, all->report->data_size) };
    if (!group->file || !group->data) {
        free(group->file);
        free(group->data);
        return NULL;
    }
    memcpy(group->task, episode->task, sizeof group->task);
    memcpy(group->play, episode->play, sizeof group->play);
    all->count++;
    return group;
}

static int gather(void *context, const char *file, const struct bp_episode *episode)
{
    struct gathering *all = context;
    struct bp_episodes_group *group = find(all, file, episode);

    if (!group)
        return bp_error(BP_FAILURE, "not enough memory for the episodes of %s", bp_episodes_name(file));
    return all->report->add(group->data, all->options, file, episode);
}

static void free_groups(struct gathering *all)
{
    for (int i = 0; i < all->count; i++) {
        all->report->clear(all->groups[i].data);
        free(all->groups[i].data);
        free(all->groups[i].file);
    }
    free(all->groups);
}

int bp_episodes_run(const struct bp_episodes_report *report, const struct bp_report_options *options, char *const *files,
                    int count, FILE *out)
{
    struct gathering all = { .report = report, .options = options };
    int status = bp_episodes_each(files, count, gather, &all);

    if (status == 0 || (status == -1 && all.count)) {
        struct bp_table *table = bp_report_start(options, out, report->columns, report->column_count);
        if (!table)
            status = -1;
        for (int i = 0; i < all.count; i++) {
            all.groups[i].first = all.groups;
            all.groups[i].groups = all.count;
        }
        for (int i = 0; table && i < all.count; i++)
            if (report->print(table, options, &all.groups[i]))
                status = -1;
        if (bp_table_end(table))
            status = -1;
    }
    free_groups(&all);
    return status ? -1 : 0;
}

void bp_episodes_head(struct bp_table *table, const struct bp_episodes_group *group)
{
    bp_table_text(table, group->file);
    bp_table_text(table, group->task);
    bp_table_text(table, group->play);
}

int bp_episodes_push(struct bp_episodes_values *values, double value)
{
    if (values->count == values->room) {
        size_t room = values->room ? 2 * values->room : 64;
        double *grown = realloc(values->values, room * sizeof *grown);
        if (!grown)
            return bp_error(BP_FAILURE, "not enough memory for %zu numbers", room);
        values->values = grown;
        values->room = room;
    }
    values->values[values->count++] = value;
    return 0;
}
