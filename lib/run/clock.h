/* The clock of a run. */
#ifndef BP_RUN_CLOCK_H
#define BP_RUN_CLOCK_H

/* Seconds on a clock that only goes forward. */
double bp_clock_seconds(void);

#endif
