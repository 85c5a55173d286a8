#include "base/tensor.h"

#include <stdio.h>
#include <string.h>

size_t bp_dtype_size(enum bp_dtype dtype)
{
    static const size_t size[BP_DTYPE_COUNT] = {1, 4, 8, 8, 2, 4, 8};

    return size[dtype];
}

size_t bp_tensor_count(const struct bp_tensor *tensor)
{
    size_t count = 1;

    for (int axis = 0; axis < tensor->rank; axis++)
        count *= (size_t)tensor->shape[axis];
    return count;
}

size_t bp_tensor_bytes(const struct bp_tensor *tensor)
{
    return bp_tensor_count(tensor) * bp_dtype_size(tensor->dtype);
}

struct bp_tensor bp_tensor_1d(const char *name, enum bp_dtype dtype, int64_t n, void *data)
{
    struct bp_tensor tensor = {.dtype = dtype, .rank = 1, .shape = {n}, .data = data};

    snprintf(tensor.name, sizeof tensor.name, "%s", name);
    return tensor;
}

struct bp_tensor bp_tensor_2d(const char *name, enum bp_dtype dtype, int64_t rows, int64_t cols, void *data)
{
    struct bp_tensor tensor = {.dtype = dtype, .rank = 2, .shape = {rows, cols}, .data = data};

    snprintf(tensor.name, sizeof tensor.name, "%s", name);
    return tensor;
}

const struct bp_tensor *bp_tensor_find(const struct bp_tensor *tensors, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(tensors[i].name, name))
            return &tensors[i];
    return NULL;
}
