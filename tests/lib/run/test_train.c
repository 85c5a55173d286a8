#include "run/cmdline.h"
#include "run/signals.h"

#include "../base/check.h"
#include "program.h"

#include "store/rundb.h"

/* bp-train's main, so that options, command line and loop are tried together; nothing here takes longer than a blink. */
static int train_main(int argc, char **argv)
{
    static const struct bp_usage usage = {"", "", "", BP_BARE_RUNS, NULL};
    struct bp_train_command command = {0};
    struct bp_config config = {0};
    const struct bp_option_part parts[] = {{"Command", bp_train_command_options, &command}, {"Config", bp_config_options, &config}, {"Prior", bp_config_prior_options, &config}, {NULL, NULL, NULL}};
    struct bp_cmdline cmdline = {.command = &command, .config = &config};
    int status;

    bp_set_program(argv[0]);
    cmdline.options = bp_options_new(parts);
    if ((status = bp_cmdline_parse(&cmdline, argc, argv, &usage)) || (status = bp_cmdline_resolve(&cmdline)) || (status = bp_cmdline_finish(&cmdline)))
        status = status > 0 ? 0 : bp_exit_status();
    else
        status = bp_train(&cmdline.spec);
    bp_cmdline_free(&cmdline);
    return status;
}

/* The same, with a signal already there when the loop begins, as if it had come in the first cycle. */
static int signal_number;

static int interrupted_main(int argc, char **argv)
{
    bp_signals_catch();
    raise(signal_number);
    return train_main(argc, argv);
}

/* With options in front: eight actors, tiny networks, an update of 40 transitions. */
static struct outcome run(program *main_of, const char *options, const char *output)
{
    char line[2048], *path = in_directory(output);

    snprintf(line, sizeof line,
             "bp-train --policy-layers 6 --prior-layers 5 --critic-layers 6 --prior-inputs global,targets,touch --batch 4 --shards 2 --actors 8 "
             "--replay-episodes 16 --warm-up 40 --evaluate-episodes 2 --threads 1 --db %s/runs.db -o %s %s",
             test_directory, path, options);
    return run_program(main_of, line);
}

static size_t bytes_of(const char *name, char *bytes, size_t size)
{
    return read_file(in_directory(name), bytes, size);
}

static bool is_there(const char *name)
{
    return access(in_directory(name), F_OK) == 0;
}

static void assert_same_file(const char *a, const char *b)
{
    static char first[1 << 20], second[1 << 20];
    size_t size = bytes_of(a, first, sizeof first);

    assert_int_equal(bytes_of(b, second, sizeof second), size);
    assert_memory_equal(first, second, size);
}

/* ---- what the run database says ---- */

static int column(void *context, int columns, const char *const *names, const char *const *values)
{
    char *text = context;

    (void)names;
    for (int i = 0; i < columns; i++)
        snprintf(text + strlen(text), 512 - strlen(text), "%s%s", values[i] ? values[i] : "NULL", i + 1 < columns ? "|" : "\n");
    return 0;
}

static const char *query(const char *sql)
{
    static char text[512];
    struct bp_rundb *db = bp_rundb_open(in_directory("runs.db"), false);

    text[0] = '\0';
    assert_non_null(db);
    assert_int_equal(bp_rundb_query(db, sql, NULL, 0, column, text), 0);
    bp_rundb_close(db);
    return text;
}

/* ---- runs ---- */

static void a_run_from_start_to_finish(void **state)
{
    struct bp_checkpoint checkpoint;

    (void)state;
    struct outcome outcome = run(train_main, "--transitions 400 --seed 3 --kl-cost 0.25", "whole.ckpt");
    assert_status(outcome, 0);
    assert_string_equal(outcome.output, "");
    assert_said(outcome.said, "wrote ");
    assert_int_equal(bp_checkpoint_load(in_directory("whole.ckpt"), &checkpoint), 0);
    assert_int_equal(checkpoint.transitions, 400);
    assert_int_equal(checkpoint.updates, 10);
    assert_string_equal(checkpoint.task, "nav-easy");
    assert_string_equal(checkpoint.program, "bp-train");
    assert_string_equal(checkpoint.parent, "");
    assert_true(json_real_value(json_object_get(checkpoint.config, "kl-cost")) == 0.25);
    bp_checkpoint_free(&checkpoint);
    assert_false(is_there("whole.ckpt.resume"));
    assert_int_equal(count_files(".whole"), 0);         /* no temporary left */
}

static void quiet_says_nothing(void **state)
{
    (void)state;
    struct outcome outcome = run(train_main, "--transitions 200 -q --db none", "quiet.ckpt");
    assert_status(outcome, 0);
    assert_string_equal(outcome.said, "");
}

/* The checkpoint can go to stdout, and is the same file. */
static void to_standard_output(void **state)
{
    static char bytes[1 << 20];

    (void)state;
    assert_status(run(train_main, "--transitions 200 --seed 5 -q", "file.ckpt"), 0);
    struct outcome outcome = run(train_main, "--transitions 200 --seed 5 -q -o -", "unused.ckpt");
    assert_status(outcome, 0);
    assert_false(is_there("unused.ckpt"));
    size_t size = bytes_of("file.ckpt", bytes, sizeof bytes);
    assert_memory_equal(bytes, outcome.output, size < sizeof outcome.output ? size : sizeof outcome.output - 1);
}

/* ---- stopping and going on ---- */

/* Stopped by a signal a run writes its state and says how to go on; taken up, it ends in the bytes of one never stopped. */
static void stopped_runs_go_on(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM};

    (void)state;
    assert_status(run(train_main, "--transitions 800 --seed 4 -q", "never.ckpt"), 0);
    for (int i = 0; i < 2; i++) {
        signal_number = signals[i];
        struct outcome outcome = run(interrupted_main, "--transitions 800 --seed 4", "stopped.ckpt");
        assert_status(outcome, 128 + signals[i]);
        assert_said(outcome.said, "to go on: bp-train ");
        assert_said(outcome.said, " --resume");
        assert_true(is_there("stopped.ckpt.resume"));
        assert_status(run(train_main, "--transitions 800 --seed 4 -q --resume", "stopped.ckpt"), 0);
        assert_same_file("never.ckpt", "stopped.ckpt");
        assert_false(is_there("stopped.ckpt.resume"));
    }
}

/* Checkpoints on the way stand beside their resume state, and do not disturb the run. */
static void checkpoints_on_the_way(void **state)
{
    (void)state;
    assert_status(run(train_main, "--transitions 600 --seed 6 -q", "plain.ckpt"), 0);
    assert_status(run(train_main, "--transitions 600 --seed 6 -q --checkpoint-every 80", "often.ckpt"), 0);
    assert_same_file("plain.ckpt", "often.ckpt");
    assert_string_equal(query("select count(*) from checkpoint join run on run = id where output like '%plain.ckpt'"), "1\n");
    assert_string_equal(query("select count(*) from checkpoint join run on run = id where output like '%often.ckpt'"), "8\n");
    signal_number = SIGUSR1;                /* asks for one, and the run goes on to its end */
    assert_status(run(interrupted_main, "--transitions 600 --seed 6", "asked.ckpt"), 0);
    assert_same_file("plain.ckpt", "asked.ckpt");
    assert_string_equal(query("select count(*) from checkpoint join run on run = id where output like '%asked.ckpt'"), "2\n");
}

static void resuming_needs_the_same_config(void **state)
{
    (void)state;
    signal_number = SIGINT;
    assert_status(run(interrupted_main, "--transitions 800 --seed 8", "kept.ckpt"), 128 + SIGINT);
    struct outcome outcome = run(train_main, "--transitions 800 --seed 9 --resume", "kept.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "--seed differs");
    assert_true(is_there("kept.ckpt.resume"));
    outcome = run(train_main, "--resume", "absent.ckpt");
    assert_status(outcome, BP_FAILURE);
    outcome = run(train_main, "--resume -o -", "unused.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "--resume needs --output");
    assert_status(run(train_main, "--transitions 400 --seed 8 -q --resume", "kept.ckpt"), 0);       /* fewer or more steps are fine */
}

/* ---- the run database ---- */

static void runs_are_recorded(void **state)
{
    (void)state;
    unlink(in_directory("runs.db"));
    assert_status(run(train_main, "--transitions 400 --seed 11 -q --progress-every 120 --evaluate policy,prior:nav-hard --evaluate-every 200", "rows.ckpt"), 0);
    assert_string_equal(query("select program, task, policy, prior, seed, state from run"), "bp-train|nav-easy|mlp|mlp|11|finished\n");
    assert_string_equal(query("select transitions, updates from progress order by transitions"), "120|3\n240|6\n360|9\n400|10\n");
    assert_string_equal(query("select transitions, play, task, episodes from evaluation order by transitions, play"),
                        "200|policy|nav-easy|2\n200|prior|nav-hard|2\n400|policy|nav-easy|2\n400|prior|nav-hard|2\n");
    signal_number = SIGINT;
    assert_status(run(interrupted_main, "--transitions 400 --seed 12", "rows2.ckpt"), 128 + SIGINT);
    assert_string_equal(query("select seed, state from run order by id"), "11|finished\n12|stopped\n");
    assert_status(run(train_main, "--transitions 400 --seed 12 -q --resume", "rows2.ckpt"), 0);
    assert_string_equal(query("select seed, state from run order by id"), "11|finished\n12|finished\n");     /* the same row */
}

/* ---- the command line ---- */

static void the_config_is_printed(void **state)
{
    (void)state;
    struct outcome outcome = run(train_main, "--preset nav-easy-lstm --kl-cost 0.7 --print-config", "unused.ckpt");
    assert_status(outcome, 0);
    assert_said(outcome.output, "# preset nav-easy-lstm");
    assert_said(outcome.output, "# command line");
    assert_said(outcome.output, "# default");
    assert_null(strstr(outcome.output, "unused.ckpt"));
    assert_false(is_there("unused.ckpt"));
    /* and it is a preset for the same run */
    write_file(in_directory("printed"), outcome.output, strlen(outcome.output));
    char line[1024], again[sizeof outcome.output];
    snprintf(line, sizeof line, "bp-train --print-config --preset %s", in_directory("printed"));
    snprintf(again, sizeof again, "%s", run_program(train_main, line).output);
    char *rest[2] = {outcome.output, again}, *a, *b;
    while ((a = strsep(&rest[0], "\n")) && (b = strsep(&rest[1], "\n"))) {
        a[strcspn(a, "#")] = b[strcspn(b, "#")] = '\0';
        assert_string_equal(a, b);
    }
    assert_true(!rest[0] && !rest[1]);
}

static void bad_usage(void **state)
{
    static const char *const bad[][2] = {
        {"--preset no-such-preset", "no-such-preset"}, {"--task nav", "nav-easy, nav-hard"}, {"--transitions 0", "--transitions"}, {"--threads 0", "--threads"},
        {"--shards 3", "3 equal shards"}, {"operand", "'operand'"}, {"--policy-layers big", "big"}, {"--evaluate critic", "'critic'"},
        {"--prior-inputs proprio", "'proprio'"}, {"--actors 9", "too small"}, {"--warm-up 1M", "--warm-up"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct outcome outcome = run(train_main, bad[i][0], "bad.ckpt");
        assert_status(outcome, BP_USAGE);
        assert_said(outcome.said, bad[i][1]);
        assert_ptr_equal(strchr(outcome.said, '\n'), outcome.said + strlen(outcome.said) - 1);      /* one sentence */
        assert_false(is_there("bad.ckpt"));
    }
}

/* Found out before anything is learned. */
static void unwritable_output(void **state)
{
    (void)state;
    struct outcome outcome = run(train_main, "--transitions 100G", "no/such/directory.ckpt");
    assert_status(outcome, BP_FAILURE);
    assert_said(outcome.said, "directory.ckpt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_from_start_to_finish),
        cmocka_unit_test(quiet_says_nothing),
        cmocka_unit_test(to_standard_output),
        cmocka_unit_test(stopped_runs_go_on),
        cmocka_unit_test(checkpoints_on_the_way),
        cmocka_unit_test(resuming_needs_the_same_config),
        cmocka_unit_test(runs_are_recorded),
        cmocka_unit_test(the_config_is_printed),
        cmocka_unit_test(bad_usage),
        cmocka_unit_test(unwritable_output),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
