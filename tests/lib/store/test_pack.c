#include "store/member.h"
#include "store/pack.h"
#include "support.h"
#include "pack_hash.h"

#include <endian.h>
#include <math.h>
#include <zlib.h>

/* ---- records to write ---- */

static float floats[6] = {1, -2.5f, INFINITY, 3e-40f, -0.0f, 7};
static int64_t wide[2] = {INT64_MIN, INT64_MAX};
static uint8_t small[3] = {0, 255, 7};
static int32_t counts[1] = {-5};

/* A record with tensors added in the order of rising elements, which the file turns round. */
static void make_record(struct bp_record *record, int number)
{
    struct bp_tensor tensors[] = {
        bp_tensor_1d("small", BP_U8, 3, small),
        bp_tensor_2d("floats", BP_F32, 2, 3, floats),
        bp_tensor_1d("counts", BP_I32, 1, counts),
        bp_tensor_1d("wide", BP_I64, 2, wide),
        bp_tensor_1d("nothing", BP_F64, 0, NULL),
    };

    bp_record_init(record, "test");
    bp_record_format(record, "number", "%d", number);
    bp_record_text(record, "text", "quotes \" and \\, a line\nbreak, gr\xc3\xbc\xc3\x9f");
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        bp_record_tensor(record, &tensors[i]);
    assert_false(record->incomplete);
}

static void check_record(const struct bp_record *record, int number)
{
    static const char *const order[] = {"wide", "nothing", "floats", "counts", "small"};
    char text[16];

    snprintf(text, sizeof text, "%d", number);
    assert_string_equal(bp_record_get(record, "kind"), "test");
    assert_string_equal(bp_record_get(record, "number"), text);
    assert_string_equal(bp_record_get(record, "text"), "quotes \" and \\, a line\nbreak, gr\xc3\xbc\xc3\x9f");
    assert_null(bp_record_get(record, "absent"));
    assert_int_equal(record->count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(record->tensors[i].name, order[i]);
        assert_int_equal((uintptr_t)record->tensors[i].data % bp_dtype_size(record->tensors[i].dtype), 0);
    }
    assert_int_equal(record->tensors[2].rank, 2);
    assert_int_equal(record->tensors[2].shape[0], 2);
    assert_int_equal(record->tensors[2].shape[1], 3);
    assert_memory_equal(bp_record_need(record, "wide", BP_I64, 2, "")->data, wide, sizeof wide);
    assert_memory_equal(bp_record_need(record, "floats", BP_F32, 6, "")->data, floats, sizeof floats);
    assert_memory_equal(bp_record_need(record, "counts", BP_I32, 1, "")->data, counts, sizeof counts);
    assert_memory_equal(bp_record_need(record, "small", BP_U8, 3, "")->data, small, sizeof small);
    assert_non_null(bp_record_need(record, "nothing", BP_F64, 0, ""));
}

static void write_stream(const char *path, int records, int level)
{
    struct bp_pack_writer *writer = bp_pack_create(path, level);
    struct bp_record record;

    assert_non_null(writer);
    for (int i = 0; i < records; i++) {
        make_record(&record, i);
        assert_int_equal(bp_pack_write(writer, &record), 0);
        bp_record_clear(&record);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
}

/* Read all of a stream of test records, whose numbers begin anew at each part; how many came, and the last status. */
static int read_stream(const char *path, int part, int *status)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record;
    int count = 0;

    *status = -1;
    if (!reader)
        return 0;
    for (; (*status = bp_pack_read(reader, &record)) > 0; count++) {
        check_record(&record, count % part);
        bp_record_clear(&record);
    }
    assert_null(record.fields);
    assert_null(record.storage);
    if (*status < 0)
        assert_int_equal(bp_pack_read(reader, &record), -1);
    bp_pack_close(reader);
    return count;
}

static char stream[8192];

/* ---- round trips ---- */

static void test_round_trip(void **state)
{
    char *path = in_directory("stream");
    int status;

    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int records = 0; records < 4; records++) {
            write_stream(path, records, level);
            assert_int_equal(read_stream(path, 4, &status), records);
            assert_int_equal(status, 0);
        }
    assert_int_equal(count_files(""), 1);
}

/* The same records give the same bytes, whatever was written before with the same writer. */
static void test_same_bytes(void **state)
{
    enum { COUNT = 300000 };
    static float values[COUNT];
    char *bytes = malloc(8 << 20);
    struct bp_tensor tensor = bp_tensor_1d("values", BP_F32, COUNT, values);

    (void)state;
    for (int i = 0; i < COUNT; i++)
        values[i] = sinf((float)i * 0.01f);
    for (int level = 0; level <= 9; level += 3) {
        struct bp_pack_writer *writer = bp_pack_create(in_directory("stream"), level);
        struct bp_record record;
        for (int i = 0; i < 3; i++) {
            bp_record_init(&record, "test");
            bp_record_tensor(&record, &tensor);
            assert_int_equal(bp_pack_write(writer, &record), 0);
            bp_record_clear(&record);
        }
        assert_int_equal(bp_pack_commit(writer), 0);
        read_file(in_directory("stream"), bytes, 8 << 20);
        uint64_t length;
        memcpy(&length, bytes + BP_MEMBER_START, sizeof length);
        length = le64toh(length);
        assert_true(length > (level ? 100000 : sizeof values));
        assert_memory_equal(bytes, bytes + length, length);
        assert_memory_equal(bytes, bytes + 2 * length, length);

        struct bp_pack_reader *reader = bp_pack_open(in_directory("stream"));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(bp_pack_read(reader, &record), 1);
            assert_memory_equal(bp_record_need(&record, "values", BP_F32, COUNT, "")->data, values, sizeof values);
            bp_record_clear(&record);
        }
        assert_int_equal(bp_pack_read(reader, &record), 0);
        bp_pack_close(reader);
    }
    free(bytes);
}

/* A great length of nothing, which deflates a thousandfold: as a whole, and piece by piece. */
static void check_zeros(size_t size, int level)
{
    char *path = in_directory("stream"), *cut = in_directory("cut"), command[4096];
    void *zeros = calloc(1, size);
    struct bp_tensor tensor = bp_tensor_1d("zeros", BP_U8, (int64_t)size, zeros);
    struct bp_pack_writer *writer = bp_pack_create(path, level);
    struct bp_record record;

    bp_record_init(&record, "test");
    bp_record_tensor(&record, &tensor);
    assert_int_equal(bp_pack_write(writer, &record), 0);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_commit(writer), 0);
    struct bp_pack_reader *reader = bp_pack_open(path);
    assert_int_equal(bp_pack_read(reader, &record), 1);
    assert_string_equal(bp_pack_name(reader), path);
    assert_non_null(strstr(bp_pack_where(reader), "(record 1)"));
    assert_memory_equal(bp_record_need(&record, "zeros", BP_U8, size, "")->data, zeros, size);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_read(reader, &record), 0);
    bp_pack_close(reader);
    snprintf(command, sizeof command, "head -c 20000 %s > %s", path, cut);
    assert_int_equal(system(command), 0);
    capture_begin();
    reader = bp_pack_open(cut);
    assert_int_equal(bp_pack_read(reader, &record), -1);
    assert_said(capture_take(), "was cut short after 0 whole records");
    capture_end();
    bp_pack_close(reader);
    free(zeros);
}

static void test_zeros(void **state)
{
    (void)state;
    check_zeros((size_t)20 << 20, 6);
    check_zeros(BP_MEMBER_WHOLE + 1, 6);        /* written in pieces, read as a whole */
    check_zeros(BP_MEMBER_WHOLE + 1, 0);        /* both in pieces */
}

static void test_joined(void **state)
{
    char *a = in_directory("a"), *b = in_directory("b"), *empty = in_directory("empty"), *all = in_directory("all");
    char command[4096];
    int status;

    (void)state;
    write_stream(a, 2, 6);
    write_stream(b, 2, 0);
    write_stream(empty, 0, 6);
    snprintf(command, sizeof command, "cat %s %s %s %s %s > %s", empty, a, empty, b, a, all);
    assert_int_equal(system(command), 0);
    assert_int_equal(read_stream(all, 2, &status), 6);
    assert_int_equal(status, 0);
    assert_int_equal(read_stream(empty, 2, &status), 0);
    assert_int_equal(status, 0);
}

/* A writer on stdout, a reader on stdin, a pipe between them. */
static void test_pipe(void **state)
{
    int pipes[2], status, kept = dup(STDIN_FILENO), end;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        write_stream("-", 3, 1);
        _exit(0);
    }
    dup2(pipes[0], STDIN_FILENO);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(read_stream("-", 3, &status), 3);
    assert_int_equal(status, 0);
    dup2(kept, STDIN_FILENO);
    close(kept);
    waitpid(child, &end, 0);
    assert_int_equal(end, 0);
}

static void test_not_utf8(void **state)
{
    struct bp_record record;

    (void)state;
    bp_record_init(&record, "test");
    bp_record_text(&record, "command", "bp-train -o caf\xe9.ckpt");
    assert_string_equal(bp_record_get(&record, "command"), "bp-train -o caf?.ckpt");
    bp_record_text(&record, "command", "again");
    assert_string_equal(bp_record_get(&record, "command"), "again");
    assert_false(record.incomplete);
    bp_record_clear(&record);
    bp_record_clear(&record);
}

static void test_need(void **state)
{
    struct bp_record record;

    (void)state;
    make_record(&record, 0);
    capture_begin();
    assert_null(bp_record_need(&record, "absent", BP_F32, 6, "x.ckpt"));
    assert_said(capture_take(), "x.ckpt is damaged: it has no tensor 'absent'");
    assert_null(bp_record_need(&record, "floats", BP_F64, 6, "x.ckpt"));
    assert_said(capture_take(), "wrong type");
    assert_null(bp_record_need(&record, "floats", BP_F32, 7, "x.ckpt"));
    assert_said(capture_take(), "has 6 elements, not 7");
    capture_end();
    bp_record_clear(&record);
}

/* ---- damage ---- */

/* Every way to cut a stream short is noticed, and what is whole before the cut is handed out. */
static void test_every_truncation(void **state)
{
    char *path = in_directory("stream"), *cut = in_directory("cut"), expected[64];
    size_t bounds[4] = {0}, size;
    int status;

    (void)state;
    write_stream(path, 2, 6);
    size = read_file(path, stream, sizeof stream);
    for (int i = 0; i < 3; i++) {
        uint64_t length;
        memcpy(&length, stream + bounds[i] + BP_MEMBER_START, sizeof length);
        bounds[i + 1] = bounds[i] + le64toh(length);
    }
    assert_int_equal(bounds[3], size);
    capture_begin();
    for (size_t length = 0; length < size; length++) {
        int whole = (length >= bounds[1]) + (length >= bounds[2]);
        write_file(cut, stream, length);
        assert_int_equal(read_stream(cut, 2, &status), whole);
        assert_int_equal(status, -1);
        snprintf(expected, sizeof expected, length ? "was cut short after %d whole record%s\n" : "is empty\n", whole,
                 whole == 1 ? "" : "s");
        assert_said(capture_take(), expected);
    }
    capture_end();
    assert_int_equal(read_stream(path, 2, &status), 2);
    assert_int_equal(status, 0);
}

/* A sanitizer makes opening slow: there only every bit is turned. */
#ifdef __SANITIZE_ADDRESS__
#define NEXT_CHANGE(change) (2 * (change))
#else
#define NEXT_CHANGE(change) ((change) + 1)
#endif

/* Every other value of every byte is noticed, stored and deflated. A good stream between tells that the test can fail. */
static void test_every_mutation(void **state)
{
    char *path = in_directory("stream");

    (void)state;
    capture_begin();
    for (int level = 0; level <= 6; level += 6) {
        int status;
        write_stream(path, 1, level);
        size_t size = read_file(path, stream, sizeof stream);
        int fd = open(path, O_WRONLY);
        for (size_t at = 0; at < size; at++) {
            for (int change = 1; change < 256; change = NEXT_CHANGE(change)) {
                char byte = (char)(stream[at] ^ change);
                assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
                read_stream(path, 1, &status);
                if (status != -1)
                    fail_msg("level %d, byte %zu ^ %d: not noticed", level, at, change);
            }
            assert_int_equal(pwrite(fd, &stream[at], 1, (off_t)at), 1);
            assert_true(strlen(capture_take()) > 0);
        }
        assert_int_equal(read_stream(path, 1, &status), 1);
        assert_int_equal(status, 0);
        close(fd);
    }
    capture_end();
}

/* A member left out, doubled or moved is noticed by the end record, though each is whole. */
static void test_members_rearranged(void **state)
{
    static const struct { int count, order[4]; } wrong[] = {
        {2, {0, 2}}, {2, {1, 2}}, {1, {2}}, {3, {1, 0, 2}}, {4, {0, 1, 1, 2}}, {4, {0, 0, 1, 2}}, {4, {0, 1, 2, 0}},
        {3, {0, 2, 1}}, {2, {2, 2}},
    };
    char *path = in_directory("stream");
    const char *member[3];
    size_t length[3];
    int status;

    (void)state;
    write_stream(path, 2, 6);
    read_file(path, stream, sizeof stream);
    for (size_t i = 0, at = 0; i < 3; at += length[i++]) {
        uint64_t word;
        memcpy(&word, stream + at + BP_MEMBER_START, sizeof word);
        member[i] = stream + at;
        length[i] = le64toh(word);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        FILE *file = fopen(path, "wb");
        for (int j = 0; j < wrong[i].count; j++)
            fwrite(member[wrong[i].order[j]], 1, length[wrong[i].order[j]], file);
        fclose(file);
        struct bp_pack_reader *reader = bp_pack_open(path);
        struct bp_record record;
        capture_begin();
        while ((status = bp_pack_read(reader, &record)) > 0)
            bp_record_clear(&record);
        capture_end();
        bp_pack_close(reader);
        if (status != -1)
            fail_msg("order %zu not noticed", i);
    }
}

struct foreign {
    const char *bytes;
    size_t size;
    const char *said;
};

static int read_whole(void *path)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record;
    int status;

    if (!reader)
        return -1;
    while ((status = bp_pack_read(reader, &record)) > 0)
        bp_record_clear(&record);
    bp_pack_close(reader);
    return status;
}

static void test_foreign(void **state)
{
    static const struct foreign files[] = {
        {"", 0, "is empty"},
        {"hello\n", 6, "is neither a checkpoint nor trajectories"},
        {"a", 1, "is neither a checkpoint nor trajectories"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "is neither a checkpoint nor trajectories"},
        {"\x1f\x8b\x08\x00\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\0\x20\x30\x3a\x36\x06\0\0\0", 26, "compressed by gzip, but"},
        {"\x1f\x8b", 2, "was cut short after 0 whole records"},
        {"\x28\0\0\0\0\0\0\0{\"__metadata__\":{\"kind\":\"x\"}}           ", 48, "is neither"},
    };
    char *path = in_directory("foreign"), said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(path, files[i].bytes, files[i].size);
        assert_int_equal(run_action(read_whole, path, false, said), BP_DAMAGED);
        assert_said(said, files[i].said);
    }
    assert_int_equal(run_action(read_whole, in_directory("absent"), false, said), BP_FAILURE);
    assert_said(said, "cannot open");
    assert_int_equal(run_action(read_whole, test_directory, false, said), BP_FAILURE);
    assert_said(said, "Is a directory");
}

/* Bytes after a proper end are damage too, text as well as zeros. */
static void test_garbage_behind(void **state)
{
    char *path = in_directory("stream"), said[1024];

    (void)state;
    write_stream(path, 2, 6);
    size_t size = read_file(path, stream, sizeof stream);
    for (int i = 0; i < 2; i++) {
        strcpy(stream + size, i ? "garbage" : "");
        write_file(path, stream, size + 40);
        assert_int_equal(run_action(read_whole, path, false, said), BP_DAMAGED);
        assert_said(said, "is damaged after 2 whole records: what follows is not a record");
    }
}

/* Wrap bytes as a whole member whose checksums are right. */
static size_t make_member(const void *bytes, size_t size, uint64_t length_add, char *member)
{
    z_stream deflater = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size,
                         .next_out = (Bytef *)member + BP_MEMBER_HEADER, .avail_out = 4096};
    uint32_t word;

    assert_int_equal(deflateInit2(&deflater, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&deflater, Z_FINISH), Z_STREAM_END);
    size_t used = BP_MEMBER_HEADER + deflater.total_out;
    deflateEnd(&deflater);
    uint64_t length = htole64(used + BP_MEMBER_TRAILER + length_add);
    memcpy(member, bp_member_start, BP_MEMBER_START);
    memcpy(member + BP_MEMBER_START, &length, 8);
    word = htole32((uint32_t)crc32(0, (Bytef *)member + BP_MEMBER_HEADER, (uInt)(used - BP_MEMBER_HEADER)));
    memcpy(member + BP_MEMBER_START + 8, &word, 4);
    word = htole32((uint32_t)crc32(0, bytes, (uInt)size));
    memcpy(member + used, &word, 4);
    word = htole32((uint32_t)size);
    memcpy(member + used + 4, &word, 4);
    return used + BP_MEMBER_TRAILER;
}

/* Members with right checksums around what no writer writes. */
static void test_hostile_members(void **state)
{
    static const struct { const char *header; uint64_t length_add; const char *said; } bad[] = {
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"1\",\"crc32\":\"00000000\"}}", 0, "other records"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000001\"}}", 0, "other records"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\"}}", 0, "other records"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"00\",\"crc32\":\"00000000\"}}", 0, "other records"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000000\"}}", 1, "was cut short"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000000\"}}", (uint64_t)1 << 62, "declared length"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000000\"}}", (uint64_t)-1, "checksums of a record do not agree"},
        {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000000\"}}", (uint64_t)-50, "checksums of a record do not agree"},
        {"{\"__metadata__\":{\"kind\":\"x\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776],\"data_offsets\":[0,4398046511104]}}",
         0, "(record 1) is damaged: tensor 'a' is longer than the data"},
        {"not JSON", 0, "not a JSON object"},
        {"", 0, "not a JSON object"},
    };
    char *path = in_directory("stream"), said[1024], bytes[1024], member[8192];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t length = (strlen(bad[i].header) + 7) / 8 * 8;
        uint64_t word = htole64(length);
        memcpy(bytes, &word, 8);
        memset(bytes + 8, ' ', length);
        memcpy(bytes + 8, bad[i].header, strlen(bad[i].header));
        write_file(path, member, make_member(bytes, 8 + length, bad[i].length_add, member));
        assert_int_equal(run_action(read_whole, path, false, said), BP_DAMAGED);
        assert_said(said, bad[i].said);
    }
    for (size_t size = 0; size < 9; size++) {
        memset(bytes, 0, size);
        write_file(path, member, make_member(bytes, size, 0, member));
        assert_int_equal(run_action(read_whole, path, false, said), BP_DAMAGED);
        assert_said(said, size < 8 ? "impossible length" : "not a JSON object");
    }
    /* The same hands make streams that are accepted: as they are written, and as version 0.1.0 wrote them. */
    static const char *const good[] = {"{\"__metadata__\":{\"kind\":\"end\",\"records\":\"0\",\"crc32\":\"00000000\"}}",
                                       "{\"__metadata__\":{\"kind\":\"end\",\"blocks\":\"0\",\"crc32\":\"00000000\"}} "};
    for (size_t i = 0; i < 2; i++) {
        uint64_t word = htole64(strlen(good[i]));
        assert_int_equal(strlen(good[i]) % 8, 0);
        memcpy(bytes, &word, 8);
        memcpy(bytes + 8, good[i], strlen(good[i]));
        write_file(path, member, make_member(bytes, 8 + strlen(good[i]), 0, member));
        assert_int_equal(run_action(read_whole, path, false, said), 0);
    }
}

/* The end record with its deflated bytes made longer or shorter, length and checksum of them as they should be. */
static void test_hostile_bodies(void **state)
{
    static const struct { int add; const char *said; } bad[] = {{1, "ends before its declared length"}, {-1, "cannot be inflated"}, {-20, "cannot be inflated"}};
    char *path = in_directory("stream"), said[1024], trailer[BP_MEMBER_TRAILER];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_stream(path, 0, 6);
        size_t end = read_file(path, stream, sizeof stream) - BP_MEMBER_TRAILER, changed = end + (size_t)bad[i].add;
        memcpy(trailer, stream + end, sizeof trailer);
        memcpy(stream + changed, trailer, sizeof trailer);
        uint64_t length = htole64(changed + BP_MEMBER_TRAILER);
        uint32_t crc = htole32((uint32_t)crc32(0, (Bytef *)stream + BP_MEMBER_HEADER, (uInt)(changed - BP_MEMBER_HEADER)));
        memcpy(stream + BP_MEMBER_START, &length, sizeof length);
        memcpy(stream + BP_MEMBER_START + sizeof length, &crc, sizeof crc);
        write_file(path, stream, changed + BP_MEMBER_TRAILER);
        assert_int_equal(run_action(read_whole, path, false, said), BP_DAMAGED);
        assert_said(said, bad[i].said);
    }
}

static int read_terminal(void *context)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    (void)context;
    if (master < 0 || grantpt(master) || unlockpt(master))
        _exit(98);
    dup2(open(ptsname(master), O_RDWR | O_NOCTTY), STDIN_FILENO);
    return read_whole("-");
}

static void test_terminal(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(read_terminal, NULL, false, said), BP_USAGE);
    assert_said(said, "standard input is a terminal");
}

/* ---- failures of writing ---- */

static int write_some(void *path)
{
    struct bp_pack_writer *writer = bp_pack_create(path, 0);
    struct bp_record record;
    int status = 0;

    if (!writer)
        return -1;
    for (int i = 0; i < 3; i++) {
        make_record(&record, i);
        status |= bp_pack_write(writer, &record);
        bp_record_clear(&record);
    }
    return bp_pack_commit(writer) | status;
}

static int write_some_to_full_stdout(void *context)
{
    (void)context;
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
    return write_some("-");
}

static void test_full(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(write_some, "/dev/full", false, said), BP_FAILURE);
    assert_said(said, "cannot write /dev/full: No space left on device");
    assert_int_equal(run_action(write_some_to_full_stdout, NULL, false, said), BP_FAILURE);
    assert_said(said, "cannot write standard output: No space left on device");
}

/* A record that could not be built is not written, and the stream never appears. */
static void test_incomplete(void **state)
{
    char *path = in_directory("stream"), *was = in_directory("was");
    struct bp_pack_writer *writer;
    struct bp_record record;
    int status;

    (void)state;
    write_stream(path, 1, 6);
    write_stream(was, 1, 6);
    writer = bp_pack_create(path, 6);
    make_record(&record, 0);
    record.incomplete = true;
    capture_begin();
    assert_int_equal(bp_pack_write(writer, &record), -1);
    assert_said(capture_take(), "out of memory");
    assert_int_equal(bp_pack_commit(writer), -1);
    capture_end();
    bp_record_clear(&record);
    bp_pack_abort(NULL);
    bp_pack_abort(bp_pack_create(path, 6));
    assert_int_equal(read_stream(path, 1, &status), 1);
    assert_int_equal(status, 0);
    assert_int_equal(count_files(""), 2);
}

/* ---- identity, and readers that are not ours ---- */

static void command_output(const char *command, char *text, size_t size)
{
    FILE *pipe = popen(command, "r");

    assert_non_null(pipe);
    text[fread(text, 1, size - 1, pipe)] = '\0';
    pclose(pipe);
}

static void test_hash(void **state)
{
    char *path = in_directory("stream"), first[72], hash[72], other[72], command[600], printed[256];

    (void)state;
    write_stream(path, 3, 0);
    assert_int_equal(pack_hash(path, first), 0);
    assert_int_equal(strlen(first), 64);
    write_stream(path, 3, 9);
    assert_int_equal(pack_hash(path, hash), 0);
    assert_string_equal(hash, first);
    snprintf(command, sizeof command, "zcat %s | sha256sum", path);
    command_output(command, printed, sizeof printed);
    assert_memory_equal(printed, first, 64);
    write_stream(path, 2, 9);
    assert_int_equal(pack_hash(path, other), 0);
    assert_string_not_equal(other, first);

    struct bp_pack_writer *writer = bp_pack_create(path, 3);
    bp_pack_writer_hash(writer, hash);
    hash[0] = '\0';
    for (int i = 0; i < 2; i++) {
        struct bp_record record;
        make_record(&record, i);
        assert_int_equal(bp_pack_write(writer, &record), 0);
        bp_record_clear(&record);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
    assert_string_equal(hash, other);

    write_file(path, "x", 1);
    capture_begin();
    assert_int_equal(pack_hash(path, hash), -1);
    assert_said(capture_take(), "is neither");
    capture_end();
}

/* The script in share/ reads what is written here, with nothing but Python's own library; and notices a missing end. */
static void test_python(void **state)
{
    char *path = in_directory("stream"), command[600], printed[4096];

    (void)state;
    if (access("share/read_bp.py", R_OK) || system("python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null"))
        skip();
    write_stream(path, 2, 6);
    snprintf(command, sizeof command, "python3 share/read_bp.py %s 2>&1", path);
    command_output(command, printed, sizeof printed);
    assert_said(printed, "{\"kind\": \"test\", \"number\": \"0\"");
    assert_said(printed, "{\"kind\": \"test\", \"number\": \"1\"");
    assert_said(printed, "  wide I64 [2] [-9223372036854775808, 9223372036854775807]\n");
    assert_said(printed, "  floats F32 [2, 3] [1.0, -2.5, inf,");
    assert_said(printed, "  counts I32 [1] [-5]\n");
    assert_said(printed, "  small U8 [3] [0, 255, 7]\n");
    snprintf(command, sizeof command, "python3 share/read_bp.py - < %s 2>&1 | grep -c kind", path);
    command_output(command, printed, sizeof printed);
    assert_string_equal(printed, "2\n");
    size_t size = read_file(path, stream, sizeof stream);
    uint64_t length;
    memcpy(&length, stream + BP_MEMBER_START, sizeof length);
    assert_true(le64toh(length) < size);
    write_file(path, stream, le64toh(length));
    snprintf(command, sizeof command, "python3 share/read_bp.py %s 2>&1", path);
    command_output(command, printed, sizeof printed);
    assert_said(printed, "was cut short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These ask for the exit status. */
        cmocka_unit_test_setup_teardown(test_foreign, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_garbage_behind, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_hostile_members, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_hostile_bodies, make_directory, remove_directory),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_full),
        /* These report errors in this process. */
        cmocka_unit_test_setup_teardown(test_round_trip, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_same_bytes, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_zeros, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_joined, make_directory, remove_directory),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_need),
        cmocka_unit_test_setup_teardown(test_every_truncation, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_every_mutation, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_members_rearranged, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_incomplete, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_hash, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_python, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
