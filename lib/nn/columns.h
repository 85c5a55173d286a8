/* Columns of matrices: some taken out, several put side by side. */
#ifndef BP_NN_COLUMNS_H
#define BP_NN_COLUMNS_H

#include "nn/tape.h"

/* Columns first ... first + cols - 1 of x, which must want no gradient. */
struct bp_var *bp_slice_columns(struct bp_tape *tape, const struct bp_var *x, int first, int cols);

/* `count` matrices of the same rows side by side; the list is copied. */
struct bp_var *bp_concat(struct bp_tape *tape, struct bp_var *const *parts, int count);

#endif
