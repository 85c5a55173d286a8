/* Resume states with right checksums and wrong content: a state with some numbers changed, a function of the seed. */
#ifndef BP_TESTS_FUZZ_STATES_H
#define BP_TESTS_FUZZ_STATES_H

#include "base/random.h"
#include "store/pack.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t state_integers[] = {0, 1, -1, -2, 2, 3, 5, 19, 20, 21, 375, 376, 4096, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1ll << 33, 1000000007};
static const double state_reals[] = {NAN, INFINITY, -INFINITY, 1e300, -1e30, 1e11, -1, 0, 5e-324, 1e9};

#define STATE_ONE(stream, list) (list[gsl_rng_uniform_int(stream, sizeof list / sizeof *list)])

/* A word of a tensor: of its own type, or in a tensor of bytes any. */
__attribute__((unused)) static void change_word(gsl_rng *stream, struct bp_tensor *tensor)
{
    int64_t whole = STATE_ONE(stream, state_integers);
    double real = STATE_ONE(stream, state_reals);
    float single = (float)real;
    int32_t narrow = (int32_t)whole;
    size_t bytes = bp_tensor_bytes(tensor), size = bp_dtype_size(tensor->dtype);
    const void *word = &whole;

    if (tensor->dtype == BP_U8) {
        size = gsl_rng_uniform_int(stream, 2) ? 8 : 4;
        word = size == 4 ? (void *)&narrow : gsl_rng_uniform_int(stream, 2) ? (void *)&whole : (void *)&real;
    } else if (tensor->dtype == BP_F32) {
        word = &single;
    } else if (tensor->dtype == BP_F64) {
        word = &real;
    } else if (tensor->dtype == BP_I32) {
        word = &narrow;
    }
    if (bytes < size)
        return;
    /* Half of the changes are at the front, where counters are, or where an array begins. */
    size_t words = bytes / size, at = gsl_rng_uniform_int(stream, gsl_rng_uniform_int(stream, 2) && words > 24 ? 24 : words);
    memcpy((char *)tensor->data + at * size, word, size);
}

/* Copy the state `from` to `to` with the changes of that seed: one in about `rate` records, at least one. -1 when it cannot be read or written. */
__attribute__((unused)) static int mutant_state(const char *from, const char *to, uint64_t seed, unsigned long rate)
{
    struct bp_pack_reader *reader = bp_pack_open(from);
    struct bp_pack_writer *writer = reader ? bp_pack_create(to, 0) : NULL;
    gsl_rng *stream = bp_random_new();
    struct bp_record record = {0};
    int status = writer && stream ? 0 : -1;

    if (stream)
        bp_random_seek(stream, seed, BP_FOR_TEST, 1, 0);
    while (!status && bp_pack_read(reader, &record) == 1) {
        if (record.count && gsl_rng_uniform_int(stream, rate) == 0)
            for (unsigned long changes = 1 + gsl_rng_uniform_int(stream, 3); changes > 0; changes--)
                change_word(stream, &record.tensors[0]);
        status = bp_pack_write(writer, &record);
        bp_record_clear(&record);
    }
    if (stream)
        gsl_rng_free(stream);
    bp_pack_close(reader);
    if (writer && status)
        bp_pack_abort(writer);
    else if (writer)
        status = bp_pack_commit(writer);
    return status;
}

#endif
