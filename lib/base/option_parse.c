#include "base/near.h"
#include "base/option_private.h"
#include "base/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_HELP = 1000, OPTION_VERSION, OPTION_FIRST };

/* The name of an option's variable: BP_KL_COST. */
static void variable(const char *option, char name[80])
{
    snprintf(name, 80, "BP_%s", option);
    for (char *c = name + 3; *c; c++)
        *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
}

/* A variable that none of our programs reads changes nothing: its user probably meant another. */
static void warn_unknown(const struct bp_options *options, const char *set)
{
    struct bp_near near = bp_near_begin(set);
    char word[64], name[80], hint[128];
    int length = (int)strcspn(set, "=");

    snprintf(word, sizeof word, "%.*s", length, set);
    near.word = word + 3;
    for (int i = 0; i < options->count; i++) {
        variable(options->entries[i].row->name, name);
        if (!strcmp(name, word))
            return;
        bp_near_offer(&near, options->entries[i].row->name);
    }
    for (int i = 0; bp_option_elsewhere[i]; i++) {
        variable(bp_option_elsewhere[i], name);
        if (!strcmp(name, word))
            return;
    }
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++) {
        variable(rename->was, name);
        if (!strcmp(name, word))
            return;
    }
    if (near.best) {
        variable(near.best, name);
        near.best = name;
    }
    bp_warn("the environment's %.*s belongs to no option and changes nothing%s", length, set, bp_near_text(&near, "", hint, sizeof hint));
}

/* A variable by a name that its option no longer has. */
static int read_renamed(struct bp_options *options, const struct bp_option_rename *rename)
{
    struct entry *entry = rename->taken ? NULL : bp_option_renamed(options, rename->was);
    char was[80], now[80], *value;

    variable(rename->was, was);
    variable(rename->now, now);
    if (!entry || !(value = getenv(was)) || getenv(now))
        return 0;
    bp_warn("the environment's %s is now called %s", was, now);
    return bp_option_put(entry, LAYER_ENVIRONMENT, value, was);
}

static int read_environment(struct bp_options *options)
{
    for (char **set = environ; *set; set++)
        if (!strncmp(*set, "BP_", 3))
            warn_unknown(options, *set);
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        if (read_renamed(options, rename))
            return -1;
    for (int i = 0; i < options->count; i++) {
        char name[80], *value;
        variable(options->entries[i].row->name, name);
        if ((value = getenv(name)) && bp_option_put(&options->entries[i], LAYER_ENVIRONMENT, value, name))
            return -1;
    }
    return 0;
}

/* Flush what was printed: 1, or -1 after reporting that it could not be written. */
static int printed(void)
{
    return fflush(stdout) || ferror(stdout) ? bp_error_errno(BP_FAILURE, "cannot write standard output") : 1;
}

/* A long option as it was written, without dashes and value. */
static void bare(const char *word, char name[64])
{
    word += strspn(word, "-");
    snprintf(name, 64, "%.*s", (int)strcspn(word, "="), word);
}

/* The options that a shortened name may stand for: returns their number, and writes "'--a', '--b'" of the first few. */
static int candidates(const struct bp_options *options, const char *name, char *text, size_t size)
{
    int count = 0;
    size_t used = 0, length = strlen(name);

    text[0] = '\0';
    for (int i = 0; i < options->count; i++) {
        const char *full = options->entries[i].row->name;
        if (strncmp(full, name, length))
            continue;
        if (count++ < 4 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s'--%s'", count > 1 ? ", " : "", full);
    }
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        if (!strncmp(rename->was, name, length) && bp_option_renamed(options, rename->was) && count++ < 4 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s'--%s'", count > 1 ? ", " : "", rename->was);
    if (count > 4 && used < size)
        snprintf(text + used, size - used, ", and %d more", count - 4);
    return count;
}

static int report_unknown(const struct bp_options *options, const char *word, const char *program)
{
    char name[64], text[512];
    const char *negation;

    bare(word, name);
    negation = strncmp(name, "no-", 3) ? "" : "no-";
    struct bp_near near = bp_near_begin(name + strlen(negation));
    if (*name && candidates(options, name, text, sizeof text) > 1)
        return bp_error(BP_USAGE, "ambiguous option '%s', the beginning of %s; '%s --help' lists the options", word, text, program);
    for (int i = 0; i < options->count; i++)
        if (!*negation || options->entries[i].row->type == BP_FLAG)
            bp_near_offer(&near, options->entries[i].row->name);
    snprintf(name, sizeof name, "--%s", negation);
    bp_near_text(&near, name, text, sizeof text);
    return bp_error(BP_USAGE, "unknown option '%s'%s%s '%s --help' lists the options", word, text, *text ? "" : ";", program);
}

/* Report the word that getopt refused; for letters after one dash only the letter, as getopt has not left that word yet. */
static int report_option(const struct bp_options *options, char **argv, bool incomplete)
{
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt > 0 && optopt < OPTION_HELP;
    const char *word = is_letter ? letter : argv[optind - 1];

    if (incomplete)
        return bp_error(BP_USAGE, "option '%s' needs a value; '%s --help' lists the options", word, argv[0]);
    if (optopt >= OPTION_HELP)
        return bp_error(BP_USAGE, "option '%s' takes no value; '%s --help' lists the options", word, argv[0]);
    if (is_letter)
        return bp_error(BP_USAGE, "unknown option '%s'; '%s --help' lists the options", word, argv[0]);
    return report_unknown(options, word, argv[0]);
}

/* getopt's tables, built from ours. Flags also answer to --no-NAME, so that a preset's yes can be undone; then come the old names. */
struct spelling {
    struct option *options;
    int renamed;                /* index of the first old name */
    char (*negated)[64];
    char letters[160];
};

static int spell(const struct bp_options *options, struct spelling *spelling)
{
    size_t count = 2 * (size_t)options->count + 3;
    int used = 0, letters = 1;

    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        count++;

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
    spelling->renamed = used;
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++) {
        const struct entry *entry = bp_option_renamed(options, rename->was);
        if (entry)
            spelling->options[used++] = (struct option){rename->was, required_argument, NULL, OPTION_FIRST + 2 * (int)(entry - options->entries)};
    }
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

/* An empty command line is a mistake, unless the environment says where to write. */
static bool is_lost(const struct bp_options *options, const struct bp_usage *usage)
{
    if (usage->bare == BP_BARE_FILTER)
        return isatty(STDIN_FILENO);
    return usage->bare == BP_BARE_USAGE && !bp_options_explicit(options, "output");
}

int bp_options_parse(struct bp_options *options, int argc, char **argv, const struct bp_usage *usage, int *operands)
{
    struct spelling spelling = {0};
    int code, status = -1, index = 0;

    if (spell(options, &spelling) || read_environment(options))
        goto done;
    if (argc == 1 && is_lost(options, usage)) {
        bp_options_usage(usage);
        goto done;
    }
    opterr = 0;
    optind = 0;                 /* afresh, also after a line that was given up half-way */
    while ((code = getopt_long(argc, argv, spelling.letters, spelling.options, &index)) != -1) {
        if (code == 'h' || code == OPTION_HELP) {
            bp_option_help(options, usage);
            status = printed();
            goto done;
        }
        if (code == OPTION_VERSION) {
            printf("%s %s\n", bp_program(), BP_VERSION);
            if (usage->details)
                usage->details(stdout);
            status = printed();
            goto done;
        }
        if (code == ':' || code == '?') {
            report_option(options, argv, code == ':');
            goto done;
        }
        if (code >= OPTION_FIRST && index >= spelling.renamed)
            bp_warn("--%s is now called --%s", spelling.options[index].name, options->entries[(code - OPTION_FIRST) / 2].row->name);
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
    struct bp_text text;
    FILE *stream = bp_text_begin(&text);

    for (int i = 0; stream && i < argc; i++) {
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
    return bp_text_end(&text);
}
