#include "report/runs.h"

#include "base/text.h"
#include "store/rundb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 8, LEAD = 4 };       /* columns of a result before the keys: run, task, x, metric */

/* What --by may name directly; anything else is looked up in the run's config. */
static const char *const run_columns[] = {
    "id", "preset", "task", "body", "policy", "prior", "program", "seed", "state", "output", "parent", "host", "version", NULL,
};

/* What --metric may name beside the names in the database. */
static const char *const point_columns[] = { "updates", "env_steps", "episodes", "seconds", NULL };
/* What --x may name: counts that only grow along a run. */
static const char *const x_columns[] = { "transitions", "env_steps", "updates", "seconds", NULL };
static const char *const evaluation_columns[] = { "episode_return", "episode_length", "sequence_kl", "standard_error", NULL };

/* Where values come from, as joined to the runs r: m is the row at which a value stands. */
enum source { POINT, METRIC, EVALUATION };
static const char *const joins[] = {
    [POINT] = "point AS m ON m.run = r.id",
    [METRIC] = "metric AS v ON v.run = r.id AND v.name = ? JOIN point AS m ON m.run = v.run AND m.transitions = v.transitions",
    [EVALUATION] = "evaluation AS m ON m.run = r.id",
};

/* What is asked of the database. */
struct query {
    char key[MOST_KEYS][64];            /* of --by */
    char path[MOST_KEYS][72];           /* JSON path of a key of the config, "" for a column */
    bool found[MOST_KEYS];              /* some run had a value */
    int keys;
    enum source source;
    char task[64], play[32];            /* of the evaluations */
    const char *metric;                 /* its name */
    char value[40];                     /* SQL */
    const char *parameters[MOST_KEYS + 2];
    int parameter_count;
};

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names))
        names++;
    return *names;
}

static const char *join(const char *const *names, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; names[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
    return text;
}

static int parse_by(const char *by, struct query *query)
{
    for (const char *at = by; *at;) {
        size_t length = strcspn(at, ",");
        char *key = query->key[query->keys];
        if (query->keys == MOST_KEYS)
            return bp_error(BP_USAGE, "--by '%s' names more than %d things", by, MOST_KEYS);
        if (!length || length >= sizeof query->key[0] || memchr(at, '"', length))
            return bp_error(BP_USAGE, "--by '%s' is not a list of names with commas between", by);
        snprintf(key, sizeof query->key[0], "%.*s", (int)length, at);
        if (!is_among(key, run_columns))
            snprintf(query->path[query->keys], sizeof query->path[0], "$.\"%.*s\"", (int)length, at);
        query->keys++;
        at += length + (at[length] == ',');
    }
    return 0;
}

/* "TASK/PLAY" or "TASK/PLAY/column" chooses evaluations, anything else is a metric, or a count of the points. */
static int parse_metric(const char *metric, struct query *query)
{
    const char *slash = strchr(metric, '/'), *second = slash ? strchr(slash + 1, '/') : NULL;
    const char *column = second ? second + 1 : "episode_return";
    char known[256];

    query->metric = metric;
    query->source = slash ? EVALUATION : is_among(metric, point_columns) ? POINT : METRIC;
    snprintf(query->value, sizeof query->value, "v.value");
    if (query->source == POINT)
        snprintf(query->value, sizeof query->value, "m.%s", metric);
    if (query->source != EVALUATION)
        return 0;
    if (!is_among(column, evaluation_columns))
        return bp_error(BP_USAGE, "--metric '%s': there is no '%s' in a run's evaluation, which has %s", metric, column,
                        join(evaluation_columns, known, sizeof known));
    snprintf(query->value, sizeof query->value, "m.%s", column);
    snprintf(query->task, sizeof query->task, "%.*s", (int)(slash - metric), metric);
    snprintf(query->play, sizeof query->play, "%.*s", (int)(second ? second - slash - 1 : (long)strlen(slash + 1)), slash + 1);
    return 0;
}

static int check_x(const char *x)
{
    char known[128];

    return is_among(x, x_columns) ? 0 : bp_error(BP_USAGE, "--x '%s' is none of %s", x, join(x_columns, known, sizeof known));
}

/* An evaluation has transitions and seconds of its own; of the others, it was made at the last row of progress. */
static void write_x(FILE *sql, const struct query *query, const char *x)
{
    if (query->source != EVALUATION || !strcmp(x, "transitions") || !strcmp(x, "seconds"))
        fprintf(sql, "m.%s", x);
    else
        fprintf(sql, "(SELECT p.%s FROM point AS p WHERE p.run = m.run AND p.transitions <= m.transitions ORDER BY p.transitions DESC LIMIT 1)", x);
}

/* SQL text, malloc'ed, with its parameters in the query; NULL after reporting. */
static char *write_sql(struct query *query, const char *where, const char *x)
{
    struct bp_text text;
    FILE *sql = bp_text_begin(&text);
    char *whole = NULL;

    if (!sql)
        goto done;
    fputs("SELECT r.id, r.task, ", sql);
    write_x(sql, query, x);
    fprintf(sql, " AS x, %s AS y", query->value);
    for (int i = 0; i < query->keys; i++)
        if (*query->path[i]) {
            fputs(", json_extract(r.config, ?)", sql);
            query->parameters[query->parameter_count++] = query->path[i];
        } else {
            fprintf(sql, ", r.%s", query->key[i]);
        }
    fprintf(sql, " FROM (SELECT * FROM run WHERE (%s)) AS r JOIN %s WHERE x IS NOT NULL AND y IS NOT NULL", where ? where : "1", joins[query->source]);
    if (query->source == METRIC)
        query->parameters[query->parameter_count++] = query->metric;
    if (query->source == EVALUATION) {
        fputs(" AND m.task = ? AND m.play = ?", sql);
        query->parameters[query->parameter_count++] = query->task;
        query->parameters[query->parameter_count++] = query->play;
    }
    fputs(" ORDER BY r.id, x, m.transitions", sql);
done:
    if (!(whole = bp_text_end(&text)))
        bp_error(BP_FAILURE, "not enough memory for a query");
    return whole;
}

/* ---- the result ---- */

struct loading {
    struct query query;
    struct bp_runs *runs;
};

static char *write_label(struct query *query, const char *const *values)
{
    struct bp_text text;
    FILE *label = bp_text_begin(&text);

    for (int i = 0; label && i < query->keys; i++) {
        query->found[i] |= values[i] != NULL;
        fprintf(label, "%s%s", i ? "/" : "", values[i] && *values[i] ? values[i] : "-");
    }
    if (label && !query->keys)
        fputs("all", label);
    return bp_text_end(&text);
}

static struct bp_runs_group *find_group(struct bp_runs *runs, const char *label)
{
    for (int i = 0; i < runs->count; i++)
        if (!strcmp(runs->groups[i].label, label))
            return &runs->groups[i];
    struct bp_runs_group *grown = realloc(runs->groups, (size_t)(runs->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    runs->groups = grown;
    grown[runs->count] = (struct bp_runs_group){ .label = strdup(label) };
    return grown[runs->count].label ? &grown[runs->count++] : NULL;
}

/* The rows of a run come one after the other, so it is its group's last or a new one. */
static struct bp_runs_run *find_run(struct bp_runs_group *group, int64_t id, const char *task)
{
    if (group->count && group->runs[group->count - 1].id == id)
        return &group->runs[group->count - 1];
    struct bp_runs_run *grown = realloc(group->runs, (size_t)(group->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    group->runs = grown;
    grown[group->count] = (struct bp_runs_run){ .id = id, .task = strdup(task ? task : "-") };
    return grown[group->count].task ? &grown[group->count++] : NULL;
}

static int push(struct bp_runs_run *run, double x, double y)
{
    if (run->n == run->room) {
        size_t room = run->room ? 2 * run->room : 64;
        double *grown_x = realloc(run->x, room * sizeof *run->x);
        if (grown_x)
            run->x = grown_x;
        double *grown_y = realloc(run->y, room * sizeof *run->y);
        if (grown_y)
            run->y = grown_y;
        if (!grown_x || !grown_y)
            return -1;
        run->room = room;
    }
    run->x[run->n] = x;
    run->y[run->n++] = y;
    return 0;
}

static int take_row(void *context, int columns, const char *const *names, const char *const *values)
{
    struct loading *loading = context;
    char *label = write_label(&loading->query, values + LEAD);
    struct bp_runs_group *group = label ? find_group(loading->runs, label) : NULL;
    struct bp_runs_run *run = group ? find_run(group, strtoll(values[0], NULL, 10), values[1]) : NULL;

    (void)columns;
    (void)names;
    free(label);
    if (!run || push(run, strtod(values[2], NULL), strtod(values[3], NULL)))
        return bp_error(BP_FAILURE, "not enough memory for the curves of the database");
    return 0;
}

static int by_label(const void *a, const void *b)
{
    return strcmp(((const struct bp_runs_group *)a)->label, ((const struct bp_runs_group *)b)->label);
}

/* What the metrics of a database are called. */
struct names {
    FILE *list;
    const char *wanted;
    bool found;
};

static int take_name(void *context, int columns, const char *const *names, const char *const *values)
{
    struct names *among = context;

    (void)columns;
    (void)names;
    among->found |= !strcmp(values[0], among->wanted);
    fprintf(among->list, ", %s", values[0]);
    return 0;
}

/* A metric that no run at all has: the others are told. */
static int check_metric(struct bp_rundb *db, const char *metric)
{
    struct bp_text text;
    struct names names = { .list = bp_text_begin(&text), .wanted = metric };
    char counts[64], *list;
    int status = names.list ? bp_rundb_query(db, "SELECT DISTINCT name FROM metric ORDER BY name", NULL, 0, take_name, &names) : 0;

    if (!(list = bp_text_end(&text)))
        return bp_error(BP_FAILURE, "not enough memory for the names of metrics");
    if (!status && !names.found)
        status = bp_error(BP_USAGE, "--metric '%s': there is no '%s' in the progress of a run, which has %s%s", metric, metric,
                          join(point_columns, counts, sizeof counts), list);
    free(list);
    return status ? -1 : 0;
}

/* The user is told which part of the question found nothing. */
static int check_result(struct bp_rundb *db, const struct loading *loading, const struct bp_report_options *options, const char *path)
{
    const struct query *query = &loading->query;

    if (!loading->runs->count && query->source == METRIC && check_metric(db, query->metric))
        return -1;
    if (!loading->runs->count)
        return bp_error(BP_USAGE, "%s: no run%s has a value of --metric '%s'", path, options->where ? " that --where admits" : "",
                        options->metric);
    for (int i = 0; i < query->keys; i++)
        if (*query->path[i] && !query->found[i])
            return bp_error(BP_USAGE, "%s: --by '%s' is neither a column of a run nor in the config of any that has --metric '%s'", path, query->key[i], options->metric);
    return 0;
}

static int load(const struct bp_report_options *options, const char *path, struct loading *loading)
{
    struct query *query = &loading->query;
    struct bp_rundb *db;
    char *sql;
    int status;

    if (check_x(options->x) || parse_by(options->by, query) || parse_metric(options->metric, query) || !(sql = write_sql(query, options->where, options->x)))
        return -1;
    if (!(db = bp_rundb_open(path, false))) {
        free(sql);
        return -1;
    }
    status = bp_rundb_query(db, sql, query->parameters, query->parameter_count, take_row, loading);
    if (!status)
        status = check_result(db, loading, options, path);
    bp_rundb_close(db);
    free(sql);
    return status;
}

const char *bp_runs_database(const struct bp_report_options *options, char *const *files, int count)
{
    const char *path = count ? files[0] : options->db;

    if (count > 1)
        bp_error(BP_USAGE, "one run database is wanted, not %d files", count);
    else if (!path || !strcmp(path, "-"))
        bp_error(BP_USAGE, "a run database is a file: name it, or give --db or BP_DB");
    return count > 1 || !path || !strcmp(path, "-") ? NULL : path;
}

int bp_runs_load(const struct bp_report_options *options, char *const *files, int count, struct bp_runs *runs)
{
    struct loading loading = { .runs = runs };
    const char *path = bp_runs_database(options, files, count);

    *runs = (struct bp_runs){ NULL, 0 };
    if (!path)
        return -1;
    if (load(options, path, &loading)) {
        bp_runs_free(runs);
        return -1;
    }
    qsort(runs->groups, (size_t)runs->count, sizeof *runs->groups, by_label);
    return 0;
}

void bp_runs_free(struct bp_runs *runs)
{
    for (int g = 0; g < runs->count; g++) {
        struct bp_runs_group *group = &runs->groups[g];
        for (int i = 0; i < group->count; i++) {
            free(group->runs[i].task);
            free(group->runs[i].x);
            free(group->runs[i].y);
        }
        free(group->runs);
        free(group->label);
    }
    free(runs->groups);
    *runs = (struct bp_runs){ NULL, 0 };
}

struct bp_series bp_runs_series(const struct bp_runs_run *run)
{
    return (struct bp_series){ run->x, run->y, run->n };
}
