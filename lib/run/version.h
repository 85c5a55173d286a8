/* What --version of every program prints: libraries, kernels, processor. */
#ifndef BP_RUN_VERSION_H
#define BP_RUN_VERSION_H

#include <stdio.h>

/* Three lines: "libraries: NAME VERSION, ...", "kernels: ..." and "processor: FEATURE ...". */
void bp_version(FILE *file);

#endif
