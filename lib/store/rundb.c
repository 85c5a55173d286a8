#include "store/rundb_private.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* A parameter of a statement; texts are borrowed, NULL and NaN become SQL's NULL. */
struct value {
    enum { TEXT, INTEGER, REAL } type;
    const char *text;
    int64_t integer;
    double real;
};
#define TEXT(value) {.type = TEXT, .text = (value)}
#define INTEGER(value) {.type = INTEGER, .integer = (value)}
#define REAL(value) {.type = REAL, .real = (value)}

static int bind(sqlite3_stmt *statement, int index, const struct value *value)
{
    switch (value->type) {
    case TEXT:
        return sqlite3_bind_text(statement, index, value->text, -1, SQLITE_STATIC);
    case INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case REAL:
        return isnan(value->real) ? sqlite3_bind_null(statement, index) : sqlite3_bind_double(statement, index, value->real);
    }
    return SQLITE_MISUSE;
}

/* Run one statement; the first column of its first row goes to *result when there is one. 1 with a row, 0 without, or -1. */
static int run(const struct bp_rundb *db, const char *sql, const struct value *values, int count, int64_t *result)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), rows = 0;

    for (int i = 0; i < count && status == SQLITE_OK; i++)
        status = bind(statement, i + 1, &values[i]);
    if (status == SQLITE_OK)
        while ((status = sqlite3_step(statement)) == SQLITE_ROW)
            if (rows++ == 0 && result)
                *result = sqlite3_column_int64(statement, 0);
    if (status != SQLITE_DONE)
        bp_rundb_report(db);
    sqlite3_finalize(statement);
    return status == SQLITE_DONE ? rows > 0 : -1;
}

/* Run one statement that changes something, as a transaction. */
static int change(const struct bp_rundb *db, const char *sql, const struct value *values, int count)
{
    if (bp_rundb_begin(db))
        return -1;
    return bp_rundb_end(db, run(db, sql, values, count, NULL) < 0 ? -1 : 0);
}

/* One database may serve many directories, so paths are made absolute. "-" and NULL stay. The caller frees *absolute. */
static int make_absolute(const char *path, char **absolute)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("."), *real = NULL;
    int status = 0;

    *absolute = NULL;
    if (path && (!strcmp(path, "-") || !directory || !(real = realpath(directory, NULL))))
        status = (*absolute = strdup(path)) ? 0 : -1;
    else if (path && asprintf(absolute, "%s%s%s", real, real[1] ? "/" : "", slash ? slash + 1 : path) < 0)
        status = -1;
    free(directory);
    free(real);
    return status ? bp_error(BP_FAILURE, "out of memory") : 0;
}

static const char *host_name(char *text, size_t size)
{
    if (gethostname(text, size))
        return NULL;
    text[size - 1] = '\0';
    return text;
}

int64_t bp_rundb_start(struct bp_rundb *db, const struct bp_run_info *info)
{
    static const char sql[] =
        "INSERT INTO run (program, command, config, preset, task, body, policy, prior, seed, output, parent, fingerprint, host,"
        " process, version, sqlite_version, kernels, started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " NOW ")";
    char seed[24], host[HOST_NAME_MAX + 1], *output;
    int64_t id = -1;

    if (make_absolute(info->output, &output))
        return -1;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)info->seed);
    struct value values[] = {
        TEXT(info->program), TEXT(info->command), TEXT(info->config), TEXT(info->preset), TEXT(info->task), TEXT(info->body),
        TEXT(info->policy), TEXT(info->prior),
        info->seed > INT64_MAX ? (struct value)TEXT(seed) : (struct value)INTEGER((int64_t)info->seed),
        TEXT(output), TEXT(info->parent), TEXT(info->fingerprint),
        TEXT(host_name(host, sizeof host)), INTEGER(getpid()), TEXT(BP_VERSION), TEXT(bp_rundb_version()),
        TEXT(info->kernels),
    };
    if (!bp_rundb_begin(db)) {
        int status = run(db, sql, values, COUNT(values), NULL) < 0 ? -1 : 0;
        if (!status)
            id = sqlite3_last_insert_rowid(db->handle);
        if (bp_rundb_end(db, status))
            id = -1;
    }
    free(output);
    return id;
}

int64_t bp_rundb_resume(struct bp_rundb *db, const struct bp_run_info *info)
{
    static const char find[] = "SELECT id FROM run WHERE output = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1";
    static const char revive[] = "UPDATE run SET state = 'running', finished = NULL, command = ?, config = ?, host = ?, process = ?, version = ?,"
                                 " sqlite_version = ? WHERE id = ?";
    char host[HOST_NAME_MAX + 1], *path;
    int64_t id = 0;
    int status;

    if (!info->output || !info->fingerprint || !strcmp(info->output, "-"))
        return 0;
    if (make_absolute(info->output, &path))
        return -1;
    if (bp_rundb_begin(db)) {
        free(path);
        return -1;
    }
    struct value key[] = {TEXT(path), TEXT(info->fingerprint)};
    status = run(db, find, key, COUNT(key), &id);
    if (status > 0 && id > 0) {
        struct value values[] = {TEXT(info->command), TEXT(info->config), TEXT(host_name(host, sizeof host)), INTEGER(getpid()), TEXT(BP_VERSION),
                                 TEXT(bp_rundb_version()), INTEGER(id)};
        status = run(db, revive, values, COUNT(values), NULL);
    }
    free(path);
    return bp_rundb_end(db, status < 0 ? -1 : 0) ? -1 : id;
}

int bp_rundb_rewind(struct bp_rundb *db, int64_t id, int64_t transitions, bool partial)
{
    static const char *const sql[] = {
        "DELETE FROM evaluation WHERE run = ? AND transitions > ?",
        "DELETE FROM checkpoint WHERE run = ? AND transitions > ?",
        "DELETE FROM point WHERE run = ? AND transitions > ?",
        "DELETE FROM metric WHERE run = ? AND transitions > ?",
    };
    struct value values[] = {INTEGER(id), INTEGER(transitions)};
    int status = 0;

    if (bp_rundb_begin(db))
        return -1;
    for (int i = 0; i < COUNT(sql) && status >= 0; i++) {
        if (i == 2 && partial)          /* from here on */
            values[1].integer--;
        status = run(db, sql[i], values, COUNT(values), NULL);
    }
    return bp_rundb_end(db, status < 0 ? -1 : 0);
}

static int insert_metrics(const struct bp_rundb *db, int64_t id, const struct bp_run_progress *row)
{
    static const char sql[] = "INSERT OR REPLACE INTO metric (run, transitions, name, value) VALUES (?, ?, ?, ?)";
    int status = 0;

    for (int i = 0; i < row->metrics && status >= 0; i++) {
        struct value values[] = {INTEGER(id), INTEGER(row->transitions), TEXT(row->metric[i].name), REAL(row->metric[i].value)};
        if (!isnan(row->metric[i].value))
            status = run(db, sql, values, COUNT(values), NULL);
    }
    return status;
}

int bp_rundb_progress(struct bp_rundb *db, int64_t id, const struct bp_run_progress *row)
{
    static const char point[] = "INSERT OR REPLACE INTO point (run, transitions, updates, env_steps, episodes, seconds) VALUES (?, ?, ?, ?, ?, ?)";
    static const char clear[] = "DELETE FROM metric WHERE run = ? AND transitions = ?";
    struct value values[] = {INTEGER(id), INTEGER(row->transitions), INTEGER(row->updates), INTEGER(row->env_steps), INTEGER(row->episodes),
                             REAL(row->seconds)};
    int status;

    if (bp_rundb_begin(db))
        return -1;
    status = run(db, point, values, COUNT(values), NULL);
    if (status >= 0)
        status = run(db, clear, values, 2, NULL);
    if (status >= 0)
        status = insert_metrics(db, id, row);
    return bp_rundb_end(db, status < 0 ? -1 : 0);
}

int bp_rundb_evaluation(struct bp_rundb *db, int64_t id, const struct bp_run_evaluation *row)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO evaluation (run, transitions, task, play, episodes, episode_return, standard_error,"
        " episode_length, sequence_kl, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct value values[] = {
        INTEGER(id), INTEGER(row->transitions), TEXT(row->task), TEXT(row->play), INTEGER(row->episodes),
        REAL(row->episode_return), REAL(row->standard_error), REAL(row->episode_length), REAL(row->sequence_kl),
        REAL(row->seconds),
    };

    return change(db, sql, values, COUNT(values));
}

static const char insert_checkpoint[] =
    "INSERT OR REPLACE INTO checkpoint (run, hash, transitions, path, written) VALUES (?, ?, ?, ?, " NOW ")";

int bp_rundb_checkpoint(struct bp_rundb *db, int64_t id, int64_t transitions, const char *path, const char *hash)
{
    char *absolute;
    int status;

    if (make_absolute(path, &absolute))
        return -1;
    struct value values[] = {INTEGER(id), TEXT(hash), INTEGER(transitions), TEXT(absolute)};
    status = change(db, insert_checkpoint, values, COUNT(values));
    free(absolute);
    return status;
}

const char *bp_rundb_state(int exit_status)
{
    if (exit_status == 0)
        return "finished";
    if (exit_status > 128)
        return "stopped";
    return exit_status == BP_DIVERGED ? "diverged" : "failed";
}

int bp_rundb_finish(struct bp_rundb *db, int64_t id, const char *state, const char *checkpoint)
{
    static const char update[] = "UPDATE run SET state = ?, checkpoint = coalesce(?, checkpoint), finished = " NOW
                                 " WHERE id = ?";
    static const char last[] =
        "INSERT OR REPLACE INTO checkpoint (run, hash, transitions, path, written) SELECT id, checkpoint,"
        " (SELECT max(transitions) FROM point WHERE run = id), output, finished FROM run"
        " WHERE id = ? AND checkpoint IS NOT NULL";
    struct value values[] = {TEXT(state), TEXT(checkpoint), INTEGER(id)}, key[] = {INTEGER(id)};
    int status;

    if (bp_rundb_begin(db))
        return -1;
    status = run(db, update, values, COUNT(values), NULL);
    if (status >= 0 && sqlite3_changes(db->handle) == 0)
        status = bp_error(BP_FAILURE, "the database %s has no run %lld", db->path, (long long)id);
    if (status >= 0 && checkpoint)
        status = run(db, last, key, COUNT(key), NULL);
    return bp_rundb_end(db, status < 0 ? -1 : 0);
}

/* Hand each row of a prepared statement to `row`; 0, or -1 after reporting. */
static int each_row(const struct bp_rundb *db, sqlite3_stmt *statement,
                    int (*row)(void *context, int columns, const char *const *names, const char *const *values), void *context)
{
    int columns = sqlite3_column_count(statement), status = SQLITE_ROW, answer = 0;
    const char **names = calloc(2 * (size_t)columns + 1, sizeof *names), **values = names + columns;
    bool whole = names != NULL;

    for (int i = 0; i < columns && whole; i++)
        whole = (names[i] = sqlite3_column_name(statement, i)) != NULL;
    while (whole && answer == 0 && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            if (!(values[i] = (const char *)sqlite3_column_text(statement, i)))     /* SQL's NULL, or no memory for a number's text */
                whole = whole && sqlite3_errcode(db->handle) != SQLITE_NOMEM;
        answer = whole ? row(context, columns, names, values) : 0;
    }
    free(names);
    if (!whole)
        return bp_error(BP_FAILURE, "out of memory");
    if (status != SQLITE_DONE && status != SQLITE_ROW)
        return bp_rundb_report(db);
    return answer < 0 ? -1 : 0;
}

int bp_rundb_query(struct bp_rundb *db, const char *sql, const char *const *parameters, int parameter_count,
                   int (*row)(void *context, int columns, const char *const *names, const char *const *values), void *context)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

    for (int i = 0; i < parameter_count && status == SQLITE_OK; i++)
        status = sqlite3_bind_text(statement, i + 1, parameters[i], -1, SQLITE_STATIC);
    if (status == SQLITE_ERROR)     /* the query is wrong, not the database */
        status = bp_error(BP_USAGE, "the database %s cannot answer: %s", db->path, sqlite3_errmsg(db->handle));
    else
        status = status == SQLITE_OK ? each_row(db, statement, row, context) : bp_rundb_report(db);
    sqlite3_finalize(statement);
    return status;
}

const char *bp_rundb_version(void)
{
    return sqlite3_libversion();
}
