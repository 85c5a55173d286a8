/* Rows of matrices: some taken, in any order and as often as one likes; matrices one below the other. */
#ifndef BP_NN_ROWS_H
#define BP_NN_ROWS_H

#include "nn/tape.h"

/* y (n x cols) whose row i is row index[i] of x, zeros where index[i] is -1; the index (n) is borrowed until the tape is reset. */
struct bp_var *bp_take_rows(struct bp_tape *tape, struct bp_var *x, const int *index, int n);

/* `count` matrices of the same columns one below the other; the list is copied. */
struct bp_var *bp_stack_rows(struct bp_tape *tape, struct bp_var *const *parts, int count);

#endif
