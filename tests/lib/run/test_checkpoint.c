#include "run/checkpoint.h"

#include "tiny_run.h"

#include "store/hash.h"
#include "store/pack.h"
#include "../store/pack_hash.h"

#include <math.h>

/* ---- a checkpoint in memory ---- */

static struct bp_config config;
static struct bp_cycle cycle;
static struct bp_checkpoint made;

static int make(void **state)
{
    config = tiny_config("lstm", "lstm", "lstm");
    start(&cycle, &config, 1);
    run_cycles(&cycle, 5);
    bp_cycle_checkpoint(&cycle, &made);
    snprintf(made.kernels, sizeof made.kernels, "bf16 some");
    snprintf(made.program, sizeof made.program, "bp-test");
    snprintf(made.parent, sizeof made.parent, "%s", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    made.config = json_pack("{s:s, s:f, s:I, s:n}", "task", "nav-easy", "discount", 0.98, "seed", (json_int_t)9000000000000001, "body");
    return make_directory(state);
}

static int unmake(void **state)
{
    json_decref(made.config);
    bp_cycle_free(&cycle);
    return remove_directory(state);
}

static void same_agent(const struct bp_checkpoint *a, const struct bp_checkpoint *b)
{
    char layers[2][64];

    assert_true(bp_groups_equal(&a->agent.groups, &b->agent.groups));
    assert_int_equal(a->agent.action.size, b->agent.action.size);
    for (int role = 0; role < BP_ROLES; role++) {
        const struct bp_net *x = &a->agent.net[role], *y = &b->agent.net[role];
        assert_int_equal(a->agent.has[role], b->agent.has[role]);
        if (!a->agent.has[role])
            continue;
        assert_string_equal(x->spec.kind, y->spec.kind);
        assert_string_equal(bp_net_layers(&x->spec, layers[0], 64), bp_net_layers(&y->spec, layers[1], 64));
        assert_true(bp_groups_equal(&x->spec.inputs, &y->spec.inputs));
        for (int i = 0; i < x->spec.inputs.count; i++)
            assert_int_equal(x->spec.inputs.group[i].offset, y->spec.inputs.group[i].offset);
        assert_ptr_equal(bp_agent_family(&a->agent, (enum bp_role)role), bp_agent_family(&b->agent, (enum bp_role)role));
        assert_int_equal(x->parameters, y->parameters);
        assert_memory_equal(a->params[role], b->params[role], x->parameters * sizeof(float));
    }
}

/* ---- there and back ---- */

static void round_trip(void **state)
{
    struct bp_checkpoint loaded;
    char *path = in_directory("all.ckpt"), hash[72];

    (void)state;
    assert_int_equal(bp_checkpoint_write(path, &made), 0);
    assert_int_equal(bp_checkpoint_load(path, &loaded), 0);
    assert_string_equal(loaded.kernels, made.kernels);
    same_agent(&made, &loaded);
    assert_string_equal(loaded.task, "nav-easy");
    assert_string_equal(loaded.body, "pointmass");
    assert_string_equal(loaded.program, "bp-test");
    assert_string_equal(loaded.parent, made.parent);
    assert_true(loaded.transitions == made.transitions && loaded.transitions > 0);
    assert_true(loaded.updates == made.updates && loaded.updates > 0);
    assert_true(json_equal(loaded.config, made.config));
    assert_int_equal(pack_hash(path, hash), 0);
    assert_string_equal(loaded.hash, hash);
    assert_string_equal(made.hash, hash);
    struct bp_params params = bp_checkpoint_params(&loaded);
    for (int role = 0; role < BP_ROLES; role++)
        assert_ptr_equal(params.of[role], loaded.params[role]);
    bp_checkpoint_free(&loaded);
    bp_checkpoint_free(&loaded);            /* what is left can be freed again */
}

/* The same contents give the same file, and what was loaded is written as it was. */
static void bytes_are_a_function_of_the_contents(void **state)
{
    static char first[1 << 20], second[1 << 20];
    struct bp_checkpoint loaded;

    (void)state;
    assert_int_equal(bp_checkpoint_write(in_directory("a.ckpt"), &made), 0);
    assert_int_equal(bp_checkpoint_load(in_directory("a.ckpt"), &loaded), 0);
    assert_int_equal(bp_checkpoint_write(in_directory("b.ckpt"), &loaded), 0);
    size_t size = read_file(in_directory("a.ckpt"), first, sizeof first);
    assert_int_equal(read_file(in_directory("b.ckpt"), second, sizeof second), size);
    assert_memory_equal(first, second, size);
    bp_checkpoint_free(&loaded);
}

/* A distilled checkpoint holds a prior alone, a baseline none; heads, kinds and layers of every sort survive. */
static void parts_of_an_agent(void **state)
{
    static const struct { const char *kind, *hidden, *inputs, *head, *encoders; } priors[] = {
        {"linear", "", "touch", "softplus", NULL}, {"mlp", "3,4,5", "*", "bounded", NULL}, {"lstm", "4", "targets,touch", "softplus", NULL},
        {"lstm", "4,5", "*", "bounded", "touch:6x5,targets:3"}};

    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct bp_net_choice choice[BP_ROLES] = {[BP_PRIOR] = {priors[i].kind, priors[i].hidden, priors[i].inputs, priors[i].head, priors[i].encoders}};
        struct bp_checkpoint alone = made, loaded;
        static float record[4096];
        fill_normal(record, 4096, (uint64_t)i);
        assert_int_equal(bp_agent_init(&alone.agent, &made.agent.groups, bp_continuous(2), choice, NULL), 0);
        assert_true(alone.agent.net[BP_PRIOR].parameters < 4096);
        alone.params[BP_POLICY] = alone.params[BP_CRITIC] = NULL;
        alone.params[BP_PRIOR] = record;
        assert_int_equal(bp_checkpoint_write(in_directory("prior.ckpt"), &alone), 0);
        assert_int_equal(bp_checkpoint_load(in_directory("prior.ckpt"), &loaded), 0);
        assert_true(loaded.agent.has[BP_PRIOR] && !loaded.agent.has[BP_POLICY] && !loaded.agent.has[BP_CRITIC]);
        assert_null(loaded.params[BP_POLICY]);
        same_agent(&alone, &loaded);
        bp_checkpoint_free(&loaded);
    }
    struct bp_checkpoint baseline = made, loaded;
    baseline.agent.has[BP_PRIOR] = false;
    baseline.agent.behaviour[BP_PRIOR].levels = 0;
    assert_int_equal(bp_checkpoint_write(in_directory("baseline.ckpt"), &baseline), 0);
    assert_int_equal(bp_checkpoint_load(in_directory("baseline.ckpt"), &loaded), 0);
    assert_true(!loaded.agent.has[BP_PRIOR] && loaded.agent.has[BP_POLICY]);
    same_agent(&baseline, &loaded);
    bp_checkpoint_free(&loaded);
}

/* ---- files that are none ---- */

static int load(void *context)
{
    struct bp_checkpoint checkpoint;
    int status = bp_checkpoint_load(context, &checkpoint);

    if (status)
        for (int role = 0; role < BP_ROLES; role++)
            if (checkpoint.params[role] || checkpoint.config)
                _exit(88);              /* nothing may be left to free */
    return status;
}

static void damaged(char *path, const char *part)
{
    char said[1024];

    assert_int_equal(run_action(load, path, false, said), BP_DAMAGED);
    assert_said(said, part);
}

static void cut_and_changed_files(void **state)
{
    static char bytes[1 << 20], changed[1 << 20];
    char *path = in_directory("damaged.ckpt");

    (void)state;
    assert_int_equal(bp_checkpoint_write(path, &made), 0);
    size_t size = read_file(path, bytes, sizeof bytes);
    for (size_t keep = 0; keep < size; keep += 1 + size / 40) {
        write_file(path, bytes, keep);
        damaged(path, "damaged.ckpt");
    }
    for (size_t at = 0; at < size; at += 1 + size / 40) {
        memcpy(changed, bytes, size);
        changed[at] ^= 0x10;
        write_file(path, changed, size);
        damaged(path, "damaged.ckpt");
    }
}

/* A record that is right as a file, but in which one field says something else. */
static char *with_field(const char *key, const char *value)
{
    char *whole = in_directory("whole.ckpt"), *path = in_directory("field.ckpt");
    struct bp_record record = {0};

    assert_int_equal(bp_checkpoint_write(whole, &made), 0);
    struct bp_pack_reader *reader = bp_pack_open(whole);
    assert_int_equal(bp_pack_read(reader, &record), 1);
    if (value)
        bp_record_text(&record, key, value);
    else
        json_object_del(record.fields, key);
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    assert_int_equal(bp_pack_write(writer, &record), 0);
    assert_int_equal(bp_pack_commit(writer), 0);
    bp_record_clear(&record);
    bp_pack_close(reader);
    return path;
}

static void fields_that_make_no_sense(void **state)
{
    static const struct { const char *key, *value; } bad[] = {
        {"kind", "episode"}, {"task", NULL}, {"task", "a-task-whose-name-is-longer-than-names-may-be"}, {"transitions", "many"},
        {"transitions", "-1"}, {"action_size", "0"}, {"action_size", "99999999"}, {"action_size", NULL}, {"action_space", "of another version"}, {"config", NULL}, {"config", "{"},
        {"groups", NULL}, {"groups", "{}"}, {"groups", "[1]"}, {"groups", "[{\"name\":\"global\",\"size\":0}]"},
        {"groups", "[{\"name\":\"global\",\"size\":99999999}]"}, {"groups", "[{\"name\":\"a-name-that-is-much-too-long\",\"size\":1}]"},
        {"policy", "{}"}, {"policy", "[]"}, {"policy", "{\"kind\":\"lstm\",\"layers\":\"6,5\",\"see\":[\"global\"],\"head\":\"bounded\"}"},
        {"policy", "{\"kind\":\"lstm\",\"layers\":[6,5.5],\"see\":[\"global\"],\"head\":\"bounded\"}"},
        {"prior", "{\"kind\":\"lstm\",\"layers\":[60000,60000],\"see\":[\"global\"],\"head\":\"bounded\"}"},
    };
    char said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        damaged(with_field(bad[i].key, bad[i].value), "field.ckpt");
    assert_int_equal(run_action(load, with_field("program", "another"), false, said), 0);       /* the tool itself breaks nothing */
}

/* The exit status of a child that loads the file, whatever it says. */
static int status_of_loading(char *path)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        _exit(load(path) ? bp_exit_status() : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Well written, but of networks that nobody can make, or of other ones than its tensors are for. */
static void networks_that_cannot_be(void **state)
{
    static const char *const bad[] = {
        "{\"kind\":\"gru\",\"layers\":[6,5],\"see\":[\"global\"],\"head\":\"bounded\"}",
        "{\"kind\":\"lstm\",\"layers\":[6,5],\"see\":[\"proprio\"],\"head\":\"bounded\"}",
        "{\"kind\":\"lstm\",\"layers\":[6,5],\"see\":[\"global\"],\"head\":\"wide\"}",
        "{\"kind\":\"lstm\",\"layers\":[],\"see\":[\"global\"],\"head\":\"bounded\"}",
        "{\"kind\":\"lstm\",\"layers\":[6,5],\"see\":[],\"head\":\"bounded\"}",
        "{\"kind\":\"lstm\",\"layers\":[6,5],\"see\":[\"global\"],\"head\":\"bounded\"}",         /* other shapes than the tensors' */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_in_range(status_of_loading(with_field("prior", bad[i])), BP_USAGE, BP_DAMAGED);
}

static void foreign_files(void **state)
{
    char said[1024], *twice = in_directory("twice.ckpt");
    static char bytes[1 << 20];

    (void)state;
    write_file(in_directory("text"), "not a checkpoint\n", 17);
    damaged(in_directory("text"), "text");
    write_file(in_directory("empty"), "", 0);
    damaged(in_directory("empty"), "empty");
    assert_int_equal(run_action(load, in_directory("absent"), false, said), BP_FAILURE);
    assert_said(said, "absent");
    assert_int_equal(bp_checkpoint_write(twice, &made), 0);
    size_t size = read_file(twice, bytes, sizeof bytes / 2);
    memcpy(bytes + size, bytes, size);
    write_file(twice, bytes, 2 * size);
    damaged(twice, "more than one checkpoint");
}

static int write_nowhere(void *context)
{
    return bp_checkpoint_write(context, &made);
}

/* What cannot be written leaves what stood there as it was. */
static void unwritable(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(write_nowhere, in_directory("no/such/directory.ckpt"), false, said), BP_FAILURE);
    mkdir(in_directory("closed"), 0555);
    assert_int_equal(run_action(write_nowhere, in_directory("closed/a.ckpt"), true, said), BP_FAILURE);
    assert_int_equal(count_files("XXXX"), 0);
}

/* Numbers that no network can act with: they would play, and go wrong without a word. */
static void parameters_that_are_not_finite(void **state)
{
    static const float wrong[] = {NAN, INFINITY, -INFINITY};
    char *path = in_directory("nan.ckpt");

    (void)state;
    for (int role = 0; role < BP_ROLES; role++)
        for (size_t i = 0; i < 3 && made.agent.has[role]; i++) {
            float *parameter = &made.params[role][made.agent.net[role].parameters - 1 - i], kept = *parameter;
            *parameter = wrong[i];
            assert_int_equal(bp_checkpoint_write(path, &made), 0);
            *parameter = kept;
            damaged(path, "holds what is not a finite number");
        }
    assert_int_equal(bp_checkpoint_write(path, &made), 0);
    assert_int_equal(status_of_loading(path), 0);
}

/* The file of a user's body goes along, and comes back as it was; one that was changed is noticed. */
static void bodies_are_carried(void **state)
{
    char xml[] = "<mujoco/>\n\xff", *path = in_directory("body.ckpt");
    struct bp_checkpoint loaded;

    (void)state;
    made.body_copy = (struct bp_body_copy){.xml = xml, .size = sizeof xml - 1};
    strcpy(made.fingerprint, "f1");
    bp_hash_bytes(xml, sizeof xml - 1, made.body_copy.hash);
    assert_int_equal(bp_checkpoint_write(path, &made), 0);
    assert_int_equal(bp_checkpoint_load(path, &loaded), 0);
    assert_string_equal(loaded.body_copy.xml, xml);
    assert_int_equal(loaded.body_copy.size, sizeof xml - 1);
    assert_string_equal(loaded.body_copy.hash, made.body_copy.hash);
    assert_string_equal(loaded.fingerprint, "f1");
    bp_checkpoint_free(&loaded);
    xml[1] = 'M';
    assert_int_equal(bp_checkpoint_write(path, &made), 0);
    damaged(path, "body/xml");
    made.body_copy = (struct bp_body_copy){0};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_and_changed_files),
        cmocka_unit_test(fields_that_make_no_sense),
        cmocka_unit_test(networks_that_cannot_be),
        cmocka_unit_test(foreign_files),
        cmocka_unit_test(unwritable),
        cmocka_unit_test(parameters_that_are_not_finite),
        cmocka_unit_test(bodies_are_carried),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(bytes_are_a_function_of_the_contents),
        cmocka_unit_test(parts_of_an_agent),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
