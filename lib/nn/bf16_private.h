/* The kernels that bf16.c chooses from; what they do is in bf16.h. */
#ifndef BP_NN_BF16_PRIVATE_H
#define BP_NN_BF16_PRIVATE_H

#include "nn/bf16.h"

#include <stdbool.h>

/*
 * By AVX-512. Left factors from columns: as they are packed, for vdpbf16ps; or in tiles of 16 columns by 16 pairs, for AMX. The products
 * are by vdpbf16ps.
 */
void bp_bf16_avx512_round(int rows, int cols, const float *src, size_t src_stride, uint16_t *dst);
void bp_bf16_avx512_pack(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block);
void bp_bf16_avx512_pack_transposed(int rows, int cols, const uint16_t *src, size_t src_stride, uint32_t *dst, size_t block);
void bp_bf16_avx512_left_columns(int rows, int cols, const uint16_t *src, uint32_t *dst);
void bp_bf16_avx512_left_tiles(int rows, int cols, const uint16_t *src, uint32_t *dst);
void bp_bf16_avx512_matmul(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add);
void bp_bf16_avx512_matmul_at(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add);

/* By AMX. Asks the operating system for the tiles' registers, on behalf of the whole process; false: it has none. */
bool bp_bf16_amx_begin(void);
void bp_bf16_amx_matmul(int m, int n, int k, const uint16_t *a, const uint32_t *b, float *c, int add);
void bp_bf16_amx_matmul_at(int m, int n, int k, const uint32_t *a, const uint32_t *b, float *c, int add);

#endif
