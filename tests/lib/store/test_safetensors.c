#include "store/safetensors.h"
#include "support.h"

#include <endian.h>

static const char *where = "hostile";

/* Decode a header text and `data` bytes after it; 0 when accepted. */
static int decode(const char *header, size_t data, uint64_t declared)
{
    size_t length = strlen(header), size = 8 + length + data;
    char *bytes = calloc(1, size);
    uint64_t word = htole64(declared);
    struct bp_record record;

    memcpy(bytes, &word, 8);
    memcpy(bytes + 8, header, length);
    int status = bp_safetensors_decode(bytes, size, where, &record);
    if (status) {
        assert_null(record.fields);
        assert_null(record.tensors);
        free(bytes);
    } else {
        assert_ptr_equal(record.storage, bytes);
    }
    bp_record_clear(&record);
    return status;
}

/* Pad to a multiple of 8 as the format wants. */
static const char *pad(const char *header)
{
    static char padded[4096];

    snprintf(padded, sizeof padded, "%s%*s", header, (int)((8 - strlen(header) % 8) % 8), "");
    return padded;
}

#define META "\"__metadata__\":{\"kind\":\"x\"}"
#define TENSOR(name, dtype, shape, offsets) \
    ",\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_accepts(void **state)
{
    static const struct { const char *header; size_t data; } good[] = {
        {"{" META "}", 0},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8]") "}", 8},
        {"{" META TENSOR("a", "F64", "[]", "[0,8]") TENSOR("b", "U8", "[3]", "[8,11]") "}", 11},
        {"{" META TENSOR("a", "I64", "[1,1,1,2]", "[0,16]") TENSOR("none", "F32", "[0,5]", "[16,16]") "}", 16},
        {"{ \"a\":{\"shape\":[2],\"data_offsets\":[0,16],\"dtype\":\"U64\"}, " META " }", 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(decode(pad(good[i].header), good[i].data, strlen(pad(good[i].header))), 0);
}

static void test_rejects(void **state)
{
    static const struct { const char *header; size_t data; const char *said; } bad[] = {
        {"[]", 0, "not a JSON object"},
        {"{" META, 0, "not a JSON object"},
        {"{" META "} x", 0, "not a JSON object"},
        {"{" META ",\"a\\u0000b\":{}}", 0, "not a JSON object"},
        {"{" META "," META "}", 0, "not a JSON object"},
        {"{}", 0, "no fields"},
        {"{\"__metadata__\":[]}", 0, "no fields"},
        {"{\"__metadata__\":{\"kind\":\"x\",\"n\":1}}", 0, "not text"},
        {"{\"__metadata__\":{\"n\":\"1\"}}", 0, "of what kind"},
        {"{\"__metadata__\":{\"kind\":\"\\u001b[2J\"}}", 0, "of what kind"},
        {"{\"__metadata__\":{\"kind\":\"\"}}", 0, "of what kind"},
        {"{" META TENSOR("a", "B8", "[2]", "[0,4]") "}", 4, "unknown type"},
        {"{" META ",\"a\":{\"dtype\":4,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "unknown type"},
        {"{" META TENSOR("a", "F32", "2", "[0,8]") "}", 8, "no shape"},
        {"{" META TENSOR("a", "U8", "[1,1,1,1,8]", "[0,8]") "}", 8, "more axes"},
        {"{" META TENSOR("a", "F32", "[-2]", "[0,8]") "}", 8, "impossible shape"},
        {"{" META TENSOR("a", "F32", "[2.0]", "[0,8]") "}", 8, "impossible shape"},
        {"{" META TENSOR("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "impossible shape"},
        {"{" META TENSOR("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0, "impossible shape"},
        {"{" META TENSOR("a", "F32", "[3]", "[0,8]") "}", 8, "longer than the data"},
        {"{" META TENSOR("a", "F32", "[1]", "[0,8]") "}", 8, "do not fit its shape"},
        {"{" META TENSOR("a", "F32", "[2]", "[8,16]") "}", 16, "does not begin"},
        {"{" META TENSOR("a", "F32", "[2]", "[-8,0]") "}", 8, "does not begin"},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8]") TENSOR("b", "F32", "[2]", "[4,12]") "}", 12, "does not begin"},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8]") TENSOR("a", "F32", "[2]", "[8,16]") "}", 16, "not a JSON object"},
        {"{" META TENSOR("a", "F32", "[2]", "[0]") "}", 8, "no offsets"},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8,16]") "}", 8, "no offsets"},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8.0]") "}", 8, "no offsets"},
        {"{" META TENSOR("a", "F32", "[2]", "[0,8]") "}", 9, "belong to no tensor"},
        {"{" META TENSOR("a", "U8", "[1]", "[0,1]") TENSOR("b", "F32", "[1]", "[1,5]") "}", 5, "not aligned"},
        {"{" META ",\"a\":7}", 0, "not described"},
        {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}", 1, "not described"},
        {"{" META TENSOR("", "F32", "[2]", "[0,8]") "}", 8, "printable"},
        {"{" META TENSOR("\\u001b[2J", "F32", "[2]", "[0,8]") "}", 8, "printable"},
        {"{" META TENSOR("abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh", "U8", "[1]", "[0,1]") "}", 1,
         "printable"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        capture_begin();
        int status = decode(pad(bad[i].header), bad[i].data, strlen(pad(bad[i].header)));
        char said[1024];
        snprintf(said, sizeof said, "%.1023s", capture_take());
        capture_end();
        if (status != -1)
            fail_msg("accepted: %s", bad[i].header);
        assert_said(said, "hostile is damaged: ");
        assert_said(said, bad[i].said);
        assert_null(strchr(said, '\033'));
    }
}

static void test_header_length(void **state)
{
    const char *header = pad("{" META "}");
    uint64_t length = strlen(header);
    const uint64_t wrong[] = {0, length - 8, length - 1, length + 1, length + 8, 1u << 30, UINT64_MAX, UINT64_MAX - 7};
    struct bp_record record;
    char *tiny = calloc(1, 7);

    (void)state;
    capture_begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(decode(header, 0, wrong[i]), -1);
    for (size_t size = 0; size < 8; size++)
        assert_int_equal(bp_safetensors_decode(tiny, size, where, &record), -1);
    capture_end();
    free(tiny);
}

/* A header longer than the bound is neither read nor written. */
static void test_header_bound(void **state)
{
    char *text = malloc(BP_HEADER_MAX + 1), *bytes = NULL;
    struct bp_record record;
    size_t size;

    (void)state;
    memset(text, ' ', BP_HEADER_MAX);
    text[BP_HEADER_MAX] = '\0';
    memcpy(text, "{" META "}", strlen("{" META "}"));
    assert_int_equal(decode(text, 0, BP_HEADER_MAX), 0);
    text = realloc(text, BP_HEADER_MAX + 9);
    memset(text + BP_HEADER_MAX, ' ', 8);
    text[BP_HEADER_MAX + 8] = '\0';
    capture_begin();
    assert_int_equal(decode(text, 0, BP_HEADER_MAX + 8), -1);
    bp_record_init(&record, "x");
    bp_record_text(&record, "long", text);
    assert_int_equal(bp_safetensors_encode(&record, &bytes, &size), -1);
    assert_said(capture_take(), "at most 1048576");
    capture_end();
    assert_null(bytes);
    bp_record_clear(&record);
    free(text);
}

static void test_encode(void **state)
{
    uint8_t small[3] = {1, 2, 3};
    double large[2] = {4, 5};
    struct bp_tensor a = bp_tensor_1d("small", BP_U8, 3, small), b = bp_tensor_2d("large", BP_F64, 1, 2, large);
    struct bp_record record;
    char *bytes;
    size_t size;
    uint64_t length;

    (void)state;
    bp_record_init(&record, "x");
    bp_record_tensor(&record, &a);
    bp_record_tensor(&record, &b);
    assert_int_equal(bp_safetensors_encode(&record, &bytes, &size), 0);
    memcpy(&length, bytes, 8);
    assert_int_equal(size, 8 + le64toh(length));
    assert_int_equal(size % 8, 0);
    bytes = realloc(bytes, size + 1);
    bytes[size] = '\0';
    assert_ptr_equal(strstr(bytes + 8, "{" META TENSOR("large", "F64", "[1,2]", "[0,16]") TENSOR("small", "U8", "[3]", "[16,19]") "}"),
                     bytes + 8);
    free(bytes);
    bp_record_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_rejects),
        cmocka_unit_test(test_header_length),
        cmocka_unit_test(test_header_bound),
        cmocka_unit_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
