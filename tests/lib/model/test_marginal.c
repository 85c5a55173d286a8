/* Priors whose latents are choices beside flat policies: against sums over all paths of choices, and their KL against integrals. */
#include "model/marginal.h"

#include "model/agent.h"

#include "../base/check.h"

#include <string.h>

enum { O = 2, K = 3, A = 1, STEPS = 5, BATCH = 3, ROWS = STEPS * BATCH, GRID = 2001, SAMPLES = 4096 };

static float params[BP_ROLES][512], observation[ROWS * O], actions[ROWS * A];

/* A sequence from its episode's start; one from the fourth step on; one that ends after two steps, after which another begins. */
static const int32_t steps[ROWS] = {0, 4, 6, 1, 5, 7, 2, 6, 0, 3, 7, 1, 4, 8, 2};

static int draw(void **state)
{
    (void)state;
    for (int role = 0; role < BP_ROLES; role++) {
        fill_normal(params[role], 512, 400 + (uint64_t)role);
        for (int i = 0; i < 512; i++)
            params[role][i] *= 0.5f;
    }
    fill_normal(observation, ROWS * O, 7);
    fill_normal(actions, ROWS * A, 8);
    return 0;
}

static struct bp_agent agent_of(const char *prior, const char *high, const char *high_head, int period)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "5", "*", "softplus", NULL},
        [BP_PRIOR] = {prior, "4", "a", "softplus", NULL},
        [BP_CRITIC] = {"mlp", "4", "*", NULL, NULL},
        [BP_POLICY_HIGH] = {"none", "4", "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {high, "4", "a", high_head, NULL},
    };
    const struct bp_latent_choice latent = {K, period, 0.8};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "a", 1);
    bp_groups_add(&groups, "b", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    for (int role = 0; role < BP_ROLES; role++)
        assert_true(agent.net[role].parameters <= 512);
    return agent;
}

static void use_of(const struct bp_agent *agent, struct bp_net_use use[BP_ROLES])
{
    for (int role = 0; role < BP_ROLES; role++)
        use[role] = (struct bp_net_use){.net = &agent->net[role], .params = params[role]};
}

static struct bp_path actions_alone(struct bp_tape *tape, int rows)
{
    struct bp_path path = {.levels = 1};

    path.level[0].net = BP_NO_NET;
    path.level[0].y = bp_constant(tape, rows, A, actions);
    return path;
}

static struct bp_var *log_prob(struct bp_tape *tape, struct bp_distribution p, const float *y, int size)
{
    return p.family->log_prob(tape, p, bp_constant(tape, ROWS, size, y));
}

/* ---- what a flat policy stands beside ---- */

static void shapes(void **state)
{
    struct bp_agent agent = agent_of("mlp", "markov", "softplus", 1);

    (void)state;
    assert_int_equal(agent.behaviour[BP_POLICY].levels, 1);
    assert_int_equal(agent.behaviour[BP_PRIOR].levels, 2);
    assert_true(bp_space_equal(agent.latent, bp_discrete(K)));
    assert_string_equal(agent.latent_prior->name, "markov");
    assert_string_equal(agent.behaviour[BP_PRIOR].level[0].family->name, "categorical");
    assert_int_equal(agent.net[BP_CRITIC].late_size, A);        /* of a latent that the policy does not have a critic knows nothing */
    assert_int_equal(agent.net[BP_PRIOR_HIGH].spec.inputs.count, 1);
    assert_int_equal(agent.net[BP_PRIOR_HIGH].late_size, K);
}

/* ---- the sum over all paths ---- */

/*
 * log p of steps 0 ... n of one sequence with its choices, by scoring a path that has them as if they had been drawn: log p(z) + log p(a|z), the
 * last action's only if it is seen.
 */
static double of_path(const struct bp_scene *scene, const struct bp_agent *agent, int b, int n, const int *choice, bool sees_last)
{
    struct bp_path at = {.levels = 2}, p;
    float *y = bp_arena_zeros(&scene->tape->arena, ROWS * K);
    double sum = 0;

    for (int row = 0; row < ROWS; row++)
        y[row * K + (row % BATCH == b && row / BATCH <= n ? choice[row / BATCH] : 0)] = 1;
    at.level[0].net = at.level[1].net = BP_NO_NET;
    at.level[0].y = bp_constant(scene->tape, ROWS, K, y);
    p = bp_score(scene, &agent->behaviour[BP_PRIOR], &at);
    struct bp_var *of_choice = log_prob(scene->tape, p.level[0].p, y, K), *of_action = log_prob(scene->tape, p.level[1].p, actions, A);
    for (int t = 0; t <= n; t++) {
        int row = t * BATCH + b;
        bool held = scene->episode_step[row] % agent->behaviour[BP_PRIOR].level[0].period != 0;
        int before = t ? choice[t - 1] : scene->latent ? (int)(scene->latent[b * K + 1] + 2 * scene->latent[b * K + 2]) : -1;
        sum += held ? (before == choice[t] ? 0 : -INFINITY) : (double)of_choice->value[row];
        sum += t < n || sees_last ? (double)of_action->value[row] : 0;
    }
    return sum;
}

/* log p(a_0 ... a_n | x), the last action only if it is seen, from a known choice before; or averaged over those there could have been. */
static double of_all_paths(struct bp_scene *scene, const struct bp_agent *agent, int b, int n, bool sees_last)
{
    static float one_hot[BATCH * K];
    const float *known = scene->latent;
    double sum = 0;
    int paths = 1, choice[STEPS];

    for (int t = 0; t <= n; t++)
        paths *= K;
    for (int first = 0; first < K; first++) {
        memset(one_hot, 0, sizeof one_hot);
        one_hot[b * K + first] = 1;
        for (int path = 0; path < paths; path++) {
            double weight = known ? (double)known[b * K + first] : 1.0 / K;
            for (int t = 0, rest = path; t <= n; t++, rest /= K)
                choice[t] = rest % K;
            scene->latent = one_hot;
            bp_tape_reset(scene->tape);
            sum += weight > 0 ? weight * exp(of_path(scene, agent, b, n, choice, sees_last)) : 0;
        }
    }
    scene->latent = known;
    return log(sum);
}

static void sums_over_all_paths(void **state)
{
    static const struct { const char *low, *high, *head; int period; bool known; } settings[] = {
        {"mlp", "markov", "softplus", 1, true}, {"lstm", "markov", "softplus", 1, false}, {"mlp", "learned-ar", "categorical", 1, true},
        {"mlp", "lstm", "categorical", 1, true}, {"mlp", "markov", "softplus", 2, true},
    };
    static const float belief[BATCH * K] = {0.3f, 0.1f, 0.6f, 0, 1, 0, 0.5f, 0.2f, 0.3f};
    static float found[ROWS];
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct bp_agent agent = agent_of(settings[i].low, settings[i].high, settings[i].head, settings[i].period);
        use_of(&agent, use);
        struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = STEPS, .batch = BATCH,
                                 .episode_step = steps, .latent = settings[i].known ? belief : NULL, .acted = actions};
        bp_tape_reset(&tape);
        struct bp_path at = actions_alone(&tape, ROWS), p = bp_score(&scene, &agent.behaviour[BP_PRIOR], &at);
        assert_int_equal(p.levels, 1);
        memcpy(found, log_prob(&tape, p.level[0].p, actions, A)->value, sizeof found);
        for (int b = 0; b < BATCH; b++) {
            double total = 0;
            for (int t = 0; t < STEPS; t++) {
                total += (double)found[t * BATCH + b];
                assert_close(total, of_all_paths(&scene, &agent, b, t, true), 2e-5 * (1 + fabs(total)));
            }
        }
    }
    bp_tape_free(&tape);
}

/* ---- KL ---- */

/* log N(x; mean, scale) at one row of means and scales of one number. */
static double log_normal(double x, const struct bp_var *mean, const struct bp_var *scale, int row)
{
    double width = (double)scale->value[row], d = (x - (double)mean->value[row]) / width;

    return -0.5 * d * d - log(width) - 0.5 * log(2 * M_PI);
}

/* log pi(a) - log pi0(a) at draws of a flat policy: on the mean the integral of it, for each of three states in which it is drawn many times. */
static void kl_by_sample(void **state)
{
    static float same[SAMPLES * O], noise[SAMPLES * A];
    static int32_t begins[SAMPLES];
    struct bp_agent agent = agent_of("mlp", "markov", "softplus", 1);
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;

    (void)state;
    use_of(&agent, use);
    fill_normal(noise, SAMPLES * A, 9);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < SAMPLES; i++)
            memcpy(same + i * O, observation + c * O, O * sizeof(float));
        bp_tape_reset(&tape);
        struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = same, .steps = 1, .batch = SAMPLES, .episode_step = begins};
        struct bp_path pi = bp_behave(&scene, &agent.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &agent.behaviour[BP_PRIOR], &pi);
        struct bp_var *kl = bp_path_kl(&tape, &pi, &pi0).sum, *const *p = pi.level[0].p.param, *const *q = pi0.level[0].p.param;
        double integral = 0, scale = (double)p[1]->value[0], dx = 16 * scale / (GRID - 1), sum = 0, squares = 0;
        for (int i = 0; i < GRID; i++) {
            double x = (double)p[0]->value[0] - 8 * scale + i * dx, mixture = 0;
            for (int k = 0; k < K; k++)
                mixture += exp((double)q[0]->value[k] + log_normal(x, q[1], q[2], k * SAMPLES));
            integral += dx * exp(log_normal(x, p[0], p[1], 0)) * (log_normal(x, p[0], p[1], 0) - log(mixture));
        }
        for (int i = 0; i < SAMPLES; i++) {
            sum += (double)kl->value[i] / SAMPLES;
            squares += (double)kl->value[i] * (double)kl->value[i] / SAMPLES;
        }
        assert_true(integral > 0.01);
        assert_close(sum, integral, 4 * sqrt((squares - sum * sum) / SAMPLES) + 1e-4);
    }
    bp_tape_free(&tape);
}

/* ---- when the prior acts ---- */

/* A prior that acts draws its choice, and the flat policy is asked at its actions: their KL is that of the actions, given the choice. */
static void a_prior_that_acts_draws(void **state)
{
    struct bp_agent agent = agent_of("mlp", "markov", "softplus", 1);
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;
    float noise[BATCH * (K + A)];
    static const float before[BATCH * K] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    (void)state;
    use_of(&agent, use);
    assert_int_equal(bp_behaviour_noise(&agent.behaviour[BP_PRIOR]), K + A);
    fill_normal(noise, BATCH * (K + A), 10);
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = 1, .batch = BATCH,
                             .episode_step = steps, .carry = true, .latent = before};
    struct bp_path pi0 = bp_behave(&scene, &agent.behaviour[BP_PRIOR], noise), pi = bp_score(&scene, &agent.behaviour[BP_POLICY], &pi0);
    assert_int_equal(pi0.levels, 2);
    assert_int_equal(pi.levels, 1);
    assert_true(bp_space_holds(bp_discrete(K), pi0.level[0].y->value, BATCH));
    struct bp_path_kl kl = bp_path_kl(&tape, &pi, &pi0);
    struct bp_var *of_actions = bp_distribution_kl(&tape, pi.level[0].p, pi0.level[1].p, pi.level[0].y);
    for (int row = 0; row < BATCH; row++)
        assert_true(kl.sum->value[row] == of_actions->value[row] && kl.sum->value[row] > 0);
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(sums_over_all_paths),
        cmocka_unit_test(kl_by_sample),
        cmocka_unit_test(a_prior_that_acts_draws),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
