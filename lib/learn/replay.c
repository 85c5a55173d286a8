#include "learn/replay.h"

#include "base/half.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What is known of a slot; the arrays are in the replay, slot after slot. */
struct slot {
    int32_t length;             /* steps so far */
    int32_t writer;             /* in progress by, -1: ended */
    int32_t terminated;
};

struct bp_replay {
    struct bp_replay_spec spec;
    int32_t *cursor;            /* [0]: slot for the next episode; [1 + writer]: slot in progress, -1: none */
    struct slot *slots;
    int32_t *rewarded;          /* of each slot: steps up to the last positive reward, 0: none; NULL when nobody asks for them */
    int marks;
    float *actions;             /* slots x L x A */
    float *log_prob;            /* slots x L */
    float *latents;             /* slots x L x Z */
    uint8_t *drawn;             /* slots x L; NULL where Z is 0 */
    /*
     * Float32 or float16. Actions and their log densities always are float32: pi(a) / mu(a) compares densities at the very same action,
     * and where the scale is 0.01 an action rounded to float16 would change them by some 5 %.
     */
    void *observations;         /* slots x (L+1) x O */
    void *reward;               /* slots x L */
    void *state;                /* slots x marks x S, one for each multiple of stride */
};

static size_t marks(const struct bp_replay_spec *spec)
{
    return (size_t)((spec->time_limit + spec->stride - 1) / spec->stride);
}

static size_t width(const struct bp_replay_spec *spec)
{
    return spec->half ? sizeof(uint16_t) : sizeof(float);
}

/* Bytes of a slot's arrays. */
static size_t slot_bytes(const struct bp_replay_spec *s)
{
    size_t length = (size_t)s->time_limit;

    return length * (size_t)(s->action_size + 1 + s->latent_size) * sizeof(float) + (s->latent_size ? length : 0) +
           ((length + 1) * (size_t)s->observation_size + length + marks(s) * (size_t)s->state_size) * width(s);
}

size_t bp_replay_bytes(const struct bp_replay_spec *spec)
{
    size_t slot = slot_bytes(spec) + sizeof(struct slot) + (spec->rewarded_share > 0 ? sizeof(int32_t) : 0);

    return (size_t)spec->episodes * slot + (size_t)(spec->writers + 1) * sizeof(int32_t);
}

/* Cleared memory, in large pages where the system has them: sequences are drawn from all over it. NULL when there is none. */
static void *spacious(size_t count, size_t size)
{
    const size_t page = 4096;
    char *memory = calloc(count, size);
    size_t ahead = memory ? -(uintptr_t)memory % page : 0;

    if (memory && count * size > ahead + page)
        madvise(memory + ahead, (count * size - ahead) / page * page, MADV_HUGEPAGE);
    return memory;
}

struct bp_replay *bp_replay_new(const struct bp_replay_spec *spec)
{
    struct bp_replay *replay = calloc(1, sizeof *replay);
    size_t n = (size_t)spec->episodes, length = (size_t)spec->time_limit;

    if (spec->episodes < 2 * spec->writers) {
        free(replay);
        bp_error(BP_USAGE, "a replay of %d episodes is too small for %d actors: at least two each", spec->episodes, spec->writers);
        return NULL;
    }
    if (!replay)
        goto fail;
    replay->spec = *spec;
    replay->marks = (int)marks(spec);
    replay->cursor = calloc((size_t)spec->writers + 1, sizeof *replay->cursor);
    replay->slots = calloc(n, sizeof *replay->slots);
    if (spec->rewarded_share > 0 && !(replay->rewarded = calloc(n, sizeof *replay->rewarded)))
        goto fail;
    replay->observations = spacious(n * (length + 1) * (size_t)spec->observation_size, width(spec));
    replay->actions = spacious(n * length * (size_t)spec->action_size, sizeof(float));
    replay->log_prob = spacious(n * length, sizeof(float));
    replay->reward = spacious(n * length, width(spec));
    replay->latents = spacious(n * length * (size_t)spec->latent_size + 1, sizeof(float));
    replay->state = spacious(n * marks(spec) * (size_t)spec->state_size + 1, width(spec));
    if (spec->latent_size && !(replay->drawn = calloc(n, length)))
        goto fail;
    if (!replay->cursor || !replay->slots || !replay->latents || !replay->observations || !replay->actions || !replay->log_prob || !replay->reward ||
        !replay->state)
        goto fail;
    for (size_t i = 0; i < n; i++)
        replay->slots[i].writer = -1;
    for (int writer = 0; writer < spec->writers; writer++)
        replay->cursor[1 + writer] = -1;
    return replay;
fail:
    bp_replay_free(replay);
    bp_error(BP_FAILURE, "out of memory for a replay of %zu MB", bp_replay_bytes(spec) >> 20);
    return NULL;
}

void bp_replay_free(struct bp_replay *replay)
{
    if (!replay)
        return;
    free(replay->cursor);
    free(replay->slots);
    free(replay->rewarded);
    free(replay->observations);
    free(replay->actions);
    free(replay->log_prob);
    free(replay->reward);
    free(replay->latents);
    free(replay->drawn);
    free(replay->state);
    free(replay);
}

/* ---- writing ---- */

/* Keep n numbers in an array of the replay's own precision, after `at` others. */
static void keep(const struct bp_replay *replay, void *array, size_t at, const float *numbers, size_t n)
{
    if (replay->spec.half)
        bp_half_from((uint16_t *)array + at, numbers, n);
    else
        memcpy((float *)array + at, numbers, n * sizeof(float));
}

static void recall(const struct bp_replay *replay, const void *array, size_t at, float *numbers, size_t n)
{
    if (replay->spec.half)
        bp_half_to(numbers, (const uint16_t *)array + at, n);
    else
        memcpy(numbers, (const float *)array + at, n * sizeof(float));
}

/* Indices into the arrays. */
static size_t observation_at(const struct bp_replay *replay, int slot, int t)
{
    return ((size_t)slot * (size_t)(replay->spec.time_limit + 1) + (size_t)t) * (size_t)replay->spec.observation_size;
}

static size_t step_at(const struct bp_replay *replay, int slot, int t)
{
    return (size_t)slot * (size_t)replay->spec.time_limit + (size_t)t;
}

static size_t state_at(const struct bp_replay *replay, int slot, int t)
{
    return ((size_t)slot * (size_t)replay->marks + (size_t)(t / replay->spec.stride)) * (size_t)replay->spec.state_size;
}

/* Episodes with a reward; 0 where they are not asked for. */
static int count_rewarded(const struct bp_replay *replay)
{
    int count = 0;

    for (int i = 0; replay->rewarded && i < replay->spec.episodes; i++)
        count += replay->rewarded[i] > 0;
    return count;
}

void bp_replay_begin(struct bp_replay *replay, int writer, const float *observation)
{
    int slot = replay->cursor[0];
    bool keep_rewarded = replay->rewarded && count_rewarded(replay) <= replay->spec.episodes / BP_REWARDED_PART;

    while (replay->slots[slot].writer >= 0 || (keep_rewarded && replay->rewarded[slot]))
        slot = (slot + 1) % replay->spec.episodes;
    if (replay->rewarded)
        replay->rewarded[slot] = 0;
    replay->cursor[0] = (slot + 1) % replay->spec.episodes;
    replay->cursor[1 + writer] = slot;
    replay->slots[slot] = (struct slot){.writer = writer};
    keep(replay, replay->observations, observation_at(replay, slot, 0), observation, (size_t)replay->spec.observation_size);
}

void bp_replay_state(struct bp_replay *replay, int writer, const float *state)
{
    int slot = replay->cursor[1 + writer], t = replay->slots[slot].length;

    if (t % replay->spec.stride == 0)
        keep(replay, replay->state, state_at(replay, slot, t), state, (size_t)replay->spec.state_size);
}

void bp_replay_latent(struct bp_replay *replay, int writer, const float *latent, bool drawn)
{
    int slot = replay->cursor[1 + writer];
    size_t at = step_at(replay, slot, replay->slots[slot].length), size = (size_t)replay->spec.latent_size;

    memcpy(replay->latents + at * size, latent, size * sizeof *latent);
    replay->drawn[at] = drawn;
}

void bp_replay_cut(struct bp_replay *replay, int writer)
{
    int index = replay->cursor[1 + writer];
    struct slot *slot = &replay->slots[index];

    slot->writer = -1;
    slot->terminated = 0;
    replay->cursor[1 + writer] = -1;
    if (slot->length == 0 && replay->cursor[0] == (index + 1) % replay->spec.episodes)
        replay->cursor[0] = index;      /* one that holds nothing takes the place of no other */
}

void bp_replay_step(struct bp_replay *replay, int writer, const float *action, float log_prob, float reward,
                    const float *observation, bool terminated, bool ended)
{
    int index = replay->cursor[1 + writer];
    struct slot *slot = &replay->slots[index];
    size_t at = step_at(replay, index, slot->length), actions = (size_t)replay->spec.action_size;

    assert(slot->length < replay->spec.time_limit);
    memcpy(replay->actions + at * actions, action, actions * sizeof *action);
    replay->log_prob[at] = log_prob;
    keep(replay, replay->reward, at, &reward, 1);
    slot->length++;
    if (replay->rewarded && reward > 0)
        replay->rewarded[index] = slot->length;
    keep(replay, replay->observations, observation_at(replay, index, slot->length), observation, (size_t)replay->spec.observation_size);
    if (ended) {
        slot->writer = -1;
        slot->terminated = terminated;
        replay->cursor[1 + writer] = -1;
    }
}

int64_t bp_replay_transitions(const struct bp_replay *replay)
{
    int64_t sum = 0;

    for (int i = 0; i < replay->spec.episodes; i++)
        sum += replay->slots[i].length;
    return sum;
}

/* ---- drawing ---- */

/* Where a sequence is: a slot and a row of its episode. */
struct place {
    int slot, row;
};

/*
 * Rows that an episode fills in the stream of all: one for each transition, one for the observation after the last, and as many as are
 * missing to a multiple of stride.
 */
static int rows_of(const struct bp_replay *replay, int slot)
{
    int stride = replay->spec.stride, length = replay->slots[slot].length;

    return length ? (length + stride) / stride * stride : 0;
}

static void fetch(const void *array, size_t begin, size_t end, size_t size)
{
    for (const char *at = (const char *)array + begin * size; at < (const char *)array + end * size; at += 64)
        __builtin_prefetch(at);
}

/* Bring a sequence's memory closer: it can be anywhere in gigabytes. */
static void fetch_sequence(const struct bp_replay *replay, struct place place, int steps)
{
    int length = replay->slots[place.slot].length, begin = place.row < length ? place.row : length;
    int end = begin + steps < length ? begin + steps : length;
    size_t first = step_at(replay, place.slot, begin), last = step_at(replay, place.slot, end), actions = (size_t)replay->spec.action_size;
    size_t state = state_at(replay, place.slot, begin), size = width(&replay->spec);

    fetch(replay->observations, observation_at(replay, place.slot, begin), observation_at(replay, place.slot, end + 1), size);
    fetch(replay->actions, first * actions, last * actions, sizeof(float));
    fetch(replay->log_prob, first, last, sizeof(float));
    fetch(replay->reward, first, last, size);
    fetch(replay->latents, first * (size_t)replay->spec.latent_size, last * (size_t)replay->spec.latent_size, sizeof(float));
    fetch(replay->state, state, state + (size_t)replay->spec.state_size, size);
}

/* A slot and a multiple of stride, both uniform, kept where the slot's episode has that row: uniform over all. */
static struct place draw_place(const struct bp_replay *replay, gsl_rng *stream)
{
    int stride = replay->spec.stride, most = replay->spec.time_limit / stride + 1;

    for (;;) {
        int slot = (int)gsl_rng_uniform_int(stream, (unsigned long)replay->spec.episodes);
        int row = (int)gsl_rng_uniform_int(stream, (unsigned long)most) * stride;
        if (row < rows_of(replay, slot))
            return (struct place){slot, row};
    }
}

/* A start near the last reward of an episode, one of `count` that have one. */
static struct place draw_rewarded(const struct bp_replay *replay, int count, gsl_rng *stream)
{
    int which = (int)gsl_rng_uniform_int(stream, (unsigned long)count), slot = 0, stride = replay->spec.stride;

    while (!replay->rewarded[slot] || which--)
        slot++;
    int end = replay->rewarded[slot], steps = end < BP_REWARDED_STEPS ? end : BP_REWARDED_STEPS;
    int row = end - 1 - (int)gsl_rng_uniform_int(stream, (unsigned long)steps);
    return (struct place){slot, row / stride * stride};
}

/* rewarded: how many episodes have a reward. */
static struct place draw_start(const struct bp_replay *replay, int rewarded, gsl_rng *stream)
{
    if (rewarded && gsl_rng_uniform(stream) < replay->spec.rewarded_share)
        return draw_rewarded(replay, rewarded, stream);
    return draw_place(replay, stream);
}

/* The start of an episode, all equally likely: what follows one that has ended. */
static struct place draw_episode(const struct bp_replay *replay, gsl_rng *stream)
{
    for (;;) {
        int slot = (int)gsl_rng_uniform_int(stream, (unsigned long)replay->spec.episodes);
        if (replay->slots[slot].length)
            return (struct place){slot, 0};
    }
}

static void copy_state(const struct bp_replay *replay, struct place place, float *state)
{
    size_t size = (size_t)replay->spec.state_size;

    if (place.row < replay->slots[place.slot].length)
        recall(replay, replay->state, state_at(replay, place.slot, place.row), state, size);
    else
        memset(state, 0, size * sizeof *state);         /* no transition before another episode begins */
}

/* The observation of a row; beyond the episode's end its last. */
static void copy_observation(const struct bp_replay *replay, struct place place, struct bp_batch *batch, size_t row)
{
    int length = replay->slots[place.slot].length;
    size_t size = (size_t)replay->spec.observation_size;

    batch->episode_step[row] = place.row;
    recall(replay, replay->observations, observation_at(replay, place.slot, place.row < length ? place.row : length),
           batch->observations + row * size, size);
}

/* The transition of a row, of step t of the sequence; none beyond the episode's end. */
static void copy_transition(const struct bp_replay *replay, struct place place, struct bp_batch *batch, size_t row, int t)
{
    const struct slot *slot = &replay->slots[place.slot];
    size_t actions = (size_t)replay->spec.action_size, at = step_at(replay, place.slot, place.row);

    if (place.row >= slot->length) {
        memset(batch->actions + row * actions, 0, actions * sizeof(float));
        batch->log_prob[row] = batch->reward[row] = batch->nonterminal[row] = batch->mask[row] = 0;
        return;
    }
    memcpy(batch->actions + row * actions, replay->actions + at * actions, actions * sizeof(float));
    batch->log_prob[row] = replay->log_prob[at];
    recall(replay, replay->reward, at, &batch->reward[row], 1);
    batch->nonterminal[row] = !(slot->terminated && place.row + 1 == slot->length);
    batch->mask[row] = t >= batch->burn_in;
}

/* The latent of a row; after the last transition the one that it was made with is in force still. */
static void copy_latent(const struct bp_replay *replay, struct place place, struct bp_batch *batch, size_t row)
{
    int length = replay->slots[place.slot].length;
    size_t size = (size_t)replay->spec.latent_size, at = step_at(replay, place.slot, place.row < length ? place.row : length - 1);

    memcpy(batch->latents + row * size, replay->latents + at * size, size * sizeof(float));
    batch->drawn[row] = place.row < length && replay->drawn[at];
}

static void copy_sequence(const struct bp_replay *replay, gsl_rng *stream, struct place place, struct bp_batch *batch, int b)
{
    copy_state(replay, place, batch->state + (size_t)b * (size_t)replay->spec.state_size);
    for (int t = 0; t <= batch->steps; t++, place.row++) {
        size_t row = (size_t)(t * batch->batch + b);
        if (place.row == rows_of(replay, place.slot))
            place = draw_episode(replay, stream);
        copy_observation(replay, place, batch, row);
        if (replay->spec.latent_size)
            copy_latent(replay, place, batch, row);
        if (t < batch->steps)
            copy_transition(replay, place, batch, row, t);
    }
}

void bp_replay_draw(const struct bp_replay *replay, gsl_rng *stream, struct bp_batch *batch)
{
    int rewarded = count_rewarded(replay);
    struct place place = draw_start(replay, rewarded, stream), next = place;

    fetch_sequence(replay, place, batch->steps);
    for (int b = 0; b < batch->batch; b++, place = next) {
        if (b + 1 < batch->batch)
            fetch_sequence(replay, next = draw_start(replay, rewarded, stream), batch->steps);
        copy_sequence(replay, stream, place, batch, b);
    }
}

/* ---- what was loaded ---- */

int bp_replay_length(const struct bp_replay *replay, int writer)
{
    int slot = replay->cursor[1 + writer];

    return slot < 0 ? 0 : replay->slots[slot].length;
}

/* Each writer is at a slot that says so, and each slot in progress belongs to a writer that is there. */
static bool cursors_make_sense(const struct bp_replay *replay)
{
    const struct bp_replay_spec *s = &replay->spec;

    if (replay->cursor[0] < 0 || replay->cursor[0] >= s->episodes)
        return false;
    for (int writer = 0; writer < s->writers; writer++) {
        int slot = replay->cursor[1 + writer];
        if (slot < -1 || slot >= s->episodes || (slot >= 0 && replay->slots[slot].writer != writer))
            return false;
    }
    for (int slot = 0; slot < s->episodes; slot++) {
        int writer = replay->slots[slot].writer;
        if (writer < -1 || writer >= s->writers || (writer >= 0 && replay->cursor[1 + writer] != slot))
            return false;
    }
    return true;
}

static bool slot_makes_sense(const struct bp_replay_spec *spec, const struct slot *slot)
{
    return slot->length >= 0 && slot->length <= spec->time_limit && (slot->writer < 0 || slot->length < spec->time_limit) &&
           (slot->terminated == 0 || slot->terminated == 1) && (slot->writer < 0 || !slot->terminated);
}

/* Whether `n` numbers from `at` on are. */
static bool all_finite(const void *array, size_t at, size_t n, bool half)
{
    return half ? bp_numbers_finite(BP_F16, (const uint16_t *)array + at, n) : bp_numbers_finite(BP_F32, (const float *)array + at, n);
}

/* Of a slot, what can be drawn. */
static bool numbers_are_finite(const struct bp_replay *replay, int slot)
{
    const struct bp_replay_spec *s = &replay->spec;
    size_t length = (size_t)replay->slots[slot].length, at = step_at(replay, slot, 0);
    size_t states = (length + (size_t)s->stride - 1) / (size_t)s->stride * (size_t)s->state_size;

    return all_finite(replay->observations, observation_at(replay, slot, 0), (length + 1) * (size_t)s->observation_size, s->half) &&
           all_finite(replay->actions, at * (size_t)s->action_size, length * (size_t)s->action_size, false) &&
           all_finite(replay->latents, at * (size_t)s->latent_size, length * (size_t)s->latent_size, false) && all_finite(replay->log_prob, at, length, false) && all_finite(replay->reward, at, length, s->half) &&
           all_finite(replay->state, state_at(replay, slot, 0), states, s->half);
}

int bp_replay_check(const struct bp_replay *replay, const char *where)
{
    if (!cursors_make_sense(replay))
        return bp_error(BP_DAMAGED, "%s: the replay's cursors make no sense", where);
    for (int slot = 0; slot < replay->spec.episodes; slot++)
        if (!slot_makes_sense(&replay->spec, &replay->slots[slot]))
            return bp_error(BP_DAMAGED, "%s: episode %d of the replay has a length or count that makes no sense", where, slot);
        else if (replay->rewarded && (replay->rewarded[slot] < 0 || replay->rewarded[slot] > replay->slots[slot].length))
            return bp_error(BP_DAMAGED, "%s: episode %d of the replay has a reward beyond its end", where, slot);
        else if (!numbers_are_finite(replay, slot))
            return bp_error(BP_DAMAGED, "%s: episode %d of the replay holds what is not a finite number", where, slot);
    return 0;
}

int bp_replay_tensors(struct bp_replay *replay, struct bp_tensor *tensors)
{
    const struct bp_replay_spec *s = &replay->spec;
    int64_t n = s->episodes, length = s->time_limit;
    enum bp_dtype dtype = s->half ? BP_F16 : BP_F32;

    tensors[0] = bp_tensor_1d("replay/cursor", BP_I32, s->writers + 1, replay->cursor);
    tensors[1] = bp_tensor_2d("replay/slots", BP_I32, n, sizeof(struct slot) / sizeof(int32_t), replay->slots);
    tensors[2] = bp_tensor_2d("replay/observations", dtype, n * (length + 1), s->observation_size, replay->observations);
    tensors[3] = bp_tensor_2d("replay/actions", BP_F32, n * length, s->action_size, replay->actions);
    tensors[4] = bp_tensor_2d("replay/log_prob", BP_F32, n, length, replay->log_prob);
    tensors[5] = bp_tensor_2d("replay/reward", dtype, n, length, replay->reward);
    int count = 6;
    if (s->state_size)
        tensors[count++] = bp_tensor_2d("replay/state", dtype, n * replay->marks, s->state_size, replay->state);
    if (s->latent_size) {
        tensors[count++] = bp_tensor_2d("replay/latents", BP_F32, n * length, s->latent_size, replay->latents);
        tensors[count++] = bp_tensor_2d("replay/drawn", BP_U8, n, length, replay->drawn);
    }
    if (replay->rewarded)
        tensors[count++] = bp_tensor_1d("replay/rewarded", BP_I32, n, replay->rewarded);
    return count;
}
