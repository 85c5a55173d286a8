/* Levels of behaviours: conditionals p(y | x, y above, y before), and the scenes in which they are asked. */
#ifndef BP_MODEL_LEVEL_H
#define BP_MODEL_LEVEL_H

#include "model/net.h"
#include "nn/family.h"

#include <limits.h>

enum { BP_NO_NET = -1 };
#define BP_WHOLE_EPISODE INT_MAX            /* a period that no episode outlasts */

/* The least network of a set (bits 1 << net) above `after`, the first with -1; -1 after the last. And a loop over them. */
int bp_nets_next(unsigned nets, int after);
#define BP_EACH_NET(net, nets) for (int net = bp_nets_next(nets, -1); net >= 0; net = bp_nets_next(nets, net))

struct bp_level {
    const struct bp_family *family;     /* that its network's outputs become; without a network Gaussian */
    int net;                            /* of the agent's; BP_NO_NET: N(a y', 1 - a^2), of choices all equally likely */
    double correlation;                 /* a; 0: N(0, I). With a network of choices: how likely the one before is
                                           where the network says nothing, which is where training starts; 0: as the others */
    unsigned adds;                      /* networks whose outputs are added to its network's before they become a distribution: bits 1 << net */
    unsigned on;                        /* networks whose torso its network is given, after what is given from levels: bits 1 << net */
    unsigned ends;                      /* the network that says how likely a choice ends before each step: bit 1 << net; 0: the period says when */
    bool above, before;                 /* given the y of the level above, its own y of the step before */
    struct bp_space space;              /* of y */
    int period;                         /* steps for which a y is held; with `ends` nominal */
};

/* Where a level is asked: rows of observations, time-major, and the networks at work there. All borrowed. */
struct bp_scene {
    struct bp_tape *tape;
    const struct bp_groups *groups;     /* of the observations */
    const struct bp_net_use *use;       /* of the agent's networks */
    const float *observations;          /* rows x O */
    int steps, batch;
    const int32_t *episode_step;        /* rows: step in the episode; NULL: whatever has a period or looks back cannot be asked */
    float *const *state;                /* of each network: B rows of recurrent state before the first step; NULL: zeros */
    bool carry;                         /* one step of many: states receive those after it, and a latent within its period is held */
    const float *latent;                /* B x Z: in force before the first step; of choices that are summed over, how likely each is; NULL: unknown */
    const float *acted;                 /* rows x A, those of the last step unseen: what was done, which tells of latents that are summed over */
    bool through_time;                  /* gradients flow back to the y of the step before too; no latent is known then */
    struct bp_net_seen *seen;           /* of each network, zeros at first: it looks, and its state advances, once; NULL: whenever it is asked */
};

/* Rows of a scene. */
static inline int bp_scene_rows(const struct bp_scene *scene)
{
    return scene->steps * scene->batch;
}

/* p(y | x, y above, y before) along the rows; y: what was in force there, of which the step before is looked at. */
struct bp_distribution bp_level_given(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y);

/* Of a level with a network: p(y | x, above, before) at the rows of a scene that an index lists, `rows` of them; NULL: at all of the scene's. */
struct bp_distribution bp_level_at(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *above, struct bp_var *y_before,
                                   const int *index, int rows);

/* How likely the y before (rows x size) ends before each of the scene's steps (rows x 1). Of a level with `ends`. */
struct bp_var *bp_level_end(const struct bp_scene *scene, const struct bp_level *level, struct bp_var *y_before);

#endif
