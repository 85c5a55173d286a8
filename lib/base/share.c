#include "base/share.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path that does not fit counts as not found. */
static bool find(const char *directory, const char *below, const char *name, char *path, size_t size)
{
    int length = snprintf(path, size, "%s%s/%s", directory, below, name);

    return length > 0 && (size_t)length < size && !access(path, R_OK);
}

int bp_share_path(const char *name, char *path, size_t size)
{
    const char *set = getenv("BP_SHARE");
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

    if (set && find(set, "", name, path, size))
        return 0;
    if (length > 0) {
        program[length] = '\0';
        *strrchr(program, '/') = '\0';
        if (find(program, "/../share/bp", name, path, size) || find(program, "/../share", name, path, size))
            return 0;
    }
    if (find(BP_PREFIX, "/share/bp", name, path, size))
        return 0;
    return bp_error(BP_USAGE, "there is no '%s' under $BP_SHARE, beside the program or in %s/share/bp", name, BP_PREFIX);
}
