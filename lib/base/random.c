#include "base/random.h"

#include "base/error.h"

#include <gsl/gsl_randist.h>
#include <string.h>

/* State of a stream: what gsl_rng_state() points at, and all that a saved run keeps of it. */
struct philox {
    uint32_t key[2];
    uint32_t counter[4];        /* [0..1] blocks read so far, [2..3] coordinates */
    uint32_t block[4];          /* the current block of output */
    uint32_t used;              /* words of it already given out */
};

static void philox_block(struct philox *state)
{
    uint32_t c0 = state->counter[0], c1 = state->counter[1], c2 = state->counter[2], c3 = state->counter[3];
    uint32_t k0 = state->key[0], k1 = state->key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53 * c0, p1 = (uint64_t)0xCD9E8D57 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    state->block[0] = c0;
    state->block[1] = c1;
    state->block[2] = c2;
    state->block[3] = c3;
    state->used = 0;
    if (++state->counter[0] == 0)
        state->counter[1]++;
}

static unsigned long philox_get(void *raw)
{
    struct philox *state = raw;

    if (state->used == 4)
        philox_block(state);
    return state->block[state->used++];
}

static double philox_get_double(void *raw)
{
    return (double)philox_get(raw) / 4294967296.0;
}

static void philox_set(void *raw, unsigned long seed)
{
    struct philox *state = raw;

    memset(state, 0, sizeof *state);
    state->key[0] = (uint32_t)seed;
    state->key[1] = (uint32_t)(seed >> 32);
    state->used = 4;
}

static const gsl_rng_type philox_type = {
    "philox4x32-10", 0xFFFFFFFFUL, 0, sizeof(struct philox), philox_set, philox_get, philox_get_double,
};

const gsl_rng_type *const bp_philox = &philox_type;

gsl_rng *bp_random_new(void)
{
    gsl_rng *stream = gsl_rng_alloc(bp_philox);

    if (!stream)
        bp_error(BP_FAILURE, "out of memory");
    return stream;
}

/* Finaliser of MurmurHash3: spreads every bit of x over all bits. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDull;
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53ull;
    return x ^ (x >> 33);
}

static void seek(struct philox *state, uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode)
{
    philox_set(state, mix(seed ^ mix(((uint64_t)purpose << 56) + (actor + 1) * 0x9E3779B97F4A7C15ull)));
    state->counter[2] = (uint32_t)episode;
    state->counter[3] = (uint32_t)(episode >> 32);
}

void bp_random_seek(gsl_rng *stream, uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode)
{
    seek(stream->state, seed, purpose, actor, episode);
}

/* The block is what comes before the counter; none was read yet where that is 0. */
bool bp_random_valid(const void *raw, uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode)
{
    struct philox state, own;

    memcpy(&state, raw, sizeof state);
    seek(&own, seed, purpose, actor, episode);
    own.counter[0] = state.counter[0];
    own.counter[1] = state.counter[1];
    if (own.counter[0] || own.counter[1]) {
        if (own.counter[0]-- == 0)
            own.counter[1]--;
        philox_block(&own);
        own.used = state.used;
    }
    return state.used <= 4 && !memcmp(&state, &own, sizeof own);
}

uint64_t bp_random_seed(uint64_t seed, enum bp_purpose purpose, uint64_t actor, uint64_t episode)
{
    struct philox state;

    seek(&state, seed, purpose, actor, episode);
    philox_block(&state);
    return (uint64_t)state.block[0] << 32 | state.block[1];
}

void bp_random_normal(gsl_rng *stream, float *dst, int n)
{
    for (int i = 0; i < n; i++)
        dst[i] = (float)gsl_ran_gaussian_ziggurat(stream, 1.0);
}
