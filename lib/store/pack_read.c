/* The reading half of pack.h. Members are separated and checked here, since gzread(3) treats much damage as an end. */
#include "store/member.h"
#include "store/pack_private.h"
#include "store/safetensors.h"

#include <assert.h>
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bp_pack_reader *bp_pack_open(const char *path)
{
    bool is_stdin = !strcmp(path, "-");
    struct bp_pack_reader *reader = calloc(1, sizeof *reader);

    if (!reader)
        goto no_memory;
    reader->fd = -1;
    reader->name = strdup(is_stdin ? "standard input" : path);
    reader->input = malloc(BP_PACK_INPUT);
    reader->whole = libdeflate_alloc_decompressor();
    if (!reader->name || !reader->input || !reader->whole)
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

bool bp_pack_is_one(const char *path)
{
    unsigned char start[BP_MEMBER_START];
    int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, start, sizeof start);

    if (fd >= 0)
        close(fd);
    return got == sizeof start && !memcmp(start, bp_member_start, sizeof start);
}

void bp_pack_close(struct bp_pack_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0 && reader->fd != STDIN_FILENO)
        close(reader->fd);
    inflateEnd(&reader->pieces);
    libdeflate_free_decompressor(reader->whole);
    free(reader->deflated);
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

int bp_pack_cut_short(const struct bp_pack_reader *reader)
{
    return bp_error(BP_DAMAGED, "%s was cut short after %lld whole record%s", reader->name, (long long)reader->total,
                    reader->total == 1 ? "" : "s");
}

int bp_pack_damaged(const struct bp_pack_reader *reader, const char *what)
{
    return bp_error(BP_DAMAGED, "%s is damaged after %lld whole record%s: %s", reader->name, (long long)reader->total,
                    reader->total == 1 ? "" : "s", what);
}

/* ---- one member ---- */

/* Report bytes that do not begin a member. */
static int foreign(const struct bp_pack_reader *reader, const unsigned char *bytes, size_t size)
{
    if (reader->started)
        return bp_pack_damaged(reader, "what follows is not a record");
    if (size >= 2 && !memcmp(bytes, bp_member_start, 2))
        return bp_error(BP_DAMAGED, "%s is compressed by gzip, but is neither a checkpoint nor trajectories", reader->name);
    return bp_error(BP_DAMAGED, "%s is neither a checkpoint nor trajectories", reader->name);
}

/* 1 with the member's length and the CRC of its deflated bytes, 0 at a proper end, -1 after reporting. */
static int read_header(struct bp_pack_reader *reader, uint64_t *length, uint32_t *crc)
{
    unsigned char header[BP_MEMBER_HEADER];
    ssize_t got = bp_pack_take(reader, header, sizeof header);

    if (got < 0)
        return -1;
    if (got == 0 && !reader->started)
        return bp_error(BP_DAMAGED, "%s is empty", reader->name);
    if (got == 0 && !reader->in_part)
        return 0;
    if (memcmp(header, bp_member_start, (size_t)got < BP_MEMBER_START ? (size_t)got : BP_MEMBER_START))
        return foreign(reader, header, (size_t)got);
    if (got < BP_MEMBER_HEADER)
        return bp_pack_cut_short(reader);
    memcpy(length, header + BP_MEMBER_START, sizeof *length);
    memcpy(crc, header + BP_MEMBER_START + sizeof *length, sizeof *crc);
    *length = le64toh(*length);
    *crc = le32toh(*crc);
    reader->started = true;
    if (*length <= BP_MEMBER_HEADER + BP_MEMBER_TRAILER)
        return bp_pack_damaged(reader, "a record has an impossible length");
    return 1;
}

/* 1 with the member's bytes (malloc'ed for the caller), 0 at a proper end, -1 after reporting. */
static int read_member(struct bp_pack_reader *reader, struct bp_inflated *member)
{
    uint64_t length = 0;
    uint32_t crc = 0;
    int status = read_header(reader, &length, &crc);

    *member = (struct bp_inflated){0};
    if (status <= 0)
        return status;
    if (bp_pack_inflate(reader, length - BP_MEMBER_HEADER - BP_MEMBER_TRAILER, crc, member)) {
        free(member->bytes);
        return -1;
    }
    return 1;
}

/* ---- records ---- */

static int check_end(struct bp_pack_reader *reader, const struct bp_record *record)
{
    const char *records = bp_record_get(record, "records"), *crc = bp_record_get(record, "crc32");
    char expected[32], expected_crc[16];

    if (!records)
        records = bp_record_get(record, "blocks");       /* as 0.1.0 wrote it */
    snprintf(expected, sizeof expected, "%lld", (long long)reader->records);
    snprintf(expected_crc, sizeof expected_crc, "%08x", (unsigned)reader->rolling);
    if (!records || strcmp(records, expected) || !crc || strcmp(crc, expected_crc))
        return bp_pack_damaged(reader, "its end record tells of other records than these");
    reader->records = 0;
    reader->rolling = 0;
    reader->in_part = false;
    return 0;
}

/* Name the record that is being decoded. */
static int name_record(struct bp_pack_reader *reader)
{
    char *where;

    if (asprintf(&where, "%s (record %lld)", reader->name, (long long)reader->total + 1) < 0)
        return bp_error(BP_FAILURE, "out of memory");
    free(reader->where);
    reader->where = where;
    return 0;
}

/* The next record that is not an end record: as bp_pack_read. */
static int read_record(struct bp_pack_reader *reader, struct bp_record *record)
{
    struct bp_inflated member;
    int status;

    while ((status = read_member(reader, &member)) > 0) {
        if (name_record(reader) || bp_safetensors_decode((char *)member.bytes, member.size, reader->where, record)) {
            free(member.bytes);
            return -1;
        }
        if (strcmp(bp_record_get(record, "kind"), "end")) {
            reader->rolling = (uint32_t)crc32_combine(reader->rolling, member.crc, (z_off_t)member.size);
            reader->records++;
            reader->total++;
            reader->in_part = true;
            return 1;
        }
        status = check_end(reader, record);
        bp_record_clear(record);
        if (status)
            return -1;
    }
    return status;
}

int bp_pack_read(struct bp_pack_reader *reader, struct bp_record *record)
{
    int status = reader->failed ? -1 : read_record(reader, record);

    if (status < 0)
        reader->failed = true;
    if (status <= 0)
        *record = (struct bp_record){0};
    if (status == 0 && reader->hash) {
        SHA256End(&reader->sha, reader->hash);
        reader->hash = NULL;
    }
    return status;
}
