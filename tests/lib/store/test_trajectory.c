#include "store/trajectory.h"
#include "support.h"

#include <math.h>

/* An episode of `length` steps in which every number tells where it stands. */
static void make_episode(struct bp_episode *episode, int length, bool with_kl)
{
    struct bp_groups groups = {0};

    bp_groups_add(&groups, "proprio", 3);
    bp_groups_add(&groups, "target", 2);
    bp_groups_add(&groups, "touch", 1);
    assert_int_equal(bp_episode_alloc(episode, &groups, bp_continuous(2), length, with_kl), 0);
    for (int i = 0; i < (length + 1) * groups.size; i++)
        episode->observations[i] = (float)i + 0.5f;
    for (int i = 0; i < length * 2; i++)
        episode->actions[i] = -(float)i;
    for (int t = 0; t < length; t++) {
        episode->rewards[t] = t % 3 ? 0 : 10;
        episode->log_prob[t] = t % 2 ? NAN : -1.5f * (float)t;
        episode->event[t] = t % 3 ? BP_NO_EVENT : t % 4;
        if (with_kl)
            episode->kl_prior[t] = 0.25f * (float)t;
    }
    episode->terminated = false;
    episode->truncated = true;
    episode->diverged = length % 2;
    episode->seed = UINT64_MAX - (uint64_t)length;
    episode->index = length;
    strcpy(episode->task, "nav-easy");
    strcpy(episode->body, "pointmass");
    strcpy(episode->play, "prior");
    episode->deterministic = with_kl;
    memset(episode->checkpoint, 'a', 64);
}

static void check_episode(const struct bp_episode *a, const struct bp_episode *b)
{
    size_t length = (size_t)a->length;

    assert_int_equal(a->length, b->length);
    assert_true(bp_groups_equal(&a->groups, &b->groups));
    assert_int_equal(a->groups.size, b->groups.size);
    assert_int_equal(a->action.size, b->action.size);
    assert_memory_equal(a->observations, b->observations, (length + 1) * (size_t)a->groups.size * sizeof(float));
    assert_memory_equal(a->actions, b->actions, length * (size_t)a->action.size * sizeof(float));
    assert_memory_equal(a->rewards, b->rewards, length * sizeof(float));
    assert_memory_equal(a->log_prob, b->log_prob, length * sizeof(float));
    assert_memory_equal(a->event, b->event, length * sizeof(int32_t));
    assert_int_equal(a->kl_prior != NULL, b->kl_prior != NULL);
    if (a->kl_prior)
        assert_memory_equal(a->kl_prior, b->kl_prior, length * sizeof(float));
    assert_int_equal(a->terminated, b->terminated);
    assert_int_equal(a->truncated, b->truncated);
    assert_int_equal(a->diverged, b->diverged);
    assert_true(a->seed == b->seed && a->index == b->index && a->deterministic == b->deterministic);
    assert_string_equal(a->task, b->task);
    assert_string_equal(a->body, b->body);
    assert_string_equal(a->play, b->play);
    assert_string_equal(a->checkpoint, b->checkpoint);
}

static void write_episodes(const char *path, int count)
{
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_episode episode;

    for (int i = 0; i < count; i++) {
        make_episode(&episode, 1 + 7 * i, i % 2);
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
}

static void test_round_trip(void **state)
{
    struct bp_episode episode, expected;
    char *path = in_directory("episodes");

    (void)state;
    write_episodes(path, 5);
    struct bp_pack_reader *reader = bp_pack_open(path);
    for (int i = 0; i < 5; i++) {
        make_episode(&expected, 1 + 7 * i, i % 2);
        assert_int_equal(bp_episode_read(reader, &episode), 1);
        check_episode(&episode, &expected);
        bp_episode_free(&episode);
        bp_episode_free(&expected);
    }
    assert_int_equal(bp_episode_read(reader, &episode), 0);
    assert_null(episode.storage);
    bp_pack_close(reader);
    bp_episode_free(&episode);
}

/* States come back as they were, from episodes that have them, among others that have none. */
static void test_states(void **state)
{
    static const size_t sizes[] = {13, 0, 1};
    char *path = in_directory("states");
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_episode episode;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        make_episode(&episode, 6, false);
        assert_null(episode.states);
        if (sizes[i])
            assert_int_equal(bp_episode_alloc_states(&episode, sizes[i]), 0);
        episode.length = 5;             /* room for more than there is */
        for (size_t n = 0; n < 6 * sizes[i]; n++)
            episode.states[n] = (uint8_t)(7 * n + i);
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
        assert_null(episode.states);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
    struct bp_pack_reader *reader = bp_pack_open(path);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(bp_episode_read(reader, &episode), 1);
        assert_int_equal(episode.length, 5);
        assert_int_equal(episode.state_size, sizes[i]);
        assert_int_equal(episode.states != NULL, sizes[i] > 0);
        for (size_t n = 0; n < 6 * sizes[i]; n++)
            assert_int_equal(episode.states[n], (uint8_t)(7 * n + i));
        bp_episode_free(&episode);
    }
    bp_pack_close(reader);
}

/* Places come back as they were: with targets and boxes, with neither, and none at all. */
static void test_places(void **state)
{
    static const struct bp_places scenes[] = {
        {.targets = 2, .boxes = 1, .edge = 3, .target_size = 0.5}, {.corridor = 3, .gap = {2, 3.25}},
        {.targets = 1, .edge = 8, .target_size = 2, .target_round = true},
    };
    char *path = in_directory("places");
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_episode episode;

    (void)state;
    for (int i = 0; i < 4; i++) {
        make_episode(&episode, 6, false);
        if (i < 3) {
            assert_int_equal(bp_episode_alloc_places(&episode, &scenes[i]), 0);
            for (int n = 0; n < 7 * (3 + 2 * scenes[i].targets + 3 * scenes[i].boxes); n++)
                episode.places.pose[n] = (float)n;          /* one array has them all */
        }
        episode.length = 5;
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
        assert_null(episode.places.pose);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
    struct bp_pack_reader *reader = bp_pack_open(path);
    for (int i = 0; i < 4; i++) {
        const struct bp_places *p = &episode.places;
        assert_int_equal(bp_episode_read(reader, &episode), 1);
        assert_int_equal(p->pose != NULL, i < 3);
        if (i < 3) {
            assert_int_equal(p->targets, scenes[i].targets);
            assert_int_equal(p->boxes, scenes[i].boxes);
            assert_int_equal(p->target != NULL, p->targets > 0);
            assert_int_equal(p->box != NULL, p->boxes > 0);
            assert_true(p->edge == scenes[i].edge && p->corridor == scenes[i].corridor && p->target_size == scenes[i].target_size);
            assert_true(p->gap[0] == scenes[i].gap[0] && p->gap[1] == scenes[i].gap[1] && p->target_round == scenes[i].target_round);
            assert_true(p->pose[0] == 0 && p->pose[17] == 17);
            if (p->targets)
                assert_true(p->target[0] == 21 && p->target[12 * p->targets - 1] == (float)(20 + 12 * p->targets));
            if (p->boxes)
                assert_true(p->box[0] == 49 && p->box[17] == 66);
        }
        bp_episode_free(&episode);
    }
    bp_pack_close(reader);
}

/* Latents come back as they were: with a KL and without, and none at all. */
static void test_latents(void **state)
{
    static const struct { int size; bool with_kl; } kinds[] = {{3, true}, {1, false}, {0, true}};
    char *path = in_directory("latents");
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_episode episode;

    (void)state;
    for (int i = 0; i < 3; i++) {
        make_episode(&episode, 6, kinds[i].with_kl);
        if (kinds[i].size)
            assert_int_equal(bp_episode_alloc_latents(&episode, kinds[i].size), 0);
        episode.length = 5;             /* room for more than there is */
        for (int n = 0; n < 5 * kinds[i].size; n++)
            episode.latents.value[n] = (float)n;
        for (int t = 0; t < 5 && kinds[i].size; t++) {
            episode.latents.drawn[t] = t % 2 == 0;
            if (kinds[i].with_kl)
                episode.latents.kl[t] = -(float)t;
        }
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
        assert_null(episode.latents.value);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
    struct bp_pack_reader *reader = bp_pack_open(path);
    for (int i = 0; i < 3; i++) {
        const struct bp_latents *l = &episode.latents;
        assert_int_equal(bp_episode_read(reader, &episode), 1);
        assert_int_equal(l->size, kinds[i].size);
        assert_true((l->value != NULL) == (l->size > 0) && (l->kl != NULL) == (l->size > 0 && kinds[i].with_kl));
        for (int n = 0; n < 5 * l->size; n++)
            assert_true(l->value[n] == (float)n);
        for (int t = 0; t < 5 && l->size; t++)
            assert_true(l->drawn[t] == (t % 2 == 0) && (!l->kl || l->kl[t] == -(float)t));
        bp_episode_free(&episode);
    }
    bp_pack_close(reader);
}

static void test_return(void **state)
{
    struct bp_episode episode;

    (void)state;
    make_episode(&episode, 10, false);
    assert_true(bp_episode_return(&episode) == 40);
    bp_episode_free(&episode);
    bp_episode_free(&episode);
}

/* What diverged was truncated too, though the caller set one flag only. */
static void test_diverged(void **state)
{
    struct bp_pack_writer *writer = bp_pack_create(in_directory("episodes"), 1);
    struct bp_episode episode;

    (void)state;
    make_episode(&episode, 3, false);
    episode.truncated = false;
    episode.diverged = true;
    assert_int_equal(bp_episode_write(writer, &episode), 0);
    bp_episode_free(&episode);
    assert_int_equal(bp_pack_commit(writer), 0);
    struct bp_pack_reader *reader = bp_pack_open(in_directory("episodes"));
    assert_int_equal(bp_episode_read(reader, &episode), 1);
    assert_true(episode.diverged && episode.truncated && !episode.terminated);
    bp_episode_free(&episode);
    bp_pack_close(reader);
}

/* ---- records that are no episodes ---- */

static float numbers[64];
static uint8_t flags[8][4] = {{0}, {0, 0, 0, 1}, {0, 1, 0, 0}, {0, 0, 0, 2}, {1, 0, 0, 1}, {1, 3, 0, 0}};
static int32_t events[4];

struct part {
    const char *name;
    enum bp_dtype dtype;
    int rows, columns;
    void *data;
};

/* A proper episode of 4 steps in which one part is exchanged for `other`, or left out when that has no data. */
static void make_record(struct bp_record *record, const struct part *other, const char *key, const char *text)
{
    static const char *const fields[][2] = {
        {"task", "nav-easy"}, {"body", "pointmass"}, {"play", "policy"}, {"deterministic", "true"}, {"seed", "7"},
        {"index", "0"}, {"checkpoint", ""}, {"groups", "a,b"}, {"action_space", "continuous"},
    };
    const struct part parts[] = {
        {"observation/a", BP_F32, 5, 2, numbers}, {"observation/b", BP_F32, 5, 1, numbers}, {"action", BP_F32, 4, 2, numbers},
        {"reward", BP_F32, 4, 0, numbers}, {"log_prob", BP_F32, 4, 0, numbers}, {"event", BP_I32, 4, 0, events},
        {"terminated", BP_U8, 4, 0, flags[0]}, {"truncated", BP_U8, 4, 0, flags[1]}, {"diverged", BP_U8, 4, 0, flags[0]},
    };

    bp_record_init(record, key && !strcmp(key, "kind") ? text : "episode");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *value = key && !strcmp(key, fields[i][0]) ? text : fields[i][1];
        if (value)
            bp_record_text(record, fields[i][0], value);
    }
    bool known = false;
    for (size_t i = 0; i <= sizeof parts / sizeof *parts; i++) {
        bool last = i == sizeof parts / sizeof *parts, exchange = !last && other && !strcmp(other->name, parts[i].name);
        const struct part *part = last || exchange ? other : &parts[i];
        known |= exchange;
        if (!part || !part->data || (last && known))
            continue;
        struct bp_tensor tensor = part->columns ? bp_tensor_2d(part->name, part->dtype, part->rows, part->columns, part->data)
                                                : bp_tensor_1d(part->name, part->dtype, part->rows, part->data);
        bp_record_tensor(record, &tensor);
    }
}

static void check_rejected(const struct part *other, const char *key, const char *text, const char *said)
{
    struct bp_episode episode;
    struct bp_record record;

    make_record(&record, other, key, text);
    capture_begin();
    int status = bp_episode_from_record(&record, "x.traj (record 1)", &episode);
    char heard[1024];
    snprintf(heard, sizeof heard, "%.1023s", capture_take());
    capture_end();
    if (status != -1)
        fail_msg("accepted: %s", said);
    assert_said(heard, "x.traj (record 1) is ");
    assert_said(heard, said);
    assert_ptr_equal(strchr(heard, '\n') + 1, heard + strlen(heard));
    assert_null(strchr(heard, '\033'));
    assert_null(episode.storage);
    assert_non_null(record.fields);
    bp_record_clear(&record);
}

static void test_accepts_and_ignores(void **state)
{
    const struct part more = {"latent", BP_F32, 4, 3, numbers};
    struct bp_episode episode;
    struct bp_record record;

    (void)state;
    make_record(&record, NULL, NULL, NULL);
    assert_int_equal(bp_episode_from_record(&record, "x", &episode), 0);
    assert_null(record.fields);
    assert_int_equal(episode.length, 4);
    assert_int_equal(episode.groups.size, 3);
    assert_null(episode.kl_prior);
    bp_episode_free(&episode);
    make_record(&record, &more, NULL, NULL);
    bp_record_text(&record, "more", "text");
    assert_int_equal(bp_episode_from_record(&record, "x", &episode), 0);
    assert_int_equal(episode.latents.size, 3);              /* which others may write: each step drew its own */
    assert_true(episode.latents.drawn[0] && episode.latents.drawn[3] && !episode.latents.kl);
    bp_episode_free(&episode);
}

static void test_rejects_tensors(void **state)
{
    static const struct { struct part part; const char *said; } bad[] = {
        {{"observation/a", BP_F32, 0, 0, NULL}, "no tensor 'observation/a'"},
        {{"observation/a", BP_F32, 4, 2, numbers}, "'observation/a' is not float32 of 5 rows"},
        {{"observation/a", BP_F64, 5, 2, numbers}, "'observation/a' is not float32"},
        {{"observation/b", BP_F32, 5, 0, numbers}, "'observation/b' is not float32"},
        {{"action", BP_F32, 0, 0, NULL}, "no tensor 'action'"},
        {{"action", BP_F32, 5, 2, numbers}, "'action' is not float32 of 4 rows"},
        {{"reward", BP_F32, 0, 0, NULL}, "no rewards"},
        {{"reward", BP_F32, 0, 0, numbers}, "no rewards"},
        {{"reward", BP_F32, 3, 0, numbers}, "is not float32 of 4 rows"},
        {{"reward", BP_I32, 4, 0, numbers}, "wrong type"},
        {{"reward", BP_F32, 2, 2, numbers}, "no rewards"},
        {{"log_prob", BP_F32, 3, 0, numbers}, "'log_prob' has 3 elements, not 4"},
        {{"event", BP_F32, 4, 0, numbers}, "'event' has elements of the wrong type"},
        {{"kl_prior", BP_F32, 5, 0, numbers}, "'kl_prior' has 5 elements, not 4"},
        {{"state", BP_F32, 5, 2, numbers}, "'state' is not bytes of 5 rows"},
        {{"state", BP_U8, 4, 2, numbers}, "'state' is not bytes of 5 rows"},
        {{"state", BP_U8, 5, 0, numbers}, "'state' is not bytes of 5 rows"},
        {{"terminated", BP_U8, 0, 0, NULL}, "no tensor 'terminated'"},
        {{"terminated", BP_U8, 4, 0, flags[2]}, "'terminated' is 1 at step 2 of 4"},
        {{"truncated", BP_U8, 4, 0, flags[3]}, "'truncated' is 2 at step 4 of 4"},
        {{"truncated", BP_U8, 4, 0, flags[4]}, "'truncated' is 1 at step 1 of 4"},
    };
    const struct part not_truncated = {"truncated", BP_U8, 4, 0, flags[0]}, diverged = {"diverged", BP_U8, 4, 0, flags[1]};
    uint8_t set[4] = {0, 0, 0, 1};
    struct bp_episode episode;
    struct bp_record record;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_rejected(&bad[i].part, NULL, NULL, bad[i].said);
    make_record(&record, &diverged, NULL, NULL);
    assert_int_equal(bp_episode_from_record(&record, "x", &episode), 0);
    bp_episode_free(&episode);
    make_record(&record, &not_truncated, NULL, NULL);
    for (size_t i = 0; i < record.count; i++)
        if (!strcmp(record.tensors[i].name, "diverged"))
            record.tensors[i].data = set;
    capture_begin();
    int status = bp_episode_from_record(&record, "x", &episode);
    assert_said(capture_take(), "it diverged, but was not truncated");
    capture_end();
    assert_int_equal(status, -1);
    bp_record_clear(&record);
}

/* A pose, and in an array or a field beside it what cannot be. */
static void test_rejects_places(void **state)
{
    static const struct part pose = {"pose", BP_F32, 5, 3, numbers};
    static const struct { struct part part; const char *key, *text, *said; } bad[] = {
        {{"pose", BP_F32, 4, 3, numbers}, NULL, NULL, "'pose' is not float32 of 5 rows"},
        {{"pose", BP_F32, 5, 2, numbers}, NULL, NULL, "'pose' is not float32 of 5 rows"},
        {{"pose", BP_F32, 5, 6, numbers}, NULL, NULL, "'pose' is of more than one body"},
        {{"pose", BP_F64, 5, 3, numbers}, NULL, NULL, "'pose' is not float32"},
        {{"target", BP_F32, 5, 3, numbers}, NULL, NULL, "'target' is not float32 of 5 rows"},
        {{"target", BP_F32, 6, 2, numbers}, NULL, NULL, "'target' is not float32 of 5 rows"},
        {{"box", BP_F32, 5, 4, numbers}, NULL, NULL, "'box' is not float32 of 5 rows"},
        {{"box", BP_F32, 5, 0, numbers}, NULL, NULL, "'box' is not float32 of 5 rows"},
        {{NULL, BP_F32, 0, 0, NULL}, "edge", "wide", "field 'edge' is not 1 number"},
        {{NULL, BP_F32, 0, 0, NULL}, "edge", "", "field 'edge' is not 1 number"},
        {{NULL, BP_F32, 0, 0, NULL}, "edge", "inf", "field 'edge' is not 1 number"},
        {{NULL, BP_F32, 0, 0, NULL}, "gap", "2", "field 'gap' is not 2 numbers"},
        {{NULL, BP_F32, 0, 0, NULL}, "gap", "2,3,4", "field 'gap' is not 2 numbers"},
        {{NULL, BP_F32, 0, 0, NULL}, "target_size", "1e999", "field 'target_size' is not 1 number"},
        {{NULL, BP_F32, 0, 0, NULL}, "target_shape", "star", "'target_shape' is neither disc nor square"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bp_episode episode;
        struct bp_record record;
        bool other = bad[i].part.name && strcmp(bad[i].part.name, "pose");
        make_record(&record, bad[i].part.name && !other ? &bad[i].part : &pose, NULL, NULL);
        if (other) {
            struct bp_tensor tensor = bp_tensor_2d(bad[i].part.name, BP_F32, bad[i].part.rows, bad[i].part.columns, numbers);
            bp_record_tensor(&record, &tensor);
        }
        if (bad[i].key)
            bp_record_text(&record, bad[i].key, bad[i].text);
        capture_begin();
        int status = bp_episode_from_record(&record, "x", &episode);
        assert_said(capture_take(), bad[i].said);
        capture_end();
        assert_int_equal(status, -1);
        assert_null(episode.places.pose);
        bp_record_clear(&record);
    }
}

/* Beside a latent of 3 numbers, in its place, or without it. */
static void test_rejects_latents(void **state)
{
    static const struct part latent = {"latent", BP_F32, 4, 3, numbers};
    static const struct { struct part part; bool alone; const char *said; } bad[] = {
        {{"latent", BP_F32, 5, 3, numbers}, true, "'latent' is not float32 of 4 rows"},
        {{"latent", BP_F32, 4, 0, numbers}, true, "'latent' is not float32 of 4 rows"},
        {{"latent", BP_F64, 4, 3, numbers}, true, "'latent' is not float32 of 4 rows"},
        {{"latent_drawn", BP_U8, 4, 0, flags[0]}, false, "'latent_drawn' is 0 at step 1 of 4"},
        {{"latent_drawn", BP_U8, 4, 0, flags[5]}, false, "'latent_drawn' is 3 at step 2 of 4"},
        {{"latent_drawn", BP_U8, 3, 0, flags[4]}, false, "'latent_drawn' has 3 elements, not 4"},
        {{"latent_drawn", BP_F32, 4, 0, numbers}, false, "'latent_drawn' has elements of the wrong type"},
        {{"kl_prior_high", BP_F32, 5, 0, numbers}, false, "'kl_prior_high' has 5 elements, not 4"},
        {{"kl_prior_high", BP_F32, 4, 0, numbers}, true, "'kl_prior_high', but no 'latent'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bp_tensor tensor = bad[i].part.columns ? bp_tensor_2d(bad[i].part.name, bad[i].part.dtype, bad[i].part.rows, bad[i].part.columns, bad[i].part.data)
                                                      : bp_tensor_1d(bad[i].part.name, bad[i].part.dtype, bad[i].part.rows, bad[i].part.data);
        struct bp_episode episode;
        struct bp_record record;
        make_record(&record, bad[i].alone ? NULL : &latent, NULL, NULL);
        bp_record_tensor(&record, &tensor);
        capture_begin();
        int status = bp_episode_from_record(&record, "x", &episode);
        assert_said(capture_take(), bad[i].said);
        capture_end();
        assert_int_equal(status, -1);
        assert_null(episode.latents.value);
        bp_record_clear(&record);
    }
}

/* Actions that are choices come back as such; what is none is refused. */
static void test_choices(void **state)
{
    static float chosen[] = {0, 1, 1, 0, 1, 0, 0, 1}, half[] = {0, 1, 1, 0, 0.5f, 0.5f, 0, 1}, both[] = {0, 1, 1, 1, 1, 0, 0, 1};
    const struct part good = {"action", BP_F32, 4, 2, chosen}, wrong[] = {{"action", BP_F32, 4, 2, half}, {"action", BP_F32, 4, 2, both}};
    struct bp_episode episode;
    struct bp_record record;

    (void)state;
    make_record(&record, &good, "action_space", "discrete");
    assert_int_equal(bp_episode_from_record(&record, "x", &episode), 0);
    assert_true(bp_space_equal(episode.action, bp_discrete(2)));
    assert_memory_equal(episode.actions, chosen, sizeof chosen);
    bp_episode_free(&episode);
    for (int i = 0; i < 2; i++)
        check_rejected(&wrong[i], "action_space", "discrete", "an action is not one of 2 choices");
}

static void test_rejects_fields(void **state)
{
    static const struct { const char *key, *text, *said; } bad[] = {
        {"kind", "checkpoint", "is a checkpoint, not an episode"},
        {"kind", "\033[2J", "is a record of another kind, not an episode"},
        {"task", NULL, "no field 'task'"},
        {"task", "a-name-that-is-longer-than-a-task-may-have", "'task' is longer than 31"},
        {"deterministic", "maybe", "neither true nor false"},
        {"seed", NULL, "no field 'seed'"},
        {"seed", "", "'seed' is not a number"},
        {"seed", "-1", "'seed' is not a number"},
        {"seed", "1x", "'seed' is not a number"},
        {"seed", "18446744073709551616", "'seed' is not a number"},
        {"index", "9223372036854775808", "'index' is not a number"},
        {"groups", NULL, "no field 'groups'"},
        {"groups", "", "a group's name"},
        {"groups", "a,", "a group's name"},
        {"groups", "a,\033[2J", "a group's name"},
        {"groups", "a,abcdefghabcdefghabcdefgh", "a group's name"},
        {"groups", "a,c", "no tensor 'observation/c'"},
        {"groups", "a,b,a", "twice"},
        {"action_space", "of another version", "its actions are 'of another version', which this version does not know"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_rejected(NULL, bad[i].key, bad[i].text, bad[i].said);
}

static int read_all(void *path)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_episode episode;
    int status = -1;

    if (!reader)
        return -1;
    while ((status = bp_episode_read(reader, &episode)) > 0)
        bp_episode_free(&episode);
    bp_pack_close(reader);
    return status;
}

/* A stream of something else, and one that was cut. */
static void test_streams(void **state)
{
    static char bytes[65536];
    char *path = in_directory("stream"), said[1024];
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_record record;

    (void)state;
    bp_record_init(&record, "checkpoint");
    assert_int_equal(bp_pack_write(writer, &record), 0);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_commit(writer), 0);
    assert_int_equal(run_action(read_all, path, false, said), BP_DAMAGED);
    assert_said(said, "(record 1) is a checkpoint, not an episode");
    write_episodes(path, 2);
    assert_int_equal(run_action(read_all, path, false, said), 0);
    size_t size = read_file(path, bytes, sizeof bytes);
    write_file(path, bytes, size - 1);
    assert_int_equal(run_action(read_all, path, false, said), BP_DAMAGED);
    assert_said(said, "was cut short after 2 whole records");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_streams, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_round_trip, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_states, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_places, make_directory, remove_directory),
        cmocka_unit_test(test_rejects_places),
        cmocka_unit_test_setup_teardown(test_latents, make_directory, remove_directory),
        cmocka_unit_test(test_rejects_latents),
        cmocka_unit_test(test_return),
        cmocka_unit_test_setup_teardown(test_diverged, make_directory, remove_directory),
        cmocka_unit_test(test_accepts_and_ignores),
        cmocka_unit_test(test_rejects_tensors),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_rejects_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
