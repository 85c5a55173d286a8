#include "store/header.h"

#include "store/safetensors.h"

#include "../base/check.h"
#include "support.h"

#include <endian.h>

static const char written[] =
    "{\"__metadata__\":{\"kind\":\"episode\",\"text\":\"a \\\" and } and \\\\\"},\"observation/x\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]},"
    "\"none\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[16,18]},\"flag\":{\"dtype\":\"U8\",\"shape\":[10],\"data_offsets\":[18,28]}}   ";
enum { DATA = 28 };

static void what_is_read(void **state)
{
    struct bp_header header;

    (void)state;
    assert_true(bp_header_scan(written, strlen(written), &header));
    assert_int_equal(header.fields_size, strlen("{\"kind\":\"episode\",\"text\":\"a \\\" and } and \\\\\"}"));
    assert_memory_equal(header.fields, "{\"kind\":", 8);
    assert_int_equal(header.count, 3);
    assert_string_equal(header.entry[0].name, "observation/x");
    assert_int_equal(header.entry[0].dtype, BP_F64);
    assert_int_equal(header.entry[0].rank, 2);
    assert_int_equal(header.entry[0].shape[0], 2);
    assert_int_equal(header.entry[0].shape[1], 1);
    assert_int_equal(header.entry[1].rank, 0);
    assert_int_equal(header.entry[1].begin, 16);
    assert_int_equal(header.entry[2].end, 28);
}

/* Left to the parser: it knows what is allowed, and what to say. */
static void what_is_not(void **state)
{
#define F "{\"__metadata__\":{}"
#define T(name, shape, begin) ",\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":[" begin ",1]}"
    static const char *const texts[] = {
        "", "{", "{}", F, F "} x", F ",}", F ",\"a\":1}", " " F "}", "{\"__metadata__\":{\"a\":{}}}", "{\"__metadata__\":{\"a\":\"\\", F "}}",
        F T("a", "[01]", "0") "}", F T("a", "[-1]", "0") "}", F T("a", "[1,]", "0") "}", F T("a", "[1 ]", "0") "}", F T("a", "[1.0]", "0") "}",
        F T("a", "[1,1,1,1,1]", "0") "}", F T("a", "[1234567890123456789]", "0") "}", F T("a", "[1]", "") "}", F T("", "[1]", "0") "}",
        F T("a\\u0041", "[1]", "0") "}", F T("a", "[1]", "0") T("a", "[0]", "1") "}", F T("__metadata__", "[1]", "0") "}",
        F T("abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh", "[1]", "0") "}",
    };
    struct bp_header header;

    (void)state;
    assert_true(bp_header_scan(F T("a", "[1]", "0") "}", strlen(F T("a", "[1]", "0") "}"), &header));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (bp_header_scan(texts[i], strlen(texts[i]), &header))
            fail_msg("scanned: %s", texts[i]);
    for (size_t size = 0; size < strlen(written) - 3; size++)
        assert_false(bp_header_scan(written, size, &header));
}

/* Decode a text with `before` spaces in front, which only the parser takes; *said: what was reported. */
static int decode(const char *text, size_t before, struct bp_record *record, char said[256])
{
    size_t length = before + strlen(written);
    uint64_t word = htole64(length);
    char *bytes = calloc(1, 8 + length + DATA);

    memcpy(bytes, &word, 8);
    memset(bytes + 8, ' ', before);
    memcpy(bytes + 8 + before, text, strlen(written));
    capture_begin();
    int status = bp_safetensors_decode(bytes, 8 + length + DATA, "it", record);
    snprintf(said, 256, "%.255s", capture_take());
    capture_end();
    if (status)
        free(bytes);
    return status;
}

/* With a character or two changed, the quick way and the parser agree on what it is and on what is wrong with it. */
static void agrees_with_the_parser(void **state)
{
    static const char characters[] = "0123456789\"\\,:{}[] aFU-._\x01\x7f";
    gsl_rng *stream = bp_random_new();
    int accepted = 0, scanned = 0;

    (void)state;
    bp_random_seek(stream, 1, BP_FOR_TEST, 0, 0);
    for (int i = 0; i < 3000; i++) {
        char text[sizeof written], said[2][256];
        struct bp_record quick, slow;
        struct bp_header header;
        strcpy(text, written);
        for (int changes = i % 3; changes > 0; changes--)
            text[gsl_rng_uniform_int(stream, strlen(written))] = characters[gsl_rng_uniform_int(stream, strlen(characters))];
        int status = decode(text, 0, &quick, said[0]);
        assert_int_equal(decode(text, 8, &slow, said[1]), status);
        assert_string_equal(said[0], said[1]);
        if (!status) {
            assert_true(json_equal(quick.fields, slow.fields));
            assert_int_equal(quick.count, slow.count);
            for (size_t t = 0; t < quick.count; t++) {
                const struct bp_tensor *a = &quick.tensors[t], *b = &slow.tensors[t];
                assert_string_equal(a->name, b->name);
                assert_true(a->dtype == b->dtype && a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape));
                assert_int_equal((char *)a->data - (char *)quick.storage, (char *)b->data - (char *)slow.storage - 8);
            }
            accepted++;
        }
        scanned += bp_header_scan(text, strlen(text), &header);
        bp_record_clear(&quick);
        bp_record_clear(&slow);
    }
    assert_in_range(accepted, 1000, 2900);
    assert_in_range(scanned, accepted, 2950);
    gsl_rng_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read), cmocka_unit_test(what_is_not), cmocka_unit_test(agrees_with_the_parser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
