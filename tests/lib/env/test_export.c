#include "env/export.h"
#include "env/world.h"

#include "../base/check.h"
#include "../store/support.h"

static struct bp_env *start(const char *task, const char *body, uint64_t seed)
{
    struct bp_env *env = bp_env_open(task, body);
    float observation[1024];

    assert_non_null(env);
    assert_true(env->spec.groups.size <= 1024);
    bp_env_reset(env, seed, observation);
    return env;
}

static mjModel *export(const struct bp_env *env)
{
    char *text = bp_env_mjcf(env), *path = in_directory("world.xml"), reason[512] = "";
    mjModel *model;

    assert_non_null(text);
    write_file(path, text, strlen(text));
    free(text);
    model = mj_loadXML(path, NULL, reason, sizeof reason);
    assert_string_equal(reason, "");
    assert_non_null(model);
    return model;
}

static const mjModel *own(const struct bp_env *env)
{
    return env->world->physics.model;
}

/* The key frame is the state to the last bit; bodies are where they are, and go where they go, within the six digits of the file. */
static void goes_on_as_the_world(void **state)
{
    static const char *const rows[][2] = {{"nav-easy", "pointmass"}, {"nav-easy", "ant"}, {"goto", "ball"}, {"push-1b3t", "quadruped"},
                                          {"gather", "ball"}, {"gap", "ant"}, {"walk", "humanoid"}, {"follow", "humanoid23"}};

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct bp_env *env = start(rows[r][0], rows[r][1], 5);
        const mjData *was = env->world->physics.data;
        mjModel *m = export(env);
        mjData *d = mj_makeData(m);
        float action[64] = {0.5f, -0.5f}, observation[1024];
        struct bp_step step;
        assert_int_equal(m->nq, own(env)->nq);
        assert_int_equal(m->nu, own(env)->nu);
        assert_int_equal(m->nbody, own(env)->nbody);
        assert_int_equal(mj_name2id(m, mjOBJ_KEY, "world/start"), 0);
        assert_memory_equal(m->key_qpos, was->qpos, (size_t)m->nq * sizeof(mjtNum));
        mj_resetDataKeyframe(m, d, 0);
        mj_forward(m, d);
        for (int i = 0; i < 3 * m->nbody; i++)
            assert_close(d->xpos[i], was->xpos[i], 1e-4);
        bp_env_step(env, action, observation, &step);
        mju_copy(d->ctrl, was->ctrl, m->nu);
        for (int i = 0; i < env->world->physics.substeps; i++)
            mj_step(m, d);
        for (int i = 0; i < m->nq; i++)
            assert_close(d->qpos[i], was->qpos[i], 2e-3);
        mj_deleteData(d);
        mj_deleteModel(m);
        bp_env_close(env);
    }
}

static void targets_are_sites(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++) {
        struct bp_env *env = start("goto", "ball", seed);
        mjModel *m = export(env);
        for (int i = 0; i < env->world->spec->targets; i++) {
            char name[32];
            sprintf(name, "world/target%d", i);
            int site = mj_name2id(m, mjOBJ_SITE, name);
            assert_true(site >= 0);
            assert_int_equal(m->site_type[site], mjGEOM_BOX);
            for (int k = 0; k < 2; k++) {
                assert_close(m->site_pos[3 * site + k], env->world->state.target[i][k], 1e-9);
                assert_close(m->site_size[3 * site + k], env->world->spec->target_size / 2, 1e-6);
            }
        }
        mj_deleteModel(m);
        bp_env_close(env);
    }
}

/* A user's body: its own floor, which tasks do not let it feel, is left out; its key frame comes after ours. */
static void own_floors_stay_at_home(void **state)
{
    static const char text[] =
        "<mujoco><worldbody><geom name=\"own\" type=\"plane\" size=\"1 1 1\" pos=\"0 0 0.3\"/><geom type=\"box\" size=\"1 1 0.1\"/>"
        "<body name=\"torso\" pos=\"0 0 0.3\"><freejoint/><geom name=\"mine\" size=\"0.2\"/><body><joint name=\"j\" range=\"-30 30\" limited=\"true\"/>"
        "<geom type=\"capsule\" fromto=\"0 0 0 0.3 0 0\" size=\"0.03\"/></body></body></worldbody>"
        "<actuator><motor joint=\"j\" ctrllimited=\"true\" ctrlrange=\"-1 1\"/></actuator>"
        "<keyframe><key name=\"theirs\" qpos=\"0 0 1 1 0 0 0 0\"/></keyframe></mujoco>";
    char *path = in_directory("own.xml");
    struct bp_env *env;
    mjModel *m;

    (void)state;
    write_file(path, text, strlen(text));
    env = start("goto", path, 1);
    m = export(env);
    assert_int_equal(m->ngeom, own(env)->ngeom - 2);
    assert_int_equal(mj_name2id(m, mjOBJ_GEOM, "own"), -1);
    assert_true(mj_name2id(m, mjOBJ_GEOM, "mine") >= 0 && mj_name2id(m, mjOBJ_GEOM, "world/floor") >= 0);
    assert_int_equal(mj_name2id(m, mjOBJ_KEY, "world/start"), 0);
    assert_int_equal(mj_name2id(m, mjOBJ_KEY, "theirs"), 1);
    mj_deleteModel(m);
    bp_env_close(env);
}

static int prepare(void **state)
{
    (void)state;
    return setenv("BP_SHARE", "share", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on_as_the_world, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(targets_are_sites, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(own_floors_stay_at_home, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
