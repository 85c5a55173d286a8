/* The reading half of pack.h. Members are inflated here byte by byte, since gzread(3) takes much damage for an end. */
#define ZLIB_CONST
#include "store/member.h"
#include "store/pack.h"
#include "store/safetensors.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define INPUT ((size_t)64 << 10)
/* Inflated bytes are taken in pieces that stay in the cache for their checksum. */
#define PIECE ((size_t)128 << 10)
/* First memory of a block, where none before it was larger. */
#define ROOM ((size_t)8 << 10)

struct bp_pack_reader {
    int fd;
    char *name, *where;
    z_stream inflate;
    unsigned char *input;       /* INPUT bytes, of which at ... end - 1 wait */
    size_t at, end;
    bool started;               /* the first byte came */
    bool in_part;               /* a block came since the last end block */
    bool failed;
    int64_t blocks;             /* since the last end block */
    int64_t total;              /* since the start, without end blocks */
    uint32_t rolling;           /* CRC-32 of the inflated bytes since the last end block */
    size_t largest;             /* inflated block so far */
    SHA2_CTX sha;
    char *hash;                 /* borrowed; NULL when nobody asked */
};

/* An inflated member. Its memory grows with what really comes, whatever lengths the file declares. */
struct inflated {
    unsigned char *bytes;
    size_t size, capacity;
    uint32_t crc;
    uint32_t deflated_crc;
};

struct bp_pack_reader *bp_pack_open(const char *path)
{
    bool is_stdin = !strcmp(path, "-");
    struct bp_pack_reader *reader = calloc(1, sizeof *reader);

    if (!reader)
        goto no_memory;
    reader->fd = -1;
    reader->name = strdup(is_stdin ? "standard input" : path);
    reader->input = malloc(INPUT);
    if (!reader->name || !reader->input || inflateInit2(&reader->inflate, -15) != Z_OK)
        goto no_memory;
    reader->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (reader->fd < 0)
        bp_error_errno(BP_FAILURE, "cannot open %s", path);
    else if (isatty(reader->fd))
        bp_error(BP_USAGE, "%s is a terminal: redirect a file or a pipe to it, or name a file", reader->name);
    else
        return reader;
    bp_pack_close(reader);
    return NULL;
no_memory:
    bp_error(BP_FAILURE, "out of memory");
    bp_pack_close(reader);
    return NULL;
}

void bp_pack_close(struct bp_pack_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0 && reader->fd != STDIN_FILENO)
        close(reader->fd);
    inflateEnd(&reader->inflate);
    free(reader->input);
    free(reader->where);
    free(reader->name);
    free(reader);
}

const char *bp_pack_name(const struct bp_pack_reader *reader)
{
    return reader->name;
}

const char *bp_pack_where(const struct bp_pack_reader *reader)
{
    return reader->where ? reader->where : reader->name;
}

void bp_pack_reader_hash(struct bp_pack_reader *reader, char hash[72])
{
    assert(!reader->started);
    reader->hash = hash;
    SHA256Init(&reader->sha);
}

/* ---- bytes ---- */

static int cut_short(const struct bp_pack_reader *reader)
{
    return bp_error(BP_DAMAGED, "%s was cut short after %lld whole block%s", reader->name, (long long)reader->total,
                    reader->total == 1 ? "" : "s");
}

static int damaged(const struct bp_pack_reader *reader, const char *what)
{
    return bp_error(BP_DAMAGED, "%s is damaged after %lld whole block%s: %s", reader->name, (long long)reader->total,
                    reader->total == 1 ? "" : "s", what);
}

/* Bytes that wait in the input, after reading more when none do; 0 at the end, -1 after reporting. */
static ssize_t fill(struct bp_pack_reader *reader)
{
    ssize_t got;

    if (reader->at < reader->end)
        return (ssize_t)(reader->end - reader->at);
    do
        got = read(reader->fd, reader->input, INPUT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return bp_error_errno(BP_FAILURE, "cannot read %s", reader->name);
    reader->at = 0;
    reader->end = (size_t)got;
    return got;
}

/* Take up to `size` bytes: fewer only at the end. Their count, or -1 after reporting. */
static ssize_t take(struct bp_pack_reader *reader, unsigned char *bytes, size_t size)
{
    size_t taken = 0;

    while (taken < size) {
        ssize_t waiting = fill(reader);
        if (waiting < 0)
            return -1;
        if (waiting == 0)
            break;
        size_t piece = (size_t)waiting < size - taken ? (size_t)waiting : size - taken;
        memcpy(bytes + taken, reader->input + reader->at, piece);
        reader->at += piece;
        taken += piece;
    }
    return (ssize_t)taken;
}

/* ---- one member ---- */

/* What to say of bytes that do not begin a member. */
static int foreign(const struct bp_pack_reader *reader, const unsigned char *bytes, size_t size)
{
    if (reader->started)
        return damaged(reader, "what follows is not a block");
    if (size >= 2 && !memcmp(bytes, bp_member_start, 2))
        return bp_error(BP_DAMAGED, "%s is compressed by gzip, but is neither a checkpoint nor trajectories", reader->name);
    return bp_error(BP_DAMAGED, "%s is neither a checkpoint nor trajectories", reader->name);
}

/* 1 with the member's length and the CRC of its deflated bytes, 0 at a proper end, -1 after reporting. */
static int read_header(struct bp_pack_reader *reader, uint64_t *length, uint32_t *crc)
{
    unsigned char header[BP_MEMBER_HEADER];
    ssize_t got = take(reader, header, sizeof header);

    if (got < 0)
        return -1;
    if (got == 0 && !reader->started)
        return bp_error(BP_DAMAGED, "%s is empty", reader->name);
    if (got == 0 && !reader->in_part)
        return 0;
    if (memcmp(header, bp_member_start, (size_t)got < BP_MEMBER_START ? (size_t)got : BP_MEMBER_START))
        return foreign(reader, header, (size_t)got);
    if (got < BP_MEMBER_HEADER)
        return cut_short(reader);
    memcpy(length, header + BP_MEMBER_START, sizeof *length);
    memcpy(crc, header + BP_MEMBER_START + sizeof *length, sizeof *crc);
    *length = le64toh(*length);
    *crc = le32toh(*crc);
    reader->started = true;
    if (*length <= BP_MEMBER_HEADER + BP_MEMBER_TRAILER)
        return damaged(reader, "a block has an impossible length");
    return 1;
}

static int make_room(struct bp_pack_reader *reader, struct inflated *member)
{
    size_t capacity = member->capacity ? 2 * member->capacity : reader->largest > ROOM ? reader->largest + 1 : ROOM;
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
static int inflate_once(struct bp_pack_reader *reader, struct inflated *member)
{
    z_stream *stream = &reader->inflate;
    unsigned char *begin;
    size_t room, made;
    int status;

    if (make_room(reader, member))
        return -1;
    begin = member->bytes + member->size;
    room = member->capacity - member->size < PIECE ? member->capacity - member->size : PIECE;
    stream->next_out = begin;
    stream->avail_out = (uInt)room;
    status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR)
        return bp_error(BP_FAILURE, "out of memory");
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return damaged(reader, "a block cannot be inflated");
    made = room - stream->avail_out;
    member->crc = (uint32_t)crc32(member->crc, begin, (uInt)made);
    member->size += made;
    if (reader->hash)
        SHA256Update(&reader->sha, begin, made);
    return status;
}

/* Inflate `length` bytes, which must be all of the member's deflated ones. */
static int inflate_body(struct bp_pack_reader *reader, uint64_t length, struct inflated *member)
{
    z_stream *stream = &reader->inflate;
    int status = Z_OK;

    inflateReset(stream);
    while (length > 0) {
        ssize_t waiting = fill(reader);
        if (waiting <= 0)
            return waiting ? -1 : cut_short(reader);
        size_t piece = (uint64_t)waiting < length ? (size_t)waiting : (size_t)length;
        stream->next_in = reader->input + reader->at;
        stream->avail_in = (uInt)piece;
        member->deflated_crc = (uint32_t)crc32(member->deflated_crc, stream->next_in, (uInt)piece);
        do {
            status = inflate_once(reader, member);
            if (status < 0 && status != Z_BUF_ERROR)
                return -1;
        } while (status == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0));
        if (stream->avail_in > 0 || (status == Z_STREAM_END && piece < length))
            return damaged(reader, "a block ends before its declared length");
        reader->at += piece;
        length -= piece;
    }
    return status == Z_STREAM_END ? 0 : damaged(reader, "a block goes on beyond its declared length");
}

/* A block may be kept for long: give back what the growing left over. */
static void shrink(struct inflated *member)
{
    unsigned char *shrunk = member->size > 0 && member->capacity > member->size ? realloc(member->bytes, member->size) : NULL;

    if (shrunk) {
        member->bytes = shrunk;
        member->capacity = member->size;
    }
}

/* 1 with the member's bytes (malloc'ed for the caller), 0 at a proper end, -1 after reporting. */
static int read_member(struct bp_pack_reader *reader, struct inflated *member)
{
    uint64_t length = 0;
    uint32_t crc = 0, trailer[2];
    int status = read_header(reader, &length, &crc);

    *member = (struct inflated){0};
    if (status <= 0)
        return status;
    if (inflate_body(reader, length - BP_MEMBER_HEADER - BP_MEMBER_TRAILER, member))
        goto failed;
    ssize_t got = take(reader, (unsigned char *)trailer, sizeof trailer);
    if (got < 0)
        goto failed;
    if (got < (ssize_t)sizeof trailer) {
        cut_short(reader);
        goto failed;
    }
    if (member->deflated_crc != crc || member->crc != le32toh(trailer[0]) || (uint32_t)member->size != le32toh(trailer[1])) {
        damaged(reader, "the checksums of a block do not agree");
        goto failed;
    }
    if (member->size > reader->largest)
        reader->largest = member->size;
    shrink(member);
    return 1;
failed:
    free(member->bytes);
    return -1;
}

/* ---- blocks ---- */

static int check_end(struct bp_pack_reader *reader, const struct bp_block *block)
{
    const char *blocks = bp_block_get(block, "blocks"), *crc = bp_block_get(block, "crc32");
    char expected[32], expected_crc[16];

    snprintf(expected, sizeof expected, "%lld", (long long)reader->blocks);
    snprintf(expected_crc, sizeof expected_crc, "%08x", (unsigned)reader->rolling);
    if (!blocks || strcmp(blocks, expected) || !crc || strcmp(crc, expected_crc))
        return damaged(reader, "its end block tells of other blocks than these");
    reader->blocks = 0;
    reader->rolling = 0;
    reader->in_part = false;
    return 0;
}

/* Name the block that is being decoded. */
static int name_block(struct bp_pack_reader *reader)
{
    char *where;

    if (asprintf(&where, "%s (block %lld)", reader->name, (long long)reader->total + 1) < 0)
        return bp_error(BP_FAILURE, "out of memory");
    free(reader->where);
    reader->where = where;
    return 0;
}

/* The next block that is not an end block: as bp_pack_read. */
static int read_block(struct bp_pack_reader *reader, struct bp_block *block)
{
    struct inflated member;
    int status;

    while ((status = read_member(reader, &member)) > 0) {
        if (name_block(reader) || bp_safetensors_decode((char *)member.bytes, member.size, reader->where, block)) {
            free(member.bytes);
            return -1;
        }
        if (strcmp(bp_block_get(block, "kind"), "end")) {
            reader->rolling = (uint32_t)crc32_combine(reader->rolling, member.crc, (z_off_t)member.size);
            reader->blocks++;
            reader->total++;
            reader->in_part = true;
            return 1;
        }
        status = check_end(reader, block);
        bp_block_clear(block);
        if (status)
            return -1;
    }
    return status;
}

int bp_pack_read(struct bp_pack_reader *reader, struct bp_block *block)
{
    int status = reader->failed ? -1 : read_block(reader, block);

    if (status < 0)
        reader->failed = true;
    if (status <= 0)
        *block = (struct bp_block){0};
    if (status == 0 && reader->hash) {
        SHA256End(&reader->sha, reader->hash);
        reader->hash = NULL;
    }
    return status;
}

int bp_pack_hash(const char *path, char hash[72])
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_block block;
    int status;

    if (!reader)
        return -1;
    bp_pack_reader_hash(reader, hash);
    while ((status = bp_pack_read(reader, &block)) > 0)
        bp_block_clear(&block);
    bp_pack_close(reader);
    return status;
}
