/*
 * Mixtures: distributions whose draws are each of one of K components, distributions of another family. Of a mixture p, param[0] is log w
 * (n x K), the others are the parameters of the components: row i K + k is of component k of row i.
 */
#ifndef BP_NN_MIXTURE_H
#define BP_NN_MIXTURE_H

#include "nn/distribution.h"

enum { BP_MIXTURE_COMPONENTS = 8 };     /* K; a weight that is not needed falls to nothing */

/* Of the family's outputs and noise, those of its components being `each`. */
static inline int bp_mixture_outputs(int each)
{
    return BP_MIXTURE_COMPONENTS * (1 + each);
}

static inline int bp_mixture_noise(int each)
{
    return BP_MIXTURE_COMPONENTS + each;
}

/* From outputs (n x outputs): log w is the log of the softmax of the first K, then come the outputs of each component. */
struct bp_distribution bp_mixture_make(struct bp_tape *tape, const struct bp_family *family, struct bp_var *output, int size);

/* A component is drawn, then a sample of it, through which gradients pass to its parameters; none passes to the weights. */
struct bp_var *bp_mixture_sample(struct bp_tape *tape, struct bp_distribution p, const float *noise);

/* log sum_k w_k p_k(y) (n x 1), nats. */
struct bp_var *bp_mixture_log_prob(struct bp_tape *tape, struct bp_distribution p, struct bp_var *y);

/* Biases of the outputs to begin with, of standard normal numbers: the components' means, halved, since alike they would stay alike; else zeros. */
void bp_mixture_start(float *bias, int outputs, int size);

#endif
