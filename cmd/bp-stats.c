/*
 * bp-stats: turns trajectory streams, checkpoints and the run database into tables. A report is named first, and has options of
 * its own; the reports, their options and their help are rows of lib/report/report.c.
 *
 *     bp-rollout --play prior --task nav-hard -n 100 easy.ckpt | bp-stats returns
 *     bp-stats curves --by prior bp.db | gnuplot -p share/plots/curves.gp
 */
#include "base/error.h"
#include "base/near.h"
#include "base/option.h"
#include "report/report.h"
#include "run/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reports that there are: "info, dump, ...", or with `help` a line each. malloc'ed; NULL when out of memory. */
static char *list_reports(bool help)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    if (help)
        fputs("Turns the files of the other programs into tables. Without a file, or with -, it reads standard input.\n"
              "\nReports:", stream);
    for (const struct bp_report *row = bp_report_table; row->name; row++)
        if (help)
            fprintf(stream, "\n  %-13s %-11s %s", row->name, row->input, row->help);
        else
            fprintf(stream, "%s%s", row == bp_report_table ? "" : ", ", row->name);
    fclose(stream);
    return text;
}

static const char *report_name(int i)
{
    return bp_report_table[i].name;
}

/* Options before the report's name are only those that every program has: --help and --version. */
static int refuse(const char *word, struct bp_usage *usage)
{
    char *names = list_reports(!word), hint[64];

    if (!word) {
        usage->summary = names ? names : "";
        bp_options_usage(usage);
    } else {
        bp_error(BP_USAGE, "'%s' is no report%s name one first: %s", word, *bp_near_among(word, report_name, hint, sizeof hint) ? hint : ";",
                 names ? names : "see --help");
    }
    free(names);
    return BP_USAGE;
}

static int run(const struct bp_report *report, struct bp_options *options, struct bp_report_options *values, char **files,
               int count)
{
    if (bp_options_resolve(options))
        return -1;
    values->has_threshold = bp_options_given(options, "threshold");
    values->has_points = bp_options_given(options, "points");
    if (bp_report_check(values))
        return -1;
    return report->function(values, files, count, stdout);
}

int main(int argc, char **argv)
{
    const struct bp_report *report = argc > 1 ? bp_report_find(argv[1]) : NULL;
    struct bp_report_options values = { .tsv = false };
    struct bp_option_part parts[BP_REPORT_PARTS];
    struct bp_usage usage = { .synopsis = "REPORT [OPTION]... [FILE]...", .example = "bp-rollout --play prior -n 100 easy.ckpt | bp-stats returns",
                              .details = bp_version };
    char synopsis[128];
    int first, status;

    bp_set_program(argv[0]);
    if (!report && (argc < 2 || argv[1][0] != '-'))
        return refuse(argv[1], &usage);
    if (report) {               /* the rest of the line is the report's, as if it were a program */
        snprintf(synopsis, sizeof synopsis, "%s [OPTION]... [%s]", report->name, report->input);
        argv[1] = argv[0];
        argv++;
        argc--;
        usage.synopsis = synopsis;
    }
    char *list = report ? NULL : list_reports(true);
    usage.summary = report ? report->help : list ? list : "";
    bp_report_parts(report, &values, parts);
    struct bp_options *options = bp_options_new(parts);
    status = options ? bp_options_parse(options, argc, argv, &usage, &first) : -1;
    if (status == 0 && !report)
        status = refuse(argv[1], &usage) ? -1 : 0;
    else if (status == 0)
        status = run(report, options, &values, argv + first, argc - first);
    bp_options_free(options);
    free(list);
    return status < 0 ? bp_exit_status() : 0;
}
