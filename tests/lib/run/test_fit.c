#include "run/fit.h"
#include "run/rollout.h"
#include "run/signals.h"

#include "program.h"
#include "tiny_run.h"

/* bp-distill's main. */
static int distill_main(int argc, char **argv)
{
    static const struct bp_usage usage = {"", "", "", BP_BARE_RUNS, NULL};
    struct bp_fit values = {0};
    const struct bp_option_part parts[] = {{"Options", bp_fit_options, &values}, {NULL, NULL, NULL}};
    struct bp_options *options = bp_options_new(parts);
    int operand, status;

    bp_set_program(argv[0]);
    if ((status = bp_options_parse(options, argc, argv, &usage, &operand)) || (status = bp_options_resolve(options))) {
        status = bp_exit_status();
    } else {
        json_t *config = bp_options_json(options);
        bp_set_quiet(values.quiet);
        status = bp_fit(&values, config, "bp-distill", argv + operand, argc - operand);
        json_decref(config);
    }
    bp_options_free(options);
    return status;
}

static int interrupted_main(int argc, char **argv)
{
    bp_signals_catch();
    raise(SIGINT);
    return distill_main(argc, argv);
}

/* The same, reading `input` as its standard input. */
static char input[512];

static int piped_main(int argc, char **argv)
{
    dup2(open(input, O_RDONLY), STDIN_FILENO);
    return distill_main(argc, argv);
}

static struct outcome run(program *main_of, const char *options, const char *output)
{
    char line[4096];

    snprintf(line, sizeof line, "bp-distill --prior lstm --layers 5,6 --batch 4 --unroll 20 --evaluate-every 400 --transitions 1600 --db none -q -o %s/%s %s",
             test_directory, output, options);
    return run_program(main_of, line);
}

/* ---- episodes of two experts, and of one that sees less ---- */

static struct bp_pack_writer *writer;
static const char *expert;
static bool without_touch, as_other_body, diverging;

static int record(void *context, const struct bp_episode *episode)
{
    struct bp_episode copy = *episode;
    float action[375 * 3] = {0};

    (void)context;
    if (without_touch)
        copy.groups.group[3].name[0] = 'x';
    if (as_other_body) {
        copy.action.size = 3;
        copy.actions = action;
    }
    if (diverging) {
        copy.length = copy.length > 100 && copy.index ? 100 : 1;
        copy.diverged = true;
        copy.actions[(copy.length - 1) * copy.action.size] = NAN;
    }
    snprintf(copy.checkpoint, sizeof copy.checkpoint, "%s", expert);
    return bp_episode_write(writer, &copy);
}

static void record_stream(const char *name, const char *hash, uint64_t seed, int episodes)
{
    struct bp_rollout_spec spec = {.task = "nav-easy", .play = BP_PLAY_RANDOM, .episodes = episodes, .seed = seed};
    struct bp_pool *pool = bp_pool_new(1);
    struct bp_rollout *rollout = bp_rollout_new(&spec, NULL, pool);

    assert_non_null(rollout);
    expert = hash;
    assert_non_null(writer = bp_pack_create(in_directory(name), 1));
    assert_int_equal(bp_rollout_run(rollout, NULL, record, NULL), 0);
    assert_int_equal(bp_pack_commit(writer), 0);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
}

static char first[512], second[512], diverged[512], narrow[512], wide[512];

static int record_all(void **state)
{
    setenv("BP_SHARE", "share", 0);
    if (make_directory(state))
        return -1;
    snprintf(first, sizeof first, "%s", in_directory("first.traj"));
    snprintf(second, sizeof second, "%s", in_directory("second.traj"));
    snprintf(narrow, sizeof narrow, "%s", in_directory("narrow.traj"));
    snprintf(wide, sizeof wide, "%s", in_directory("wide.traj"));
    snprintf(diverged, sizeof diverged, "%s", in_directory("diverged.traj"));
    record_stream("first.traj", "aaaa", 1, 12);
    diverging = true;
    record_stream("diverged.traj", "eeee", 5, 4);
    diverging = false;
    record_stream("second.traj", "bbbb", 2, 6);
    without_touch = true;
    record_stream("narrow.traj", "cccc", 3, 3);
    without_touch = false;
    as_other_body = true;
    record_stream("wide.traj", "dddd", 4, 3);
    return 0;
}

static struct bp_checkpoint loaded(const char *name)
{
    struct bp_checkpoint checkpoint;

    assert_int_equal(bp_checkpoint_load(in_directory(name), &checkpoint), 0);
    return checkpoint;
}

static void assert_same_file(const char *a, const char *b)
{
    static char x[1 << 20], y[1 << 20];
    size_t size = read_file(in_directory(a), x, sizeof x);

    assert_int_equal(read_file(in_directory(b), y, sizeof y), size);
    assert_memory_equal(x, y, size);
}

/* ---- fits ---- */

/* A prior alone comes out, that sees what was asked for, knows where it comes from, and can be played. */
static void a_prior_comes_out(void **state)
{
    char line[1024];
    struct bp_pool *pool = bp_pool_new(1);

    (void)state;
    snprintf(line, sizeof line, "--inputs global,touch %s", first);
    assert_status(run(distill_main, line, "prior.ckpt"), 0);
    struct bp_checkpoint prior = loaded("prior.ckpt");
    assert_true(prior.agent.has[BP_PRIOR] && !prior.agent.has[BP_POLICY] && !prior.agent.has[BP_CRITIC]);
    assert_int_equal(prior.agent.net[BP_PRIOR].spec.inputs.count, 2);
    assert_non_null(bp_groups_find(&prior.agent.net[BP_PRIOR].spec.inputs, "touch"));
    assert_string_equal(prior.task, "nav-easy");
    assert_string_equal(prior.body, "pointmass");
    assert_string_equal(prior.parent, "aaaa");
    assert_string_equal(prior.program, "bp-distill");
    assert_int_equal(prior.transitions, 1600);
    assert_int_equal(prior.updates, 20);
    struct bp_rollout_spec spec = {.task = "nav-hard", .play = BP_PLAY_PRIOR, .episodes = 2, .seed = 1};
    struct bp_rollout *rollout = bp_rollout_new(&spec, &prior.agent, pool);
    assert_non_null(rollout);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
    bp_checkpoint_free(&prior);
}

/* Random play is standard normal, which a bounded Gaussian can just be: the fit comes as close as 375 held-out steps can tell. */
static void the_likelihood_is_reported(void **state)
{
    char line[1024];
    const char *at;

    (void)state;
    snprintf(line, sizeof line, "--prior linear --inputs touch --learning-rate 5e-2 --transitions 16000 --patience 100 --no-quiet %s", first);
    struct outcome outcome = run(distill_main, line, "linear.ckpt");
    assert_status(outcome, 0);
    assert_non_null(at = strstr(outcome.said, "best held-out log-likelihood "));
    assert_close(atof(at + strlen("best held-out log-likelihood ")), -(1 + log(2 * M_PI)), 5 / sqrt(375));
    assert_said(outcome.said, "of 1 episodes; learned from 11");
}

static void threads_do_not_matter(void **state)
{
    char line[1024];

    (void)state;
    snprintf(line, sizeof line, "--threads 1 %s", first);
    assert_status(run(distill_main, line, "one.ckpt"), 0);
    snprintf(line, sizeof line, "--threads 3 %s", first);
    assert_status(run(distill_main, line, "three.ckpt"), 0);
    assert_same_file("one.ckpt", "three.ckpt");
}

/* Streams of one expert name it as the parent, those of several none; a pipe is as good as a file. */
static void several_streams(void **state)
{
    char line[2048];

    (void)state;
    snprintf(line, sizeof line, "%s %s", first, second);
    assert_status(run(distill_main, line, "both.ckpt"), 0);
    struct bp_checkpoint both = loaded("both.ckpt");
    assert_string_equal(both.parent, "");
    bp_checkpoint_free(&both);
    snprintf(input, sizeof input, "%s", first);
    assert_status(run(piped_main, "", "piped.ckpt"), 0);
    assert_status(run(distill_main, first, "file.ckpt"), 0);
    assert_same_file("piped.ckpt", "file.ckpt");
    snprintf(line, sizeof line, "cat %s %s > %s", first, second, in_directory("joined.traj"));
    assert_int_equal(system(line), 0);
    assert_status(run(distill_main, in_directory("joined.traj"), "joined.ckpt"), 0);
    assert_same_file("joined.ckpt", "both.ckpt");
}

/* The step that made a simulation diverge, here by an action that is no number, is no example; an episode of that step alone is none. */
static void what_diverged_is_left_out(void **state)
{
    char line[2048];

    (void)state;
    snprintf(line, sizeof line, "--no-quiet --held-out 0.4 %s", diverged);
    struct outcome outcome = run(distill_main, line, "diverged.ckpt");
    assert_status(outcome, 0);
    assert_said(outcome.said, "of 1 episodes; learned from 2");
}

/* When it gets no better any more it stops early, and keeps the best. */
static void early_stopping(void **state)
{
    char line[1024];

    (void)state;
    snprintf(line, sizeof line, "--learning-rate 0.3 --final-learning-rate 1 --transitions 1M --patience 2 %s", first);
    assert_status(run(distill_main, line, "early.ckpt"), 0);
    struct bp_checkpoint early = loaded("early.ckpt");
    assert_true(early.transitions < 100000);
    bp_checkpoint_free(&early);
    snprintf(line, sizeof line, "--held-out 0 --patience 1 %s", first);        /* nothing held out, nothing to stop for */
    assert_status(run(distill_main, line, "whole.ckpt"), 0);
    struct bp_checkpoint whole = loaded("whole.ckpt");
    assert_int_equal(whole.transitions, 1600);
    bp_checkpoint_free(&whole);
}

static void stopped_before_the_first_look(void **state)
{
    (void)state;
    struct outcome outcome = run(interrupted_main, first, "stopped.ckpt");
    assert_status(outcome, 128 + SIGINT);
    assert_said(outcome.said, "nothing was written");
    assert_int_equal(access(in_directory("stopped.ckpt"), F_OK), -1);
}

/* ---- what is refused ---- */

static void refused(program *main_of, const char *options, int status, const char *part)
{
    struct outcome outcome = run(main_of, options, "refused.ckpt");

    assert_status(outcome, status);
    assert_said(outcome.said, part);
    assert_ptr_equal(strchr(outcome.said, '\n'), outcome.said + strlen(outcome.said) - 1);          /* one sentence */
    assert_int_equal(access(in_directory("refused.ckpt"), F_OK), -1);
}

static void bad_input(void **state)
{
    static char bytes[1 << 22];
    char line[2048], cut[512];
    size_t size = read_file(first, bytes, sizeof bytes);

    (void)state;
    snprintf(cut, sizeof cut, "%s", in_directory("cut.traj"));
    snprintf(line, sizeof line, "%s %s", first, narrow);
    refused(distill_main, line, BP_USAGE, "'touch'");
    snprintf(line, sizeof line, "%s %s", first, wide);
    refused(distill_main, line, BP_USAGE, "3 continuous numbers");
    snprintf(line, sizeof line, "--inputs proprio %s", first);
    refused(distill_main, line, BP_USAGE, "'proprio'");
    snprintf(line, sizeof line, "--inputs ?proprio %s", first);
    refused(distill_main, line, BP_USAGE, "no observation group");
    snprintf(line, sizeof line, "--shards 3 %s", first);
    refused(distill_main, line, BP_USAGE, "3 equal shards");
    snprintf(line, sizeof line, "--held-out 1 %s", first);
    refused(distill_main, line, BP_USAGE, "--held-out");
    write_file(cut, bytes, size - 20);
    refused(distill_main, cut, BP_DAMAGED, "cut.traj");
    write_file(cut, bytes, size / 2);
    refused(distill_main, cut, BP_DAMAGED, "cut.traj");
    refused(distill_main, "Makefile", BP_DAMAGED, "Makefile");
    refused(distill_main, "/nonexistent.traj", BP_FAILURE, "/nonexistent.traj");
    write_file(cut, "", 0);
    snprintf(input, sizeof input, "%s", cut);
    refused(piped_main, "", BP_DAMAGED, "standard input");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prior_comes_out),
        cmocka_unit_test(the_likelihood_is_reported),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(several_streams),
        cmocka_unit_test(what_diverged_is_left_out),
        cmocka_unit_test(early_stopping),
        cmocka_unit_test(stopped_before_the_first_look),
        cmocka_unit_test(bad_input),
    };

    return cmocka_run_group_tests(tests, record_all, remove_directory);
}
