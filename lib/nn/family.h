/*
 * Families of distributions: what a network's outputs become. A distribution is one a row; a family is a row of a table, which heads,
 * levels of behaviours and checkpoints name.
 */
#ifndef BP_NN_FAMILY_H
#define BP_NN_FAMILY_H

#include "base/space.h"
#include "nn/tape.h"

#include <gsl/gsl_rng.h>

enum { BP_DISTRIBUTION_PARAMS = 3 };

struct bp_distribution {
    const struct bp_family *family;
    struct bp_var *param[BP_DISTRIBUTION_PARAMS];       /* what they are is the family's, NULL after the last: mean and scale of Gaussians, log p
                                                           of choices (n x size each). The first has n rows, others the same or a multiple */
};

struct bp_family {
    const char *name, *help;
    enum bp_space_kind space;           /* that its draws are in */
    bool reparameterised;               /* through a sample a gradient flows to all parameters: what a policy must be that follows a critic */
    int (*outputs)(int size);           /* columns of a network's output that make a distribution over `size` numbers */
    int (*noise)(int size);             /* standard normal numbers a row that a sample takes */
    struct bp_distribution (*make)(struct bp_tape *tape, struct bp_var *output, int size);
    struct bp_var *(*sample)(struct bp_tape *tape, struct bp_distribution p, const float *noise);     /* n x size; noise of zeros: mean, or mode */
    struct bp_var *(*log_prob)(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y);     /* n x 1, nats, of y (n x size) */
    struct bp_var *(*kl)(struct bp_tape *tape, struct bp_distribution p, struct bp_distribution q);   /* n x 1, nats, of two whose families share it; NULL: by sample */
    struct bp_var *(*entropy)(struct bp_tape *tape, struct bp_distribution p);                        /* n x 1, nats; NULL: of no policy */
    struct bp_distribution (*full)(struct bp_tape *tape, struct bp_distribution p);     /* the same Gaussian with full covariance; NULL: it is none */
    const struct bp_family *of;         /* that components of a mixture are of; else NULL */
    void (*start)(gsl_rng *stream, float *bias, int outputs, int size);     /* fresh biases of the outputs, zeros at first; NULL: as they are */
    int scale;                          /* which parameter is a standard deviation of each number (n x size); 0: none is */
    float most_scale;                   /* the greatest that it can be; 0: no bound */
};
extern const struct bp_family bp_families[];            /* ends with a row whose name is NULL */

/* The family of that name, NULL when there is none. The name of row i, NULL beyond the last. */
const struct bp_family *bp_family_find(const char *name);
const char *bp_family_name(int i);

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
