#include "run/resume.h"

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
        assert_int_equal(bp_resume_write(path, &stopped, config_json, "a parent"), 0);
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
    assert_int_equal(bp_resume_write(path, &first, config_json, ""), 0);
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
        assert_int_equal(bp_resume_write(in_directory("often.resume"), &a, config_json, ""), 0);
    }
    same_training(&a, &b);
    bp_cycle_free(&a);
    bp_cycle_free(&b);
}

/* ---- what is in the file ---- */

static void config_and_parent(void **state)
{
    struct bp_config config = tiny_config("mlp", "none", "mlp");
    struct bp_cycle cycle;
    char parent[72], path[64], *file = in_directory("run.resume");

    (void)state;
    start(&cycle, &config, 1);
    assert_int_equal(bp_resume_write(file, &cycle, config_json, "0123abcd"), 0);
    json_t *loaded = bp_resume_config(file, parent);
    assert_non_null(loaded);
    assert_true(json_equal(loaded, config_json));       /* 0.1 to the last digit */
    assert_string_equal(parent, "0123abcd");
    json_decref(loaded);
    assert_int_equal(bp_resume_path("dir/easy.ckpt", path, sizeof path), 0);
    assert_string_equal(path, "dir/easy.ckpt.resume");
    bp_cycle_free(&cycle);
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
    char parent[72];
    json_t *config = bp_resume_config(context, parent);

    return config ? 0 : -1;
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
    assert_int_equal(bp_resume_write(whole, &cycle, config_json, ""), 0);
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
    assert_int_equal(bp_resume_write(whole, &cycle, config_json, ""), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_do_not_fit),
        cmocka_unit_test(a_missing_tensor_is_noticed),
        cmocka_unit_test(recurrent_networks_go_on),
        cmocka_unit_test(a_replay_of_float16_goes_on),
        cmocka_unit_test(flat_networks_go_on),
        cmocka_unit_test(long_runs_go_on),
        cmocka_unit_test(writing_disturbs_nothing),
        cmocka_unit_test(config_and_parent),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
