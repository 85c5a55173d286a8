/* What all commands that make a run share: its clock, and what became of it. */
#ifndef BP_RUN_SESSION_H
#define BP_RUN_SESSION_H

/* Seconds on a clock that only goes forward. */
double bp_seconds(void);

/* The state that the run database gives to a run with this exit status: finished, stopped, diverged or failed. */
const char *bp_run_state(int exit_status);

#endif
