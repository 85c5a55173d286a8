/* Distributions, one a row, and what a family of them can do. */
#ifndef BP_NN_DISTRIBUTION_H
#define BP_NN_DISTRIBUTION_H

#include "base/space.h"
#include "nn/tape.h"

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
    void (*start)(float *bias, int outputs, int size);                      /* biases to begin with, made of as many standard normal numbers; NULL: zeros */
    int scale;                          /* which parameter is a standard deviation of each number (n x size); 0: none is */
    float most_scale;                   /* the greatest that it can be; 0: no bound */
};

#endif
