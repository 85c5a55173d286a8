#include "model/inference.h"

#include "model/agent.h"

#include "../base/check.h"

#include <math.h>
#include <string.h>

enum { Z = 2, A = 1, O = 2, STEPS = 9, BATCH = 2, ROWS = STEPS * BATCH };

static float params[BP_ROLES][1024];
static float noise[ROWS * Z];
static int32_t step[ROWS];

static struct bp_agent agent_of(const char *kind, int period)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_PRIOR] = {"mlp", "4", "x", "bounded", NULL},
        [BP_PRIOR_HIGH] = {"ar1", "4", "x", "bounded", NULL},
        [BP_INFERENCE] = {kind, "5", "*", "softplus", NULL},
    };
    const struct bp_latent_choice latent = {Z, period, 0.8};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "x", 1);
    bp_groups_add(&groups, "action", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    assert_true(agent.net[BP_INFERENCE].parameters <= 1024);
    return agent;
}

/* The first sequence's episode ends after step 4, the second one is in its middle. */
static int fill(void **state)
{
    (void)state;
    fill_normal(params[BP_INFERENCE], 1024, 5);
    fill_normal(noise, ROWS * Z, 6);
    for (int t = 0; t < STEPS; t++) {
        step[t * BATCH] = t < 5 ? t : t - 5;
        step[t * BATCH + 1] = 7 + t;
    }
    return 0;
}

static struct bp_path infer(struct bp_tape *tape, const struct bp_agent *agent, const float *observations)
{
    struct bp_net_use use[BP_ROLES] = {[BP_INFERENCE] = {.net = &agent->net[BP_INFERENCE], .params = params[BP_INFERENCE]}};
    struct bp_scene scene = {.tape = tape, .groups = &agent->groups, .use = use, .observations = observations, .steps = STEPS, .batch = BATCH,
                             .episode_step = step, .through_time = true};

    return bp_infer(&scene, &agent->inference, noise);
}

/* Which rows' latents change when what is known of one row changes. */
static void changed_by(const char *kind, int row, bool changed[ROWS])
{
    struct bp_agent agent = agent_of(kind, 1);
    float observations[ROWS * O];
    struct bp_tape a, b;

    assert_int_equal(bp_tape_init(&a, 1 << 20, false), 0);
    assert_int_equal(bp_tape_init(&b, 1 << 20, false), 0);
    fill_normal(observations, ROWS * O, 7);
    struct bp_path before = infer(&a, &agent, observations);
    observations[row * O + 1] += 1;
    struct bp_path after = infer(&b, &agent, observations);
    for (int i = 0; i < ROWS; i++)
        changed[i] = memcmp(before.level[0].y->value + i * Z, after.level[0].y->value + i * Z, Z * sizeof(float)) != 0;
    bp_tape_free(&a);
    bp_tape_free(&b);
}

/* A network that remembers knows the rest of the episode; all know the latent before; nothing passes between episodes or sequences. */
static void what_is_known(void **state)
{
    static const struct { const char *kind; int row, sequence, from, to; } want[] = {
        {"lstm", 3 * BATCH, 0, 0, 4}, {"lstm", 6 * BATCH, 0, 5, 8}, {"lstm", 8 * BATCH + 1, 1, 0, 8},
        {"mlp", 3 * BATCH, 0, 3, 4}, {"mlp", 6 * BATCH, 0, 6, 8}, {"mlp", 8 * BATCH + 1, 1, 8, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        bool changed[ROWS];
        changed_by(want[i].kind, want[i].row, changed);
        for (int t = 0; t < STEPS; t++)
            for (int b = 0; b < BATCH; b++)
                assert_int_equal(changed[t * BATCH + b], b == want[i].sequence && t >= want[i].from && t <= want[i].to);
    }
}

/* Draws are mean + scale noise of the distributions in the path; a latent is held until the next period begins. */
static void draws(void **state)
{
    (void)state;
    for (int period = 1; period <= 3; period += 2) {
        struct bp_agent agent = agent_of("lstm", period);
        float observations[ROWS * O];
        struct bp_tape tape;
        assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
        fill_normal(observations, ROWS * O, 7);
        struct bp_path q = infer(&tape, &agent, observations);
        const float *z = q.level[0].y->value, *mean = q.level[0].p.param[0]->value, *scale = q.level[0].p.param[1]->value;
        for (int row = 0; row < ROWS; row++) {
            bool drawn = row < BATCH || step[row] % period == 0;
            assert_true(q.level[0].drawn[row] == (float)drawn);
            for (int j = row * Z; j < row * Z + Z; j++)
                assert_close(z[j], drawn ? mean[j] + scale[j] * noise[j] : z[j - BATCH * Z], 1e-6);
        }
        bp_tape_free(&tape);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known),
        cmocka_unit_test(draws),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
