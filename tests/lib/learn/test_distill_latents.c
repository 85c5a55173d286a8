#include "learn/distill.h"
#include "learn/update.h"

#include "differences.h"

#include <math.h>
#include <string.h>

/* ---- one number of latent and action each; the observation is one number, and after it the action ---- */

enum { Z = 1, A = 1, LONGEST = 20, GRID = 401 };

struct setting {
    const char *low, *high, *inference;
    int period, burn_in;
    bool frozen;            /* the prior: the inference network alone learns */
};

static struct bp_learner learner_of(const struct setting *s, int unroll, int batch, double rate)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_PRIOR] = {s->low, "4", "x", "softplus", NULL},
        [BP_PRIOR_HIGH] = {s->high, "4", "x", "softplus", NULL},
        [BP_INFERENCE] = {s->inference, "5", "*", "softplus", NULL},
    };
    const struct bp_latent_choice latent = {Z, s->period, 0.9};
    const struct bp_learner_config config = {
        .algorithm = &bp_distill, .seed = 3, .unroll = unroll, .burn_in = s->burn_in, .batch = batch, .shards = 2,
        .frozen = {[BP_PRIOR] = s->frozen}, .learning_rate = {[BP_PART_PRIOR] = rate}, .final_learning_rate = 0.1, .planned = 2500,
    };
    struct bp_groups groups = {0};
    struct bp_agent agent;
    struct bp_learner learner;

    bp_groups_add(&groups, "x", 1);
    bp_groups_add(&groups, "action", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

/* An episode of a known hierarchy: z' = 0.9 z + N(0, 0.19), a = 0.5 z + 0.3 x + N(0, 0.01); every latent is held for `period` steps. */
static void add_episode(struct bp_dataset *dataset, int length, int period, uint64_t seed, bool recorded)
{
    struct bp_groups rows = {0};
    float numbers[3 * LONGEST], row[2 * LONGEST], action[LONGEST], latent[LONGEST];
    uint8_t drawn[LONGEST];
    double z = 0;

    bp_groups_add(&rows, "x", 1);
    bp_groups_add(&rows, "action", 1);
    fill_normal(numbers, 3 * LONGEST, seed);
    for (int t = 0; t < length; t++) {
        if ((drawn[t] = t % period == 0))
            z = t ? 0.9 * z + sqrt(0.19) * (double)numbers[3 * t] : (double)numbers[3 * t];
        latent[t] = (float)z;
        action[t] = (float)(0.5 * z + 0.3 * (double)numbers[3 * t + 1] + 0.1 * (double)numbers[3 * t + 2]);
        row[2 * t] = numbers[3 * t + 1];
        row[2 * t + 1] = action[t];
    }
    assert_int_equal(bp_dataset_add(dataset, length, &rows, row, 2, action, recorded ? latent : NULL, recorded ? drawn : NULL), 0);
}

static void update(struct bp_learner *learner, const struct bp_dataset *dataset, int updates)
{
    struct bp_update_stats stats = {0};

    for (int i = 0; i < updates; i++) {
        for (int shard = 0; shard < 2; shard++)
            bp_update_gradients(learner, dataset, shard);
        for (int job = 0; job < bp_learner_jobs(learner); job++)
            bp_learner_apply(learner, job);
        bp_learner_finish(learner, &stats);
    }
}

static double held_out(struct bp_learner *learner, const struct bp_dataset *dataset)
{
    return bp_distill_held_out(learner, dataset, 0) + bp_distill_held_out(learner, dataset, 1);
}

/* ---- gradients ---- */

/* By finite differences in every parameter, of all compositions: what is drawn depends on the count of updates alone. */
static void gradients(void **state)
{
    static const char *const highs[] = {"isotropic", "ar1", "learned-ar", "mlp", "lstm"}, *const inferences[] = {NULL, "mlp", "lstm"};
    static const int lengths[] = {20, 9, 3, 6, 1, 14};
    static float grad[BP_ROLES][1024];
    int checked = 0;

    (void)state;
    for (int k = 0; k < 30; k++) {
        struct setting s = {k % 2 ? "lstm" : "mlp", highs[k % 5], inferences[k % 3], k / 15 ? 3 : 1, k % 4 == 1 ? 2 : 0, false};
        struct bp_learner learner = learner_of(&s, 6, 6, 1e-3);
        struct bp_dataset *dataset = bp_dataset_new(2, A, s.inference ? 0 : Z);
        for (int e = 0; e < 6; e++)
            add_episode(dataset, lengths[e], s.period, 10 + (uint64_t)e, !s.inference);
        assert_int_equal(bp_dataset_split(dataset, 0, 1), 0);
        for (int role = 0; role < BP_ROLES; role++)
            if (learner.trained[role].n)
                fill_normal(learner.trained[role].online, (int)learner.trained[role].n, 70 + (uint64_t)role);
        for (int role = 0; role < BP_ROLES; role++)
            for (size_t i = 0; i < learner.trained[role].n; i++)
                learner.trained[role].online[i] *= 0.25f;          /* scales of some 0.7, so that losses are small */
        first_shard(&learner, dataset);
        for (int role = 0; role < BP_ROLES; role++)
            if (learner.trained[role].n)
                memcpy(grad[role], learner.shards[0].grad[role], learner.trained[role].n * sizeof(float));
        for (int role = 0; role < BP_ROLES; role++)
            for (size_t i = 0; i < learner.trained[role].n; i++, checked++) {
                double slope = slope_of(&learner, dataset, BP_DISTILL_LOSS, &learner.trained[role].online[i]);
                if (fabs((double)grad[role][i] - slope) > 2e-3 * (1 + fabs(slope)))
                    fail_msg("%s %s %s, period %d: parameter %zu of %s: %g, by differences %g", s.low, s.high, s.inference ? s.inference : "recorded",
                             s.period, i, bp_roles[role].name, (double)grad[role][i], slope);
            }
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
    assert_true(checked > 3000);
}

/* ---- recorded latents ---- */

/* Both levels are found: the held-out likelihood is that of the hierarchy that made the data, minus its entropy. */
static void recorded_latents(void **state)
{
    const struct { struct setting s; double latents, lost; } want[] = {     /* draws of a latent in an episode of 20 steps */
        {{"linear", "ar1", NULL, 1, 0, false}, 20, 0}, {{"linear", "ar1", NULL, 4, 0, false}, 5, 0},
        {{"mlp", "learned-ar", NULL, 1, 0, false}, 20, (log(sqrt(0.19)) + 0.5 / 0.19 - 0.5) / LONGEST},       /* an episode's first is drawn as if after 0 */
    };

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct bp_learner learner = learner_of(&want[k].s, 20, 16, 1e-2);
        struct bp_dataset *dataset = bp_dataset_new(2, A, Z);
        for (int e = 0; e < 600; e++)
            add_episode(dataset, LONGEST, want[k].s.period, 1000 + (uint64_t)e, true);
        assert_int_equal(bp_dataset_split(dataset, 0.5, 1), 0);
        double before = held_out(&learner, dataset) / 6000;
        update(&learner, dataset, 2500);
        double after = held_out(&learner, dataset) / 6000, nats = 0.5 * (1 + log(2 * M_PI));
        double truth = -(nats + log(0.1)) - (want[k].latents * nats + (want[k].latents - 1) * log(sqrt(0.19))) / LONGEST - want[k].lost;
        assert_true(before < truth - 0.3);
        if (fabs(after - truth) > 0.05)
            fail_msg("%s, period %d: %g, not %g; before %g", want[k].s.high, want[k].s.period, after, truth, before);
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
}

/* ---- the bound ---- */

/* Densities of action t of an episode at latents on a grid. */
static void densities(struct bp_learner *learner, double x, double action, const float *grid, double *density)
{
    const struct bp_agent *agent = &learner->agent;
    struct bp_net_use use[BP_ROLES] = {{0}};
    float *rows = calloc(2 * GRID, sizeof *rows);
    int32_t *step = calloc(GRID, sizeof *step);
    struct bp_path at = {.levels = 2};
    struct bp_tape tape;

    assert_true(rows && step);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int i = 0; i < GRID; i++)
        rows[2 * i] = (float)x;
    use[BP_PRIOR] = (struct bp_net_use){.net = &agent->net[BP_PRIOR], .params = learner->trained[BP_PRIOR].online};
    struct bp_scene scene = {.tape = &tape, .groups = &agent->groups, .use = use, .observations = rows, .steps = 1, .batch = GRID, .episode_step = step};
    at.level[0].net = at.level[1].net = BP_NO_NET;
    at.level[0].y = bp_constant(&tape, GRID, Z, grid);
    struct bp_distribution p = bp_score(&scene, &agent->behaviour[BP_PRIOR], &at).level[1].p;
    for (int i = 0; i < GRID; i++) {
        double scale = (double)p.param[1]->value[i], u = (action - (double)p.param[0]->value[i]) / scale;
        density[i] = exp(-0.5 * u * u) / (scale * sqrt(2 * M_PI));
    }
    bp_tape_free(&tape);
    free(rows);
    free(step);
}

/* log p(a_1 ... a_T | x) under AR(1) latents, or independent ones, summed over a grid step by step. */
static double integrated(struct bp_learner *learner, const float *x, const float *action, int length, double correlation)
{
    double weight[GRID], density[GRID], next[GRID], width = 12.0 / (GRID - 1), spread = sqrt(1 - correlation * correlation), log_p = 0;
    float grid[GRID];

    for (int i = 0; i < GRID; i++) {
        grid[i] = (float)(-6 + i * width);
        weight[i] = width * exp(-0.5 * (double)grid[i] * (double)grid[i]) / sqrt(2 * M_PI);
    }
    for (int t = 0; t < length; t++) {
        double sum = 0;
        densities(learner, (double)x[t], (double)action[t], grid, density);
        for (int i = 0; i < GRID; i++)
            sum += weight[i] *= density[i];
        log_p += log(sum);
        for (int j = 0; j < GRID; j++) {
            next[j] = 0;
            for (int i = 0; i < GRID; i++) {
                double u = ((double)grid[j] - correlation * (double)grid[i]) / spread;
                next[j] += weight[i] / sum * width * exp(-0.5 * u * u) / (spread * sqrt(2 * M_PI));
            }
        }
        memcpy(weight, next, sizeof weight);
    }
    return log_p;
}

/* a = N(0.3 + 1.2 z - 0.5 x, 0.3^2), whose posterior is Gaussian: the bound can reach the likelihood. */
static void make_linear(struct bp_learner *learner)
{
    struct bp_tensor tensors[BP_NET_TENSORS];
    int count = bp_net_tensors(&learner->agent.net[BP_PRIOR], learner->trained[BP_PRIOR].online, tensors);
    const float scale = (float)log(exp(0.29) - 1);

    for (int i = 0; i < count; i++) {
        float *value = tensors[i].data;
        value[0] = strstr(tensors[i].name, "bias") ? 0.3f : strstr(tensors[i].name, "latent") ? 1.2f : -0.5f;
        value[1] = strstr(tensors[i].name, "bias") ? scale : 0;
    }
    bp_learner_prepare(learner);
}

/* log p(a_1 ... a_T | x) of that prior where latents are independent. */
static double independent(const float *x, const float *action, int length)
{
    double sum = 0, variance = 0.3 * 0.3 + 1.2 * 1.2;

    for (int t = 0; t < length; t++)
        sum -= 0.5 * (pow((double)action[t] - 0.3 + 0.5 * (double)x[t], 2) / variance + log(2 * M_PI * variance));
    return sum;
}

/*
 * One episode of four steps, again and again: the mean of the bound over draws of q is below the likelihood by integration, far below before
 * q has learned, and close to it after, while the prior stays as it is.
 */
static void the_bound(void **state)
{
    enum { LENGTH = 4, EPISODES = 8001 };
    static const struct { const char *high; double correlation; } kinds[] = {{"ar1", 0.9}, {"isotropic", 0}};
    const float x[LENGTH] = {0.5f, -1, 0.3f, 1.5f}, action[LENGTH] = {0.8f, 0.9f, -0.2f, 0.4f};
    struct bp_groups groups = {0};
    float rows[2 * LENGTH];

    (void)state;
    bp_groups_add(&groups, "x", 1);
    bp_groups_add(&groups, "action", 1);
    for (int t = 0; t < LENGTH; t++) {
        rows[2 * t] = x[t];
        rows[2 * t + 1] = action[t];
    }
    for (int k = 0; k < 2; k++) {
        const struct setting s = {"linear", kinds[k].high, "lstm", 1, 0, true};
        struct bp_learner learner = learner_of(&s, LENGTH, 16, 1e-2);
        struct bp_dataset *dataset = bp_dataset_new(2, A, 0);
        for (int e = 0; e < EPISODES; e++)
            assert_int_equal(bp_dataset_add(dataset, LENGTH, &groups, rows, 2, action, NULL, NULL), 0);
        assert_int_equal(bp_dataset_split(dataset, 0.9999, 1), 0);
        make_linear(&learner);
        double before = held_out(&learner, dataset) / (double)bp_dataset_episodes(dataset, true);
        double truth = integrated(&learner, x, action, LENGTH, kinds[k].correlation);
        assert_true(before < truth - 0.05);
        update(&learner, dataset, 2000);
        double after = held_out(&learner, dataset) / (double)bp_dataset_episodes(dataset, true);
        assert_true(after < truth + 0.06);          /* of 8000 draws, whose standard error is about 0.015 */
        assert_true(after > truth - 0.1);
        if (k == 1)                                 /* which has a closed form */
            assert_close(truth, independent(x, action, LENGTH), 1e-4);
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(recorded_latents),
        cmocka_unit_test(the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
