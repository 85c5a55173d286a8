/* Updates whose products are of BF16, beside those of float32. */
#include "learn/distill.h"
#include "learn/svg.h"
#include "learn/update.h"
#include "nn/bf16.h"

#include "../base/check.h"
#include "../nn/bf16_model.h"

#include <string.h>

enum { ACTIONS = 3, LENGTH = 60, EPISODES = 24 };

struct shape {
    const char *name, *actor, *prior, *critic, *actor_layers, *prior_layers, *critic_layers, *encoders, *head;
    enum bp_value_policy value_policy;
    int unroll;
    bool two_critics;
};

/* The networks of the presets and of the papers' defaults; odd sizes. */
static const struct shape shapes[] = {
    {"dense", "mlp", "mlp", "mlp", "200,100", "200,100", "400,300", NULL, "softplus", BP_VALUE_POLICY_ONLINE, 10, false},
    {"recurrent", "lstm", "lstm", "lstm", "64,64", "64,64", "128,64", NULL, "bounded", BP_VALUE_POLICY_TARGET, 20, false},
    {"recurrent prior", "mlp", "lstm", "mlp", "64,64", "64,64", "128,64", "seen:30", "bounded", BP_VALUE_POLICY_ONLINE, 40, true},
    {"odd", "mlp", "linear", "mlp", "33,17", "", "41,1,23", "rest:7x1", "softplus", BP_VALUE_POLICY_ONLINE, 7, false},
};

static struct bp_replay *replay_of(const struct bp_learner *learner)
{
    const struct bp_replay_spec spec = {learner->agent.groups.size, ACTIONS, 0, LENGTH, EPISODES + 1, 1, 1, false, 0, 0};
    struct bp_replay *replay = bp_replay_new(&spec);
    float numbers[128];

    assert_non_null(replay);
    for (int e = 0; e < EPISODES; e++) {
        fill_normal(numbers, 128, 1000 + (uint64_t)e * LENGTH);
        bp_replay_begin(replay, 0, numbers);
        for (int t = 0; t < LENGTH; t++) {
            fill_normal(numbers, 128, 1001 + (uint64_t)(e * LENGTH + t));
            bp_replay_step(replay, 0, numbers + 100, -3 + 0.1f * numbers[110], numbers[111], numbers, false, t + 1 == LENGTH);
        }
    }
    return replay;
}

static struct bp_learner learner_of(const struct shape *shape, bool bf16)
{
    const struct bp_learner_config config = {
        .algorithm = &bp_svg, .seed = 5, .unroll = shape->unroll, .batch = 32, .shards = 2, .discount = 0.98, .retrace_lambda = 1, .reward_scale = 0.1, .kl_cost = 0.1,
        .entropy_cost = 0.05, .learning_rate = {5e-4, 1e-3, 5e-4}, .final_learning_rate = 1, .planned = 1000, .target_period = 10,
        .value_policy = shape->value_policy, .bf16 = bf16,
    };
    const struct bp_net_choice choice[BP_ROLES] = {
        {shape->actor, shape->actor_layers, "*", shape->head, shape->encoders},
        {shape->prior, shape->prior_layers, "seen", shape->head, NULL},
        {shape->critic, shape->critic_layers, "*", NULL, shape->encoders},
        {shape->two_critics ? shape->critic : "none", shape->critic_layers, "*", NULL, shape->encoders},
    };
    struct bp_groups groups = {0};
    struct bp_learner learner;
    struct bp_agent agent;

    bp_groups_add(&groups, "seen", 19);
    bp_groups_add(&groups, "rest", 22);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(ACTIONS), choice, NULL), 0);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

static void update(struct bp_learner *learner, const struct bp_replay *replay, struct bp_update_stats *stats)
{
    for (int shard = 0; shard < learner->config.shards; shard++)
        bp_update_gradients(learner, replay, shard);
    for (int job = 0; job < bp_learner_jobs(learner); job++)
        bp_learner_apply(learner, job);
    bp_learner_finish(learner, stats);
}

/* |a - b| / |b| over a network's gradient. */
static double distance(const float *a, const float *b, size_t n)
{
    double apart = 0, size = 0;

    for (size_t i = 0; i < n; i++) {
        apart += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return sqrt(apart / size);
}

static void need_kernels(void)
{
    if (bp_bf16_missing())
        skip();
}

/* From the same parameters, to which `updates` of float32 led, and the same sequences: how far apart gradients are; and those of other sequences. */
static void compare(const struct shape *shape, int updates, double apart[BP_ROLES], double noise[BP_ROLES])
{
    struct bp_learner plain = learner_of(shape, false), rounded = learner_of(shape, true);
    struct bp_replay *replay = replay_of(&plain);
    struct bp_update_stats stats = {0};

    for (int i = 0; i < updates; i++)
        update(&plain, replay, &stats);
    for (int role = 0; role <= BP_CRITIC_2; role++) {
        if (!plain.trained[role].n)
            continue;
        memcpy(rounded.trained[role].online, plain.trained[role].online, plain.trained[role].n * sizeof(float));
        memcpy(rounded.trained[role].target, plain.trained[role].target, plain.trained[role].n * sizeof(float));
    }
    bp_learner_prepare(&rounded);
    rounded.updates = plain.updates;
    bp_update_gradients(&rounded, replay, 1);
    for (int shard = 0; shard < 2; shard++)
        bp_update_gradients(&plain, replay, shard);
    for (int role = 0; role <= BP_CRITIC_2; role++) {
        if (!plain.agent.has[role])
            continue;
        apart[role] = distance(rounded.shards[1].grad[role], plain.shards[1].grad[role], plain.trained[role].n);
        noise[role] = distance(plain.shards[0].grad[role], plain.shards[1].grad[role], plain.trained[role].n);
    }
    bp_replay_free(replay);
    bp_learner_free(&plain);
    bp_learner_free(&rounded);
}

/*
 * The gradient of a whole update: apart by the rounding to 8 bits at first (measured: 2.0e-3 to 9.4e-3). Later, where a loss nears its least,
 * what is left of its gradient is a difference of larger numbers; the distance (measured: up to 2.7e-2) is still far less than what the draw
 * of the sequences decides.
 */
static void gradients(void **state)
{
    double apart[BP_ROLES], noise[BP_ROLES];

    (void)state;
    need_kernels();
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        int roles = shapes[s].two_critics ? BP_CRITIC_2 + 1 : BP_CRITIC_2;
        compare(&shapes[s], 1, apart, noise);
        for (int role = 0; role < roles; role++)
            assert_true(apart[role] > 1e-3 && apart[role] < 1.5e-2);
        compare(&shapes[s], 50, apart, noise);
        for (int role = 0; role < roles; role++)
            assert_true(apart[role] < 0.15 * noise[role]);
    }
}

/* The same at first by the models of all kernels, whatever processor this is: dense layers and an LSTM, with sizes that end anywhere. */
static void gradients_by_models(void **state)
{
    static const struct shape small[] = {
        {"odd", "mlp", "linear", "mlp", "33,17", "", "41,1,23", "rest:7x1", "softplus", BP_VALUE_POLICY_ONLINE, 3, false},
        {"recurrent", "lstm", "lstm", "lstm", "17,9", "16,16", "18,33", NULL, "bounded", BP_VALUE_POLICY_TARGET, 3, false},
    };
    const struct bp_bf16_kernels *kept = bp_bf16_kernels();
    double apart[BP_ROLES], noise[BP_ROLES];

    (void)state;
    for (int model = 0; model < 2; model++)
        for (int s = 0; s < 2; s++) {
            bp_bf16_use(&model_kernels[model]);
            compare(&small[s], 1, apart, noise);
            for (int role = 0; role < BP_CRITIC_2; role++)
                assert_true(apart[role] > 5e-4 && apart[role] < 1.5e-2);
        }
    bp_bf16_use(kept);
}

/* Of a frozen prior there is no gradient, and the others' stay as they are. */
static void a_frozen_prior(void **state)
{
    struct bp_learner learner, frozen;

    (void)state;
    need_kernels();
    learner = learner_of(&shapes[2], true);
    frozen = learner_of(&shapes[2], true);
    struct bp_replay *replay = replay_of(&learner);
    frozen.config.learning_rate[BP_PART_PRIOR] = 0;
    bp_update_gradients(&learner, replay, 0);
    bp_update_gradients(&frozen, replay, 0);
    for (size_t i = 0; i < frozen.trained[BP_PRIOR].n; i++)
        assert_true(frozen.shards[0].grad[BP_PRIOR][i] == 0);
    for (int role = 0; role <= BP_CRITIC_2; role++)
        if (role != BP_PRIOR)
            assert_memory_equal(frozen.shards[0].grad[role], learner.shards[0].grad[role], learner.trained[role].n * sizeof(float));
    bp_replay_free(replay);
    bp_learner_free(&learner);
    bp_learner_free(&frozen);
}

/* A shard's work is a function of its number, whatever lay in memory before: two learners that take shards in another order agree. */
static void the_same_bytes(void **state)
{
    struct bp_update_stats stats = {0};
    struct bp_learner one, other;

    (void)state;
    need_kernels();
    one = learner_of(&shapes[1], true);
    other = learner_of(&shapes[1], true);
    struct bp_replay *replay = replay_of(&one);
    for (int i = 0; i < 5; i++) {
        update(&one, replay, &stats);
        for (int shard = 1; shard >= 0; shard--)
            bp_update_gradients(&other, replay, shard);
        for (int job = bp_learner_jobs(&other) - 1; job >= 0; job--)
            bp_learner_apply(&other, job);
        bp_learner_finish(&other, &stats);
    }
    for (int role = 0; role <= BP_CRITIC_2; role++)
        assert_memory_equal(one.trained[role].online, other.trained[role].online, one.trained[role].n * sizeof(float));
    bp_replay_free(replay);
    bp_learner_free(&one);
    bp_learner_free(&other);
}

/* ---- distillation ---- */

static struct bp_learner distiller(bool bf16)
{
    const struct bp_learner_config config = {
        .algorithm = &bp_distill, .seed = 5, .unroll = 20, .batch = 16, .shards = 2, .learning_rate = {[BP_PART_PRIOR] = 4e-3}, .final_learning_rate = 1,
        .planned = 1000, .bf16 = bf16,
    };
    const struct bp_net_choice choice[BP_ROLES] = {[BP_PRIOR] = {"lstm", "64,64", "*", "bounded", NULL}};
    struct bp_groups groups = {0};
    struct bp_learner learner;
    struct bp_agent agent;

    bp_groups_add(&groups, "seen", 19);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(ACTIONS), choice, NULL), 0);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

/* The gradient is of BF16; what is held out is measured as the prior will act, in float32. */
static void distillation(void **state)
{
    static float observations[LENGTH * 19], actions[LENGTH * ACTIONS];
    struct bp_groups inputs = {0};
    struct bp_learner plain, rounded;

    (void)state;
    need_kernels();
    struct bp_dataset *dataset = bp_dataset_new(19, ACTIONS, 0);
    assert_non_null(dataset);
    bp_groups_add(&inputs, "seen", 19);
    for (uint64_t e = 0; e < EPISODES; e++) {
        fill_normal(observations, LENGTH * 19, 100 + e);
        fill_normal(actions, LENGTH * ACTIONS, 200 + e);
        assert_int_equal(bp_dataset_add(dataset, LENGTH, &inputs, observations, 19, actions, NULL, NULL), 0);
    }
    assert_int_equal(bp_dataset_split(dataset, 0.2, 1), 0);
    plain = distiller(false);
    rounded = distiller(true);
    bp_update_gradients(&plain, dataset, 0);
    bp_update_gradients(&rounded, dataset, 0);
    double apart = distance(rounded.shards[0].grad[BP_PRIOR], plain.shards[0].grad[BP_PRIOR], plain.trained[BP_PRIOR].n);
    assert_true(apart > 5e-4 && apart < 1.5e-2);
    assert_true(bp_distill_held_out(&rounded, dataset, 0) == bp_distill_held_out(&plain, dataset, 0));
    bp_dataset_free(dataset);
    bp_learner_free(&plain);
    bp_learner_free(&rounded);
}

/* ---- what there is ---- */

/* Where there are no kernels a learner cannot be had, and that is the user's mistake. */
static void refused_without_kernels(void **state)
{
    const struct bp_bf16_kernels *kept = bp_bf16_kernels();
    const struct bp_net_choice choice[BP_ROLES] = {[BP_PRIOR] = {"mlp", "8", "*", "bounded", NULL}};
    struct bp_learner_config config = {.algorithm = &bp_distill, .batch = 2, .unroll = 2, .shards = 1, .learning_rate = {[BP_PART_PRIOR] = 1e-3}, .bf16 = true};
    struct bp_groups groups = {0};
    struct bp_learner learner;
    struct bp_agent agent;

    (void)state;
    bp_groups_add(&groups, "seen", 3);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(ACTIONS), choice, NULL), 0);
    bp_bf16_use(NULL);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), -1);
    assert_int_equal(bp_exit_status(), BP_USAGE);
    bp_bf16_use(&model_kernels[0]);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    bp_learner_free(&learner);
    bp_bf16_use(kept);
}

/* After any update what is prepared is what preparing it now makes: of the parameters, and of targets that were copied and were not. */
static void prepared_in_time(void **state)
{
    const struct bp_bf16_kernels *kept = bp_bf16_kernels();
    struct bp_update_stats stats = {0};

    (void)state;
    model_or_native();
    for (int bf16 = 0; bf16 < 2; bf16++) {
        struct bp_learner learner = learner_of(&shapes[3], bf16);
        struct bp_replay *replay = replay_of(&learner);
        learner.config.target_period = 2;
        learner.config.learning_rate[BP_PART_PRIOR] = 0;
        for (int i = 0; i < 3; i++) {
            update(&learner, replay, &stats);
            for (int role = 0; role < BP_CRITIC_2; role++)
                for (int target = 0; target < 2; target++) {
                    const struct bp_trained *t = &learner.trained[role];
                    const struct bp_net *net = &learner.agent.net[role];
                    const struct bp_net_prepared *is = target ? &t->target_prepared : &t->online_prepared;
                    struct bp_net_prepared want;
                    assert_int_equal(bp_net_prepared_init(&want, net, bf16, is->transposed || is->packed_transposed), 0);
                    if (want.transposed)
                        memcpy(want.transposed, is->transposed, net->parameters * sizeof(float));        /* biases are not written */
                    bp_net_prepare(net, target ? t->target : t->online, &want);
                    if (want.transposed)
                        assert_memory_equal(is->transposed, want.transposed, net->parameters * sizeof(float));
                    if (want.packed)
                        assert_memory_equal(is->packed, want.packed, net->packed * sizeof(uint32_t));
                    if (want.packed_transposed)
                        assert_memory_equal(is->packed_transposed, want.packed_transposed, net->packed_transposed * sizeof(uint32_t));
                    bp_net_prepared_free(&want);
                }
        }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
    bp_bf16_use(kept);
}

/* What a learner says it takes is what it asked for: of each shard a gradient, and once what is prepared for its products. */
static void memory_of_a_learner(void **state)
{
    struct bp_learner plain, rounded;
    size_t bytes = 0;

    (void)state;
    need_kernels();
    plain = learner_of(&shapes[0], false);
    rounded = learner_of(&shapes[0], true);
    size_t n[BP_ROLES];
    for (int role = 0; role <= BP_CRITIC_2; role++)
        n[role] = plain.trained[role].n;
    assert_int_equal(bp_learner_bytes(&plain), 4 * ((n[0] + n[1]) * (4 + 2 + 1) + n[2] * (4 + 2 + 2)));
    for (int role = 0; role < BP_CRITIC_2; role++) {
        const struct bp_net *net = &rounded.agent.net[role];
        bytes += 4 * (n[role] * (4 + 2) + 2 * net->packed + (role == BP_CRITIC ? 2 : 1) * net->packed_transposed);
        assert_true(4 * net->packed < 3 * n[role]);          /* numbers of two bytes, blocks filled up */
    }
    assert_int_equal(bp_learner_bytes(&rounded), bytes);
    assert_null(rounded.trained[BP_POLICY].online_prepared.transposed);
    assert_null(plain.trained[BP_POLICY].online_prepared.packed);
    assert_null(plain.trained[BP_POLICY].target_prepared.transposed);
    assert_non_null(plain.trained[BP_CRITIC].target_prepared.transposed);
    assert_non_null(rounded.trained[BP_PRIOR].target_prepared.packed);
    assert_null(rounded.trained[BP_PRIOR].target_prepared.packed_transposed);
    bp_learner_free(&plain);
    bp_learner_free(&rounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_by_models),
        cmocka_unit_test(a_frozen_prior),
        cmocka_unit_test(the_same_bytes),
        cmocka_unit_test(distillation),
        cmocka_unit_test(refused_without_kernels),
        cmocka_unit_test(prepared_in_time),
        cmocka_unit_test(memory_of_a_learner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
