#include "base/option_private.h"

#include <stdio.h>

void bp_option_help(const struct bp_options *options, const struct bp_usage *usage)
{
    printf("usage: %s %s\n\n%s\n", bp_program(), usage->synopsis, usage->summary);
    for (const struct bp_option_part *part = options->parts; part->rows; part++) {
        printf("\n%s:\n", part->title);
        for (const struct bp_option *row = part->rows; row->name; row++) {
            char left[96], letter[8] = "    ";
            if (row->letter)
                snprintf(letter, sizeof letter, "-%c, ", row->letter);
            snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name, row->metavar ? " " : "",
                     row->metavar ? row->metavar : "");
            printf("  %-34s %s", left, row->help);
            if (row->type == BP_CHOICE) {
                printf(":");
                for (int i = 0; row->choices(i); i++)
                    printf("%s%s", i ? ", " : " ", row->choices(i));
            }
            if (row->preset && row->type != BP_FLAG && *row->preset)
                printf(" [%s]", row->preset);
            printf("\n");
        }
    }
    printf("\n  %-34s %s\n  %-34s %s\n", "-h, --help", "this text", "    --version", "version");
    printf("\nExample: %s\nManual: man %s\n", usage->example, bp_program());
}

void bp_options_usage(const struct bp_usage *usage)
{
    bp_fail(BP_USAGE);
    fprintf(stderr, "usage: %s %s\n%s\nExample: %s\n'%s --help' lists the options, 'man %s' explains them.\n", bp_program(),
            usage->synopsis, usage->summary, usage->example, bp_program(), bp_program());
}
