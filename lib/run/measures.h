/* What a training run measured since its last row of progress: of the actors' episodes, and the metrics of the learner's algorithm. */
#ifndef BP_RUN_MEASURES_H
#define BP_RUN_MEASURES_H

#include "run/cycle.h"
#include "store/rundb.h"

struct bp_measures {
    struct bp_run_progress row;             /* its metrics are those below: of this struct, wherever it is moved to */
    struct bp_run_metric metric[2 + BP_METRICS];
};

/* Read them off the cycle's sums. `seconds` is how long the run has taken. */
void bp_measures_read(struct bp_measures *measures, const struct bp_cycle *cycle, double seconds);

/* The value of that name; NaN when there is none. */
double bp_measures_value(const struct bp_measures *measures, const char *name);

#endif
