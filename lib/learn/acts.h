/*
 * What a policy with latents does along replayed sequences, and what it is worth: for learn/skills.h. Where a latent of numbers is drawn a fresh
 * one stands for all that it could be; choices are all looked at, and weighed by how likely they are, so that how likely they are can be learned.
 */
#ifndef BP_LEARN_ACTS_H
#define BP_LEARN_ACTS_H

#include "learn/work.h"

/* Rows of steps 0 ... K; n x 1 each, on the shard's tape. */
struct bp_acts {
    struct bp_var *latents;         /* those that acted, from the replay: n x Z */
    struct bp_var *log_prob;        /* log pi(a|z, x) + log p(z|x, z before) of what acted, the second where a latent is drawn or may end; of step K unknown */
    struct bp_var *worth;           /* Q'(x, a, z) - alpha KL(pi(a|z, x) || pi0'(a|x)), a and z of the policy */
    struct bp_var *entropy;         /* H(pi(a|z, x)) */
    struct bp_var *q, *kl;          /* the parts of what it is worth; kl NULL: no prior */
    struct bp_var *kl_high;         /* KL(pi^H(z|x) || q) where a latent is drawn, times how likely that is; NULL: a high level that is fixed */
    struct bp_var *end;             /* how likely the choice before ends, 0 where there is none; NULL: the period says when */
    /* of the prior's own loss: its distributions would be compared with these, held fixed, at these actions, and weighed (NULL: 1 each) */
    struct bp_distribution pi;
    struct bp_var *action, *weight;
};

/* By the learning networks or the targets; Q', and the prior in worth, are the targets' in any case. */
struct bp_acts bp_acts_along(const struct bp_work *w, bool target, const struct bp_target_critics *critics);

/* The learning prior's KL from what was done, pi held fixed: n x 1, weighed. */
struct bp_var *bp_acts_prior_kl(const struct bp_work *w, const struct bp_acts *acts);

/* q: what a high level that is fixed draws from, for rows of a scene. */
struct bp_distribution bp_acts_reference(const struct bp_scene *scene, const struct bp_level *high);

#endif
