#include "store/sha256.h"
#include "support.h"

/* The examples of FIPS 180-4, and one long enough to count bits beyond 32. */
static const struct { const char *text; int repeat; const char *hash; } examples[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct bp_sha256 sha;
        char hash[65];
        bp_sha256_init(&sha);
        for (int j = 0; j < examples[i].repeat; j++)
            bp_sha256_add(&sha, examples[i].text, strlen(examples[i].text));
        bp_sha256_text(&sha, hash);
        assert_string_equal(hash, examples[i].hash);
    }
}

/* However the bytes come, in one piece or two of any length, the hash is one. */
static void test_pieces(void **state)
{
    unsigned char bytes[200];
    char whole[65], parts[65];
    struct bp_sha256 sha;

    (void)state;
    for (int i = 0; i < 200; i++)
        bytes[i] = (unsigned char)(i * 37);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        bp_sha256_init(&sha);
        bp_sha256_add(&sha, bytes, size);
        bp_sha256_text(&sha, whole);
        for (size_t cut = 0; cut <= size; cut++) {
            bp_sha256_init(&sha);
            bp_sha256_add(&sha, bytes, cut);
            bp_sha256_add(&sha, bytes + cut, size - cut);
            bp_sha256_text(&sha, parts);
            assert_string_equal(whole, parts);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
