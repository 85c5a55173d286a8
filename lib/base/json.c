#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not json_dumps, which can leave a key out. If one of the two passes was cut short, their lengths differ. */
char *bp_json_text(const json_t *value, int digits)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits), length = json_dumpb(value, NULL, 0, flags);
    char *text = length ? malloc(length + 1) : NULL;

    if (!text || json_dumpb(value, text, length, flags) != length) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

/* Where memory ran out there can be a value that lacks something. */
int bp_json_parse_bytes(const char *text, size_t size, json_t **value)
{
    errno = 0;
    *value = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!text || errno != ENOMEM)
        return 0;
    json_decref(*value);
    *value = NULL;
    return bp_error(BP_FAILURE, "out of memory");
}

int bp_json_parse(const char *text, json_t **value)
{
    return bp_json_parse_bytes(text, text ? strlen(text) : 0, value);
}
