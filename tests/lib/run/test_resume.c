#include "run/resume.h"

#include "../../fuzz/states.h"
#include "tiny_run.h"

#include "store/pack.h"

static json_t *config_json;

static int set_up(void **state)
{
    config_json = json_pack("{s:s, s:i, s:f}", "task", "nav-easy", "seed", 5, "discount", 0.1);
    return make_directory(state);
}

static int tear_down(void **state)
{
    json_decref(config_json);
    return remove_directory(state);
}

static int write_state(const char *path, struct bp_cycle *cycle, const char *parent)
{
    struct bp_resume_header header = {.config = config_json, .fingerprint = "f00d", .body_hash = "b0d1"};

    strcpy(header.parent, parent);
    return bp_resume_write(path, cycle, &header);
}

/* ---- going on ---- */

/*
 * A run stopped after any of these cycles, and taken up by a run that knows nothing of it, on another number of threads, ends in the
 * bytes of one never stopped.
 */
static void goes_on(struct bp_config config)
{
    static const int stops[] = {0, 1, 7, 13};
    enum { CYCLES = 15 };
    char *path = in_directory("run.resume");
    struct bp_cycle whole, stopped, resumed;

    start(&whole, &config, 1);
    run_cycles(&whole, CYCLES);
    start(&stopped, &config, 1);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        run_cycles(&stopped, stops[i] - (i ? stops[i - 1] : 0));
        assert_int_equal(write_state(path, &stopped, "a parent"), 0);
        start(&resumed, &config, 2);
        assert_int_equal(bp_resume_read(path, &resumed), 0);
        run_cycles(&resumed, CYCLES - stops[i]);
        same_training(&whole, &resumed);
        bp_cycle_free(&resumed);
    }
    bp_cycle_free(&whole);
    bp_cycle_free(&stopped);
}

static void recurrent_networks_go_on(void **state)
{
    struct bp_config config = tiny_config("lstm", "lstm", "lstm");

    (void)state;
    goes_on(config);
    config.recurrent_state = "zero";
    config.value_policy = "target";
    goes_on(config);
}

/* A latent that is held over a stop stays the same. */
static void hierarchies_go_on(void **state)
{
    struct bp_config config = tiny_config("mlp", "mlp", "mlp");

    (void)state;
    config.low_sees_goal = true;
    config.latent_size = 3;
    config.latent_period = 4;
    config.prior_correlation = 0.9;
    config.net[BP_POLICY_HIGH] = (struct bp_net_choice){"lstm", "5", "*", "softplus", NULL};
    config.net[BP_PRIOR_HIGH].kind = "ar1";
    goes_on(config);
    config.net[BP_PRIOR].kind = "shared";
    config.net[BP_PRIOR_HIGH] = (struct bp_net_choice){"learned-ar", "5", "*", "softplus", NULL};
    goes_on(config);
}

static void a_replay_of_float16_goes_on(void **state)
{
    struct bp_config config = tiny_config("lstm", "mlp", "lstm");

    (void)state;
    config.replay_precision = "float16";
    goes_on(config);
    config.net[BP_POLICY].encoders = "targets:5x3";
    config.net[BP_CRITIC].encoders = "goal:3";
    goes_on(config);
}

static void flat_networks_go_on(void **state)
{
    (void)state;
    goes_on(tiny_config("mlp", "mlp", "mlp"));
    goes_on(tiny_config("mlp", "none", "mlp"));
}

/* Beyond the first episodes' ends, when the replay overwrites: every actor has begun its third episode, or is just about to. */
static void long_runs_go_on(void **state)
{
    struct bp_config config = tiny_config("lstm", "lstm", "mlp");
    struct bp_cycle first, second;
    char *path = in_directory("run.resume");

    (void)state;
    config.replay_episodes = 18;
    start(&first, &config, 1);
    start(&second, &config, 1);
    run_cycles(&first, 148);                /* 740 steps each: ten before the end of the second episode */
    assert_int_equal(write_state(path, &first, ""), 0);
    assert_int_equal(bp_resume_read(path, &second), 0);
    for (int i = 0; i < 3; i++) {
        run_cycles(&first, 1);
        run_cycles(&second, 1);
        same_training(&first, &second);
    }
    assert_int_equal(first.actor_stats.episodes, 18);
    bp_cycle_free(&first);
    bp_cycle_free(&second);
}

/* Writing changes nothing in the run that goes on. */
static void writing_disturbs_nothing(void **state)
{
    struct bp_config config = tiny_config("lstm", "lstm", "lstm");
    struct bp_cycle a, b;

    (void)state;
    start(&a, &config, 1);
    start(&b, &config, 1);
    for (int i = 0; i < 8; i++) {
        run_cycles(&a, 1);
        run_cycles(&b, 1);
        assert_int_equal(write_state(in_directory("often.resume"), &a, ""), 0);
    }
    same_training(&a, &b);
    bp_cycle_free(&a);
    bp_cycle_free(&b);
}

/* ---- what is in the file ---- */

static void what_stands_before_the_state(void **state)
{
    struct bp_config config = tiny_config("mlp", "none", "mlp");
    struct bp_cycle cycle;
    struct bp_resume_header header;
    char path[64], *file = in_directory("run.resume");

    (void)state;
    start(&cycle, &config, 1);
    run_cycles(&cycle, 5);
    assert_int_equal(write_state(file, &cycle, "0123abcd"), 0);
    assert_int_equal(bp_resume_header(file, &header), 0);
    assert_true(json_equal(header.config, config_json));       /* 0.1 to the last digit */
    assert_string_equal(header.parent, "0123abcd");
    assert_string_equal(header.fingerprint, "f00d");
    assert_string_equal(header.body_hash, "b0d1");
    assert_true(!header.finished && header.transitions == cycle.transitions && cycle.transitions > 0);
    json_decref(header.config);
    header = (struct bp_resume_header){.config = config_json, .finished = true};
    assert_int_equal(bp_resume_write(file, &cycle, &header), 0);
    assert_int_equal(bp_resume_header(file, &header), 0);
    assert_true(header.finished);
    json_decref(header.config);
    assert_int_equal(bp_resume_path("dir/easy.ckpt", path, sizeof path), 0);
    assert_string_equal(path, "dir/easy.ckpt.resume");
    bp_cycle_free(&cycle);
}

/* What the next row of progress is made of, how long the run has taken, and when it was evaluated last. */
static void sums_go_on(void **state)
{
    struct bp_config config = tiny_config("mlp", "mlp", "mlp");
    struct bp_cycle first, second;
    char *path = in_directory("run.resume");

    (void)state;
    start(&first, &config, 1);
    start(&second, &config, 1);
    run_cycles(&first, 90);
    first.seconds = 12.25;
    first.evaluated_at = 80;
    assert_true(first.update_stats.updates > 80 && first.actor_stats.episodes > 0 && first.update_stats.sum[BP_SVG_CRITIC_LOSS] > 0);
    assert_int_equal(write_state(path, &first, ""), 0);
    assert_int_equal(bp_resume_read(path, &second), 0);
    assert_memory_equal(&first.update_stats, &second.update_stats, sizeof first.update_stats);
    assert_memory_equal(&first.actor_stats, &second.actor_stats, sizeof first.actor_stats);
    assert_true(second.update_stats.updates == first.update_stats.updates && second.seconds == 12.25 && second.evaluated_at == 80);
    bp_cycle_free(&first);
    bp_cycle_free(&second);
}

/* ---- files that do not fit ---- */

static struct bp_config reading_config;

static int read_it(void *context)
{
    struct bp_cycle cycle;
    int status;

    start(&cycle, &reading_config, 1);
    status = bp_resume_read(context, &cycle);
    bp_cycle_free(&cycle);
    return status;
}

static int read_config(void *context)
{
    struct bp_resume_header header;

    return bp_resume_header(context, &header);
}

static int long_path(void *context)
{
    char path[16];

    (void)context;
    return bp_resume_path("a-rather-long-name.ckpt", path, sizeof path);
}

static void files_that_do_not_fit(void **state)
{
    struct bp_config config = tiny_config("lstm", "lstm", "lstm");
    struct bp_cycle cycle;
    char said[1024], *whole = in_directory("whole.resume"), *cut = in_directory("cut.resume"), *other = in_directory("other.resume");
    static char bytes[1 << 22];

    (void)state;
    start(&cycle, &config, 1);
    run_cycles(&cycle, 5);
    assert_int_equal(write_state(whole, &cycle, ""), 0);
    bp_cycle_free(&cycle);
    reading_config = config;
    assert_int_equal(run_action(read_it, whole, false, said), 0);

    size_t size = read_file(whole, bytes, sizeof bytes);
    for (int part = 1; part < 6; part++) {              /* cut short anywhere */
        write_file(cut, bytes, size * (size_t)part / 6);
        assert_int_equal(run_action(read_it, cut, false, said), BP_DAMAGED);
    }
    bytes[size / 2] ^= 1;
    write_file(cut, bytes, size);
    assert_int_equal(run_action(read_it, cut, false, said), BP_DAMAGED);

    reading_config.net[BP_POLICY].hidden = "6,6";       /* another network */
    assert_int_equal(run_action(read_it, whole, false, said), BP_DAMAGED);
    assert_said(said, "does not fit");
    reading_config = config;
    reading_config.actors = 8;                          /* fewer actors */
    assert_int_equal(run_action(read_it, whole, false, said), BP_DAMAGED);
    reading_config = tiny_config("lstm", "none", "lstm");
    assert_int_equal(run_action(read_it, whole, false, said), BP_DAMAGED);

    struct bp_pack_writer *writer = bp_pack_create(other, 1);
    struct bp_record record;
    bp_record_init(&record, "checkpoint");
    assert_int_equal(bp_pack_write(writer, &record), 0);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_commit(writer), 0);
    reading_config = config;
    assert_int_equal(run_action(read_it, other, false, said), BP_DAMAGED);
    assert_said(said, "no resume state");
    assert_int_equal(run_action(read_config, other, false, said), BP_DAMAGED);
    assert_int_equal(run_action(read_it, in_directory("absent"), false, said), BP_FAILURE);
    assert_int_equal(run_action(long_path, NULL, false, said), BP_USAGE);
}

/* A file that misses one tensor, all else being right. */
static void a_missing_tensor_is_noticed(void **state)
{
    struct bp_config config = tiny_config("mlp", "none", "mlp");
    struct bp_cycle cycle;
    char said[1024], *whole = in_directory("whole.resume"), *without = in_directory("without.resume");
    struct bp_record record = {0};

    (void)state;
    start(&cycle, &config, 1);
    assert_int_equal(write_state(whole, &cycle, ""), 0);
    bp_cycle_free(&cycle);
    struct bp_pack_reader *reader = bp_pack_open(whole);
    struct bp_pack_writer *writer = bp_pack_create(without, 1);
    while (bp_pack_read(reader, &record) == 1) {
        if (!record.count || strcmp(record.tensors[0].name, "actors/streams"))
            assert_int_equal(bp_pack_write(writer, &record), 0);
        bp_record_clear(&record);
    }
    bp_pack_close(reader);
    assert_int_equal(bp_pack_commit(writer), 0);
    reading_config = config;
    assert_int_equal(run_action(read_it, without, false, said), BP_DAMAGED);
    assert_said(said, "'actors/streams' is missing");
}

/* ---- right checksums, wrong content ---- */

/* Put one number into a tensor of a state, at the place of an element. */
static void put(const char *from, const char *to, const char *name, size_t place, const void *number)
{
    struct bp_pack_reader *reader = bp_pack_open(from);
    struct bp_pack_writer *writer = bp_pack_create(to, 0);
    struct bp_record record = {0};
    bool found = false;

    while (bp_pack_read(reader, &record) == 1) {
        if (record.count && !strcmp(record.tensors[0].name, name)) {
            size_t size = record.tensors[0].dtype == BP_U8 ? 8 : bp_dtype_size(record.tensors[0].dtype);
            assert_true((place + 1) * size <= bp_tensor_bytes(&record.tensors[0]));
            memcpy((char *)record.tensors[0].data + place * size, number, size);
            found = true;
        }
        assert_int_equal(bp_pack_write(writer, &record), 0);
        bp_record_clear(&record);
    }
    bp_pack_close(reader);
    assert_int_equal(bp_pack_commit(writer), 0);
    assert_true(found);
}

/* Each of these was believed: wild reads, writes beyond the replay's end, runs without end. */
static void cursors_lengths_and_counters(void **state)
{
    static const int32_t one = 1, minus = -1, far = 1 << 30, nine = 9;
    static const int64_t below = -1, most = INT64_MAX, huge = 1ll << 40;
    static const double nothing = NAN, ages = -5, many = 41;
    static const float endless = INFINITY;
    static const struct {
        const char *tensor;
        size_t place;
        const void *number;
        const char *said;
    } wrong[] = {
        {"run/transitions", 0, &below, "do not belong together"}, {"run/transitions", 0, &most, "do not belong together"},
        {"run/env_steps", 0, &below, "do not belong together"}, {"run/env_steps", 0, &most, "do not belong together"},
        {"run/seconds", 0, &ages, "sums"}, {"run/seconds", 0, &nothing, "sums"}, {"run/evaluated_at", 0, &huge, "sums"},
        {"sums/update", 0, &ages, "sums"}, {"sums/update", 0, &many, "sums"}, {"sums/update", 1, &nothing, "sums"}, {"sums/update", 2, &nothing, "sums"},
        {"sums/update", 17, &nothing, "sums"}, {"sums/actor_counts", 1, &huge, "sums"},
        {"learner/updates", 0, &below, "do not belong together"}, {"learner/updates", 0, &most, "do not belong together"},
        {"learner/policy/online", 3, &endless, "the policy"}, {"learner/critic/v", 0, &endless, "the critic"},
        {"replay/cursor", 0, &far, "cursors"}, {"replay/cursor", 0, &minus, "cursors"}, {"replay/cursor", 2, &far, "cursors"},
        {"replay/cursor", 2, &nine, "cursors"}, {"replay/slots", 0, &far, "episode 0 of the replay"}, {"replay/slots", 0, &minus, "episode 0 of the replay"},
        {"replay/slots", 1, &one, "cursors"}, {"replay/slots", 4, &far, "cursors"}, {"replay/observations", 5, &endless, "not a finite number"},
        {"actors/lanes", 0, &below, "count of steps or episodes of actor 0"}, {"actors/lanes", 1, &huge, "count of steps or episodes of actor 0"},
        {"actors/lanes", 1, &below, "count of steps or episodes of actor 0"}, {"actors/streams", 4, &most, "random stream of actor 0"},
        {"actors/streams", 0, &below, "random stream of actor 0"}, {"actors/environments", 1, &most, "environment of actor 0"},
        {"actors/environments", 8, &nothing, "environment of actor 0"}, {"actors/observations", 1, &endless, "observation or recurrent state of actor 0"},
    };
    struct bp_cycle cycle;
    char said[1024], *whole = in_directory("whole.resume"), *changed = in_directory("changed.resume");

    (void)state;
    reading_config = tiny_config("lstm", "lstm", "lstm");
    start(&cycle, &reading_config, 1);
    run_cycles(&cycle, 20);
    assert_int_equal(write_state(whole, &cycle, ""), 0);
    bp_cycle_free(&cycle);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put(whole, changed, wrong[i].tensor, wrong[i].place, wrong[i].number);
        int status = run_action(read_it, changed, false, said);
        if (status != BP_DAMAGED || !strstr(said, wrong[i].said))
            fail_msg("%s[%zu]: status %d, '%s'", wrong[i].tensor, wrong[i].place, status, said);
    }
}

static int go_on(void *context)
{
    struct bp_cycle cycle;
    int status;

    alarm(60);
    start(&cycle, &reading_config, 1);
    if (!(status = bp_resume_read(context, &cycle)))
        for (int i = 0; i < 5 && !status; i++)
            status = bp_cycle_run(&cycle);
    bp_cycle_free(&cycle);
    return status;
}

/* More of them, at random; tests/fuzz/states tries as many as one likes. */
static void mutants(void **state)
{
    struct bp_cycle cycle;
    char said[1024], *whole = in_directory("whole.resume"), *changed = in_directory("changed.resume");
    int refused = 0;

    (void)state;
    reading_config = tiny_config("lstm", "mlp", "mlp");
    start(&cycle, &reading_config, 1);
    run_cycles(&cycle, 80);
    assert_int_equal(write_state(whole, &cycle, ""), 0);
    bp_cycle_free(&cycle);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        assert_int_equal(mutant_state(whole, changed, seed, 20), 0);
        int status = run_action(go_on, changed, false, said);
        if (status != 0 && status != BP_DAMAGED && status != BP_DIVERGED)
            fail_msg("seed %llu: status %d, %s", (unsigned long long)seed, status, said);
        refused += status == BP_DAMAGED;
    }
    assert_in_range(refused, 5, 39);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_do_not_fit),
        cmocka_unit_test(a_missing_tensor_is_noticed),
        cmocka_unit_test(cursors_lengths_and_counters),
        cmocka_unit_test(mutants),
        cmocka_unit_test(recurrent_networks_go_on),
        cmocka_unit_test(hierarchies_go_on),
        cmocka_unit_test(a_replay_of_float16_goes_on),
        cmocka_unit_test(flat_networks_go_on),
        cmocka_unit_test(long_runs_go_on),
        cmocka_unit_test(writing_disturbs_nothing),
        cmocka_unit_test(what_stands_before_the_state),
        cmocka_unit_test(sums_go_on),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
