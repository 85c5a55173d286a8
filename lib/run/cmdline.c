#include "run/cmdline.h"

#include "env/env.h"
#include "run/choices.h"
#include "run/preset.h"
#include "run/resume.h"
#include "store/pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The command line that resumes the run: this one, with --resume. */
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

static const struct {
    const char *option;
    int (*print)(FILE *out);
} lists[] = {{"list-presets", bp_preset_list}, {"list-choices", bp_choices_list}};

int bp_cmdline_parse(struct bp_cmdline *cmdline, int argc, char **argv, const struct bp_usage *usage)
{
    int operands, status;

    if (!cmdline->options)
        return -1;
    cmdline->command_line = bp_command_line(argc, argv);
    cmdline->resume_line = resume_line(argc, argv);
    if (!cmdline->command_line || !cmdline->resume_line)
        return bp_error(BP_FAILURE, "out of memory");
    if ((status = bp_options_parse(cmdline->options, argc, argv, usage, &operands)))
        return status;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *asked = bp_options_explicit(cmdline->options, lists[i].option);
        if (asked && !strcmp(asked, "yes"))
            return lists[i].print(stdout) ? -1 : 1;
    }
    if (operands < argc)
        return bp_error(BP_USAGE, "unexpected operand '%s'", argv[operands]);
    return 0;
}

static int lay_preset(struct bp_cmdline *cmdline)
{
    const char *preset = bp_options_explicit(cmdline->options, "preset");
    char path[4096];

    if (!preset)
        return 0;
    return bp_preset_path(preset, path, sizeof path) ? -1 : bp_options_preset(cmdline->options, path);
}

/* A checkpoint without a state is that of a finished run, or of one that could not write it. */
static int check_state(const char *output, const char *state)
{
    if (access(state, F_OK) && errno == ENOENT && bp_pack_is_one(output))
        return bp_error(BP_USAGE, "there is no '%s' to go on from: a run that finishes leaves one with --keep-resume only", state);
    return 0;
}

/* The stopped run's config, with which everything but --transitions must agree: also a preset that is named again, so that overrides it. */
static int lay_resume(struct bp_cmdline *cmdline)
{
    const char *output = bp_options_explicit(cmdline->options, "output");
    char path[4096];
    json_t *transitions;
    int status;

    if (!output || !strcmp(output, "-"))
        return bp_error(BP_USAGE, "--resume needs --output FILE, whose FILE.resume it goes on from");
    if (bp_resume_path(output, path, sizeof path) || check_state(output, path) || bp_resume_header(path, &cmdline->stopped) ||
        bp_options_json_layer(cmdline->options, cmdline->stopped.config, "resume state") || lay_preset(cmdline))
        return -1;
    if (!(transitions = json_pack("{s:O*}", "transitions", json_object_get(cmdline->stopped.config, "transitions"))))
        return bp_error(BP_FAILURE, "out of memory");
    status = bp_options_json_layer(cmdline->options, transitions, "resume state");
    json_decref(transitions);
    return status;
}

static int check_agreement(const json_t *saved, const json_t *resolved)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)saved, name, value) {
        const json_t *now = json_object_get(resolved, name);
        if (!now)
            return bp_error(BP_USAGE, "the stopped run is of another program: it has --%s, which %s has not", name, bp_program());
        if (strcmp(name, "transitions") && !json_equal(value, now))
            return bp_error(BP_USAGE, "--%s differs from the stopped run's: a resumed run keeps its config, but for --transitions", name);
    }
    return 0;
}

/* Heads that nobody chose draw what the task's actions are. */
static int derive_heads(struct bp_cmdline *cmdline)
{
    static const enum bp_role roles[] = {BP_POLICY, BP_PRIOR};
    const struct bp_task *task = bp_task_find(cmdline->config->task);
    char option[32], origin[48];

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const char *head = cmdline->config->net[roles[i]].head;         /* NULL: the program has no such option */
        snprintf(option, sizeof option, "%s-head", bp_roles[roles[i]].option);
        snprintf(origin, sizeof origin, "task %.32s", cmdline->config->task);
        if (!task || !head || bp_options_given(cmdline->options, option) || bp_family_find(head)->space == task->actions)
            continue;
        if (bp_options_set(cmdline->options, option, bp_family_first(task->actions)->name, origin))
            return -1;
    }
    return 0;
}

int bp_cmdline_resolve(struct bp_cmdline *cmdline)
{
    const char *resume = bp_options_explicit(cmdline->options, "resume");

    if ((resume && !strcmp(resume, "yes") ? lay_resume(cmdline) : lay_preset(cmdline)) || bp_options_resolve(cmdline->options))
        return -1;
    bp_set_quiet(cmdline->command->quiet);
    return derive_heads(cmdline);
}

int bp_cmdline_finish(struct bp_cmdline *cmdline)
{
    if (bp_options_check(cmdline->options) || !(cmdline->config_json = bp_options_json(cmdline->options)))
        return -1;
    if (cmdline->stopped.config && check_agreement(cmdline->stopped.config, cmdline->config_json))
        return -1;
    if (!cmdline->command->output && !cmdline->command->print_config)
        return bp_error(BP_USAGE, "--output FILE is needed, or --output - to write the checkpoint to a pipe");
    cmdline->spec = (struct bp_train_spec){
        .command = cmdline->command,
        .options = cmdline->options,
        .config = cmdline->config,
        .config_json = cmdline->config_json,
        .command_line = cmdline->command_line,
        .resume_line = cmdline->resume_line,
        .stopped = cmdline->stopped.config ? &cmdline->stopped : NULL,
    };
    return 0;
}

void bp_cmdline_free(struct bp_cmdline *cmdline)
{
    bp_options_free(cmdline->options);
    json_decref(cmdline->config_json);
    json_decref(cmdline->stopped.config);
    free(cmdline->command_line);
    free(cmdline->resume_line);
    *cmdline = (struct bp_cmdline){0};
}
