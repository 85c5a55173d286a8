#include "run/precision.h"

#include "nn/bf16.h"
#include "nn/kernels.h"

#include <stdio.h>
#include <string.h>

const char *bp_precision_name(int i)
{
    static const char *const names[] = {"float32", "bf16", NULL};
    return names[i];
}

bool bp_precision_bf16(const char *name)
{
    return !strcmp(name, "bf16");
}

void bp_precision_kernels(const char *name, char *text, size_t size)
{
    const struct bp_bf16_kernels *bf16 = bp_precision_bf16(name) ? bp_bf16_kernels() : NULL;

    snprintf(text, size, "%s %s", name, bf16 ? bf16->name : bp_kernels_float32());
}
