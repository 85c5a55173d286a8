/* Names that options and choices had in version 0.1.0. They are still read: on command lines, in presets, environment and configs. */
#include "base/option_private.h"

#include <stdio.h>
#include <string.h>

const struct bp_option_rename bp_option_renames[] = {
    {"steps", "transitions", false},
    {"policy-rate", "policy-learning-rate", false},
    {"prior-rate", "prior-learning-rate", false},
    {"critic-rate", "critic-learning-rate", false},
    {"rate", "learning-rate", false},
    {"rate-hold", "learning-rate-hold", false},
    {"final-rate", "final-learning-rate", false},
    {"trace", "retrace-lambda", false},
    {"policy-see", "policy-inputs", false},
    {"prior-see", "prior-inputs", false},
    {"critic-see", "critic-inputs", false},
    {"see", "inputs", false},
    {"bootstrap", "value-policy", false},
    {"replay", "playback", false},
    {"simulate", "export-mjcf", false},
    {"prior", "prior-from", true},
    {NULL, NULL, false},
};

static const struct { const char *was, *now; } choices[] = {{"capped", "bounded"}};

bool bp_option_taken(const char *name)
{
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        if (rename->taken && !strcmp(rename->was, name))
            return true;
    return false;
}

struct entry *bp_option_renamed(const struct bp_options *options, const char *was)
{
    if (bp_option_find(options, was))
        return NULL;
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        if (!strcmp(rename->was, was))
            return bp_option_find(options, rename->now);
    return NULL;
}

const char *bp_option_choice_renamed(const char *was)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (!strcmp(choices[i].was, was))
            return choices[i].now;
    return NULL;
}

static const char *key_renamed(const char *was)
{
    for (const struct bp_option_rename *rename = bp_option_renames; rename->was; rename++)
        if (!rename->taken && !strcmp(rename->was, was))
            return rename->now;
    return NULL;
}

static void tell(char *told, size_t size, const char *was, const char *now)
{
    size_t used = strlen(told);

    if (!strstr(told, was) || !strstr(told, now))
        snprintf(told + used, size - used, "%s%s is now %s", used ? ", " : "", was, now);
}

json_t *bp_options_json_renamed(const json_t *config, char *told, size_t size)
{
    json_t *renamed = json_object(), *value;
    const char *key;

    told[0] = '\0';
    json_object_foreach((json_t *)config, key, value) {
        const char *now = key_renamed(key), *choice = json_is_string(value) ? bp_option_choice_renamed(json_string_value(value)) : NULL;
        if (now)
            tell(told, size, key, now);
        if (choice)
            tell(told, size, json_string_value(value), choice);
        if (json_object_set_new(renamed, now ? now : key, choice ? json_string(choice) : json_incref(value))) {
            json_decref(renamed);
            bp_error(BP_FAILURE, "out of memory");
            return NULL;
        }
    }
    return renamed;
}
