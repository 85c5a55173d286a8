/* The hash of a text: SHA-256, in 64 hexadecimal digits. */
#ifndef BP_STORE_HASH_H
#define BP_STORE_HASH_H

#include <stddef.h>

void bp_hash_bytes(const void *bytes, size_t size, char hash[72]);

#endif
