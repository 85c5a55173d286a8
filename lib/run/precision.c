#include "run/precision.h"

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
