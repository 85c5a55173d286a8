#include "base/half.h"

#include "check.h"

#include <stdbool.h>
#include <string.h>

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What a half says, by its definition. */
static double value(int half)
{
    int exponent = half >> 10 & 31, fraction = half & 0x3ff;
    double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);

    return half & 0x8000 ? -magnitude : magnitude;
}

/* All of them; there and back is the same, and the processor's way is the written one. */
static void every_half_is_exact(void **state)
{
    static uint16_t halves[0x10000], back[0x10000];
    static float floats[0x10000];

    (void)state;
    for (int i = 0; i < 0x10000; i++)
        halves[i] = (uint16_t)i;
    for (int shift = 0; shift < 9; shift++)             /* so that each is converted in the middle and at the end */
        bp_half_to(floats + shift * 7, halves + shift * 7, (size_t)(0x10000 - shift * 7));
    for (int i = 0; i < 0x10000; i++) {
        bool finite = (i >> 10 & 31) != 31;
        assert_int_equal(bits_of(floats[i]), bits_of(bp_half_value((uint16_t)i)));
        if (finite)
            assert_true((double)floats[i] == value(i) && !signbit(floats[i]) == !(i >> 15));
        else
            assert_true((i & 0x3ff ? isnan(floats[i]) : isinf(floats[i])) && !signbit(floats[i]) == !(i >> 15));
    }
    bp_half_from(back, floats, 0x10000);
    for (int i = 0; i < 0x10000; i++)
        if ((i >> 10 & 31) != 31)
            assert_int_equal(back[i], i);
}

/* Between each two neighbours: the middle goes to the even one, a little less or more to the nearer. */
static void rounded_to_the_nearest(void **state)
{
    (void)state;
    for (int i = 0; i < 0x7bff; i++) {
        float low = bp_half_value((uint16_t)i), high = bp_half_value((uint16_t)(i + 1)), middle = (low + high) / 2;
        float x[10] = {low, middle, nextafterf(middle, 0), nextafterf(middle, INFINITY), high, -low, -middle, -nextafterf(middle, 0),
                       -nextafterf(middle, INFINITY), -high};
        int even = i & 1 ? i + 1 : i, want[5] = {i, even, i, i + 1, i + 1};
        uint16_t got[10];
        bp_half_from(got, x, 10);
        for (int j = 0; j < 10; j++) {
            assert_int_equal(got[j], want[j % 5] | (j < 5 ? 0 : 0x8000));
            assert_int_equal(bp_half_round(x[j]), got[j]);
        }
    }
}

static void beyond_the_range(void **state)
{
    float x[9] = {65504, 65505, 65520, 1e9f, INFINITY, -65519, -1e30f, -INFINITY, NAN};
    uint16_t got[9];

    (void)state;
    for (int at = 0; at < 9; at++) {                    /* each alone, and among eight */
        bp_half_from(got, x + at, 1);
        assert_int_equal(got[0], bp_half_round(x[at]));
    }
    bp_half_from(got, x, 9);
    for (int i = 0; i < 8; i++)
        assert_int_equal(got[i], i < 5 ? 0x7bff : 0xfbff);
    assert_true(isnan(bp_half_value(got[8])));
    float mixed[8] = {NAN, 1, -NAN, 2, float_of(0x7f800001), 3, 1e-9f, -1e-9f};
    bp_half_from(got, mixed, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(got[i], bp_half_round(mixed[i]));
    assert_true(isnan(bp_half_value(got[0])) && isnan(bp_half_value(got[4])) && got[6] == 0 && got[7] == 0x8000);
}

/* Floats of all magnitudes: the processor's way is the written one. */
static void both_ways_agree(void **state)
{
    uint32_t x = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        float some[8];
        uint16_t got[8];
        for (int i = 0; i < 8; i++) {
            x = x * 1664525u + 1013904223u;
            some[i] = float_of(x ^ x >> 15);
        }
        bp_half_from(got, some, 8);
        for (int i = 0; i < 8; i++)
            assert_int_equal(got[i], bp_half_round(some[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_exact),
        cmocka_unit_test(rounded_to_the_nearest),
        cmocka_unit_test(beyond_the_range),
        cmocka_unit_test(both_ways_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
