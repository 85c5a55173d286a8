#include "run/train.h"

#include "base/json.h"
#include "run/body_copy.h"
#include "run/evaluate.h"
#include "run/files.h"
#include "run/ledger.h"
#include "run/measures.h"
#include "run/memory.h"
#include "run/precision.h"
#include "run/progress.h"
#include "run/clock.h"
#include "run/signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loop {
    const struct bp_train_spec *spec;
    struct bp_cycle cycle;
    struct bp_evaluator *evaluator;
    struct bp_run_files files;
    struct bp_ledger ledger;
    struct bp_body_copy body;
    char parent[72];
    double started;                 /* on the clock: as if the run had never stopped */
    struct bp_progress progress;
    int64_t started_at;             /* transitions when this process took up the run */
    int64_t next_checkpoint, next_progress, next_evaluation;
    struct bp_measures measures;    /* of the last row of progress */
};

/* The next multiple of `every` after `at`; never when every is 0. */
static int64_t next_multiple(int64_t at, int64_t every)
{
    return every ? (at / every + 1) * every : INT64_MAX;
}

static double seconds(const struct loop *loop)
{
    return bp_clock_seconds() - loop->started;
}

/* ---- files ---- */

static int write_checkpoint(struct loop *loop)
{
    struct bp_checkpoint checkpoint;

    bp_cycle_checkpoint(&loop->cycle, &checkpoint);
    checkpoint.config = (json_t *)loop->spec->config_json;
    checkpoint.body_copy = loop->body;
    snprintf(checkpoint.program, sizeof checkpoint.program, "%s", bp_program());
    snprintf(checkpoint.parent, sizeof checkpoint.parent, "%s", loop->parent);
    bp_precision_kernels(loop->spec->config->precision, checkpoint.kernels, sizeof checkpoint.kernels);
    for (int role = 0; role < BP_ROLES; role++)
        bp_reuse_text(&loop->spec->borrowed, (enum bp_role)role, checkpoint.reused[role], sizeof checkpoint.reused[role]);
    return bp_run_files_checkpoint(&loop->files, &checkpoint);
}

static int write_state(struct loop *loop, bool finished)
{
    struct bp_resume_header header = {.config = (json_t *)loop->spec->config_json, .finished = finished};

    strcpy(header.parent, loop->parent);
    strcpy(header.fingerprint, loop->files.fingerprint);
    strcpy(header.body_hash, loop->body.hash);
    loop->cycle.seconds = seconds(loop);
    return bp_resume_write(loop->files.resume, &loop->cycle, &header);
}

static int note_checkpoint(struct loop *loop)
{
    return bp_ledger_checkpoint(&loop->ledger, loop->cycle.transitions, loop->files.output, loop->files.hash);
}

/*
 * On the way. What cannot be written now may be written later, and hours of training do not end for it: the checkpoint first, since a resume
 * state without one is of less use than one without a resume state.
 */
static int save(struct loop *loop)
{
    if (write_checkpoint(loop)) {
        bp_error_forgive();
        bp_warn("training goes on without the checkpoint of %lld transitions", (long long)loop->cycle.transitions);
        return 0;
    }
    if (write_state(loop, false)) {
        bp_error_forgive();
        bp_warn("training goes on; until it can be written, the run cannot be resumed from here");
    }
    return note_checkpoint(loop);
}

/* ---- progress ---- */

static int record_progress(struct loop *loop)
{
    bp_measures_read(&loop->measures, &loop->cycle, seconds(loop));
    return bp_ledger_progress(&loop->ledger, &loop->measures.row);
}

/* Sums begin anew, but not where a run only stops: its next row is of what came before the stop, too. */
static void begin_sums(struct bp_cycle *cycle)
{
    const struct bp_actor_stats *a = &cycle->actor_stats;

    if (a->diverged)
        bp_warn("%lld of %lld episodes ended because the simulation diverged", (long long)a->diverged, (long long)a->episodes);
    cycle->update_stats = (struct bp_update_stats){0};
    cycle->actor_stats = (struct bp_actor_stats){0};
}

static void show_progress(struct loop *loop, bool final)
{
    const struct bp_measures *measures = &loop->measures;
    double latent = bp_measures_value(measures, "kl_prior_high");
    const struct bp_progress_news news[] = {
        {"return %.1f", bp_measures_value(measures, "episode_return"), 0},
        {isfinite(latent) ? "KL %.3f (latent %.3f)" : "KL %.3f", bp_measures_value(measures, "kl_prior"), latent},
        {"entropy %.2f", bp_measures_value(measures, "entropy"), 0},
        {NULL, 0, 0},
    };

    bp_progress_show(&loop->progress, loop->cycle.transitions, final, news);
}

static int evaluate_one(struct loop *loop, int i)
{
    struct bp_params params = bp_cycle_params(&loop->cycle);
    struct bp_run_evaluation row;
    char kl[48] = "";
    int status = bp_evaluate(loop->evaluator, i, &params, &row);

    if (status)
        return status;
    row.transitions = loop->cycle.transitions;
    row.seconds = seconds(loop);
    if (isfinite(row.sequence_kl))
        snprintf(kl, sizeof kl, ", sequence KL %.3f", row.sequence_kl);
    bp_log("%.2fM transitions: %s on %s returns %.1f +- %.1f%s", (double)row.transitions / 1e6, row.play, row.task, row.episode_return, row.standard_error,
           kl);
    return bp_ledger_evaluation(&loop->ledger, &row);
}

/* A signal cuts it short; a resumed run then begins with it. */
static int evaluate(struct loop *loop)
{
    int status = 0;

    for (int i = 0; i < bp_evaluator_count(loop->evaluator) && !status; i++)
        status = evaluate_one(loop, i);
    if (!status)
        loop->cycle.evaluated_at = loop->cycle.transitions;
    return status < 0 ? -1 : 0;
}

/* ---- the loop ---- */

/* What is due at this point of the run. */
static int attend(struct loop *loop)
{
    const struct bp_train_command *command = loop->spec->command;
    int64_t at = loop->cycle.transitions;
    bool asked = bp_signals_checkpoint();

    if (at >= loop->next_progress) {
        loop->next_progress = next_multiple(at, command->progress_every);
        if (record_progress(loop))
            return -1;
        begin_sums(&loop->cycle);
    }
    if (bp_progress_due(&loop->progress))
        show_progress(loop, false);
    if (at >= loop->next_evaluation) {
        loop->next_evaluation = next_multiple(at, loop->spec->config->evaluate_every);
        if (evaluate(loop))
            return -1;
    }
    if ((at >= loop->next_checkpoint || asked) && *loop->files.resume && at < loop->spec->config->transitions) {
        loop->next_checkpoint = next_multiple(at, command->checkpoint_every);
        if (save(loop))
            return -1;
    }
    return 0;
}

static bool learned_all(const struct loop *loop)
{
    return loop->cycle.transitions >= loop->spec->config->transitions;
}

/* Nothing is left to do, the last evaluation included. */
static bool finished(const struct loop *loop)
{
    return learned_all(loop) && (loop->cycle.evaluated_at == loop->cycle.transitions || !bp_evaluator_count(loop->evaluator));
}

static int run(struct loop *loop)
{
    if (loop->cycle.transitions >= loop->next_evaluation && attend(loop))
        return -1;
    while (!learned_all(loop) && !bp_signals_stop())
        if (bp_cycle_run(&loop->cycle) || attend(loop))
            return -1;
    if (loop->cycle.update_stats.updates > 0 && record_progress(loop))
        return -1;
    if (loop->cycle.transitions > loop->started_at)
        show_progress(loop, true);
    return learned_all(loop) && !finished(loop) ? evaluate(loop) : 0;
}

/* The checkpoint first here too; a state that cannot be written does not take it away. */
static int finish_stopped(struct loop *loop)
{
    int status;

    if (!*loop->files.resume) {
        bp_warn("stopped at %lld transitions; without --output FILE there is nothing to resume from", (long long)loop->cycle.transitions);
        return 0;
    }
    status = write_checkpoint(loop) || note_checkpoint(loop) ? -1 : 0;
    if (write_state(loop, false))
        return -1;
    bp_warn("stopped at %lld transitions; to go on: %s", (long long)loop->cycle.transitions, loop->spec->resume_line);
    return status;
}

static int finish(struct loop *loop)
{
    const struct bp_train_command *command = loop->spec->command;

    if (!finished(loop))
        return finish_stopped(loop);
    if (!strcmp(command->output, "-"))
        bp_signals_end_pipe();
    if (write_checkpoint(loop) || note_checkpoint(loop))
        return -1;
    if (*loop->files.resume && !command->keep_resume)
        unlink(loop->files.resume);
    else if (*loop->files.resume && write_state(loop, true))
        return -1;
    bp_log("wrote %s", strcmp(command->output, "-") ? command->output : "the checkpoint");
    return 0;
}

/* ---- the beginning ---- */

/* What --resume goes on from is this run. */
static int check_stopped(const struct loop *loop)
{
    const struct bp_resume_header *stopped = loop->spec->stopped;
    int64_t all = loop->spec->config->transitions;

    if (strcmp(loop->parent, stopped->parent))
        return bp_error(BP_USAGE, "the stopped run started from another checkpoint: the command that began it, with --resume, goes on");
    if (strcmp(loop->body.hash, stopped->body_hash))
        return bp_error(BP_USAGE, "the body '%s' has changed since the run was stopped", loop->cycle.env.body);
    if (stopped->finished && all <= stopped->transitions)
        return bp_error(BP_USAGE, "the run finished at %lld transitions, nothing is left to do: --transitions MORE continues it", (long long)stopped->transitions);
    /*
     * A checkpoint of fewer transitions than it has would be a lie, and the resume state would go with it. The last update may go beyond:
     * a run can be stopped after it, in its last evaluation.
     */
    if (stopped->transitions >= all + loop->spec->config->batch * loop->spec->config->unroll)
        return bp_error(BP_USAGE, "--transitions %lld is fewer than the stopped run has made: %lld", (long long)all, (long long)stopped->transitions);
    return 0;
}

static int open_files(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    struct bp_run_files_spec files = {.output = spec->command->output, .resume = spec->command->resume, .force = spec->command->force};
    char fingerprint[72];

    if (bp_run_fingerprint(spec->config_json, loop->parent, loop->body.hash, fingerprint))
        return -1;
    files.fingerprint = spec->stopped ? spec->stopped->fingerprint : fingerprint;
    return bp_run_files_open(&loop->files, &files);
}

/* Of a policy of two columns just that. */
static const char *policy_kind(const struct bp_agent *agent)
{
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY];

    return policy->level[policy->levels - 1].adds ? "two-column" : agent->net[BP_POLICY].spec.kind;
}

/* Of a hierarchical prior the kind of its high level. */
static const char *prior_kind(const struct bp_agent *agent)
{
    const struct bp_latent_prior *row = agent->latent_prior;

    if (!bp_agent_has_prior(agent))
        return "none";
    if (row)
        return row->name;
    if (agent->behaviour[BP_PRIOR].level[0].on)
        return "branch";
    return agent->net[agent->behaviour[BP_PRIOR].level[0].net].spec.kind;
}

static int open_ledger(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    const struct bp_agent *agent = &loop->cycle.learner.agent;
    struct bp_ledger_stop stop = {loop->cycle.transitions, loop->cycle.actor_stats.steps > 0};
    char *json = bp_json_text(spec->config_json, 17);
    int status;

    if (!json)
        return bp_error(BP_FAILURE, "out of memory");
    char kernels[64];
    bp_precision_kernels(spec->config->precision, kernels, sizeof kernels);
    struct bp_run_info info = {
        .program = bp_program(),
        .command = spec->command_line,
        .config = json,
        .preset = spec->command->preset,
        .task = loop->cycle.env.task,
        .body = loop->cycle.env.body,
        .policy = policy_kind(agent),
        .prior = prior_kind(agent),
        .seed = (uint64_t)spec->config->seed,
        .output = spec->command->output,
        .parent = *loop->parent ? loop->parent : NULL,
        .fingerprint = loop->files.fingerprint,
        .kernels = kernels,
    };
    status = bp_ledger_open(&loop->ledger, spec->command->database, &info, spec->stopped ? &stop : NULL);
    free(json);
    return status;
}

static void schedule(struct loop *loop)
{
    const struct bp_config *config = loop->spec->config;
    const struct bp_train_command *command = loop->spec->command;
    int64_t at = loop->cycle.transitions;

    loop->started_at = at;
    loop->started = bp_clock_seconds() - loop->cycle.seconds;
    bp_progress_begin(&loop->progress, "transitions", at, config->transitions);
    loop->next_progress = next_multiple(at, command->progress_every);
    loop->next_evaluation = next_multiple(loop->cycle.evaluated_at, config->evaluate_every);
    loop->next_checkpoint = next_multiple(at, command->checkpoint_every);
}

/* All that can be refused for what is in config and command, and before any file is looked at. */
static int build(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    const struct bp_config *config = spec->config;

    if (spec->borrowed.checkpoint)
        strcpy(loop->parent, spec->borrowed.checkpoint->hash);
    if (bp_cycle_init(&loop->cycle, config, &spec->borrowed, (int)spec->command->threads) || bp_body_copy_read(loop->cycle.env.body, &loop->body) ||
        (spec->stopped && check_stopped(loop)) || bp_memory_check(&loop->cycle, spec->command->max_memory))
        return -1;
    loop->evaluator = bp_evaluator_new(config->evaluate, &loop->cycle.env, (int)config->evaluate_episodes, &loop->cycle.learner.agent,
                                       loop->cycle.pool);
    return loop->evaluator ? 0 : -1;
}

static int prepare(struct loop *loop)
{
    if (build(loop) || open_files(loop) || (loop->spec->stopped && bp_resume_read(loop->files.resume, &loop->cycle)))
        return -1;
    schedule(loop);
    return open_ledger(loop);
}

static int flush_stdout(void)
{
    return fflush(stdout) || ferror(stdout) ? bp_error_errno(BP_FAILURE, "cannot write standard output") : 0;
}

/* What --print-config prints: every value and where it came from, and the memory that the run will take. */
static int print_config(struct loop *loop)
{
    struct bp_memory memory;
    char text[128];

    bp_options_print(loop->spec->options, stdout);
    if (flush_stdout() || build(loop) || bp_memory_of(&loop->cycle, &memory))
        return -1;
    printf("# memory: %s\n", bp_memory_text(&memory, text, sizeof text));
    return flush_stdout();
}

static void free_loop(struct loop *loop)
{
    bp_run_files_close(&loop->files);
    bp_body_copy_free(&loop->body);
    bp_evaluator_free(loop->evaluator);
    bp_cycle_free(&loop->cycle);
}

/* A run that stopped has the number of the signal; one whose signal came when all was done has finished. */
static int exit_status(const struct loop *loop, bool failed)
{
    if (failed)
        return bp_exit_status();
    return finished(loop) ? 0 : 128 + bp_signals_stop();
}

int bp_train(const struct bp_train_spec *spec)
{
    struct loop loop = {.spec = spec, .files = {.lock = {.fd = -1, .slot = -1}}};
    bool failed;
    int status;

    if (spec->command->print_config) {
        status = print_config(&loop) ? bp_exit_status() : 0;
        free_loop(&loop);
        return status;
    }
    bp_signals_catch();
    bp_signals_catch_pipe();
    failed = prepare(&loop) || run(&loop);
    if (!failed || loop.ledger.failed)      /* if only the database failed, what was learned is kept */
        failed = finish(&loop) || failed;
    status = exit_status(&loop, failed);
    if (bp_ledger_close(&loop.ledger, status, loop.files.hash) && !status)
        status = bp_exit_status();
    free_loop(&loop);
    return status;
}
