/*
 * Families of distributions: what a network's outputs become. A distribution is one a row; a family is a row of a table, which heads,
 * levels of behaviours and checkpoints name.
 */
#ifndef BP_NN_FAMILY_H
#define BP_NN_FAMILY_H

#include "base/space.h"
#include "nn/tape.h"

struct bp_distribution {
    const struct bp_family *family;
    struct bp_var *param[2];            /* n rows; what they are is the family's: mean and scale of Gaussians, log p of choices (n x size each) */
};

struct bp_family {
    const char *name, *help;
    enum bp_space_kind space;           /* that its draws are in */
    bool reparameterised;               /* gradients pass through a draw */
    int (*outputs)(int size);           /* columns of a network's output that make a distribution over `size` numbers */
    int (*noise)(int size);             /* standard normal numbers a row that a sample takes */
    struct bp_distribution (*make)(struct bp_tape *tape, struct bp_var *output);
    struct bp_var *(*sample)(struct bp_tape *tape, struct bp_distribution p, const float *noise);     /* n x size; noise of zeros: mean, or mode */
    struct bp_var *(*log_prob)(struct bp_tape *tape, struct bp_distribution p, const float *y);       /* n x 1, nats, of borrowed y */
    struct bp_var *(*kl)(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q);   /* n x 1, nats; families that share it mix */
    struct bp_var *(*entropy)(struct bp_tape *tape, struct bp_distribution p);                        /* n x 1, nats */
};
extern const struct bp_family bp_families[];            /* ends with a row whose name is NULL */

/* The family of that name, NULL when there is none. The name of row i, NULL beyond the last. */
const struct bp_family *bp_family_find(const char *name);
const char *bp_family_name(int i);

/* Names of the families whose draws are of a kind, "softplus, bounded", in text of `size` bytes; returns text. */
const char *bp_families_of(enum bp_space_kind kind, char *text, int size);

/* The Gaussian N(mean, scale^2) of given parameters, n x size each. */
struct bp_distribution bp_normal(struct bp_var *mean, struct bp_var *scale);

/* The same distributions, held fixed; `rows` of them from row `first` on. */
struct bp_distribution bp_distribution_stop_gradient(struct bp_tape *tape, struct bp_distribution p);
struct bp_distribution bp_distribution_slice_rows(struct bp_tape *tape, struct bp_distribution p, int first, int rows);

#endif
