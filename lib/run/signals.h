/* Signals as requests: the loop checks them after each update. */
#ifndef BP_RUN_SIGNALS_H
#define BP_RUN_SIGNALS_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP remove temporary files and end the process: while it waits for input. */
void bp_signals_quit(void);

/* From now on SIGINT, SIGTERM, SIGHUP and SIGUSR1 are only noted; a second one of the first three removes temporary files and quits at once. */
void bp_signals_catch(void);

/*
 * SIGPIPE is a request to stop too, which may come again and again: from now on, a message that nobody hears costs no run. Until the end of
 * that, when a pipe whose reader has gone ends the process again, as is right for one that has nothing left to do but write to it.
 */
void bp_signals_catch_pipe(void);
void bp_signals_end_pipe(void);

/* The signal that asks to stop, or 0. */
int bp_signals_stop(void);

/* Was a checkpoint asked for (SIGUSR1) since the last call? */
bool bp_signals_checkpoint(void);

#endif
