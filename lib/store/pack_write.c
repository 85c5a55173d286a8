/* The writing half of pack.h: records that are not very long are deflated as a whole by libdeflate, the others piece by piece by zlib. */
#define ZLIB_CONST
#include "store/member.h"
#include "store/output.h"
#include "store/pack.h"
#include "store/safetensors.h"

#include <assert.h>
#include <endian.h>
#include <libdeflate.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* Input of a long record is taken in pieces that stay in the cache for the checksum and deflate both. */
#define PIECE ((size_t)128 << 10)
/* Room for deflate's output at each call: always the same, since its output at level 0 depends on it. */
#define ROOM ((size_t)64 << 10)

struct bp_pack_writer {
    struct bp_output output;
    int level;
    struct libdeflate_compressor *whole;
    z_stream pieces;            /* prepared with the first record that is too long for that */
    unsigned char *plain;       /* a record's bytes before they are deflated; grows to the longest and is used again */
    size_t plain_capacity;
    unsigned char *member;      /* likewise the member */
    size_t capacity, used;
    uint32_t crc;               /* of the member's inflated bytes */
    uint64_t inflated;          /* count of them */
    uint32_t rolling;           /* CRC-32 of the inflated bytes of all records so far */
    int64_t records;
    bool failed;
    SHA2_CTX sha;
    char *hash;                 /* borrowed; NULL: not asked for */
};

struct bp_pack_writer *bp_pack_create(const char *path, int level)
{
    struct bp_pack_writer *writer = calloc(1, sizeof *writer);

    assert(level >= 0 && level <= 9);
    if (!writer || !(writer->whole = libdeflate_alloc_compressor(level))) {
        bp_error(BP_FAILURE, "out of memory");
        free(writer);
        return NULL;
    }
    writer->level = level;
    if (bp_output_open(&writer->output, path)) {
        libdeflate_free_compressor(writer->whole);
        free(writer);
        return NULL;
    }
    return writer;
}

void bp_pack_writer_hash(struct bp_pack_writer *writer, char hash[72])
{
    assert(!writer->records);
    writer->hash = hash;
    SHA256Init(&writer->sha);
}

/* Memory of at least `size` bytes, its content kept. */
static int make_room(unsigned char **bytes, size_t *capacity, size_t size)
{
    unsigned char *grown;

    if (size <= *capacity)
        return 0;
    grown = realloc(*bytes, size);
    if (!grown)
        return bp_error(BP_FAILURE, "out of memory");
    *bytes = grown;
    *capacity = size;
    return 0;
}

/* ---- as a whole ---- */

static int deflate_whole(struct bp_pack_writer *writer, const char *header, size_t header_size, const struct bp_record *record, size_t size)
{
    size_t bound = libdeflate_deflate_compress_bound(writer->whole, size);
    unsigned char *at;

    if (make_room(&writer->plain, &writer->plain_capacity, size) ||
        make_room(&writer->member, &writer->capacity, BP_MEMBER_HEADER + bound + BP_MEMBER_TRAILER))
        return -1;
    memcpy(writer->plain, header, header_size);
    at = writer->plain + header_size;
    for (size_t i = 0; i < record->count; at += bp_tensor_bytes(&record->tensors[i]), i++)
        if (record->tensors[i].data)
            memcpy(at, record->tensors[i].data, bp_tensor_bytes(&record->tensors[i]));
    writer->crc = libdeflate_crc32(0, writer->plain, size);
    writer->inflated = size;
    if (writer->hash)
        SHA256Update(&writer->sha, writer->plain, size);
    writer->used += libdeflate_deflate_compress(writer->whole, writer->plain, size, writer->member + BP_MEMBER_HEADER, bound);
    return 0;
}

/* ---- piece by piece ---- */

/* One call of deflate; its status, or -1 after reporting. */
static int deflate_once(struct bp_pack_writer *writer, int flush)
{
    size_t least = writer->used + ROOM + BP_MEMBER_TRAILER;

    if (least > writer->capacity && make_room(&writer->member, &writer->capacity, 2 * least))
        return -1;
    writer->pieces.next_out = writer->member + writer->used;
    writer->pieces.avail_out = ROOM;
    int status = deflate(&writer->pieces, flush);
    assert(status == Z_OK || status == Z_STREAM_END);
    writer->used += ROOM - writer->pieces.avail_out;
    return status;
}

static int squeeze(struct bp_pack_writer *writer, const void *data, size_t size)
{
    for (const unsigned char *at = data; size > 0;) {
        size_t piece = size < PIECE ? size : PIECE;
        writer->crc = libdeflate_crc32(writer->crc, at, piece);
        writer->inflated += piece;
        if (writer->hash)
            SHA256Update(&writer->sha, at, piece);
        writer->pieces.next_in = at;
        writer->pieces.avail_in = (uInt)piece;
        while (writer->pieces.avail_in > 0)
            if (deflate_once(writer, Z_NO_FLUSH) < 0)
                return -1;
        at += piece;
        size -= piece;
    }
    return 0;
}

static int deflate_pieces(struct bp_pack_writer *writer, const char *header, size_t header_size, const struct bp_record *record)
{
    z_stream *stream = &writer->pieces;
    int status;

    if (stream->state ? deflateReset(stream) : deflateInit2(stream, writer->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY))
        return bp_error(BP_FAILURE, "out of memory");
    writer->crc = 0;
    writer->inflated = 0;
    status = squeeze(writer, header, header_size);
    for (size_t i = 0; i < record->count && !status; i++)
        status = squeeze(writer, record->tensors[i].data, bp_tensor_bytes(&record->tensors[i]));
    while (status == Z_OK)
        status = deflate_once(writer, Z_FINISH);
    return status < 0 ? -1 : 0;
}

/* ---- either ---- */

/* Put header and trailer around the deflated bytes, and write them. */
static int finish_member(struct bp_pack_writer *writer)
{
    uint32_t count = htole32((uint32_t)writer->inflated), inflated_crc = htole32(writer->crc);
    uint32_t crc = htole32(libdeflate_crc32(0, writer->member + BP_MEMBER_HEADER, writer->used - BP_MEMBER_HEADER));
    uint64_t length = htole64(writer->used + BP_MEMBER_TRAILER);

    memcpy(writer->member, bp_member_start, BP_MEMBER_START);
    memcpy(writer->member + BP_MEMBER_START, &length, sizeof length);
    memcpy(writer->member + BP_MEMBER_START + sizeof length, &crc, sizeof crc);
    memcpy(writer->member + writer->used, &inflated_crc, sizeof inflated_crc);
    memcpy(writer->member + writer->used + sizeof inflated_crc, &count, sizeof count);
    return bp_output_write(&writer->output, writer->member, writer->used + BP_MEMBER_TRAILER);
}

static int write_record(struct bp_pack_writer *writer, const struct bp_record *record)
{
    size_t header_size, size;
    char *header;
    int status;

    if (bp_safetensors_encode(record, &header, &header_size))
        return -1;
    size = header_size;
    for (size_t i = 0; i < record->count; i++)
        size += bp_tensor_bytes(&record->tensors[i]);
    writer->used = BP_MEMBER_HEADER;
    status = size <= BP_MEMBER_WHOLE ? deflate_whole(writer, header, header_size, record, size)
                                     : deflate_pieces(writer, header, header_size, record);
    free(header);
    return status ? -1 : finish_member(writer);
}

int bp_pack_check(const char *path)
{
    struct stat status;
    struct bp_pack_writer *writer;

    if (strcmp(path, "-") && !stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return 0;               /* opening a device or FIFO may have an effect */
    if (!(writer = bp_pack_create(path, 0)))
        return -1;
    bp_pack_abort(writer);
    return 0;
}

int bp_pack_write(struct bp_pack_writer *writer, const struct bp_record *record)
{
    const char *kind = bp_record_get(record, "kind");

    assert(record->incomplete || (kind && strcmp(kind, "end")));
    if (writer->failed || write_record(writer, record)) {
        writer->failed = true;
        return -1;
    }
    writer->rolling = (uint32_t)crc32_combine(writer->rolling, writer->crc, (z_off_t)writer->inflated);
    writer->records++;
    return 0;
}

static int write_end(struct bp_pack_writer *writer)
{
    struct bp_record record;
    int status;

    bp_record_init(&record, "end");
    bp_record_format(&record, "records", "%lld", (long long)writer->records);
    bp_record_format(&record, "crc32", "%08x", (unsigned)writer->rolling);
    status = write_record(writer, &record);
    bp_record_clear(&record);
    return status;
}

static void writer_free(struct bp_pack_writer *writer)
{
    deflateEnd(&writer->pieces);
    libdeflate_free_compressor(writer->whole);
    free(writer->plain);
    free(writer->member);
    free(writer);
}

int bp_pack_commit(struct bp_pack_writer *writer)
{
    int status = -1;

    if (writer->failed || write_end(writer))
        bp_output_abort(&writer->output);
    else
        status = bp_output_commit(&writer->output);
    if (!status && writer->hash)
        SHA256End(&writer->sha, writer->hash);
    writer_free(writer);
    return status;
}

void bp_pack_abort(struct bp_pack_writer *writer)
{
    if (!writer)
        return;
    bp_output_abort(&writer->output);
    writer_free(writer);
}
