#include "base/text.h"

#include <stdlib.h>

FILE *bp_text_begin(struct bp_text *text)
{
    *text = (struct bp_text){0};
    return text->stream = open_memstream(&text->bytes, &text->size);
}

char *bp_text_end(struct bp_text *text)
{
    int failed = !text->stream || ferror(text->stream);

    if (text->stream && fclose(text->stream))
        failed = 1;
    if (failed) {
        free(text->bytes);
        text->bytes = NULL;
    }
    return text->bytes;
}
