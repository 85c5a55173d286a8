/*
 * What latents tell of where the body goes: the mutual information of each latent that was drawn and the place at which the body was when the
 * next one was, or the episode ended.
 */
#include "report/episodes.h"
#include "report/report.h"
#include "stats/information.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KINDS = 4096 };                 /* of latents as a whole; with more, only their numbers are reported */

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "latent", 0 }, { "drawn", 0 }, { "kinds", 0 }, { "cells", 0 }, { "information", 4 },
    { "counted", 4 }, { "chance", 4 }, { "entropy", 4 },
};

/* What was drawn, and where it led. */
struct gathered {
    int size;                               /* Z; 0: nothing yet */
    struct bp_episodes_values *latent;      /* each of Z numbers; owned */
    struct bp_episodes_values place[2];
};

const char *bp_information_place(int i)
{
    static const char *const names[] = { "end", "way", NULL };

    return names[i];
}

/* Of the body at row `to`: where it is; or the way from row `from`, as the body saw it from there. */
static void place_of(const struct bp_places *places, int from, int to, bool way, double *place)
{
    const float *pose = places->pose + 3 * to, *before = places->pose + 3 * from;
    double dx = (double)pose[0] - (double)before[0], dy = (double)pose[1] - (double)before[1], heading = (double)before[2];

    place[0] = way ? cos(heading) * dx + sin(heading) * dy : (double)pose[0];
    place[1] = way ? -sin(heading) * dx + cos(heading) * dy : (double)pose[1];
}

static int push(struct gathered *gathered, const struct bp_episode *episode, int from, int to, bool way)
{
    double place[2];

    place_of(&episode->places, from, to, way, place);
    for (int k = 0; k < 2; k++)
        if (bp_episodes_push(&gathered->place[k], place[k]))
            return -1;
    for (int j = 0; j < gathered->size; j++)
        if (bp_episodes_push(&gathered->latent[j], (double)episode->latents.value[from * gathered->size + j]))
            return -1;
    return 0;
}

static int check(const struct gathered *gathered, const char *file, const struct bp_episode *episode)
{
    int size = episode->latents.size;

    if (!size)
        return bp_error(BP_USAGE, "%s: episode %lld has no latents; bp-rollout records them when a hierarchical policy or prior acts",
                        bp_episodes_name(file), (long long)episode->index);
    if (!episode->places.pose)
        return bp_error(BP_USAGE, "%s: episode %lld, of task '%s', does not tell where the body was", bp_episodes_name(file), (long long)episode->index,
                        episode->task);
    if (gathered->size && gathered->size != size)
        return bp_error(BP_USAGE, "%s: episode %lld has latents of %d numbers, those before it had %d; report them one by one",
                        bp_episodes_name(file), (long long)episode->index, size, gathered->size);
    return 0;
}

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;
    bool way = !strcmp(options->place, "way");

    if (check(gathered, file, episode))
        return -1;
    if (!gathered->latent && !(gathered->latent = calloc((size_t)episode->latents.size, sizeof *gathered->latent)))
        return bp_error(BP_FAILURE, "not enough memory for latents of %d numbers", episode->latents.size);
    gathered->size = episode->latents.size;
    for (int from = 0, to = 1; from < episode->length; from = to, to++) {
        while (to < episode->length && !episode->latents.drawn[to])
            to++;
        if (push(gathered, episode, from, to, way))
            return -1;
    }
    return 0;
}

/* ---- kinds of latents, cells of places ---- */

/* Latents that are choices: rows with a single 1 beside zeros. */
static bool are_choices(const struct gathered *gathered)
{
    bool all = gathered->size > 1;

    for (size_t i = 0; i < gathered->latent[0].count && all; i++) {
        int ones = 0, others = 0;
        for (int j = 0; j < gathered->size; j++) {
            double number = gathered->latent[j].values[i];
            ones += number == 1;
            others += number != 1 && number != 0;
        }
        all = ones == 1 && !others;
    }
    return all;
}

/* Bins of several numbers as one kind: the digits of a number of that base. */
static int combine(const struct bp_episodes_values *numbers, int count, int bins, int *bin, int *kind)
{
    size_t n = numbers[0].count;

    memset(kind, 0, n * sizeof *kind);
    for (int j = 0; j < count; j++) {
        if (bp_information_bins(numbers[j].values, n, bins, bin))
            return -1;
        for (size_t i = 0; i < n; i++)
            kind[i] = kind[i] * bins + bin[i];
    }
    return 0;
}

static int power(int base, int exponent)
{
    double value = pow(base, exponent);

    return value > MOST_KINDS ? 0 : (int)value;
}

static int print_row(struct bp_table *table, const struct bp_episodes_group *group, int number, const struct bp_pairs *pairs)
{
    struct bp_information information;

    if (bp_information_of(pairs, &information))
        return -1;
    bp_episodes_head(table, group);
    if (number < 0)
        bp_table_text(table, "all");
    else
        bp_table_count(table, number);
    bp_table_count(table, (int64_t)pairs->n);
    bp_table_count(table, pairs->kinds_a);
    bp_table_count(table, pairs->kinds_b);
    bp_table_real(table, information.estimate);
    bp_table_real(table, information.counted);
    bp_table_real(table, information.chance);
    bp_table_real(table, information.entropy);
    return 0;
}

/* A row for each number, unless they are a choice, and one for all of them together. memory: 3 n. */
static int print_rows(struct bp_table *table, int bins, const struct bp_episodes_group *group, int *memory)
{
    const struct gathered *gathered = group->data;
    size_t n = gathered->latent[0].count;
    int *bin = memory, *kind = memory + n, *cell = memory + 2 * n, kinds = power(bins, gathered->size);
    struct bp_pairs pairs = { kind, cell, n, bins, bins * bins };
    bool choices = are_choices(gathered);

    if (combine(gathered->place, 2, bins, bin, cell))
        return -1;
    for (int j = 0; j < gathered->size && !choices; j++)
        if (combine(&gathered->latent[j], 1, bins, bin, kind) || print_row(table, group, j, &pairs))
            return -1;
    if (choices)
        for (size_t i = 0; i < n; i++)
            for (int j = 0; j < gathered->size; j++)
                kind[i] = gathered->latent[j].values[i] == 1 ? j : kind[i];
    else if (!kinds || combine(gathered->latent, gathered->size, bins, bin, kind))
        return kinds ? -1 : 0;
    pairs.kinds_a = choices ? gathered->size : kinds;
    return print_row(table, group, -1, &pairs);
}

static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;
    int *memory = gathered->size ? malloc((3 * gathered->latent[0].count + 1) * sizeof *memory) : NULL;
    int status = !gathered->size ? 0 : memory ? print_rows(table, (int)options->cells, group, memory) : -1;

    free(memory);
    return status ? bp_error(BP_FAILURE, "not enough memory for what latents tell") : 0;
}

static void clear(void *data)
{
    struct gathered *gathered = data;

    for (int j = 0; j < gathered->size; j++)
        free(gathered->latent[j].values);
    free(gathered->latent);
    for (int k = 0; k < 2; k++)
        free(gathered->place[k].values);
}

int bp_information_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
