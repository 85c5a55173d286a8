/*
 * Members of a packed stream, inflated: all that are not very long as a whole by libdeflate, the others piece by piece by zlib. In
 * both ways memory is allocated for bytes that arrive, not for the length that a header declares.
 */
#include "store/member.h"
#include "store/pack_private.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Inflated bytes of a long member are taken in pieces that stay in the cache for their checksum. */
#define PIECE ((size_t)128 << 10)
/* First memory of a long member, and of deflated bytes. */
#define ROOM ((size_t)64 << 10)
/* Floats shrink little: no member gets more memory than this at once, whatever its trailer says. */
#define RATIO 16

/* ---- bytes ---- */

static ssize_t read_some(struct bp_pack_reader *reader, unsigned char *bytes, size_t size)
{
    ssize_t got;

    do
        got = read(reader->fd, bytes, size);
    while (got < 0 && errno == EINTR);
    return got < 0 ? bp_error_errno(BP_FAILURE, "cannot read %s", reader->name) : got;
}

/* Bytes available in the input, after reading more if there are none; 0 at the end, -1 after reporting. */
static ssize_t fill(struct bp_pack_reader *reader)
{
    ssize_t got;

    if (reader->at < reader->end)
        return (ssize_t)(reader->end - reader->at);
    if ((got = read_some(reader, reader->input, BP_PACK_INPUT)) < 0)
        return -1;
    reader->at = 0;
    reader->end = (size_t)got;
    return got;
}

ssize_t bp_pack_take(struct bp_pack_reader *reader, unsigned char *bytes, size_t size)
{
    size_t taken = 0;

    while (taken < size) {
        bool direct = reader->at == reader->end && size - taken >= BP_PACK_INPUT;
        ssize_t waiting = direct ? read_some(reader, bytes + taken, size - taken) : fill(reader);
        if (waiting < 0)
            return -1;
        if (waiting == 0)
            break;
        size_t piece = (size_t)waiting < size - taken ? (size_t)waiting : size - taken;
        if (!direct) {
            memcpy(bytes + taken, reader->input + reader->at, piece);
            reader->at += piece;
        }
        taken += piece;
    }
    return (ssize_t)taken;
}

/* ---- as a whole ---- */

/* Take `size` bytes into reader->deflated, which grows with the bytes that arrive. */
static int take_deflated(struct bp_pack_reader *reader, size_t size)
{
    for (size_t taken = 0; taken < size;) {
        size_t room = reader->capacity > taken ? reader->capacity : 2 * taken + ROOM;
        if (room > size)
            room = size;
        if (room > reader->capacity) {
            unsigned char *grown = realloc(reader->deflated, room);
            if (!grown)
                return bp_error(BP_FAILURE, "out of memory");
            reader->deflated = grown;
            reader->capacity = room;
        }
        ssize_t got = bp_pack_take(reader, reader->deflated + taken, room - taken);
        if (got < 0)
            return -1;
        taken += (size_t)got;
        if (taken < room)
            return bp_pack_cut_short(reader);
    }
    return 0;
}

/* Inflate reader->deflated. The size in its trailer is not to be trusted, and is modulo 2^32 anyway. */
static int inflate_whole(struct bp_pack_reader *reader, size_t length, size_t told, struct bp_inflated *member)
{
    size_t room = told < RATIO * length ? told : RATIO * length, used = 0;
    enum libdeflate_result result;

    do {
        free(member->bytes);
        member->capacity = room + !room;
        member->bytes = malloc(member->capacity);
        if (!member->bytes)
            return bp_error(BP_FAILURE, "out of memory");
        result = libdeflate_deflate_decompress_ex(reader->whole, reader->deflated, length, member->bytes, member->capacity, &used, &member->size);
        room = room < told && told / 4 <= room ? told : 4 * member->capacity;
    } while (result == LIBDEFLATE_INSUFFICIENT_SPACE && room > member->capacity);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return bp_error(BP_FAILURE, "out of memory");
    if (result != LIBDEFLATE_SUCCESS)
        return bp_pack_damaged(reader, "a record cannot be inflated");
    if (used < length)
        return bp_pack_damaged(reader, "a record ends before its declared length");
    member->crc = libdeflate_crc32(0, member->bytes, member->size);
    if (reader->hash)
        SHA256Update(&reader->sha, member->bytes, member->size);
    return 0;
}

/* ---- piece by piece ---- */

static int make_room(struct bp_inflated *member)
{
    size_t capacity = member->capacity ? 2 * member->capacity : ROOM;
    unsigned char *grown;

    if (member->size < member->capacity)
        return 0;
    grown = capacity > member->capacity ? realloc(member->bytes, capacity) : NULL;
    if (!grown)
        return bp_error(BP_FAILURE, "out of memory");
    member->bytes = grown;
    member->capacity = capacity;
    return 0;
}

/* One call of inflate; its status, or -1 after reporting. */
static int inflate_once(struct bp_pack_reader *reader, struct bp_inflated *member)
{
    z_stream *stream = &reader->pieces;
    unsigned char *begin;
    size_t room, made;
    int status;

    if (make_room(member))
        return -1;
    begin = member->bytes + member->size;
    room = member->capacity - member->size < PIECE ? member->capacity - member->size : PIECE;
    stream->next_out = begin;
    stream->avail_out = (uInt)room;
    status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR)
        return bp_error(BP_FAILURE, "out of memory");
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return bp_pack_damaged(reader, "a record cannot be inflated");
    made = room - stream->avail_out;
    member->crc = libdeflate_crc32(member->crc, begin, made);
    member->size += made;
    if (reader->hash)
        SHA256Update(&reader->sha, begin, made);
    return status;
}

/* Inflate `length` bytes, which must be all of the member's deflated ones. */
static int inflate_pieces(struct bp_pack_reader *reader, uint64_t length, uint32_t *deflated_crc, struct bp_inflated *member)
{
    z_stream *stream = &reader->pieces;
    int status = Z_OK;

    if (stream->state ? inflateReset(stream) : inflateInit2(stream, -15))
        return bp_error(BP_FAILURE, "out of memory");
    while (length > 0) {
        ssize_t waiting = fill(reader);
        if (waiting <= 0)
            return waiting ? -1 : bp_pack_cut_short(reader);
        size_t piece = (uint64_t)waiting < length ? (size_t)waiting : (size_t)length;
        stream->next_in = reader->input + reader->at;
        stream->avail_in = (uInt)piece;
        *deflated_crc = libdeflate_crc32(*deflated_crc, stream->next_in, piece);
        do {
            status = inflate_once(reader, member);
            if (status < 0 && status != Z_BUF_ERROR)
                return -1;
        } while (status == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0));
        if (stream->avail_in > 0 || (status == Z_STREAM_END && piece < length))
            return bp_pack_damaged(reader, "a record ends before its declared length");
        reader->at += piece;
        length -= piece;
    }
    return status == Z_STREAM_END ? 0 : bp_pack_damaged(reader, "a record goes on beyond its declared length");
}

/* A record may be kept for long: give back the memory that growing left unused. */
static void shrink(struct bp_inflated *member)
{
    unsigned char *shrunk = member->size > 0 && member->capacity > member->size ? realloc(member->bytes, member->size) : NULL;

    if (shrunk) {
        member->bytes = shrunk;
        member->capacity = member->size;
    }
}

/* ---- either ---- */

int bp_pack_inflate(struct bp_pack_reader *reader, uint64_t length, uint32_t deflated_crc, struct bp_inflated *member)
{
    bool whole = length <= BP_MEMBER_WHOLE;
    uint32_t trailer[BP_MEMBER_TRAILER / 4], crc = 0;

    if (whole) {
        if (take_deflated(reader, (size_t)length + sizeof trailer))
            return -1;
        memcpy(trailer, reader->deflated + length, sizeof trailer);
        crc = libdeflate_crc32(0, reader->deflated, (size_t)length);
    } else {
        if (inflate_pieces(reader, length, &crc, member))
            return -1;
        ssize_t got = bp_pack_take(reader, (unsigned char *)trailer, sizeof trailer);
        if (got < (ssize_t)sizeof trailer)
            return got < 0 ? -1 : bp_pack_cut_short(reader);
    }
    if (crc == deflated_crc && whole && inflate_whole(reader, (size_t)length, le32toh(trailer[1]), member))
        return -1;
    if (crc != deflated_crc || member->crc != le32toh(trailer[0]) || (uint32_t)member->size != le32toh(trailer[1]))
        return bp_pack_damaged(reader, "the checksums of a record do not agree");
    shrink(member);
    return 0;
}

const char *bp_pack_zlib_version(void)
{
    return zlibVersion();
}

const char *bp_pack_libdeflate_version(void)
{
    return LIBDEFLATE_VERSION_STRING;
}
