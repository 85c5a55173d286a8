/* Rewarded sequences of the replay: how often they are drawn, which episodes are kept for them, and that a resumed replay goes on alike. */
#include "learn/replay.h"

#include "../base/check.h"
#include "../store/support.h"

#include <gsl/gsl_cdf.h>
#include <string.h>

enum { LIMIT = 160, K = 5, B = 16, SLOTS = 24, KEPT = SLOTS / BP_REWARDED_PART };

static gsl_rng *stream;
static float observations[(K + 1) * B], actions[K * B], log_prob[K * B], reward[K * B], nonterminal[K * B], mask[K * B], no_state[1];
static int32_t episode_step[(K + 1) * B];

static struct bp_replay *replay_of(int stride, double share)
{
    struct bp_replay_spec spec = {.observation_size = 1, .action_size = 1, .time_limit = LIMIT, .episodes = SLOTS, .writers = 2, .stride = stride,
                                  .rewarded_share = share};
    struct bp_replay *replay = bp_replay_new(&spec);

    assert_non_null(replay);
    return replay;
}

/* Steps of episode `id`, whose observations are its number; a positive reward with step `rewarded`, counted from 1, and a negative one before. */
static void steps(struct bp_replay *replay, int writer, int id, int length, int rewarded, bool ends)
{
    float o = (float)id, action = 0;

    bp_replay_begin(replay, writer, &o);
    for (int t = 1; t <= length; t++)
        bp_replay_step(replay, writer, &action, 0, t == rewarded ? 60 : t < rewarded ? -1 : 0, &o, t == rewarded && ends, t == length && ends);
}

static struct bp_batch draw(const struct bp_replay *replay)
{
    struct bp_batch batch = {K, B, 0, observations, actions, log_prob, reward, nonterminal, mask, NULL, NULL, episode_step, no_state};

    bp_replay_draw(replay, stream, &batch);
    return batch;
}

/* ---- how often ---- */

static const struct { int length, rewarded; } episodes[] = {{150, 150}, {30, 10}, {120, 0}, {1, 1}, {20, 4}};
enum { EPISODES = sizeof episodes / sizeof *episodes };

/* The probability of each start by its definition, step by step. */
static void expect(int stride, double share, double start[EPISODES][LIMIT + 8])
{
    int places = 0, rewarded = 0;

    for (int e = 0; e < EPISODES; e++) {
        places += episodes[e].length / stride + 1;
        rewarded += episodes[e].rewarded > 0;
    }
    for (int e = 0; e < EPISODES; e++)
        for (int row = 0; row <= episodes[e].length / stride * stride; row += stride)
            start[e][row] = (1 - share) / places;
    for (int e = 0; e < EPISODES; e++) {
        int end = episodes[e].rewarded, begin = end > BP_REWARDED_STEPS ? end - BP_REWARDED_STEPS : 0;
        for (int t = begin; t < end; t++)
            start[e][t - t % stride] += share / rewarded / (end - begin);
    }
}

/* Once in a million it is said that they are not drawn as often as that. */
static void check_frequencies(int stride, double share)
{
    enum { BATCHES = 3000 };
    static double start[EPISODES][LIMIT + 8];
    static int drawn[EPISODES][LIMIT + 8];
    struct bp_replay *replay = replay_of(stride, share);
    double sum = 0;
    int cells = 0;

    memset(start, 0, sizeof start);
    memset(drawn, 0, sizeof drawn);
    for (int e = 0; e < EPISODES; e++)
        steps(replay, e == EPISODES - 1, e, episodes[e].length, episodes[e].rewarded, e < EPISODES - 1);     /* the last is in progress */
    expect(stride, share, start);
    for (int i = 0; i < BATCHES; i++) {
        struct bp_batch batch = draw(replay);
        for (int b = 0; b < B; b++)
            drawn[(int)batch.observations[b]][batch.episode_step[b]]++;
    }
    for (int e = 0; e < EPISODES; e++)
        for (int row = 0; row < LIMIT + 8; row++) {
            double expected = start[e][row] * BATCHES * B;
            assert_true(expected > 20 || (expected == 0 && drawn[e][row] == 0));
            sum += expected > 0 ? (drawn[e][row] - expected) * (drawn[e][row] - expected) / expected : 0;
            cells += expected > 0;
        }
    assert_true(sum < gsl_cdf_chisq_Qinv(1e-6, cells - 1) && sum > gsl_cdf_chisq_Pinv(1e-6, cells - 1));
    bp_replay_free(replay);
}

static void starts_come_as_often_as_asked(void **state)
{
    (void)state;
    check_frequencies(1, 0);
    check_frequencies(1, 0.125);
    check_frequencies(1, 0.5);
    check_frequencies(5, 0.25);
}

/* Without a reward there is nothing to draw more often. */
static void nothing_rewarded_is_no_harm(void **state)
{
    struct bp_replay *replay = replay_of(1, 0.5);

    (void)state;
    steps(replay, 0, 1, 10, 0, true);
    for (int i = 0; i < 10; i++)
        assert_true(draw(replay).observations[0] == 1);
    bp_replay_free(replay);
}

/* ---- what is kept ---- */

/* Episodes that are there, by number. */
static void find_present(const struct bp_replay *replay, bool *present, int count)
{
    memset(present, 0, (size_t)count * sizeof *present);
    for (int i = 0; i < 400; i++) {
        struct bp_batch batch = draw(replay);
        for (int b = 0; b < B; b++)
            present[(int)batch.observations[b]] = true;
    }
}

static void few_rewarded_episodes_stay(void **state)
{
    enum { WRITTEN = 10 * SLOTS };
    bool present[WRITTEN];

    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct bp_replay *replay = replay_of(1, asked ? 0.125 : 0);
        for (int id = 0; id < WRITTEN; id++)
            steps(replay, id % 2, id, 5, id < KEPT ? 5 : 0, true);
        find_present(replay, present, WRITTEN);
        for (int id = 0; id < WRITTEN; id++)
            assert_true(present[id] == (id >= WRITTEN - (asked ? SLOTS - KEPT : SLOTS) || (asked && id < KEPT)));
        bp_replay_free(replay);
    }
}

/* Where all are rewarded, an eighth stays for a while, and the others come and go as ever. */
static void many_rewarded_episodes_go(void **state)
{
    enum { WRITTEN = 10 * SLOTS };
    struct bp_replay *replay = replay_of(1, 0.125);
    bool present[WRITTEN];
    int held = 0, recent = 0;

    (void)state;
    for (int id = 0; id < WRITTEN; id++)
        steps(replay, 0, id, 5, 5, true);
    find_present(replay, present, WRITTEN);
    for (int id = 0; id < WRITTEN; id++) {
        held += present[id];
        recent += present[id] && id >= WRITTEN - SLOTS - KEPT - 1;
    }
    assert_int_equal(held, SLOTS);
    assert_true(recent >= SLOTS - KEPT - 1);
    assert_true(present[WRITTEN - 1]);
    bp_replay_free(replay);
}

/* A place that is used again has the rewards of its new episode only. */
static void rewards_go_with_their_episode(void **state)
{
    struct bp_replay *replay = replay_of(1, 0.5);
    int first = 0;

    (void)state;
    for (int id = 0; id < 3 * SLOTS; id++)
        steps(replay, 0, id % 100, 5, id < 2 * SLOTS ? 5 : 0, true);
    for (int i = 0; i < 1000; i++) {
        struct bp_batch batch = draw(replay);
        for (int b = 0; b < B; b++)
            first += batch.observations[b] < 2 * SLOTS;
    }
    /* KEPT of SLOTS by themselves, and half of the sequences from them. */
    assert_true(fabs(first / 1000.0 / B - (0.5 + 0.5 * KEPT / SLOTS)) < 0.03);
    bp_replay_free(replay);
}

/* ---- resuming ---- */

static int check(void *replay)
{
    return bp_replay_check(replay, "x");
}

static void a_resumed_replay_goes_on(void **state)
{
    struct bp_replay *both[2] = {replay_of(1, 0.25), replay_of(1, 0.25)};
    struct bp_tensor tensors[2][BP_REPLAY_TENSORS];
    static float drawn[2][(K + 1) * B];
    char said[1024];

    (void)state;
    for (int id = 0; id < 2 * SLOTS; id++)
        steps(both[0], 0, id, 50, id % 7 ? 0 : 1 + id, true);
    int count = bp_replay_tensors(both[0], tensors[0]);
    assert_int_equal(bp_replay_tensors(both[1], tensors[1]), count);
    for (int i = 0; i < count; i++)
        memcpy(tensors[1][i].data, tensors[0][i].data, bp_tensor_bytes(&tensors[0][i]));
    assert_int_equal(bp_replay_check(both[1], "x"), 0);
    for (int round = 0; round < 3 * SLOTS; round++) {
        for (int r = 0; r < 2; r++) {
            bp_random_seek(stream, 5, BP_FOR_TEST, 0, (uint64_t)round);
            memcpy(drawn[r], draw(both[r]).observations, sizeof drawn[r]);
            steps(both[r], 1, 100 + round, 20, round % 5 ? 0 : 20, true);
        }
        assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    }
    int32_t *rewarded = tensors[1][count - 1].data;
    assert_string_equal(tensors[1][count - 1].name, "replay/rewarded");
    rewarded[3] = LIMIT + 1;
    assert_int_equal(run_action(check, both[1], false, said), BP_DAMAGED);
    assert_said(said, "reward beyond its end");
    bp_replay_free(both[0]);
    bp_replay_free(both[1]);
}

static int start_stream(void **state)
{
    (void)state;
    stream = bp_random_new();
    bp_random_seek(stream, 77, BP_FOR_TEST, 0, 0);
    return stream ? 0 : -1;
}

static int end_stream(void **state)
{
    (void)state;
    gsl_rng_free(stream);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_come_as_often_as_asked),
        cmocka_unit_test(nothing_rewarded_is_no_harm),
        cmocka_unit_test(few_rewarded_episodes_stay),
        cmocka_unit_test(many_rewarded_episodes_go),
        cmocka_unit_test(rewards_go_with_their_episode),
        cmocka_unit_test(a_resumed_replay_goes_on),
    };

    return cmocka_run_group_tests(tests, start_stream, end_stream);
}
