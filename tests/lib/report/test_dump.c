#include "fixture.h"

#include <math.h>

static const int32_t event[] = { -1, 3 };
static const float reward[] = { 0, 10 }, kl[] = { 0.5f, 0.25f };
static const struct fixture_episode episodes[] = {
    { .task = "nav-easy", .play = "policy", .length = 2, .event = event, .reward = reward, .kl = kl, .terminated = true },
    { .task = "nav-easy", .play = "policy", .length = 3 },
};

static void a_line_a_step(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .groups = "*" };
    char *files[] = { "a.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_dump_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 5);
    assert_near(fixture_number(text, 1, "reward"), 10, 0);
    assert_near(fixture_number(text, 1, "event"), 3, 0);
    assert_near(fixture_number(text, 1, "kl_prior"), 0.25, 0);
    assert_near(fixture_number(text, 0, "terminated"), 0, 0);
    assert_near(fixture_number(text, 1, "terminated"), 1, 0);
    assert_near(fixture_number(text, 4, "truncated"), 1, 0);
    assert_near(fixture_number(text, 4, "action_0"), 2, 0);
    assert_near(fixture_number(text, 4, "global_0"), 2 * fixture_position(2, 0), 1e-6);
    assert_near(fixture_number(text, 4, "targets_7"), 2 * (fixture_target[7] - fixture_position(2, 1)), 1e-6);
    assert_true(isnan(fixture_number(text, 2, "kl_prior")));
    free(text);
}

/* Latents have columns of their own; they do not fit those of a stream without. */
static void of_latents(void **state)
{
    const struct fixture_episode levels[] = {
        { .task = "goto", .play = "policy", .length = 2, .kl = kl, .high = kl },
        { .task = "goto", .play = "policy", .length = 3 },
    };
    const struct bp_report_options tsv = { .tsv = true, .groups = "global" };
    char *files[] = { "d.traj" };

    (void)state;
    fixture_write(files[0], levels, 1);
    char *text = fixture_run(bp_dump_report, &tsv, 0, files, 1);
    assert_non_null(strstr(text, "\taction_1\tkl_prior_high\tlatent_drawn\tlatent_0\tlatent_1\tglobal_0\t"));
    assert_non_null(strstr(text, "\t1\t0\t0.25\t0\t0\t0.5\t"));            /* step 1: action, share, held, latent */
    assert_near(fixture_number(text, 1, "global_0"), 2 * fixture_position(1, 0), 1e-6);
    free(text);
    fixture_write(files[0], levels, 2);
    text = fixture_run(bp_dump_report, &tsv, -1, files, 1);
    assert_int_equal(fixture_rows(text), 2);
    free(text);
}

static void chosen_groups_and_episodes(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .groups = "global", .episodes = 1 };
    const struct bp_report_options unknown = { .tsv = true, .groups = "boxes" };
    char *files[] = { "b.traj" };

    (void)state;
    fixture_write(files[0], episodes, 2);
    char *text = fixture_run(bp_dump_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 2);
    assert_null(strstr(text, "targets_0"));
    assert_non_null(strstr(text, "\tglobal_3\n"));
    free(text);
    text = fixture_run(bp_dump_report, &unknown, -1, files, 1);
    assert_string_equal(text, "");
    free(text);
}

static void a_line_an_element(void **state)
{
    const struct bp_report_options tsv = { .tsv = true, .groups = "*" };
    float weights[6] = { 1, 2, 3, 4, 5, 6.5f };
    uint64_t counter[1] = { UINT64_MAX };
    struct bp_tensor tensors[] = { bp_tensor_2d("policy/w", BP_F32, 2, 3, weights), bp_tensor_1d("count", BP_U64, 1, counter) };
    struct bp_pack_writer *writer = bp_pack_create("c.ckpt", 1);
    struct bp_record record;
    char *files[] = { "c.ckpt", "a.traj" };

    (void)state;
    bp_record_init(&record, "checkpoint");
    bp_record_tensor(&record, &tensors[0]);
    bp_record_tensor(&record, &tensors[1]);
    assert_int_equal(bp_pack_write(writer, &record), 0);
    bp_record_clear(&record);
    assert_int_equal(bp_pack_commit(writer), 0);

    char *text = fixture_run(bp_dump_report, &tsv, 0, files, 1);
    assert_int_equal(fixture_rows(text), 7);
    assert_non_null(strstr(text, "\tcount\t0\t0\t18446744073709551615\n"));
    assert_non_null(strstr(text, "\tpolicy/w\t1\t2\t6.5\n"));
    assert_non_null(strstr(text, "\tpolicy/w\t0\t1\t2\n"));
    free(text);

    /* a stream has other columns and does not go into the same table */
    fixture_write(files[1], episodes, 2);
    text = fixture_run(bp_dump_report, &tsv, -1, files, 2);
    assert_int_equal(fixture_rows(text), 7);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_a_step),
        cmocka_unit_test(of_latents),
        cmocka_unit_test(chosen_groups_and_episodes),
        cmocka_unit_test(a_line_an_element),
    };

    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
