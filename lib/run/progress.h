/* Progress of long work: on a terminal a line that is redrawn, elsewhere a new line at intervals. */
#ifndef BP_RUN_PROGRESS_H
#define BP_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct bp_progress {
    double began;               /* seconds, bp_clock_seconds(), when this process began or resumed the work */
    const char *things;         /* what is counted: "transitions"; borrowed */
    int64_t from, all;          /* where it began or resumed, and where the work ends */
    double shown;               /* when it was shown last */
};

void bp_progress_begin(struct bp_progress *progress, const char *things, int64_t from, int64_t all);

/* Is it time to show it again? Twice a second on a terminal, every 30 s elsewhere. */
bool bp_progress_due(const struct bp_progress *progress);

/*
 * "42.1%  3:12 left  25.30M of 60.00M transitions  131k transitions/s", and what the work adds: `news` is a list of formats
 * with their values, which ends with a NULL format (NULL: none); one whose value is not finite is left out.
 */
struct bp_progress_news {
    const char *format;         /* for one double, or two */
    double value, detail;
};
void bp_progress_show(struct bp_progress *progress, int64_t done, bool final, const struct bp_progress_news *news);

/* A count as "1234", "56k" or "7.89M". Returns text. */
const char *bp_progress_count(double count, char text[24]);

/* Seconds as "3:12", or "1:03:12" from an hour on; "?" when it is not a finite number. Returns text. */
const char *bp_progress_clock(double seconds, char text[24]);

#endif
