/*
 * Behaviours: what is drawn in a state, level by level. Each level is a conditional p(y | x, y above, y before). A flat policy or prior has
 * one level, whose y is the action; a hierarchical one draws a latent first. None knows whether it is a policy or a prior.
 */
#ifndef BP_MODEL_BEHAVIOUR_H
#define BP_MODEL_BEHAVIOUR_H

#include "model/level.h"

enum { BP_LEVELS = 2 };

struct bp_behaviour {
    struct bp_level level[BP_LEVELS];   /* from the highest to the actions' */
    int levels;                         /* 0: absent */
};

/* What a behaviour drew: distributions and draws, level by level. */
struct bp_path {
    struct {
        int net;                        /* that the distribution is of */
        struct bp_distribution p;       /* family NULL: left out, since the path that was scored has it from the same network */
        struct bp_var *y;               /* in force: drawn here, or held */
        const float *drawn;             /* rows: 1 where y was drawn, 0 where it is held; NULL: drawn everywhere */
        const float *end;               /* rows: how likely it was that the y before ended, 1 where there was none; NULL: of no level with `ends` */
    } level[BP_LEVELS];
    int levels;
};

/* The networks that it refers to: bits 1 << net. */
unsigned bp_behaviour_nets(const struct bp_behaviour *behaviour);

/*
 * Standard normal numbers that a row's draws take: those of a level, of which the last says whether a choice ends, where a network says how likely
 * that is; and all.
 */
int bp_behaviour_level_noise(const struct bp_behaviour *behaviour, int level);
int bp_behaviour_noise(const struct bp_behaviour *behaviour);


/* Whether it has latents that can be summed over (bp_score): choices of a network. */
bool bp_behaviour_sums(const struct bp_behaviour *behaviour);

/*
 * Draw a path; noise: for each level in turn rows x its family's numbers, then one a row where choices end. Levels that look back can be drawn for
 * one step at a time, and choices that end as one acts.
 */
struct bp_path bp_behave(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const float *noise);

/*
 * The distributions of another behaviour at the draws of a path. It may have fewer levels: those from the actions' upwards. A level of the
 * same network as the path's is left out. One that has a latent where the path has none is summed over it, which must be of choices: its path is
 * one of actions, distributed as they are given what was seen and done before (model/marginal.h).
 */
struct bp_path bp_score(const struct bp_scene *scene, const struct bp_behaviour *behaviour, const struct bp_path *at);

/* The path, held fixed; its `rows` rows from row `first` on. */
struct bp_path bp_path_stop_gradient(struct bp_tape *tape, const struct bp_path *path);
struct bp_path bp_path_slice_rows(struct bp_tape *tape, const struct bp_path *path, int first, int rows);

/*
 * KL(a|x) <= KL(z|x) + E_z KL(a|z, x), with one draw of z (BP eq. 14): KL of p's distributions to q's at p's draws, n x 1 each, nats. A
 * latent counts only in the step that draws it. A level that both have from the same network is exactly 0: NULL. Where one has fewer levels, those
 * that it lacks are left out: if q, what remains is KL(a|z, x) to q(a|x), at least that of a|x on the mean over z. Levels are numbered as p's.
 */
struct bp_path_kl {
    struct bp_var *sum, *level[BP_LEVELS];
};
struct bp_path_kl bp_path_kl(struct bp_tape *tape, const struct bp_path *p, const struct bp_path *q);

#endif
