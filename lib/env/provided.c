#include "env/provided.h"

#include <stddef.h>
#include <string.h>

static const char *provided_path, *provided_text;

void bp_body_provide(const char *path, const char *text)
{
    provided_path = path;
    provided_text = text;
}

const char *bp_body_provided(const char *path)
{
    return provided_path && !strcmp(path, provided_path) ? provided_text : NULL;
}
