#include "store/hash.h"

#include <stdint.h>
#include <sys/types.h>
#include <sha2.h>

void bp_hash_bytes(const void *bytes, size_t size, char hash[72])
{
    SHA256Data(bytes, size, hash);
}
