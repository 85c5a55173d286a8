#include "run/act.h"

#include "../learn/tiny.h"
#include "../model/naive_net.h"

/* ---- an agent whose networks all remember ---- */

enum { LANES = 5 };

static struct bp_agent agent;
static float params_of[BP_ROLES][512];
static struct bp_params params;

static int make_agent(void **state)
{
    (void)state;
    agent = tiny_agent("lstm", "lstm", "lstm", "softplus");
    for (int role = 0; role <= BP_CRITIC; role++) {
        fill_normal(params_of[role], 512, 20 + (uint64_t)role);
        for (int i = 0; i < 512; i++)
            params_of[role][i] *= 0.5f;
        params.of[role] = params_of[role];
        assert_true(agent.net[role].parameters < 512 && agent.net[role].state_size > 0);
    }
    return 0;
}

static struct bp_acting acting_of(int lanes)
{
    struct bp_acting acting;

    assert_int_equal(bp_acting_init(&acting, &agent, lanes), 0);
    return acting;
}

/* ---- in double ---- */

struct naive {
    double state[32], mean[TINY_A], scale[TINY_A];
};

static void naive_look(struct naive *naive, enum bp_role role, const float *observation)
{
    struct naive_plan plan = naive_plan(&agent.net[role], params_of[role]);
    double x[TINY_O], out[2 * TINY_A];

    for (int j = 0; j < TINY_O; j++)
        x[j] = (double)observation[j];
    naive_net(&plan, params_of[role], x, NULL, naive->state, out);
    for (int j = 0; j < TINY_A; j++) {
        naive->mean[j] = out[j];
        naive->scale[j] = 0.01 + log1p(exp(out[TINY_A + j]));
    }
}

/* Along twelve steps: actions, their log density, KL(policy || prior) in whichever role one acts, the states carried along. */
static void acting_along_an_episode(void **state)
{
    (void)state;
    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        struct bp_acting acting = acting_of(LANES);
        static struct naive naive[2][LANES];
        memset(naive, 0, sizeof naive);
        for (int t = 0; t < 12; t++) {
            float observations[LANES * TINY_O];
            fill_normal(observations, LANES * TINY_O, 100 + (uint64_t)t);
            fill_normal(acting.noise, LANES * TINY_A, 200 + (uint64_t)t);
            bp_act(&acting, &params, (enum bp_role)role, observations, true, 0);
            for (int lane = 0; lane < LANES; lane++) {
                double log_prob = 0, kl = 0;
                for (int r = 0; r < 2; r++)
                    naive_look(&naive[r][lane], (enum bp_role)r, observations + lane * TINY_O);
                const struct naive *pi = &naive[BP_POLICY][lane], *pi0 = &naive[BP_PRIOR][lane], *own = &naive[role][lane];
                for (int j = 0; j < TINY_A; j++) {
                    double noise = (double)acting.noise[lane * TINY_A + j];
                    assert_close(acting.actions[lane * TINY_A + j], own->mean[j] + own->scale[j] * noise, 1e-5);
                    log_prob -= 0.5 * noise * noise + log(own->scale[j]) + 0.5 * log(2 * M_PI);
                    kl += log(pi0->scale[j] / pi->scale[j]) - 0.5 +
                          (pi->scale[j] * pi->scale[j] + pow(pi->mean[j] - pi0->mean[j], 2)) / (2 * pi0->scale[j] * pi0->scale[j]);
                }
                assert_close(acting.log_prob[lane], log_prob, 1e-4);
                assert_close(acting.kl_prior[lane], kl, 1e-4);
            }
        }
        bp_acting_free(&acting);
    }
}

/* In two columns the prior's network looks once a step, for the policy and for the KL: its state moves on by one step. */
static void two_columns_along_an_episode(void **state)
{
    const struct bp_agent kept = agent;

    (void)state;
    assert_int_equal(bp_agent_add_column(&agent), 0);
    for (int with_kl = 0; with_kl < 2; with_kl++) {
        struct bp_acting acting = acting_of(1);
        double states[2][32] = {{0}};
        for (int t = 0; t < 12; t++) {
            float observation[TINY_O];
            double x[TINY_O], out[2][2 * TINY_A];
            fill_normal(observation, TINY_O, 100 + (uint64_t)t);
            for (int j = 0; j < TINY_O; j++)
                x[j] = (double)observation[j];
            bp_act(&acting, &params, BP_POLICY, observation, with_kl, (1u << BP_ROLES) - 1);
            for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
                struct naive_plan plan = naive_plan(&agent.net[role], params_of[role]);
                naive_net(&plan, params_of[role], x, NULL, states[role], out[role]);
            }
            for (int j = 0; j < TINY_A; j++)
                assert_close(acting.actions[j], out[BP_POLICY][j] + out[BP_PRIOR][j], 1e-5);
        }
        bp_acting_free(&acting);
    }
    agent = kept;
}

/* ---- beside a prior whose latents are choices ---- */

enum { CHOICES = 3, EPISODE = 12 };

static struct bp_agent beside_choices(void)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "4,3", "*", "softplus", NULL},
        [BP_PRIOR] = {"lstm", "3,4", "shared", "softplus", NULL},
        [BP_POLICY_HIGH] = {"none", "4", "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {"markov", "4", "shared", NULL, NULL},
    };
    const struct bp_latent_choice latent = {CHOICES, 1, 0.8};
    struct bp_agent hidden;

    assert_int_equal(bp_agent_init(&hidden, &agent.groups, bp_continuous(TINY_A), choice, &latent), 0);
    return hidden;
}

static struct bp_params params_beside(const struct bp_agent *hidden)
{
    static float own[BP_ROLES][512];
    struct bp_params all = {{NULL}};

    for (int role = 0; role < BP_ROLES; role++) {
        assert_true(hidden->net[role].parameters < 512);
        fill_normal(own[role], 512, 40 + (uint64_t)role);
        for (int i = 0; i < 512; i++)
            own[role][i] *= 0.5f;
        all.of[role] = own[role];
    }
    return all;
}

/*
 * What a policy does tells how likely each choice of the prior is, which is carried from step to step: the KL of each step is as when the whole
 * episode is scored at once.
 */
static void choices_are_filtered(void **state)
{
    const struct bp_agent hidden = beside_choices();
    const struct bp_params all = params_beside(&hidden);
    static float observations[EPISODE * LANES * TINY_O], actions[EPISODE * LANES * TINY_A], noise[EPISODE * LANES * TINY_A], kl[2][EPISODE * LANES];
    int32_t steps[EPISODE * LANES];
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;

    (void)state;
    fill_normal(observations, EPISODE * LANES * TINY_O, 5);
    fill_normal(noise, EPISODE * LANES * TINY_A, 6);
    for (int with_kl = 0; with_kl < 2; with_kl++) {     /* else for the states that are stored with the replay */
        struct bp_acting acting;
        float row[64];
        assert_int_equal(bp_acting_init(&acting, &hidden, LANES), 0);
        for (int t = 0; t < EPISODE; t++) {
            for (int lane = 0; lane < LANES; lane++)
                memcpy(acting.noise + lane * acting.noise_size, noise + (t * LANES + lane) * TINY_A, TINY_A * sizeof(float));
            bp_act(&acting, &all, BP_POLICY, observations + t * LANES * TINY_O, with_kl, with_kl ? 0 : (1u << BP_ROLES) - 1);
            memcpy(actions + t * LANES * TINY_A, acting.actions, LANES * TINY_A * sizeof(float));
            for (int lane = 0; lane < LANES; lane++) {
                float *belief = acting.latent + lane * CHOICES;
                kl[with_kl][t * LANES + lane] = with_kl ? acting.kl_prior[lane] : belief[0];
                steps[t * LANES + lane] = t;
                assert_close(belief[0] + belief[1] + belief[2], 1, 1e-5);
                if (with_kl)
                    continue;
                bp_acting_state_row(&acting, lane, row);
                assert_memory_equal(row + bp_agent_state_size(&hidden) - CHOICES, belief, sizeof(float) * CHOICES);
            }
        }
        bp_acting_free(&acting);
    }
    for (int role = 0; role < BP_ROLES; role++)
        use[role] = (struct bp_net_use){.net = &hidden.net[role], .params = all.of[role]};
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_scene scene = {.tape = &tape, .groups = &hidden.groups, .use = use, .observations = observations, .steps = EPISODE, .batch = LANES,
                             .episode_step = steps, .acted = actions};
    struct bp_path pi = bp_behave(&scene, &hidden.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &hidden.behaviour[BP_PRIOR], &pi);
    struct bp_path_kl whole = bp_path_kl(&tape, &pi, &pi0);
    float spread = 0;
    for (int i = 0; i < EPISODE * LANES; i++) {
        assert_close(kl[1][i], whole.sum->value[i], 1e-4);
        spread = fmaxf(spread, fabsf(kl[0][i] - kl[0][0]));
    }
    assert_true(spread > 0.05f);            /* the actions do tell something */
    bp_tape_free(&tape);
}

static void without_noise_it_is_the_mean(void **state)
{
    struct bp_acting acting = acting_of(1);
    struct naive naive = {{0}, {0}, {0}};
    float observation[TINY_O];

    (void)state;
    fill_normal(observation, TINY_O, 1);
    bp_act(&acting, &params, BP_POLICY, observation, false, 0);
    naive_look(&naive, BP_POLICY, observation);
    for (int j = 0; j < TINY_A; j++)
        assert_close(acting.actions[j], naive.mean[j], 1e-6);
    bp_acting_free(&acting);
}

/* ---- memory ---- */

static int row_size(void)
{
    int size = 0;

    for (int role = 0; role < BP_ROLES; role++)
        size += agent.net[role].state_size;
    return size;
}

/* Which networks' states move: the one that acts, those in `remember`, and both for the KL. */
static void who_remembers(void **state)
{
    static const struct { enum bp_role role; bool with_kl; unsigned remember; bool moves[BP_ROLES]; } rule[] = {
        {BP_POLICY, false, 0, {true, false, false}},
        {BP_PRIOR, false, 0, {false, true, false}},
        {BP_POLICY, true, 0, {true, true, false}},
        {BP_POLICY, false, 1u << BP_PRIOR, {true, true, false}},
        {BP_POLICY, false, 1u << BP_CRITIC, {true, false, true}},
        {BP_POLICY, false, (1u << BP_ROLES) - 1, {true, true, true}},
    };
    float observations[LANES * TINY_O], row[64];

    (void)state;
    fill_normal(observations, LANES * TINY_O, 2);
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        struct bp_acting acting = acting_of(LANES);
        bp_act(&acting, &params, rule[i].role, observations, rule[i].with_kl, rule[i].remember);
        for (int lane = 0; lane < LANES; lane++) {
            const float *at = row;
            bp_acting_state_row(&acting, lane, row);
            for (int role = 0; role < BP_ROLES; role++)
                for (int j = 0; j < agent.net[role].state_size; j++)
                    assert_true((*at++ != 0) == rule[i].moves[role]);
        }
        bp_acting_free(&acting);
    }
}

/* A lane's memory can be taken out, forgotten and put back, and no other lane notices. */
static void state_rows(void **state)
{
    struct bp_acting acting = acting_of(LANES);
    float observations[LANES * TINY_O], kept[LANES][64], row[64];
    unsigned all = (1u << BP_ROLES) - 1;

    (void)state;
    assert_true(row_size() <= 64);
    size_t bytes = (size_t)row_size() * sizeof(float);
    fill_normal(observations, LANES * TINY_O, 3);
    bp_act(&acting, &params, BP_POLICY, observations, false, all);
    for (int lane = 0; lane < LANES; lane++)
        bp_acting_state_row(&acting, lane, kept[lane]);
    assert_memory_not_equal(kept[1], kept[2], bytes);
    bp_acting_forget(&acting, 2);
    for (int lane = 0; lane < LANES; lane++) {
        bp_acting_state_row(&acting, lane, row);
        for (int j = 0; j < row_size(); j++)
            assert_true(row[j] == (lane == 2 ? 0 : kept[lane][j]));
    }
    bp_acting_set_state_row(&acting, 2, kept[2], 1);
    bp_acting_state_row(&acting, 2, row);
    assert_memory_equal(row, kept[2], bytes);
    bp_acting_free(&acting);
}

/* What stands in another lane changes no bit of this one: silent lanes may hold anything. */
static void lanes_are_apart(void **state)
{
    struct bp_acting a = acting_of(LANES), b = acting_of(LANES);
    float observations[LANES * TINY_O];

    (void)state;
    for (int t = 0; t < 5; t++) {
        fill_normal(observations, LANES * TINY_O, 300 + (uint64_t)t);
        fill_normal(a.noise, LANES * TINY_A, 400 + (uint64_t)t);
        memcpy(b.noise, a.noise, sizeof(float) * LANES * TINY_A);
        bp_act(&a, &params, BP_POLICY, observations, true, 0);
        for (int j = 0; j < TINY_O; j++)
            observations[1 * TINY_O + j] = 1e6f;
        bp_act(&b, &params, BP_POLICY, observations, true, 0);
        for (int lane = 0; lane < LANES; lane++) {
            bool same = !memcmp(a.actions + lane * TINY_A, b.actions + lane * TINY_A, TINY_A * sizeof(float)) &&
                        !memcmp(&a.log_prob[lane], &b.log_prob[lane], sizeof(float)) && !memcmp(&a.kl_prior[lane], &b.kl_prior[lane], sizeof(float));
            assert_int_equal(same, lane != 1);
        }
    }
    bp_acting_free(&a);
    bp_acting_free(&b);
}

/* ---- a prior to which there is no closed form ---- */

/* log pi(a|x) - log pi0(a|x) at an action that the policy draws of a lane's first numbers, whoever acts; the lane's draw is its own whatever the others'. */
static void kl_by_sample(void **state)
{
    const struct bp_agent kept = agent;
    struct bp_groups groups = agent.groups;
    const struct bp_net_choice choice[BP_ROLES] = {{"mlp", "4,3", "*", "softplus", NULL}, {"mlp", "3,4", "shared", "mixture", NULL}};
    float observations[LANES * TINY_O], noise[LANES * TINY_A];
    struct bp_net_use use[BP_ROLES] = {{0}};
    const int32_t first[LANES] = {0};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, NULL), 0);
    fill_normal(observations, LANES * TINY_O, 1);
    for (int role = BP_POLICY; role <= BP_PRIOR; role++)
        use[role] = (struct bp_net_use){.net = &agent.net[role], .params = params_of[role]};
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observations, .steps = 1, .batch = LANES,
                             .episode_step = first};
    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        struct bp_acting acting = acting_of(LANES);
        assert_true(acting.noise_size > TINY_A);
        fill_normal(acting.noise, LANES * acting.noise_size, 2);
        for (int lane = 0; lane < LANES; lane++)
            memcpy(noise + lane * TINY_A, acting.noise + lane * acting.noise_size, sizeof(float) * TINY_A);
        bp_act(&acting, &params, (enum bp_role)role, observations, true, 0);
        struct bp_path pi = bp_behave(&scene, &agent.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &agent.behaviour[BP_PRIOR], &pi);
        struct bp_distribution p = pi.level[0].p, q = pi0.level[0].p;
        struct bp_var *log_p = p.family->log_prob(&tape, p, pi.level[0].y), *log_q = q.family->log_prob(&tape, q, pi.level[0].y);
        for (int lane = 0; lane < LANES; lane++) {
            assert_close(acting.kl_prior[lane], log_p->value[lane] - log_q->value[lane], 1e-5);
            assert_true((acting.actions[lane * TINY_A] == pi.level[0].y->value[lane * TINY_A]) == (role == BP_POLICY));
        }
        bp_acting_free(&acting);
    }
    bp_tape_free(&tape);
    agent = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acting_along_an_episode),
        cmocka_unit_test(two_columns_along_an_episode),
        cmocka_unit_test(choices_are_filtered),
        cmocka_unit_test(without_noise_it_is_the_mean),
        cmocka_unit_test(who_remembers),
        cmocka_unit_test(state_rows),
        cmocka_unit_test(lanes_are_apart),
        cmocka_unit_test(kl_by_sample),
    };

    return cmocka_run_group_tests(tests, make_agent, NULL);
}
