/* Places of things along an episode, seen from above, from which trajectories are drawn (bp-trajectory(5)). */
#ifndef BP_STORE_PLACES_H
#define BP_STORE_PLACES_H

#include "store/pack.h"

enum { BP_PLACES_MOST = 16 };   /* targets, and boxes, at most */

/* Lengths in m, headings in rad, along the world's axes. An episode without places has pose NULL. */
struct bp_places {
    float *pose;                /* (T+1) x 3: x, y and heading of the body's root. Owned, with what follows it */
    float *target;              /* (T+1) x 2 targets: x and y of each; NULL: none */
    float *box;                 /* (T+1) x 3 boxes: x, y and heading of each; NULL: none */
    int targets, boxes;
    double edge;                /* of the square arena round the origin; 0: an open plane, or a corridor */
    double corridor;            /* width of the corridor along x; 0: none */
    double gap[2];              /* from where to where along x its floor is missing */
    double target_size;         /* edge of the targets' squares, or diameter of their discs */
    bool target_round;
};

/* Arrays for an episode of up to `length` steps, zeroed; the other members as in `scene`. -1 when out of memory, with none. */
int bp_places_alloc(struct bp_places *places, const struct bp_places *scene, int length) BP_WARN_UNUSED;
void bp_places_free(struct bp_places *places);          /* zeroed ones are fine */

/* Add fields and tensors of an episode of `length` steps to its record, which borrows the arrays. Nothing without a pose. */
void bp_places_write(const struct bp_places *places, int length, struct bp_record *record);
/* The places of a record, copied; without a pose when it has none. -1 after reporting what is damaged. */
int bp_places_read(const struct bp_record *record, const char *where, int length, struct bp_places *places) BP_WARN_UNUSED;

#endif
