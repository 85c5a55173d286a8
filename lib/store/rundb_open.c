/* Opening the run database, creating it, and reporting its errors. */
#include "store/rundb_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 10000   /* milliseconds */

/* errno of creating a file in the directory of that path; 0 if it is possible. */
static int why_not_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int reason = directory && access(directory, W_OK | X_OK) ? errno : 0;

    free(directory);
    return reason;
}

/*
 * errno of what keeps SQLite from opening a file: the database, or those that it keeps beside it. SQLite itself keeps the
 * errno of the last of several attempts, which is seldom the relevant one.
 */
static int why_not_opened(const struct bp_rundb *db)
{
    int reason = sqlite3_system_errno(db->handle);
    bool exists = !access(db->path, F_OK);

    /* Never by open(): closing the file again would give up the locks that this process holds on it. */
    if (access(db->path, R_OK) && (exists || !db->writable))
        reason = errno;
    else if (db->writable && why_not_beside(db->path))
        reason = why_not_beside(db->path);
    return reason;
}

/* One statement sees one state, even while another process creates the schema. */
static int read_identity(const struct bp_rundb *db, int *application, int *version, int *objects)
{
    static const char sql[] = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
                              " FROM pragma_application_id, pragma_user_version";
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        *application = sqlite3_column_int(statement, 0);
        *version = sqlite3_column_int(statement, 1);
        *objects = sqlite3_column_int(statement, 2);
    }
    sqlite3_finalize(statement);
    return status == SQLITE_ROW ? 0 : -1;
}

/* The version that the database has now, if it is a later one than this program knows: another program has opened it meanwhile; else 0. */
static int became(const struct bp_rundb *db)
{
    int application = 0, version = 0, objects = 0;

    return read_identity(db, &application, &version, &objects) || application != BP_RUNDB_APPLICATION || version <= BP_RUNDB_VERSION ? 0 : version;
}

static int report_statement(const struct bp_rundb *db)
{
    char said[256];
    int version;

    snprintf(said, sizeof said, "%s", sqlite3_errmsg(db->handle));
    if ((version = became(db)))
        return bp_error(BP_FAILURE, "the database %s has become one of version %d, as a newer program has opened it, and this program knows up to %d: "
                        "only newer ones can use it from now on", db->path, version, BP_RUNDB_VERSION);
    return bp_error(BP_FAILURE, "the database %s reports: %s", db->path, said);
}

int bp_rundb_report(const struct bp_rundb *db)
{
    int reason = sqlite3_system_errno(db->handle);

    switch (sqlite3_errcode(db->handle) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return bp_error(BP_FAILURE, "the database %s is locked by another process: waited %g s", db->path, db->timeout / 1e3);
    case SQLITE_READONLY:
        return bp_error(BP_FAILURE, "cannot write the database %s: it is read-only", db->path);
    case SQLITE_FULL:
        return bp_error(BP_FAILURE, "cannot write the database %s: the disk is full", db->path);
    case SQLITE_CANTOPEN:
        reason = why_not_opened(db);
        return bp_error(BP_FAILURE, "cannot open the database %s%s: %s", db->path, db->writable ? " or write beside it" : "",
                        reason ? strerror(reason) : sqlite3_errmsg(db->handle));
    case SQLITE_IOERR:
        return bp_error(BP_FAILURE, "cannot access the database %s: %s", db->path,
                        reason ? strerror(reason) : sqlite3_errmsg(db->handle));
    case SQLITE_NOTADB:
        return bp_error(BP_DAMAGED, "%s is not a database", db->path);
    case SQLITE_CORRUPT:
        return bp_error(BP_FAILURE, "the database %s is damaged: %s", db->path, sqlite3_errmsg(db->handle));
    case SQLITE_NOMEM:
        return bp_error(BP_FAILURE, "out of memory");
    default:
        return report_statement(db);
    }
}

int bp_rundb_execute(const struct bp_rundb *db, const char *sql)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : bp_rundb_report(db);
}

/* Immediate: a deferred transaction that reads before it writes fails as soon as another process wrote in between. */
int bp_rundb_begin(const struct bp_rundb *db)
{
    return bp_rundb_execute(db, "BEGIN IMMEDIATE");
}

int bp_rundb_end(const struct bp_rundb *db, int status)
{
    if (!status && !(status = bp_rundb_execute(db, "COMMIT")))
        return 0;
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static int read_timeout(int *timeout)
{
    const char *text = getenv("BP_DB_TIMEOUT_MS");
    char *end;

    *timeout = DEFAULT_TIMEOUT;
    if (!text || !*text)
        return 0;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (*end || errno || value < 0 || value > 3600000)
        return bp_error(BP_USAGE, "BP_DB_TIMEOUT_MS is '%s', but must be 0 to 3600000 milliseconds", text);
    *timeout = (int)value;
    return 0;
}

/* ---- whose database it is ---- */

enum bp_rundb_identity bp_rundb_identify(struct bp_rundb *db)
{
    int application = 0, version = 0, objects = 0;

    if (read_identity(db, &application, &version, &objects))
        return bp_rundb_report(db);
    if (application == 0 && version == 0 && objects == 0)
        return BP_RUNDB_EMPTY;
    if (application != BP_RUNDB_APPLICATION || version < 1)
        return bp_error(BP_FAILURE, "the database %s holds something else than runs", db->path);
    if (version > BP_RUNDB_VERSION)
        return bp_error(BP_FAILURE, "the database %s is of version %d, and this program knows up to %d: a newer one is needed",
                        db->path, version, BP_RUNDB_VERSION);
    db->version = version;
    return BP_RUNDB_OURS;
}

/*
 * Readers do not wait for writers in this mode. Changing to it needs exclusive access for a moment, for which SQLite does
 * not wait by itself. Where this mode is unavailable (no shared memory), the old mode serves too.
 */
static int use_wal(const struct bp_rundb *db)
{
    int status, waited = 0;

    while ((status = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY &&
           waited < db->timeout) {
        usleep(5000);
        waited += 5;
    }
    return status == SQLITE_OK ? 0 : bp_rundb_report(db);
}

static int make_schema(struct bp_rundb *db)
{
    char identity[96];
    int status = 0;

    if (bp_rundb_begin(db))
        return -1;
    snprintf(identity, sizeof identity, "PRAGMA application_id = %d; PRAGMA user_version = %d", BP_RUNDB_APPLICATION,
             BP_RUNDB_VERSION);
    switch (bp_rundb_identify(db)) {
    case BP_RUNDB_FAILED:
        status = -1;
        break;
    case BP_RUNDB_OURS:         /* another process was faster */
        break;
    case BP_RUNDB_EMPTY:
        if (bp_rundb_execute(db, bp_rundb_tables) || bp_rundb_execute(db, bp_rundb_views) || bp_rundb_execute(db, identity))
            status = -1;
    }
    return bp_rundb_end(db, status);
}

/* ---- views ---- */

/* Whether the views are today's: 1 or 0, -1 after reporting. SQLite keeps the text of each. */
static int has_todays_views(const struct bp_rundb *db)
{
    static const char sql[] = "SELECT (SELECT group_concat(sql, ';') || ';' FROM (SELECT sql FROM sqlite_master WHERE type = 'view' AND name IN"
                              " ('progress', 'runs', 'curves', 'evaluations', 'leaderboard', 'lineage') ORDER BY rowid)) = ?";
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), same = 0;

    if (status == SQLITE_OK)
        status = sqlite3_bind_text(statement, 1, bp_rundb_views, -1, SQLITE_STATIC);
    if (status == SQLITE_OK && (status = sqlite3_step(statement)) == SQLITE_ROW)
        same = sqlite3_column_int(statement, 0);
    if (status != SQLITE_ROW)
        bp_rundb_report(db);
    sqlite3_finalize(statement);
    return status == SQLITE_ROW ? same : -1;
}

/* Views hold nothing, so that they can be made anew while other programs use the database, whose version stays. */
static int renew_views(struct bp_rundb *db)
{
    int same = has_todays_views(db);

    if (same)
        return same < 0 ? -1 : 0;
    if (bp_rundb_begin(db))
        return -1;
    if ((same = has_todays_views(db)))      /* another process was faster */
        return bp_rundb_end(db, same < 0 ? -1 : 0);
    return bp_rundb_end(db, bp_rundb_execute(db, bp_rundb_drop_views) || bp_rundb_execute(db, bp_rundb_views) ? -1 : 0);
}

/* ---- opening ---- */

/* In a URI these characters have a meaning of their own. */
static char *immutable_uri(const char *path)
{
    char *uri = malloc(3 * strlen(path) + 32), *at = uri;

    if (!uri)
        return NULL;
    at = stpcpy(at, "file:");
    for (; *path; path++)
        at += sprintf(at, strchr("%?#", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    strcpy(at, "?immutable=1");
    return uri;
}

/*
 * A database in a directory that we may not write cannot be locked there. If the write-ahead log is empty, the file
 * alone has everything, and is read as one that does not change.
 */
static int reopen_immutable(struct bp_rundb *db)
{
    struct stat status;
    char *log = NULL, *uri = immutable_uri(db->path);
    int result = -1;

    if (!uri || asprintf(&log, "%s-wal", db->path) < 0) {
        log = NULL;
        bp_error(BP_FAILURE, "out of memory");
    } else if (!access(db->path, R_OK) && (stat(log, &status) || status.st_size == 0)) {
        sqlite3_close(db->handle);
        result = sqlite3_open_v2(uri, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
        result = result == SQLITE_OK ? 0 : bp_rundb_report(db);
    } else {
        bp_rundb_report(db);
    }
    free(log);
    free(uri);
    return result;
}

/* Readers know only this version of the schema, so an earlier one is migrated, once. */
static int migrate_for_reading(const struct bp_rundb *db)
{
    struct bp_rundb *writer;

    if (access(db->path, W_OK) || why_not_beside(db->path))
        return bp_error(BP_FAILURE, "the database %s is of version %d, and cannot be written here to become one of version %d: copy it to where it can",
                        db->path, db->version, BP_RUNDB_VERSION);
    if (!(writer = bp_rundb_open(db->path, true)))
        return -1;
    bp_rundb_close(writer);
    return 0;
}

static int open_for_reading(struct bp_rundb *db)
{
    int application, version, objects;

    if (sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return db->handle ? bp_rundb_report(db) : bp_error(BP_FAILURE, "out of memory");
    sqlite3_busy_timeout(db->handle, db->timeout);
    if (read_identity(db, &application, &version, &objects)) {
        int code = sqlite3_errcode(db->handle) & 0xff;
        if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
            return bp_rundb_report(db);
        if (reopen_immutable(db))
            return -1;
    }
    switch (bp_rundb_identify(db)) {
    case BP_RUNDB_OURS:
        return db->version < BP_RUNDB_VERSION ? migrate_for_reading(db) : 0;
    case BP_RUNDB_EMPTY:
        return bp_error(BP_FAILURE, "the database %s is empty", db->path);
    default:
        return -1;
    }
}

static int open_for_writing(struct bp_rundb *db)
{
    enum bp_rundb_identity identity;

    if (sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return db->handle ? bp_rundb_report(db) : bp_error(BP_FAILURE, "out of memory");
    sqlite3_busy_timeout(db->handle, db->timeout);
    identity = bp_rundb_identify(db);
    if (identity == BP_RUNDB_FAILED)
        return -1;
    if (sqlite3_db_readonly(db->handle, "main") == 1)
        return bp_error(BP_FAILURE, "cannot write the database %s: it is read-only", db->path);
    if (use_wal(db) || (identity == BP_RUNDB_EMPTY && make_schema(db)) ||
        (identity == BP_RUNDB_OURS && db->version < BP_RUNDB_VERSION && bp_rundb_migrate(db)) || renew_views(db))
        return -1;
    /* Rows of a killed process are kept. A crash of the machine can lose the last rows, but not damage the database. */
    return bp_rundb_execute(db, "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
}

struct bp_rundb *bp_rundb_open(const char *path, bool writable)
{
    struct bp_rundb *db = calloc(1, sizeof *db);
    struct stat status;

    if (!db || !(db->path = strdup(path))) {
        bp_error(BP_FAILURE, "out of memory");
        free(db);
        return NULL;
    }
    db->writable = writable;
    if (!stat(path, &status) && !S_ISREG(status.st_mode))
        bp_error(BP_FAILURE, "cannot open the database %s: it is not a regular file", path);
    else if (!*path)
        bp_error(BP_USAGE, "the database has an empty name");
    else if (!strcmp(path, ":memory:") || !strncmp(path, "file:", 5))
        bp_error(BP_USAGE, "the database %s would not be a file of that name: give a path, such as runs.db", path);
    else if (!read_timeout(&db->timeout) && !(writable ? open_for_writing(db) : open_for_reading(db)))
        return db;
    bp_rundb_close(db);
    return NULL;
}

void bp_rundb_close(struct bp_rundb *db)
{
    if (!db)
        return;
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}
