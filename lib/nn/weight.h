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

/* A matrix of n rows as products take it: its numbers, and rounded where they are to be of BF16. */
struct bp_factor {
    const float *value;         /* may be NULL for products of BF16 */
    const uint16_t *rounded;    /* NULL for products of float32 */
};

/* Whether products with matrices of this size can be of BF16: those with a single column or row are not, see weight.c. */
bool bp_weight_packs(int in, int out);

/* Whether products with W are of BF16. Then each factor must be rounded. */
bool bp_weight_bf16(struct bp_matrix w);

/* x as a factor of W's products, rounded now if that is needed and was not done before. */
struct bp_factor bp_weight_factor(struct bp_tape *tape, struct bp_matrix w, struct bp_var *x);

/* Room for a rounded matrix, from the tape's arena; and rows of it from `first` on, written from `rows` x `cols` floats. */
uint16_t *bp_rounded_new(struct bp_tape *tape, int rows, int cols);
void bp_round_rows(const float *src, int rows, int cols, uint16_t *rounded, int first);

/* The factor, of `cols` columns, from row `first` on. */
struct bp_factor bp_factor_rows(struct bp_factor x, int cols, int first);

/* Products are fastest with a multiple of this number of rows. */
int bp_weight_rows(struct bp_matrix w);

/* y (n x out) = x W, or += with add. */
void bp_weight_forward(struct bp_matrix w, int n, struct bp_factor x, float *y, int add);

/* dx (n x in) = dy W', or += with add. */
void bp_weight_backward(struct bp_tape *tape, struct bp_matrix w, int n, struct bp_factor dy, float *dx, int add);

/* dW += x' dy; nothing when the weight is frozen. */
void bp_weight_gradient(struct bp_tape *tape, struct bp_matrix w, int n, struct bp_factor x, struct bp_factor dy);

/* W' (out x in): the transpose that is kept, or one computed into the arena. */
const float *bp_weight_transposed(struct bp_tape *tape, struct bp_matrix w);

#endif
