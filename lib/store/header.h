/*
 * The header of a record, read quickly when it is as we write it: compact, fields first, no escapes in tensors' names. A stream of episodes has
 * one for every 40 kB; building it as JSON values took a fifth of the reading time. Private to store/.
 */
#ifndef BP_STORE_HEADER_H
#define BP_STORE_HEADER_H

#include "base/tensor.h"

#include <stdbool.h>

/* A tensor as a header describes it, not checked yet: type, shape, and where its bytes begin and end. */
struct bp_entry {
    char name[BP_TENSOR_NAME];
    enum bp_dtype dtype;
    int rank;
    int64_t shape[BP_TENSOR_RANK];
    int64_t begin, end;
};

enum { BP_ENTRIES = 64 };

struct bp_header {
    const char *fields;             /* the object of the fields, within the text */
    size_t fields_size;
    struct bp_entry entry[BP_ENTRIES];
    size_t count;
};

extern const char *const bp_header_dtypes[BP_DTYPE_COUNT];

/* False for any other text, which may still be a header: JSON can write the same in many ways. */
bool bp_header_scan(const char *text, size_t size, struct bp_header *header);

#endif
