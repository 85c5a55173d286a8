/* What computes the matrix products: found out once, the same for the whole process. */
#ifndef BP_NN_KERNELS_H
#define BP_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * libxsmm was built in, and may run the code that it writes: some systems let no memory be written and executed (systemd's
 * MemoryDenyWriteExecute, SELinux's execmem). False: OpenBLAS computes all; where it is the system that refuses, the first call warns.
 */
bool bp_kernels_libxsmm(void);

/* Versions of the libraries; "none" where libxsmm was not built in. */
const char *bp_kernels_libxsmm_version(void);
const char *bp_kernels_openblas_version(void);

/* The library of products of float32 and the processor that it writes for: "libxsmm clx". */
const char *bp_kernels_float32(void);

/* Bytes of the processor's second cache; 1 MiB where the system does not tell. For what does not change a result's bytes. */
size_t bp_kernels_second_cache(void);

/* All kernels, and the features of the processor that matter to the choice ("none" without any), as lists; cut at `size`. */
void bp_kernels_list(char *text, size_t size);
void bp_kernels_processor(char *text, size_t size);

#endif
