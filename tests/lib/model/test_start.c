/* What hierarchies do before they have learned anything: nothing runs away, nothing is ignored. */
#include "model/agent.h"

#include "../base/check.h"

#include <string.h>

enum { A = 3, LANES = 8, BATCH = 32, STEPS = 1000 };

struct setting {
    const char *prior_high, *head;
    int observed, latent;
};

static float params[BP_ROLES][1 << 16];
static gsl_rng *stream;

static int begin(void **state)
{
    (void)state;
    return (stream = bp_random_new()) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    gsl_rng_free(stream);
    return 0;
}

static struct bp_agent agent_of(const struct setting *s, uint64_t seed)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "64,64", "proprio", "softplus", NULL},
        [BP_PRIOR] = {"mlp", "64,64", "proprio", "softplus", NULL},
        [BP_POLICY_HIGH] = {"mlp", "64", "*", s->head, NULL},
        [BP_PRIOR_HIGH] = {s->prior_high, "64", "proprio", s->head, NULL},
        [BP_CRITIC] = {"mlp", "64,64", "*", NULL, NULL},
    };
    const struct bp_latent_choice latent = {s->latent, 1, 0.95};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "proprio", s->observed);
    bp_groups_add(&groups, "goal", 3);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    for (int role = 0; role < BP_ROLES; role++) {
        if (!agent.has[role])
            continue;
        assert_true(agent.net[role].parameters <= sizeof params[role] / sizeof(float));
        bp_random_seek(stream, seed, BP_FOR_WEIGHTS, (uint64_t)role, 0);
        bp_net_randomise(&agent.net[role], params[role], stream);
    }
    return agent;
}

static void use_of(const struct bp_agent *agent, struct bp_net_use use[BP_ROLES])
{
    for (int role = 0; role < BP_ROLES; role++)
        use[role] = (struct bp_net_use){.net = &agent->net[role], .params = params[role]};
}

/* Moments of latents along an episode in random observations, and the mean of KL(policy || prior) of the latent, by number of it. */
struct along {
    double mean, variance, largest, kl;
};

static struct along follow(const struct bp_agent *agent, enum bp_role role)
{
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;
    struct along all = {0};
    size_t o = (size_t)agent->groups.size, z = (size_t)agent->latent.size;
    float *observations = calloc(LANES * o, sizeof(float)), *latent = calloc(LANES * z, sizeof(float)), *noise = calloc(LANES * (z + A), sizeof(float));
    float *state[BP_ROLES];
    int32_t step[LANES] = {0};

    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    use_of(agent, use);
    for (int r = 0; r < BP_ROLES; r++)
        state[r] = calloc(LANES * (size_t)agent->net[r].state_size + 1, sizeof(float));
    bp_random_seek(stream, 77, BP_FOR_TEST, 0, 0);
    for (int t = 0; t < STEPS; t++) {
        struct bp_net_seen seen[BP_ROLES] = {{0}};
        struct bp_scene scene = {.tape = &tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = 1, .batch = LANES,
                                 .episode_step = step, .state = state, .carry = true, .latent = latent, .seen = seen};
        bp_tape_reset(&tape);
        bp_random_normal(stream, observations, (int)(LANES * o));
        bp_random_normal(stream, noise, (int)(LANES * (z + A)));
        struct bp_path path = bp_behave(&scene, &agent->behaviour[role], noise), at;
        if (role == BP_POLICY) {
            at = bp_score(&scene, &agent->behaviour[BP_PRIOR], &path);
            struct bp_path_kl kl = bp_path_kl(&tape, &path, &at);
            for (int b = 0; b < LANES; b++)
                all.kl += (double)kl.level[0]->value[b] / (LANES * STEPS * (double)z);
        }
        memcpy(latent, path.level[0].y->value, LANES * z * sizeof(float));
        for (size_t i = 0; i < LANES * z; i++) {
            double y = (double)latent[i];
            all.mean += y / ((double)z * LANES * STEPS);
            all.variance += y * y / ((double)z * LANES * STEPS);
            all.largest = fmax(all.largest, fabs(y));
        }
        for (int b = 0; b < LANES; b++)
            step[b]++;
    }
    all.variance -= all.mean * all.mean;
    for (int r = 0; r < BP_ROLES; r++)
        free(state[r]);
    free(observations);
    free(latent);
    free(noise);
    bp_tape_free(&tape);
    return all;
}

static const char *const kinds[] = {"isotropic", "ar1", "learned-ar", "mlp", "lstm"};
static const char *const heads[] = {"softplus", "bounded"};
static const int latents[] = {4, 100}, sizes[] = {10, 66};

/* Whatever draws it, a latent is about as wide as N(0, I) and stays so; a prior's network starts with a law close to the policy's. */
static void latents_stay(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (size_t h = 0; h < 2; h++)
            for (size_t z = 0; z < 2; z++) {
                const struct setting s = {kinds[k], heads[h], 10, latents[z]};
                struct bp_agent agent = agent_of(&s, 1 + z);
                struct along prior = follow(&agent, BP_PRIOR), policy = follow(&agent, BP_POLICY);
                assert_close(prior.mean, 0, 0.1);
                assert_close(policy.mean, 0, 0.1);
                assert_true(prior.variance > 0.2 && prior.variance < 1.2 && prior.largest < 6);
                assert_true(policy.variance > 0.2 && policy.variance < 1.2 && policy.largest < 6);
                assert_true(policy.kl > 0 && policy.kl < (k == 1 ? 5 : k == 0 ? 0.4 : 0.05));       /* ar1: two draws in a row are not as close */
            }
}

/* Variance of a low level's mean over latents in one observation, and over observations at one latent. */
static void low(const struct bp_agent *agent, double variance[2])
{
    struct bp_net_use use[BP_ROLES];
    struct bp_tape tape;
    size_t o = (size_t)agent->groups.size, z = (size_t)agent->latent.size;
    float *observations = calloc(BATCH * BATCH * o, sizeof(float)), *latent = calloc(BATCH * BATCH * z, sizeof(float)), *draw = calloc(BATCH * (o + z), sizeof(float));

    assert_int_equal(bp_tape_init(&tape, 1 << 22, false), 0);
    use_of(agent, use);
    bp_random_seek(stream, 78, BP_FOR_TEST, 0, 0);
    bp_random_normal(stream, draw, (int)(BATCH * (o + z)));
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < BATCH; j++) {
            memcpy(observations + (i * BATCH + j) * o, draw + i * o, o * sizeof(float));
            memcpy(latent + (i * BATCH + j) * z, draw + BATCH * o + j * z, z * sizeof(float));
        }
    struct bp_scene scene = {.tape = &tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = 1, .batch = BATCH * BATCH};
    struct bp_path at = {.levels = 2};
    at.level[0].y = bp_constant(&tape, BATCH * BATCH, (int)z, latent);
    at.level[0].net = BP_POLICY_HIGH;       /* left out */
    at.level[1].net = BP_NO_NET;
    const float *mean = bp_score(&scene, &agent->behaviour[BP_POLICY], &at).level[1].p.param[0]->value;
    variance[0] = variance[1] = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < BATCH; i++)
            for (size_t a = 0; a < A; a++) {
                double sum = 0, square = 0;
                for (size_t j = 0; j < BATCH; j++) {
                    double y = (double)mean[(k ? j * BATCH + i : i * BATCH + j) * A + a];
                    sum += y / BATCH;
                    square += y * y / BATCH;
                }
                variance[k] += (square - sum * sum) / (BATCH * A);
            }
    free(observations);
    free(latent);
    free(draw);
    bp_tape_free(&tape);
}

/* A latent moves the actions about as much as the observation does, whichever has more numbers. */
static void a_latent_is_heard(void **state)
{
    (void)state;
    for (size_t z = 0; z < 2; z++)
        for (size_t x = 0; x < 2; x++) {
            const struct setting s = {"ar1", "softplus", sizes[x], latents[z]};
            struct bp_agent agent = agent_of(&s, 5);
            double variance[2];
            low(&agent, variance);
            if (!(variance[0] > 0.2 * variance[1] && variance[0] < 5 * variance[1]))
                fail_msg("latent of %d, observation of %d: variance %g by the latent, %g by the observation", latents[z], sizes[x], variance[0], variance[1]);
        }
}

/* A fresh critic gives one value for all latents, and another for each action. */
static void a_critic_starts_deaf_to_latents(void **state)
{
    (void)state;
    const struct setting s = {"ar1", "softplus", 10, 4};
    struct bp_agent agent = agent_of(&s, 7);
    struct bp_net_use use[BP_ROLES];
    float observation[2 * 13] = {0}, action[2 * A] = {0}, latent[2 * 4];
    struct bp_tape tape;

    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    use_of(&agent, use);
    fill_normal(latent, 8, 901);
    for (int differs = 0; differs < 2; differs++) {
        struct bp_sequences sequences = {1, 2, NULL, NULL, NULL};
        action[A] = (float)differs;
        bp_tape_reset(&tape);
        struct bp_var *features = bp_net_features(&tape, use[BP_CRITIC], bp_agent_inputs(&tape, &agent, BP_CRITIC, observation, 2), &sequences);
        struct bp_var *late[] = {bp_constant(&tape, 2, A, action), bp_constant(&tape, 2, 4, latent)};
        const float *q = bp_net_output(&tape, use[BP_CRITIC], features, late)->value;
        assert_int_equal(q[0] != q[1], differs);
    }
    bp_tape_free(&tape);
}

/* The next mean of a learned AR process is less apart than two latents are. */
static void a_learned_process_contracts(void **state)
{
    (void)state;
    for (size_t z = 0; z < 2; z++) {
        const struct setting s = {"learned-ar", "softplus", 10, latents[z]};
        struct bp_agent agent = agent_of(&s, 6);
        struct bp_net_use use[BP_ROLES];
        size_t n = (size_t)s.latent;
        float observation[2 * 13] = {0}, *latent = calloc(2 * n, sizeof(float)), *noise = calloc(2 * (n + A), sizeof(float));
        const int32_t step[2] = {5, 5};
        struct bp_tape tape;
        double most = 0;
        assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
        use_of(&agent, use);
        for (int trial = 0; trial < 200; trial++) {
            struct bp_scene scene = {.tape = &tape, .groups = &agent.groups, .use = use, .observations = observation, .steps = 1, .batch = 2,
                                     .episode_step = step, .latent = latent};
            bp_tape_reset(&tape);
            fill_normal(latent, (int)(2 * n), 900 + (uint64_t)trial);
            struct bp_path path = bp_behave(&scene, &agent.behaviour[BP_PRIOR], noise);
            double before = 0, after = 0;
            for (size_t i = 0; i < n; i++) {
                before += pow((double)(latent[i] - latent[n + i]), 2);
                after += pow((double)(path.level[0].p.param[0]->value[i] - path.level[0].p.param[0]->value[n + i]), 2);
            }
            most = fmax(most, sqrt(after / before));
        }
        assert_true(most > 1e-3 && most < 0.5);
        free(latent);
        free(noise);
        bp_tape_free(&tape);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latents_stay),
        cmocka_unit_test(a_latent_is_heard),
        cmocka_unit_test(a_critic_starts_deaf_to_latents),
        cmocka_unit_test(a_learned_process_contracts),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
