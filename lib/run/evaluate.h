/* Evaluation: play the present agent on fixed seeds, the same for every run. */
#ifndef BP_RUN_EVALUATE_H
#define BP_RUN_EVALUATE_H

#include "run/rollout.h"
#include "store/rundb.h"

struct bp_evaluator;

/*
 * From a list "policy,prior:nav-hard": what to play, and on which task if not env's, the one trained on ("": nothing). The agent and
 * pool are borrowed. NULL after reporting.
 */
struct bp_evaluator *bp_evaluator_new(const char *list, const struct bp_env_spec *env, int episodes, const struct bp_agent *agent, struct bp_pool *pool) BP_WARN_UNUSED;
void bp_evaluator_free(struct bp_evaluator *evaluator);

/* Evaluations in the list. */
int bp_evaluator_count(const struct bp_evaluator *evaluator);

/* Run the i-th: fills everything in `row` but transitions and seconds. 0, 1 when a signal cut it short, or -1 after reporting. */
int bp_evaluate(struct bp_evaluator *evaluator, int i, const struct bp_params *params, struct bp_run_evaluation *row) BP_WARN_UNUSED;

#endif
