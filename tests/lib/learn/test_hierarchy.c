/* Updates of hierarchical policies, and beside hierarchical priors: gradients against differences of the losses that the update itself reports. */
#include "learn/svg.h"

#include "differences.h"
#include "tiny.h"

struct setting {
    const char *name, *high, *low, *prior, *prior_high, *critic;
    int period, unroll;     /* of one step where a prior looks back: no gradient flows back through the latent before, which differences would see */
    bool stored_state;
    bool frozen[BP_ROLES];
};

enum { Z = 3 };

static struct bp_agent agent_of(const struct setting *s)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {s->low, "4,3", "shared", "bounded", NULL},
        [BP_PRIOR] = {s->prior, "3,4", "shared", "softplus", NULL},
        [BP_CRITIC] = {s->critic, "4,3", "*", NULL, NULL},
        [BP_POLICY_HIGH] = {s->high, "4", "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {s->prior_high, "4", "shared", "bounded", NULL},
    };
    const struct bp_latent_choice latent = {Z, s->period, 0.9};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "shared", 3);
    bp_groups_add(&groups, "secret", 2);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, &latent), 0);
    return agent;
}

/*
 * The reported policy loss moves with Q' through its latent too, whose gradient is to stop: in the target critic of these tests the latent
 * has no weight. Narrow actions stay within bounds, where the clip is smooth.
 */
static void tame(struct bp_learner *learner)
{
    struct bp_tensor tensors[BP_NET_TENSORS];
    const struct bp_net *policy = &learner->agent.net[BP_POLICY], *critic = &learner->agent.net[BP_CRITIC];
    int count = bp_net_tensors(critic, learner->trained[BP_CRITIC].target, tensors);

    for (int i = 0; i < count; i++)
        if (strstr(tensors[i].name, "/latent"))
            memset(tensors[i].data, 0, bp_tensor_bytes(&tensors[i]));
    const struct bp_layer *out = &policy->layer[policy->layers - 1];
    for (int j = 0; j < TINY_A; j++) {
        learner->trained[BP_POLICY].online[out->b + (size_t)j] *= 0.1f;
        learner->trained[BP_POLICY].online[out->b + (size_t)(TINY_A + j)] = -4;
    }
    bp_learner_prepare(learner);
}

/* What an update's losses are of. */
struct update {
    struct bp_learner *learner;
    const struct bp_replay *replay;
};

static double loss_of(void *of, enum bp_part part)
{
    static const int loss[BP_PARTS] = {[BP_PART_POLICY] = BP_SVG_POLICY_LOSS, [BP_PART_PRIOR] = BP_SVG_PRIOR_LOSS, [BP_PART_CRITIC] = BP_SVG_CRITIC_LOSS};
    const struct update *update = of;

    return first_shard(update->learner, update->replay).sum[loss[part]];
}

static void check_network(const struct setting *s, struct bp_learner *learner, const struct bp_replay *replay, enum bp_role role)
{
    struct update update = {learner, replay};

    first_shard(learner, replay);
    check_gradient(s->name, learner, role, loss_of, &update);
}

static void gradients(void **state)
{
    static const struct setting settings[] = {
        {"isotropic", "mlp", "mlp", "mlp", "isotropic", "mlp", 1, 6, false, {false}},
        {"AR(1)", "mlp", "mlp", "mlp", "ar1", "mlp", 1, 1, true, {false}},
        {"learned AR, shared low level", "mlp", "mlp", "shared", "learned-ar", "mlp", 1, 1, true, {false}},
        {"recurrent", "lstm", "mlp", "mlp", "lstm", "lstm", 1, 6, true, {false}},
        {"held for three steps", "mlp", "mlp", "mlp", "mlp", "mlp", 3, 6, false, {false}},
        {"recurrent low level", "mlp", "lstm", "shared", "ar1", "mlp", 2, 1, true, {false}},
        {"through a frozen low level", "mlp", "mlp", "shared", "mlp", "mlp", 1, 6, false, {[BP_POLICY] = true, [BP_PRIOR_HIGH] = true}},
        {"under frozen high levels", "mlp", "mlp", "shared", "mlp", "mlp", 1, 6, false, {[BP_POLICY_HIGH] = true, [BP_PRIOR_HIGH] = true}},
        {"flat, beside a prior's choices", "none", "mlp", "mlp", "markov", "mlp", 1, 6, false, {[BP_POLICY] = true}},
        {"flat, recurrent, beside choices that are held", "none", "lstm", "lstm", "markov", "mlp", 2, 6, true, {[BP_POLICY] = true}},
        {"beside a frozen prior", "mlp", "mlp", "mlp", "lstm", "mlp", 1, 6, false, {[BP_PRIOR] = true, [BP_PRIOR_HIGH] = true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const struct setting *s = &settings[i];
        struct bp_agent agent = agent_of(s);
        struct bp_learner_config config = tiny_config();
        struct bp_learner learner;
        config.seed = 30 + i;
        config.unroll = s->unroll;
        config.stored_state = s->stored_state;
        memcpy(config.frozen, s->frozen, sizeof config.frozen);
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        tame(&learner);
        struct bp_replay *replay = tiny_replay(&learner);
        for (int role = 0; role < BP_ROLES; role++)
            if (agent.has[role] && !s->frozen[role])
                check_network(s, &learner, replay, (enum bp_role)role);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/* A shared low level costs exactly nothing: all of the KL is the latent's. */
static void a_shared_low_level_is_free(void **state)
{
    const struct setting shared = {"", "mlp", "mlp", "shared", "ar1", "mlp", 1, 6, true, {false}},
                         separate = {"", "mlp", "mlp", "mlp", "ar1", "mlp", 1, 6, true, {false}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_agent agent = agent_of(i ? &separate : &shared);
        struct bp_learner_config config = tiny_config();
        struct bp_learner learner;
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        struct bp_replay *replay = tiny_replay(&learner);
        struct bp_update_stats stats = first_shard(&learner, replay);
        assert_true(stats.sum[BP_SVG_KL_PRIOR_HIGH] > 0);
        if (i)
            assert_true(stats.sum[BP_SVG_KL_PRIOR] > stats.sum[BP_SVG_KL_PRIOR_HIGH]);
        else
            assert_close(stats.sum[BP_SVG_KL_PRIOR], stats.sum[BP_SVG_KL_PRIOR_HIGH], 0);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/*
 * Body transfer: high levels of policy and prior are frozen, the low level is new and shared. What a nat between them costs is a reward for the
 * states to which the low level leads (EH section 7.2): -alpha KL of the step after is in V^. So with another alpha the critic has another
 * gradient, towards lower values; and the low level, which follows the critic alone, has the same.
 */
static void a_frozen_kl_is_a_reward(void **state)
{
    const struct setting body = {"", "mlp", "mlp", "shared", "mlp", "mlp", 1, 6, false, {[BP_POLICY_HIGH] = true, [BP_PRIOR_HIGH] = true}};
    static float low[2][1024], values[2];
    double losses[2];

    (void)state;
    for (int paid = 0; paid < 2; paid++) {
        struct bp_agent agent = agent_of(&body);
        struct bp_learner_config config = tiny_config();
        struct bp_learner learner;
        config.kl_cost = paid ? 0.3 : 0;
        config.learning_rate[BP_PART_PRIOR] = 0;
        memcpy(config.frozen, body.frozen, sizeof config.frozen);
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        struct bp_replay *replay = tiny_replay(&learner);
        struct bp_update_stats stats = first_shard(&learner, replay);
        const struct bp_net *critic = &agent.net[BP_CRITIC];
        memcpy(low[paid], learner.shards[0].grad[BP_POLICY], learner.trained[BP_POLICY].n * sizeof(float));
        values[paid] = learner.shards[0].grad[BP_CRITIC][critic->layer[critic->layers - 1].b];      /* of the mean of Q - Q^R */
        losses[paid] = stats.sum[BP_SVG_POLICY_LOSS];
        assert_true(stats.sum[BP_SVG_KL_PRIOR] > 0 && stats.sum[BP_SVG_KL_PRIOR] == stats.sum[BP_SVG_KL_PRIOR_HIGH]);
        assert_null(learner.shards[0].grad[BP_POLICY_HIGH]);
        if (paid)
            assert_memory_equal(low[0], low[1], learner.trained[BP_POLICY].n * sizeof(float));
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
    assert_true(values[1] > values[0] + 1e-3f);     /* lower targets: the critic's output is to fall by more */
    assert_true(losses[1] > losses[0] + 1e-3);      /* the KL of this step is told, though nobody can change it */
}

/* Frozen networks: Adam leaves them and their targets as they are, and there is nothing to keep for it. */
static void frozen_networks_stay(void **state)
{
    const struct setting rows[] = {{"", "mlp", "mlp", "shared", "mlp", "mlp", 1, 6, true, {[BP_POLICY] = true, [BP_PRIOR_HIGH] = true}},
                                   {"", "mlp", "mlp", "shared", "mlp", "mlp", 1, 6, true, {[BP_POLICY_HIGH] = true, [BP_PRIOR_HIGH] = true}}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bp_agent agent = agent_of(&rows[i]);
        struct bp_learner_config config = tiny_config();
        struct bp_learner learner, free;
        struct bp_tensor tensors[BP_LEARNER_TENSORS];
        static float before[BP_ROLES][2][1024];
        assert_int_equal(bp_learner_init(&free, &agent, &config), 0);
        memcpy(config.frozen, rows[i].frozen, sizeof config.frozen);
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        size_t spared = 0;
        for (int role = 0; role < BP_ROLES; role++)
            for (int target = 0; target < 2 && agent.has[role]; target++) {
                const struct bp_trained *t = &learner.trained[role];
                memcpy(before[role][target], target ? t->target : t->online, t->n * sizeof(float));
                spared += config.frozen[role] && !target ? (2 + (size_t)config.shards) * t->n * sizeof(float) : 0;
            }
        assert_true(bp_learner_bytes(&learner) <= bp_learner_bytes(&free) - spared);
        assert_int_equal(bp_learner_tensors(&free, tensors) - bp_learner_tensors(&learner, tensors), 4);
        struct bp_replay *replay = tiny_replay(&learner);
        struct bp_update_stats stats = {0};
        for (int update = 0; update < config.target_period; update++) {
            for (int shard = 0; shard < config.shards; shard++)
                bp_update_gradients(&learner, replay, shard);
            for (int job = 0; job < bp_learner_jobs(&learner); job++)
                bp_learner_apply(&learner, job);
            bp_learner_finish(&learner, &stats);
        }
        for (int role = 0; role < BP_ROLES; role++)
            for (int target = 0; target < 2 && agent.has[role]; target++) {
                const struct bp_trained *t = &learner.trained[role];
                int differs = memcmp(before[role][target], target ? t->target : t->online, t->n * sizeof(float));
                assert_int_equal(differs == 0, config.frozen[role]);
            }
        bp_replay_free(replay);
        bp_learner_free(&learner);
        bp_learner_free(&free);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(a_shared_low_level_is_free),
        cmocka_unit_test(a_frozen_kl_is_a_reward),
        cmocka_unit_test(frozen_networks_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
