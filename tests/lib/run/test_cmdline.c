#include "run/resume.h"
#include "run/cmdline.h"

#include "tiny_run.h"

static struct bp_train_command command;
static struct bp_config config;
static const struct bp_option_part parts[] = {{"Command", bp_train_command_options, &command}, {"Config", bp_config_options, &config}, {"Prior", bp_config_prior_options, &config}, {NULL, NULL, NULL}};

/* The three steps on a line whose words are apart by blanks; returns what the last of them returned. */
static int set_up(struct bp_cmdline *cmdline, const char *line)
{
    static const struct bp_usage usage = {"", "", "", BP_BARE_RUNS, NULL};
    static char copy[1024];
    char *rest = copy, *words[32];
    int count = 0, status;

    command = (struct bp_train_command){0};
    config = (struct bp_config){0};
    *cmdline = (struct bp_cmdline){.command = &command, .config = &config, .options = bp_options_new(parts)};
    snprintf(copy, sizeof copy, "%s", line);
    while ((words[count] = strsep(&rest, " ")))
        count++;
    if ((status = bp_cmdline_parse(cmdline, count, words, &usage)) || (status = bp_cmdline_resolve(cmdline)) || (status = bp_cmdline_finish(cmdline)))
        return status;
    return 0;
}

static void refused(const char *line, const char *part)
{
    struct bp_cmdline cmdline;

    capture_begin();
    int status = set_up(&cmdline, line);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, part);
    bp_cmdline_free(&cmdline);
}

/* ---- what a run is given ---- */

static void the_spec(void **state)
{
    struct bp_cmdline cmdline;

    (void)state;
    assert_int_equal(set_up(&cmdline, "bp-train --kl-cost 0.5 -o a'b.ckpt -t 3"), 0);
    assert_ptr_equal(cmdline.spec.command, &command);
    assert_ptr_equal(cmdline.spec.config, &config);
    assert_ptr_equal(cmdline.spec.config_json, cmdline.config_json);
    assert_true(config.kl_cost == 0.5 && command.threads == 3);
    assert_string_equal(cmdline.spec.command_line, "bp-train --kl-cost 0.5 -o 'a'\\''b.ckpt' -t 3");
    assert_string_equal(cmdline.spec.resume_line, "bp-train --kl-cost 0.5 -o 'a'\\''b.ckpt' -t 3 --resume");
    assert_null(cmdline.spec.stopped);
    assert_null(cmdline.spec.borrowed.checkpoint);
    assert_null(json_object_get(cmdline.config_json, "threads"));
    bp_cmdline_free(&cmdline);
    bp_cmdline_free(&cmdline);          /* what is left can be freed again */
}

static void presets_lie_underneath(void **state)
{
    struct bp_cmdline cmdline;

    (void)state;
    assert_int_equal(set_up(&cmdline, "bp-train -o x --preset nav-easy-lstm --unroll 20"), 0);
    assert_string_equal(config.net[BP_PRIOR].kind, "lstm");
    assert_int_equal(config.unroll, 20);
    bp_cmdline_free(&cmdline);
    setenv("BP_PRESET", "nav-easy-none", 1);
    assert_int_equal(set_up(&cmdline, "bp-train -o -"), 0);
    assert_string_equal(config.net[BP_PRIOR].kind, "none");
    bp_cmdline_free(&cmdline);
    unsetenv("BP_PRESET");
    refused("bp-train --preset nav-easier", "nav-easier");
    refused("bp-train operand", "'operand'");
    refused("bp-train --preset nav-easy-lstm", "--output FILE is needed, or --output - to write the checkpoint to a pipe");
}

/* ---- resuming ---- */

/* A resume state whose config is that of `line`. */
static void stopped_run(const char *line, const char *output)
{
    struct bp_config tiny = tiny_config("mlp", "none", "mlp");
    struct bp_cmdline cmdline;
    struct bp_cycle cycle;
    char path[512];

    assert_int_equal(set_up(&cmdline, line), 0);
    start(&cycle, &tiny, 1);
    assert_int_equal(bp_resume_path(output, path, sizeof path), 0);
    struct bp_resume_header header = {.config = cmdline.config_json, .parent = "feed"};
    assert_int_equal(bp_resume_write(path, &cycle, &header), 0);
    bp_cycle_free(&cycle);
    bp_cmdline_free(&cmdline);
}

/* The stopped run's config is the config: nothing but --transitions need or may be said again, the preset's name may. */
static void resuming_keeps_the_config(void **state)
{
    char line[1024], *output = in_directory("run.ckpt");
    struct bp_cmdline cmdline;

    (void)state;
    stopped_run("bp-train -o x --preset nav-easy-lstm --seed 41 --kl-cost 0.25 --transitions 5M", output);
    snprintf(line, sizeof line, "bp-train -o %s --resume", output);
    assert_int_equal(set_up(&cmdline, line), 0);
    assert_true(config.seed == 41 && config.kl_cost == 0.25 && config.transitions == 5000000);
    assert_string_equal(config.net[BP_PRIOR].kind, "lstm");
    assert_string_equal(cmdline.spec.stopped->parent, "feed");
    assert_string_equal(cmdline.spec.resume_line, line);             /* it says --resume already */
    bp_cmdline_free(&cmdline);
    snprintf(line, sizeof line, "bp-train --preset nav-easy-lstm -o %s --resume --kl-cost 0.25 --transitions 6M --threads 7", output);
    assert_int_equal(set_up(&cmdline, line), 0);
    assert_true(config.transitions == 6000000 && config.seed == 41 && command.threads == 7);
    bp_cmdline_free(&cmdline);
}

static void resuming_refuses_another_config(void **state)
{
    char line[1024], *output = in_directory("run.ckpt");

    (void)state;
    stopped_run("bp-train -o x --preset nav-easy-lstm --seed 41", output);
    snprintf(line, sizeof line, "bp-train -o %s --resume --seed 42", output);
    refused(line, "--seed differs");
    snprintf(line, sizeof line, "bp-train --preset nav-easy-none -o %s --resume", output);
    refused(line, "differs");
    refused("bp-train --resume", "--output FILE");
    refused("bp-train --resume -o -", "--output FILE");
    refused("bp-train --resume -o /nonexistent/run.ckpt", "/nonexistent/run.ckpt.resume");
}

static int prepare(void **state)
{
    setenv("BP_SHARE", "share", 0);
    return make_directory(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spec),
        cmocka_unit_test(presets_lie_underneath),
        cmocka_unit_test(resuming_keeps_the_config),
        cmocka_unit_test(resuming_refuses_another_config),
    };

    return cmocka_run_group_tests(tests, prepare, remove_directory);
}
