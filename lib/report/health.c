/*
 * What to look at when learning disappoints: what a run measured at its end, beside the range in which runs that learn have it. The ranges are
 * wide: 18 runs that learned nav-easy and 30 of goto and push-1b1t with the ball had a value_ratio of 0.43 ... 1.45, kl_paid up to 0.29, a
 * kl_prior of 0.05 and more, traces of 0.18 and more (walk by the ant 0.05); runs that stood still had one or another outside these.
 */
#include "base/text.h"
#include "report/report.h"
#include "report/runs.h"
#include "store/rundb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the measures are made of: metrics, averaged over the end of the run, values of its config, and steps drawn for each that was made. */
enum input {
    RETURN, LENGTH, KL, Q, TRACE, LOSS, REWARDED, TARGET, TARGET_SQUARE, SCALE, CAPPED, CLIPPED, INFORMATION,
    BATCH, CRITICS, DISCOUNT, KL_COST, REWARD_SCALE, REPLAYED, INPUTS,
};
static const char *const input_names[INPUTS] = {
    [RETURN] = "episode_return", [LENGTH] = "episode_length", [KL] = "kl_prior", [Q] = "q_mean", [TRACE] = "trace_weight", [LOSS] = "critic_loss",
    [REWARDED] = "rewarded", [TARGET] = "target_mean", [TARGET_SQUARE] = "target_square", [SCALE] = "action_scale", [CAPPED] = "scale_capped",
    [CLIPPED] = "action_clipped", [INFORMATION] = "information", [BATCH] = "config.batch", [CRITICS] = "config.critics", [DISCOUNT] = "config.discount",
    [KL_COST] = "config.kl-cost", [REWARD_SCALE] = "config.reward-scale", [REPLAYED] = "replayed",
};

/* ---- measures: of the inputs, NaN where they are not known ---- */

static double episode_return(const double *in)
{
    return in[RETURN];
}

static double updates_rewarded(const double *in)
{
    return 1 - pow(1 - in[REWARDED], in[BATCH]);
}

static double kl_cost_a_step(const double *in)
{
    return isnan(in[KL]) ? 0 : in[KL_COST] * in[KL];
}

/*
 * Q over what is earned. A reward of r a step, less the cost of the KL, is worth between r (1 - gamma^L) / (1 - gamma) in a state of an episode
 * of L steps, when it comes at the end, and r / (1 - gamma), when it comes evenly and episodes are only cut by time. Within these the ratio is
 * 1, outside it is that to the nearer one. Unknown
 * where the task's is not the only reward.
 */
static double value_ratio(const double *in)
{
    double most = (in[RETURN] / in[LENGTH] - kl_cost_a_step(in)) / (1 - in[DISCOUNT]), least = most * (1 - pow(in[DISCOUNT], in[LENGTH]));

    if (!(most > 0) || !isfinite(most) || isnan(in[Q]) || !isnan(in[INFORMATION]))
        return NAN;
    return in[Q] > most ? in[Q] / most : in[Q] < least ? in[Q] / least : 1;
}

/* 1 - E[(Q - Q^R)^2] / Var[Q^R]; losses are in units of the reward scale, and of two critics the sum. */
static double critic_explains(const double *in)
{
    double variance = in[TARGET_SQUARE] - in[TARGET] * in[TARGET], error = in[LOSS] / in[CRITICS] / (in[REWARD_SCALE] * in[REWARD_SCALE]);

    return variance > 0 ? 1 - error / variance : NAN;
}

static double kl_paid(const double *in)
{
    return kl_cost_a_step(in) / fabs(in[RETURN] / in[LENGTH]);
}

static double prior_left(const double *in)
{
    return in[KL];
}

static double traces(const double *in)
{
    return in[TRACE];
}

static double scale(const double *in)
{
    return in[SCALE];
}

static double capped(const double *in)
{
    return in[CAPPED];
}

static double clipped(const double *in)
{
    return in[CLIPPED];
}

static double replayed(const double *in)
{
    return in[REPLAYED];
}

static const struct measure {
    const char *name;
    double (*of)(const double *in);
    double least, most;         /* where nothing is to be told; NaN: no bound */
    const char *low, *high;     /* what to look at below and above */
} measures[] = {
    { "episode_return", episode_return, NAN, NAN, NULL, NULL },
    { "updates_rewarded", updates_rewarded, 0.9, NAN,
      "many updates see no reward: --rewarded-share, a prior that explores (bp-transfer), or a task with nearer rewards first", NULL },
    { "value_ratio", value_ratio, 0.4, 1.5, "the critic expects less than is earned: it has not caught up, or --critic-learning-rate is too low",
      "the critic expects more than is earned: --critics 2, a longer --target-period, a lower --critic-learning-rate" },
    { "critic_explains", critic_explains, 0.5, NAN,
      "the critic explains little of its targets: --critic-learning-rate, --critic-layers, --critic-inputs", NULL },
    { "trace_weight", traces, 0.04, NAN,
      "traces are cut at once, as the replay is of other policies: fewer --replay-episodes, a lower --policy-learning-rate", NULL },
    { "action_scale", scale, 0.02, NAN, "actions are hardly varied: raise --entropy-cost", NULL },
    { "scale_capped", capped, NAN, 0.5, NULL, "deviations stand at their cap: lower --entropy-cost, which outweighs rewards that are rare" },
    { "action_clipped", clipped, NAN, 0.5, NULL, "most actions are clipped: --policy-head bounded" },
    { "kl_paid", kl_paid, NAN, 0.5, NULL, "the KL costs more than half of what is earned: lower --kl-cost, or let the prior see more" },
    { "kl_prior", prior_left, 0.01, NAN, "the policy does what the prior does: lower --kl-cost, or see why no reward draws it away", NULL },
    { "replayed", replayed, 1, 100, "most steps are never learned from: fewer --actors or --actor-steps for an update",
      "each step is learned from again and again: more --actor-steps, a smaller --batch" },
};

/* ---- runs ---- */

struct run {
    char *id, *task;            /* owned */
    double in[INPUTS];
};

struct loading {
    struct run *runs;           /* owned */
    int count;
};

static struct run *find_run(struct loading *loading, const char *id, const char *task)
{
    struct run *last = loading->count ? &loading->runs[loading->count - 1] : NULL, *grown;

    if (last && !strcmp(last->id, id))
        return last;
    if (!(grown = realloc(loading->runs, (size_t)(loading->count + 1) * sizeof *grown)))
        return NULL;
    loading->runs = grown;
    last = &grown[loading->count++];
    *last = (struct run){ .id = strdup(id), .task = strdup(task ? task : "") };
    for (int i = 0; i < INPUTS; i++)
        last->in[i] = NAN;
    return last->id && last->task ? last : NULL;
}

/* Rows of run, task, name and value, a run's one after the other. */
static int take(void *context, int columns, const char *const *names, const char *const *values)
{
    struct run *run = find_run(context, values[0], values[1]);

    (void)columns;
    (void)names;
    if (!run)
        return bp_error(BP_FAILURE, "not enough memory for the runs of the database");
    for (int i = 0; i < INPUTS && values[2] && values[3]; i++)
        if (!strcmp(values[2], input_names[i]))
            run->in[i] = strtod(values[3], NULL);
    return 0;
}

/* SQL text, malloc'ed; NULL after reporting. Its parameter is the share of a run that is its end. */
static char *write_sql(const char *where)
{
    struct bp_text text;
    FILE *sql = bp_text_begin(&text);
    char *whole;

    if (sql)
        fprintf(sql, "WITH learned AS (SELECT * FROM run WHERE program <> 'bp-distill' AND id IN (SELECT run FROM point)),"      /* by acting */
                " chosen AS (SELECT id, task, config FROM learned WHERE (%s)),"
                " last AS (SELECT run, max(transitions) AS at, max(env_steps) AS env_steps FROM point WHERE run IN (SELECT id FROM chosen) GROUP BY run) "
                "SELECT chosen.id, chosen.task, v.name, v.value FROM chosen JOIN ("
                "  SELECT metric.run, name, avg(value) AS value FROM metric JOIN last ON last.run = metric.run"
                "    WHERE metric.transitions > last.at * (1 - ?) GROUP BY metric.run, name "
                "  UNION ALL SELECT chosen.id, 'config.' || key, value FROM chosen, json_each(chosen.config) WHERE type IN ('integer', 'real') "
                "  UNION ALL SELECT run, 'replayed', CAST(at AS REAL) / env_steps FROM last"
                ") AS v ON v.run = chosen.id JOIN last ON last.run = chosen.id ORDER BY chosen.id",
                where ? where : "id = (SELECT max(id) FROM learned)");
    if (!(whole = bp_text_end(&text)))
        bp_error(BP_FAILURE, "not enough memory for a query");
    return whole;
}

static int load(const struct bp_report_options *options, const char *path, struct loading *loading)
{
    struct bp_rundb *db = bp_rundb_open(path, false);
    char *sql = db ? write_sql(options->where) : NULL, share[32];
    const char *const parameters[] = { share };
    int status = -1;

    snprintf(share, sizeof share, "%.17g", options->last);
    if (sql)
        status = bp_rundb_query(db, sql, parameters, 1, take, loading);
    if (!status && !loading->count)
        status = bp_error(BP_USAGE, "%s: no run%s learned by acting and has a row of progress", path, options->where ? " that --where admits" : "");
    free(sql);
    bp_rundb_close(db);
    return status;
}

/* ---- the table ---- */

static void print_run(struct bp_table *table, const struct run *run)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        const struct measure *m = &measures[i];
        double value = m->of(run->in);
        if (isnan(value))
            continue;
        bp_table_count(table, strtoll(run->id, NULL, 10));
        bp_table_text(table, run->task);
        bp_table_text(table, m->name);
        bp_table_real(table, value);
        bp_table_real(table, m->least);
        bp_table_real(table, m->most);
        bp_table_text(table, value < m->least ? m->low : value > m->most ? m->high : NULL);
    }
}

int bp_health_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    static const struct bp_table_column columns[] = {
        { "run", 0 }, { "task", 0 }, { "measure", 0 }, { "value", 3 }, { "least", 2 }, { "most", 2 }, { "look_at", 0 },
    };
    const char *path = bp_runs_database(options, files, count);
    struct loading loading = { NULL, 0 };
    struct bp_table *table = NULL;
    int status = path ? load(options, path, &loading) : -1;

    if (!status && (table = bp_report_start(options, out, columns, sizeof columns / sizeof *columns)))
        for (int i = 0; i < loading.count; i++)
            print_run(table, &loading.runs[i]);
    if (!table || bp_table_end(table))
        status = -1;
    while (loading.count-- > 0) {
        free(loading.runs[loading.count].id);
        free(loading.runs[loading.count].task);
    }
    free(loading.runs);
    return status;
}
