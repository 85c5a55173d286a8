#include "run/session.h"

#include "base/error.h"

#include <time.h>

double bp_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *bp_run_state(int exit_status)
{
    if (exit_status == 0)
        return "finished";
    if (exit_status > 128)
        return "stopped";
    return exit_status == BP_DIVERGED ? "diverged" : "failed";
}
