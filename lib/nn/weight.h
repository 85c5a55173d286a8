/*
 * The three products of a layer with a weight matrix W (in x out) and n rows: forward, back to the input, and the weight's own gradient.
 * They are of float32, or of BF16 where the weight comes packed for that (nn/bf16.h); sums and results are float32 in both.
 */
#ifndef BP_NN_WEIGHT_H
#define BP_NN_WEIGHT_H

#include "nn/tape.h"

struct bp_matrix {
    struct bp_weight w;
    int in, out;
};

/* y (n x out) = x W, or += with add. */
void bp_weight_forward(struct bp_tape *tape, struct bp_matrix w, int n, const float *x, float *y, int add);

/* dx (n x in) = dy W', or += with add. */
void bp_weight_backward(struct bp_tape *tape, struct bp_matrix w, int n, const float *dy, float *dx, int add);

/* dW += x' dy; nothing when the weight is frozen. */
void bp_weight_gradient(struct bp_tape *tape, struct bp_matrix w, int n, const float *x, const float *dy);

/* Whether products with W can be of BF16; those with a single column or row are not, see weight.c. */
bool bp_weight_packs(int in, int out);

/* W' (out x in): the one kept, or computed into the arena. */
const float *bp_weight_transposed(struct bp_tape *tape, struct bp_matrix w);

#endif
