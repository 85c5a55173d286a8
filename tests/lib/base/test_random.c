#include "base/random.h"

#include "check.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <string.h>

/* ---- Philox4x32-10, written down again from the paper ---- */

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4], k[2] = {key[0], key[1]};

    memcpy(c, counter, sizeof c);
    for (int round = 0; round < 10; round++, k[0] += 0x9E3779B9, k[1] += 0xBB67AE85) {
        uint64_t p0 = (uint64_t)0xD2511F53 * c[0], p1 = (uint64_t)0xCD9E8D57 * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k[1], (uint32_t)p0};
        memcpy(c, next, sizeof c);
    }
    memcpy(out, c, sizeof c);
}

/* The vectors that Random123 is published with. */
static void reference_answers_as_published(void **state)
{
    static const struct { uint32_t counter[4], key[2], out[4]; } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

/* Block n of a stream is the cipher of counter n under the seed. */
static void streams_are_philox(void **state)
{
    static const unsigned long seeds[] = {0, 1, 0xFFFFFFFFFFFFFFFF, 0x299f31d0a4093822};
    gsl_rng *stream = bp_random_new();

    (void)state;
    for (int s = 0; s < 4; s++) {
        const uint32_t key[2] = {(uint32_t)seeds[s], (uint32_t)(seeds[s] >> 32)};
        gsl_rng_set(stream, seeds[s]);
        for (uint32_t block = 0; block < 500; block++) {
            uint32_t out[4];
            philox((const uint32_t[4]){block}, key, out);
            for (int i = 0; i < 4; i++)
                assert_true(gsl_rng_get(stream) == out[i]);
        }
    }
    gsl_rng_set(stream, 0);
    assert_true(gsl_rng_get(stream) == 0x6627e8d5);
    assert_true(gsl_rng_get(stream) == 0xe169c58d);
    assert_true(gsl_rng_get(stream) == 0xbc57ac4c);
    assert_true(gsl_rng_get(stream) == 0x9b00dbd8);
    gsl_rng_free(stream);
}

/* ---- streams by coordinates ---- */

enum { WORDS = 64 };

static void read_words(gsl_rng *stream, uint32_t *words)
{
    for (int i = 0; i < WORDS; i++)
        words[i] = (uint32_t)gsl_rng_get(stream);
}

static void seeking_is_reproducible(void **state)
{
    gsl_rng *a = bp_random_new(), *b = bp_random_new();
    uint32_t first[WORDS], again[WORDS], other[WORDS];

    (void)state;
    bp_random_seek(a, 7, BP_FOR_ACTION, 3, 12);
    read_words(a, first);
    bp_random_seek(b, 99, BP_FOR_RESET, 0, 0);
    read_words(b, other);
    bp_random_seek(b, 7, BP_FOR_ACTION, 3, 12);         /* whatever was read before */
    read_words(b, again);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    gsl_rng_free(a);
    gsl_rng_free(b);
}

/* Any one coordinate makes another stream, also 64-bit ones in their upper half; and no stream is another one shifted. */
static void coordinates_make_different_streams(void **state)
{
    static const struct { uint64_t seed; enum bp_purpose purpose; uint64_t actor, episode; } at[] = {
        {1, BP_FOR_RESET, 0, 0}, {2, BP_FOR_RESET, 0, 0}, {1, BP_FOR_ACTION, 0, 0}, {1, BP_FOR_RESET, 1, 0}, {1, BP_FOR_RESET, 0, 1},
        {1ull << 32 | 1, BP_FOR_RESET, 0, 0}, {1, BP_FOR_RESET, 1ull << 40, 0}, {1, BP_FOR_RESET, 0, 1ull << 40}, {0, BP_FOR_WEIGHTS, 0, 0},
    };
    enum { STREAMS = sizeof at / sizeof *at };
    static uint32_t words[STREAMS][WORDS];
    gsl_rng *stream = bp_random_new();
    int equal = 0;

    (void)state;
    for (int i = 0; i < STREAMS; i++) {
        bp_random_seek(stream, at[i].seed, at[i].purpose, at[i].actor, at[i].episode);
        read_words(stream, words[i]);
    }
    for (int i = 0; i < STREAMS; i++)
        for (int j = 0; j < i; j++)
            for (int a = 0; a < WORDS; a++)
                for (int b = 0; b < WORDS; b++)
                    equal += words[i][a] == words[j][b];
    assert_int_equal(equal, 0);         /* of 147 456 pairs of words 0.00003 are expected to agree by chance */
    gsl_rng_free(stream);
}

/* Neighbouring coordinates, which is what runs use, are not correlated: 5 standard errors of 1 / sqrt(n). */
static void neighbours_are_not_correlated(void **state)
{
    enum { N = 40000 };
    gsl_rng *a = bp_random_new(), *b = bp_random_new();

    (void)state;
    for (int which = 0; which < 4; which++) {
        double sum = 0;
        bp_random_seek(a, 1, BP_FOR_RESET, 0, 0);
        bp_random_seek(b, 1 + (which == 0), which == 1 ? BP_FOR_ACTION : BP_FOR_RESET, which == 2, which == 3);
        for (int i = 0; i < N; i++)
            sum += (gsl_rng_uniform(a) - 0.5) * (gsl_rng_uniform(b) - 0.5) * 12;
        assert_close(sum / N, 0, 5 / sqrt(N));
    }
    gsl_rng_free(a);
    gsl_rng_free(b);
}

/* A stream's state is plain bytes: put into another generator they go on in the middle of a block. */
static void state_can_be_moved(void **state)
{
    gsl_rng *a = bp_random_new(), *b = bp_random_new();
    uint32_t rest[WORDS], moved[WORDS];

    (void)state;
    assert_int_equal(gsl_rng_size(a), gsl_rng_size(b));
    for (int read = 0; read < 9; read++) {
        bp_random_seek(a, 5, BP_FOR_TEST, 1, (uint64_t)read);
        for (int i = 0; i < read; i++)
            gsl_rng_get(a);
        memcpy(gsl_rng_state(b), gsl_rng_state(a), gsl_rng_size(a));
        read_words(a, rest);
        read_words(b, moved);
        assert_memory_equal(rest, moved, sizeof rest);
    }
    gsl_rng_free(a);
    gsl_rng_free(b);
}

static void seeds_are_spread(void **state)
{
    int ones = 0;

    (void)state;
    assert_true(bp_random_seed(1, BP_FOR_RESET, 2, 3) == bp_random_seed(1, BP_FOR_RESET, 2, 3));
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t seed = bp_random_seed(1, BP_FOR_RESET, 0, i);
        assert_true(seed != bp_random_seed(1, BP_FOR_RESET, 1, i));
        assert_true(seed != bp_random_seed(1, BP_FOR_RESET, 0, i + 1));
        ones += __builtin_popcountll(seed);
    }
    assert_close(ones, 32000, 5 * sqrt(64000 * 0.25));
}

/* ---- distributions ---- */

/* Chi-square over 64 cells: beyond the 1e-6 quantile on either side nobody is that uniform, or that little. */
static void words_are_uniform(void **state)
{
    enum { CELLS = 64, N = 128000 };
    gsl_rng *stream = bp_random_new();
    int low[CELLS] = {0}, high[CELLS] = {0};
    double low_sum = 0, high_sum = 0, expected = (double)N / CELLS;

    (void)state;
    bp_random_seek(stream, 11, BP_FOR_TEST, 0, 0);
    for (int i = 0; i < N; i++) {
        unsigned long word = gsl_rng_get(stream);
        low[word % CELLS]++;
        high[word >> 26]++;
    }
    for (int i = 0; i < CELLS; i++) {
        low_sum += (low[i] - expected) * (low[i] - expected) / expected;
        high_sum += (high[i] - expected) * (high[i] - expected) / expected;
    }
    assert_true(low_sum > gsl_cdf_chisq_Pinv(1e-6, CELLS - 1) && low_sum < gsl_cdf_chisq_Qinv(1e-6, CELLS - 1));
    assert_true(high_sum > gsl_cdf_chisq_Pinv(1e-6, CELLS - 1) && high_sum < gsl_cdf_chisq_Qinv(1e-6, CELLS - 1));
    gsl_rng_free(stream);
}

static void uniform_numbers_stay_below_one(void **state)
{
    gsl_rng *stream = bp_random_new();
    double least = 1, most = 0;

    (void)state;
    bp_random_seek(stream, 12, BP_FOR_TEST, 0, 0);
    for (int i = 0; i < 100000; i++) {
        double u = gsl_rng_uniform(stream);
        least = u < least ? u : least;
        most = u > most ? u : most;
    }
    assert_true(least >= 0 && least < 1e-4 && most < 1 && most > 1 - 1e-4);
    assert_true(gsl_rng_max(stream) == 0xFFFFFFFF && gsl_rng_min(stream) == 0);
    gsl_rng_free(stream);
}

/* The first four moments of a normal, each within 5 of its standard errors. */
static void normal_numbers_have_the_moments(void **state)
{
    enum { N = 200000 };
    static float x[N];
    double sum[5] = {0};

    (void)state;
    fill_normal(x, N, 13);
    for (int i = 0; i < N; i++)
        for (int power = 1; power <= 4; power++)
            sum[power] += pow((double)x[i], power) / N;
    assert_close(sum[1], 0, 5 * sqrt(1.0 / N));
    assert_close(sum[2], 1, 5 * sqrt(2.0 / N));
    assert_close(sum[3], 0, 5 * sqrt(15.0 / N));
    assert_close(sum[4], 3, 5 * sqrt(96.0 / N));
}

/* What a stream can have become by being read, and no other bytes: not even those of its neighbour. */
static void states_of_a_stream(void **state)
{
    gsl_rng *stream = bp_random_new();
    uint8_t bytes[64], *own = gsl_rng_state(stream);
    size_t size = gsl_rng_size(stream);

    (void)state;
    assert_true(size <= sizeof bytes);
    bp_random_seek(stream, 7, BP_FOR_ACTION, 3, 2);
    for (int i = 0; i < 50; i++) {
        assert_true(bp_random_valid(own, 7, BP_FOR_ACTION, 3, 2));
        assert_false(bp_random_valid(own, 8, BP_FOR_ACTION, 3, 2) || bp_random_valid(own, 7, BP_FOR_SAMPLE, 3, 2) ||
                     bp_random_valid(own, 7, BP_FOR_ACTION, 4, 2) || bp_random_valid(own, 7, BP_FOR_ACTION, 3, 1));
        for (size_t k = 0; k < size; k++) {
            memcpy(bytes, own, size);
            bytes[k] ^= 0x80;
            assert_false(bp_random_valid(bytes, 7, BP_FOR_ACTION, 3, 2));
        }
        gsl_rng_get(stream);
    }
    gsl_rng_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_answers_as_published),
        cmocka_unit_test(streams_are_philox),
        cmocka_unit_test(seeking_is_reproducible),
        cmocka_unit_test(coordinates_make_different_streams),
        cmocka_unit_test(neighbours_are_not_correlated),
        cmocka_unit_test(state_can_be_moved),
        cmocka_unit_test(states_of_a_stream),
        cmocka_unit_test(seeds_are_spread),
        cmocka_unit_test(words_are_uniform),
        cmocka_unit_test(uniform_numbers_stay_below_one),
        cmocka_unit_test(normal_numbers_have_the_moments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
