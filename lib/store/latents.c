#include "store/latents.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int bp_latents_alloc(struct bp_latents *latents, int size, int length, bool with_kl)
{
    size_t rows = (size_t)length, width = (size_t)size * sizeof(float) + (with_kl ? sizeof(float) : 0) + 1;

    *latents = (struct bp_latents){.value = calloc(rows, width)};
    if (!latents->value)
        return bp_error(BP_FAILURE, "out of memory");
    latents->size = size;
    latents->kl = with_kl ? latents->value + rows * (size_t)size : NULL;
    latents->drawn = (uint8_t *)(latents->value + rows * ((size_t)size + with_kl));
    return 0;
}

void bp_latents_free(struct bp_latents *latents)
{
    free(latents->value);
    *latents = (struct bp_latents){0};
}

void bp_latents_write(const struct bp_latents *latents, int length, struct bp_record *record)
{
    struct bp_tensor tensors[] = {
        bp_tensor_2d("latent", BP_F32, length, latents->size, latents->value),
        bp_tensor_1d("latent_drawn", BP_U8, length, latents->drawn),
        bp_tensor_1d("kl_prior_high", BP_F32, length, latents->kl),
    };

    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        if (tensors[i].data)
            bp_record_tensor(record, &tensors[i]);
}

/* ---- reading ---- */

/* 1 or 0 a step, of which the first is 1; where there is no such tensor each step drew. */
static int read_drawn(const struct bp_record *record, const char *where, int length, uint8_t *drawn)
{
    const struct bp_tensor *tensor;

    memset(drawn, 1, (size_t)length);
    if (!bp_tensor_find(record->tensors, record->count, "latent_drawn"))
        return 0;
    if (!(tensor = bp_record_need(record, "latent_drawn", BP_U8, (size_t)length, where)))
        return -1;
    memcpy(drawn, tensor->data, bp_tensor_bytes(tensor));
    for (int t = 0; t < length; t++)
        if (drawn[t] > 1 || (t == 0 && !drawn[t]))
            return bp_error(BP_DAMAGED, "%s is damaged: 'latent_drawn' is %d at step %d of %d", where, drawn[t], t + 1, length);
    return 0;
}

static int read_kl(const struct bp_record *record, const char *where, int length, float *kl)
{
    const struct bp_tensor *tensor = bp_record_need(record, "kl_prior_high", BP_F32, (size_t)length, where);

    if (!tensor)
        return -1;
    memcpy(kl, tensor->data, bp_tensor_bytes(tensor));
    return 0;
}

int bp_latents_read(const struct bp_record *record, const char *where, int length, struct bp_latents *latents)
{
    const struct bp_tensor *value = bp_tensor_find(record->tensors, record->count, "latent");
    bool with_kl = bp_tensor_find(record->tensors, record->count, "kl_prior_high");

    *latents = (struct bp_latents){0};
    if (!value && !with_kl)
        return 0;
    if (!value)
        return bp_error(BP_DAMAGED, "%s is damaged: it has a tensor 'kl_prior_high', but no 'latent'", where);
    if (value->dtype != BP_F32 || value->rank != 2 || value->shape[0] != length || value->shape[1] < 1 || value->shape[1] > INT_MAX / 8)
        return bp_error(BP_DAMAGED, "%s is damaged: tensor 'latent' is not float32 of %d rows", where, length);
    if (bp_latents_alloc(latents, (int)value->shape[1], length, with_kl))
        return -1;
    memcpy(latents->value, value->data, bp_tensor_bytes(value));
    if (read_drawn(record, where, length, latents->drawn) || (with_kl && read_kl(record, where, length, latents->kl))) {
        bp_latents_free(latents);
        return -1;
    }
    return 0;
}
