#include "learn/learner.h"

#include "../store/support.h"
#include "tiny.h"

static struct bp_learner learner_of(const struct bp_agent *agent, const struct bp_learner_config *config)
{
    struct bp_learner learner;

    assert_int_equal(bp_learner_init(&learner, agent, config), 0);
    return learner;
}

/* ---- fresh learners ---- */

static void the_seed_decides_the_parameters(void **state)
{
    struct bp_agent agent = tiny_twins("mlp", "lstm", "lstm", "lstm", "bounded");
    struct bp_learner_config config = tiny_config(), other = config;
    struct bp_learner a = learner_of(&agent, &config), b = learner_of(&agent, &config), c;

    (void)state;
    other.seed++;
    c = learner_of(&agent, &other);
    for (int role = 0; role <= BP_CRITIC_2; role++) {
        size_t bytes = agent.net[role].parameters * sizeof(float);
        assert_int_equal(a.trained[role].n, agent.net[role].parameters);
        assert_memory_equal(a.trained[role].online, b.trained[role].online, bytes);
        assert_memory_equal(a.trained[role].online, a.trained[role].target, bytes);
        assert_memory_not_equal(a.trained[role].online, c.trained[role].online, bytes);
        for (size_t i = 0; i < a.trained[role].n; i++)
            assert_true(a.trained[role].m[i] == 0 && a.trained[role].v[i] == 0);
    }
    bp_learner_free(&a);
    bp_learner_free(&b);
    bp_learner_free(&c);
    bp_learner_free(&c);            /* twice is fine */
}

/* One network's parameters do not depend on whether the others are there: a baseline starts from the same policy. */
static void networks_are_drawn_apart(void **state)
{
    struct bp_agent with = tiny_agent("mlp", "lstm", "mlp", "bounded"), without = tiny_agent("mlp", "none", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner a = learner_of(&with, &config), b = learner_of(&without, &config);

    (void)state;
    assert_memory_equal(a.trained[BP_POLICY].online, b.trained[BP_POLICY].online, a.trained[BP_POLICY].n * sizeof(float));
    assert_memory_equal(a.trained[BP_CRITIC].online, b.trained[BP_CRITIC].online, a.trained[BP_CRITIC].n * sizeof(float));
    assert_int_equal(b.trained[BP_PRIOR].n, 0);
    bp_learner_free(&a);
    bp_learner_free(&b);
}

static void state_rows(void **state)
{
    struct bp_agent agent = tiny_agent("lstm", "lstm", "lstm", "bounded"), flat = tiny_agent("mlp", "none", "mlp", "bounded");

    (void)state;
    assert_int_equal(bp_agent_state_size(&agent), 2 * 3 + 2 * 4 + 2 * 4);       /* the last layer of actors, the first of the critic */
    assert_int_equal(bp_agent_state_size(&flat), 0);
}

static int uneven(void *context)
{
    struct bp_agent agent = tiny_agent("mlp", "none", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner;

    (void)context;
    config.shards = 4;
    return bp_learner_init(&learner, &agent, &config);
}

static void uneven_shards_are_refused(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(uneven, NULL, false, said), BP_USAGE);
    assert_said(said, "--batch 6");
    assert_said(said, "4 equal shards");
}

/*
 * Whatever the sizes, a shard's microbatches hold its part of the batch, are one when that part is small, and are no more than twice as many
 * as need be, also where the part is a prime number of sequences; the presets' are equal.
 */
static void microbatches_hold_the_batch(void **state)
{
    static const struct { int batch, shards, unroll, microbatches[2]; } sizes[] = {
        {6, 2, 6, {1, 1}}, {512, 4, 10, {8, 8}}, {512, 4, 40, {16, 8}}, {16, 4, 40, {1, 1}}, {512, 16, 40, {4, 2}}, {32, 2, 20, {2, 1}},
        {7, 1, 3000, {7, 1}}, {100, 4, 1, {1, 1}}, {97, 1, 60, {20, 7}}, {127, 1, 10, {5, 5}}, {1018, 2, 10, {17, 17}},
    };
    struct bp_agent flat = tiny_agent("mlp", "none", "mlp", "bounded"), recurrent = tiny_agent("lstm", "none", "mlp", "bounded");

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int r = 0; r < 2; r++) {
            struct bp_learner_config config = tiny_config();
            int sum = 0;
            config.batch = sizes[i].batch;
            config.shards = sizes[i].shards;
            config.unroll = sizes[i].unroll;
            struct bp_learner learner = learner_of(r ? &recurrent : &flat, &config);
            assert_int_equal(learner.microbatches, sizes[i].microbatches[r]);
            for (int m = 0; m < learner.microbatches; m++)
                sum += bp_learner_microbatch(&learner, m);
            assert_int_equal(sum * config.shards, config.batch);
            assert_int_equal(learner.shards[0].batch.batch, bp_learner_microbatch(&learner, 0));
            assert_in_range(bp_learner_microbatch(&learner, 0) - bp_learner_microbatch(&learner, learner.microbatches - 1), 0, 1);
            assert_int_equal(learner.shards[0].batch.steps, config.unroll);
            bp_learner_free(&learner);
        }
}

/* The wider the networks, the fewer rows a microbatch has, so that what it computes stays in the second cache. */
static void wide_networks_have_small_microbatches(void **state)
{
    static const struct { const char *policy, *critic; int microbatches; } sizes[] = {{"64,64", "128,64", 1}, {"128,128", "256,128", 2}, {"256,128", "512,512", 4}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct bp_net_choice choice[BP_ROLES] = {{"mlp", sizes[i].policy, "*", "bounded", NULL}, {"mlp", "64,64", "*", "bounded", NULL}, {"mlp", sizes[i].critic, "*", NULL, NULL}};
        struct bp_learner_config config = tiny_config();
        struct bp_groups groups = {0};
        struct bp_agent agent;
        bp_groups_add(&groups, "all", 20);
        assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(2), choice, NULL), 0);
        config.batch = 16;
        config.shards = 1;
        config.unroll = 10;
        struct bp_learner learner = learner_of(&agent, &config);
        assert_int_equal(learner.microbatches, sizes[i].microbatches);
        bp_learner_free(&learner);
    }
}

/* ---- the second half of an update ---- */

/* Large enough that the parameters make several jobs. */
static struct bp_learner large(const struct bp_learner_config *config)
{
    struct bp_groups groups = {0};
    const struct bp_net_choice choice[BP_ROLES] = {{"mlp", "150,150", "*", "bounded", NULL}, {"mlp", "40", "*", "bounded", NULL}, {"mlp", "60,150", "*", NULL, NULL}};
    struct bp_agent agent;

    bp_groups_add(&groups, "all", 20);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(2), choice, NULL), 0);
    return learner_of(&agent, config);
}

static void set_gradients(struct bp_learner *learner, uint64_t seed)
{
    for (int i = 0; i < learner->config.shards; i++)
        for (int role = 0; role <= BP_CRITIC_2; role++)
            fill_normal(learner->shards[i].grad[role], learner->shards[i].grad[role] ? (int)learner->trained[role].n : 0, seed + (uint64_t)(10 * i + role));
}

/* What apply does: the shards' gradients in their order, then Adam with the role's rate. */
static void adam_on_the_sum(void **state)
{
    struct bp_learner_config config = tiny_config();

    (void)state;
    config.shards = 3;
    config.learning_rate[BP_PART_PRIOR] = 3e-3;
    struct bp_learner learner = large(&config);
    assert_in_range(bp_learner_jobs(&learner), 4, 100);
    for (int update = 0; update < 3; update++) {
        static float value[BP_ROLES][40000], grad[40000], m[BP_ROLES][40000], v[BP_ROLES][40000];
        struct bp_update_stats stats = {0};
        set_gradients(&learner, 100 * (uint64_t)update);
        for (int role = 0; role <= BP_CRITIC_2; role++) {
            struct bp_trained *t = &learner.trained[role];
            struct bp_adam adam = {config.learning_rate[bp_roles[role].part], 0.9, 0.999, 1e-8};
            assert_true(t->n < 40000);
            if (!t->n)
                continue;
            memcpy(value[role], t->online, t->n * sizeof(float));
            memcpy(m[role], t->m, t->n * sizeof(float));
            memcpy(v[role], t->v, t->n * sizeof(float));
            for (size_t i = 0; i < t->n; i++)
                grad[i] = learner.shards[0].grad[role][i] + learner.shards[1].grad[role][i] + learner.shards[2].grad[role][i];
            bp_adam_step(&adam, update + 1, value[role], grad, m[role], v[role], t->n);
        }
        for (int job = bp_learner_jobs(&learner) - 1; job >= 0; job--)      /* in any order */
            bp_learner_apply(&learner, job);
        bp_learner_finish(&learner, &stats);
        for (int role = 0; role <= BP_CRITIC_2; role++) {
            struct bp_trained *t = &learner.trained[role];
            assert_memory_equal(t->online, value[role], t->n * sizeof(float));
            assert_memory_equal(t->m, m[role], t->n * sizeof(float));
            assert_memory_equal(t->v, v[role], t->n * sizeof(float));
        }
    }
    bp_learner_free(&learner);
}

/* A rate of 0 freezes a network: there is nothing that could move it. */
static void frozen_networks_stay(void **state)
{
    struct bp_learner_config config = tiny_config();
    static float before[40000];

    (void)state;
    config.learning_rate[BP_PART_PRIOR] = 0;
    struct bp_learner learner = large(&config);
    struct bp_trained *prior = &learner.trained[BP_PRIOR];
    memcpy(before, prior->online, prior->n * sizeof(float));
    set_gradients(&learner, 7);
    float policy = learner.trained[BP_POLICY].online[0], critic = learner.trained[BP_CRITIC].online[0];
    for (int job = 0; job < bp_learner_jobs(&learner); job++)
        bp_learner_apply(&learner, job);
    assert_memory_equal(prior->online, before, prior->n * sizeof(float));
    assert_true(!prior->m && !prior->v && !learner.shards[0].grad[BP_PRIOR]);
    assert_true(learner.trained[BP_POLICY].online[0] != policy && learner.trained[BP_CRITIC].online[0] != critic);
    bp_learner_free(&learner);
}

/* The rates fall along a line to a share of themselves, from the start or after a while; every learner takes one step from the same state. */
static void rates_fall_along_a_line(void **state)
{
    static const struct { double hold; int64_t updates; double share; } at[] = {
        {0, 0, 1}, {0, 25, 0.8}, {0, 50, 0.6}, {0, 100, 0.2}, {0, 1000, 0.2}, {0.5, 0, 1}, {0.5, 50, 1}, {0.5, 75, 0.6}, {0.5, 100, 0.2}};

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct bp_learner_config config = tiny_config();
        struct bp_trained *policy;
        config.learning_rate_hold = at[i].hold;
        config.final_learning_rate = 0.2;
        config.planned = 100;
        struct bp_learner learner = large(&config);
        policy = &learner.trained[BP_POLICY];
        learner.updates = at[i].updates;
        for (size_t j = 0; j < policy->n; j++) {
            policy->online[j] = 0;
            policy->m[j] = 1;           /* moments that Adam's corrections leave almost as they are */
            policy->v[j] = 1;
            learner.shards[0].grad[BP_POLICY][j] = 1;
        }
        bp_learner_apply(&learner, 0);
        double step = (double)(at[i].updates + 1), m = 1 / (1 - pow(0.9, step)), v = 1 / (1 - pow(0.999, step));
        assert_close(policy->online[0], -1e-2 * at[i].share * m / sqrt(v), 2e-6);
        bp_learner_free(&learner);
    }
}

/* Every P-th update copies all networks into their targets, and no other update does. */
static void targets_are_copied_in_time(void **state)
{
    struct bp_agent agent = tiny_twins("mlp", "mlp", "mlp", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config);
    float target[BP_ROLES] = {0};

    (void)state;
    for (int update = 1; update <= 3 * config.target_period + 2; update++) {
        struct bp_update_stats stats = {0};
        for (int role = 0; role <= BP_CRITIC_2; role++)
            learner.trained[role].online[1] = (float)(100 * role + update);
        for (int job = 0; job < bp_learner_jobs(&learner); job++)
            bp_learner_apply(&learner, job);                    /* of gradients that are zero */
        bp_learner_finish(&learner, &stats);
        assert_int_equal(learner.updates, update);
        for (int role = 0; role <= BP_CRITIC_2; role++) {
            if (update % config.target_period == 0)
                target[role] = (float)(100 * role + update);
            if (update >= config.target_period)
                assert_true(learner.trained[role].target[1] == target[role]);
            else
                assert_true(learner.trained[role].target[1] < 50);      /* what it was drawn as */
        }
    }
    bp_learner_free(&learner);
}

static void statistics_are_summed(void **state)
{
    struct bp_agent agent = tiny_agent("mlp", "none", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config);
    struct bp_update_stats stats = {.updates = 3, .transitions = 1000};

    (void)state;
    learner.shards[0].stats = (struct bp_update_stats){.transitions = 1};
    learner.shards[1].stats = (struct bp_update_stats){.transitions = 10};
    for (int i = 0; i < BP_METRICS; i++) {
        stats.sum[i] = 0.5;
        learner.shards[0].stats.sum[i] = i;
        learner.shards[1].stats.sum[i] = 10 * i;
    }
    bp_learner_finish(&learner, &stats);
    assert_true(stats.updates == 4 && stats.transitions == 1011);
    for (int i = 0; i < BP_METRICS; i++)
        assert_true(stats.sum[i] == 11 * i + 0.5);
    bp_learner_free(&learner);
}

/* ---- saving ---- */

static void tensors_hold_everything(void **state)
{
    struct bp_agent agent = tiny_twins("mlp", "lstm", "mlp", "mlp", "bounded"), flat = tiny_agent("mlp", "none", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config), baseline = learner_of(&flat, &config);
    struct bp_tensor tensors[BP_LEARNER_TENSORS];
    int count = bp_learner_tensors(&learner, tensors);

    (void)state;
    assert_int_equal(count, 4 * 4 + 1);
    const struct bp_tensor *v = bp_tensor_find(tensors, (size_t)count, "learner/prior/v");
    assert_non_null(v);
    assert_ptr_equal(v->data, learner.trained[BP_PRIOR].v);
    assert_int_equal(bp_tensor_count(v), learner.trained[BP_PRIOR].n);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(tensors[i].name, tensors[j].name);
            assert_ptr_not_equal(tensors[i].data, tensors[j].data);
        }
    *(int64_t *)bp_tensor_find(tensors, (size_t)count, "learner/updates")->data = 77;
    assert_int_equal(learner.updates, 77);
    assert_int_equal(bp_learner_tensors(&baseline, tensors), 2 * 4 + 1);
    bp_learner_free(&learner);
    bp_learner_free(&baseline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uneven_shards_are_refused),
        cmocka_unit_test(the_seed_decides_the_parameters),
        cmocka_unit_test(networks_are_drawn_apart),
        cmocka_unit_test(state_rows),
        cmocka_unit_test(microbatches_hold_the_batch),
        cmocka_unit_test(wide_networks_have_small_microbatches),
        cmocka_unit_test(adam_on_the_sum),
        cmocka_unit_test(frozen_networks_stay),
        cmocka_unit_test(rates_fall_along_a_line),
        cmocka_unit_test(targets_are_copied_in_time),
        cmocka_unit_test(statistics_are_summed),
        cmocka_unit_test(tensors_hold_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
