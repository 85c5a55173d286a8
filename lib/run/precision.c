#include "run/precision.h"

#include "base/error.h"
#include "nn/bf16.h"

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

void bp_precision_warn(const char *name)
{
    if (bp_precision_bf16(name) && bp_bf16_emulated())
        bp_warn("--precision bf16 is emulated on this processor, and slower than float32");
}
