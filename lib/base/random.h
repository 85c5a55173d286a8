/*
 * Random streams. A stream is a function of (seed, purpose, actor, episode) and of how far it was read: Philox4x32-10
 * (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") as a generator type of GSL, so that every GSL
 * distribution draws from it. Streams with any different coordinate are independent.
 */
#ifndef BP_BASE_RANDOM_H
#define BP_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

extern const gsl_rng_type *const bp_philox;

/* What a stream is for; part of its coordinates. Append only: the numbers decide the bytes of a run. */
enum bp_purpose {
    BP_FOR_WEIGHTS, BP_FOR_RESET, BP_FOR_ACTION, BP_FOR_SAMPLE, BP_FOR_UPDATE, BP_FOR_EVALUATION, BP_FOR_ROLLOUT,
    BP_FOR_SPLIT, BP_FOR_TEST,
};

/* A new stream, to be freed with gsl_rng_free; NULL after reporting that memory is out. */
gsl_rng *bp_random_new(void);

/* Point the stream at the start of the given coordinates. */
void bp_random_seek(gsl_rng *stream, uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode);

/* Whether bytes (gsl_rng_size of a stream) are a state that the stream of these coordinates can have; a file may hold any. */
bool bp_random_valid(const void *state, uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode);

/* 64 random bits, a function of the coordinates: seeds for things that have streams of their own. */
uint64_t bp_random_seed(uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode);

/* Fill dst with n standard normal numbers. */
void bp_random_normal(gsl_rng *stream, float *dst, int n);

#endif
