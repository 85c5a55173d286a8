/* Databases of earlier versions of the schema are brought up to this one when they are opened. */
#include "store/rundb_private.h"

#include "base/json.h"
#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a column of version 3 has, as rows. */
#define ROWS_OF(column) "SELECT run, transitions, '" column "', " column " FROM progress WHERE " column " IS NOT NULL "

/* The changes of the tables from each version to the next. Afterwards the views are created anew. */
static const char *const changes[BP_RUNDB_VERSION] = {
    [1] = "ALTER TABLE evaluation RENAME COLUMN transition_kl TO sequence_kl",
    [2] = "ALTER TABLE run ADD COLUMN fingerprint TEXT; ALTER TABLE run ADD COLUMN kernels TEXT; "
          "ALTER TABLE progress ADD COLUMN kl_prior_high REAL",
    [3] = "CREATE TABLE point (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, transitions INTEGER NOT NULL, updates INTEGER,"
          " env_steps INTEGER, episodes INTEGER, seconds REAL, PRIMARY KEY (run, transitions)) WITHOUT ROWID;"
          "CREATE TABLE metric (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, transitions INTEGER NOT NULL, name TEXT NOT NULL,"
          " value REAL NOT NULL, PRIMARY KEY (run, transitions, name)) WITHOUT ROWID;"
          "INSERT INTO point SELECT run, transitions, updates, env_steps, episodes, seconds FROM progress;"
          "INSERT INTO metric " ROWS_OF("episode_return") "UNION ALL " ROWS_OF("episode_length") "UNION ALL " ROWS_OF("kl_prior") "UNION ALL "
          ROWS_OF("kl_prior_high") "UNION ALL " ROWS_OF("entropy") "UNION ALL " ROWS_OF("critic_loss") "UNION ALL " ROWS_OF("policy_loss")
          "UNION ALL " ROWS_OF("prior_loss") "UNION ALL " ROWS_OF("q_mean") "UNION ALL " ROWS_OF("trace_weight") "ORDER BY 1, 2, 3;"
          "DROP TABLE progress",
};

/* Give the config of a run today's names of options, so that queries find them in old runs and new ones. */
static int rename_config(const struct bp_rundb *db, sqlite3_int64 run, const char *config)
{
    json_t *written, *renamed = NULL;
    char told[512] = "", *text = NULL;
    sqlite3_stmt *update = NULL;
    int status = -1;

    if (bp_json_parse(config, &written))
        return -1;
    if (!written)
        return 0;               /* not by one of our programs: left as it is */
    if ((renamed = bp_options_json_renamed(written, told, sizeof told)) && !*told)
        status = 0;
    else if (renamed && !(text = bp_json_text(renamed, 17)))
        bp_error(BP_FAILURE, "out of memory");
    else if (renamed) {
        status = sqlite3_prepare_v2(db->handle, "UPDATE run SET config = ? WHERE id = ?", -1, &update, NULL);
        if (status == SQLITE_OK)
            status = sqlite3_bind_text(update, 1, text, -1, SQLITE_STATIC);
        if (status == SQLITE_OK)
            status = sqlite3_bind_int64(update, 2, run);
        status = status == SQLITE_OK && sqlite3_step(update) == SQLITE_DONE ? 0 : bp_rundb_report(db);
        sqlite3_finalize(update);
    }
    free(text);
    json_decref(renamed);
    json_decref(written);
    return status;
}

static int rename_configs(const struct bp_rundb *db)
{
    sqlite3_stmt *rows = NULL;
    int status = sqlite3_prepare_v2(db->handle, "SELECT id, config FROM run WHERE config IS NOT NULL", -1, &rows, NULL), renamed = 0;

    if (status == SQLITE_OK)
        while (!renamed && (status = sqlite3_step(rows)) == SQLITE_ROW)
            renamed = rename_config(db, sqlite3_column_int64(rows, 0), (const char *)sqlite3_column_text(rows, 1));
    if (!renamed && status != SQLITE_DONE)
        renamed = bp_rundb_report(db);
    sqlite3_finalize(rows);
    return renamed;
}

static int change(const struct bp_rundb *db, int version)
{
    char identity[48];

    for (; version < BP_RUNDB_VERSION; version++)
        if (bp_rundb_execute(db, changes[version]))
            return -1;
    snprintf(identity, sizeof identity, "PRAGMA user_version = %d", BP_RUNDB_VERSION);
    return rename_configs(db) || bp_rundb_execute(db, bp_rundb_drop_views) || bp_rundb_execute(db, bp_rundb_views) ||
           bp_rundb_execute(db, identity) ? -1 : 0;
}

int bp_rundb_migrate(struct bp_rundb *db)
{
    int status;

    /* Changing a table must not check the views: ours do not fit it until they are created anew. */
    if (bp_rundb_execute(db, "PRAGMA legacy_alter_table = ON") || bp_rundb_begin(db))
        return -1;
    status = bp_rundb_identify(db) == BP_RUNDB_OURS ? 0 : -1;
    if (!status && db->version < BP_RUNDB_VERSION)          /* another process may have been faster */
        status = change(db, db->version);
    return bp_rundb_end(db, status);
}
