#include "fixture.h"

#include "store/rundb.h"
#include "../store/pack_hash.h"

static const struct bp_report_options tsv = { .tsv = true };

static void write_checkpoint(const char *path)
{
    float weights[12] = { 0 };
    struct bp_tensor tensors[] = {
        bp_tensor_2d("policy/torso.w", BP_F32, 3, 4, weights), bp_tensor_1d("policy/torso.b", BP_F32, 3, weights),
        bp_tensor_1d("prior/head.b", BP_F32, 2, weights),
    };
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_record record;

    bp_record_init(&record, "checkpoint");
    bp_record_text(&record, "task", "nav-easy");
    bp_record_text(&record, "config", "{\"alpha\":0.1,\"steps\":1000,\"preset\":\"nav-easy-lstm\",\"body\":null}");
    bp_record_text(&record, "groups", "[{\"name\":\"proprio\",\"size\":4},{\"name\":\"targets\",\"size\":8}]");
    bp_record_text(&record, "policy", "{\"kind\":\"lstm\",\"layers\":[64,64],\"see\":[\"proprio\",\"targets\"]}");
    bp_record_text(&record, "prior", "{\"kind\":\"mlp\",\"layers\":[64],\"see\":\"proprio\"}");
    bp_record_text(&record, "note", "{not JSON");
    for (size_t i = 0; i < 3; i++)
        bp_record_tensor(&record, &tensors[i]);
    assert_int_equal(bp_pack_write(writer, &record), 0);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_commit(writer), 0);
}

static void of_a_checkpoint(void **state)
{
    char *files[] = { "a.ckpt" };
    static const char *const expect[] = {
        "checkpoint\ttask\tnav-easy\n", "checkpoint\tnote\t{not JSON\n", "config\talpha\t0.1\n", "config\tbody\t-\n",
        "config\tpreset\tnav-easy-lstm\n", "groups\ttargets\t8\n", "policy\tkind\tlstm\n", "policy\tlayers\t[64,64]\n",
        "policy\tsee\tproprio,targets\n", "policy\tparameters\t15\n", "prior\tsee\tproprio\n", "prior\tparameters\t2\n",
        "tensor\tpolicy/torso.w\tf32 3x4\n", "stream\trecords\t1\n", "stream\twhole\tyes\n",
    };
    char hash[72];

    (void)state;
    write_checkpoint(files[0]);
    char *text = fixture_run(bp_info_report, &tsv, 0, files, 1);
    for (size_t i = 0; i < sizeof expect / sizeof *expect; i++)
        if (!strstr(text, expect[i]))
            fail_msg("no '%s' in:\n%s", expect[i], text);
    assert_int_equal(pack_hash(files[0], hash), 0);
    assert_non_null(strstr(text, hash));
    free(text);
}

static void of_a_stream(void **state)
{
    static const float kl[] = { 1, 2, 3 };
    const struct fixture_episode episodes[] = {
        { .task = "nav-hard", .play = "prior", .length = 3 },
        { .task = "nav-hard", .play = "prior", .length = 2 },
        { .task = "nav-hard", .play = "policy", .length = 3, .kl = kl },
        { .task = "nav-hard", .play = "policy", .length = 3, .kl = kl, .high = kl },
    };
    char *files[] = { "b.traj" };
    static const char *const expect[] = {
        "episodes\ttask\tnav-hard\n", "episodes\tplay\tprior\n", "episodes\tepisodes\t2\n", "episodes\tsteps\t5\n",
        "episodes\tplay\tpolicy\n", "episodes\tkl_prior\tyes\n", "episodes\tlatent\t0\n", "episodes\tlatent\t2\n", "groups\tglobal\t4\n", "stream\trecords\t4\n",
        "stream\twhole\tyes\n",
    };

    (void)state;
    fixture_write(files[0], episodes, 4);
    char *text = fixture_run(bp_info_report, &tsv, 0, files, 1);
    for (size_t i = 0; i < sizeof expect / sizeof *expect; i++)
        if (!strstr(text, expect[i]))
            fail_msg("no '%s' in:\n%s", expect[i], text);
    free(text);

    fixture_cut(files[0], 1);
    text = fixture_run(bp_info_report, &tsv, -1, files, 1);
    assert_non_null(strstr(text, "stream\twhole\tno\n"));
    assert_non_null(strstr(text, "stream\trecords\t4\n"));
    free(text);
}

static void of_a_database(void **state)
{
    struct bp_run_info info = { .program = "bp-train", .preset = "nav-easy-lstm", .task = "nav-easy", .prior = "lstm", .seed = 3 };
    struct bp_rundb *db = bp_rundb_open("c.db", true);
    char *files[] = { "c.db" };

    (void)state;
    assert_non_null(db);
    assert_true(bp_rundb_start(db, &info) > 0);
    bp_rundb_close(db);
    char *text = fixture_run(bp_info_report, &tsv, 0, files, 1);
    assert_non_null(strstr(text, "database\truns\t1\n"));
    assert_non_null(strstr(text, "run\t1\tnav-easy-lstm task nav-easy body - prior lstm seed 3 running\n"));
    free(text);
}

static void of_nothing(void **state)
{
    char *files[] = { "missing" };

    (void)state;
    char *text = fixture_run(bp_info_report, &tsv, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_checkpoint),
        cmocka_unit_test(of_a_stream),
        cmocka_unit_test(of_a_database),
        cmocka_unit_test(of_nothing),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
