#include "run/signals.h"
#include "run/transfer.h"

#include "program.h"
#include "tiny_run.h"

/* bp-transfer's main. */
static int transfer_main(int argc, char **argv)
{
    static const struct bp_usage usage = {"", "", "", BP_BARE_RUNS, NULL};
    struct bp_train_command command = {0};
    struct bp_transfer transfer = {0};
    struct bp_config config = {0};
    const struct bp_option_part parts[] = {{"Command", bp_train_command_options, &command},
                                           {"Transfer", bp_transfer_options, &transfer},
                                           {"Config", bp_config_options, &config},
                                           {NULL, NULL, NULL}};
    struct bp_cmdline cmdline = {.command = &command, .config = &config};
    int status;

    bp_set_program(argv[0]);
    cmdline.options = bp_options_new(parts);
    status = bp_transfer_main(&cmdline, &transfer, argc, argv, &usage);
    bp_cmdline_free(&cmdline);
    return status;
}

static int interrupted_main(int argc, char **argv)
{
    bp_signals_catch();
    raise(SIGINT);
    return transfer_main(argc, argv);
}

static struct outcome run(program *main_of, const char *prior, const char *options, const char *output)
{
    char line[2048];

    snprintf(line, sizeof line, "bp-transfer --prior-from %s --task nav-hard --db none -q --threads 1 --evaluate-episodes 2 -o %s/%s %s", prior,
             test_directory, output, options);
    return run_program(main_of, line);
}

/* ---- a prior to start from ---- */

/* The checkpoint of a short run on nav-easy, whose config says things that carry over and things that do not. */
static char easy[512], baseline[512];
static struct bp_checkpoint lent;

static int lend(void **state)
{
    static struct bp_config config;
    static struct bp_cycle cycle;
    struct bp_checkpoint checkpoint;

    if (make_directory(state))
        return -1;
    snprintf(easy, sizeof easy, "%s", in_directory("easy.ckpt"));
    snprintf(baseline, sizeof baseline, "%s", in_directory("baseline.ckpt"));
    config = tiny_config("mlp", "lstm", "mlp");
    start(&cycle, &config, 1);
    run_cycles(&cycle, 5);
    bp_cycle_checkpoint(&cycle, &checkpoint);
    snprintf(checkpoint.program, sizeof checkpoint.program, "bp-train");
    checkpoint.config = json_pack("{s:s, s:i, s:i, s:f, s:i, s:i, s:i, s:i, s:i, s:s}", "task", "nav-easy", "transitions", 100000, "seed", 77, "kl-cost",
                                  0.625, "batch", 4, "shards", 2, "actors", 8, "replay-episodes", 16, "warm-up", 40, "critic-layers", "6,4");
    assert_int_equal(bp_checkpoint_write(easy, &checkpoint), 0);
    checkpoint.agent.has[BP_PRIOR] = false;
    checkpoint.agent.behaviour[BP_PRIOR].levels = 0;
    assert_int_equal(bp_checkpoint_write(baseline, &checkpoint), 0);
    json_decref(checkpoint.config);
    bp_cycle_free(&cycle);
    return bp_checkpoint_load(easy, &lent);
}

static int take_back(void **state)
{
    bp_checkpoint_free(&lent);
    return remove_directory(state);
}

static struct bp_checkpoint loaded(const char *name)
{
    struct bp_checkpoint checkpoint;

    assert_int_equal(bp_checkpoint_load(in_directory(name), &checkpoint), 0);
    return checkpoint;
}

/* ---- runs ---- */

/* The prior is the checkpoint's, to the bit; the policy is like it; what the config says of learning carries over; the parent is named. */
static void from_a_prior(void **state)
{
    (void)state;
    assert_status(run(transfer_main, easy, "--transitions 200", "hard.ckpt"), 0);
    struct bp_checkpoint hard = loaded("hard.ckpt");
    assert_string_equal(hard.task, "nav-hard");
    assert_string_equal(hard.parent, lent.hash);
    assert_int_equal(hard.transitions, 200);
    assert_string_equal(hard.agent.net[BP_PRIOR].spec.kind, "lstm");
    assert_memory_equal(hard.params[BP_PRIOR], lent.params[BP_PRIOR], lent.agent.net[BP_PRIOR].parameters * sizeof(float));
    assert_string_equal(hard.agent.net[BP_POLICY].spec.kind, "lstm");
    assert_int_equal(hard.agent.net[BP_POLICY].spec.inputs.count, 4);
    assert_true(json_real_value(json_object_get(hard.config, "kl-cost")) == 0.625);
    assert_int_equal(json_integer_value(json_object_get(hard.config, "seed")), 1);
    assert_int_equal(hard.agent.net[BP_CRITIC].spec.hidden[1], 4);
    assert_string_equal(json_string_value(json_object_get(hard.config, "policy")), "lstm");
    bp_checkpoint_free(&hard);
}

/* How far the policy's output layer is from the prior's: where it started shows, as a few updates move it little. */
static double distance_from_prior(const struct bp_checkpoint *checkpoint)
{
    const struct bp_net *policy = &checkpoint->agent.net[BP_POLICY], *prior = &checkpoint->agent.net[BP_PRIOR];
    size_t n = policy->parameters - policy->layer[policy->layers - 1].x;
    double sum = 0;

    assert_int_equal(n, prior->parameters - prior->layer[prior->layers - 1].x);
    for (size_t i = 1; i <= n; i++)
        sum += fabs((double)checkpoint->params[BP_POLICY][policy->parameters - i] - (double)checkpoint->params[BP_PRIOR][prior->parameters - i]);
    return sum / (double)n;
}

static void where_the_policy_starts(void **state)
{
    (void)state;
    assert_status(run(transfer_main, easy, "--transitions 40", "copied.ckpt"), 0);
    assert_status(run(transfer_main, easy, "--transitions 40 --initialise fresh --policy lstm --policy-layers 5,6 --policy-head bounded", "fresh.ckpt"), 0);
    struct bp_checkpoint copied = loaded("copied.ckpt"), fresh = loaded("fresh.ckpt");
    assert_true(distance_from_prior(&copied) < 1e-3);
    assert_true(distance_from_prior(&fresh) > 1e-2);
    bp_checkpoint_free(&copied);
    bp_checkpoint_free(&fresh);
}

/* A prior with encoders lends them to the policy, which may have one more for a group that the prior does not see. */
static void with_encoders(void **state)
{
    struct bp_config config = tiny_config("mlp", "lstm", "mlp");
    struct bp_cycle cycle;
    struct bp_checkpoint checkpoint;
    char encoders[128], prior[512];

    (void)state;
    snprintf(prior, sizeof prior, "%s", in_directory("encoded.ckpt"));
    config.net[BP_PRIOR].encoders = "targets:7x4";
    config.net[BP_CRITIC].encoders = "goal:3";
    start(&cycle, &config, 1);
    run_cycles(&cycle, 5);
    bp_cycle_checkpoint(&cycle, &checkpoint);
    checkpoint.config = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:s, s:s}", "task", "nav-easy", "batch", 4, "shards", 2, "actors", 8,
                                  "replay-episodes", 16, "warm-up", 40, "critic-layers", "6,4", "critic-encoders", "goal:3");
    assert_int_equal(bp_checkpoint_write(prior, &checkpoint), 0);
    json_decref(checkpoint.config);
    bp_cycle_free(&cycle);

    assert_status(run(transfer_main, prior, "--transitions 40", "lent.ckpt"), 0);
    assert_status(run(transfer_main, prior, "--transitions 40 --policy-encoders targets:7x4,progress:5", "more.ckpt"), 0);
    for (int more = 0; more < 2; more++) {
        struct bp_checkpoint hard = loaded(more ? "more.ckpt" : "lent.ckpt");
        bp_net_encoders_text(&hard.agent.net[BP_POLICY].spec, encoders, sizeof encoders);
        assert_string_equal(encoders, more ? "targets:7x4,progress:5" : "targets:7x4");
        assert_string_equal(bp_net_encoders_text(&hard.agent.net[BP_PRIOR].spec, encoders, sizeof encoders), "targets:7x4");
        assert_int_equal(hard.agent.net[BP_CRITIC].spec.encoder_count, 0);      /* there is no goal */
        assert_true(distance_from_prior(&hard) < 1e-3);
        bp_checkpoint_free(&hard);
    }
    struct outcome outcome = run(transfer_main, prior, "--transitions 40 --policy-encoders targets:7", "other.ckpt");
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "whose encoder for 'targets' is another");
}

static void from_scratch(void **state)
{
    (void)state;
    assert_status(run(transfer_main, "none", "--transitions 80 --policy mlp --policy-layers 6 --critic-layers 6 --batch 4 --shards 2 --actors 8 "
                                             "--replay-episodes 16 --warm-up 40", "scratch.ckpt"), 0);
    struct bp_checkpoint scratch = loaded("scratch.ckpt");
    assert_false(scratch.agent.has[BP_PRIOR]);
    assert_string_equal(scratch.parent, "");
    bp_checkpoint_free(&scratch);
}

/* The preset for transfer lies above the checkpoint's config and below the command line. */
static void presets_lie_above_the_checkpoint(void **state)
{
    (void)state;
    struct outcome outcome = run(transfer_main, easy, "--preset nav-hard --actors 6 --print-config", "unused.ckpt");
    assert_status(outcome, 0);
    assert_said(outcome.output, "# preset nav-hard");
    assert_null(strstr(outcome.output, "0.625"));                   /* the preset says another kl-cost */
    assert_said(outcome.output, "# prior's checkpoint");
    assert_said(outcome.output, "actors               = 6 ");
}

static void stopped_runs_go_on(void **state)
{
    static char whole[1 << 20], resumed[1 << 20];
    char other[512];

    (void)state;
    snprintf(other, sizeof other, "%s", in_directory("hard.ckpt"));
    assert_status(run(transfer_main, easy, "--transitions 200 -f", "hard.ckpt"), 0);
    assert_status(run(interrupted_main, easy, "--transitions 200", "stopped.ckpt"), 128 + SIGINT);
    struct outcome outcome = run(transfer_main, other, "--transitions 200 --resume", "stopped.ckpt");      /* another prior */
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "another checkpoint");
    assert_status(run(transfer_main, easy, "--transitions 200 --resume", "stopped.ckpt"), 0);
    size_t size = read_file(other, whole, sizeof whole);
    assert_int_equal(read_file(in_directory("stopped.ckpt"), resumed, sizeof resumed), size);
    assert_memory_equal(whole, resumed, size);
}

/* ---- what is refused ---- */

static void refused(const char *prior, const char *options, int status, const char *part)
{
    struct outcome outcome = run(transfer_main, prior, options, "refused.ckpt");

    assert_status(outcome, status);
    assert_said(outcome.said, part);
    assert_ptr_equal(strchr(outcome.said, '\n'), outcome.said + strlen(outcome.said) - 1);          /* one sentence */
    assert_int_equal(access(in_directory("refused.ckpt"), F_OK), -1);
}

static void bad_usage(void **state)
{
    (void)state;
    refused(easy, "--policy mlp", BP_USAGE, "--initialise fresh");
    refused(easy, "--policy-layers 5,7", BP_USAGE, "--initialise fresh");
    refused(easy, "--policy-inputs global,touch", BP_USAGE, "'targets'");
    refused(easy, "--initialise half", BP_USAGE, "prior, fresh");
    refused(easy, "--prior-layers 5", BP_USAGE, "--prior-layers");           /* not this program's to choose */
    refused(baseline, "", BP_USAGE, "no prior");
    refused("/nonexistent.ckpt", "", BP_FAILURE, "/nonexistent.ckpt");
    refused("Makefile", "", BP_DAMAGED, "Makefile");
    char line[1024];
    snprintf(line, sizeof line, "bp-transfer --task nav-hard -o %s/refused.ckpt", test_directory);
    struct outcome outcome = run_program(transfer_main, line);
    assert_status(outcome, BP_USAGE);
    assert_said(outcome.said, "--prior-from");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_prior),
        cmocka_unit_test(where_the_policy_starts),
        cmocka_unit_test(with_encoders),
        cmocka_unit_test(from_scratch),
        cmocka_unit_test(presets_lie_above_the_checkpoint),
        cmocka_unit_test(stopped_runs_go_on),
        cmocka_unit_test(bad_usage),
    };

    return cmocka_run_group_tests(tests, lend, take_back);
}
