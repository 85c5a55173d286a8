/*
 * What of a checkpoint a new agent is made of, and how: a list of {to, from, freeze | initialise | share}. Which list is a row of a table
 * (bp-transfer --reuse). The critic is always fresh: the old one knows the values of another task, or of another body.
 */
#ifndef BP_RUN_REUSE_H
#define BP_RUN_REUSE_H

#include "env/env.h"
#include "learn/learner.h"
#include "run/checkpoint.h"

enum bp_reuse_how {
    BP_REUSE_FREEZE = 1,        /* the checkpoint's, kept as it is */
    BP_REUSE_INITIALISE,        /* starts as a copy of the checkpoint's, and is trained */
    BP_REUSE_SHARE,             /* no network of its own: the new agent's network `from` */
};

/*
 * Networks are named by their role, but it is levels that are meant: the checkpoint's prior may have its low level from the network `policy`,
 * and its high level from none.
 */
struct bp_reuse_part {
    enum bp_role to, from;
    enum bp_reuse_how how;      /* 0: end of a list */
    bool optional;              /* only when the policy is to start from the prior (--initialise prior) */
};

struct bp_reuse {
    const char *name, *help;
    bool hierarchical;          /* makes sense of a hierarchical checkpoint alone */
    bool other_period;          /* another body may take more steps, or fewer, for what a latent means */
    struct bp_reuse_part part[5];
};
extern const struct bp_reuse bp_reuses[];       /* ends with a row whose name is NULL */

/* The name of the i-th row, NULL after the last: choices for an option. The row of a name that is known to be one. */
const char *bp_reuse_name(int i);
const struct bp_reuse *bp_reuse_find(const char *name);

/* What a run borrows from a checkpoint. */
struct bp_borrowed {
    const struct bp_checkpoint *checkpoint;     /* NULL: nothing, and no more counts */
    const struct bp_reuse *reuse;
    bool policy_from_prior;                     /* take the optional parts too */
};

/* Whether a policy beside this checkpoint's prior is flat: the prior is, or it alone draws its latent. */
bool bp_reuse_flat_policy(const struct bp_agent *from);

/* The parts that apply to this checkpoint, in the row's order; the first at NULL, NULL after the last. */
const struct bp_reuse_part *bp_reuse_next(const struct bp_borrowed *borrowed, const struct bp_reuse_part *after);

/* The checkpoint's level in the place of `role`; NULL where it has none. */
const struct bp_level *bp_reuse_level(const struct bp_agent *agent, enum bp_role role);

/* Texts that a choice of a network points into. */
struct bp_reuse_texts {
    char hidden[128], inputs[512], encoders[512];
};

/* The choice of which bp_agent_init makes a level like the checkpoint's one in the place of `role`, which is there. */
struct bp_net_choice bp_reuse_choice(const struct bp_agent *agent, enum bp_role role, struct bp_reuse_texts *texts);

/*
 * Lay what is borrowed over the configured networks and latent, for a task: the frozen parts and the prior are the checkpoint's. What is to be
 * initialised is as configured. -1 after reporting what does not fit: naming both sides.
 */
int bp_reuse_networks(const struct bp_borrowed *borrowed, const struct bp_env_spec *env, struct bp_net_choice choice[BP_ROLES],
                      struct bp_latent_choice *latent, struct bp_reuse_texts texts[BP_ROLES]) BP_WARN_UNUSED;

/* What the learner leaves as it is. */
void bp_reuse_freeze(const struct bp_borrowed *borrowed, struct bp_learner_config *config);

/* Copy the parameters, into the target networks too. -1 after reporting what does not fit. */
int bp_reuse_parameters(const struct bp_borrowed *borrowed, struct bp_learner *learner) BP_WARN_UNUSED;

/* What became of a network, for the record: "prior, frozen", or "" when it is new. Returns text. */
const char *bp_reuse_text(const struct bp_borrowed *borrowed, enum bp_role role, char *text, size_t size);

#endif
