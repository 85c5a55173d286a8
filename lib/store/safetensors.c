#include "store/safetensors.h"

#include "base/json.h"
#include "store/header.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define METADATA "__metadata__"

/* ---- to bytes ---- */

/* NULL when out of memory. */
static json_t *describe(const struct bp_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();

    for (int axis = 0; axis < tensor->rank; axis++)
        if (json_array_append_new(shape, json_integer(tensor->shape[axis]))) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", bp_header_dtypes[tensor->dtype], "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + bp_tensor_bytes(tensor)));
}

/* NULL when out of memory. */
static json_t *make_header(const struct bp_record *record)
{
    json_t *root = json_object();
    size_t at = 0, width = 8;
    int status = json_object_set(root, METADATA, record->fields);

    for (size_t i = 0; i < record->count; i++) {
        const struct bp_tensor *tensor = &record->tensors[i];
        assert(bp_dtype_size(tensor->dtype) <= width);
        width = bp_dtype_size(tensor->dtype);
        status |= json_object_set_new(root, tensor->name, describe(tensor, at));
        at += bp_tensor_bytes(tensor);
    }
    if (status) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* json_dumps(3) is avoided: where memory runs out it can leave a key out, and say nothing. json_dumpb takes none. */
int bp_safetensors_encode(const struct bp_record *record, char **bytes, size_t *size)
{
    json_t *header = record->incomplete ? NULL : make_header(record);
    size_t length = header ? json_dumpb(header, NULL, 0, JSON_COMPACT) : 0, padded = (length + 7) & ~(size_t)7;
    uint64_t word = htole64(padded);
    int status = 0;

    *bytes = NULL;
    *size = sizeof word + padded;
    if (padded > BP_HEADER_MAX) {
        status = bp_error(BP_FAILURE, "a record's fields take %zu bytes; at most %zu can be written", padded, BP_HEADER_MAX);
    } else if (!length || !(*bytes = malloc(*size)) ||
               json_dumpb(header, *bytes + sizeof word, length, JSON_COMPACT) != length) {
        free(*bytes);
        *bytes = NULL;
        status = bp_error(BP_FAILURE, "out of memory");
    } else {
        memcpy(*bytes, &word, sizeof word);
        memset(*bytes + sizeof word + length, ' ', padded - length);
    }
    json_decref(header);
    return status;
}

/* ---- from bytes ---- */

/* What is being decoded. */
struct source {
    const char *where;
    char *data;
    size_t data_size;
    size_t end;                 /* of the tensors so far: the next must begin there */
};

static int damaged(const struct source *source, const char *name, const char *what)
{
    return bp_error(BP_DAMAGED, "%s is damaged: tensor '%s' %s", source->where, name, what);
}

/* Names and kinds are printed, so a hostile one must not reach a terminal's controls. */
static bool name_fits(const char *name)
{
    size_t length = strlen(name);

    for (const char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return length > 0 && length < BP_TENSOR_NAME;
}

static int check_fields(const json_t *fields, const char *where)
{
    const char *key;
    json_t *value;

    if (!json_is_object(fields))
        return bp_error(BP_DAMAGED, "%s is damaged: its header has no fields", where);
    json_object_foreach((json_t *)fields, key, value)
        if (!json_is_string(value))
            return bp_error(BP_DAMAGED, "%s is damaged: one of its fields is not text", where);
    if (!json_object_get(fields, "kind") || !name_fits(json_string_value(json_object_get(fields, "kind"))))
        return bp_error(BP_DAMAGED, "%s is damaged: it does not say of what kind it is", where);
    return 0;
}

/* What a JSON value tells of a tensor. */
static int read_entry(const struct source *source, const char *name, const json_t *value, struct bp_entry *entry)
{
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    const json_t *shape = json_object_get(value, "shape"), *offsets = json_object_get(value, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    int found = 0;

    if (!name_fits(name))
        return bp_error(BP_DAMAGED, "%s is damaged: a tensor's name is not 1 to %d printable ASCII characters", source->where,
                        BP_TENSOR_NAME - 1);
    if (!json_is_object(value) || json_object_size(value) != 3)
        return damaged(source, name, "is not described by type, shape and offsets");
    while (found < BP_DTYPE_COUNT && (!dtype || strcmp(dtype, bp_header_dtypes[found])))
        found++;
    if (found == BP_DTYPE_COUNT)
        return damaged(source, name, "has elements of an unknown type");
    if (!json_is_array(shape) || json_array_size(shape) > BP_TENSOR_RANK)
        return damaged(source, name, "has no shape, or more axes than are known here");
    *entry = (struct bp_entry){.dtype = found, .rank = (int)json_array_size(shape)};
    strcpy(entry->name, name);
    for (int axis = 0; axis < entry->rank; axis++) {
        const json_t *length = json_array_get(shape, (size_t)axis);
        entry->shape[axis] = json_is_integer(length) ? json_integer_value(length) : -1;
    }
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return damaged(source, name, "has no offsets");
    entry->begin = json_integer_value(begin);
    entry->end = json_integer_value(end);
    return 0;
}

/* The tensor where it lies in the data; nothing may overflow. */
static int place_tensor(struct source *source, const struct bp_entry *entry, struct bp_tensor *tensor)
{
    size_t bytes = bp_dtype_size(entry->dtype);

    *tensor = (struct bp_tensor){.dtype = entry->dtype, .rank = entry->rank};
    strcpy(tensor->name, entry->name);
    for (int axis = 0; axis < entry->rank; axis++) {
        tensor->shape[axis] = entry->shape[axis];
        if (entry->shape[axis] < 0 || __builtin_mul_overflow(bytes, (size_t)entry->shape[axis], &bytes))
            return damaged(source, entry->name, "has an impossible shape");
    }
    if (entry->begin < 0 || (size_t)entry->begin != source->end)
        return damaged(source, entry->name, "does not begin where the one before it ends");
    if (bytes > source->data_size - source->end)
        return damaged(source, entry->name, "is longer than the data");
    if ((size_t)entry->end != source->end + bytes)
        return damaged(source, entry->name, "has offsets that do not fit its shape");
    if (source->end % bp_dtype_size(entry->dtype))
        return damaged(source, entry->name, "is not aligned to its elements: tensors of larger elements come first");
    tensor->data = source->data + source->end;
    source->end += bytes;
    return 0;
}

static int begin_tensors(struct bp_record *record, size_t most)
{
    record->tensors = calloc(most + 1, sizeof *record->tensors);
    return record->tensors ? 0 : bp_error(BP_FAILURE, "out of memory");
}

static int end_tensors(const struct source *source)
{
    if (source->end == source->data_size)
        return 0;
    return bp_error(BP_DAMAGED, "%s is damaged: %zu bytes of its data belong to no tensor", source->where, source->data_size - source->end);
}

/* A header that was scanned, whose fields were parsed. */
static int read_scanned(struct source *source, const struct bp_header *header, struct bp_record *record)
{
    if (check_fields(record->fields, source->where) || begin_tensors(record, header->count))
        return -1;
    for (; record->count < header->count; record->count++)
        if (place_tensor(source, &header->entry[record->count], &record->tensors[record->count]))
            return -1;
    return end_tensors(source);
}

/* Any other header, which may be all that JSON allows. */
static int read_parsed(struct source *source, const json_t *root, struct bp_record *record)
{
    const char *name;
    json_t *value;

    if (!json_is_object(root))
        return bp_error(BP_DAMAGED, "%s is damaged: its header is not a JSON object", source->where);
    record->fields = json_incref(json_object_get(root, METADATA));
    if (check_fields(record->fields, source->where) || begin_tensors(record, json_object_size(root)))
        return -1;
    json_object_foreach((json_t *)root, name, value) {
        struct bp_entry entry;
        if (!strcmp(name, METADATA))
            continue;
        if (read_entry(source, name, value, &entry) || place_tensor(source, &entry, &record->tensors[record->count]))
            return -1;
        record->count++;
    }
    return end_tensors(source);
}

static int read_header(struct source *source, const char *text, size_t size, struct bp_record *record)
{
    struct bp_header header;
    json_t *root;
    int status;

    if (bp_header_scan(text, size, &header)) {
        if (bp_json_parse_bytes(header.fields, header.fields_size, &record->fields))
            return -1;
        if (record->fields)
            return read_scanned(source, &header, record);
    }
    if (bp_json_parse_bytes(text, size, &root))
        return -1;
    status = read_parsed(source, root, record);
    json_decref(root);
    return status;
}

int bp_safetensors_decode(char *bytes, size_t size, const char *where, struct bp_record *record)
{
    struct source source = {.where = where};
    uint64_t length = 0;

    *record = (struct bp_record){0};
    if (size >= sizeof length)
        memcpy(&length, bytes, sizeof length);
    length = le64toh(length);
    if (size < sizeof length || length > size - sizeof length || length > BP_HEADER_MAX || length % 8)
        return bp_error(BP_DAMAGED, "%s is damaged: its header has an impossible length", where);
    source.data = bytes + sizeof length + length;
    source.data_size = size - sizeof length - length;
    if (read_header(&source, bytes + sizeof length, length, record)) {
        bp_record_clear(record);
        return -1;
    }
    record->storage = bytes;
    return 0;
}
