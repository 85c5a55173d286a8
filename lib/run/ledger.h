/* What the run database keeps of a run: its row, and the rows under it. With --db none nothing is kept, and all calls succeed. */
#ifndef BP_RUN_LEDGER_H
#define BP_RUN_LEDGER_H

#include "store/rundb.h"

struct bp_ledger {
    struct bp_rundb *db;        /* NULL: nothing is kept */
    int64_t run;                /* the row */
    bool failed;                /* on the way; reported. The run then ends, but loses nothing */
};

/* Where a run is taken up again. */
struct bp_ledger_stop {
    int64_t transitions;
    bool sums;                  /* the next row of progress goes back beyond the stop: one that was written there says too little */
};

/*
 * Open the database and begin a row, or with `stop` take up the run's own again: that of the same output and fingerprint. Rows beyond the stop are
 * dropped, since the run repeats them. 0, or -1 after reporting.
 */
int bp_ledger_open(struct bp_ledger *ledger, const char *database, const struct bp_run_info *info, const struct bp_ledger_stop *stop) BP_WARN_UNUSED;
int bp_ledger_progress(struct bp_ledger *ledger, const struct bp_run_progress *row) BP_WARN_UNUSED;
int bp_ledger_evaluation(struct bp_ledger *ledger, const struct bp_run_evaluation *row) BP_WARN_UNUSED;
int bp_ledger_checkpoint(struct bp_ledger *ledger, int64_t transitions, const char *path, const char *hash) BP_WARN_UNUSED;

/* What became of the run, by its exit status; hash of the checkpoint that it left, "" for none. Closes. 0, or -1 after reporting. */
int bp_ledger_close(struct bp_ledger *ledger, int exit_status, const char *hash) BP_WARN_UNUSED;

#endif
