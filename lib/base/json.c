#include "base/json.h"

#include <errno.h>
#include <stdlib.h>

/* Not json_dumps, which can leave a key out. A text that was cut in one of both passes differs in length from the other's. */
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

int bp_json_parse(const char *text, json_t **value)
{
    errno = 0;
    *value = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return text && !*value && errno == ENOMEM ? bp_error(BP_FAILURE, "out of memory") : 0;
}
