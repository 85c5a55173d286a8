/*
 * Exponentials without branches, which compilers turn into vector code. NaN goes through. Against libm (tests/lib/nn/test_math.c):
 * exp within 2e-7 relative in [-87, 88], 0 below and inf above; sigmoid and tanh within 2e-7 absolute.
 */
#ifndef BP_NN_MATH_H
#define BP_NN_MATH_H

#include <stdint.h>

static inline float bp_exp(float x)
{
    const float magic = 12582912.0f;            /* 1.5 * 2^23: adding it rounds to a whole number in the low bits */
    union { float f; uint32_t u; } k, power;       /* unsigned, since for NaN the arithmetic wraps around */
    float z = x < -87.0f ? -87.0f : x;

    z = z > 88.7f ? 88.7f : z;
    k.f = z * 1.44269504088896341f + magic;
    float n = k.f - magic;
    float r = (z - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;                 /* minimax polynomial of Cephes' expf */
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    power.u = (k.u - 0x4B400000u + 127u) << 23;   /* 2^n */
    p *= power.f;
    p = x < -87.0f ? 0.0f : p;
    return x > 88.7f ? __builtin_inff() : p;
}

static inline float bp_sigmoid(float x)
{
    return 1.0f / (1.0f + bp_exp(-x));
}

static inline float bp_tanh(float x)
{
    return 1.0f - 2.0f / (1.0f + bp_exp(2.0f * x));
}

#endif
