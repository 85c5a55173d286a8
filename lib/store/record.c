#include "store/record.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bp_record_init(struct bp_record *record, const char *kind)
{
    *record = (struct bp_record){.fields = json_object()};
    bp_record_text(record, "kind", kind);
}

void bp_record_clear(struct bp_record *record)
{
    json_decref(record->fields);
    free(record->tensors);
    free(record->storage);
    *record = (struct bp_record){0};
}

/* JSON is UTF-8 only, while a command line or a path may hold any bytes. */
static json_t *lossy_string(const char *text)
{
    char *copy = strdup(text);
    json_t *string = NULL;

    if (copy) {
        for (char *c = copy; *c; c++)
            if ((unsigned char)*c >= 0x80)
                *c = '?';
        string = json_string(copy);
    }
    free(copy);
    return string;
}

void bp_record_text(struct bp_record *record, const char *key, const char *text)
{
    json_t *string = json_string(text);

    if (!string)
        string = lossy_string(text);
    if (json_object_set_new(record->fields, key, string))
        record->incomplete = true;
}

void bp_record_format(struct bp_record *record, const char *key, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text)
        bp_record_text(record, key, text);
    else
        record->incomplete = true;
    free(text);
}

void bp_record_tensor(struct bp_record *record, const struct bp_tensor *tensor)
{
    size_t width = bp_dtype_size(tensor->dtype), at = record->count;
    struct bp_tensor *grown;

    assert(!record->storage && tensor->rank <= BP_TENSOR_RANK && tensor->name[0]);
    assert(strcmp(tensor->name, "__metadata__") && !bp_tensor_find(record->tensors, record->count, tensor->name));
    grown = realloc(record->tensors, (record->count + 1) * sizeof *grown);
    if (!grown) {
        record->incomplete = true;
        return;
    }
    record->tensors = grown;
    while (at > 0 && bp_dtype_size(grown[at - 1].dtype) < width)
        at--;
    memmove(&grown[at + 1], &grown[at], (record->count - at) * sizeof *grown);
    grown[at] = *tensor;
    record->count++;
}

const char *bp_record_get(const struct bp_record *record, const char *key)
{
    return json_string_value(json_object_get(record->fields, key));
}

const struct bp_tensor *bp_record_need(const struct bp_record *record, const char *name, enum bp_dtype dtype, size_t count,
                                      const char *where)
{
    const struct bp_tensor *tensor = bp_tensor_find(record->tensors, record->count, name);

    if (!tensor)
        bp_error(BP_DAMAGED, "%s is damaged: it has no tensor '%s'", where, name);
    else if (tensor->dtype != dtype)
        bp_error(BP_DAMAGED, "%s is damaged: tensor '%s' has elements of the wrong type", where, name);
    else if (bp_tensor_count(tensor) != count)
        bp_error(BP_DAMAGED, "%s is damaged: tensor '%s' has %zu elements, not %zu", where, name, bp_tensor_count(tensor),
                 count);
    else
        return tensor;
    return NULL;
}
