/*
 * Families of distributions: what a network's outputs become. A distribution is one a row; a family is a row of a table, which heads,
 * levels of behaviours and checkpoints name.
 */
#ifndef BP_NN_FAMILY_H
#define BP_NN_FAMILY_H

#include "nn/distribution.h"

extern const struct bp_family bp_families[];            /* ends with a row whose name is NULL */

/* The family of that name, NULL when there is none. The name of row i, NULL beyond the last. */
const struct bp_family *bp_family_find(const char *name);
const char *bp_family_name(int i);

/* The first family whose draws are of a kind. */
const struct bp_family *bp_family_first(enum bp_space_kind kind);

/* Names of the families whose draws are of a kind, "softplus, bounded", in text of `size` bytes; returns text. */
const char *bp_families_of(enum bp_space_kind kind, char *text, int size);

/*
 * KL(p || q) (n x 1), nats: in closed form where both families have one in common, or both are Gaussian; else log p(y) - log q(y) at draws y of p (n x size), whose
 * mean is the KL. The gradient with regard to p is then that of y alone: of log p at a given y it has mean 0, and is left out.
 */
struct bp_var *bp_distribution_kl(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q, struct bp_var *y);

/* The Gaussian N(mean, scale^2) of given parameters, n x size each. */
struct bp_distribution bp_normal(struct bp_var *mean, struct bp_var *scale);

/* The same distributions, held fixed; `rows` of them from row `first` on. */
struct bp_distribution bp_distribution_stop_gradient(struct bp_tape *tape, struct bp_distribution p);
struct bp_distribution bp_distribution_slice_rows(struct bp_tape *tape, struct bp_distribution p, int first, int rows);

/* Distributions of one family one below the other. */
struct bp_distribution bp_distribution_stack(struct bp_tape *tape, const struct bp_distribution *p, int count);

#endif
