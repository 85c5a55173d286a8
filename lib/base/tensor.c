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

/* Both types have all bits of their exponent set in what is not finite. */
bool bp_numbers_finite(enum bp_dtype dtype, const void *numbers, size_t count)
{
    const uint16_t *halves = numbers;
    const uint32_t *floats = numbers;
    bool finite = true;

    for (size_t i = 0; i < count; i++)
        finite &= dtype == BP_F16 ? (halves[i] & 0x7C00) != 0x7C00 : (floats[i] & 0x7F800000) != 0x7F800000;
    return finite;
}

const struct bp_tensor *bp_tensor_find(const struct bp_tensor *tensors, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(tensors[i].name, name))
            return &tensors[i];
    return NULL;
}
