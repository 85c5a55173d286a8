/* 16-bit numbers (IEEE binary16), in which a replay may keep observations and rewards. */
#ifndef BP_BASE_HALF_H
#define BP_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

/* Rounded to the nearest, ties to even; numbers beyond +-65504, infinities too, are clipped to it. */
void bp_half_from(uint16_t *dst, const float *src, size_t n);
/* Exact. */
void bp_half_to(float *dst, const uint16_t *src, size_t n);

/* One number, by the same rules, without the processor's instructions. */
uint16_t bp_half_round(float x);
float bp_half_value(uint16_t half);

#endif
