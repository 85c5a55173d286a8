/* An agent: what acts and what is learned with it. Policy, prior and critic are three networks over one observation row. */
#ifndef BP_MODEL_AGENT_H
#define BP_MODEL_AGENT_H

#include "model/net.h"
#include "nn/gaussian.h"

/* The networks' roles; arrays over roles are indexed by these. */
enum bp_role { BP_POLICY, BP_PRIOR, BP_CRITIC, BP_CRITIC_2, BP_ROLES };
enum { BP_CRITICS = BP_ROLES - BP_CRITIC };     /* at most; where there are two, they are built alike */
extern const char *const bp_role_names[BP_ROLES];

struct bp_agent {
    struct bp_groups groups;            /* of the observation rows that it was made for */
    int action_size;                    /* A */
    bool has[BP_ROLES];                 /* a prior of kind "none" is absent; a distilled checkpoint holds a prior alone */
    struct bp_net net[BP_ROLES];
    enum bp_head head[BP_ROLES];        /* of policy and prior */
};

/* The options of one network; without it, kind is NULL or "none". */
struct bp_net_choice {
    const char *kind;
    const char *hidden;                 /* "64,64" */
    const char *inputs;                 /* groups, as bp_groups_select reads them */
    const char *head;                   /* name of a head; NULL in critics */
    const char *encoders;               /* "targets:50,boxes:100x20"; NULL or "": none */
};

/* Lay out the chosen networks. -1 after reporting. */
int bp_agent_init(struct bp_agent *agent, const struct bp_groups *groups, int action_size,
                  const struct bp_net_choice choice[BP_ROLES]) BP_WARN_UNUSED;

/* The Gaussian of a policy or prior (use.net is that of the role) along the sequences' rows of observations x, gathered for that network. */
struct bp_gaussian bp_agent_gaussian(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, struct bp_net_use use,
                                     struct bp_var *x, const struct bp_sequences *sequences);

/* The inputs of `role`, taken from full observation rows, as a constant on the tape. */
struct bp_var *bp_agent_inputs(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, const float *observations,
                            int rows);

#endif
