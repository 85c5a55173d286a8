/* An agent and a replay small enough to compute once more by hand: two groups, two action numbers, a handful of units. */
#ifndef BP_TESTS_TINY_H
#define BP_TESTS_TINY_H

#include "learn/svg.h"
#include "learn/update.h"

#include "../base/check.h"

#include <string.h>

enum { TINY_O = 5, TINY_A = 2, TINY_LIMIT = 24, TINY_EPISODES = 8 };

/* "shared" is seen by all, "secret" not by the prior. */
__attribute__((unused)) static struct bp_agent tiny_twins(const char *policy, const char *prior, const char *critic, const char *critic_2,
                                                           const char *head)
{
    struct bp_groups groups = {0};
    const struct bp_net_choice choice[BP_ROLES] = {
        {policy, "4,3", "*", head, NULL},
        {prior, "3,4", "shared", head, NULL},
        {critic, "4,3", "*", NULL, NULL},
        {critic_2, "4,3", "*", NULL, NULL},
    };
    struct bp_agent agent;

    bp_groups_add(&groups, "shared", 3);
    bp_groups_add(&groups, "secret", 2);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, NULL), 0);
    return agent;
}

__attribute__((unused)) static struct bp_agent tiny_agent(const char *policy, const char *prior, const char *critic, const char *head)
{
    return tiny_twins(policy, prior, critic, NULL, head);
}

__attribute__((unused)) static struct bp_learner_config tiny_config(void)
{
    return (struct bp_learner_config){
        .algorithm = &bp_svg,
        .seed = 3,
        .unroll = 6,
        .batch = 6,
        .shards = 2,
        .discount = 0.9,
        .retrace_lambda = 0.95,
        .reward_scale = 0.5,
        .kl_cost = 0.3,
        .entropy_cost = 0.2,
        .learning_rate = {1e-2, 1e-2, 1e-2},
        .final_learning_rate = 1,
        .planned = 1000000,
        .target_period = 5,
        .stored_state = true,
    };
}

/* Every parameter drawn anew, targets apart from the networks: nothing is zero, and nothing happens to be equal. */
__attribute__((unused)) static void tiny_parameters(struct bp_learner *learner)
{
    for (int role = 0; role < BP_ROLES; role++) {
        struct bp_trained *t = &learner->trained[role];
        if (!t->n)
            continue;
        fill_normal(t->online, (int)t->n, 70 + (uint64_t)role);
        for (size_t i = 0; i < t->n; i++)
            t->online[i] *= 0.5f;
        if (!t->target)
            continue;
        fill_normal(t->target, (int)t->n, 80 + (uint64_t)role);
        for (size_t i = 0; i < t->n; i++)
            t->target[i] = 0.5f * t->target[i] + 0.5f * t->online[i];
    }
    bp_learner_prepare(learner);
}

/* Episodes of random numbers: long ones, and ones shorter than a sequence; every second one truly ends. */
__attribute__((unused)) static struct bp_replay *tiny_replay(const struct bp_learner *learner)
{
    static const int lengths[TINY_EPISODES - 1] = {24, 10, 4, 14, 1, 7, 11};
    const struct bp_replay_spec spec = {TINY_O, TINY_A, learner->config.stored_state ? learner->state_size : 0, TINY_LIMIT, TINY_EPISODES, 1, 3,
                                        false, 0, 0};
    struct bp_replay *replay = bp_replay_new(&spec);
    float numbers[64];
    uint64_t seed = 1000;

    assert_non_null(replay);
    for (int e = 0; e < TINY_EPISODES - 1; e++) {
        fill_normal(numbers, TINY_O, seed++);
        bp_replay_begin(replay, 0, numbers);
        for (int t = 0; t < lengths[e]; t++) {
            bool ended = t + 1 == lengths[e];
            fill_normal(numbers, 64, seed++);
            if (spec.state_size)
                bp_replay_state(replay, 0, numbers + 20);
            bp_replay_step(replay, 0, numbers, -2 + numbers[3], 2 * numbers[4], numbers + 8, ended && e % 2, ended);
        }
    }
    return replay;
}

#endif
