/*
 * Policies of two columns, and priors that are a branch of the policy: which losses reach which network, against differences of the losses
 * that the update itself reports.
 */
#include "learn/svg.h"
#include "nn/gaussian.h"

#include "tiny.h"

struct setting {
    const char *name, *policy, *prior;
    bool two_columns;
    int latent;
};

static const struct setting settings[] = {
    {"two columns", "mlp", "mlp", true, 0},
    {"two recurrent columns", "lstm", "lstm", true, 0},
    {"a column of another kind", "mlp", "linear", true, 0},
    {"a branch", "mlp", "branch", false, 0},
    {"a branch of a recurrent policy", "lstm", "branch", false, 0},
    {"two columns of a low level", "mlp", "mlp", true, 3},
};
enum { SETTINGS = sizeof settings / sizeof *settings, MOST = 1024 };

/* Losses of an update: all; without what the policy's loss is made of; the policy's loss being alpha KL(pi || pi0), pi0 held fixed. */
enum part { ALL, PRIOR_ALONE, KL_ALONE };

static struct bp_agent agent_of(const struct setting *s)
{
    struct bp_agent agent = tiny_agent(s->policy, s->prior, "mlp", "bounded");
    const struct bp_groups groups = agent.groups;
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {s->policy, "4,3", "shared", "bounded", NULL},
        [BP_PRIOR] = {s->prior, "3,4", "shared", "bounded", NULL},
        [BP_CRITIC] = {"mlp", "4,3", "*", NULL, NULL},
        [BP_POLICY_HIGH] = {"mlp", "4", "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {"mlp", "4", "shared", "softplus", NULL},
    };

    if (s->latent)
        assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, &(struct bp_latent_choice){s->latent, 1, 0}), 0);
    if (s->two_columns)
        assert_int_equal(bp_agent_add_column(&agent), 0);
    return agent;
}

static void forget_actions(struct bp_learner *learner)
{
    struct bp_tensor tensors[BP_NET_TENSORS];
    int count = bp_net_tensors(&learner->agent.net[BP_CRITIC], learner->trained[BP_CRITIC].target, tensors);

    for (int i = 0; i < count; i++)
        if (strstr(tensors[i].name, "/action"))
            memset(tensors[i].data, 0, bp_tensor_bytes(&tensors[i]));
}

/* Narrow actions near 0 stay within bounds, where the clip is smooth. */
static void make(struct bp_learner *learner, const struct setting *s, enum part part)
{
    struct bp_agent agent = agent_of(s);
    struct bp_learner_config config = tiny_config();
    const struct bp_net *policy = &agent.net[BP_POLICY];
    const struct bp_layer *out = &policy->layer[policy->layers - 1];

    if (part != ALL)
        config.entropy_cost = 0;
    if (part == PRIOR_ALONE)
        config.kl_cost = 0;
    assert_int_equal(bp_learner_init(learner, &agent, &config), 0);
    tiny_parameters(learner);
    for (int j = 0; j < TINY_A; j++) {
        learner->trained[BP_POLICY].online[out->b + (size_t)j] *= 0.1f;
        learner->trained[BP_POLICY].online[out->b + (size_t)(TINY_A + j)] = -4;
    }
    if (part != ALL)
        forget_actions(learner);
    if (part == KL_ALONE)
        for (int role = BP_POLICY; role <= BP_PRIOR; role++)
            memcpy(learner->trained[role].target, learner->trained[role].online, learner->trained[role].n * sizeof(float));
}

static struct bp_update_stats once(struct bp_learner *learner, const struct bp_replay *replay)
{
    for (int role = 0; role < BP_ROLES; role++)
        if (learner->trained[role].n)
            memset(learner->shards[0].grad[role], 0, learner->trained[role].n * sizeof(float));
    bp_learner_prepare(learner);
    bp_update_gradients(learner, replay, 0);
    return learner->shards[0].stats;
}

static float grad[3][2][MOST];                  /* by part and role */
static double of_policy_loss[MOST], of_prior_loss[MOST];

static void gradients_of(const struct setting *s, enum part part)
{
    struct bp_learner learner;

    make(&learner, s, part);
    struct bp_replay *replay = tiny_replay(&learner);
    once(&learner, replay);
    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        assert_true(learner.trained[role].n <= MOST);
        memcpy(grad[part][role], learner.shards[0].grad[role], learner.trained[role].n * sizeof(float));
    }
    bp_replay_free(replay);
    bp_learner_free(&learner);
}

/* Of a loss, from updates at -2, -1, 1 and 2 steps. */
static double slope(const struct bp_update_stats at[4], int loss, float step)
{
    return (at[0].sum[loss] - 8 * at[1].sum[loss] + 8 * at[2].sum[loss] - at[3].sum[loss]) / (12 * (double)step);
}

/* Differences of fourth order of both losses; the larger derivative of each. */
static void differences(struct bp_learner *learner, const struct bp_replay *replay, enum bp_role role, double *policy, double *prior)
{
    struct bp_trained *t = &learner->trained[role];
    const float step = 1.0f / 64;

    *policy = *prior = 0;
    for (size_t i = 0; i < t->n; i++) {
        float kept = t->online[i];
        struct bp_update_stats at[4];
        for (int k = 0; k < 4; k++) {
            t->online[i] = kept + (float)((const int[]){-2, -1, 1, 2}[k]) * step;
            at[k] = once(learner, replay);
        }
        t->online[i] = kept;
        of_policy_loss[i] = slope(at, BP_SVG_POLICY_LOSS, step);
        of_prior_loss[i] = slope(at, BP_SVG_PRIOR_LOSS, step);
        *policy = fmax(*policy, fabs(of_policy_loss[i]));
        *prior = fmax(*prior, fabs(of_prior_loss[i]));
    }
}

static void same(const struct setting *s, const char *loss, int role, size_t i, double backwards, double numeric, double most)
{
    if (!(fabs(backwards - numeric) < 5e-3 * most + 1e-6))
        fail_msg("%s, %s loss, %s[%zu]: %g backwards, %g by differences", s->name, loss, bp_roles[role].name, i, backwards, numeric);
}

/*
 * The policy's loss reaches every network that makes the policy: what all losses give, less what the prior's alone gives, is its derivative.
 * The prior's loss holds the policy fixed: with the derivative of KL(pi || pi0) by pi added, it is that of the loss as reported.
 */
static void every_loss_reaches_what_it_is_made_of(void **state)
{
    (void)state;
    for (int i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        struct bp_learner learner;
        for (int part = ALL; part <= KL_ALONE; part++)
            gradients_of(s, (enum part)part);
        make(&learner, s, ALL);
        struct bp_replay *replay = tiny_replay(&learner);
        double alpha = learner.config.reward_scale * learner.config.kl_cost;
        for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
            double policy, prior;
            differences(&learner, replay, (enum bp_role)role, &policy, &prior);
            bool makes_policy = role == BP_POLICY || s->two_columns;
            assert_true(makes_policy ? policy > 1e-3 : policy < 1e-9);
            assert_true(prior > 1e-3);
            for (size_t k = 0; k < learner.trained[role].n; k++) {
                double all = (double)grad[ALL][role][k], alone = (double)grad[PRIOR_ALONE][role][k], kl = (double)grad[KL_ALONE][role][k];
                same(s, "policy", role, k, all - alone, of_policy_loss[k], policy);
                same(s, "prior", role, k, alone + (kl - alone) / alpha, of_prior_loss[k], prior);
            }
        }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

static bool none(const float *x, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (x[i] != 0)
            return false;
    return true;
}

/* The prior's loss leaves the policy's own column alone; of a policy with a branch it trains all but the output layer, which is not shared. */
static void what_the_priors_loss_trains(void **state)
{
    (void)state;
    for (int i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        struct bp_agent agent = agent_of(s);
        const struct bp_net *policy = &agent.net[BP_POLICY];
        gradients_of(s, PRIOR_ALONE);
        assert_false(none(grad[PRIOR_ALONE][BP_PRIOR], 0, agent.net[BP_PRIOR].parameters));
        if (s->two_columns) {
            assert_true(none(grad[PRIOR_ALONE][BP_POLICY], 0, policy->parameters));
            continue;
        }
        for (int k = 0; k < policy->layers; k++)
            assert_true(none(grad[PRIOR_ALONE][BP_POLICY], policy->layer[k].x, k + 1 < policy->layers ? policy->layer[k + 1].x : policy->parameters) ==
                        (k + 1 == policy->layers));
    }
}

/* ---- what is shared ---- */

static struct bp_gaussian look(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, float params[BP_ROLES][MOST])
{
    static float observations[TINY_O * 4];
    struct bp_net_use use[BP_ROLES];
    struct bp_scene scene = {.tape = tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = 1, .batch = 4};
    struct bp_path any = {.levels = 1}, path;

    fill_normal(observations, TINY_O * 4, 9);
    for (int r = 0; r < BP_ROLES; r++)
        use[r] = (struct bp_net_use){.net = &agent->net[r], .params = params[r]};
    any.level[0].net = BP_NO_NET;
    path = bp_score(&scene, &agent->behaviour[role], &any);
    return (struct bp_gaussian){path.level[0].p.param[0], path.level[0].p.param[1]};
}

static void draw(float params[BP_ROLES][MOST])
{
    for (int role = 0; role < BP_ROLES; role++)
        fill_normal(params[role], MOST, 40 + (uint64_t)role);
}

/* A column without weights leaves the prior; otherwise the outputs add up: atanh(mean) does, under the bounded head. */
static void columns_add_up(void **state)
{
    struct bp_agent both = agent_of(&settings[0]), column = tiny_agent("mlp", "mlp", "mlp", "bounded");
    static float params[BP_ROLES][MOST];
    struct bp_tape tape;

    (void)state;
    draw(params);
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_gaussian pi = look(&tape, &both, BP_POLICY, params), alone = look(&tape, &column, BP_POLICY, params), pi0 = look(&tape, &both, BP_PRIOR, params);
    for (int i = 0; i < 4 * TINY_A; i++) {
        assert_close(atanh((double)pi.mean->value[i]), atanh((double)alone.mean->value[i]) + atanh((double)pi0.mean->value[i]), 1e-2);
        assert_true(pi.mean->value[i] != pi0.mean->value[i]);
    }
    memset(params[BP_POLICY], 0, sizeof params[BP_POLICY]);
    pi = look(&tape, &both, BP_POLICY, params);
    assert_memory_equal(pi.mean->value, pi0.mean->value, 4 * TINY_A * sizeof(float));
    assert_memory_equal(pi.scale->value, pi0.scale->value, 4 * TINY_A * sizeof(float));
    bp_tape_free(&tape);
}

/* The branch moves with the policy's hidden layers and not with its output layer, and looks at nothing else. */
static void a_branch_stands_on_the_hidden_layers(void **state)
{
    struct bp_agent agent = agent_of(&settings[3]);
    const struct bp_net *policy = &agent.net[BP_POLICY];
    static float params[BP_ROLES][MOST];
    struct bp_tape tape;

    (void)state;
    draw(params);
    assert_int_equal(agent.net[BP_PRIOR].spec.inputs.size, 0);
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_gaussian before = look(&tape, &agent, BP_PRIOR, params);
    for (int k = 0; k < policy->layers; k++) {
        params[BP_POLICY][policy->layer[k].b] += 0.5f;
        struct bp_gaussian after = look(&tape, &agent, BP_PRIOR, params);
        params[BP_POLICY][policy->layer[k].b] -= 0.5f;
        assert_true((memcmp(before.mean->value, after.mean->value, 4 * TINY_A * sizeof(float)) == 0) == (k + 1 == policy->layers));
    }
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loss_reaches_what_it_is_made_of),
        cmocka_unit_test(what_the_priors_loss_trains),
        cmocka_unit_test(columns_add_up),
        cmocka_unit_test(a_branch_stands_on_the_hidden_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
