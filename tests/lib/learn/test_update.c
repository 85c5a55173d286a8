#include "learn/update.h"

#include "learn/distill.h"
#include "tiny.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the rows ---- */

/* A whole page, malloc'ed. */
static char *page(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* Every algorithm has what the learner asks of it, and what it measures has names that bp-runs(5) explains. */
static void rows_are_whole(void **state)
{
    char *runs = page("man/bp-runs.5");

    (void)state;
    for (int a = 0; bp_algorithms[a]; a++) {
        const struct bp_algorithm *row = bp_algorithms[a];
        assert_true(row->name && row->help && row->draw && row->losses);
        assert_in_range(bp_update_metrics(row), 1, BP_METRICS);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(row->name, bp_algorithms[b]->name);
        for (int i = 0; i < bp_update_metrics(row); i++) {
            assert_non_null(row->metric[i].help);
            if (!strstr(runs, row->metric[i].name))
                fail_msg("bp-runs(5) does not know the metric %s of %s", row->metric[i].name, row->name);
            for (int j = 0; j < i; j++)
                assert_string_not_equal(row->metric[i].name, row->metric[j].name);
        }
    }
    assert_true(bp_svg.target[BP_PART_POLICY] && bp_svg.target[BP_PART_PRIOR] && bp_svg.target[BP_PART_CRITIC]);
    free(runs);
}

/* ---- an algorithm of our own ---- */

/* Which microbatches were drawn; each has a loss of 2 for every row, of which the last is not counted. */
static struct seen {
    int index, microbatch, sequences;
    const void *from;
} seen[16];
static int draws;

static void draw(const struct bp_work *work, const void *from)
{
    struct bp_batch *batch = &work->shard->batch;

    seen[draws++] = (struct seen){work->index, work->microbatch, batch->batch, from};
    for (int i = 0; i < batch->steps * batch->batch; i++)
        batch->mask[i] = i + 1 < batch->steps * batch->batch;
}

static void losses(const struct bp_work *work)
{
    const struct bp_batch *batch = &work->shard->batch;

    for (int i = 0; i < batch->steps * batch->batch; i++)
        work->shard->stats.sum[0] += 2;
    work->shard->stats.sum[2] += 5;
}

static bool never(const struct bp_agent *agent)
{
    (void)agent;
    return false;
}

static const struct bp_metric metrics[] = {
    {"loss", "", BP_PER_TRANSITION, false, NULL}, {"return", "", BP_PER_UPDATE, true, NULL}, {"nothing", "", BP_PER_UPDATE, false, never}, {0},
};
static const struct bp_algorithm own = {.name = "own", .help = "of this test", .metric = metrics, .draw = draw, .losses = losses,
                                        .target = {[BP_PART_CRITIC] = true}};

static struct bp_learner learner_of_own(void)
{
    struct bp_agent agent = tiny_agent("mlp", "mlp", "mlp", "bounded");
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner;

    config.algorithm = &own;
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    return learner;
}

/* Each shard draws its microbatches one after the other from where it is told, and counts the rows that the mask leaves. */
static void shards_draw_microbatches(void **state)
{
    struct bp_learner learner = learner_of_own();
    int source;

    (void)state;
    learner.microbatches = 2;
    draws = 0;
    for (int shard = 0; shard < 2; shard++)
        bp_update_gradients(&learner, &source, shard);
    assert_int_equal(draws, 4);
    for (int i = 0; i < 4; i++)
        assert_true(seen[i].index == i / 2 && seen[i].microbatch == i % 2 && seen[i].from == &source && seen[i].sequences == 2 - i % 2);
    assert_true(learner.shards[0].stats.transitions == 6 * 3 - 2 && learner.shards[0].stats.sum[0] == 2 * 6 * 3);
    assert_true(bp_update_tape_bytes(&learner) < 1 << 20);
    assert_int_equal(draws, 4);                                     /* measured without a draw, and nothing is left of it */
    assert_true(learner.shards[0].stats.transitions == 0 && learner.shards[0].stats.sum[0] == 0);
    bp_learner_free(&learner);
}

static void metrics_are_averages(void **state)
{
    struct bp_learner learner = learner_of_own();
    struct bp_update_stats stats = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(isnan(bp_update_metric(&learner, &stats, i)));          /* of nothing */
    stats = (struct bp_update_stats){4, 100, {50, 6, 7}};
    assert_close(bp_update_metric(&learner, &stats, 0), 0.5, 0);
    assert_close(bp_update_metric(&learner, &stats, 1), 3, 0);              /* 6 / 4, of a reward scale of 0.5 */
    assert_true(isnan(bp_update_metric(&learner, &stats, 2)));
    assert_true(bp_update_finite(&stats));
    stats.sum[2] = INFINITY;
    assert_false(bp_update_finite(&stats));
    stats.sum[2] = NAN;
    assert_false(bp_update_finite(&stats));
    bp_learner_free(&learner);
}

/* Target networks are of the parts that the algorithm names: others take no memory, and are neither saved nor looked at. */
static void targets_where_they_are_needed(void **state)
{
    struct bp_learner learner = learner_of_own();
    struct bp_agent agent = learner.agent;
    struct bp_learner_config config = learner.config;
    struct bp_tensor tensors[BP_LEARNER_TENSORS];
    struct bp_learner with;

    (void)state;
    config.algorithm = &bp_svg;
    assert_int_equal(bp_learner_init(&with, &agent, &config), 0);
    assert_null(learner.trained[BP_POLICY].target);
    assert_null(learner.trained[BP_PRIOR].target);
    assert_non_null(learner.trained[BP_CRITIC].target);
    assert_int_equal(bp_learner_tensors(&with, tensors), 3 * 4 + 1);
    int count = bp_learner_tensors(&learner, tensors);
    assert_int_equal(count, 2 * 3 + 4 + 1);
    assert_null(bp_tensor_find(tensors, (size_t)count, "learner/policy/target"));
    assert_non_null(bp_tensor_find(tensors, (size_t)count, "learner/critic/target"));
    assert_true(bp_learner_bytes(&learner) < bp_learner_bytes(&with));
    bp_learner_copy_targets(&learner);
    for (int update = 0; update < config.target_period; update++) {
        struct bp_update_stats stats = {0};
        learner.trained[BP_POLICY].online[0] = learner.trained[BP_CRITIC].online[0] = 9;
        for (int job = 0; job < bp_learner_jobs(&learner); job++)
            bp_learner_apply(&learner, job);
        bp_learner_finish(&learner, &stats);
    }
    assert_true(learner.trained[BP_CRITIC].target[0] == 9);
    assert_int_equal(bp_learner_check(&learner, "here"), 0);
    bp_learner_free(&learner);
    bp_learner_free(&with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(shards_draw_microbatches),
        cmocka_unit_test(metrics_are_averages),
        cmocka_unit_test(targets_where_they_are_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
