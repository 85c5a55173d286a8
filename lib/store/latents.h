/* Latents that a hierarchical policy or prior drew along an episode (bp-trajectory(5)). */
#ifndef BP_STORE_LATENTS_H
#define BP_STORE_LATENTS_H

#include "store/pack.h"

/* An episode without latents has size 0 and no arrays. */
struct bp_latents {
    int size;                   /* Z */
    float *value;               /* T x Z: in force at each step. Owned, with what follows it */
    float *kl;                  /* T: share of the latent in kl_prior, nats, 0 where it was held; NULL: no KL was recorded */
    uint8_t *drawn;             /* T: 1 where the latent was drawn, 0 where that of the step before was held */
};

/* Arrays for an episode of up to `length` steps, zeroed. -1 when out of memory, with none. */
int bp_latents_alloc(struct bp_latents *latents, int size, int length, bool with_kl) BP_WARN_UNUSED;
void bp_latents_free(struct bp_latents *latents);       /* zeroed ones are fine */

/* Add the tensors of an episode of `length` steps to its record, which borrows the arrays. Nothing without latents. */
void bp_latents_write(const struct bp_latents *latents, int length, struct bp_record *record);
/* The latents of a record, copied; none when it has none. -1 after reporting what is damaged. */
int bp_latents_read(const struct bp_record *record, const char *where, int length, struct bp_latents *latents) BP_WARN_UNUSED;

#endif
