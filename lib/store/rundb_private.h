/* What the files of the run database share. */
#ifndef BP_STORE_RUNDB_PRIVATE_H
#define BP_STORE_RUNDB_PRIVATE_H

#include "store/rundb.h"

#include <sqlite3.h>
#include <stdbool.h>

#define BP_RUNDB_APPLICATION 0x42506462     /* "BPdb" */
#define BP_RUNDB_VERSION 1

struct bp_rundb {
    sqlite3 *handle;
    char *path;                 /* for messages */
    bool writable;
    int timeout;                /* milliseconds that a lock is waited for */
};

extern const char *const bp_rundb_tables, *const bp_rundb_views;

/* Report what SQLite's last call on the database failed with; -1. */
int bp_rundb_report(const struct bp_rundb *db);
/* Run statements without results. 0, or -1 after reporting. */
int bp_rundb_execute(const struct bp_rundb *db, const char *sql) BP_WARN_UNUSED;
/* Bracket a change; bp_rundb_end commits when status is 0 and else rolls back; it returns status, or -1 after reporting. */
int bp_rundb_begin(const struct bp_rundb *db) BP_WARN_UNUSED;
int bp_rundb_end(const struct bp_rundb *db, int status) BP_WARN_UNUSED;

#endif
