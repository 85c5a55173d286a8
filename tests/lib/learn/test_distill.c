#include "learn/distill.h"

#include "../model/flat.h"
#include "../model/naive_net.h"
#include "../store/support.h"
#include "tiny.h"

#include <gsl/gsl_cdf.h>

/* ---- a prior alone, and episodes to fit it to ---- */

static struct bp_agent prior_agent(const char *kind, const char *hidden, const char *head)
{
    const struct bp_net_choice choice[BP_ROLES] = {{0}, {kind, hidden, "*", head, NULL}, {0}};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "shared", 3);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, NULL), 0);
    return agent;
}

static struct bp_learner learner_after(int burn_in, const char *kind, const char *hidden, const char *head)
{
    struct bp_learner_config config = tiny_config();
    struct bp_agent agent = prior_agent(kind, hidden, head);
    struct bp_learner learner;

    config.algorithm = &bp_distill;
    config.stored_state = false;
    config.burn_in = burn_in;
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

static struct bp_learner learner_of(const char *kind, const char *hidden, const char *head)
{
    return learner_after(0, kind, hidden, head);
}

enum { LONGEST = 20 };

/* Observations (5 wide, of which "shared" is seen) and actions that tell episode and step: 100 id + t. */
static void add(struct bp_dataset *dataset, int id, int length)
{
    struct bp_groups all = {0}, inputs;
    float observations[LONGEST * TINY_O], actions[LONGEST * TINY_A];

    bp_groups_add(&all, "secret", 2);
    bp_groups_add(&all, "shared", 3);
    assert_int_equal(bp_groups_select(&all, "shared", &inputs), 0);
    for (int t = 0; t < length; t++) {
        for (int j = 0; j < TINY_O; j++)
            observations[t * TINY_O + j] = j < 2 ? NAN : (float)(100 * id + t) / 1000;
        for (int j = 0; j < TINY_A; j++)
            actions[t * TINY_A + j] = (float)(100 * id + t) / 1000 + (float)j;
    }
    assert_int_equal(bp_dataset_add(dataset, length, &inputs, observations, TINY_O, actions, NULL, NULL), 0);
}

static struct bp_dataset *dataset_of(const int *lengths, int count)
{
    struct bp_dataset *dataset = bp_dataset_new(3, TINY_A, 0);

    assert_non_null(dataset);
    for (int i = 0; i < count; i++)
        add(dataset, i, lengths[i]);
    return dataset;
}

/* ---- holding out ---- */

static void splits(void **state)
{
    static const int lengths[10] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
    static const struct { double share; int held; } want[] = {{0, 0}, {0.05, 1}, {0.1, 1}, {0.35, 3}, {0.9, 9}};

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct bp_dataset *dataset = dataset_of(lengths, 10);
        assert_int_equal(bp_dataset_split(dataset, want[i].share, 1), 0);
        assert_int_equal(bp_dataset_episodes(dataset, true), want[i].held);
        assert_int_equal(bp_dataset_episodes(dataset, false), 10 - want[i].held);
        assert_int_equal(bp_dataset_steps(dataset, true), 3 * want[i].held);
        assert_int_equal(bp_dataset_steps(dataset, false), 3 * (10 - want[i].held));
        bp_dataset_free(dataset);
    }
    bp_dataset_free(NULL);
}

static int split_of_one(void *context)
{
    static const int lengths[1] = {3};
    struct bp_dataset *dataset = dataset_of(lengths, 1);

    (void)context;
    return bp_dataset_split(dataset, 0.1, 1);
}

static void too_few_episodes_are_refused(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(split_of_one, NULL, false, said), BP_USAGE);
    assert_said(said, "too few");
}

/* ---- drawing ---- */

/* Which episode and step a row's observation tells. */
static void read_code(const struct bp_batch *batch, int row, int *e, int *step)
{
    int code = (int)lrintf(1000 * batch->observations[row * 3]);

    *e = code / 100;
    *step = code % 100;
}

/* A sequence goes on through episodes; after the last step of one comes the first of another. At each of its steps all come equally often. */
static void all_steps_are_equally_likely(void **state)
{
    static const int lengths[] = {20, 9, 3, 6, 1, 14};
    enum { COUNT = sizeof lengths / sizeof *lengths, UPDATES = 3000, BURN_IN = 2, STEPS = BURN_IN + 6 };
    struct bp_dataset *dataset = dataset_of(lengths, COUNT);
    struct bp_learner learner = learner_after(BURN_IN, "linear", "", "softplus");
    static int drawn[STEPS][COUNT][LONGEST];
    int total = 0, draws = 0;

    (void)state;
    assert_int_equal(bp_dataset_split(dataset, 0, 1), 0);
    for (int e = 0; e < COUNT; e++)
        total += lengths[e];
    for (; learner.updates < UPDATES; learner.updates++) {
        const struct bp_batch *batch = &learner.shards[learner.updates % 2].batch;
        bp_update_gradients(&learner, dataset, (int)(learner.updates % 2));
        assert_int_equal(batch->steps, STEPS);
        for (int b = 0; b < batch->batch; b++, draws++)
            for (int t = 0, e = 0, step = 0; t < STEPS; t++) {
                int row = t * batch->batch + b, e_before = e, before = step;
                read_code(batch, row, &e, &step);
                assert_true(e < COUNT && step < lengths[e] && batch->episode_step[row] == step);
                assert_true(t == 0 || (e == e_before && step == before + 1) || (step == 0 && before + 1 == lengths[e_before]));
                assert_true(batch->mask[row] == (t >= BURN_IN));
                for (int j = 0; j < TINY_A; j++)
                    assert_true(batch->actions[row * TINY_A + j] == (float)(100 * e + step) / 1000 + (float)j);
                drawn[t][e][step]++;
            }
    }
    for (int t = 0; t < STEPS; t++) {
        double expected = (double)draws / total, sum = 0;
        for (int e = 0; e < COUNT; e++)
            for (int step = 0; step < lengths[e]; step++)
                sum += (drawn[t][e][step] - expected) * (drawn[t][e][step] - expected) / expected;
        assert_true(sum < gsl_cdf_chisq_Qinv(1e-6, total - 1));
    }
    bp_learner_free(&learner);
    bp_dataset_free(dataset);
}

/* ---- the loss ---- */

/* Sum of log pi0(a | x) over the `length` steps that count, through episodes; rows are `stride` apart. episode_step, mask: NULL, or so too. */
static double naive_log_likelihood(const struct bp_learner *learner, const float *observations, const float *actions, const int32_t *episode_step,
                                   const float *mask, int length, int stride)
{
    const float *params = learner->trained[BP_PRIOR].online;
    struct naive_plan plan = naive_plan(&learner->agent.net[BP_PRIOR], params);
    double state[32] = {0}, x[3], out[2 * TINY_A], sum = 0;

    for (int t = 0; t < length; t++) {
        if (episode_step && episode_step[t * stride] == 0)
            memset(state, 0, sizeof state);
        for (int j = 0; j < 3; j++)
            x[j] = (double)observations[t * stride * 3 + j];
        naive_net(&plan, params, x, NULL, state, out);
        for (int j = 0; j < TINY_A && (!mask || mask[t * stride] != 0); j++) {
            double scale = 0.01 + naive_sigmoid(out[TINY_A + j]), z = ((double)actions[t * stride * TINY_A + j] - tanh(out[j])) / scale;
            sum -= 0.5 * z * z + log(scale) + 0.5 * log(2 * M_PI);
        }
    }
    return sum;
}

static double naive_loss(const struct bp_learner *learner, int shard)
{
    const struct bp_batch *batch = &learner->shards[shard].batch;
    double sum = 0;

    for (int b = 0; b < batch->batch; b++)
        sum += naive_log_likelihood(learner, batch->observations + b * 3, batch->actions + b * TINY_A, batch->episode_step + b, batch->mask + b,
                                    batch->steps, batch->batch);
    return -sum / (learner->config.unroll * learner->config.batch);
}

static const char *const kinds[][2] = {{"lstm", "4,3"}, {"mlp", "4,3"}, {"linear", ""}};

static void loss_and_gradient(void **state)
{
    static const int lengths[] = {20, 9, 3, 6, 1, 14};

    (void)state;
    for (int k = 0; k < 4; k++) {
        struct bp_learner learner = learner_after(k == 3 ? 4 : 0, kinds[k % 3][0], kinds[k % 3][1], "bounded");
        struct bp_dataset *dataset = dataset_of(lengths, 6);
        struct bp_trained *prior = &learner.trained[BP_PRIOR];
        tiny_parameters(&learner);
        assert_int_equal(bp_dataset_split(dataset, 0.2, 1), 0);
        for (int shard = 0; shard < 2; shard++) {
            bp_update_gradients(&learner, dataset, shard);
            assert_close(learner.shards[shard].stats.sum[BP_DISTILL_LOSS], naive_loss(&learner, shard), 1e-5);
            for (size_t i = 0; i < prior->n; i++) {
                float kept = prior->online[i], up = kept + 1.0f / 4096, down = kept - 1.0f / 4096;
                prior->online[i] = up;
                double above = naive_loss(&learner, shard);
                prior->online[i] = down;
                double below = naive_loss(&learner, shard);
                prior->online[i] = kept;
                assert_close(learner.shards[shard].grad[BP_PRIOR][i], (above - below) / ((double)up - (double)down), 2e-5);
            }
        }
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
}

/* What is drawn does not depend on how it is cut: microbatches of unequal size add up to the whole. */
static void microbatches_add_up(void **state)
{
    static const int lengths[] = {20, 9, 3, 6, 1, 14};
    static float grad[2][512];
    double loss[2];

    (void)state;
    for (int k = 0; k < 3; k++) {
        for (int cut = 0; cut < 2; cut++) {
            struct bp_learner learner = learner_of(kinds[k][0], kinds[k][1], "bounded");
            struct bp_dataset *dataset = dataset_of(lengths, 6);
            tiny_parameters(&learner);
            assert_int_equal(bp_dataset_split(dataset, 0.2, 1), 0);
            assert_int_equal(learner.microbatches, 1);
            assert_int_equal(learner.shards[0].batch.batch, 3);
            learner.microbatches = 1 + cut;
            bp_update_gradients(&learner, dataset, 0);
            assert_int_equal(learner.shards[0].batch.batch, cut ? 1 : 3);
            memcpy(grad[cut], learner.shards[0].grad[BP_PRIOR], learner.trained[BP_PRIOR].n * sizeof(float));
            loss[cut] = learner.shards[0].stats.sum[BP_DISTILL_LOSS];
            bp_dataset_free(dataset);
            bp_learner_free(&learner);
        }
        assert_close(loss[1], loss[0], 1e-5);
        for (int i = 0; i < 20; i++)
            assert_close(grad[1][i], grad[0][i], 1e-5 * (1 + fabs((double)grad[0][i])));
    }
}

/* Held-out episodes are played through whole, each by exactly one shard. */
static void held_out_likelihood(void **state)
{
    static const int lengths[] = {20, 9, 3, 6, 1, 14, 8};

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct bp_learner learner = learner_of(kinds[k][0], kinds[k][1], "bounded");
        struct bp_dataset *dataset = dataset_of(lengths, 7);
        double all = 0, apart = 0;
        tiny_parameters(&learner);
        assert_int_equal(bp_dataset_split(dataset, 0.99, 1), 0);        /* all but one */
        for (int shard = 0; shard < 2; shard++)
            apart += bp_distill_held_out(&learner, dataset, shard);
        bp_update_gradients(&learner, dataset, 0);
        int left = (int)lrintf(1000 * learner.shards[0].batch.observations[0]) / 100;       /* the one that is learned from */
        for (int e = 0; e < 7; e++) {
            float observations[LONGEST * 3], actions[LONGEST * TINY_A];
            for (int t = 0; t < lengths[e]; t++) {
                for (int j = 0; j < 3; j++)
                    observations[t * 3 + j] = (float)(100 * e + t) / 1000;
                for (int j = 0; j < TINY_A; j++)
                    actions[t * TINY_A + j] = (float)(100 * e + t) / 1000 + (float)j;
            }
            if (e != left)
                all += naive_log_likelihood(&learner, observations, actions, NULL, NULL, lengths[e], 1);
        }
        assert_int_equal(bp_dataset_episodes(dataset, true), 6);
        assert_close(apart, all, 1e-4 * (1 + fabs(all)));
        bp_dataset_free(dataset);
        bp_learner_free(&learner);
    }
}

/* Maximum likelihood finds the mean and the spread of what was done; here N(0.3, 0.2) and N(-0.6, 0.05) whatever is seen. */
static void a_gaussian_is_fitted(void **state)
{
    enum { LENGTH = 20, EPISODES = 60 };
    struct bp_learner learner = learner_of("linear", "", "bounded");
    struct bp_dataset *dataset = bp_dataset_new(3, TINY_A, 0);
    struct bp_groups inputs = {0};
    struct bp_tape tape;
    const float seen[3] = {0, 0, 0};

    (void)state;
    bp_groups_add(&inputs, "shared", 3);
    for (int e = 0; e < EPISODES; e++) {
        float observations[LENGTH * 3], actions[LENGTH * TINY_A];
        fill_normal(observations, LENGTH * 3, 500 + (uint64_t)e);
        fill_normal(actions, LENGTH * TINY_A, 700 + (uint64_t)e);
        for (int t = 0; t < LENGTH; t++) {
            actions[t * TINY_A] = 0.3f + 0.2f * actions[t * TINY_A];
            actions[t * TINY_A + 1] = -0.6f + 0.05f * actions[t * TINY_A + 1];
        }
        assert_int_equal(bp_dataset_add(dataset, LENGTH, &inputs, observations, 3, actions, NULL, NULL), 0);
    }
    assert_int_equal(bp_dataset_split(dataset, 0.1, 1), 0);
    double before = bp_distill_held_out(&learner, dataset, 0) + bp_distill_held_out(&learner, dataset, 1);
    for (int i = 0; i < 1500; i++) {
        struct bp_update_stats stats = {0};
        for (int shard = 0; shard < 2; shard++)
            bp_update_gradients(&learner, dataset, shard);
        for (int job = 0; job < bp_learner_jobs(&learner); job++)
            bp_learner_apply(&learner, job);
        bp_learner_finish(&learner, &stats);
    }
    double after = bp_distill_held_out(&learner, dataset, 0) + bp_distill_held_out(&learner, dataset, 1);
    assert_true(after > before);
    /* Per step and nat: -ln(scale) - (1 + ln 2 pi) / 2 for each number, within sampling and what is left to learn. */
    assert_close(after / (double)bp_dataset_steps(dataset, true), -log(0.2) - log(0.05) - (1 + log(2 * M_PI)), 0.2);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    struct bp_gaussian p = flat_gaussian(&tape, &learner.agent, BP_PRIOR, learner.trained[BP_PRIOR].online, seen, 1, 1);
    assert_close(p.mean->value[0], 0.3, 0.05);
    assert_close(p.mean->value[1], -0.6, 0.05);
    assert_close(p.scale->value[0], 0.2, 0.04);
    assert_close(p.scale->value[1], 0.05, 0.03);
    bp_tape_free(&tape);
    bp_dataset_free(dataset);
    bp_learner_free(&learner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_episodes_are_refused),
        cmocka_unit_test(splits),
        cmocka_unit_test(all_steps_are_equally_likely),
        cmocka_unit_test(loss_and_gradient),
        cmocka_unit_test(microbatches_add_up),
        cmocka_unit_test(held_out_likelihood),
        cmocka_unit_test(a_gaussian_is_fitted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
