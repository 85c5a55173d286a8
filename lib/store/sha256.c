#include "store/sha256.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

/* One word of state, which moves on by one place in each round: the places move instead of the words. */
#define S(place) s[((place) - i) & 7]

static void compress(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], s[8];

    for (int i = 0; i < 16; i++) {
        memcpy(&w[i], block + 4 * i, 4);
        w[i] = be32toh(w[i]);
    }
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, state, sizeof s);
#pragma GCC unroll 64
    for (int i = 0; i < 64; i++) {
        uint32_t choice = (S(4) & S(5)) ^ (~S(4) & S(6)), majority = (S(0) & S(1)) ^ (S(0) & S(2)) ^ (S(1) & S(2));
        uint32_t sum = S(7) + (rotate(S(4), 6) ^ rotate(S(4), 11) ^ rotate(S(4), 25)) + choice + round_constant[i] + w[i];
        S(3) += sum;
        S(7) = sum + (rotate(S(0), 2) ^ rotate(S(0), 13) ^ rotate(S(0), 22)) + majority;
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

void bp_sha256_init(struct bp_sha256 *sha)
{
    *sha = (struct bp_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
                                        0x5be0cd19}};
}

void bp_sha256_add(struct bp_sha256 *sha, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t held = sha->length % 64;

    sha->length += size;
    if (held && size >= 64 - held) {
        memcpy(sha->block + held, at, 64 - held);
        compress(sha->state, sha->block);
        at += 64 - held;
        size -= 64 - held;
        held = 0;
    }
    if (!held)
        for (; size >= 64; at += 64, size -= 64)
            compress(sha->state, at);
    if (size)
        memcpy(sha->block + held, at, size);
}

void bp_sha256_text(struct bp_sha256 *sha, char text[65])
{
    static const unsigned char padding[72] = {0x80};
    uint64_t bits = htobe64(sha->length * 8);

    bp_sha256_add(sha, padding, 1 + (119 - sha->length % 64) % 64);
    bp_sha256_add(sha, &bits, sizeof bits);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", sha->state[i]);
}
