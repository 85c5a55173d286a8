#include "learn/replay.h"

#include "base/half.h"

#include "../base/check.h"
#include "../store/support.h"

#include <gsl/gsl_cdf.h>

/* ---- episodes whose numbers tell where they come from ---- */

enum { O = 3, A = 2, S = 4, LIMIT = 40 };

static void observation(int id, int t, float *o)
{
    o[0] = (float)id;
    o[1] = (float)t;
    o[2] = (float)(id * 1000 + t);
}

static float signature(int id, int t, int what)
{
    return (float)(id * 1000 + t) + 0.1f * (float)what;
}

static struct bp_replay_spec spec_of(int episodes, int writers, int stride)
{
    return (struct bp_replay_spec){O, A, S, LIMIT, episodes, writers, stride, false, 0, 0};
}

static struct bp_replay *replay_of(int episodes, int writers, int stride)
{
    struct bp_replay_spec spec = spec_of(episodes, writers, stride);
    struct bp_replay *replay = bp_replay_new(&spec);

    assert_non_null(replay);
    return replay;
}

static void begin(struct bp_replay *replay, int writer, int id)
{
    float o[O];

    observation(id, 0, o);
    bp_replay_begin(replay, writer, o);
}

/* Step t of episode id. */
static void step(struct bp_replay *replay, int writer, int id, int t, bool terminated, bool ended)
{
    float o[O], action[A] = {signature(id, t, 1), signature(id, t, 2)}, recurrent[S];

    for (int j = 0; j < S; j++)
        recurrent[j] = signature(id, t, 5 + j);
    observation(id, t + 1, o);
    bp_replay_state(replay, writer, recurrent);
    bp_replay_step(replay, writer, action, signature(id, t, 3), signature(id, t, 4), o, terminated, ended);
}

static void episode(struct bp_replay *replay, int writer, int id, int length, bool terminated)
{
    begin(replay, writer, id);
    for (int t = 0; t < length; t++)
        step(replay, writer, id, t, terminated && t + 1 == length, t + 1 == length);
}

/* ---- drawing ---- */

enum { K_MOST = 15, B = 16 };

static float observations[(K_MOST + 1) * B * O], actions[K_MOST * B * A], log_prob[K_MOST * B], reward[K_MOST * B], nonterminal[K_MOST * B],
    mask[K_MOST * B], recurrent_state[B * S];
static int32_t episode_step[(K_MOST + 1) * B];
static gsl_rng *stream;

static struct bp_batch draw_after(const struct bp_replay *replay, int burn_in, int unroll)
{
    struct bp_batch batch = {burn_in + unroll, B, burn_in, observations, actions, log_prob, reward, nonterminal, mask, NULL, NULL, episode_step, recurrent_state};

    bp_replay_draw(replay, stream, &batch);
    return batch;
}

static struct bp_batch draw(const struct bp_replay *replay, int unroll)
{
    return draw_after(replay, 0, unroll);
}

/* What the replay should hold: episodes, and how often each of their rows was drawn, at each step of a sequence. */
struct held {
    int id, length;
    bool terminated, running;
    int drawn[K_MOST][LIMIT + K_MOST];
};

/* A row for each transition, one for the observation after the last, filled up to a multiple of stride. */
static int rows_of(const struct held *e, int stride)
{
    return (e->length / stride + 1) * stride;
}

/* Row `step` of episode e stands in that row of the batch, with its transition or, after the last, without. */
static void check_row(const struct bp_batch *batch, int t, int b, const struct held *e, int step)
{
    int row = t * B + b;
    float o[O];

    observation(e->id, step < e->length ? step : e->length, o);
    assert_memory_equal(batch->observations + row * O, o, sizeof o);
    assert_int_equal(batch->episode_step[row], step);
    if (t == batch->steps)
        return;
    if (step < e->length) {
        assert_true(batch->mask[row] == (t >= batch->burn_in));
        assert_true(batch->nonterminal[row] == !(e->terminated && step + 1 == e->length));
        assert_true(batch->actions[row * A] == signature(e->id, step, 1) && batch->actions[row * A + 1] == signature(e->id, step, 2));
        assert_true(batch->log_prob[row] == signature(e->id, step, 3) && batch->reward[row] == signature(e->id, step, 4));
    } else {
        assert_true(batch->mask[row] == 0 && batch->actions[row * A] == 0 && batch->actions[row * A + 1] == 0);
        assert_true(batch->log_prob[row] == 0 && batch->reward[row] == 0);
    }
}

static struct held *find_held(struct held *held, int count, float id)
{
    for (int e = 0; e < count; e++)
        if (held[e].id == (int)id)
            return &held[e];
    fail_msg("episode %g was drawn, which nobody wrote or which is gone", (double)id);
    return NULL;
}

/* Sequence b goes through episodes as they were written, one after the other, each after the first from its start. */
static void check_sequence(const struct bp_batch *batch, int b, struct held *held, int count, int stride)
{
    struct held *e = find_held(held, count, batch->observations[b * O]);
    int step = batch->episode_step[b];

    assert_true(step % stride == 0 && step < rows_of(e, stride));
    for (int j = 0; j < S; j++)
        assert_true(batch->state[b * S + j] == (step < e->length ? signature(e->id, step, 5 + j) : 0));
    for (int t = 0; t <= batch->steps; t++, step++) {
        if (step == rows_of(e, stride)) {
            e = find_held(held, count, batch->observations[(t * B + b) * O]);
            step = 0;
        }
        check_row(batch, t, b, e, step);
        if (t < batch->steps)
            e->drawn[t][step]++;
    }
}

/* Is this the same number in every cell? Once in a million it is said not to be. */
static void check_uniform(const int *drawn, int cells, int draws)
{
    double sum = 0, expected = (double)draws / cells;

    for (int i = 0; i < cells; i++)
        sum += (drawn[i] - expected) * (drawn[i] - expected) / expected;
    assert_true(cells < 2 || (sum < gsl_cdf_chisq_Qinv(1e-6, cells - 1) && sum > gsl_cdf_chisq_Pinv(1e-6, cells - 1)));
}

/* How often each row was drawn as step t of a sequence, and how many rows those are: of those that t can be of, its multiples of stride. */
static int count_drawn(const struct held *held, int count, int stride, int t, int *drawn)
{
    int rows = 0;

    for (int e = 0; e < count; e++)
        for (int step = 0; step < rows_of(&held[e], stride); step++)
            if ((step - t) % stride == 0)
                drawn[rows++] = held[e].drawn[t][step];
            else
                assert_int_equal(held[e].drawn[t][step], 0);
    return rows;
}

/* Draw much: every sequence is right, and at each of its steps every transition comes equally often. */
static void check_draws(const struct bp_replay *replay, struct held *held, int count, int stride, int burn_in, int unroll)
{
    enum { BATCHES = 2000 };
    int drawn[512];

    for (int i = 0; i < BATCHES; i++) {
        struct bp_batch batch = draw_after(replay, burn_in, unroll);
        for (int b = 0; b < B; b++)
            check_sequence(&batch, b, held, count, stride);
    }
    for (int t = 0; t < burn_in + unroll; t++)
        check_uniform(drawn, count_drawn(held, count, stride, t, drawn), BATCHES * B);
}

static void write_held(struct bp_replay *replay, const struct held *held, int count)
{
    for (int e = 0; e < count; e++) {
        int writer = held[e].running ? 1 + e % 2 : 0;
        if (!held[e].running) {
            episode(replay, writer, held[e].id, held[e].length, held[e].terminated);
            continue;
        }
        begin(replay, writer, held[e].id);
        for (int t = 0; t < held[e].length; t++)
            step(replay, writer, held[e].id, t, false, false);
    }
}

/* Terminated and truncated episodes of all lengths, and two that are in progress: their ends are drawn as often as their middles. */
static void all_transitions_are_equally_likely(void **state)
{
    static const struct { int stride, burn_in, unroll; } shapes[] = {{1, 0, 10}, {1, 0, 1}, {5, 0, 10}, {5, 0, 5}, {3, 3, 12}, {1, 7, 4}, {12, 0, 12}};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct held held[] = {{1, 40, false, false, {{0}}}, {2, 13, true, false, {{0}}},  {3, 3, true, false, {{0}}},  {4, 10, false, false, {{0}}},
                              {5, 11, true, false, {{0}}},  {6, 1, false, false, {{0}}},  {7, 27, false, true, {{0}}}, {8, 6, false, true, {{0}}}};
        enum { HELD = sizeof held / sizeof *held };
        struct bp_replay *replay = replay_of(10, 3, shapes[i].stride);
        write_held(replay, held, HELD);
        assert_int_equal(bp_replay_transitions(replay), 40 + 13 + 3 + 10 + 11 + 1 + 27 + 6);
        check_draws(replay, held, HELD, shapes[i].stride, shapes[i].burn_in, shapes[i].unroll);
        bp_replay_free(replay);
    }
}

/* Of a single short episode every sequence is made, again and again from its start. */
static void one_transition_is_enough(void **state)
{
    struct held held[] = {{1, 1, true, false, {{0}}}};
    struct bp_replay *replay = replay_of(4, 2, 5);

    (void)state;
    assert_int_equal(bp_replay_transitions(replay), 0);
    episode(replay, 1, 1, 1, true);
    assert_int_equal(bp_replay_transitions(replay), 1);
    check_draws(replay, held, 1, 5, 0, 10);
    bp_replay_free(replay);
}

/* ---- overwriting ---- */

static void the_oldest_is_overwritten(void **state)
{
    struct bp_replay *replay = replay_of(4, 1, 5);

    (void)state;
    for (int id = 1; id <= 11; id++) {
        episode(replay, 0, id, 10 + id, id % 2);
        int oldest = id > 4 ? id - 3 : 1;
        struct held held[4] = {0};
        for (int i = oldest; i <= id; i++)
            held[i - oldest] = (struct held){.id = i, .length = 10 + i, .terminated = i % 2};
        check_draws(replay, held, id - oldest + 1, 5, 0, 5);
    }
    bp_replay_free(replay);
}

/* An episode in progress is nobody's room, however many others come and go; when it ends it stands as it was written. */
static void episodes_in_progress_are_kept(void **state)
{
    struct bp_replay *replay = replay_of(4, 2, 5);
    struct held held[] = {{1, LIMIT, true, false, {{0}}}, {18, 5, false, false, {{0}}}, {19, 5, false, false, {{0}}}, {20, 5, false, false, {{0}}}};

    (void)state;
    begin(replay, 1, 1);
    for (int id = 2; id <= 20; id++) {
        step(replay, 1, 1, 2 * (id - 2), false, false);
        step(replay, 1, 1, 2 * (id - 2) + 1, false, false);
        episode(replay, 0, id, 5, false);
    }
    step(replay, 1, 1, 38, false, false);
    step(replay, 1, 1, 39, true, true);
    check_draws(replay, held, 4, 5, 0, 5);
    bp_replay_free(replay);
}

/* What diverged ends before the step that did: its last observation is a state from which values go on, and it is not terminated. */
static void a_cut_episode_ends_before(void **state)
{
    struct bp_replay *replay = replay_of(4, 1, 1);
    bool last = false;

    (void)state;
    episode(replay, 0, 1, 10, true);
    begin(replay, 0, 2);
    for (int t = 0; t < 7; t++)
        step(replay, 0, 2, t, false, false);
    bp_replay_cut(replay, 0);
    assert_int_equal(bp_replay_transitions(replay), 17);
    for (int i = 0; i < 100; i++) {
        struct bp_batch batch = draw(replay, 5);
        for (int row = 0; row < 5 * B; row++) {
            if (batch.observations[row * O] != 2 || batch.mask[row] == 0)
                continue;
            assert_true(batch.nonterminal[row] == 1 && batch.observations[row * O + 1] < 7);
            if (batch.observations[row * O + 1] == 6) {
                last = true;
                assert_true(batch.observations[(row + B) * O] == 2 && batch.observations[(row + B) * O + 1] == 7);
            }
        }
    }
    assert_true(last);
    for (int id = 3; id < 30; id++) {           /* those that diverge at once are no loss to others */
        begin(replay, 0, id);
        bp_replay_cut(replay, 0);
        assert_int_equal(bp_replay_transitions(replay), 17);
    }
    bp_replay_free(replay);
}

/* ---- memory ---- */

static int too_small(void *context)
{
    struct bp_replay_spec spec = spec_of(5, 3, 5);
    struct bp_replay *replay = bp_replay_new(&spec);

    (void)context;
    return replay ? 0 : -1;
}

static void too_small_for_its_writers(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(too_small, NULL, false, said), BP_USAGE);
    assert_said(said, "3 actors");
    bp_replay_free(NULL);
}

/* All that a replay is lies in its tensors: copied into a fresh one, the same is drawn, and writing goes on in the same places. */
static void check_tensors(bool half)
{
    struct bp_replay_spec spec = spec_of(6, 2, 5);
    struct bp_tensor from[9], to[9];
    size_t bytes = 0;

    spec.half = half;
    struct bp_replay *first = bp_replay_new(&spec), *second = bp_replay_new(&spec);
    assert_true(first && second);
    for (int id = 1; id <= 7; id++)
        episode(first, 0, id, 4 * id, id % 2);
    begin(first, 1, 8);
    for (int t = 0; t < 17; t++)
        step(first, 1, 8, t, false, false);
    int count = bp_replay_tensors(first, from);
    assert_int_equal(bp_replay_tensors(second, to), count);
    assert_in_range(count, 1, 9);
    for (int i = 0; i < count; i++) {
        assert_string_equal(from[i].name, to[i].name);
        assert_int_equal(bp_tensor_bytes(&from[i]), bp_tensor_bytes(&to[i]));
        memcpy(to[i].data, from[i].data, bp_tensor_bytes(&from[i]));
        bytes += bp_tensor_bytes(&from[i]);
    }
    assert_int_equal(bytes, bp_replay_bytes(&spec));
    for (int round = 0; round < 3; round++) {
        struct bp_replay *both[2] = {first, second};
        static float drawn[2][(10 + 1) * B * O];
        for (int r = 0; r < 2; r++) {
            bp_random_seek(stream, 9, BP_FOR_TEST, 0, (uint64_t)round);
            struct bp_batch batch = draw(both[r], 10);
            memcpy(drawn[r], batch.observations, sizeof drawn[r]);
            step(both[r], 1, 8, 17 + round, round == 2, round == 2);
            episode(both[r], 0, 20 + round, 15, false);
        }
        assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    }
    for (int i = 0; i < count; i++)
        assert_memory_equal(from[i].data, to[i].data, bp_tensor_bytes(&from[i]));
    bp_replay_free(first);
    bp_replay_free(second);
}

static void tensors_hold_everything(void **state)
{
    (void)state;
    check_tensors(false);
    check_tensors(true);
}

static void check_rounded(const float *got, const float *whole, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(got[i] == bp_half_value(bp_half_round(whole[i])));
}

/* A replay of float16 gives the same sequences, their observations, rewards and states rounded, all else as it came. */
static void halves_are_rounded(void **state)
{
    static float kept[7][(K_MOST + 1) * B * O];
    struct bp_replay_spec spec = spec_of(6, 2, 5), half = spec;
    const size_t size[7] = {sizeof observations, sizeof actions, sizeof log_prob, sizeof reward, sizeof nonterminal, sizeof mask, sizeof recurrent_state};
    float *const drawn[7] = {observations, actions, log_prob, reward, nonterminal, mask, recurrent_state};
    struct bp_replay *both[2];

    (void)state;
    half.half = true;
    both[0] = bp_replay_new(&spec);
    both[1] = bp_replay_new(&half);
    for (int r = 0; r < 2; r++) {
        for (int id = 1; id <= 7; id++)
            episode(both[r], 0, id, 4 * id, id % 2);
        bp_random_seek(stream, 9, BP_FOR_TEST, 1, 0);
        draw(both[r], 10);
        for (int i = 0; r == 0 && i < 7; i++)
            memcpy(kept[i], drawn[i], size[i]);
    }
    check_rounded(observations, kept[0], 11 * B * O);
    check_rounded(reward, kept[3], 10 * B);
    check_rounded(recurrent_state, kept[6], B * S);
    assert_memory_not_equal(reward, kept[3], 10 * B * sizeof(float));
    assert_memory_equal(actions, kept[1], 10 * B * A * sizeof(float));
    assert_memory_equal(log_prob, kept[2], 10 * B * sizeof(float));
    assert_memory_equal(nonterminal, kept[4], 10 * B * sizeof(float));
    assert_memory_equal(mask, kept[5], 10 * B * sizeof(float));
    assert_int_equal(bp_replay_bytes(&spec) - bp_replay_bytes(&half), 2 * 6 * ((LIMIT + 1) * O + LIMIT + LIMIT / 5 * S));
    bp_replay_free(both[0]);
    bp_replay_free(both[1]);
}

/* Without recurrent states there is neither room for them nor a tensor of them. */
static void states_are_optional(void **state)
{
    struct bp_replay_spec spec = spec_of(4, 1, 5), with = spec;
    struct bp_replay *replay;
    struct bp_tensor tensors[9];

    (void)state;
    spec.state_size = 0;
    replay = bp_replay_new(&spec);
    assert_non_null(replay);
    episode(replay, 0, 1, 12, true);
    recurrent_state[0] = -1;
    draw(replay, 5);
    assert_true(recurrent_state[0] == -1);
    for (int i = 0, count = bp_replay_tensors(replay, tensors); i < count; i++)
        assert_null(strstr(tensors[i].name, "state"));
    assert_true(bp_replay_bytes(&spec) < bp_replay_bytes(&with));
    bp_replay_free(replay);
}

static int start_stream(void **state)
{
    (void)state;
    stream = bp_random_new();
    bp_random_seek(stream, 61, BP_FOR_TEST, 0, 0);
    return stream ? 0 : -1;
}

static int end_stream(void **state)
{
    (void)state;
    gsl_rng_free(stream);
    return 0;
}

/* Latents come back with their steps, and whether they were drawn there; the row after a last transition still has the one it was made with. */
static void latents_that_acted(void **state)
{
    enum { Z = 2, UNROLL = 8, BATCH = 4 };
    struct bp_replay_spec spec = spec_of(4, 1, 1);
    float seen[(UNROLL + 1) * BATCH * O], acted[UNROLL * BATCH * A], numbers[4][UNROLL * BATCH], states[BATCH * S];
    float latents[(UNROLL + 1) * BATCH * Z], drawn[(UNROLL + 1) * BATCH];
    int32_t steps[(UNROLL + 1) * BATCH];
    struct bp_batch batch = {.steps = UNROLL, .batch = BATCH, .observations = seen, .actions = acted, .log_prob = numbers[0], .reward = numbers[1],
                             .nonterminal = numbers[2], .mask = numbers[3], .latents = latents, .drawn = drawn, .episode_step = steps, .state = states};
    const int lengths[] = {11, 3, 5};       /* the last one is in progress */
    gsl_rng *places = bp_random_new();
    int ends = 0, held = 0;

    (void)state;
    spec.latent_size = Z;
    struct bp_replay *replay = bp_replay_new(&spec);
    assert_non_null(replay);
    for (int id = 0; id < 3; id++) {
        begin(replay, 0, id);
        for (int t = 0; t < lengths[id]; t++) {
            bp_replay_latent(replay, 0, (const float[]){signature(id, t / 3, 6), signature(id, t / 3, 7)}, t % 3 == 0);
            step(replay, 0, id, t, false, id < 2 && t + 1 == lengths[id]);
        }
    }
    assert_int_equal(bp_replay_check(replay, "the test"), 0);
    bp_random_seek(places, 1, BP_FOR_SAMPLE, 0, 0);
    for (int draws = 0; draws < 200; draws++) {
        bp_replay_draw(replay, places, &batch);
        for (int row = 0; row < (UNROLL + 1) * BATCH; row++) {
            int id = (int)seen[row * O], t = steps[row], last = t < lengths[id] ? t : lengths[id] - 1;
            for (int j = 0; j < Z; j++)
                assert_close((double)latents[row * Z + j], (double)signature(id, last / 3, 6 + j), 0);
            assert_close((double)drawn[row], t < lengths[id] && t % 3 == 0, 0);
            ends += t == lengths[id];
            held += drawn[row] == 0 && t < lengths[id];
        }
    }
    assert_true(ends > 100 && held > 100);
    struct bp_tensor tensors[BP_REPLAY_TENSORS];
    int count = bp_replay_tensors(replay, tensors);
    ((float *)bp_tensor_find(tensors, (size_t)count, "replay/latents")->data)[3] = NAN;
    bp_set_quiet(true);
    assert_int_equal(bp_replay_check(replay, "the test"), -1);
    bp_replay_free(replay);
    gsl_rng_free(places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_small_for_its_writers),
        cmocka_unit_test(all_transitions_are_equally_likely),
        cmocka_unit_test(one_transition_is_enough),
        cmocka_unit_test(the_oldest_is_overwritten),
        cmocka_unit_test(episodes_in_progress_are_kept),
        cmocka_unit_test(a_cut_episode_ends_before),
        cmocka_unit_test(tensors_hold_everything),
        cmocka_unit_test(halves_are_rounded),
        cmocka_unit_test(states_are_optional),
        cmocka_unit_test(latents_that_acted),
    };

    return cmocka_run_group_tests(tests, start_stream, end_stream);
}
