/* Bodies from a user's file: what is missing is said, what crashes or hangs MuJoCo stays in a child process. */
#include "env/isolate.h"

#include "env/world.h"

#include "../base/check.h"
#include "../store/support.h"
#include "../../fuzz/mutate.h"

#include <signal.h>

/* ---- files by the conventions, and not ---- */

static int open_file(void *path)
{
    struct bp_env *env = bp_env_open("goto", path);

    if (!env)
        return -1;
    bp_env_close(env);
    return 0;
}

static int write_body(const char *name, const char *text)
{
    write_file(in_directory(name), text, strlen(text));
    return 0;
}

#define LEG "<body pos='0 0 -0.2'><joint name='j' axis='0 1 0'/><geom size='0.1'/></body>"
#define MOTOR "<actuator><motor joint='j'/></actuator>"
#define FREE(before, motor) "<mujoco>" before "<worldbody><body pos='0 0 0.4'><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" motor "</mujoco>"
#define BODY(inside) "<mujoco><worldbody><body pos='0.3 0.2 0.4'>" inside "<geom size='0.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>"

static void what_is_missing_is_said(void **state)
{
    static const struct { const char *text; int status; const char *said; } files[] = {
        {BODY(""), BP_USAGE, "fixed to its place"},
        {BODY("<joint axis='0 0 1'/>"), BP_USAGE, "it needs <freejoint/> in their place, or slides along x and y first"},
        {BODY("<joint type='slide' axis='0 1 0'/><joint type='slide' axis='1 0 0'/>"), BP_USAGE, "it needs <freejoint/> in their place, or slides along x and y first"},
        {"<mujoco><worldbody><geom size='1'/></worldbody></mujoco>", BP_USAGE, "no root"},
        {"<mujoco><worldbody><body><freejoint/><geom size='.1'/></body></worldbody></mujoco>", BP_USAGE, "0 actuators"},
        {"<mujoco><worldbody><body name='a'><freejoint/><geom size='.1'/></body><body name='b'><freejoint/><geom size='.1'/></body>"
         "</worldbody></mujoco>", BP_USAGE, "'a' and 'b'"},
        {"<mujoco><worldbody><site name='imu'/><body><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE, "'imu'"},
        {"<mujoco><option timestep='nan'/><worldbody><body><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE,
         "timestep of nan s"},
        {"<mujoco><option timestep='0'/><worldbody><body><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE,
         "timestep of 0 s"},
        {"<mujoco><option timestep='-1'/><worldbody><body><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE,
         "timestep of -1 s"},
        {"<mujoco><option timestep='1e30'/><worldbody><body><freejoint/><geom size='.1'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE,
         "timestep of 1e+30 s"},
        {"<mujoco><custom><numeric name='control_step' data='0.001'/></custom><worldbody><body><freejoint/><geom size='.1'/>" LEG
         "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE, "control_step of 0.001 s"},
        {"<mujoco><worldbody><body><freejoint/><geom size='9'/>" LEG "</body></worldbody>" MOTOR "</mujoco>", BP_USAGE, "too large"},
        {"<mujoco><worldbody>", BP_DAMAGED, "cannot load the body"},
        {"<mujoco><asset><texture name='t' type='2d' builtin='flat' mark='cross' width='99999999999' height='10'/></asset></mujoco>", BP_DAMAGED,
         "cannot load the body"},
        {"<mujoco><include file='/dev/zero'/></mujoco>", BP_DAMAGED, "cannot load the body"},
        {FREE("<option iterations='1000000000' tolerance='0'/>", MOTOR), BP_DAMAGED, "more than 1000 iterations"},
        {FREE("<option noslip_iterations='1001'/>", MOTOR), BP_DAMAGED, "more than 1000 iterations"},
        {FREE("<asset><hfield name='h' nrow='6400' ncol='6400' size='1 1 1 1'/></asset>", MOTOR), BP_DAMAGED,
         "its compiled model takes more than the 64 MiB"},
        {FREE("<size nstack='10000000'/>", MOTOR), BP_DAMAGED, "its simulation takes more than the 64 MiB"},
        {FREE("", "<actuator><motor joint='j' gear='inf'/></actuator>"), BP_DAMAGED, "diverges at once under full action"},
        {FREE("<option gravity='0 0 1e300'/>", MOTOR), BP_DAMAGED, "diverges, without any action"},
        {FREE("", "<actuator><motor joint='j' gear='1e30'/></actuator>"), BP_DAMAGED, "diverges at once under full action"},
    };
    char said[1024];

    (void)state;
    setenv("BP_SHARE", "share", 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_body("own.xml", files[i].text);
        int status = run_action(open_file, in_directory("own.xml"), false, said);
        if (status != files[i].status)
            fail_msg("status %d for %s: %s", status, files[i].text, said);
        assert_said(said, files[i].said);
        assert_said(said, "own.xml");
    }
    assert_int_equal(run_action(open_file, in_directory("absent.xml"), false, said), BP_FAILURE);
    assert_said(said, "No such file");
    mkdir(in_directory("folder.xml"), 0755);
    assert_int_equal(run_action(open_file, in_directory("folder.xml"), false, said), BP_USAGE);
    assert_said(said, "not a file");
}

/* Free or gliding, with a floor of its own and paths of its own, in a folder with an awkward name: it is put where it belongs. */
static void own_bodies_are_taken(void **state)
{
    static const char *const bodies[] = {
        BODY("<freejoint/>"),
        BODY("<joint type='slide' axis='1 0 0'/><joint type='slide' axis='0 1 0'/><joint axis='0 0 1'/>"),
        "<mujoco><option integrator='RK4'/><include file='part &amp; more.xml'/>" MOTOR "</mujoco>",
    };

    (void)state;
    mkdir(in_directory("a <b>"), 0755);
    write_body("a <b>/part & more.xml", "<mujoco><worldbody><geom name='floor' type='plane' size='1 1 1'/><body pos='0 0 0.4'><freejoint/>"
               "<geom size='0.1'/>" LEG "</body></worldbody></mujoco>");
    for (int i = 0; i < 3; i++) {
        float o[64], action[1] = {0};
        struct bp_step step;
        write_body("a <b>/own & \"body\".xml", bodies[i]);
        char *path = in_directory("a <b>/own & \"body\".xml");
        struct bp_env *env = bp_env_open("goto", path);
        assert_non_null(env);
        assert_string_equal(env->spec.body, path);
        assert_int_equal(env->spec.action.size, 1);
        assert_int_equal(bp_groups_find(&env->spec.groups, "proprio")->size, 10 + 3 + 2);
        for (uint64_t seed = 0; seed < 50; seed++) {
            bp_env_reset(env, seed, o);
            const double *root = bp_world_root(env->world);
            assert_true(fabs(root[0]) < 4 && fabs(root[1]) < 4);
            assert_close(root[2], 0.4, 1e-9);
            for (int k = 0; k < 3; k++) {                       /* targets as seen are where they are */
                const float *seen = o + bp_groups_find(&env->spec.groups, "targets")->offset + 2 * k;
                const double *at = env->world->state.target[k];
                assert_close(hypot((double)seen[0], (double)seen[1]), hypot(at[0] - root[0], at[1] - root[1]), 1e-5);
            }
            bp_env_step(env, action, o, &step);
            assert_false(step.diverged);
        }
        bp_env_close(env);
    }
}

/* ---- the child ---- */

static mjModel *crash(const char *path, const char *outer, char *reason, int size)
{
    (void)path, (void)outer, (void)reason, (void)size;
    raise(SIGSEGV);
    return NULL;
}

static mjModel *hang(const char *path, const char *outer, char *reason, int size)
{
    (void)path, (void)outer, (void)reason, (void)size;
    raise(SIGXCPU);             /* what a limit of time does, without waiting for it */
    return NULL;
}

static mjModel *complain(const char *path, const char *outer, char *reason, int size)
{
    (void)path, (void)outer;
    snprintf(reason, (size_t)size, "it is a poem");
    return NULL;
}

static mjModel *fail_inside(const char *path, const char *outer, char *reason, int size)
{
    (void)path, (void)outer, (void)reason, (void)size;
    mju_error("inside");
    return NULL;
}

static void what_happens_in_the_child_stays_there(void **state)
{
    char reason[256];

    (void)state;
    assert_null(bp_isolate(crash, "x", NULL, reason, sizeof reason));
    assert_said(reason, "crashes");
    assert_null(bp_isolate(hang, "x", NULL, reason, sizeof reason));
    assert_said(reason, "does not get done");
    assert_null(bp_isolate(complain, "x", NULL, reason, sizeof reason));
    assert_string_equal(reason, "it is a poem");
    assert_null(bp_isolate(fail_inside, "x", NULL, reason, sizeof reason));
    assert_string_equal(reason, "inside");
}

static int open_mutant(void *path)
{
    struct bp_env *env = bp_env_open("goto", path);
    struct bp_step step = {.event = -1};

    if (!env)
        return -1;
    float *o = calloc((size_t)env->spec.groups.size, sizeof *o), *action = calloc((size_t)env->spec.action.size, sizeof *action);
    bp_env_reset(env, 1, o);
    for (int t = 0; t < 10 && !step.truncated; t++)
        bp_env_step(env, action, o, &step);
    free(o);
    free(action);
    bp_env_close(env);
    return 0;
}

/* A hundred files that are nearly right (tests/fuzz/bodies tries as many as one likes): each is taken, or refused with one sentence. */
static void mutants(void **state)
{
    static char file[MUTANT_MAX];
    int taken = 0, refused = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        int status;
        assert_int_equal(mutant("share/bodies", seed, file), 0);
        write_body("mutant.xml", file);
        capture_begin();
        pid_t child = fork();
        if (child == 0)
            _exit(open_mutant(in_directory("mutant.xml")) ? bp_exit_status() : 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        const char *said = capture_take();
        capture_end();
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 4)
            fail_msg("seed %d: status %x; %s", (int)seed, (unsigned)status, said);
        refused += WEXITSTATUS(status) > 0;
        taken += WEXITSTATUS(status) == 0;
        if (WEXITSTATUS(status)) {
            const char *newline = strchr(said, '\n');
            assert_true(newline && !newline[1]);
        }
    }
    assert_true(taken >= 5 && refused >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_missing_is_said, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(own_bodies_are_taken, make_directory, remove_directory),
        cmocka_unit_test(what_happens_in_the_child_stays_there),
        cmocka_unit_test_setup_teardown(mutants, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
