#include "base/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int bp_share_path(const char *name, char *path, size_t size)
{
    const char *set = getenv("BP_SHARE");
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

    if (set) {
        snprintf(path, size, "%s/%s", set, name);
        if (!access(path, R_OK))
            return 0;
    }
    if (length > 0) {
        program[length] = '\0';
        *strrchr(program, '/') = '\0';
        snprintf(path, size, "%s/../share/bp/%s", program, name);
        if (!access(path, R_OK))
            return 0;
        snprintf(path, size, "%s/../share/%s", program, name);
        if (!access(path, R_OK))
            return 0;
    }
    snprintf(path, size, "%s/share/bp/%s", BP_PREFIX, name);
    if (!access(path, R_OK))
        return 0;
    return bp_error(BP_USAGE, "there is no '%s' under $BP_SHARE, beside the program or in %s/share/bp", name, BP_PREFIX);
}
