/* Spaces: what an action or a latent is. Their kinds are rows of a table; tasks, agents, levels and recordings say of which they are. */
#ifndef BP_BASE_SPACE_H
#define BP_BASE_SPACE_H

#include <stdbool.h>

enum bp_space_kind {
    BP_CONTINUOUS,              /* `size` real numbers */
    BP_DISCRETE,                /* one of `size` choices, as a row of numbers: 1 for the choice, 0 for the others */
    BP_SPACE_KINDS
};

struct bp_space {
    enum bp_space_kind kind;
    int size;
};

/* That of `size` real numbers. */
static inline struct bp_space bp_continuous(int size)
{
    return (struct bp_space){BP_CONTINUOUS, size};
}

/* That of `size` choices. */
static inline struct bp_space bp_discrete(int size)
{
    return (struct bp_space){BP_DISCRETE, size};
}

/* Name of a kind, "unknown" for what is none. The kind of that name, BP_SPACE_KINDS when there is none. */
const char *bp_space_kind_name(enum bp_space_kind kind);
enum bp_space_kind bp_space_kind_find(const char *name);

bool bp_space_equal(struct bp_space a, struct bp_space b);

/* Which choice a row of `size` numbers is: that of the largest, the first of equal ones. */
int bp_choice(const float *row, int size);

/* Whether each of `rows` rows is in the space: of choices, one 1 and zeros. Any number is in a continuous one. */
bool bp_space_holds(struct bp_space space, const float *row, int rows);

/* As it stands in messages, "2 continuous numbers", in text of `size` bytes; returns text. */
const char *bp_space_text(struct bp_space space, char *text, int size);

#endif
