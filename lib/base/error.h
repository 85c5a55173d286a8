/* Reporting: one sentence on stderr, led by the program's name; the library never exits and never writes to stdout. */
#ifndef BP_BASE_ERROR_H
#define BP_BASE_ERROR_H

#include <stdbool.h>

/* The exit statuses that the man pages promise. */
enum bp_status {
    BP_FAILURE = 1,     /* something outside failed: a file, the disk, the database */
    BP_USAGE = 2,       /* the user asked for something impossible */
    BP_DAMAGED = 3,     /* input is damaged, truncated or of another kind */
    BP_DIVERGED = 4,    /* the computation left the finite numbers */
};

#define BP_WARN_UNUSED __attribute__((warn_unused_result))
#define BP_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* To be called first: the name that leads every line; borrowed for the life of the process. Standard streams that are closed stay so. */
void bp_set_program(const char *name);
const char *bp_program(void);

/* Quiet silences bp_log, never errors and warnings. */
void bp_set_quiet(bool quiet);

/* Report an error where it is detected. The first status reported is the process's exit status. Always returns -1. */
int bp_error(enum bp_status status, const char *format, ...) BP_PRINTF(2, 3);

/* Set the exit status for an error that was reported in another way. */
void bp_fail(enum bp_status status);

/* The same, followed by a colon and strerror(errno). */
int bp_error_errno(enum bp_status status, const char *format, ...) BP_PRINTF(2, 3);

/* What was reported so far is no reason to end: none of it counts for the exit status. */
void bp_error_forgive(void);

/* A warning: something that the user should know, and that does not stop the program. */
void bp_warn(const char *format, ...) BP_PRINTF(1, 2);

/* Progress and news; silenced by quiet. */
void bp_log(const char *format, ...) BP_PRINTF(1, 2);

/* Can a line on stderr be redrawn? Not if stderr is not a terminal, or TERM says that it cannot. */
bool bp_live_possible(void);

/*
 * One line that is overwritten by the next (`final` ends it); nothing is drawn when quiet or where bp_live_possible says no. A line that
 * is wider than the terminal is cut, at two blanks where it has some.
 */
void bp_live(bool final, const char *format, ...) BP_PRINTF(2, 3);

/* Exit status for a program whose work returned -1: that of the first error, or BP_FAILURE. */
int bp_exit_status(void);

#endif
