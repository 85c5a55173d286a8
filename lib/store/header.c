#include "store/header.h"

#include <string.h>

const char *const bp_header_dtypes[BP_DTYPE_COUNT] = {
    [BP_U8] = "U8", [BP_I32] = "I32", [BP_I64] = "I64", [BP_U64] = "U64", [BP_F16] = "F16", [BP_F32] = "F32",
    [BP_F64] = "F64",
};

/* The rest of the text. */
struct scan {
    const char *at, *end;
};

static bool literal(struct scan *s, const char *text)
{
    size_t size = strlen(text);

    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size))
        return false;
    s->at += size;
    return true;
}

/* A whole number as JSON has it, of up to 18 digits, which fit. */
static bool number(struct scan *s, int64_t *value)
{
    const char *first = s->at;

    for (*value = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - first < 18; s->at++)
        *value = 10 * *value + (*s->at - '0');
    return s->at > first && (*first != '0' || s->at == first + 1);
}

static bool name(struct scan *s, char text[BP_TENSOR_NAME])
{
    size_t size = 0;

    for (; s->at < s->end && *s->at != '"'; s->at++) {
        if (*s->at < ' ' || *s->at > '~' || *s->at == '\\' || size == BP_TENSOR_NAME - 1)
            return false;
        text[size++] = *s->at;
    }
    text[size] = '\0';
    return size > 0;
}

static bool dtype(struct scan *s, enum bp_dtype *type)
{
    for (int i = 0; i < BP_DTYPE_COUNT; i++)
        if (literal(s, bp_header_dtypes[i])) {
            *type = (enum bp_dtype)i;
            return true;
        }
    return false;
}

static bool shape(struct scan *s, struct bp_entry *entry)
{
    entry->rank = 0;
    if (s->at < s->end && *s->at == ']')
        return true;
    do
        if (entry->rank == BP_TENSOR_RANK || !number(s, &entry->shape[entry->rank++]))
            return false;
    while (literal(s, ","));
    return true;
}

static bool tensor(struct scan *s, struct bp_entry *entry)
{
    return literal(s, "\"") && name(s, entry->name) && literal(s, "\":{\"dtype\":\"") && dtype(s, &entry->dtype) &&
           literal(s, "\",\"shape\":[") && shape(s, entry) && literal(s, "],\"data_offsets\":[") && number(s, &entry->begin) &&
           literal(s, ",") && number(s, &entry->end) && literal(s, "]}");
}

/* An object without others in it. */
static bool fields(struct scan *s, struct bp_header *header)
{
    bool quoted = false;

    header->fields = s->at;
    if (!literal(s, "{"))
        return false;
    for (; s->at < s->end && (quoted || *s->at != '}'); s->at++)
        if (*s->at == '"')
            quoted = !quoted;
        else if (quoted ? *s->at == '\\' && ++s->at == s->end : *s->at == '{' || *s->at == '[')
            return false;
    header->fields_size = (size_t)(s->at + 1 - header->fields);
    return literal(s, "}");
}

/* No key twice, and none that a tensor does not have. */
static bool distinct(const struct bp_header *header)
{
    for (size_t i = 0; i < header->count; i++) {
        if (!strcmp(header->entry[i].name, "__metadata__"))
            return false;
        for (size_t j = 0; j < i; j++)
            if (!strcmp(header->entry[i].name, header->entry[j].name))
                return false;
    }
    return true;
}

bool bp_header_scan(const char *text, size_t size, struct bp_header *header)
{
    struct scan s = {text, text + size};

    header->count = 0;
    if (!literal(&s, "{\"__metadata__\":") || !fields(&s, header))
        return false;
    while (literal(&s, ","))
        if (header->count == BP_ENTRIES || !tensor(&s, &header->entry[header->count++]))
            return false;
    if (!literal(&s, "}"))
        return false;
    while (s.at < s.end && *s.at == ' ')
        s.at++;
    return s.at == s.end && distinct(header);
}
