#include "base/option_private.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_HELP = 1000, OPTION_VERSION, OPTION_FIRST };

static int read_environment(struct bp_options *options)
{
    for (int i = 0; i < options->count; i++) {
        char name[80], *value;
        snprintf(name, sizeof name, "BP_%s", options->entries[i].row->name);
        for (char *c = name + 3; *c; c++)
            *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        if ((value = getenv(name)) && bp_option_put(&options->entries[i], LAYER_ENVIRONMENT, value, name))
            return -1;
    }
    return 0;
}

static void print_help(const struct bp_options *options, const struct bp_usage *usage)
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

/* What was printed has to arrive: 1, or -1 after reporting. */
static int printed(void)
{
    return fflush(stdout) || ferror(stdout) ? bp_error_errno(BP_FAILURE, "cannot write standard output") : 1;
}

/* The word that getopt stumbled over; of letters behind one dash the letter alone, as getopt has not left that word yet. */
static int report_option(char **argv, bool incomplete)
{
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt > 0 && optopt < OPTION_HELP;
    const char *word = is_letter ? letter : argv[optind - 1];

    if (incomplete)
        return bp_error(BP_USAGE, "option '%s' needs a value; '%s --help' lists the options", word, argv[0]);
    if (optopt >= OPTION_HELP)
        return bp_error(BP_USAGE, "option '%s' takes no value; '%s --help' lists the options", word, argv[0]);
    return bp_error(BP_USAGE, "unknown %soption '%s'; '%s --help' lists the options", is_letter ? "" : "or ambiguous ", word, argv[0]);
}

/* getopt's tables, built from ours. Flags also answer to --no-NAME, so that a preset's yes can be undone. */
struct spelling {
    struct option *options;
    char (*negated)[64];
    char letters[160];
};

static int spell(const struct bp_options *options, struct spelling *spelling)
{
    size_t count = 2 * (size_t)options->count + 3;
    int used = 0, letters = 1;

    spelling->options = calloc(count, sizeof *spelling->options);
    spelling->negated = calloc((size_t)options->count + 1, sizeof *spelling->negated);
    if (!spelling->options || !spelling->negated)
        return bp_error(BP_FAILURE, "out of memory");
    spelling->letters[0] = ':';
    for (int i = 0; i < options->count; i++) {
        const struct bp_option *row = options->entries[i].row;
        bool flag = row->type == BP_FLAG;
        spelling->options[used++] = (struct option){row->name, flag ? no_argument : required_argument, NULL, OPTION_FIRST + 2 * i};
        if (flag) {
            snprintf(spelling->negated[i], sizeof spelling->negated[i], "no-%s", row->name);
            spelling->options[used++] = (struct option){spelling->negated[i], no_argument, NULL, OPTION_FIRST + 2 * i + 1};
        }
        if (row->letter) {
            spelling->letters[letters++] = row->letter;
            if (!flag)
                spelling->letters[letters++] = ':';
        }
    }
    spelling->letters[letters++] = 'h';
    spelling->options[used++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    spelling->options[used++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    return 0;
}

static int by_letter(const struct bp_options *options, int letter)
{
    for (int i = 0; i < options->count; i++)
        if (options->entries[i].row->letter == letter)
            return OPTION_FIRST + 2 * i;
    return 0;
}

static int take(struct bp_options *options, int code)
{
    struct entry *entry = &options->entries[(code - OPTION_FIRST) / 2];
    const char *value = entry->row->type != BP_FLAG ? optarg : (code - OPTION_FIRST) % 2 ? "no" : "yes";

    return bp_option_put(entry, LAYER_COMMAND, value, "command line");
}

int bp_options_parse(struct bp_options *options, int argc, char **argv, const struct bp_usage *usage, int *operands)
{
    struct spelling spelling = {0};
    int code, status = -1;

    if (spell(options, &spelling) || read_environment(options))
        goto done;
    opterr = 0;
    optind = 0;                 /* afresh, also behind a line that was given up half-way */
    while ((code = getopt_long(argc, argv, spelling.letters, spelling.options, NULL)) != -1) {
        if (code == 'h' || code == OPTION_HELP) {
            print_help(options, usage);
            status = printed();
            goto done;
        }
        if (code == OPTION_VERSION) {
            printf("%s %s\n", bp_program(), BP_VERSION);
            status = printed();
            goto done;
        }
        if (code == ':' || code == '?') {
            report_option(argv, code == ':');
            goto done;
        }
        if (take(options, code < OPTION_HELP ? by_letter(options, code) : code))
            goto done;
    }
    *operands = optind;
    status = 0;
done:
    free(spelling.options);
    free(spelling.negated);
    return status;
}

char *bp_command_line(int argc, char **argv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (int i = 0; i < argc; i++) {
        bool plain = *argv[i] && !argv[i][strspn(argv[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%")];
        fputs(i ? " " : "", stream);
        if (!plain)
            fputc('\'', stream);
        for (const char *c = argv[i]; *c; c++)
            if (*c == '\'' && !plain)
                fputs("'\\''", stream);
            else
                fputc(*c, stream);
        if (!plain)
            fputc('\'', stream);
    }
    return fclose(stream) ? NULL : text;
}
