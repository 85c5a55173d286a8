/* The distribution that a flat policy or prior has of its action, as a Gaussian. */
#ifndef BP_TESTS_FLAT_H
#define BP_TESTS_FLAT_H

#include "model/agent.h"
#include "nn/gaussian.h"

__attribute__((unused)) static struct bp_gaussian flat_gaussian(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role,
                                                                const float *params, const float *observations, int steps, int batch)
{
    struct bp_net_use use[BP_ROLES] = {{0}};
    struct bp_scene scene = {.tape = tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = steps, .batch = batch};
    struct bp_path none = {.levels = 1}, path;

    use[role] = (struct bp_net_use){.net = &agent->net[role], .params = params};
    none.level[0].net = BP_NO_NET;
    path = bp_score(&scene, &agent->behaviour[role], &none);
    return (struct bp_gaussian){path.level[0].p.param[0], path.level[0].p.param[1]};
}

#endif
