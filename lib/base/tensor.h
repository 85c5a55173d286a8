/* Named tensors: the form in which parameters, episodes and states are stored, copied and printed. */
#ifndef BP_BASE_TENSOR_H
#define BP_BASE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bp_dtype { BP_U8, BP_I32, BP_I64, BP_U64, BP_F16, BP_F32, BP_F64, BP_DTYPE_COUNT };

#define BP_TENSOR_NAME 64       /* longest name, with the end mark */
#define BP_TENSOR_RANK 4

struct bp_tensor {
    char name[BP_TENSOR_NAME];
    enum bp_dtype dtype;
    int rank;
    int64_t shape[BP_TENSOR_RANK];
    void *data;                 /* borrowed; row-major, little-endian, dense */
};

/* Bytes of one element. */
size_t bp_dtype_size(enum bp_dtype dtype);

/* Elements of a tensor (1 for rank 0), and its bytes. */
size_t bp_tensor_count(const struct bp_tensor *tensor);
size_t bp_tensor_bytes(const struct bp_tensor *tensor);

/* Make a tensor of one or two axes over borrowed data; name is cut at BP_TENSOR_NAME - 1. */
struct bp_tensor bp_tensor_1d(const char *name, enum bp_dtype dtype, int64_t n, void *data);
struct bp_tensor bp_tensor_2d(const char *name, enum bp_dtype dtype, int64_t rows, int64_t cols, void *data);

/* Whether `count` numbers of type F16 or F32 are finite, all of them. */
bool bp_numbers_finite(enum bp_dtype dtype, const void *numbers, size_t count);

/* The tensor of that name, or NULL. */
const struct bp_tensor *bp_tensor_find(const struct bp_tensor *tensors, size_t count, const char *name);

#endif
