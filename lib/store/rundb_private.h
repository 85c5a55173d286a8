/* What the files of the run database share. */
#ifndef BP_STORE_RUNDB_PRIVATE_H
#define BP_STORE_RUNDB_PRIVATE_H

#include "store/rundb.h"

#include <sqlite3.h>
#include <stdbool.h>

#define BP_RUNDB_APPLICATION 0x42506462     /* "BPdb" */
#define BP_RUNDB_VERSION 4

struct bp_rundb {
    sqlite3 *handle;
    char *path;                 /* for messages */
    bool writable;
    int timeout;                /* milliseconds that a lock is waited for */
    int version;                /* of its schema, when it was identified */
};

extern const char *const bp_rundb_tables, *const bp_rundb_views, *const bp_rundb_drop_views;

/* Whose database it is. Sets db->version; BP_RUNDB_FAILED after reporting that it is not ours, or of a later version. */
enum bp_rundb_identity { BP_RUNDB_FAILED = -1, BP_RUNDB_OURS, BP_RUNDB_EMPTY };
enum bp_rundb_identity bp_rundb_identify(struct bp_rundb *db) BP_WARN_UNUSED;

/* Bring a database of ours, open for writing, up to BP_RUNDB_VERSION, as one transaction. 0, or -1 after reporting. */
int bp_rundb_migrate(struct bp_rundb *db) BP_WARN_UNUSED;

/* Report what SQLite's last call on the database failed with; -1. */
int bp_rundb_report(const struct bp_rundb *db);
/* Run statements without results. 0, or -1 after reporting. */
int bp_rundb_execute(const struct bp_rundb *db, const char *sql) BP_WARN_UNUSED;
/* Bracket a change; bp_rundb_end commits when status is 0 and else rolls back; it returns status, or -1 after reporting. */
int bp_rundb_begin(const struct bp_rundb *db) BP_WARN_UNUSED;
int bp_rundb_end(const struct bp_rundb *db, int status) BP_WARN_UNUSED;

#endif
