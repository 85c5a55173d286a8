/* A player of sequential navigation who sees what the networks see, and the files that the environments need. */
#ifndef BP_TESTS_NAV_PLAYER_H
#define BP_TESTS_NAV_PLAYER_H

#include "env/env.h"

#include "../base/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { OBSERVATION = 20, ACTION = 2, LIMIT = 375 };

/* Tests run from the top of the repository, where share/ is; set BP_SHARE to run them elsewhere. */
__attribute__((unused)) static struct bp_env *open_task(const char *task)
{
    setenv("BP_SHARE", "share", 0);
    struct bp_env *env = bp_env_open(task, NULL);
    assert_non_null(env);
    assert_int_equal(env->spec.groups.size, OBSERVATION);
    assert_int_equal(env->spec.action.size, ACTION);
    return env;
}

__attribute__((unused)) static const float *see(const struct bp_env *env, const float *observation, const char *group)
{
    const struct bp_group *found = bp_groups_find(&env->spec.groups, group);

    assert_non_null(found);
    return observation + found->offset;
}

/* Proportional to the distance, damped by the velocity: straight to target i. */
__attribute__((unused)) static void steer(const struct bp_env *env, const float *observation, int i, float *action)
{
    const float *to = see(env, observation, "targets") + 2 * i, *velocity = see(env, observation, "global") + 2;

    for (int k = 0; k < ACTION; k++)
        action[k] = 6 * to[k] - 0.5f * velocity[k];
}

/* The target that a one-hot group names. */
__attribute__((unused)) static int named(const float *one_hot)
{
    int which = -1;

    for (int i = 0; i < 4; i++)
        if (one_hot[i] == 1) {
            assert_int_equal(which, -1);
            which = i;
        } else {
            assert_true(one_hot[i] == 0);
        }
    return which;
}

#endif
