#include "report/report.h"

#include "stats/bootstrap.h"

#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(struct bp_report_options, member)
#define END { .name = NULL }

/* ---- options ---- */

static const char *statistic_name(int i)
{
    return bp_bootstrap_statistics[i].name;
}

static const struct bp_option output_options[] = {
    { "tsv", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(tsv), NULL, 0, 0, NULL, NULL, "tab-separated values with a line of names", NULL },
    { "json", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(json), NULL, 0, 0, NULL, NULL, "a JSON array with an object for each row", NULL },
    END,
};

static const struct bp_option step_options[] = {
    { "episodes", 'n', BP_COUNT, BP_SCOPE_COMMAND, AT(episodes), "0", 0, 1e15, NULL, "N",
      "the first N episodes of each file; 0: all", NULL },
    END,
};

static const struct bp_option dump_options[] = {
    { "groups", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(groups), "*", 0, 0, NULL, "NAMES",
      "observation groups to print, with commas between; '*': all", NULL },
    END,
};

static const struct bp_option latent_options[] = {
    { "latents", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(latents), NULL, 0, 0, NULL, NULL, "columns of the latent in force too", NULL },
    END,
};

static const struct bp_option action_options[] = {
    { "bins", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(bins), "40", 1, 1e6, NULL, "N", "bins of each histogram", NULL },
    END,
};

static const struct bp_option transition_options[] = {
    { "p", 0, BP_REAL, BP_SCOPE_COMMAND, AT(p), "0.9", 0, 1, NULL, "P",
      "probability of the likely next target in the true table", NULL },
    END,
};

static const struct bp_option kl_options[] = {
    { "bin", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(bin), "1", 1, 1e6, NULL, "STEPS", "steps averaged into one row", NULL },
    END,
};

static const struct bp_option information_options[] = {
    { "cells", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(cells), "4", 2, 64, NULL, "N", "bins of each number, of latents and of places", NULL },
    { "place", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(place), "end", 0, 0, bp_information_place, "NAME",
      "where the body is when the latent ends, or the way from where it was drawn", NULL },
    END,
};

static const struct bp_option field_options[] = {
    { "goal", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(goal), NULL, 0, 0, NULL, "X,Y", "only episodes whose target is in this cell; 0,0 is at the left and at the bottom", NULL },
    END,
};

static const struct bp_option run_options[] = {
    { "db", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(db), "bp.db", 0, 0, NULL, "FILE", "run database when no operand names it", NULL },
    { "where", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(where), NULL, 0, 0, NULL, "SQL", "only runs for which this condition holds", NULL },
    END,
};

static const struct bp_option group_options[] = {
    { "by", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(by), "preset", 0, 0, NULL, "KEYS",
      "group runs by these columns or config values, with commas between", NULL },
    { "metric", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(metric), "episode_return", 0, 0, NULL, "NAME",
      "metric of the progress, or TASK/PLAY[/COLUMN] of evaluations", NULL },
    { "x", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(x), "transitions", 0, 0, NULL, "NAME",
      "what runs are measured in: transitions, env_steps, updates or seconds", NULL },
    END,
};

static const struct bp_option curve_options[] = {
    { "points", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(points), NULL, 0, 1e6, NULL, "N",
      "points of each curve, evenly spaced; 0: where its runs have values; unset: 100, of evaluations 0", NULL },
    END,
};

static const struct bp_option final_options[] = {
    { "last", 0, BP_REAL, BP_SCOPE_COMMAND, AT(last), "0.1", 1e-6, 1, NULL, "SHARE",
      "share of a run, at its end, whose mean is its final value", NULL },
    END,
};

static const struct bp_option compare_options[] = {
    { "statistic", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(statistic), "iqm", 0, 0, statistic_name, "NAME",
      "what a group's runs are reduced to", NULL },
    { "baseline", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(baseline), NULL, 0, 0, NULL, "GROUP",
      "group that the others are measured against; unset: the first", NULL },
    { "threshold", 0, BP_REAL, BP_SCOPE_COMMAND, AT(threshold), NULL, 0, 0, NULL, "X",
      "measure transitions until the metric is X", NULL },
    { "fraction", 0, BP_REAL, BP_SCOPE_COMMAND, AT(fraction), NULL, 1e-6, 1, NULL, "F",
      "measure transitions until the metric is F times the run's final value", NULL },
    { "smooth", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(smooth), "5", 1, 1e6, NULL, "POINTS",
      "points (odd) averaged before X or F is looked for", NULL },
    END,
};

/* Parts of the options, each with the letter by which the reports below choose it. */
static const struct {
    char letter;
    const char *title;
    const struct bp_option *rows;
} parts_table[] = {
    { 'o', "Output", output_options },
    { 'n', "Episodes (dump, trajectories)", step_options },
    { 'd', "Columns (dump)", dump_options },
    { 'l', "Latents (trajectories)", latent_options },
    { 't', "Targets (transitions)", transition_options },
    { 'k', "Divergence (kl)", kl_options },
    { 'a', "Histograms (actions)", action_options },
    { 'm', "Bins (information)", information_options },
    { 'F', "Cells (field)", field_options },
    { 'r', "Runs (curves, compare, profile, health)", run_options },
    { 'g', "Groups of runs (curves, compare, profile)", group_options },
    { 'c', "Grid (curves, profile)", curve_options },
    { 'f', "Final values (compare, profile, health)", final_options },
    { 'b', "Comparison (compare)", compare_options },
};

_Static_assert(sizeof parts_table / sizeof *parts_table < BP_REPORT_PARTS, "room for all parts and the end");

void bp_report_parts(const struct bp_report *report, struct bp_report_options *values, struct bp_option_part *parts)
{
    int count = 0;

    for (size_t i = 0; i < sizeof parts_table / sizeof *parts_table; i++)
        if (!report || strchr(report->parts, parts_table[i].letter))
            parts[count++] = (struct bp_option_part){ parts_table[i].title, parts_table[i].rows, values };
    parts[count] = (struct bp_option_part){ NULL, NULL, NULL };
}

int bp_report_check(const struct bp_report_options *options)
{
    if (options->tsv && options->json)
        return bp_error(BP_USAGE, "--tsv and --json exclude each other");
    if (options->has_threshold && options->fraction > 0)
        return bp_error(BP_USAGE, "--threshold and --fraction exclude each other");
    if (options->smooth && options->smooth % 2 == 0)
        return bp_error(BP_USAGE, "--smooth must be odd, not %lld", (long long)options->smooth);
    return 0;
}

/* ---- reports ---- */

const struct bp_report bp_report_table[] = {
    { "info", "FILE...", "what a checkpoint, stream, resume state or run database holds", "o", bp_info_report },
    { "dump", "FILE...", "a line for each step of a stream, or each element of a checkpoint's tensors", "ond", bp_dump_report },
    { "returns", "STREAM...", "return and length of episodes: mean, error, median, IQM, 95 % interval", "o", bp_returns_report },
    { "transitions", "STREAM...", "targets visited after the last two, beside the true table, and their KL", "ot",
      bp_transitions_report },
    { "kl", "STREAM...", "KL between policy and prior along episodes", "ok", bp_kl_report },
    { "actions", "STREAM...", "how actions are distributed, and how far from those of the first stream", "oa", bp_actions_report },
    { "trajectories", "STREAM...", "positions step by step, with those of the targets", "onl", bp_trajectories_report },
    { "information", "STREAM...", "what latents tell of where the body goes: mutual information", "om", bp_information_report },
    { "field", "STREAM...", "KL that a step from each cell to the next costs", "oF", bp_field_report },
    { "curves", "DATABASE", "learning curves: mean, standard error, IQM and its 95 % interval over runs", "orgc", bp_curves_report },
    { "compare", "DATABASE", "groups of runs: final value, probability of improvement, transitions to a level", "orgfb",
      bp_compare_report },
    { "profile", "DATABASE", "share of a group's runs that end above each score", "orgcf", bp_profile_report },
    { "health", "DATABASE", "what a run measured at its end, and what to look at where that is out of range", "orf", bp_health_report },
    { NULL, NULL, NULL, NULL, NULL },
};

const struct bp_report *bp_report_find(const char *name)
{
    for (const struct bp_report *row = bp_report_table; row->name; row++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

struct bp_table *bp_report_start(const struct bp_report_options *options, FILE *out, const struct bp_table_column *columns,
                                 int count)
{
    enum bp_table_format format = options->json ? BP_TABLE_JSON : options->tsv ? BP_TABLE_TSV : BP_TABLE_TEXT;

    return bp_table_new(out, format, columns, count);
}
