/* The frame of a gzip member of a packed stream, as bp-checkpoint(5) specifies it. Private to store/. */
#ifndef BP_STORE_MEMBER_H
#define BP_STORE_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#define BP_MEMBER_START 16      /* bytes that are the same in every member */
#define BP_MEMBER_HEADER 28     /* those, u64 length of the whole member, u32 CRC-32 of its deflated bytes */
#define BP_MEMBER_TRAILER 8     /* u32 CRC-32 of the inflated bytes, u32 count of them modulo 2^32 */

/*
 * Members of up to so many bytes (when read: deflated, when written: inflated) are held in memory whole, which libdeflate needs; zlib
 * works on longer ones piece by piece. So a wrong length in a header cannot make a reader hold more than this.
 */
#define BP_MEMBER_WHOLE ((size_t)32 << 20)

/*
 * Deflate, extra field, no time, no flags, unknown system; 16 bytes of extra field, of which one subfield "BP" of 12. A reader
 * demands exactly these.
 */
static const unsigned char bp_member_start[BP_MEMBER_START] = {
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 16, 0, 'B', 'P', 12, 0,
};

#endif
