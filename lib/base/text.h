/* A text that is written like a file, and is complete or NULL. */
#ifndef BP_BASE_TEXT_H
#define BP_BASE_TEXT_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

struct bp_text {
    FILE *stream;
    char *bytes;
    size_t size;
};

/* The stream to write to; NULL when memory is short. */
FILE *bp_text_begin(struct bp_text *text) BP_WARN_UNUSED;
/* The text, malloc'ed; NULL when memory was short at any time, at the beginning too. */
char *bp_text_end(struct bp_text *text) BP_WARN_UNUSED;

#endif
