/*
 * Behaviours: what is drawn in a state, level by level. Each level is a conditional p(y | x, y above, y before). A flat policy or prior has
 * one level, whose y is the action; a hierarchical one draws a latent first. None knows whether it is a policy or a prior.
 */
#ifndef BP_MODEL_BEHAVIOUR_H
#define BP_MODEL_BEHAVIOUR_H

#include "model/net.h"
#include "nn/family.h"

#include <limits.h>

enum { BP_LEVELS = 2, BP_NO_NET = -1 };
#define BP_WHOLE_EPISODE INT_MAX            /* a period that no episode outlasts */

struct bp_level {
    const struct bp_family *family;     /* that its network's outputs become; without a network Gaussian */
    int net;                            /* of the agent's; BP_NO_NET: N(a y', 1 - a^2) */
    double correlation;                 /* a; 0: N(0, I) */
    unsigned adds;                      /* networks whose outputs are added to its network's before they become a distribution: bits 1 << net */
    unsigned on;                        /* networks whose torso its network is given, after what is given from levels: bits 1 << net */
    bool above, before;                 /* given the y of the level above, its own y of the step before */
    struct bp_space space;              /* of y */
    int period;                         /* steps for which a y is held */
};

struct bp_behaviour {
    struct bp_level level[BP_LEVELS];   /* from the highest to the actions' */
    int levels;                         /* 0: absent */
};

/* Where a behaviour is asked: rows of observations, time-major, and the networks at work there. All borrowed. */
struct bp_scene {
    struct bp_tape *tape;
    const struct bp_groups *groups;     /* of the observations */
    const struct bp_net_use *use;       /* of the agent's networks */
    const float *observations;          /* rows x O */
    int steps, batch;
    const int32_t *episode_step;        /* rows: step in the episode; NULL: whatever has a period or looks back cannot be asked */
    float *const *state;                /* of each network: B rows of recurrent state before the first step; NULL: zeros */
    bool carry;                         /* one step of many: states receive those after it, and a latent within its period is held */
    const float *latent;                /* B x Z: in force before the first step; NULL: unknown */
    bool through_time;                  /* gradients flow back to the y of the step before too; no latent is known then */
    struct bp_net_seen *seen;           /* of each network, zeros at first: it looks, and its state advances, once; NULL: whenever it is asked */
};

/* What a behaviour drew: distributions and draws, level by level. */
struct bp_path {
    struct {
        int net;                        /* that the distribution is of */
        struct bp_distribution p;       /* family NULL: left out, since the path that was scored has it from the same network */
        struct bp_var *y;               /* in force: drawn here, or held */
        const float *drawn;             /* rows: 1 where y was drawn, 0 where it is held; NULL: drawn everywhere */
    } level[BP_LEVELS];
    int levels;
};

/* The networks that it refers to: bits 1 << net. */
unsigned bp_behaviour_nets(const struct bp_behaviour *behaviour);

/* Standard normal numbers that a row's draws take. */
int bp_behaviour_noise(const struct bp_behaviour *behaviour);

/* p(y | x, y above, y before) of one level along the rows; above: NULL where it is given none; y: in force there, of which a level with `before` is given the step before. */
struct bp_distribution bp_level_given(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y);

/* Draw a path; noise: for each level in turn rows x its numbers. Levels that look back can be drawn for one step at a time. */
struct bp_path bp_behave(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const float *noise);

/*
 * The distributions of another behaviour at the draws of a path. It may have fewer levels: those from the actions' upwards. A level of the
 * same network as the path's is left out.
 */
struct bp_path bp_score(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const struct bp_path *at);

/* The path, held fixed; its `rows` rows from row `first` on. */
struct bp_path bp_path_stop_gradient(struct bp_tape *tape, const struct bp_path *path);
struct bp_path bp_path_slice_rows(struct bp_tape *tape, const struct bp_path *path, int first, int rows);

/*
 * KL(a|x) <= KL(z|x) + E_z KL(a|z, x), with one draw of z (BP eq. 14): KL of p's distributions to q's at p's draws, n x 1 each, nats. A
 * latent counts only in the step that draws it. A level that both have from the same network is exactly 0: NULL. Where q has fewer levels, those
 * that it lacks are left out too: what remains is KL(a|z, x) to q(a|x), at least that of a|x on the mean over z. Levels are numbered as p's.
 */
struct bp_path_kl {
    struct bp_var *sum, *level[BP_LEVELS];
};
struct bp_path_kl bp_path_kl(struct bp_tape *tape, const struct bp_path *p, const struct bp_path *q);

#endif
