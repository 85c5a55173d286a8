#include "run/fit.h"

#include "base/json.h"
#include "base/pool.h"
#include "learn/distill.h"
#include "learn/update.h"
#include "run/checkpoint.h"
#include "run/clock.h"
#include "run/config.h"
#include "run/files.h"
#include "run/precision.h"
#include "run/progress.h"
#include "run/signals.h"
#include "store/hash.h"
#include "store/pack.h"
#include "store/rundb.h"
#include "store/trajectory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct bp_fit, member)

static const char *kind(int i)
{
    return bp_net_kinds[i].name;
}

static const char *inference(int i)
{
    static const char *const others[] = {"none", "exact"};
    return i < 2 ? others[i] : bp_net_kinds[i - 2].name;
}

static const char *head(int i)
{
    return bp_family_name(i);
}

const struct bp_option bp_fit_options[] = {
    {"prior", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(kind), "mlp", 0, 0, kind, "NAME", "kind of the prior", NULL},
    {"layers", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(layers), "64,64", 0, 0, NULL, "N,N", "sizes of its hidden layers", NULL},
    {"encoders", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(encoders), NULL, 0, 0, NULL, "LIST", "groups seen through dense layers of their own: targets:50,boxes:100x20", NULL},
    {"inputs", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(inputs), "?proprio,?global,?targets,?touch", 0, 0, NULL, "GROUPS", "observation groups that it sees; ?NAME only where the episodes have it", NULL},
    {"head", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(head), "bounded", 0, 0, head, "NAME", "distribution of the actions", NULL},
    {"latent-size", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(latent_size), "0", 0, 4096, NULL, "N", "numbers of a hierarchical prior's latent; 0: it is flat", NULL},
    {"latent-period", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(latent_period), "1", 1, 10000, NULL, "N", "steps for which a latent is held", "latent-size"},
    {"prior-high", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(high), "ar1", 0, 0, bp_config_latent_prior, "NAME", "prior of the latent", "latent-size"},
    {"prior-high-layers", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(high_layers), "64", 0, 0, NULL, "N,N", "sizes of its hidden layers", "latent-size"},
    {"prior-high-inputs", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(high_inputs), "?proprio,?global,?targets,?touch", 0, 0, NULL, "GROUPS", "observation groups that it sees; ?NAME only where the episodes have it", "latent-size"},
    {"prior-high-head", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(high_head), "softplus", 0, 0, head, "NAME", "distribution of the latent", "latent-size"},
    {"prior-correlation", 0, BP_REAL, BP_SCOPE_CONFIG, AT(correlation), "0.95", 0, 0.999999, NULL, "X", "correlation of a latent with the one before, of --prior-high ar1", "latent-size"},
    {"inference", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(inference), "none", 0, 0, inference, "NAME", "network that guesses the latents; exact: sums over choices; none: they must be recorded", "latent-size"},
    {"inference-layers", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(inference_layers), "64,64", 0, 0, NULL, "N,N", "sizes of its hidden layers", "latent-size"},
    {"inference-inputs", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(inference_inputs), "*", 0, 0, NULL, "GROUPS", "observation groups that it sees, beside the actions", "latent-size"},
    {"transitions", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(transitions), "60M", 1, 1e15, NULL, "N", "transitions to process at most", NULL},
    {"learning-rate", 0, BP_REAL, BP_SCOPE_CONFIG, AT(learning_rate), "4e-3", 1e-12, 1, NULL, "X", "Adam's learning rate", NULL},
    {"final-learning-rate", 0, BP_REAL, BP_SCOPE_CONFIG, AT(final_learning_rate), "0.1", 0, 1, NULL, "X", "share of the learning rate left at the end; it falls linearly over --transitions", NULL},
    {"unroll", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(unroll), "80", 1, 10000, NULL, "N", "transitions of a sequence", NULL},
    {"burn-in", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(burn_in), "0", 0, 10000, NULL, "N", "steps before each sequence that warm up recurrent networks, and count in no loss", NULL},
    {"batch", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(batch), "16", 1, 1e6, NULL, "N", "sequences of an update", NULL},
    {"shards", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(shards), "2", 1, 1024, NULL, "N", "equal parts of the batch, for threads to work on side by side", NULL},
    {"precision", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(precision), "float32", 0, 0, bp_precision_name, "NAME", "numbers that matrix products of the updates take; all else is float32", NULL},
    {"held-out", 0, BP_REAL, BP_SCOPE_CONFIG, AT(held_out), "0.1", 0, 0.9, NULL, "X", "share of the episodes held out to measure on; 0: none, no early stopping", NULL},
    {"evaluate-every", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(evaluate_every), "500k", 1, 1e15, NULL, "N", "transitions between looks at the held-out episodes", NULL},
    {"patience", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(patience), "10", 1, 1e6, NULL, "N", "looks in a row without improvement after which it stops", "held-out"},
    {"seed", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(seed), "1", 0, 9e15, NULL, "N", "seed of everything random", NULL},
    {"output", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(output), "-", 0, 0, NULL, "FILE", "checkpoint to write; - is stdout", NULL},
    {"force", 'f', BP_FLAG, BP_SCOPE_COMMAND, AT(force), NULL, 0, 0, NULL, NULL, "overwrite a checkpoint", NULL},
    {"db", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(database), "bp.db", 0, 0, NULL, "FILE", "run database; none for no record", NULL},
    {"threads", 't', BP_COUNT, BP_SCOPE_COMMAND, AT(threads), "2", 1, 1024, NULL, "N", "threads; the result does not depend on them", NULL},
    {"quiet", 'q', BP_FLAG, BP_SCOPE_COMMAND, AT(quiet), NULL, 0, 0, NULL, NULL, "no progress on stderr", NULL},
    {0},
};

enum { NAMES = (BP_GROUP_MAX + 1) * (BP_GROUP_NAME + 1) };
#define ACTION "action"         /* as a group, which only an inference network sees */

struct fit {
    const struct bp_fit *options;
    json_t *config;                 /* borrowed */
    const char *head;               /* of the actions */
    struct bp_dataset *dataset;
    struct bp_groups groups, rows;  /* those that some network sees, densely; with the actions after them where latents are inferred */
    char low_inputs[NAMES], high_inputs[NAMES], inference_inputs[NAMES];        /* of each network, by name */
    struct bp_space action;
    char task[32], body[BP_BODY_NAME], parent[72];
    char recordings[72];            /* hash of the actions of all episodes so far, in whatever files they came */
    struct bp_run_files files;
    struct bp_learner learner;
    struct bp_pool *pool;
    double *sums;                   /* of held-out log_prob, by shard */
    struct bp_rundb *db;
    int64_t run;
    float *best[BP_ROLES];          /* parameters with the best held-out log-likelihood */
    double best_log_prob;           /* nats a step */
    double started;
    struct bp_progress progress;
};

/* What the latents are: recorded, guessed by a network, or summed over. */
static bool records(const struct bp_fit *options)
{
    return options->latent_size && !strcmp(options->inference, "none");
}

static bool infers(const struct bp_fit *options)
{
    return options->latent_size && strcmp(options->inference, "none") && strcmp(options->inference, "exact");
}

/* ---- reading ---- */

/* The groups that one network sees, by their names alone; nothing but their text decides its inputs, whatever is read for others. */
static int choose_inputs(const struct bp_groups *all, const char *text, char *names, struct bp_groups *needed)
{
    struct bp_groups inputs;

    if (bp_groups_select(all, text, &inputs))
        return -1;
    bp_groups_text(&inputs, names, NAMES);
    for (int i = 0; i < inputs.count; i++)
        if (!bp_groups_find(needed, inputs.group[i].name))
            bp_groups_add(needed, inputs.group[i].name, inputs.group[i].size);
    return 0;
}

/* Whether a prior of the latent looks at observations. */
static bool observes(const char *kind)
{
    for (const struct bp_latent_prior *row = bp_latent_priors; row->name; row++)
        if (!strcmp(row->name, kind))
            return row->observes;
    return true;
}

/* All groups that some network sees, in the episodes' order. */
static int choose_groups(struct fit *fit, const struct bp_groups *all)
{
    const struct bp_fit *o = fit->options;
    struct bp_groups needed = {0};

    if (choose_inputs(all, o->inputs, fit->low_inputs, &needed))
        return -1;
    if (!needed.count)
        return bp_error(BP_USAGE, "the prior would see no observation group; choose some with --inputs");
    if ((o->latent_size && observes(o->high) && choose_inputs(all, o->high_inputs, fit->high_inputs, &needed)) ||
        (infers(o) && choose_inputs(all, o->inference_inputs, fit->inference_inputs, &needed)))
        return -1;
    for (int i = 0; i < all->count; i++)
        if (bp_groups_find(&needed, all->group[i].name))
            bp_groups_add(&fit->groups, all->group[i].name, all->group[i].size);
    fit->rows = fit->groups;
    if (infers(o) && fit->rows.count == BP_GROUP_MAX)
        return bp_error(BP_USAGE, "the inference network sees %d groups and the actions: leave one out of --inference-inputs", BP_GROUP_MAX);
    if (infers(o)) {
        bp_groups_add(&fit->rows, ACTION, fit->action.size);
        size_t length = strlen(fit->inference_inputs);
        snprintf(fit->inference_inputs + length, NAMES - length, "%s" ACTION, length ? "," : "");
    }
    return 0;
}

/* A head that nobody chose draws what the actions are. */
static int choose_head(struct fit *fit)
{
    const struct bp_family *chosen = bp_family_find(fit->options->head);

    if (!fit->options->head_chosen && chosen->space != fit->action.kind)
        chosen = bp_family_first(fit->action.kind);
    fit->head = chosen->name;
    return json_object_set_new(fit->config, "head", json_string(fit->head)) ? bp_error(BP_FAILURE, "out of memory") : 0;
}

/* What the first episode decides: the inputs, the head, and where the prior comes from. */
static int adopt_first(struct fit *fit, const struct bp_episode *episode)
{
    fit->action = episode->action;
    if (choose_groups(fit, &episode->groups) || choose_head(fit))
        return -1;
    snprintf(fit->task, sizeof fit->task, "%s", episode->task);
    snprintf(fit->body, sizeof fit->body, "%s", episode->body);
    snprintf(fit->parent, sizeof fit->parent, "%s", episode->checkpoint);
    return (fit->dataset = bp_dataset_new(fit->rows.size, fit->action.size, records(fit->options) ? (int)fit->options->latent_size : 0)) ? 0 : -1;
}

/* What a prior of the latent draws. */
static enum bp_space_kind drawn_by(const struct bp_fit *o)
{
    const char *head = o->high_head;

    for (const struct bp_latent_prior *row = bp_latent_priors; row->name; row++)
        if (!strcmp(row->name, o->high))
            head = row->kind && !row->head ? head : row->head;
    return head ? bp_family_find(head)->space : BP_CONTINUOUS;
}

/* Latents that were recorded must be such as the prior will draw. */
static int check_latents(const struct fit *fit, const struct bp_episode *episode, const char *where)
{
    const struct bp_latents *latents = &episode->latents;
    int64_t size = fit->options->latent_size, period = fit->options->latent_period;
    enum bp_space_kind kind = drawn_by(fit->options);
    const char *other = kind == BP_DISCRETE ? "--inference exact sums over them" : "--inference lstm guesses them";

    if (!records(fit->options))
        return 0;
    if (!latents->size)
        return bp_error(BP_USAGE, "%s: an episode has no latents; %s", where, other);
    if (latents->size != size)
        return bp_error(BP_USAGE, "%s: an episode has latents of %d numbers: --latent-size %d fits to them; or %s", where, latents->size, latents->size,
                        other);
    if (!bp_space_holds((struct bp_space){kind, latents->size}, latents->value, episode->length))
        return bp_error(BP_USAGE, "%s: an episode's latents are no choices: %s", where, other);
    for (int t = 0; t < episode->length; t++)
        if (latents->drawn[t] != (t % period == 0))
            return bp_error(BP_USAGE, "%s: an episode's latents are not drawn every %lld steps (see step %d): --latent-period must be as when they were "
                            "drawn", where, (long long)period, t + 1);
    return 0;
}

/* Rows of the groups seen and, for an inference network, the actions; NULL after reporting. The caller frees. */
static float *make_rows(const struct fit *fit, const struct bp_groups *inputs, const struct bp_episode *episode, int length)
{
    size_t size = (size_t)fit->rows.size, seen = (size_t)inputs->size, acted = (size_t)fit->action.size;
    float *rows = malloc((size_t)length * size * sizeof *rows);

    if (!rows) {
        bp_error(BP_FAILURE, "out of memory for the trajectories");
        return NULL;
    }
    for (size_t t = 0; t < (size_t)length; t++) {
        bp_groups_gather(inputs, episode->observations + t * (size_t)episode->groups.size, episode->groups.size, 1, rows + t * size);
        if (infers(fit->options))
            memcpy(rows + t * size + seen, episode->actions + t * acted, acted * sizeof *rows);
    }
    return rows;
}

/* What the prior is learned from, so that its checkpoint tells. */
static void note_episode(struct fit *fit, const struct bp_episode *episode)
{
    char both[144];
    int before = snprintf(both, sizeof both, "%s", fit->recordings);

    bp_hash_bytes(episode->actions, (size_t)episode->length * (size_t)episode->action.size * sizeof(float), both + before);
    bp_hash_bytes(both, strlen(both), fit->recordings);
}

static int add_episode(struct fit *fit, const struct bp_episode *episode, const char *where)
{
    int length = episode->length - episode->diverged;       /* the step that made the simulation diverge is no example */
    struct bp_groups inputs;
    char ours[64], others[64];
    float *rows;

    if (!fit->dataset && adopt_first(fit, episode))
        return -1;
    inputs = fit->groups;
    for (int i = 0; i < inputs.count; i++) {
        const struct bp_group *here = bp_groups_find(&episode->groups, inputs.group[i].name);
        if (!here || here->size != inputs.group[i].size)
            return bp_error(BP_USAGE, "%s: an episode lacks the group '%s' of size %d that others have", where, inputs.group[i].name, inputs.group[i].size);
        inputs.group[i].offset = here->offset;
    }
    if (!bp_space_equal(episode->action, fit->action))
        return bp_error(BP_USAGE, "%s: an episode's actions are %s, those of others %s", where, bp_space_text(episode->action, ours, sizeof ours),
                        bp_space_text(fit->action, others, sizeof others));
    if (check_latents(fit, episode, where))
        return -1;
    note_episode(fit, episode);
    if (strcmp(fit->parent, episode->checkpoint))
        fit->parent[0] = '\0';          /* several experts: no one parent */
    if (length == 0)
        return 0;
    if (!(rows = make_rows(fit, &inputs, episode, length)))
        return -1;
    int status = bp_dataset_add(fit->dataset, length, &fit->rows, rows, fit->rows.size, episode->actions, episode->latents.value, episode->latents.drawn);
    free(rows);
    return status;
}

static int read_stream(struct fit *fit, const char *path)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_episode episode = {0};
    int status = -1;

    if (!reader)
        return -1;
    while ((status = bp_episode_read(reader, &episode)) == 1) {
        status = add_episode(fit, &episode, bp_pack_name(reader));
        bp_episode_free(&episode);
        if (status)
            break;
    }
    bp_pack_close(reader);
    return status;
}

/* ---- fitting ---- */

static void gradients_job(void *raw, int job)
{
    struct fit *fit = raw;

    bp_update_gradients(&fit->learner, fit->dataset, job);
}

static void apply_job(void *raw, int job)
{
    struct fit *fit = raw;

    bp_learner_apply(&fit->learner, job);
}

static void held_out_job(void *raw, int job)
{
    struct fit *fit = raw;

    fit->sums[job] = bp_distill_held_out(&fit->learner, fit->dataset, job);
}

/* Mean held-out log-likelihood, nats a step. 0, or -1 after reporting. */
static int held_out(struct fit *fit, double *mean)
{
    double sum = 0;

    if (bp_pool_run(fit->pool, fit->learner.config.shards, held_out_job, fit))
        return -1;
    for (int i = 0; i < fit->learner.config.shards; i++)
        sum += fit->sums[i];
    *mean = sum / (double)bp_dataset_steps(fit->dataset, true);
    return 0;
}

/* The prior, with the network that infers its latents or without. */
static int init_agent(const struct fit *fit, bool inference, struct bp_agent *agent)
{
    const struct bp_fit *o = fit->options;
    const struct bp_latent_choice latent = {(int)o->latent_size, (int)o->latent_period, o->correlation};
    struct bp_net_choice choice[BP_ROLES] = {
        [BP_PRIOR] = {o->kind, o->layers, fit->low_inputs, fit->head, o->encoders},
        [BP_PRIOR_HIGH] = {o->high, o->high_layers, fit->high_inputs, o->high_head, NULL},
        [BP_INFERENCE] = {inference && o->latent_size ? o->inference : NULL, o->inference_layers, fit->inference_inputs, "softplus", NULL},
    };

    return bp_agent_init(agent, inference ? &fit->rows : &fit->groups, fit->action, choice, &latent);
}

static int init_fit(struct fit *fit)
{
    const struct bp_fit *o = fit->options;
    struct bp_learner_config config = {
        .algorithm = &bp_distill,
        .seed = (uint64_t)o->seed,
        .unroll = (int)o->unroll,
        .burn_in = (int)o->burn_in,
        .batch = (int)o->batch,
        .shards = (int)o->shards,
        .learning_rate = {[BP_PART_PRIOR] = o->learning_rate},
        .final_learning_rate = o->final_learning_rate,
        .planned = o->transitions / (o->batch * o->unroll),
        .bf16 = bp_precision_bf16(o->precision),
    };
    struct bp_agent agent;

    if (bp_dataset_split(fit->dataset, o->held_out, (uint64_t)o->seed) || init_agent(fit, true, &agent) ||
        bp_learner_init(&fit->learner, &agent, &config))
        return -1;
    fit->sums = calloc((size_t)o->shards, sizeof *fit->sums);
    if (!fit->sums)
        return bp_error(BP_FAILURE, "out of memory");
    for (int role = 0; role < BP_ROLES; role++)
        if (agent.has[role] && !(fit->best[role] = malloc(fit->learner.trained[role].n * sizeof(float))))
            return bp_error(BP_FAILURE, "out of memory");
    return (fit->pool = bp_pool_new((int)o->threads)) ? 0 : -1;
}

static int start_run(struct fit *fit, const char *command_line)
{
    char *config;

    if (!strcmp(fit->options->database, "none"))
        return 0;
    if (!(fit->db = bp_rundb_open(fit->options->database, true)))
        return -1;
    if (!(config = bp_json_text(fit->config, 17)))
        return bp_error(BP_FAILURE, "out of memory");
    char kernels[64];
    bp_precision_kernels(fit->options->precision, kernels, sizeof kernels);
    struct bp_run_info info = {
        .kernels = kernels, .program = bp_program(), .command = command_line, .config = config, .task = fit->task, .body = fit->body,
        .prior = fit->options->kind, .seed = (uint64_t)fit->options->seed, .output = fit->options->output,
        .parent = *fit->parent ? fit->parent : NULL, .fingerprint = fit->files.fingerprint,
    };
    fit->run = bp_rundb_start(fit->db, &info);
    free(config);
    return fit->run < 0 ? -1 : 0;
}

/* What grows: the likelihood of all that was recorded, or a bound of that of the actions. */
static const char *quantity(const struct fit *fit)
{
    return infers(fit->options) ? "bound of the log-likelihood" : records(fit->options) ? "log-likelihood with the latents" : "log-likelihood";
}

/* One measurement: report it, keep the best parameters. Returns whether it is better than all before; -1 after reporting. */
static int look(struct fit *fit, struct bp_update_stats *stats, int64_t transitions)
{
    double loss = bp_update_metric(&fit->learner, stats, BP_DISTILL_LOSS);
    bool held = bp_dataset_episodes(fit->dataset, true) > 0;
    double log_prob = -loss;
    char share[64];

    if (held && held_out(fit, &log_prob))
        return -1;
    bool better = log_prob > fit->best_log_prob || !held;
    struct bp_run_metric metric = {bp_distill.metric[BP_DISTILL_LOSS].name, held ? -log_prob : loss};
    struct bp_run_progress row = {.transitions = transitions, .updates = fit->learner.updates, .seconds = bp_clock_seconds() - fit->started,
                                  .metric = &metric, .metrics = 1};

    share[0] = '\0';
    if (records(fit->options) || infers(fit->options))
        snprintf(share, sizeof share, ", of which %.4f for the latent", -bp_update_metric(&fit->learner, stats, BP_DISTILL_LOSS_HIGH));
    *stats = (struct bp_update_stats){0};
    if (!isfinite(log_prob) || !isfinite(loss))
        return bp_error(BP_DIVERGED, "diverged at update %lld: the likelihood is not a finite number", (long long)fit->learner.updates);
    bp_log("%.2fM transitions: %s %.4f nats a step%s, %.4f in training%s", (double)transitions / 1e6, quantity(fit), log_prob, held ? " held out" : "", -loss,
           share);
    if (better) {
        fit->best_log_prob = log_prob;
        for (int role = 0; role < BP_ROLES; role++)
            if (fit->best[role])
                memcpy(fit->best[role], fit->learner.trained[role].online, fit->learner.trained[role].n * sizeof(float));
    }
    if (fit->db && bp_rundb_progress(fit->db, fit->run, &row))
        return -1;
    return better;
}

static void show_progress(struct fit *fit, int64_t transitions, bool final)
{
    const struct bp_progress_news news[] = {{"log-likelihood %.4f", fit->best_log_prob, 0}, {NULL, 0, 0}};

    bp_progress_show(&fit->progress, transitions, final, news);
}

static int fit_prior(struct fit *fit)
{
    const struct bp_fit *o = fit->options;
    int64_t transitions = 0, next = o->evaluate_every, waited = 0;
    struct bp_update_stats stats = {0};

    fit->best_log_prob = -INFINITY;
    bp_progress_begin(&fit->progress, "transitions", 0, o->transitions);
    while (transitions < o->transitions && waited < o->patience && !bp_signals_stop()) {
        if (bp_pool_run(fit->pool, fit->learner.config.shards, gradients_job, fit) ||
            bp_pool_run(fit->pool, bp_learner_jobs(&fit->learner), apply_job, fit))
            return -1;
        bp_learner_finish(&fit->learner, &stats);
        transitions += o->batch * o->unroll;
        if (bp_progress_due(&fit->progress))
            show_progress(fit, transitions, false);
        if (transitions < next && transitions < o->transitions)
            continue;
        next += o->evaluate_every;
        int better = look(fit, &stats, transitions);
        if (better < 0)
            return -1;
        waited = better ? 0 : waited + 1;
    }
    show_progress(fit, transitions, true);
    if (isfinite(fit->best_log_prob) && bp_dataset_episodes(fit->dataset, true))
        bp_log("best held-out %s %.4f nats a step, of %lld episodes; learned from %lld", quantity(fit), fit->best_log_prob,
               (long long)bp_dataset_episodes(fit->dataset, true), (long long)bp_dataset_episodes(fit->dataset, false));
    return 0;
}

static int write_prior(struct fit *fit)
{
    struct bp_checkpoint checkpoint = {
        .config = fit->config,
        .transitions = fit->learner.updates * fit->options->batch * fit->options->unroll,
        .updates = fit->learner.updates,
    };

    if (init_agent(fit, false, &checkpoint.agent))
        return -1;
    for (int role = 0; role < BP_ROLES; role++)
        checkpoint.params[role] = checkpoint.agent.has[role] ? fit->best[role] : NULL;
    strcpy(checkpoint.task, fit->task);
    strcpy(checkpoint.body, fit->body);
    strcpy(checkpoint.parent, fit->parent);
    snprintf(checkpoint.program, sizeof checkpoint.program, "%s", bp_program());
    bp_precision_kernels(fit->options->precision, checkpoint.kernels, sizeof checkpoint.kernels);
    if (!strcmp(fit->options->output, "-"))
        bp_signals_end_pipe();
    return bp_run_files_checkpoint(&fit->files, &checkpoint);
}

static int open_files(struct fit *fit)
{
    const struct bp_run_files_spec files = {.output = fit->options->output, .force = fit->options->force, .fingerprint = ""};

    return bp_run_files_open(&fit->files, &files);
}

static int run(struct fit *fit, const char *command_line, char *const *paths, int count)
{
    bp_signals_quit();          /* while it waits for a stream, it can be interrupted at once */
    if (open_files(fit))
        return -1;
    for (int i = 0; i < (count ? count : 1); i++)
        if (read_stream(fit, count ? paths[i] : "-"))
            return -1;
    if (!fit->dataset)
        return bp_error(BP_DAMAGED, "there is no episode to learn from");
    bp_signals_catch();
    bp_signals_catch_pipe();
    if (bp_run_fingerprint(fit->config, fit->recordings, "", fit->files.fingerprint) || init_fit(fit) || start_run(fit, command_line) || fit_prior(fit))
        return -1;
    return isfinite(fit->best_log_prob) ? write_prior(fit) : 0;     /* else stopped before the first measurement */
}

int bp_fit(const struct bp_fit *options, json_t *config, const char *command_line, char *const *paths, int count)
{
    struct fit fit = {.options = options, .config = config, .started = bp_clock_seconds()};
    const char *hash = fit.files.hash;
    int status;

    status = run(&fit, command_line, paths, count) ? bp_exit_status() : bp_signals_stop() ? 128 + bp_signals_stop() : 0;
    if (!status)
        bp_log("wrote %s", strcmp(options->output, "-") ? options->output : "the prior");
    if (status > 128)
        bp_warn("stopped; %s", *hash ? "wrote the best prior so far" : "nothing was written, as nothing was measured yet");
    if (fit.db && fit.run > 0 && bp_rundb_finish(fit.db, fit.run, bp_rundb_state(status), *hash ? hash : NULL) && !status)
        status = bp_exit_status();
    bp_rundb_close(fit.db);
    bp_run_files_close(&fit.files);
    bp_dataset_free(fit.dataset);
    bp_learner_free(&fit.learner);
    bp_pool_free(fit.pool);
    free(fit.sums);
    for (int role = 0; role < BP_ROLES; role++)
        free(fit.best[role]);
    return status;
}
