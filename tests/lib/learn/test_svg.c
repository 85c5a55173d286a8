#include "learn/svg.h"

#include "../model/flat.h"
#include "naive_update.h"
#include "nn/bf16.h"

/* ---- against the equations ---- */

struct setting {
    const char *name, *policy, *prior, *critic, *critic_2, *head;
    enum bp_value_policy value_policy;
    bool stored_state;
    int burn_in;
};

/* Relative to the largest: backwards in float against differences in double. */
static void check_gradient(const struct setting *setting, const struct naive_update *u, enum bp_role role,
                           double (*loss)(const struct naive_update *, const float *))
{
    const struct bp_trained *trained = &u->learner->trained[role];
    const float *grad = u->shard->grad[role];
    static double numeric[1024];
    double most = 0;

    assert_true(trained->n < 1024);
    for (size_t i = 0; i < trained->n; i++) {
        float kept = trained->online[i], up = kept + 1.0f / 4096, down = kept - 1.0f / 4096;
        trained->online[i] = up;
        double above = loss(u, trained->online);
        trained->online[i] = down;
        double below = loss(u, trained->online);
        trained->online[i] = kept;
        numeric[i] = (above - below) / ((double)up - (double)down);
        most = fmax(most, fabs(numeric[i]));
    }
    assert_true(most > 1e-4);               /* there is something to compare */
    for (size_t i = 0; i < trained->n; i++)
        if (!(fabs((double)grad[i] - numeric[i]) < 3e-4 * most))
            fail_msg("%s, %s[%zu]: %g backwards, %g by differences", setting->name, bp_roles[role].name, i, (double)grad[i], numeric[i]);
}

/* What tells why learning disappoints, counted row by row. */
static void check_health(const struct naive_update *u)
{
    const struct bp_update_stats *stats = &u->shard->stats;
    const struct bp_batch *b = &u->shard->batch;
    double target = 0, square = 0, scale = 0, capped = 0, clipped = 0, rewarded = 0;

    for (int i = 0; i < u->batch; i++) {
        int rewards = 0;
        for (int row = i; row < u->steps * u->batch; row += u->batch) {
            rewards += b->mask[row] == 1 && b->reward[row] != 0;
            if (b->mask[row] == 0)
                continue;
            target += u->q_retrace[row];
            square += pow(u->q_retrace[row] / u->learner->config.reward_scale, 2);
            for (int j = 0; j < TINY_A; j++) {
                scale += u->policy[row].scale[j] / TINY_A;
                capped += (double)(u->policy[row].scale[j] > 0.99 * 1.01) / TINY_A;
                clipped += (double)(fabs(u->action[row][j]) > 1) / TINY_A;
            }
        }
        rewarded += (double)(rewards > 0) / u->learner->config.batch;
    }
    assert_close(stats->sum[BP_SVG_REWARDED], rewarded, 1e-9);
    assert_close(stats->sum[BP_SVG_TARGET], target, 1e-4 * (1 + fabs(target)));
    assert_close(stats->sum[BP_SVG_TARGET_SQUARE], square, 1e-4 * (1 + square));
    assert_close(stats->sum[BP_SVG_SCALE], scale, 1e-4 * (1 + scale));
    assert_close(stats->sum[BP_SVG_CLIPPED], clipped, 1e-9);
    if (bp_update_metric(u->learner, &(struct bp_update_stats){.transitions = 1}, BP_SVG_CAPPED) == 0)     /* a head with a cap */
        assert_close(stats->sum[BP_SVG_CAPPED], capped, 1e-9);
}

static void check_statistics(const struct naive_update *u)
{
    const struct bp_update_stats *stats = &u->shard->stats;

    assert_close(stats->transitions, u->transitions, 0);
    assert_close(stats->sum[BP_SVG_CRITIC_LOSS], u->critic_loss, 1e-4 * u->critic_loss);
    assert_close(stats->sum[BP_SVG_POLICY_LOSS], u->policy_loss, 1e-5 * (1 + fabs(u->policy_loss)));
    assert_close(stats->sum[BP_SVG_PRIOR_LOSS], u->prior_loss, 1e-4 * (1 + u->prior_loss));
    assert_close(stats->sum[BP_SVG_KL_PRIOR], u->kl_sum, 1e-4 * (1 + u->kl_sum));
    assert_close(stats->sum[BP_SVG_ENTROPY], u->entropy_sum, 1e-4 * (1 + fabs(u->entropy_sum)));
    assert_close(stats->sum[BP_SVG_Q], u->q_sum, 1e-4 * (1 + fabs(u->q_sum)));
    assert_close(stats->sum[BP_SVG_TRACE], u->trace_sum, 1e-4 * (1 + u->trace_sum));
    check_health(u);
}

static struct bp_learner learner_of(const struct bp_agent *agent, const struct bp_learner_config *config)
{
    struct bp_learner learner;

    assert_int_equal(bp_learner_init(&learner, agent, config), 0);
    tiny_parameters(&learner);
    return learner;
}

/* Losses, gradients of all three networks and statistics, for every kind of network and place that values come from. */
static void the_whole_update(void **state)
{
    static const struct setting settings[] = {
        {"dense", "mlp", "mlp", "mlp", NULL, "softplus", BP_VALUE_POLICY_ONLINE, true, 0},
        {"recurrent", "lstm", "lstm", "lstm", NULL, "bounded", BP_VALUE_POLICY_ONLINE, true, 0},
        {"recurrent from zeros", "lstm", "lstm", "lstm", NULL, "softplus", BP_VALUE_POLICY_TARGET, false, 0},
        {"recurrent prior", "mlp", "lstm", "mlp", NULL, "bounded", BP_VALUE_POLICY_TARGET, true, 0},
        {"linear prior", "lstm", "linear", "mlp", NULL, "softplus", BP_VALUE_POLICY_ONLINE, true, 0},
        {"no prior", "mlp", "none", "lstm", NULL, "bounded", BP_VALUE_POLICY_TARGET, true, 0},
        {"two critics", "mlp", "mlp", "mlp", "mlp", "bounded", BP_VALUE_POLICY_ONLINE, true, 0},
        {"two recurrent critics", "mlp", "none", "lstm", "lstm", "softplus", BP_VALUE_POLICY_TARGET, true, 0},
        {"burn-in", "lstm", "lstm", "lstm", NULL, "bounded", BP_VALUE_POLICY_ONLINE, false, 3},
        {"burn-in from stored states", "mlp", "lstm", "mlp", NULL, "bounded", BP_VALUE_POLICY_TARGET, true, 2},
    };
    static struct naive_update u;
    int clipped = 0, stopped = 0, padded = 0, ended = 0;

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        const struct setting *setting = &settings[s];
        struct bp_agent agent = tiny_twins(setting->policy, setting->prior, setting->critic, setting->critic_2, setting->head);
        struct bp_learner_config config = tiny_config();
        config.seed = 10 + s;
        config.value_policy = setting->value_policy;
        config.stored_state = setting->stored_state;
        config.burn_in = setting->burn_in;
        struct bp_learner learner = learner_of(&agent, &config);
        struct bp_replay *replay = tiny_replay(&learner);
        for (int shard = 0; shard < config.shards; shard++) {
            bp_update_gradients(&learner, replay, shard);
            naive_update(&u, &learner, shard);
            check_statistics(&u);
            check_gradient(setting, &u, BP_POLICY, naive_policy_loss);
            check_gradient(setting, &u, BP_CRITIC, naive_critic_loss);
            if (agent.has[BP_CRITIC_2])
                check_gradient(setting, &u, BP_CRITIC_2, naive_critic_2_loss);
            if (agent.has[BP_PRIOR])
                check_gradient(setting, &u, BP_PRIOR, naive_prior_loss);
            for (int row = 0; row < u.steps * u.batch; row++) {
                padded += u.shard->batch.mask[row] == 0;
                ended += u.shard->batch.mask[row] != 0 && u.shard->batch.nonterminal[row] == 0;
                for (int j = 0; j < TINY_A; j++) {
                    clipped += fabs(u.action[row][j]) > 1;
                    stopped += u.passes[row][j] == 0;
                }
            }
        }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
    assert_true(clipped > 20 && stopped > 5 && stopped < clipped && padded > 10 && ended > 5);       /* nothing went untested */
}

/* A policy as wide as its head allows is told so; one whose head has no bound has nothing to tell. */
static void deviations_at_their_cap(void **state)
{
    static const char *const heads[] = {"bounded", "softplus"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_agent agent = tiny_agent("mlp", "mlp", "mlp", heads[i]);
        struct bp_learner_config config = tiny_config();
        struct bp_learner learner = learner_of(&agent, &config);
        struct bp_replay *replay = tiny_replay(&learner);
        struct bp_tensor tensors[BP_NET_TENSORS];
        struct bp_update_stats stats = {0};
        int count = bp_net_tensors(&agent.net[BP_POLICY], learner.trained[BP_POLICY].online, tensors);
        float *bias = tensors[count - 1].data;
        assert_int_equal(tensors[count - 1].shape[0], 2 * TINY_A);
        for (int j = 0; j < TINY_A; j++)
            bias[TINY_A + j] = j ? -30 : 30;
        bp_learner_prepare(&learner);
        for (int shard = 0; shard < config.shards; shard++)
            bp_update_gradients(&learner, replay, shard);
        bp_learner_finish(&learner, &stats);
        double scale = bp_update_metric(&learner, &stats, BP_SVG_SCALE), capped = bp_update_metric(&learner, &stats, BP_SVG_CAPPED);
        if (i == 0)
            assert_close(capped, 1.0 / TINY_A, 1e-6);
        else
            assert_true(isnan(capped));
        assert_close(scale, ((i ? 30.0 : 1) + 0.01 * TINY_A) / TINY_A, i ? 2 : 1e-3);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/* A shard's gradients are those of its last update alone. */
static void gradients_begin_anew(void **state)
{
    struct bp_agent agent = tiny_twins("mlp", "mlp", "mlp", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config);
    struct bp_replay *replay = tiny_replay(&learner);
    static float first[BP_ROLES][1024];

    (void)state;
    for (int time = 0; time < 2; time++) {
        bp_update_gradients(&learner, replay, 1);
        for (int role = 0; role < BP_ROLES; role++)
            if (learner.shards[1].grad[role] && time == 0)
                memcpy(first[role], learner.shards[1].grad[role], learner.trained[role].n * sizeof(float));
            else if (learner.shards[1].grad[role])
                assert_memory_equal(first[role], learner.shards[1].grad[role], learner.trained[role].n * sizeof(float));
    }
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

/* ---- what depends on what ---- */

/* One update of a shard, its gradients copied. */
static void gradients_of(struct bp_learner *learner, const struct bp_replay *replay, float (*grad)[512])
{
    bp_update_gradients(learner, replay, 0);
    for (int role = 0; role <= BP_CRITIC_2; role++)
        if (learner->agent.has[role])
            memcpy(grad[role], learner->shards[0].grad[role], learner->trained[role].n * sizeof(float));
}

/* With alpha = 0 the prior is a spectator: whatever it says, policy and critic learn the same. With alpha it matters to both. */
static void without_kl_cost_the_prior_does_not_matter(void **state)
{
    static float before[BP_ROLES][512], after[BP_ROLES][512];

    (void)state;
    for (int with_cost = 0; with_cost < 2; with_cost++) {
        struct bp_agent agent = tiny_twins("mlp", "lstm", "mlp", "mlp", "bounded");
        struct bp_learner_config config = tiny_config();
        config.kl_cost = with_cost ? 0.3 : 0;
        struct bp_learner learner = learner_of(&agent, &config);
        struct bp_replay *replay = tiny_replay(&learner);
        gradients_of(&learner, replay, before);
        for (size_t i = 0; i < learner.trained[BP_PRIOR].n; i++)
            learner.trained[BP_PRIOR].target[i] *= -1.5f;
        gradients_of(&learner, replay, after);
        for (int role = 0; role <= BP_CRITIC_2; role++) {
            bool same = !memcmp(before[role], after[role], learner.trained[role].n * sizeof(float));
            assert_int_equal(same, role == BP_PRIOR || !with_cost);     /* the prior itself is drawn to the policy, not to its target */
        }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/* A frozen prior gets no gradient and has no loss, but still weighs on the policy. */
static void a_frozen_prior(void **state)
{
    static float frozen[BP_ROLES][512], learning[BP_ROLES][512];
    struct bp_agent agent = tiny_agent("mlp", "mlp", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config);
    struct bp_replay *replay = tiny_replay(&learner);

    (void)state;
    gradients_of(&learner, replay, learning);
    learner.config.learning_rate[BP_PART_PRIOR] = 0;
    gradients_of(&learner, replay, frozen);
    for (size_t i = 0; i < learner.trained[BP_PRIOR].n; i++)
        assert_true(frozen[BP_PRIOR][i] == 0);
    assert_true(learner.shards[0].stats.sum[BP_SVG_PRIOR_LOSS] == 0 && learner.shards[0].stats.sum[BP_SVG_KL_PRIOR] > 0);
    assert_memory_equal(frozen[BP_POLICY], learning[BP_POLICY], learner.trained[BP_POLICY].n * sizeof(float));
    assert_memory_equal(frozen[BP_CRITIC], learning[BP_CRITIC], learner.trained[BP_CRITIC].n * sizeof(float));
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

/* A shard's work is a function of its number and the update's, whatever ran before; other shards and updates draw other sequences. */
static void shards_are_functions_of_their_numbers(void **state)
{
    static float first[BP_ROLES][512], again[BP_ROLES][512];
    struct bp_agent agent = tiny_agent("lstm", "lstm", "lstm", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner = learner_of(&agent, &config), other = learner_of(&agent, &config);
    struct bp_replay *replay = tiny_replay(&learner);

    (void)state;
    gradients_of(&learner, replay, first);
    bp_update_gradients(&other, replay, 1);                /* in another order, and after another update */
    other.updates = 5;
    bp_update_gradients(&other, replay, 0);
    assert_memory_not_equal(other.shards[0].noise, learner.shards[0].noise, 42 * sizeof(float));
    assert_memory_not_equal(other.shards[1].noise, learner.shards[0].noise, 42 * sizeof(float));
    assert_memory_not_equal(other.shards[1].batch.observations, learner.shards[0].batch.observations, 90 * sizeof(float));
    other.updates = 0;
    gradients_of(&other, replay, again);
    for (int role = 0; role <= BP_CRITIC_2; role++)
        assert_memory_equal(first[role], again[role], learner.trained[role].n * sizeof(float));
    bp_replay_free(replay);
    bp_learner_free(&learner);
    bp_learner_free(&other);
}

/*
 * A shard works by microbatches, which are numbered through the batch: one shard of four draws and adds up what four shards of one do, to
 * rounding.
 */
static void microbatches_add_up(void **state)
{
    struct bp_agent agent = tiny_agent("lstm", "mlp", "lstm", "bounded");
    struct bp_learner_config four = tiny_config(), one = four;
    struct bp_update_stats stats[2] = {{0}};

    (void)state;
    four.batch = one.batch = 8;
    four.shards = 4;
    one.shards = 1;
    struct bp_learner apart = learner_of(&agent, &four), together = learner_of(&agent, &one);
    struct bp_replay *replay = tiny_replay(&apart);
    assert_int_equal(apart.microbatches, 1);
    together.microbatches = 4;              /* its buffers are large enough for more, so smaller ones fit */
    for (int shard = 0; shard < 4; shard++)
        bp_update_gradients(&apart, replay, shard);
    bp_update_gradients(&together, replay, 0);
    for (int role = 0; role <= BP_CRITIC_2; role++)
        for (size_t i = 0; i < apart.trained[role].n; i++) {
            double sum = 0;
            for (int shard = 0; shard < 4; shard++)
                sum += (double)apart.shards[shard].grad[role][i];
            assert_close(together.shards[0].grad[role][i], sum, 1e-5 * (1 + fabs(sum)));
        }
    bp_learner_finish(&apart, &stats[0]);
    bp_learner_finish(&together, &stats[1]);
    assert_close(stats[1].transitions, stats[0].transitions, 0);
    assert_close(stats[1].sum[BP_SVG_CRITIC_LOSS], stats[0].sum[BP_SVG_CRITIC_LOSS], 1e-6);
    assert_close(stats[1].sum[BP_SVG_POLICY_LOSS], stats[0].sum[BP_SVG_POLICY_LOSS], 1e-6);
    assert_close(stats[1].sum[BP_SVG_PRIOR_LOSS], stats[0].sum[BP_SVG_PRIOR_LOSS], 1e-6);
    assert_close(stats[1].sum[BP_SVG_ENTROPY], stats[0].sum[BP_SVG_ENTROPY], 1e-4);
    bp_replay_free(replay);
    bp_learner_free(&apart);
    bp_learner_free(&together);
}

/* Each with the weight of its sequences: 7 as 4 and 3 are 4/7 of a first microbatch of 4, and 6/7 of the second half of 6. */
static void unequal_microbatches_add_up(void **state)
{
    static const struct { int batch, shards, microbatches, index; } parts[] = {{7, 1, 2, 0}, {4, 1, 1, 0}, {6, 2, 1, 1}};
    static float grad[3][BP_ROLES][512];
    struct bp_agent agent = tiny_agent("lstm", "mlp", "lstm", "bounded");
    struct bp_learner learner;
    int counts[BP_ROLES];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_learner_config config = tiny_config();
        config.batch = parts[i].batch;
        config.shards = parts[i].shards;
        learner = learner_of(&agent, &config);
        learner.microbatches = parts[i].microbatches;
        struct bp_replay *replay = tiny_replay(&learner);
        bp_update_gradients(&learner, replay, parts[i].index);
        for (int role = 0; role <= BP_CRITIC_2; role++) {
            counts[role] = (int)learner.trained[role].n;
            if (counts[role])
                memcpy(grad[i][role], learner.shards[parts[i].index].grad[role], learner.trained[role].n * sizeof(float));
        }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
    for (int role = 0; role <= BP_CRITIC_2; role++)
        for (int i = 0; i < counts[role]; i++) {
            double sum = 4.0 / 7 * (double)grad[1][role][i] + 6.0 / 7 * (double)grad[2][role][i];
            assert_close(grad[0][role][i], sum, 1e-5 * (1 + fabs(sum)));
        }
}

/* Sizes whose product is beyond an int: the losses' weight is 1 / (unroll * batch), which must not change its sign. */
static void the_weight_of_a_huge_batch(void **state)
{
    struct bp_agent agent = tiny_agent("mlp", "mlp", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    static float small[512], huge[512];

    (void)state;
    struct bp_learner learner = learner_of(&agent, &config);
    struct bp_replay *replay = tiny_replay(&learner);
    bp_update_gradients(&learner, replay, 0);
    size_t n = learner.trained[BP_CRITIC].n;
    memcpy(small, learner.shards[0].grad[BP_CRITIC], n * sizeof(float));
    memset(learner.shards[0].grad[BP_CRITIC], 0, n * sizeof(float));
    learner.config.unroll = 1000000;        /* the sequences stay as they were made */
    learner.config.batch = 3001;
    learner.config.shards = 1000;           /* 3 sequences a shard, as before */
    bp_update_gradients(&learner, replay, 0);
    memcpy(huge, learner.shards[0].grad[BP_CRITIC], n * sizeof(float));
    learner.config = config;
    for (size_t i = 0; i < n; i++)
        assert_close((double)huge[i] * 1000000 * 3001 / 36, small[i], 1e-5 * (1 + fabs((double)small[i])));
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

/* ---- where learning goes ---- */

static void update(struct bp_learner *learner, const struct bp_replay *replay, struct bp_update_stats *stats)
{
    *stats = (struct bp_update_stats){0};
    for (int shard = 0; shard < learner->config.shards; shard++)
        bp_update_gradients(learner, replay, shard);
    for (int job = 0; job < bp_learner_jobs(learner); job++)
        bp_learner_apply(learner, job);
    bp_learner_finish(learner, stats);
}

/* With nothing to earn, an entropy bonus widens the policy. */
static void entropy_is_a_bonus(void **state)
{
    struct bp_agent agent = tiny_agent("mlp", "none", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_update_stats stats;
    double before = 0;

    (void)state;
    config.entropy_cost = 1;
    config.learning_rate[BP_PART_CRITIC] = 0;
    struct bp_learner learner = learner_of(&agent, &config);
    struct bp_replay *replay = tiny_replay(&learner);
    memset(learner.trained[BP_CRITIC].online, 0, learner.trained[BP_CRITIC].n * sizeof(float));
    bp_learner_copy_targets(&learner);
    for (int i = 0; i < 150; i++) {
        update(&learner, replay, &stats);
        before = i ? before : stats.sum[BP_SVG_ENTROPY] / stats.transitions;
    }
    assert_true(stats.sum[BP_SVG_ENTROPY] / stats.transitions > before + 0.5);
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

/* With nothing else to do, policy and prior draw each other near: the KL falls, by the prior's learning alone too. */
static void the_prior_follows_the_policy(void **state)
{
    (void)state;
    for (int policy_learns = 0; policy_learns < 2; policy_learns++) {
        struct bp_agent agent = tiny_agent("mlp", "mlp", "mlp", "softplus");
        struct bp_learner_config config = tiny_config();
        struct bp_update_stats stats;
        double before = 0;
        config.entropy_cost = 0;
        config.learning_rate[BP_PART_CRITIC] = 0;
        config.learning_rate[BP_PART_POLICY] = policy_learns ? 1e-2 : 0;
        struct bp_learner learner = learner_of(&agent, &config);
        struct bp_replay *replay = tiny_replay(&learner);
        memset(learner.trained[BP_CRITIC].online, 0, learner.trained[BP_CRITIC].n * sizeof(float));
        bp_learner_copy_targets(&learner);
        for (int i = 0; i < 300; i++) {
            update(&learner, replay, &stats);
            before = i ? before : stats.sum[BP_SVG_KL_PRIOR] / stats.transitions;
        }
        assert_true(stats.sum[BP_SVG_KL_PRIOR] / stats.transitions < 0.5 * before);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/*
 * A bandit: one step an episode, two contexts, reward 1 - |a - a*|^2 with a* = (0.5, -0.5) in one context and its opposite in the other.
 * Actions are recorded at random. The policy finds each context's action; the prior, which does not see the context, what both have in
 * common: nothing, with a spread that covers both.
 */
static void learn_a_bandit(bool half, bool bf16)
{
    enum { EPISODES = 500, UPDATES = 700 };
    struct bp_groups groups = {0};
    const struct bp_net_choice choice[BP_ROLES] = {{"mlp", "16,16", "*", "bounded", NULL}, {"mlp", "8", "blind", "bounded", NULL}, {"mlp", "32,16", "*", NULL, NULL}};
    const struct bp_replay_spec spec = {2, TINY_A, 0, 1, EPISODES + 2, 1, 1, half, 0, 0};
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner;
    struct bp_agent agent;
    struct bp_update_stats stats;
    struct bp_replay *replay = bp_replay_new(&spec);
    static float action[EPISODES][TINY_A];

    bp_groups_add(&groups, "context", 1);
    bp_groups_add(&groups, "blind", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, NULL), 0);
    config.unroll = 1;
    config.batch = 64;
    config.kl_cost = 0.02;
    config.entropy_cost = 0.01;
    config.reward_scale = 1;
    config.target_period = 10;
    for (int part = 0; part < BP_PARTS; part++)
        config.learning_rate[part] = 5e-3;
    config.bf16 = bf16;
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    fill_normal(&action[0][0], EPISODES * TINY_A, 91);
    for (int e = 0; e < EPISODES; e++) {
        const float context = e % 2 ? 1 : -1, observation[2] = {context, 1};
        float distance = 0, log_prob = 0;
        for (int j = 0; j < TINY_A; j++) {
            float a = action[e][j] < -1 ? -1 : action[e][j] > 1 ? 1 : action[e][j], best = (j ? -0.5f : 0.5f) * context;
            distance += (a - best) * (a - best);
            log_prob -= 0.5f * action[e][j] * action[e][j] + 0.9189385f;
        }
        bp_replay_begin(replay, 0, observation);
        bp_replay_step(replay, 0, action[e], log_prob, 1 - distance, observation, true, true);
    }
    for (int i = 0; i < UPDATES; i++)
        update(&learner, replay, &stats);
    assert_true(stats.sum[BP_SVG_CRITIC_LOSS] < 0.02);
    struct bp_tape tape;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int c = 0; c < 2; c++) {
        const float observation[2] = {c ? 1 : -1, 1};
        struct bp_gaussian p[2];
        for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
            p[role] = flat_gaussian(&tape, &agent, (enum bp_role)role, learner.trained[role].online, observation, 1, 1);
        }
        for (int j = 0; j < TINY_A; j++) {
            assert_close(p[BP_POLICY].mean->value[j], (j ? -0.5 : 0.5) * (c ? 1 : -1), 0.12);
            assert_close(p[BP_PRIOR].mean->value[j], 0, 0.15);
            assert_true(p[BP_PRIOR].scale->value[j] > 0.4f && p[BP_POLICY].scale->value[j] < 0.35f);
        }
    }
    bp_tape_free(&tape);
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

static void a_bandit_is_learned(void **state)
{
    (void)state;
    learn_a_bandit(false, false);
}

/* From observations and rewards of float16 as well. */
static void a_bandit_is_learned_from_halves(void **state)
{
    (void)state;
    learn_a_bandit(true, false);
}

/* With products of BF16. */
static void a_bandit_is_learned_in_bf16(void **state)
{
    (void)state;
    if (bp_bf16_missing())
        skip();
    learn_a_bandit(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_update),
        cmocka_unit_test(deviations_at_their_cap),
        cmocka_unit_test(gradients_begin_anew),
        cmocka_unit_test(without_kl_cost_the_prior_does_not_matter),
        cmocka_unit_test(a_frozen_prior),
        cmocka_unit_test(shards_are_functions_of_their_numbers),
        cmocka_unit_test(microbatches_add_up),
        cmocka_unit_test(unequal_microbatches_add_up),
        cmocka_unit_test(the_weight_of_a_huge_batch),
        cmocka_unit_test(entropy_is_a_bonus),
        cmocka_unit_test(the_prior_follows_the_policy),
        cmocka_unit_test(a_bandit_is_learned),
        cmocka_unit_test(a_bandit_is_learned_from_halves),
        cmocka_unit_test(a_bandit_is_learned_in_bf16),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
