/* Where the body went, step by step, and where targets and boxes were: BP figures 3, 5, 6 and 11. */
#include "report/episodes.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 16, MOST_LATENTS = 64, MOST_COLUMNS = HEAD + 5 * BP_PLACES_MOST + MOST_LATENTS };

struct printing {
    const struct bp_report_options *options;
    FILE *out;
    struct bp_table *table;     /* NULL until the first episode tells how many things there are */
    int targets, boxes, latents;
    struct bp_table_column columns[MOST_COLUMNS];
    char names[MOST_COLUMNS][24];
    const char *file;           /* being read, and how many of its episodes were taken */
    int64_t taken;
};

static int add_columns(struct printing *printing, int column, const char *thing, int count, const char *const *numbers)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; numbers[k]; k++, column++) {
            snprintf(printing->names[column], sizeof printing->names[column], "%s%d_%s", thing, i, numbers[k]);
            printing->columns[column] = (struct bp_table_column){ printing->names[column], 4 };
        }
    return column;
}

/* Numbers of the latent to print: 0 when they are not asked for; -1 after reporting that there are none. */
static int latents_of(const struct printing *printing, const struct bp_episode *episode)
{
    int size = episode->latents.size;

    if (!printing->options->latents)
        return 0;
    if (size >= 1 && size <= MOST_LATENTS)
        return size;
    return bp_error(BP_USAGE, size ? "%s: episode %lld has latents of more than 64 numbers" :
                    "%s: episode %lld has no latents; bp-rollout records them when a hierarchical policy or prior acts",
                    bp_episodes_name(printing->file), (long long)episode->index);
}

static int start(struct printing *printing, const struct bp_places *places, int latents)
{
    static const struct bp_table_column head[HEAD] = {
        { "file", 0 }, { "task", 0 }, { "play", 0 }, { "episode", 0 }, { "step", 0 }, { "x", 4 }, { "y", 4 }, { "heading", 4 },
        { "event", 0 }, { "reward", 2 }, { "edge", 2 }, { "corridor", 2 }, { "gap_begin", 2 }, { "gap_end", 2 }, { "target_shape", 0 },
        { "target_size", 2 },
    };
    static const char *const place[] = { "x", "y", NULL }, *const turned[] = { "x", "y", "heading", NULL };

    memcpy(printing->columns, head, sizeof head);
    printing->targets = places->targets;
    printing->boxes = places->boxes;
    int count = add_columns(printing, HEAD, "target", places->targets, place);
    count = add_columns(printing, count, "box", places->boxes, turned);
    printing->latents = latents;
    for (int i = 0; i < latents; i++, count++) {
        snprintf(printing->names[count], sizeof printing->names[count], "latent_%d", i);
        printing->columns[count] = (struct bp_table_column){ printing->names[count], 4 };
    }
    printing->table = bp_report_start(printing->options, printing->out, printing->columns, count);
    return printing->table ? 0 : -1;
}

static void print_numbers(struct bp_table *table, const float *numbers, int count)
{
    for (int i = 0; i < count; i++)
        bp_table_real(table, numbers[i]);
}

static void print_step(struct printing *printing, const struct bp_episode *episode, const struct bp_places *places, int t)
{
    struct bp_table *table = printing->table;

    bp_table_text(table, printing->file);
    bp_table_text(table, episode->task);
    bp_table_text(table, episode->play);
    bp_table_count(table, episode->index);
    bp_table_count(table, t);
    print_numbers(table, places->pose + 3 * t, 3);
    bp_table_count(table, t ? episode->event[t - 1] : BP_NO_EVENT);
    bp_table_real(table, t ? episode->rewards[t - 1] : 0);
    bp_table_real(table, places->edge);
    bp_table_real(table, places->corridor);
    bp_table_real(table, places->corridor > 0 ? places->gap[0] : NAN);
    bp_table_real(table, places->corridor > 0 ? places->gap[1] : NAN);
    bp_table_text(table, !places->targets ? "none" : places->target_round ? "disc" : "square");
    bp_table_real(table, places->targets ? places->target_size : NAN);
    print_numbers(table, places->target + 2 * t * places->targets, 2 * places->targets);
    print_numbers(table, places->box + 3 * t * places->boxes, 3 * places->boxes);
    print_numbers(table, episode->latents.value + (t ? t - 1 : 0) * printing->latents, printing->latents);
}

static int print_episode(struct printing *printing, const struct bp_episode *episode, const struct bp_places *places)
{
    int latents = latents_of(printing, episode);

    if (latents < 0 || (!printing->table && start(printing, places, latents)))
        return -1;
    if (latents != printing->latents)
        return bp_error(BP_USAGE, "%s: episode %lld has latents of %d numbers, those before it had %d; report them one by one",
                        bp_episodes_name(printing->file), (long long)episode->index, latents, printing->latents);
    if (places->targets != printing->targets || places->boxes != printing->boxes)
        return bp_error(BP_USAGE, "%s: episode %lld has %d targets and %d boxes, those before it had %d and %d; report them one by one",
                        bp_episodes_name(printing->file), (long long)episode->index, places->targets, places->boxes, printing->targets,
                        printing->boxes);
    for (int t = 0; t <= episode->length; t++)
        print_step(printing, episode, places, t);
    return 0;
}

/*
 * Streams of version 0.1.0 have no places. Of the point mass, which never turns and whose arena is 1 m, they are in what it saw: twice
 * its position, and twice the way to each target. 0, or -1 after reporting.
 */
static int infer(const struct bp_episode *episode, const char *file, struct bp_places *places)
{
    const struct bp_group *global = bp_groups_find(&episode->groups, "global"), *targets = bp_groups_find(&episode->groups, "targets");
    struct bp_places scene = { .edge = 1, .target_size = 0.12, .target_round = true };

    if (strcmp(episode->body, "pointmass") || !global || global->size < 2 || !targets || targets->size / 2 > BP_PLACES_MOST)
        return bp_error(BP_USAGE, "%s: episode %lld, of task '%s', does not tell where things were; bp-rollout records it again",
                        bp_episodes_name(file), (long long)episode->index, episode->task);
    scene.targets = targets->size / 2;
    if (bp_places_alloc(places, &scene, episode->length))
        return -1;
    for (int t = 0; t <= episode->length; t++) {
        const float *row = episode->observations + (size_t)t * (size_t)episode->groups.size, *at = row + global->offset;
        for (int k = 0; k < 2; k++)
            places->pose[3 * t + k] = at[k] / 2;
        for (int i = 0; i < 2 * scene.targets; i++)
            places->target[2 * t * scene.targets + i] = (row[targets->offset + i] + at[i % 2]) / 2;
    }
    return 0;
}

/* Rows 0 to T: row t is where step t has led to, with the reward and event of that step. */
static int take(void *context, const char *file, const struct bp_episode *episode)
{
    struct printing *printing = context;
    struct bp_places inferred = { 0 };
    int status;

    if (!printing->file || strcmp(printing->file, file)) {
        printing->file = file;
        printing->taken = 0;
    }
    if (printing->options->episodes && printing->taken++ >= printing->options->episodes)
        return 1;
    if (bp_episode_played(episode, bp_episodes_name(file)) || (!episode->places.pose && infer(episode, file, &inferred)))
        return -1;
    status = print_episode(printing, episode, episode->places.pose ? &episode->places : &inferred);
    bp_places_free(&inferred);
    return status;
}

int bp_trajectories_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    struct printing printing = { .options = options, .out = out };
    int status = bp_episodes_each(files, count, take, &printing);

    if (bp_table_end(printing.table))
        status = -1;
    return status ? -1 : 0;
}
