/* A run small enough to be over in a blink: sequential navigation with networks of a handful of units. */
#ifndef BP_TESTS_TINY_RUN_H
#define BP_TESTS_TINY_RUN_H

#include "learn/svg.h"
#include "run/cycle.h"

#include "../base/check.h"
#include "../store/support.h"

/* Nine actors are two teams; sequences of ten start at multiples of five; learning begins with the third cycle. */
__attribute__((unused)) static struct bp_config tiny_config(const char *policy, const char *prior, const char *critic)
{
    setenv("BP_SHARE", "share", 0);         /* tests run from the top of the repository */
    return (struct bp_config){
        .task = "nav-easy",
        .algorithm = "svg",
        .net = {{policy, "6,5", "*", "bounded", NULL}, {prior, "5,6", "global,targets,touch", "bounded", NULL}, {critic, "6,5", "*", NULL, NULL}},
        .transitions = 100000,
        .seed = 5,
        .unroll = 10,
        .sequence_stride = 5,
        .batch = 8,
        .shards = 4,
        .discount = 0.98,
        .retrace_lambda = 1,
        .reward_scale = 0.1,
        .kl_cost = 0.1,
        .entropy_cost = 0.03,
        .learning_rate = {5e-3, 5e-3, 5e-3},
        .final_learning_rate = 1,
        .target_period = 7,
        .value_policy = "online",
        .recurrent_state = "stored",
        .precision = "float32",
        .replay_precision = "float32",
        .actors = 9,
        .actor_steps = 5,
        .replay_episodes = 20,
        .warm_up = 90,
        .evaluate = "",
        .evaluate_every = 1000000,
        .evaluate_episodes = 3,
    };
}

/* In place, as a cycle's actors point to its agent. */
__attribute__((unused)) static void start(struct bp_cycle *cycle, const struct bp_config *config, int threads)
{
    const struct bp_borrowed nothing = {0};

    assert_int_equal(bp_cycle_init(cycle, config, &nothing, threads), 0);
}

__attribute__((unused)) static void run_cycles(struct bp_cycle *cycle, int cycles)
{
    for (int i = 0; i < cycles; i++)
        assert_int_equal(bp_cycle_run(cycle), 0);
}

/* Everything that two runs hold, byte by byte: parameters, targets, moments, replay, actors and their simulators. */
__attribute__((unused)) static void same_training(struct bp_cycle *a, struct bp_cycle *b)
{
    struct bp_tensor of_a[64], of_b[64];
    struct bp_cycle *both[2] = {a, b};
    int count[2];

    for (int i = 0; i < 2; i++) {
        struct bp_tensor *tensors = i ? of_b : of_a;
        bp_actors_save(both[i]->actors);
        count[i] = bp_learner_tensors(&both[i]->learner, tensors);
        count[i] += bp_replay_tensors(both[i]->replay, tensors + count[i]);
        count[i] += bp_actors_tensors(both[i]->actors, tensors + count[i]);
    }
    assert_int_equal(count[0], count[1]);
    for (int i = 0; i < count[0]; i++) {
        assert_string_equal(of_a[i].name, of_b[i].name);
        assert_int_equal(bp_tensor_bytes(&of_a[i]), bp_tensor_bytes(&of_b[i]));
        if (memcmp(of_a[i].data, of_b[i].data, bp_tensor_bytes(&of_a[i])))
            fail_msg("'%s' differs", of_a[i].name);
    }
    assert_int_equal(a->transitions, b->transitions);
    assert_int_equal(a->env_steps, b->env_steps);
}

#endif
