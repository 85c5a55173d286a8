/* --precision of the programs that learn: the number format of their matrix products. */
#ifndef BP_RUN_PRECISION_H
#define BP_RUN_PRECISION_H

#include <stdbool.h>
#include <stddef.h>

/* The names, for the table of options; NULL after the last. */
const char *bp_precision_name(int i);

bool bp_precision_bf16(const char *name);

/* Precision and kernels that compute its products here: "bf16 vdpbf16ps", "float32 libxsmm cpx". */
void bp_precision_kernels(const char *name, char *text, size_t size);

#endif
