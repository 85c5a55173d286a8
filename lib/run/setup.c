#include "run/setup.h"

#include "run/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The command line that goes on after a stop: this one, with --resume. */
static char *resume_line(int argc, char **argv)
{
    char *line = bp_command_line(argc, argv), *with = NULL;

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--resume"))
            return line;
    if (!line || asprintf(&with, "%s --resume", line) < 0)
        with = NULL;
    free(line);
    return with;
}

int bp_setup_parse(struct bp_train_setup *setup, int argc, char **argv, const struct bp_usage *usage)
{
    int operands, status;

    if (!setup->options)
        return -1;
    setup->command_line = bp_command_line(argc, argv);
    setup->resume_line = resume_line(argc, argv);
    if (!setup->command_line || !setup->resume_line)
        return bp_error(BP_FAILURE, "out of memory");
    if ((status = bp_options_parse(setup->options, argc, argv, usage, &operands)))
        return status;
    if (operands < argc)
        return bp_error(BP_USAGE, "unexpected operand '%s'", argv[operands]);
    return 0;
}

static int lay_preset(struct bp_train_setup *setup)
{
    const char *preset = bp_options_explicit(setup->options, "preset");
    char path[4096];

    if (!preset)
        return 0;
    return bp_preset_path(preset, path, sizeof path) ? -1 : bp_options_preset(setup->options, path);
}

/* The stopped run's config, which all but --steps must agree with: a preset that is named again too, so that goes on top. */
static int lay_resume(struct bp_train_setup *setup)
{
    const char *output = bp_options_explicit(setup->options, "output");
    char path[4096];
    json_t *steps;
    int status;

    if (!output || !strcmp(output, "-"))
        return bp_error(BP_USAGE, "--resume needs --output FILE, whose FILE.resume it goes on from");
    if (bp_resume_path(output, path, sizeof path) || !(setup->saved = bp_resume_config(path, setup->resume_parent)) ||
        bp_options_json_layer(setup->options, setup->saved, "resume state") || lay_preset(setup))
        return -1;
    if (!(steps = json_pack("{s:O*}", "steps", json_object_get(setup->saved, "steps"))))
        return bp_error(BP_FAILURE, "out of memory");
    status = bp_options_json_layer(setup->options, steps, "resume state");
    json_decref(steps);
    return status;
}

static int check_agreement(const json_t *saved, const json_t *resolved)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)saved, name, value) {
        const json_t *now = json_object_get(resolved, name);
        if (strcmp(name, "steps") && now && !json_equal(value, now))
            return bp_error(BP_USAGE, "--%s differs from the stopped run's: a resumed run keeps its config, but for --steps", name);
    }
    return 0;
}

int bp_setup_resolve(struct bp_train_setup *setup)
{
    const char *resume = bp_options_explicit(setup->options, "resume");

    if ((resume && !strcmp(resume, "yes") ? lay_resume(setup) : lay_preset(setup)) || bp_options_resolve(setup->options))
        return -1;
    bp_set_quiet(setup->command->quiet);
    return 0;
}

int bp_setup_finish(struct bp_train_setup *setup)
{
    if (!(setup->config_json = bp_options_json(setup->options)))
        return bp_error(BP_FAILURE, "out of memory");
    if (setup->saved && check_agreement(setup->saved, setup->config_json))
        return -1;
    setup->spec = (struct bp_train_spec){
        .command = setup->command,
        .options = setup->options,
        .config = setup->config,
        .config_json = setup->config_json,
        .command_line = setup->command_line,
        .resume_line = setup->resume_line,
        .resume_parent = setup->resume_parent,
    };
    return 0;
}

void bp_setup_free(struct bp_train_setup *setup)
{
    bp_options_free(setup->options);
    json_decref(setup->config_json);
    json_decref(setup->saved);
    free(setup->command_line);
    free(setup->resume_line);
    *setup = (struct bp_train_setup){0};
}
