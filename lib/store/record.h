/* What a packed stream consists of. */
#ifndef BP_STORE_RECORD_H
#define BP_STORE_RECORD_H

#include "base/error.h"
#include "base/tensor.h"

#include <jansson.h>
#include <stdbool.h>

/* One record: text fields (safetensors' "__metadata__", a JSON object whose values are strings) and named tensors. */
struct bp_record {
    json_t *fields;                     /* owned */
    struct bp_tensor *tensors;          /* owned array; the data of a record that was read is owned by storage, else borrowed */
    size_t count;
    void *storage;                      /* owned; NULL in a record under construction */
    bool incomplete;                    /* memory ran out under construction: bp_pack_write reports it */
};

/* Start an empty record whose field "kind" says what it is ("checkpoint", "episode", ...; "end" is the writer's own). */
void bp_record_init(struct bp_record *record, const char *kind);
/* Free what the record owns; a zeroed or cleared record is fine. */
void bp_record_clear(struct bp_record *record);
/* Set a text field. Bytes that are not UTF-8 (a file's name in a command line may hold any) become '?'. */
void bp_record_text(struct bp_record *record, const char *key, const char *text);
void bp_record_format(struct bp_record *record, const char *key, const char *format, ...) BP_PRINTF(3, 4);
/*
 * Add a tensor, whose data must stay until the record is written. A record keeps its tensors by descending size of their
 * elements, else in the order of adding: so they stand in the file, each aligned, and so they are read.
 */
void bp_record_tensor(struct bp_record *record, const struct bp_tensor *tensor);
/* Value of a text field, or NULL. */
const char *bp_record_get(const struct bp_record *record, const char *key);
/* The named tensor with that dtype and count of elements; NULL after reporting that `where` is damaged. */
const struct bp_tensor *bp_record_need(const struct bp_record *record, const char *name, enum bp_dtype dtype, size_t count,
                                      const char *where);

#endif
