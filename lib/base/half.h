/* Numbers of 16 bits (IEEE binary16), as which a replay may keep what does not need more. */
#ifndef BP_BASE_HALF_H
#define BP_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

/* Rounded to the nearest, ties to even; what lies beyond +-65504, infinities too, becomes that. */
void bp_half_from(uint16_t *dst, const float *src, size_t n);
/* Exact. */
void bp_half_to(float *dst, const uint16_t *src, size_t n);

/* One number, without the processor's help: what the two above do. */
uint16_t bp_half_round(float x);
float bp_half_value(uint16_t half);

#endif
