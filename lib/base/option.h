/*
 * One table describes a program's options: the parser, --help, --print-config, the preset reader, the BP_* environment and the
 * JSON in checkpoints and run database all read it. Precedence: command line, environment, preset or checkpoint, default.
 */
#ifndef BP_BASE_OPTION_H
#define BP_BASE_OPTION_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

enum bp_option_type {
    BP_FLAG,        /* bool */
    BP_COUNT,       /* int64_t; a suffix k, M or G multiplies */
    BP_REAL,        /* double */
    BP_TEXT,        /* const char *, owned by the options */
    BP_CHOICE,      /* const char *, one of `choices` */
};

/* What an option belongs to. */
enum bp_option_scope {
    BP_SCOPE_COMMAND,       /* this command only: where to write, how loud, how many threads; never changes a result */
    BP_SCOPE_CONFIG,        /* the run's config: decides the result; in presets, checkpoints and the database */
    BP_SCOPE_RUN,           /* of the config too, but of one run: its task, length, processor; a run that starts from its checkpoint has its own */
};

struct bp_option {
    const char *name;               /* long name, without dashes */
    char letter;                    /* short name, or 0 */
    enum bp_option_type type;
    enum bp_option_scope scope;
    size_t offset;                  /* of the value in the program's struct */
    const char *preset;             /* default, as text; NULL: unset (false, NULL, 0) */
    double least, most;             /* closed range of COUNT and REAL; both 0: any */
    const char *(*choices)(int i);  /* names for CHOICE, NULL after the last */
    const char *metavar;
    const char *help;
    const char *needs;              /* option without which this one changes nothing, "name": one that is 0, no, none or unset; or with another value
                                       than "name=value"; NULL: none */
};

/* A titled part of a program's options, which fills one struct. Lists of parts end with a part whose rows are NULL. */
struct bp_option_part {
    const char *title;
    const struct bp_option *rows;   /* ends with a row whose name is NULL */
    void *values;
};

/* What a program does when its command line is empty. */
enum bp_bare {
    BP_BARE_RUNS,
    BP_BARE_USAGE,      /* a short usage on stderr and exit status 2, unless the environment gives --output */
    BP_BARE_FILTER,     /* it reads standard input, unless that is a terminal: then the usage too */
};

struct bp_usage {
    const char *synopsis;           /* what follows the program's name */
    const char *summary;            /* a paragraph */
    const char *example;
    enum bp_bare bare;
    void (*details)(FILE *file);    /* what --version prints after name and version; NULL: nothing */
};

struct bp_options;

/*
 * Parse argv by the parts. Returns 0 and *operands = index of the first operand in the (reordered) argv; -1 after reporting; or 1
 * when --help or --version was answered on stdout. The options own the texts in the structs; bp_options_free releases them.
 */
struct bp_options *bp_options_new(const struct bp_option_part *parts);
void bp_options_free(struct bp_options *options);
int bp_options_parse(struct bp_options *options, int argc, char **argv, const struct bp_usage *usage,
                     int *operands) BP_WARN_UNUSED;

/* Usage, summary and example on stderr, which counts as a mistake of the user's. */
void bp_options_usage(const struct bp_usage *usage);

/* Put a layer below command line and environment, above defaults: lines "name = value" (# starts a comment) of a preset, which are
 * of config scope all... */
int bp_options_preset(struct bp_options *options, const char *path) BP_WARN_UNUSED;
/* ... or the JSON object of a config; names that this program does not have are skipped. */
int bp_options_json_layer(struct bp_options *options, const json_t *config, const char *origin) BP_WARN_UNUSED;
/* ... or what another run hands down of its config: all but what is of that run alone. */
int bp_options_json_inherit(struct bp_options *options, const json_t *config, const char *origin) BP_WARN_UNUSED;

/*
 * A copy of a config with today's names in place of those of version 0.1.0; `told` says which, "trace is now retrace-lambda, ...", or is
 * empty. NULL after reporting.
 */
json_t *bp_options_json_renamed(const json_t *config, char *told, size_t size) BP_WARN_UNUSED;

/* Turn the layers' texts into values, checking types, ranges and choices. To be called when all layers have been added. */
int bp_options_resolve(struct bp_options *options) BP_WARN_UNUSED;

/* Refuse what was given on the command line or in the environment, but changes nothing for want of the option that it needs. After resolving. */
int bp_options_check(const struct bp_options *options) BP_WARN_UNUSED;

/* Set one value over all that was given (programs derive some values from others). */
int bp_options_set(struct bp_options *options, const char *name, const char *value, const char *origin) BP_WARN_UNUSED;

/* Was it given by command line, environment, preset or checkpoint? */
bool bp_options_given(const struct bp_options *options, const char *name);
/* Was it given on the command line or in the environment, and the value? NULL when not. */
const char *bp_options_explicit(const struct bp_options *options, const char *name);

/* "name = value  # origin" for every option of config scope: a preset file that would give the same run. */
void bp_options_print(const struct bp_options *options, FILE *file);

/* The values of config scope as a JSON object (new reference), in the table's order. NULL after reporting that memory is short. */
json_t *bp_options_json(const struct bp_options *options);

/* argv as one line that a shell would read back to the same words; malloc'ed, NULL when out of memory. */
char *bp_command_line(int argc, char **argv);

#endif
