#include "run/cmdline.h"
#include "run/signals.h"

#include "../base/check.h"
#include "program.h"

#include "store/lock.h"
#include "store/pack.h"
#include "store/rundb.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

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
        struct outcome outcome = run(interrupted_main, "--transitions 800 --seed 4 -f", "stopped.ckpt");
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

/* ---- what stands there already ---- */

static void text_in_the_way(const char *name, const char *text)
{
    write_file(in_directory(name), text, strlen(text));
}

static void nothing_is_overwritten_unasked(void **state)
{
    struct outcome outcome;

    (void)state;
    assert_status(run(train_main, "--transitions 200 --seed 21 -q", "there.ckpt"), 0);
    outcome = run(train_main, "--transitions 200 --seed 22 -q", "there.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "there.ckpt' is there already, a checkpoint or recordings: --force overwrites it");
    assert_status(run(train_main, "--transitions 200 --seed 21 -q", "same.ckpt"), 0);
    assert_same_file("there.ckpt", "same.ckpt");
    outcome = run(train_main, "--transitions 200 --seed 22 --force", "there.ckpt");
    assert_status(outcome, 0);
    assert_said(outcome.said, "there.ckpt', which is there already, will be overwritten");
    text_in_the_way("notes", "something else");
    outcome = run(train_main, "--transitions 200 --seed 22", "notes");
    assert_status(outcome, 0);
    assert_said(outcome.said, "notes', which is there already, will be overwritten");
    assert_same_file("there.ckpt", "notes");
}

static void one_run_at_a_time(void **state)
{
    struct bp_claim lock;
    char holder[64];

    (void)state;
    bp_set_program("bp-holder");
    assert_int_equal(bp_lock_take(&lock, in_directory("held.ckpt")), 0);
    struct outcome outcome = run(train_main, "--transitions 200 --seed 21 -q", "held.ckpt");
    assert_status(outcome, BP_USAGE);
    snprintf(holder, sizeof holder, "is being written by bp-holder, process %ld on ", (long)getpid());
    assert_said(outcome.said, holder);
    assert_false(is_there("held.ckpt"));
    bp_lock_release(&lock);
    assert_status(run(train_main, "--transitions 200 --seed 21 -q", "held.ckpt"), 0);
    assert_int_equal(count_files(".held"), 0);
}

/* Both names must fit, before hours of work. */
static void names_that_are_too_long(void **state)
{
    char name[251];

    (void)state;
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    struct outcome outcome = run(train_main, "--transitions 100G -q --db none", name);
    assert_status(outcome, BP_FAILURE);
    assert_said(outcome.said, ".resume: File name too long");
    name[248] = '\0';
    assert_status(run(train_main, "--transitions 200 -q --db none", name), 0);
}

/* ---- files that cannot be written ---- */

static const char *limited_name;

/* Files may not grow beyond a size that is enough for the checkpoint, but not for the resume state. */
static int limited_main(int argc, char **argv)
{
    struct rlimit limit = {20000, 20000};

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    return signal_number ? interrupted_main(argc, argv) : train_main(argc, argv);
}

static void a_resume_state_that_cannot_be_written(void **state)
{
    (void)state;
    limited_name = "limited.ckpt";
    signal_number = 0;
    struct outcome outcome = run(limited_main, "--transitions 400 --seed 23 -q --db none --checkpoint-every 120", limited_name);
    assert_status(outcome, 0);                      /* training goes on */
    assert_said(outcome.said, "limited.ckpt.resume: File too large");
    assert_said(outcome.said, "warning: training goes on; until it can be written, the run cannot be resumed from here");
    assert_status(run(train_main, "--transitions 400 --seed 23 -q --db none", "unlimited.ckpt"), 0);
    assert_same_file("unlimited.ckpt", limited_name);
    assert_int_equal(count_files(".limited"), 0);
    signal_number = SIGTERM;                        /* stopped, it leaves the checkpoint at least */
    outcome = run(limited_main, "--transitions 400 --seed 24 -q --db none", "cut.ckpt");
    assert_status(outcome, BP_FAILURE);
    assert_said(outcome.said, "cut.ckpt.resume: File too large");
    assert_true(is_there("cut.ckpt") && !is_there("cut.ckpt.resume"));
}

/* ---- going on after the end ---- */

/* With constant rates, 400 transitions and 400 more are 800. */
static void a_finished_run_is_continued(void **state)
{
    (void)state;
    assert_status(run(train_main, "--transitions 800 --seed 25 -q", "long.ckpt"), 0);
    assert_status(run(train_main, "--transitions 400 --seed 25 -q --keep-resume", "short.ckpt"), 0);
    assert_true(is_there("short.ckpt.resume"));
    struct outcome outcome = run(train_main, "--seed 25 -q --resume", "short.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "the run finished at 400 transitions, nothing is left to do: --transitions MORE continues it");
    assert_status(run(train_main, "--transitions 400 --seed 25 -q", "short.ckpt"), BP_USAGE);
    assert_status(run(train_main, "--transitions 800 --seed 25 -q --resume", "short.ckpt"), 0);
    assert_same_file("long.ckpt", "short.ckpt");
    assert_string_equal(query("select state, count(*) from run where output like '%short.ckpt'"), "finished|1\n");
    outcome = run(train_main, "--transitions 1200 --seed 25 -q --resume", "short.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "a run that finishes leaves one with --keep-resume only");
    assert_status(run(train_main, "--transitions 400 --seed 26 -q --keep-resume", "anew.ckpt"), 0);
    assert_status(run(train_main, "--transitions 400 --seed 27 -q --force", "anew.ckpt"), 0);     /* with its state */
    assert_false(is_there("anew.ckpt.resume"));
}

/* ---- another run's state ---- */

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(in_directory(from), in_directory(to)), 0);
}

/* The state of one run, under the name of another: neither the checkpoint nor the row of the other is touched. */
static void states_of_other_runs(void **state)
{
    (void)state;
    signal_number = SIGINT;
    assert_status(run(interrupted_main, "--transitions 800 --seed 31 -q", "one.ckpt"), 128 + SIGINT);
    assert_status(run(interrupted_main, "--transitions 800 --seed 32 -q", "two.ckpt"), 128 + SIGINT);
    move("one.ckpt.resume", "two.ckpt.resume");
    struct outcome outcome = run(train_main, "--transitions 800 --seed 31 -q --resume", "two.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "two.ckpt' is the checkpoint of another run than '");
    unlink(in_directory("two.ckpt"));
    assert_status(run(train_main, "--transitions 800 --seed 31 -q --resume", "two.ckpt"), 0);
    assert_string_equal(query("select seed, state from run where output like '%two.ckpt' order by id"), "32|stopped\n31|finished\n");
    assert_string_equal(query("select seed, state from run where output like '%one.ckpt'"), "31|stopped\n");
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

/* Stopped anywhere, rows are those of a run never stopped, but for the time; and that goes on from what it was. */
static void rows_go_on(void **state)
{
    static const char options[] = "--transitions 800 --seed 33 -q --progress-every 120 --evaluate policy,prior:nav-hard --evaluate-every 160";
    static const char rows[] = "select group_concat(transitions || ' ' || updates || ' ' || env_steps || ' ' || episodes || ' ' ||"
                               " critic_loss || ' ' || entropy || ' ' || q_mean, ';') from progress where run = %s";
    char sql[512], whole[4096], line[512];

    (void)state;
    unlink(in_directory("runs.db"));
    assert_status(run(train_main, options, "rows3.ckpt"), 0);
    signal_number = SIGINT;
    assert_status(run(interrupted_main, options, "rows4.ckpt"), 128 + SIGINT);
    for (int i = 0; i < 3; i++) {               /* each gets one cycle further */
        snprintf(line, sizeof line, "%s --resume", options);
        assert_status(run(interrupted_main, line, "rows4.ckpt"), 128 + SIGINT);
    }
    assert_status(run(train_main, line, "rows4.ckpt"), 0);
    assert_same_file("rows3.ckpt", "rows4.ckpt");
    snprintf(sql, sizeof sql, rows, "1");
    snprintf(whole, sizeof whole, "%s", query(sql));
    assert_true(strlen(whole) > 100);
    snprintf(sql, sizeof sql, rows, "2");
    assert_string_equal(query(sql), whole);
    snprintf(whole, sizeof whole, "%s", query("select transitions, task, episode_return from evaluation where run = 1 order by 1, 2"));
    assert_string_equal(query("select transitions, task, episode_return from evaluation where run = 2 order by 1, 2"), whole);
    assert_string_equal(query("select count(*) from progress a join progress b on a.run = 2 and b.run = 2 and a.transitions < b.transitions"
                              " where a.seconds > b.seconds"), "0\n");
}

/* Write into a resume state how long the run has taken. */
static void set_seconds(const char *name, double seconds)
{
    struct bp_pack_reader *reader = bp_pack_open(in_directory(name));
    struct bp_pack_writer *writer = bp_pack_create(in_directory(name), 0);
    struct bp_record record;

    while (bp_pack_read(reader, &record) == 1) {
        if (record.count && !strcmp(record.tensors[0].name, "run/seconds"))
            memcpy(record.tensors[0].data, &seconds, sizeof seconds);
        assert_int_equal(bp_pack_write(writer, &record), 0);
        bp_record_clear(&record);
    }
    bp_pack_close(reader);
    assert_int_equal(bp_pack_commit(writer), 0);
}

/* Time that a run took before a stop counts. */
static void seconds_go_on(void **state)
{
    (void)state;
    signal_number = SIGINT;
    assert_status(run(interrupted_main, "--transitions 400 --seed 34 -q", "slow.ckpt"), 128 + SIGINT);
    set_seconds("slow.ckpt.resume", 1000);
    assert_status(run(train_main, "--transitions 400 --seed 34 -q --resume", "slow.ckpt"), 0);
    assert_string_equal(query("select max(seconds) between 1000 and 1100 from progress join run on run = id where output like '%slow.ckpt'"), "1\n");
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
        {"--prior-inputs proprio", "'proprio'"}, {"--actors 9", "too small"}, {"--warm-up 1M", "--warm-up"}, {"--evaluate policy:nav", "'nav'"},
        {"--evaluate policy:goto", "'goto'"}, {"--max-memory 1M", "--max-memory"}, {"--high-layers 4", "--latent-size"},
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

/* --print-config refuses what the run would, with the same sentence. */
static void the_config_of_no_run_is_refused(void **state)
{
    static const char *const bad[] = {"--evaluate critic", "--evaluate policy:goto", "--evaluate prior:nowhere", "--shards 3", "--warm-up 1M", "--max-memory 1M",
                                      "--body nothing", "--prior-inputs proprio", "--unroll 7 --sequence-stride 3", "--latent-period 3"};
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(line, sizeof line, "%s --print-config", bad[i]);
        struct outcome runs = run(train_main, bad[i], "bad.ckpt"), prints = run(train_main, line, "bad.ckpt");
        assert_status(runs, BP_USAGE);
        assert_status(prints, BP_USAGE);
        if (!strstr(bad[i], "--max-memory"))        /* a sentence with measured figures */
            assert_string_equal(prints.said, runs.said);
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
        cmocka_unit_test(nothing_is_overwritten_unasked),
        cmocka_unit_test(one_run_at_a_time),
        cmocka_unit_test(names_that_are_too_long),
        cmocka_unit_test(a_resume_state_that_cannot_be_written),
        cmocka_unit_test(a_finished_run_is_continued),
        cmocka_unit_test(states_of_other_runs),
        cmocka_unit_test(rows_go_on),
        cmocka_unit_test(seconds_go_on),
        cmocka_unit_test(runs_are_recorded),
        cmocka_unit_test(the_config_is_printed),
        cmocka_unit_test(bad_usage),
        cmocka_unit_test(the_config_of_no_run_is_refused),
        cmocka_unit_test(unwritable_output),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
