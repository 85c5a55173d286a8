#include "base/half.h"

#include <math.h>
#include <string.h>
#ifdef __F16C__
#include <immintrin.h>
#endif

enum { SIGN = 0x8000, QUIET = 0x7e00, LARGEST = 0x7bff };

uint16_t bp_half_round(float x)
{
    uint32_t bits, sign, magnitude;

    memcpy(&bits, &x, sizeof bits);
    sign = bits >> 16 & SIGN;
    magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)                             /* not a number */
        return (uint16_t)(sign | QUIET | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477fe000)                            /* 65504 */
        return (uint16_t)(sign | LARGEST);
    if (magnitude < 0x38800000) {                           /* 2^-14: the smallest numbers have steps of 2^-24, as have the sums with 0.5 */
        float moved = fabsf(x) + 0.5f;
        memcpy(&bits, &moved, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (magnitude - 0x38000000) >> 13);
}

float bp_half_value(uint16_t half)
{
    uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff, bits;
    float x = (float)fraction * 0x1p-24f;

    if (exponent == 31)
        bits = 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0);
    else if (exponent)
        bits = (exponent + 112) << 23 | fraction << 13;
    else
        memcpy(&bits, &x, sizeof bits);
    bits |= (uint32_t)(half & SIGN) << 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#ifdef __F16C__

/* min(NaN, x) returns x, the second operand. */
static __m256 within(__m256 x)
{
    return _mm256_max_ps(_mm256_set1_ps(-65504), _mm256_min_ps(_mm256_set1_ps(65504), x));
}

void bp_half_from(uint16_t *dst, const float *src, size_t n)
{
    for (; n >= 8; n -= 8, dst += 8, src += 8)
        _mm_storeu_si128((__m128i *)dst, _mm256_cvtps_ph(within(_mm256_loadu_ps(src)), _MM_FROUND_TO_NEAREST_INT));
    for (; n > 0; n--)
        *dst++ = bp_half_round(*src++);
}

void bp_half_to(float *dst, const uint16_t *src, size_t n)
{
    for (; n >= 8; n -= 8, dst += 8, src += 8)
        _mm256_storeu_ps(dst, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)src)));
    if (n >= 4) {
        _mm_storeu_ps(dst, _mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)src)));
        n -= 4, dst += 4, src += 4;
    }
    for (; n > 0; n--)
        *dst++ = _cvtsh_ss(*src++);
}

#else

void bp_half_from(uint16_t *dst, const float *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bp_half_round(src[i]);
}

void bp_half_to(float *dst, const uint16_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bp_half_value(src[i]);
}

#endif
