/* Priors whose latents are choices, fitted to recordings without them: gradients, and the likelihood of a model that is known. */
#include "learn/distill.h"
#include "learn/update.h"

#include "differences.h"

#include <string.h>

enum { K = 3, A = 1, LENGTH = 40, TRAINING = 400, HELD = 100 };

static struct bp_learner learner_of(const char *low, int period, int unroll, int batch, int burn_in, double rate, int64_t planned)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_PRIOR] = {low, "6", "x", "softplus", NULL},
        [BP_PRIOR_HIGH] = {"markov", "6", "x", NULL, NULL},
        [BP_INFERENCE] = {"exact", NULL, NULL, NULL, NULL},
    };
    const struct bp_latent_choice latent = {K, period, 0.8};
    const struct bp_learner_config config = {
        .algorithm = &bp_distill, .seed = 3, .unroll = unroll, .burn_in = burn_in, .batch = batch, .shards = 2,
        .learning_rate = {[BP_PART_PRIOR] = rate}, .final_learning_rate = 0.1, .planned = planned,
    };
    struct bp_groups groups = {0};
    struct bp_agent agent;
    struct bp_learner learner;

    bp_groups_add(&groups, "x", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

/* ---- a known model ---- */

/* With x = 1 a state goes on to the next one with 0.3, with x = -1 it stays with 0.95. */
static double transition(double x, int from, int to)
{
    double stay = x > 0 ? 0.6 : 0.95, next = x > 0 ? 0.3 : 0.03;

    return to == from ? stay : to == (from + 1) % K ? next : 1 - stay - next;
}

static double first(int state)
{
    return state == 0 ? 0.8 : 0.1;
}

/* a = 3 (z - 1) + x / 2 + N(0, 1) */
static double mean(double x, int state)
{
    return 3 * (state - 1) + 0.5 * x;
}

static int any_of(double u, const double *p)
{
    int k = 0;

    while (k < K - 1 && u >= p[k])
        u -= p[k++];
    return k;
}

static void draw_episode(gsl_rng *stream, float *x, float *actions)
{
    double p[K];

    for (int t = 0, z = 0; t < LENGTH; t++) {
        float noise;
        x[t] = gsl_rng_uniform(stream) < 0.3 ? 1 : -1;
        for (int k = 0; k < K; k++)
            p[k] = t ? transition((double)x[t], z, k) : first(k);
        z = any_of(gsl_rng_uniform(stream), p);
        bp_random_normal(stream, &noise, 1);
        actions[t] = (float)mean((double)x[t], z) + noise;
    }
}

/* log p(a|x) of the model itself, by the forward algorithm in double. */
static double log_likelihood(const float *x, const float *actions)
{
    double alpha[K] = {0}, sum = 0;

    for (int t = 0; t < LENGTH; t++) {
        double now[K], total = 0;
        for (int k = 0; k < K; k++) {
            double d = (double)actions[t] - mean((double)x[t], k);
            now[k] = t ? 0 : first(k);
            for (int j = 0; j < K && t; j++)
                now[k] += alpha[j] * transition((double)x[t], j, k);
            now[k] *= exp(-0.5 * d * d) / sqrt(2 * M_PI);
            total += now[k];
        }
        for (int k = 0; k < K; k++)
            alpha[k] = now[k] / total;
        sum += log(total);
    }
    return sum;
}

static void update(struct bp_learner *learner, const struct bp_dataset *dataset)
{
    struct bp_update_stats stats = {0};

    for (int shard = 0; shard < 2; shard++)
        bp_update_gradients(learner, dataset, shard);
    for (int job = 0; job < bp_learner_jobs(learner); job++)
        bp_learner_apply(learner, job);
    bp_learner_finish(learner, &stats);
}

/* On episodes that it did not see the prior is as likely as the model that they were drawn from, within 1 %. */
static void a_known_model_is_found(void **state)
{
    struct bp_learner learner = learner_of("mlp", 1, 40, 32, 0, 0.02, 1200);
    struct bp_dataset *dataset = bp_dataset_new(1, A, 0);
    struct bp_groups rows = {0};
    gsl_rng *stream = bp_random_new();
    float x[LENGTH], actions[LENGTH];
    double known = 0, fitted = 0;
    const struct bp_recorded *episode;

    (void)state;
    assert_non_null(dataset);
    assert_non_null(stream);
    bp_random_seek(stream, 1, BP_FOR_TEST, 0, 0);
    bp_groups_add(&rows, "x", 1);
    for (int i = 0; i < TRAINING + HELD; i++) {
        draw_episode(stream, x, actions);
        assert_int_equal(bp_dataset_add(dataset, LENGTH, &rows, x, 1, actions, NULL, NULL), 0);
    }
    assert_int_equal(bp_dataset_split(dataset, (double)HELD / (TRAINING + HELD), 1), 0);
    for (int i = 0; i < 1200; i++)
        update(&learner, dataset);
    for (int i = 0; (episode = bp_dataset_held_out(dataset, i)); i++)
        known += log_likelihood(episode->observations, episode->actions);
    for (int shard = 0; shard < 2; shard++)
        fitted += bp_distill_held_out(&learner, dataset, shard);
    print_message("log-likelihood of %d episodes: %.1f of the prior, %.1f of the model that drew them\n", HELD, fitted, known);
    assert_true(fabs(fitted - known) < 0.01 * fabs(known));
    gsl_rng_free(stream);
    bp_dataset_free(dataset);
    bp_learner_free(&learner);
}

/* ---- gradients ---- */

static void gradients(void **state)
{
    static const struct { const char *low; int period, burn_in; } settings[] = {{"mlp", 1, 0}, {"lstm", 1, 2}, {"mlp", 3, 0}};
    static float grad[1024];
    gsl_rng *stream = bp_random_new();
    struct bp_groups rows = {0};
    float x[LENGTH], actions[LENGTH];

    (void)state;
    assert_non_null(stream);
    bp_groups_add(&rows, "x", 1);
    bp_random_seek(stream, 2, BP_FOR_TEST, 0, 0);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        struct bp_learner learner = learner_of(settings[s].low, settings[s].period, 8, 6, settings[s].burn_in, 1e-3, 100);
        struct bp_dataset *dataset = bp_dataset_new(1, A, 0);
        assert_non_null(dataset);
        for (int i = 0; i < 6; i++) {
            draw_episode(stream, x, actions);
            assert_int_equal(bp_dataset_add(dataset, 3 + 5 * i, &rows, x, 1, actions, NULL, NULL), 0);
        }
        assert_int_equal(bp_dataset_split(dataset, 0, 1), 0);
        for (int role = BP_PRIOR; role <= BP_PRIOR_HIGH; role += BP_PRIOR_HIGH - BP_PRIOR) {
            struct bp_trained *t = &learner.trained[role];
            assert_true(t->n <= 1024);
            fill_normal(t->online, (int)t->n, 50 + (uint64_t)role);
            for (size_t i = 0; i < t->n; i++)
                t->online[i] *= 0.5f;
        }
        for (int role = BP_PRIOR; role <= BP_PRIOR_HIGH; role += BP_PRIOR_HIGH - BP_PRIOR) {
            struct bp_trained *t = &learner.trained[role];
            float most = 0;
            memset(learner.shards[0].grad[role], 0, t->n * sizeof(float));
            first_shard(&learner, dataset);
            memcpy(grad, learner.shards[0].grad[role], t->n * sizeof(float));
            for (size_t i = 0; i < t->n; i++)
                most = fmaxf(most, fabsf(grad[i]));
            assert_true(most > 1e-3f);
            for (size_t i = 0; i < t->n; i++)
                assert_close(grad[i], slope_of(&learner, dataset, BP_DISTILL_LOSS, &t->online[i]), 5e-3 * (double)most + 1e-4);
        }
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
    gsl_rng_free(stream);
}

/* ---- what is refused ---- */

static void only_choices_are_summed_over(void **state)
{
    struct bp_net_choice choice[BP_ROLES] = {
        [BP_PRIOR] = {"mlp", "6", "x", "softplus", NULL}, [BP_PRIOR_HIGH] = {"ar1", "6", "x", "softplus", NULL}, [BP_INFERENCE] = {.kind = "exact"}};
    const struct bp_latent_choice latent = {K, 1, 0.8}, many = {65, 1, 0.8};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    (void)state;
    bp_groups_add(&groups, "x", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), -1);
    choice[BP_PRIOR_HIGH].kind = "markov";
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &many), -1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), 0);
    assert_false(agent.has[BP_INFERENCE]);
    assert_int_equal(bp_agent_noise(&agent), 0);
    choice[BP_INFERENCE] = (struct bp_net_choice){"mlp", "6", "x", "softplus", NULL};
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, &latent), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(a_known_model_is_found),
        cmocka_unit_test(only_choices_are_summed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
