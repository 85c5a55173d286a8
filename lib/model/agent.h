/*
 * An agent: what acts and what is learned with it. It lists its networks once; policy and prior are behaviours, which refer to them.
 */
#ifndef BP_MODEL_AGENT_H
#define BP_MODEL_AGENT_H

#include "model/behaviour.h"
#include "model/net.h"

/* The networks there can be: arrays over roles are indexed by these, in the order of bp_roles[]. */
enum bp_role { BP_POLICY, BP_PRIOR, BP_CRITIC, BP_CRITIC_2, BP_POLICY_HIGH, BP_PRIOR_HIGH, BP_INFERENCE, BP_POSTERIOR, BP_VALUE, BP_TERMINATION, BP_ROLES };
enum { BP_CRITICS = 2 };                        /* at most; where there are two, they are built alike */

/* What trains a network, and with what rate. */
enum bp_part { BP_PART_POLICY, BP_PART_PRIOR, BP_PART_CRITIC, BP_PART_POSTERIOR, BP_PARTS };

struct bp_role_row {
    const char *name;                           /* of the network and, with a slash, of its tensors */
    enum bp_part part;
    bool value, of_action;                      /* gives a value, of an action or not; else a distribution */
    const char *title;                          /* what a user knows it as: "policy's high level" */
    const char *option;                         /* what the names of its options in bp-train begin with: "high" */
};
extern const struct bp_role_row bp_roles[BP_ROLES];

/* Priors of the high level that are no network of the observation, or more than one; other kinds are those of networks. */
struct bp_latent_prior {
    const char *name, *help;
    const char *kind;                           /* of the network; NULL: none */
    bool before;                                /* is given the latent before */
    bool observes;                              /* and the observation */
    const char *head;                           /* of the network; NULL: as chosen */
};
extern const struct bp_latent_prior bp_latent_priors[];     /* ends with a row whose name is NULL */

struct bp_agent {
    struct bp_groups groups;                    /* of the observation rows that it was made for */
    struct bp_space action;                     /* A */
    struct bp_space latent;                     /* Z, of size 0: flat */
    bool has[BP_ROLES];                         /* a prior of kind "none" is absent; a distilled checkpoint holds a prior alone */
    struct bp_net net[BP_ROLES];
    struct bp_behaviour behaviour[2];           /* of BP_POLICY and BP_PRIOR; without levels: absent */
    const struct bp_latent_prior *latent_prior; /* what the prior's high level is; NULL: none, or a network of the observation alone */
    struct bp_level inference;                  /* of the prior's latents, in distillation (model/inference.h); without a network: the sum over
                                                   all choices (model/marginal.h); family NULL: absent */
    struct bp_level posterior;                  /* g(z|x) of the policy's latents beside a prior without (learn/skills.h); family NULL: absent */
};

/* The options of one network; without it, kind is NULL or "none". */
struct bp_net_choice {
    const char *kind;
    const char *hidden;                         /* "64,64" */
    const char *inputs;                            /* groups, as bp_groups_select reads them */
    const char *head;                           /* name of a family; NULL in critics */
    const char *encoders;                       /* "targets:50,boxes:100x20"; NULL or "": none */
};

/* What is asked of a hierarchy; a size of 0 leaves it out. */
struct bp_latent_choice {
    int size;                                   /* Z, numbers of the latent */
    int period;                                 /* steps for which one is held; 0: the whole episode */
    double correlation;                         /* a of a prior ar1: N(a z', 1 - a^2) */
};

/* The kind of a policy's high level that is no network: N(0, I), or all choices equally likely. */
extern const char bp_latent_fixed[];

/*
 * Lay out the chosen networks and behaviours. With a latent the networks `policy` and `prior` are low levels, which are given it, and
 * policy-high and prior-high draw it, what their families draw: numbers, or one of as many choices. Where the choice of a high level is "none"
 * that side is flat, and so is the prior with a posterior, which tells the policy's latent from what is observed. A prior of kind "shared" has the
 * policy's low level for its own. A prior of kind "branch" stands on a flat policy's last hidden layer, which is all that it is given (EH F.2,
 * "shared prior"). An inference network guesses the latents of a hierarchical prior; of kind "exact" it is none, and the likelihood is summed
 * over choices. -1 after reporting.
 */
int bp_agent_init(struct bp_agent *agent, const struct bp_groups *groups, struct bp_space action, const struct bp_net_choice choice[BP_ROLES],
                  const struct bp_latent_choice *latent) BP_WARN_UNUSED;

/*
 * Make the policy one of two columns (EH F.2; Teh et al. 2017): the outputs of its network are added to those of the prior's, before they
 * become a distribution. A network is trained by every loss that it has a part in, so both columns learn from the policy's loss, and the
 * prior's from its own besides. -1 after reporting.
 */
int bp_agent_add_column(struct bp_agent *agent) BP_WARN_UNUSED;

/* The level that a network gives, and its family; NULL for a value. */
const struct bp_level *bp_agent_level(const struct bp_agent *agent, enum bp_role role);
const struct bp_family *bp_agent_family(const struct bp_agent *agent, enum bp_role role);

/* Fresh parameters of a network: bp_net_randomise, and what its family has of its own. */
void bp_agent_randomise(const struct bp_agent *agent, enum bp_role role, float *params, gsl_rng *stream);

/* Whether there is a prior. */
bool bp_agent_has_prior(const struct bp_agent *agent);

/* Numbers of the latent that policy or prior draws; 0: it is flat, or absent. */
int bp_agent_latents(const struct bp_agent *agent, enum bp_role role);

/* Standard normal numbers that a row of an update draws: of the policy's actions, or of inferred latents. */
int bp_agent_noise(const struct bp_agent *agent);

/* Floats of one row of what acting carries along: the networks' recurrent states, in the order of roles, and the latent in force. */
int bp_agent_state_size(const struct bp_agent *agent);

/* The inputs of `role`, taken from full observation rows, as a constant on the tape. */
struct bp_var *bp_agent_inputs(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, const float *observations,
                            int rows);

#endif
