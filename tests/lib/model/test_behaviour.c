#include "model/behaviour.h"

#include "model/agent.h"

#include "../base/check.h"

#include <string.h>

/* ---- one number of latent and action each, so that what they make of each other can be integrated ---- */

enum { O = 2, Z = 1, A = 1, GRID = 801 };

static float params[BP_ROLES][256];
static gsl_rng *stream;

static struct bp_agent agent_of(const char *prior, const char *prior_high, int period)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "5", "a", "bounded", NULL},
        [BP_PRIOR] = {prior, "4", "a", "bounded", NULL},
        [BP_POLICY_HIGH] = {"mlp", "4", "*", "bounded", NULL},
        [BP_PRIOR_HIGH] = {prior_high, "4", "a", "bounded", NULL},
    };
    const struct bp_latent_choice latent = {Z, period, 0.8};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "a", 1);
    bp_groups_add(&groups, "b", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    for (int role = 0; role < BP_ROLES; role++)
        assert_true(agent.net[role].parameters <= 256);
    return agent;
}

static void use_of(const struct bp_agent *agent, struct bp_net_use use[BP_ROLES])
{
    for (int role = 0; role < BP_ROLES; role++)
        use[role] = (struct bp_net_use){.net = &agent->net[role], .params = params[role]};
}

static int draw(void **state)
{
    (void)state;
    for (int role = 0; role < BP_ROLES; role++)
        fill_normal(params[role], 256, 300 + (uint64_t)role);
    return (stream = bp_random_new()) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    gsl_rng_free(stream);
    return 0;
}

/* ---- the bound ---- */

static double normal(double x, const struct bp_distribution *p, int row)
{
    double mean = (double)p->param[0]->value[row], scale = (double)p->param[1]->value[row];

    return exp(-0.5 * (x - mean) * (x - mean) / (scale * scale)) / (scale * sqrt(2 * M_PI));
}

/* KL(a|x) by integration over latents and actions is no more than the mean of KL(z|x) + KL(a|z, x) over draws of z (BP eq. 14). */
static void the_bound_holds(void **state)
{
    struct bp_agent agent = agent_of("mlp", "mlp", 1);
    struct bp_net_use use[BP_ROLES];
    static float observation[GRID * O], noise[GRID * (Z + A)], grid[GRID];
    const int32_t first[GRID] = {0};
    struct bp_tape tape;

    (void)state;
    use_of(&agent, use);
    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < GRID; i++) {
            observation[i * O] = (float)c - 1;
            observation[i * O + 1] = 0.5f;
            grid[i] = -6 + 12 * (float)i / (GRID - 1);
        }
        bp_tape_reset(&tape);
        struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = 1, .batch = GRID,
                                 .episode_step = first};
        bp_random_seek(stream, 5, BP_FOR_TEST, (uint64_t)c, 0);
        bp_random_normal(stream, noise, GRID * (Z + A));
        struct bp_path pi = bp_behave(&scene, &agent.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &agent.behaviour[BP_PRIOR], &pi);
        struct bp_path_kl kl = bp_path_kl(&tape, &pi, &pi0);
        double bound = 0, square = 0;
        for (int i = 0; i < GRID; i++) {
            assert_close(kl.sum->value[i], kl.level[0]->value[i] + kl.level[1]->value[i], 1e-6);
            bound += (double)kl.sum->value[i] / GRID;
            square += (double)kl.sum->value[i] * (double)kl.sum->value[i] / GRID;
        }
        /* Both low levels at latents on a grid, weighted by both high levels. */
        struct bp_path on_grid = pi;
        on_grid.level[0].y = bp_constant(&tape, GRID, 1, grid);
        on_grid.level[0].net = on_grid.level[1].net = BP_NO_NET;
        struct bp_path p = bp_score(&scene, &agent.behaviour[BP_POLICY], &on_grid), q = bp_score(&scene, &agent.behaviour[BP_PRIOR], &on_grid);
        double marginal = 0, dz = 12.0 / (GRID - 1), mass = 0;
        for (int i = 0; i < GRID; i++) {
            double pa = 0, qa = 0;
            for (int k = 0; k < GRID; k++) {
                pa += dz * normal((double)grid[k], &p.level[0].p, k) * normal((double)grid[i], &p.level[1].p, k);
                qa += dz * normal((double)grid[k], &q.level[0].p, k) * normal((double)grid[i], &q.level[1].p, k);
            }
            mass += pa * dz;
            marginal += pa > 1e-300 ? dz * pa * log(pa / qa) : 0;
        }
        assert_close(mass, 1, 0.02);
        assert_true(marginal > 0 && marginal <= bound + 4 * sqrt((square - bound * bound) / GRID));
    }
    bp_tape_free(&tape);
}

/* ---- time ---- */

enum { STEPS = 6, BATCH = 2, ROWS = STEPS * BATCH };

static const int32_t steps[ROWS] = {0, 4, 1, 5, 2, 6, 3, 0, 4, 1, 5, 2};

/* N(a z', 1 - a^2) at the draws of a path; N(0, I) where an episode begins, and where nothing is known of the step before. */
static void the_correlated_prior(void **state)
{
    struct bp_agent agent = agent_of("shared", "ar1", 1);
    struct bp_net_use use[BP_ROLES];
    float observation[ROWS * O], noise[ROWS * (Z + A)], latent[BATCH] = {0.7f, -0.4f};
    struct bp_tape tape;

    (void)state;
    use_of(&agent, use);
    fill_normal(observation, ROWS * O, 7);
    fill_normal(noise, ROWS * (Z + A), 8);
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    for (int known = 0; known < 2; known++) {
        struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = STEPS, .batch = BATCH,
                                 .episode_step = steps, .latent = known ? latent : NULL};
        struct bp_path pi = bp_behave(&scene, &agent.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &agent.behaviour[BP_PRIOR], &pi);
        for (int row = 0; row < ROWS; row++) {
            bool starts = steps[row] == 0 || (row < BATCH && !known);
            double before = row < BATCH ? (double)latent[row] : (double)pi.level[0].y->value[row - BATCH];
            assert_close(pi0.level[0].p.param[0]->value[row], starts ? 0 : 0.8 * before, 1e-6);
            assert_close(pi0.level[0].p.param[1]->value[row], starts ? 1 : 0.6, 1e-6);
        }
        struct bp_path_kl kl = bp_path_kl(&tape, &pi, &pi0);
        assert_null(kl.level[1]);               /* shared: exactly 0 */
        assert_ptr_equal(kl.sum, kl.level[0]);
    }
    bp_tape_free(&tape);
}

/* With a period of three a latent is drawn where the episode's step says so, and at a sequence's start; it counts in the first case alone. */
static void latents_are_held(void **state)
{
    static const int from[ROWS] = {0, 1, 0, 1, 0, 5, 6, 7, 6, 7, 6, 7};
    struct bp_agent agent = agent_of("mlp", "isotropic", 3);
    struct bp_net_use use[BP_ROLES];
    float observation[ROWS * O], noise[ROWS * (Z + A)];
    struct bp_tape tape;

    (void)state;
    use_of(&agent, use);
    fill_normal(observation, ROWS * O, 17);
    fill_normal(noise, ROWS * (Z + A), 18);
    assert_int_equal(bp_tape_init(&tape, 1 << 18, false), 0);
    struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = STEPS, .batch = BATCH,
                             .episode_step = steps};
    struct bp_path pi = bp_behave(&scene, &agent.behaviour[BP_POLICY], noise), pi0 = bp_score(&scene, &agent.behaviour[BP_PRIOR], &pi);
    struct bp_path_kl kl = bp_path_kl(&tape, &pi, &pi0);
    for (int row = 0; row < ROWS; row++) {
        const struct bp_distribution *p = &pi.level[0].p;
        int drawn = from[row];
        double z = (double)p->param[0]->value[drawn] + (double)p->param[1]->value[drawn] * (double)noise[drawn];
        assert_close(pi.level[0].y->value[row], z, 1e-6);
        assert_true(pi.level[0].drawn[row] == (steps[row] % 3 == 0));
        assert_close(kl.sum->value[row], (steps[row] % 3 ? 0 : (double)kl.level[0]->value[row]) + (double)kl.level[1]->value[row], 1e-6);
    }
    bp_tape_free(&tape);
}

/*
 * A prior without latents beside a policy with them: KL(a|z, x) to it, in the mean over z, is at least KL(a|x), by as much as z and a have in
 * common. Both integrals over z and a on a grid.
 */
static void a_prior_without_latents(void **state)
{
    struct bp_agent flat;
    struct bp_groups groups = {0};
    struct bp_net_use use[BP_ROLES];
    float observations[O] = {0.4f, -0.7f}, z[GRID], points[GRID];
    static float rows[GRID * O];
    struct bp_tape tape;
    const double step = 12.0 / (GRID - 1);
    double mean_kl = 0, kl = 0, total = 0;

    (void)state;
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "5", "a", "bounded", NULL}, [BP_PRIOR] = {"mlp", "4", "a", "bounded", NULL},
        [BP_POLICY_HIGH] = {"mlp", "4", "*", "bounded", NULL}, [BP_POSTERIOR] = {"mlp", "4", "a", "bounded", NULL},
    };
    const struct bp_latent_choice latent = {.size = Z};
    bp_groups_add(&groups, "a", 1);
    bp_groups_add(&groups, "b", 1);
    assert_int_equal(bp_agent_init(&flat, &groups, bp_continuous(A), choice, &latent), 0);
    assert_int_equal(flat.behaviour[BP_PRIOR].levels, 1);
    assert_int_equal(flat.behaviour[BP_POLICY].levels, 2);
    assert_int_equal(flat.behaviour[BP_POLICY].level[0].period, BP_WHOLE_EPISODE);
    use_of(&flat, use);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int i = 0; i < GRID; i++) {
        memcpy(rows + i * O, observations, sizeof observations);
        z[i] = points[i] = (float)(-6 + i * step);
    }
    struct bp_scene scene = {.tape = &tape, .groups = &flat.groups, .use = use, .observations = rows, .steps = 1, .batch = GRID};
    struct bp_path at = {.levels = 2};
    at.level[0].net = at.level[1].net = BP_NO_NET;
    at.level[0].y = bp_constant(&tape, GRID, Z, z);
    struct bp_path pi = bp_score(&scene, &flat.behaviour[BP_POLICY], &at), pi0 = bp_score(&scene, &flat.behaviour[BP_PRIOR], &pi);
    assert_int_equal(pi0.levels, 1);
    struct bp_path_kl given = bp_path_kl(&tape, &pi, &pi0);
    assert_null(given.level[0]);
    assert_ptr_equal(given.sum, given.level[1]);
    for (int i = 0; i < GRID; i++)
        mean_kl += step * normal((double)z[i], &pi.level[0].p, 0) * (double)given.sum->value[i];
    for (int j = 0; j < GRID; j++) {
        double marginal = 0, prior = normal((double)points[j], &pi0.level[0].p, 0);
        for (int i = 0; i < GRID; i++)
            marginal += step * normal((double)z[i], &pi.level[0].p, 0) * normal((double)points[j], &pi.level[1].p, i);
        total += step * marginal;
        kl += step * marginal * log(marginal / prior);
    }
    assert_close(total, 1, 1e-4);
    assert_true(kl > 0 && mean_kl > kl + 1e-3);
    bp_tape_free(&tape);
}

/* A set of networks is walked through from the least. */
static void sets_of_networks(void **state)
{
    int seen[4], count = 0;

    (void)state;
    BP_EACH_NET(net, 1u | 1u << 3 | 1u << 6)
        seen[count++] = net;
    assert_int_equal(count, 3);
    assert_true(seen[0] == 0 && seen[1] == 3 && seen[2] == 6);
    assert_int_equal(bp_nets_next(0, -1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_of_networks),
        cmocka_unit_test(the_bound_holds),
        cmocka_unit_test(the_correlated_prior),
        cmocka_unit_test(latents_are_held),
        cmocka_unit_test(a_prior_without_latents),
    };

    return cmocka_run_group_tests(tests, draw, end);
}
