/* SHA-256 (FIPS 180-4), the hash that names streams. Private to store/. */
#ifndef BP_STORE_SHA256_H
#define BP_STORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct bp_sha256 {
    uint32_t state[8];
    uint64_t length;            /* bytes so far */
    unsigned char block[64];    /* the last length % 64 of them */
};

void bp_sha256_init(struct bp_sha256 *sha);
void bp_sha256_add(struct bp_sha256 *sha, const void *bytes, size_t size);
/* Write 64 hexadecimal digits and an end mark; the hash is used up. */
void bp_sha256_text(struct bp_sha256 *sha, char text[65]);

#endif
