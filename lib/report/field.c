/* What a step from one cell to the next costs in KL, as a field over the arena: EH figure 12. */
#include "report/episodes.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CELLS = 64, DIRECTIONS = 4 };

static const struct {
    const char *name;
    int x, y;
} directions[DIRECTIONS] = { { "up", 0, 1 }, { "down", 0, -1 }, { "left", -1, 0 }, { "right", 1, 0 } };

static const struct bp_table_column columns[] = {
    { "file", 0 }, { "task", 0 }, { "play", 0 }, { "x", 0 }, { "y", 0 }, { "direction", 0 }, { "n", 0 }, { "kl_reward", 4 }, { "standard_error", 4 },
    { "goal_x", 0 }, { "goal_y", 0 },
};

/* Of the steps in one direction from one cell. */
struct cell {
    double n, sum, square;
};

struct gathered {
    struct cell *cells;         /* edge x edge x DIRECTIONS: y, x, direction. Owned */
    int edge;                   /* cells along it */
};

/* Cells are 1 m wide, 0, 0 is at the left and at the bottom. -1 outside the arena. */
static int cell_of(const struct gathered *gathered, float place)
{
    int cell = (int)floor((double)place + 0.5 * gathered->edge);

    return cell >= 0 && cell < gathered->edge ? cell : -1;
}

/* The cell of --goal; 0, or -1 after reporting. Without the option x is -1. */
static int parse_goal(const char *text, int *x, int *y)
{
    char end;

    *x = *y = -1;
    if (!text || (sscanf(text, "%d,%d%c", x, y, &end) == 2 && *x >= 0 && *y >= 0))
        return 0;
    return bp_error(BP_USAGE, "--goal wants a cell, as 5,2, not '%s'", text);
}

static int begin(struct gathered *gathered, const char *file, const struct bp_episode *episode)
{
    int edge = (int)episode->places.edge;

    if (!episode->kl_prior)
        return bp_error(BP_USAGE, "%s: episode %lld has no KL to a prior; bp-rollout records it when it plays a checkpoint with policy and prior",
                        bp_episodes_name(file), (long long)episode->index);
    if (!episode->places.pose || !episode->places.targets || edge < 2 || edge > MOST_CELLS)
        return bp_error(BP_USAGE, "%s: episode %lld, of task '%s', is in no square arena of 2 to %d m with a target, of which there would be a field",
                        bp_episodes_name(file), (long long)episode->index, episode->task, MOST_CELLS);
    if (gathered->cells && gathered->edge != edge)
        return bp_error(BP_USAGE, "%s: episode %lld is in an arena of %d m, those before it of %d m; report them one by one", bp_episodes_name(file),
                        (long long)episode->index, edge, gathered->edge);
    gathered->edge = edge;
    if (!gathered->cells && !(gathered->cells = calloc((size_t)(edge * edge * DIRECTIONS), sizeof *gathered->cells)))
        return bp_error(BP_FAILURE, "not enough memory for a field of %d x %d cells", edge, edge);
    return 0;
}

/* The KL of the first latent that is drawn from step t on, or of step t where there are none; NaN: there is no such step. */
static double next_kl(const struct bp_episode *episode, int t)
{
    while (t < episode->length && episode->latents.size && !episode->latents.drawn[t])
        t++;
    return t < episode->length ? (double)episode->kl_prior[t] : NAN;
}

static void add_step(struct gathered *gathered, const struct bp_episode *episode, int t)
{
    const float *from = episode->places.pose + 3 * t, *to = from + 3;
    int x = cell_of(gathered, from[0]), y = cell_of(gathered, from[1]), next_x = cell_of(gathered, to[0]), next_y = cell_of(gathered, to[1]);
    double kl = next_kl(episode, t + 1);

    if (x < 0 || y < 0 || next_x < 0 || next_y < 0 || isnan(kl))
        return;
    for (int d = 0; d < DIRECTIONS; d++)
        if (next_x - x == directions[d].x && next_y - y == directions[d].y) {
            struct cell *cell = &gathered->cells[(y * gathered->edge + x) * DIRECTIONS + d];
            cell->n++;
            cell->sum -= kl;
            cell->square += kl * kl;
        }
}

static int add(void *data, const struct bp_report_options *options, const char *file, const struct bp_episode *episode)
{
    struct gathered *gathered = data;
    int x, y;

    if (parse_goal(options->goal, &x, &y) || begin(gathered, file, episode))
        return -1;
    if (options->goal && (cell_of(gathered, episode->places.target[0]) != x || cell_of(gathered, episode->places.target[1]) != y))
        return 0;
    for (int t = 0; t < episode->length; t++)
        add_step(gathered, episode, t);
    return 0;
}

static int print(struct bp_table *table, const struct bp_report_options *options, const struct bp_episodes_group *group)
{
    const struct gathered *gathered = group->data;
    int goal_x, goal_y;

    if (parse_goal(options->goal, &goal_x, &goal_y))
        return -1;
    for (int i = 0; i < gathered->edge * gathered->edge * DIRECTIONS; i++) {
        const struct cell *cell = &gathered->cells[i];
        double mean = cell->sum / cell->n;
        if (cell->n == 0)
            continue;
        bp_episodes_head(table, group);
        bp_table_count(table, i / DIRECTIONS % gathered->edge);
        bp_table_count(table, i / DIRECTIONS / gathered->edge);
        bp_table_text(table, directions[i % DIRECTIONS].name);
        bp_table_count(table, (int64_t)cell->n);
        bp_table_real(table, mean);
        bp_table_real(table, cell->n > 1 ? sqrt(fmax(0, cell->square / cell->n - mean * mean) / (cell->n - 1)) : NAN);
        for (int k = 0; k < 2; k++) {
            int goal = k ? goal_y : goal_x;
            if (goal < 0)
                bp_table_text(table, "any");
            else
                bp_table_count(table, goal);
        }
    }
    return 0;
}

static void clear(void *data)
{
    free(((struct gathered *)data)->cells);
}

int bp_field_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_episodes_report report = {
        columns, sizeof columns / sizeof *columns, sizeof(struct gathered), add, print, clear,
    };

    return bp_episodes_run(&report, options, files, count, out);
}
