#include "run/train.h"

#include "base/json.h"
#include "run/evaluate.h"
#include "run/memory.h"
#include "run/precision.h"
#include "run/progress.h"
#include "run/resume.h"
#include "run/clock.h"
#include "run/signals.h"
#include "store/pack.h"
#include "store/rundb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(member) offsetof(struct bp_train_command, member)

const struct bp_option bp_train_command_options[] = {
    {"preset", 'p', BP_TEXT, BP_SCOPE_COMMAND, AT(preset), NULL, 0, 0, NULL, "NAME", "config to start from: a name in share/presets, or a file"},
    {"output", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(output), "-", 0, 0, NULL, "FILE", "checkpoint to write; - is stdout"},
    {"resume", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(resume), NULL, 0, 0, NULL, NULL, "go on from FILE.resume, to the same bytes as if never stopped"},
    {"checkpoint-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(checkpoint_every), "20M", 0, 1e15, NULL, "N", "transitions between checkpoints on the way, each with FILE.resume; 0 for none"},
    {"progress-every", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(progress_every), "250k", 1, 1e15, NULL, "N", "transitions between progress rows in the database"},
    {"db", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(database), "bp.db", 0, 0, NULL, "FILE", "run database; none for no record"},
    {"threads", 't', BP_COUNT, BP_SCOPE_COMMAND, AT(threads), "2", 1, 1024, NULL, "N", "threads; the result does not depend on them"},
    {"max-memory", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(max_memory), NULL, 1, 1e15, NULL, "BYTES", "refuse a run that would take more memory"},
    {"print-config", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(print_config), NULL, 0, 0, NULL, NULL, "print the resolved config, where each value came from, and the memory that the run will take, and stop"},
    {"list-presets", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(list_presets), NULL, 0, 0, NULL, NULL, "print the presets that there are, and stop"},
    {"quiet", 'q', BP_FLAG, BP_SCOPE_COMMAND, AT(quiet), NULL, 0, 0, NULL, NULL, "no progress on stderr"},
    {0},
};

struct loop {
    const struct bp_train_spec *spec;
    struct bp_cycle cycle;
    struct bp_evaluator *evaluator;
    struct bp_rundb *db;
    int64_t run;                    /* row in the database */
    bool unrecorded;                /* the database failed during the run */
    char resume[4096];              /* path of the resume state; "" when the checkpoint goes to stdout */
    char parent[72];
    char hash[72];                  /* of the checkpoint written last */
    double started;
    struct bp_progress progress;
    int64_t started_at;             /* transitions when this process took up the run */
    int64_t next_checkpoint, next_progress, next_evaluation;
    int64_t evaluated_at;           /* transitions at the last evaluation */
    struct bp_run_progress row;     /* the last one */
};

/* The next multiple of `every` after `at`; never when every is 0. */
static int64_t next_multiple(int64_t at, int64_t every)
{
    return every ? (at / every + 1) * every : INT64_MAX;
}

/* ---- files and database ---- */

static int recorded(struct loop *loop, int status)
{
    loop->unrecorded |= status != 0;
    return status;
}

static int write_files(struct loop *loop, bool with_resume)
{
    const struct bp_train_spec *spec = loop->spec;
    struct bp_checkpoint checkpoint;

    bp_cycle_checkpoint(&loop->cycle, &checkpoint);
    checkpoint.config = (json_t *)spec->config_json;
    snprintf(checkpoint.program, sizeof checkpoint.program, "%s", bp_program());
    snprintf(checkpoint.parent, sizeof checkpoint.parent, "%s", loop->parent);
    if (with_resume && *loop->resume && bp_resume_write(loop->resume, &loop->cycle, spec->config_json, loop->parent))
        return -1;
    if (bp_checkpoint_write(spec->command->output, &checkpoint))
        return -1;
    strcpy(loop->hash, checkpoint.hash);
    if (!loop->db || loop->unrecorded)
        return 0;
    return recorded(loop, bp_rundb_checkpoint(loop->db, loop->run, loop->cycle.transitions, spec->command->output, loop->hash));
}

static int start_run(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    const struct bp_config *config = spec->config;
    char *json;

    if (!strcmp(spec->command->database, "none"))
        return 0;
    if (!(loop->db = bp_rundb_open(spec->command->database, true)))
        return -1;
    if (spec->command->resume) {
        if ((loop->run = bp_rundb_resume(loop->db, spec->command->output)) < 0)
            return -1;
        if (loop->run)
            return bp_rundb_rewind(loop->db, loop->run, loop->cycle.transitions);
    }
    if (!(json = bp_json_text(spec->config_json, 17)))
        return bp_error(BP_FAILURE, "out of memory");
    struct bp_run_info info = {
        .program = bp_program(),
        .command = spec->command_line,
        .config = json,
        .preset = spec->command->preset,
        .task = loop->cycle.env.task,
        .body = loop->cycle.env.body,
        .policy = loop->cycle.learner.agent.net[BP_POLICY].spec.kind,
        .prior = loop->cycle.learner.agent.has[BP_PRIOR] ? loop->cycle.learner.agent.net[BP_PRIOR].spec.kind : "none",
        .seed = (uint64_t)config->seed,
        .output = spec->command->output,
        .parent = *loop->parent ? loop->parent : NULL,
    };
    loop->run = bp_rundb_start(loop->db, &info);
    free(json);
    return loop->run < 0 ? -1 : 0;
}

/* ---- progress ---- */

static void read_stats(struct loop *loop)
{
    struct bp_cycle *t = &loop->cycle;
    const struct bp_update_stats *u = &t->update_stats;
    const struct bp_actor_stats *a = &t->actor_stats;
    double n = u->transitions > 0 ? u->transitions : NAN, updates = t->stats_updates ? (double)t->stats_updates : NAN;
    double scale = loop->spec->config->reward_scale, episodes = a->episodes ? (double)a->episodes : NAN;

    loop->row = (struct bp_run_progress){
        .transitions = t->transitions,
        .updates = t->learner.updates,
        .env_steps = t->env_steps,
        .episode_return = a->episode_return / episodes,
        .episode_length = a->episode_length / episodes,
        .episodes = a->episodes,
        .kl_prior = t->learner.agent.has[BP_PRIOR] ? u->kl_prior / n : NAN,
        .entropy = u->entropy / n,
        .critic_loss = u->critic_loss / updates,
        .policy_loss = u->policy_loss / updates,
        .prior_loss = t->learner.agent.has[BP_PRIOR] ? u->prior_loss / updates : NAN,
        .q_mean = u->q / n / scale,
        .trace_weight = u->trace / n,
        .seconds = bp_clock_seconds() - loop->started,
    };
    if (a->diverged)
        bp_warn("%lld of %lld episodes ended because the simulation diverged", (long long)a->diverged, (long long)a->episodes);
    t->update_stats = (struct bp_update_stats){0};
    t->actor_stats = (struct bp_actor_stats){0};
    t->stats_updates = 0;
}

static int record_progress(struct loop *loop)
{
    read_stats(loop);
    return loop->db ? recorded(loop, bp_rundb_progress(loop->db, loop->run, &loop->row)) : 0;
}

static void show_progress(struct loop *loop, bool final)
{
    const struct bp_run_progress *row = &loop->row;
    const struct bp_progress_news news[] = {
        {"return %.1f", row->transitions ? row->episode_return : NAN},
        {"KL %.3f", row->transitions ? row->kl_prior : NAN},
        {"entropy %.2f", row->transitions ? row->entropy : NAN},
        {NULL, 0},
    };

    bp_progress_show(&loop->progress, loop->cycle.transitions, final, news);
}

static int evaluate(struct loop *loop)
{
    struct bp_params params = bp_cycle_params(&loop->cycle);

    loop->evaluated_at = loop->cycle.transitions;
    for (int i = 0; i < bp_evaluator_count(loop->evaluator); i++) {
        struct bp_run_evaluation row;
        char kl[48] = "";
        if (bp_evaluate(loop->evaluator, i, &params, &row))
            return -1;
        row.transitions = loop->cycle.transitions;
        row.seconds = bp_clock_seconds() - loop->started;
        if (isfinite(row.sequence_kl))
            snprintf(kl, sizeof kl, ", sequence KL %.3f", row.sequence_kl);
        bp_log("%.2fM transitions: %s on %s returns %.1f +- %.1f%s", (double)row.transitions / 1e6, row.play, row.task, row.episode_return,
               row.standard_error, kl);
        if (loop->db && recorded(loop, bp_rundb_evaluation(loop->db, loop->run, &row)))
            return -1;
    }
    return 0;
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
    }
    if (bp_progress_due(&loop->progress))
        show_progress(loop, false);
    if (at >= loop->next_evaluation) {
        loop->next_evaluation = next_multiple(at, loop->spec->config->evaluate_every);
        if (evaluate(loop))
            return -1;
    }
    if ((at >= loop->next_checkpoint || asked) && *loop->resume && at < loop->spec->config->transitions) {
        loop->next_checkpoint = next_multiple(at, command->checkpoint_every);
        if (write_files(loop, true))
            return -1;
    }
    return 0;
}

static int run(struct loop *loop)
{
    while (loop->cycle.transitions < loop->spec->config->transitions && !bp_signals_stop())
        if (bp_cycle_run(&loop->cycle) || attend(loop))
            return -1;
    if (loop->cycle.stats_updates && record_progress(loop))
        return -1;
    if (loop->cycle.transitions > loop->started_at)
        show_progress(loop, true);
    return loop->cycle.transitions >= loop->spec->config->transitions && loop->evaluated_at != loop->cycle.transitions ? evaluate(loop) : 0;
}

static int finish(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    bool stopped = loop->cycle.transitions < spec->config->transitions;

    if (stopped && !*loop->resume) {
        bp_warn("stopped at %lld transitions; without --output FILE there is nothing to resume from", (long long)loop->cycle.transitions);
    } else if (write_files(loop, stopped)) {
        return -1;
    }
    if (!stopped && *loop->resume)
        unlink(loop->resume);
    if (stopped && *loop->resume)
        bp_warn("stopped at %lld transitions; to go on: %s", (long long)loop->cycle.transitions, spec->resume_line);
    else if (!stopped)
        bp_log("wrote %s", strcmp(spec->command->output, "-") ? spec->command->output : "the checkpoint");
    return 0;
}

static int check_parent(struct loop *loop)
{
    if (strcmp(loop->parent, loop->spec->resume_parent))
        return bp_error(BP_USAGE, "the stopped run started from another checkpoint than this one");
    return 0;
}

/* A checkpoint whose config says fewer transitions than it has would be wrong, and the resume state would be lost. */
static int check_transitions(struct loop *loop)
{
    if (loop->cycle.transitions > loop->spec->config->transitions)
        return bp_error(BP_USAGE, "--transitions %lld is fewer than the stopped run has made: %lld", (long long)loop->spec->config->transitions,
                        (long long)loop->cycle.transitions);
    return 0;
}

/* A stopped run's state may hold hours of work: a new run refuses to start if FILE.resume exists. */
static int check_stopped(const struct loop *loop)
{
    if (*loop->resume && !loop->spec->command->resume && !access(loop->resume, F_OK))
        return bp_error(BP_USAGE, "'%s' is the state of a stopped run: --resume goes on from it; to begin anew, remove it", loop->resume);
    return 0;
}

static int prepare(struct loop *loop)
{
    const struct bp_train_spec *spec = loop->spec;
    const struct bp_config *config = spec->config;

    if (strcmp(spec->command->output, "-") && bp_resume_path(spec->command->output, loop->resume, sizeof loop->resume))
        return -1;
    if (check_stopped(loop))
        return -1;
    if (bp_pack_check(spec->command->output) || bp_cycle_init(&loop->cycle, config, &spec->borrowed, (int)spec->command->threads) ||
        bp_memory_check(&loop->cycle, spec->command->max_memory))
        return -1;
    loop->evaluator = bp_evaluator_new(config->evaluate, &loop->cycle.env, (int)config->evaluate_episodes, &loop->cycle.learner.agent,
                                       loop->cycle.pool);
    if (!loop->evaluator)
        return -1;
    if (spec->borrowed.checkpoint)
        strcpy(loop->parent, spec->borrowed.checkpoint->hash);
    if (spec->command->resume && (check_parent(loop) || bp_resume_read(loop->resume, &loop->cycle) || check_transitions(loop)))
        return -1;
    loop->started_at = loop->cycle.transitions;
    bp_progress_begin(&loop->progress, "transitions", loop->started_at, config->transitions);
    loop->next_progress = next_multiple(loop->started_at, spec->command->progress_every);
    loop->next_evaluation = next_multiple(loop->started_at, config->evaluate_every);
    loop->next_checkpoint = next_multiple(loop->started_at, spec->command->checkpoint_every);
    return start_run(loop);
}

/* An invalid config is printed too; the error follows. */
static int print_config(const struct bp_train_spec *spec)
{
    struct bp_cycle cycle;
    struct bp_memory memory;
    char text[128];
    int status;

    bp_options_print(spec->options, stdout);
    if (fflush(stdout) || ferror(stdout))
        return bp_error_errno(BP_FAILURE, "cannot write standard output");
    if (bp_cycle_init(&cycle, spec->config, &spec->borrowed, (int)spec->command->threads))
        return -1;
    status = bp_memory_of(&cycle, &memory);
    bp_cycle_free(&cycle);
    if (status)
        return -1;
    printf("# memory: %s\n", bp_memory_text(&memory, text, sizeof text));
    return fflush(stdout) || ferror(stdout) ? bp_error_errno(BP_FAILURE, "cannot write standard output") : 0;
}

int bp_train(const struct bp_train_spec *spec)
{
    struct loop loop = {.spec = spec, .started = bp_clock_seconds()};
    bool failed;
    int status;

    if (spec->command->print_config)
        return print_config(spec) ? bp_exit_status() : 0;
    bp_signals_catch();
    failed = prepare(&loop) || run(&loop);
    if (!failed || loop.unrecorded)         /* if only the database failed, what was learned is kept */
        failed = finish(&loop) || failed;
    if (failed)
        status = bp_exit_status();
    else
        status = loop.cycle.transitions < spec->config->transitions ? 128 + bp_signals_stop() : 0;
    if (loop.db && loop.run > 0 && !loop.unrecorded &&
        bp_rundb_finish(loop.db, loop.run, bp_rundb_state(status), *loop.hash ? loop.hash : NULL) && !status)
        status = bp_exit_status();
    bp_rundb_close(loop.db);
    bp_evaluator_free(loop.evaluator);
    bp_cycle_free(&loop.cycle);
    return status;
}
