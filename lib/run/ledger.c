#include "run/ledger.h"

#include "run/clock.h"

#include <string.h>

static int kept(struct bp_ledger *ledger, int status)
{
    ledger->failed |= status != 0;
    return status;
}

static int take_up(struct bp_ledger *ledger, const struct bp_run_info *info, const struct bp_ledger_stop *stop)
{
    if ((ledger->run = bp_rundb_resume(ledger->db, info)) <= 0)
        return ledger->run < 0 ? -1 : 0;
    return bp_rundb_rewind(ledger->db, ledger->run, stop->transitions, stop->sums);
}

int bp_ledger_open(struct bp_ledger *ledger, const char *database, const struct bp_run_info *info, const struct bp_ledger_stop *stop)
{
    *ledger = (struct bp_ledger){0};
    if (!strcmp(database, "none"))
        return 0;
    if (!(ledger->db = bp_rundb_open(database, true)) || (stop && take_up(ledger, info, stop)))
        return -1;
    if (!ledger->run)
        ledger->run = bp_rundb_start(ledger->db, info);
    return ledger->run < 0 ? -1 : 0;
}

int bp_ledger_progress(struct bp_ledger *ledger, const struct bp_run_progress *row)
{
    return ledger->db ? kept(ledger, bp_rundb_progress(ledger->db, ledger->run, row)) : 0;
}

int bp_ledger_evaluation(struct bp_ledger *ledger, const struct bp_run_evaluation *row)
{
    return ledger->db ? kept(ledger, bp_rundb_evaluation(ledger->db, ledger->run, row)) : 0;
}

int bp_ledger_checkpoint(struct bp_ledger *ledger, int64_t transitions, const char *path, const char *hash)
{
    return ledger->db && !ledger->failed ? kept(ledger, bp_rundb_checkpoint(ledger->db, ledger->run, transitions, path, hash)) : 0;
}

int bp_ledger_close(struct bp_ledger *ledger, int exit_status, const char *hash)
{
    int status = 0;

    if (ledger->db && ledger->run > 0 && !ledger->failed)
        status = bp_rundb_finish(ledger->db, ledger->run, bp_rundb_state(exit_status), *hash ? hash : NULL);
    bp_rundb_close(ledger->db);
    *ledger = (struct bp_ledger){0};
    return status;
}
