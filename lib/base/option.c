#include "base/option.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where a value came from, in rising precedence. */
enum layer { LAYER_DEFAULT, LAYER_BELOW, LAYER_ENVIRONMENT, LAYER_COMMAND };

struct entry {
    const struct bp_option *row;
    char *values;               /* the struct that the row's offset is in */
    enum layer layer;
    char *text;                 /* owned; NULL: unset */
    char origin[96];            /* "default", "preset nav-easy-lstm", ... */
};

struct bp_options {
    const struct bp_option_part *parts;
    int count;
    struct entry *entries;
};

enum { OPTION_HELP = 1000, OPTION_VERSION, OPTION_FIRST };

struct bp_options *bp_options_new(const struct bp_option_part *parts)
{
    struct bp_options *options = calloc(1, sizeof *options);
    int count = 0;

    for (const struct bp_option_part *part = parts; part->rows; part++)
        for (const struct bp_option *row = part->rows; row->name; row++)
            count++;
    if (options)
        options->entries = calloc((size_t)count, sizeof *options->entries);
    if (!options || !options->entries) {
        free(options);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    options->parts = parts;
    for (const struct bp_option_part *part = parts; part->rows; part++)
        for (const struct bp_option *row = part->rows; row->name; row++) {
            struct entry *entry = &options->entries[options->count++];
            entry->row = row;
            entry->values = part->values;
            entry->text = row->preset ? strdup(row->preset) : NULL;
            snprintf(entry->origin, sizeof entry->origin, "default");
        }
    return options;
}

void bp_options_free(struct bp_options *options)
{
    if (!options)
        return;
    for (int i = 0; i < options->count; i++)
        free(options->entries[i].text);
    free(options->entries);
    free(options);
}

static struct entry *find(const struct bp_options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (!strcmp(options->entries[i].row->name, name))
            return &options->entries[i];
    return NULL;
}

static int put(struct entry *entry, enum layer layer, const char *text, const char *origin)
{
    if (entry->layer > layer)
        return 0;
    char *copy = strdup(text);
    if (!copy)
        return bp_error(BP_FAILURE, "out of memory");
    free(entry->text);
    entry->text = copy;
    entry->layer = layer;
    snprintf(entry->origin, sizeof entry->origin, "%s", origin);
    return 0;
}

/* ---- values ---- */

static int parse_number(const struct entry *entry, double *value)
{
    static const struct { const char *suffix; double factor; } scale[] = {{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"", 1}};
    const struct bp_option *row = entry->row;
    char *end;
    size_t i;

    errno = 0;
    *value = strtod(entry->text, &end);
    for (i = 0; i < sizeof scale / sizeof *scale; i++)
        if (!strcmp(end, scale[i].suffix))
            break;
    if (end == entry->text || i == sizeof scale / sizeof *scale || errno == ERANGE || !isfinite(*value))
        return bp_error(BP_USAGE, "--%s wants a number, not '%s' (%s)", row->name, entry->text, entry->origin);
    *value *= scale[i].factor;
    if (row->type == BP_COUNT && *value != floor(*value))
        return bp_error(BP_USAGE, "--%s wants a whole number, not '%s' (%s)", row->name, entry->text, entry->origin);
    if ((row->least != 0 || row->most != 0) && (*value < row->least || *value > row->most))
        return bp_error(BP_USAGE, "--%s must lie in %g ... %g, not '%s' (%s)", row->name, row->least, row->most, entry->text,
                        entry->origin);
    return 0;
}

/* A count beyond 2^53 (a seed) is read digit by digit, since a double would round it. */
static int64_t exact_count(const struct entry *entry, double value)
{
    char *end;
    long long whole = strtoll(entry->text, &end, 10);

    return *end ? (int64_t)value : (int64_t)whole;
}

static int parse_choice(const struct entry *entry)
{
    char names[1024] = "";
    int used = 0;

    for (int i = 0; entry->row->choices(i); i++) {
        if (!strcmp(entry->text, entry->row->choices(i)))
            return 0;
        if (used < (int)sizeof names)
            used += snprintf(names + used, sizeof names - (size_t)used, "%s%s", i ? ", " : "", entry->row->choices(i));
    }
    return bp_error(BP_USAGE, "--%s must be one of %s, not '%s' (%s)", entry->row->name, names, entry->text, entry->origin);
}

static int resolve(struct entry *entry)
{
    const struct bp_option *row = entry->row;
    char *at = entry->values + row->offset;
    double number = 0;

    switch (row->type) {
    case BP_FLAG:
        if (entry->text && strcmp(entry->text, "yes") && strcmp(entry->text, "no"))
            return bp_error(BP_USAGE, "--%s is yes or no, not '%s' (%s)", row->name, entry->text, entry->origin);
        *(bool *)at = entry->text && !strcmp(entry->text, "yes");
        return 0;
    case BP_COUNT:
        if (entry->text && parse_number(entry, &number))
            return -1;
        *(int64_t *)at = entry->text ? exact_count(entry, number) : 0;
        return 0;
    case BP_REAL:
        if (entry->text && parse_number(entry, &number))
            return -1;
        *(double *)at = number;
        return 0;
    case BP_CHOICE:
        if (entry->text && parse_choice(entry))
            return -1;
        *(const char **)at = entry->text;
        return 0;
    case BP_TEXT:
        *(const char **)at = entry->text;
        return 0;
    }
    return 0;
}

static int read_environment(struct bp_options *options)
{
    for (int i = 0; i < options->count; i++) {
        char name[80], *value;
        snprintf(name, sizeof name, "BP_%s", options->entries[i].row->name);
        for (char *c = name + 3; *c; c++)
            *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        if ((value = getenv(name)) && put(&options->entries[i], LAYER_ENVIRONMENT, value, name))
            return -1;
    }
    return 0;
}

int bp_options_resolve(struct bp_options *options)
{
    for (int i = 0; i < options->count; i++)
        if (resolve(&options->entries[i]))
            return -1;
    return 0;
}

int bp_options_set(struct bp_options *options, const char *name, const char *value, const char *origin)
{
    struct entry *entry = find(options, name);

    assert(entry);
    if (put(entry, LAYER_COMMAND, value, origin))
        return -1;
    return resolve(entry);
}

/* ---- layers below the command line ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    for (char *end = text + strlen(text); end > text && strchr(" \t\r\n", end[-1]);)
        *--end = '\0';
    return text;
}

int bp_options_preset(struct bp_options *options, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL, origin[96];
    size_t room = 0;
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    int number = 0, status = 0;

    if (!file)
        return bp_error_errno(BP_USAGE, "cannot read preset '%s'", path);
    snprintf(origin, sizeof origin, "preset %.80s", base);
    while (!status && getline(&line, &room, file) != -1) {
        number++;
        line[strcspn(line, "#\n")] = '\0';
        char *name = trim(line), *equals = strchr(name, '=');
        if (!*name)
            continue;
        if (!equals) {
            status = bp_error(BP_USAGE, "%s:%d: expected 'name = value', got '%s'", path, number, name);
            break;
        }
        *equals = '\0';
        struct entry *entry = find(options, trim(name));
        if (!entry)
            status = bp_error(BP_USAGE, "%s:%d: there is no option '%s'", path, number, trim(name));
        else if (entry->row->scope != BP_SCOPE_CONFIG)
            status = bp_error(BP_USAGE, "%s:%d: '%s' is no part of a config: give it on the command line", path, number, trim(name));
        else
            status = put(entry, LAYER_BELOW, trim(equals + 1), origin);
    }
    if (!status && ferror(file))
        status = bp_error_errno(BP_FAILURE, "cannot read preset '%s'", path);
    free(line);
    fclose(file);
    return status;
}

/* The fewest digits that are read back as the same number: 0.1, not 0.10000000000000001. */
static void shortest(double number, char *text, size_t size)
{
    int digits = 1;

    do
        snprintf(text, size, "%.*g", digits, number);
    while (strtod(text, NULL) != number && digits++ < 17);
}

int bp_options_json_layer(struct bp_options *options, const json_t *config, const char *origin)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)config, name, value) {
        struct entry *entry = find(options, name);
        char text[64];
        const char *from = text;
        if (!entry || entry->row->scope != BP_SCOPE_CONFIG || json_is_null(value))
            continue;
        if (json_is_string(value))
            from = json_string_value(value);
        else if (json_is_boolean(value))
            from = json_is_true(value) ? "yes" : "no";
        else if (json_is_integer(value))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else
            shortest(json_number_value(value), text, sizeof text);
        if (put(entry, LAYER_BELOW, from, origin))
            return -1;
    }
    return 0;
}

bool bp_options_given(const struct bp_options *options, const char *name)
{
    const struct entry *entry = find(options, name);

    return entry && entry->layer > LAYER_DEFAULT;
}

const char *bp_options_explicit(const struct bp_options *options, const char *name)
{
    const struct entry *entry = find(options, name);

    return entry && entry->layer >= LAYER_ENVIRONMENT ? entry->text : NULL;
}

/* ---- command line ---- */

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

    return put(entry, LAYER_COMMAND, value, "command line");
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

/* ---- showing values ---- */

void bp_options_print(const struct bp_options *options, FILE *file)
{
    for (int i = 0; i < options->count; i++) {
        const struct entry *entry = &options->entries[i];
        if (entry->row->scope == BP_SCOPE_CONFIG && entry->text)
            fprintf(file, "%-18s = %-30s # %s\n", entry->row->name, entry->text, entry->origin);
    }
}

json_t *bp_options_json(const struct bp_options *options)
{
    json_t *object = json_object();

    for (int i = 0; i < options->count; i++) {
        const struct entry *entry = &options->entries[i];
        const char *at = entry->values + entry->row->offset;
        json_t *value = NULL;
        if (entry->row->scope != BP_SCOPE_CONFIG)
            continue;
        switch (entry->row->type) {
        case BP_FLAG: value = json_boolean(*(const bool *)at); break;
        case BP_COUNT: value = json_integer(*(const int64_t *)at); break;
        case BP_REAL: value = json_real(*(const double *)at); break;
        case BP_TEXT:
        case BP_CHOICE: value = entry->text ? json_string(entry->text) : json_null(); break;
        }
        json_object_set_new(object, entry->row->name, value);
    }
    return object;
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
