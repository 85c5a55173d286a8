#include "base/near.h"
#include "base/option_private.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
            snprintf(entry->origin, sizeof entry->origin, "default");
            if (row->preset && !(entry->text = strdup(row->preset))) {
                bp_options_free(options);
                bp_error(BP_FAILURE, "out of memory");
                return NULL;
            }
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

struct entry *bp_option_find(const struct bp_options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (!strcmp(options->entries[i].row->name, name))
            return &options->entries[i];
    return NULL;
}

int bp_option_put(struct entry *entry, enum layer layer, const char *text, const char *origin)
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

/* A choice by its older name is read as the choice's present name. */
static int rename_choice(struct entry *entry)
{
    const char *now = bp_option_choice_renamed(entry->text);
    char *copy;

    for (int i = 0; now && entry->row->choices(i); i++)
        if (!strcmp(now, entry->row->choices(i))) {
            bp_warn("--%s: '%s' is now called '%s' (%s)", entry->row->name, entry->text, now, entry->origin);
            if (!(copy = strdup(now)))
                return bp_error(BP_FAILURE, "out of memory");
            free(entry->text);
            entry->text = copy;
        }
    return 0;
}

static int parse_choice(struct entry *entry)
{
    char names[1024] = "", hint[128];
    int used = 0;

    if (rename_choice(entry))
        return -1;

    for (int i = 0; entry->row->choices(i); i++) {
        if (!strcmp(entry->text, entry->row->choices(i)))
            return 0;
        if (used < (int)sizeof names)
            used += snprintf(names + used, sizeof names - (size_t)used, "%s%s", i ? ", " : "", entry->row->choices(i));
    }
    return bp_error(BP_USAGE, "--%s must be one of %s, not '%s' (%s)%s", entry->row->name, names, entry->text, entry->origin,
                    bp_near_among(entry->text, entry->row->choices, hint, sizeof hint));
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

int bp_options_resolve(struct bp_options *options)
{
    for (int i = 0; i < options->count; i++)
        if (resolve(&options->entries[i]))
            return -1;
    return 0;
}

int bp_options_set(struct bp_options *options, const char *name, const char *value, const char *origin)
{
    struct entry *entry = bp_option_find(options, name);

    assert(entry);
    if (bp_option_put(entry, LAYER_DERIVED, value, origin))
        return -1;
    return resolve(entry);
}

/* ---- what options need ---- */

static bool is_set(const struct entry *entry)
{
    const char *at = entry->values + entry->row->offset;

    switch (entry->row->type) {
    case BP_FLAG: return *(const bool *)at;
    case BP_COUNT: return *(const int64_t *)at != 0;
    case BP_REAL: return *(const double *)at != 0;
    case BP_TEXT:
    case BP_CHOICE: break;
    }
    return entry->text && *entry->text && strcmp(entry->text, "none");
}

/* Whether an option has what it needs, "name" or "name=value"; one that the program does not have is not missed. */
static bool has_needed(const struct bp_options *options, const char *needs)
{
    size_t length = strcspn(needs, "=");
    char name[64];

    assert(length < sizeof name);
    snprintf(name, sizeof name, "%.*s", (int)length, needs);
    const struct entry *needed = bp_option_find(options, name);
    if (!needed || !needs[length])
        return !needed || is_set(needed);
    return needed->text && !strcmp(needed->text, needs + length + 1);
}

int bp_options_check(const struct bp_options *options)
{
    for (int i = 0; i < options->count; i++) {
        const struct entry *entry = &options->entries[i];
        const char *needs = entry->row->needs;
        bool flag = entry->row->type == BP_FLAG, given = bp_options_explicit(options, entry->row->name) != NULL;
        if (!needs || !given || (flag && !is_set(entry)) || has_needed(options, needs))
            continue;
        return bp_error(BP_USAGE, "--%s%s%s changes nothing without --%.*s%s%s (%s)", entry->row->name, flag ? "" : " ", flag ? "" : entry->text,
                        (int)strcspn(needs, "="), needs, strchr(needs, '=') ? " " : "", strchr(needs, '=') ? strchr(needs, '=') + 1 : "", entry->origin);
    }
    return 0;
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
        return bp_error_errno(errno == ENOMEM ? BP_FAILURE : BP_USAGE, "cannot read preset '%s'", path);
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
        struct entry *entry = bp_option_find(options, trim(name));
        if (!entry && !bp_option_taken(trim(name)) && (entry = bp_option_renamed(options, trim(name))))
            bp_warn("%s:%d: '%s' is now called '%s'", path, number, trim(name), entry->row->name);
        if (!entry && bp_option_taken(trim(name)))
            status = bp_error(BP_USAGE, "%s:%d: this preset is for bp-train: it describes a %s to learn", path, number, trim(name));
        else if (!entry)
            status = bp_error(BP_USAGE, "%s:%d: there is no option '%s'", path, number, trim(name));
        else if (entry->row->scope == BP_SCOPE_COMMAND)
            status = bp_error(BP_USAGE, "%s:%d: '%s' is no part of a config: give it on the command line", path, number, trim(name));
        else
            status = bp_option_put(entry, LAYER_BELOW, trim(equals + 1), origin);
    }
    if (!status && !feof(file))
        status = bp_error_errno(BP_FAILURE, "cannot read preset '%s'", path);
    free(line);
    fclose(file);
    return status;
}

/* The shortest text that reads back as the same number: 0.1, not 0.10000000000000001. */
static void shortest(double number, char *text, size_t size)
{
    int digits = 1;

    do
        snprintf(text, size, "%.*g", digits, number);
    while (strtod(text, NULL) != number && digits++ < 17);
}

static int lay_json(struct bp_options *options, const json_t *config, const char *origin, bool inherits)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)config, name, value) {
        struct entry *entry = bp_option_find(options, name);
        char text[64];
        const char *from = text;
        if (!entry || entry->row->scope == BP_SCOPE_COMMAND || (inherits && entry->row->scope == BP_SCOPE_RUN) || json_is_null(value))
            continue;
        if (json_is_string(value))
            from = json_string_value(value);
        else if (json_is_boolean(value))
            from = json_is_true(value) ? "yes" : "no";
        else if (json_is_integer(value))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else
            shortest(json_number_value(value), text, sizeof text);
        if (bp_option_put(entry, LAYER_BELOW, from, origin))
            return -1;
    }
    return 0;
}

int bp_options_json_layer(struct bp_options *options, const json_t *config, const char *origin)
{
    return lay_json(options, config, origin, false);
}

int bp_options_json_inherit(struct bp_options *options, const json_t *config, const char *origin)
{
    return lay_json(options, config, origin, true);
}

bool bp_options_given(const struct bp_options *options, const char *name)
{
    const struct entry *entry = bp_option_find(options, name);

    return entry && entry->layer > LAYER_DEFAULT;
}

const char *bp_options_explicit(const struct bp_options *options, const char *name)
{
    const struct entry *entry = bp_option_find(options, name);

    return entry && (entry->layer == LAYER_ENVIRONMENT || entry->layer == LAYER_COMMAND) ? entry->text : NULL;
}

/* ---- showing values ---- */

void bp_options_print(const struct bp_options *options, FILE *file)
{
    for (int i = 0; i < options->count; i++) {
        const struct entry *entry = &options->entries[i];
        if (entry->row->scope != BP_SCOPE_COMMAND && entry->text)
            fprintf(file, "%-20s = %-30s # %s\n", entry->row->name, entry->text, entry->origin);
    }
}

json_t *bp_options_json(const struct bp_options *options)
{
    json_t *object = json_object();

    for (int i = 0; i < options->count; i++) {
        const struct entry *entry = &options->entries[i];
        const char *at = entry->values + entry->row->offset;
        json_t *value = NULL;
        if (entry->row->scope == BP_SCOPE_COMMAND)
            continue;
        switch (entry->row->type) {
        case BP_FLAG: value = json_boolean(*(const bool *)at); break;
        case BP_COUNT: value = json_integer(*(const int64_t *)at); break;
        case BP_REAL: value = json_real(*(const double *)at); break;
        case BP_TEXT:
        case BP_CHOICE: value = entry->text ? json_string(entry->text) : json_null(); break;
        }
        if (json_object_set_new(object, entry->row->name, value)) {
            bp_error(BP_FAILURE, "out of memory");
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
