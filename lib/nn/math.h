/*
 * Exponentials and logarithms without branches, which compilers turn into vector code. NaN stays NaN. Errors against libm
 * (tests/lib/nn/test_math.c): exp within 2e-7 relative in [-87, 88], 0 below and inf above; log within 2e-7 of max(1, |log|); sigmoid,
 * tanh, softplus and elu within 2e-7 absolute (softplus relative where it is above 1).
 */
#ifndef BP_NN_MATH_H
#define BP_NN_MATH_H

#include <stdint.h>

/* exp(x) for -87 <= x <= 88.7 alone. */
static inline float bp_exp_within(float x)
{
    const float magic = 12582912.0f;            /* 1.5 * 2^23: adding it rounds to a whole number in the low bits */
    union { float f; uint32_t u; } k, power;       /* unsigned, since for NaN the arithmetic wraps around */

    k.f = x * 1.44269504088896341f + magic;
    float n = k.f - magic;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;                 /* minimax polynomial of Cephes' expf */
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    power.u = (k.u - 0x4B400000u + 127u) << 23;   /* 2^n */
    return p * power.f;
}

static inline float bp_exp(float x)
{
    float z = x < -87.0f ? -87.0f : x;

    z = bp_exp_within(z > 88.7f ? 88.7f : z);
    z = x < -87.0f ? 0.0f : z;
    return x > 88.7f ? __builtin_inff() : z;
}

/* log(x) for normal x > 0; NaN for infinity. */
static inline float bp_ln(float x)
{
    union { float f; uint32_t u; } m = {x};
    uint32_t above = m.u - 0x3F3504F3u;         /* bits of sqrt(1/2), so that the mantissa falls into [sqrt(1/2), sqrt(2)) */
    float n = (float)((int32_t)above >> 23);

    m.u = (above & 0x007FFFFFu) + 0x3F3504F3u;
    float r = m.f - 1.0f, p = 7.0376836292e-2f; /* minimax polynomial of Cephes' logf */
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    p = p * r * r * r - n * 2.12194440e-4f - 0.5f * r * r;
    return r + p + n * 0.693359375f + (x - x);
}

static inline float bp_sigmoid(float x)
{
    return 1.0f / (1.0f + bp_exp(-x));
}

static inline float bp_tanh(float x)
{
    return 1.0f - 2.0f / (1.0f + bp_exp(2.0f * x));
}

/* log(1 + exp(x)) */
static inline float bp_softplus(float x)
{
    float away = x > 0 ? -x : x;

    return (x > 0 ? x : 0.0f) + bp_ln(1.0f + bp_exp_within(away < -87.0f ? -87.0f : away));
}

/* x above 0, exp(x) - 1 below. */
static inline float bp_elu(float x)
{
    float e = bp_exp_within(x < -87.0f ? -87.0f : x) - 1.0f;

    return x > 0 ? x : e;
}

#endif
