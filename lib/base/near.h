/* The name that was probably meant, for messages about an unknown name. */
#ifndef BP_BASE_NEAR_H
#define BP_BASE_NEAR_H

#include <stddef.h>

/* The nearest of the names offered so far; word and best are borrowed. */
struct bp_near {
    const char *word;
    const char *best;           /* NULL: none is near */
    int distance;
};

/* Letters left out, added, changed or swapped with their neighbour between two words; capitals count as small letters, _ as -. */
int bp_near_distance(const char *a, const char *b);

/* Start without a candidate; a word that is empty, or longer than 63 bytes, is near no name. */
struct bp_near bp_near_begin(const char *word);
/* Keep the name if it is nearer than all before it, and no more than a third of its letters are wrong (of short names, one). */
void bp_near_offer(struct bp_near *near, const char *name);
/* "; did you mean 'PREFIXname'?", or "" when none is near. Returns text. */
const char *bp_near_text(const struct bp_near *near, const char *prefix, char *text, size_t size);
/* All in one, for names that a function counts up to NULL. */
const char *bp_near_among(const char *word, const char *(*names)(int i), char *text, size_t size);

#endif
