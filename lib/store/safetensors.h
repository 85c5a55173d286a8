/* One record as bytes: the safetensors layout with the restrictions that bp-checkpoint(5) states. Private to store/. */
#ifndef BP_STORE_SAFETENSORS_H
#define BP_STORE_SAFETENSORS_H

#include "store/record.h"

/*
 * Longest JSON header, without the length before it. It bounds what a hostile header can make the JSON parser allocate (some
 * 80 bytes for each byte of it).
 */
#define BP_HEADER_MAX ((size_t)1 << 20)

/*
 * Length word and JSON header of a record, padded so that the data after it starts at a multiple of 8; the data are the
 * record's tensors in their order. *bytes is malloc'ed for the caller. 0, or -1 after reporting.
 */
int bp_safetensors_encode(const struct bp_record *record, char **bytes, size_t *size) BP_WARN_UNUSED;

/*
 * Check `size` bytes and make a record of them, which then owns `bytes` (malloc'ed) and points into it. -1 after reporting that
 * `where` is damaged: bytes stays the caller's, *record empty.
 */
int bp_safetensors_decode(char *bytes, size_t size, const char *where, struct bp_record *record) BP_WARN_UNUSED;

#endif
