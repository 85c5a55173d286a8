/* What the files of the reading half of pack.h share. Private to store/. */
#ifndef BP_STORE_PACK_PRIVATE_H
#define BP_STORE_PACK_PRIVATE_H

#define ZLIB_CONST
#include "store/pack.h"

#include <libdeflate.h>
#include <sha2.h>
#include <zlib.h>

struct bp_pack_reader {
    int fd;
    char *name, *where;
    unsigned char *input;       /* what was read ahead: bytes at ... end - 1 wait */
    size_t at, end;
    struct libdeflate_decompressor *whole;
    unsigned char *deflated;    /* a member's, grows to the longest that is inflated whole and is used again */
    size_t capacity;
    z_stream pieces;            /* prepared with the first member that is too long for that */
    bool started;               /* the first byte came */
    bool in_part;               /* a record came since the last end record */
    bool failed;
    int64_t records;            /* since the last end record */
    int64_t total;              /* since the start, without end records */
    uint32_t rolling;           /* CRC-32 of the inflated bytes since the last end record */
    SHA2_CTX sha;
    char *hash;                 /* borrowed; NULL: not asked for */
};

/* An inflated member. Its memory grows with the bytes that arrive, whatever lengths the file declares. */
struct bp_inflated {
    unsigned char *bytes;       /* malloc'ed, also after a failure */
    size_t size, capacity;
    uint32_t crc;
};

/* Bytes that are read at a time. */
#define BP_PACK_INPUT ((size_t)64 << 10)

/* Report that the stream was cut short, or what is wrong with it; -1. */
int bp_pack_cut_short(const struct bp_pack_reader *reader);
int bp_pack_damaged(const struct bp_pack_reader *reader, const char *what);

/* Take up to `size` bytes of the stream: fewer only at its end. Their count, or -1 after reporting. */
ssize_t bp_pack_take(struct bp_pack_reader *reader, unsigned char *bytes, size_t size);

/*
 * Take a member's `length` deflated bytes, whose CRC-32 must be deflated_crc, and its trailer, and inflate and check them. 0, or -1
 * after reporting.
 */
int bp_pack_inflate(struct bp_pack_reader *reader, uint64_t length, uint32_t deflated_crc, struct bp_inflated *member);

#endif
