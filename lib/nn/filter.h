/*
 * Hidden Markov models: what is known of a discrete state of K values from what was seen so far. All in log space; the gradients are exact, so
 * that of a sequence's log-likelihood to its parts are the posteriors of forward-backward.
 *
 * Rows are those of sequences, time-major: row t B + b. What there is for each state is in blocks of rows, one state after the other: state j of
 * row i is row j N + i of an array of K N rows.
 */
#ifndef BP_NN_FILTER_H
#define BP_NN_FILTER_H

#include "nn/tape.h"

enum { BP_FILTER_STATES = 64 };      /* K, at most */

/*
 * log w (n x K): log p(z_t = k | what was seen before t), nats.
 *
 *     w_t(k) = sum_j b_{t-1}(j) p(z_t = k | z_{t-1} = j)        b_t(j) = w_t(j) p(seen_t | z_t = j) / sum_k w_t(k) p(seen_t | z_t = k)
 *
 * transition (K n x K): log p(z_t = k | z_{t-1} = j) in row j n + t; where all j have the same, as where an episode begins, what was before does
 * not matter. seen (K n x 1): log p(seen_t | z_t = j), which counts from the next step on; NULL where there is one step. belief (B x K, borrowed):
 * b before the first step, numbers that add up to 1; zeros for a row, or NULL: all states alike.
 */
struct bp_var *bp_filter(struct bp_tape *tape, struct bp_var *transition, struct bp_var *seen, const float *belief, int batch);

/* log sum_k exp(log_weight_k + x_k) (n x 1) of weights (n x K) and what each state has (K n x 1). */
struct bp_var *bp_filter_mix(struct bp_tape *tape, struct bp_var *log_weight, struct bp_var *x);

/* b after what was seen: the weights and log-likelihoods of B rows, into belief (B x K). */
void bp_filter_update(const struct bp_var *log_weight, const struct bp_var *seen, float *belief);

#endif
