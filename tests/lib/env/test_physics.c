#include "env/physics.h"

#include "env/body.h"

#include "../base/check.h"
#include "../store/support.h"

static struct bp_physics physics;

static int load_body(struct bp_physics *to, const char *body)
{
    char path[4096];

    return bp_body_path(body, path, sizeof path) || bp_physics_load(to, path, NULL, true) ? -1 : 0;
}

/* As every user of it does: nothing is stepped before it is forward. */
static void reset(void)
{
    bp_physics_reset(&physics);
    assert_true(bp_physics_forward(&physics));
}

static int load(void **state)
{
    (void)state;
    setenv("BP_SHARE", "share", 0);
    return load_body(&physics, "pointmass");
}

static int unload(void **state)
{
    (void)state;
    bp_physics_free(&physics);
    bp_physics_free(&physics);          /* twice is fine */
    return 0;
}

static void push(double x, double y)
{
    physics.data->ctrl[0] = x;
    physics.data->ctrl[1] = y;
}

/* A control step lasts what was asked for, in whole simulation steps. */
static void control_steps(void **state)
{
    (void)state;
    reset();
    assert_true(physics.substeps >= 1);
    push(0, 0);
    assert_true(bp_physics_step(&physics));
    assert_close(physics.data->time, 0.1, 1e-12);
    assert_close(physics.substeps * physics.model->opt.timestep, 0.1, 1e-12);
}

/* v' = (a - v) / 0.35: after time t of full push v = 1 - exp(-t / 0.35), within what steps of that length allow. */
static void dynamics_of_the_point_mass(void **state)
{
    (void)state;
    reset();
    push(1, -1);
    for (int i = 1; i <= 5; i++) {
        assert_true(bp_physics_step(&physics));
        double want = 1 - exp(-0.1 * i / 0.35);
        assert_close(physics.data->qvel[0], want, 0.03);
        assert_close(physics.data->qvel[1], -want, 0.03);
    }
}

/* The walls stop it: at full speed it dips some centimetres into them, is back within half a second and leans there at rest. */
static void walls(void **state)
{
    (void)state;
    reset();
    push(1, 0);
    for (int i = 0; i < 60; i++) {
        assert_true(bp_physics_step(&physics));
        assert_true(physics.data->qpos[0] < (i < 15 ? 0.55 : 0.505));
    }
    assert_close(physics.data->qpos[0], 0.5, 0.01);
    assert_close(physics.data->qvel[0], 0, 0.01);
    assert_close(physics.data->qpos[1], 0, 1e-12);
}

static void reset_is_complete(void **state)
{
    (void)state;
    reset();
    push(1, 1);
    for (int i = 0; i < 10; i++)
        assert_true(bp_physics_step(&physics));
    reset();
    for (int k = 0; k < 2; k++)
        assert_true(physics.data->qpos[k] == 0 && physics.data->qvel[k] == 0 && physics.data->ctrl[k] == 0);
    assert_true(physics.data->time == 0);
}

/* Numbers that leave their range are noticed in the step itself, and a reset mends it. */
static void divergence_is_noticed(void **state)
{
    static const double bad[] = {NAN, INFINITY, 1e12};

    (void)state;
    for (int i = 0; i < 3; i++) {
        reset();
        physics.data->qvel[0] = bad[i];
        assert_false(bp_physics_step(&physics));
        reset();
        physics.data->qpos[1] = bad[i];
        assert_false(bp_physics_step(&physics));
        reset();
        assert_true(bp_physics_step(&physics));
    }
    reset();
    push(NAN, 0);
    assert_false(bp_physics_step(&physics));
}

/* An error inside MuJoCo, whose own handler would wait for a key: a warning of ours, and the thread goes on. */
static void errors_inside_come_back(void **state)
{
    (void)state;
    reset();
    physics.model->opt.solver = 99;
    push(1, 0);
    capture_begin();
    bool healthy = true;
    for (int i = 0; i < 60 && healthy; i++)         /* into the wall, where there is something to solve */
        healthy = bp_physics_step(&physics);
    const char *said = capture_take();
    capture_end();
    physics.model->opt.solver = mjSOL_NEWTON;
    assert_false(healthy);
    assert_said(said, "MuJoCo");
    reset();
    assert_true(bp_physics_step(&physics));
}

/* Behind a step, what follows from positions and velocities is that of the new state, bit for bit, and steps are as mj_step's. */
static void steps_leave_nothing_stale(void **state)
{
    struct bp_physics other;

    (void)state;
    bp_physics_free(&physics);
    assert_int_equal(load_body(&other, "ant"), 0);
    assert_int_equal(load_body(&physics, "ant"), 0);
    reset();
    bp_physics_reset(&other);
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < physics.model->nu; k++)
            other.data->ctrl[k] = physics.data->ctrl[k] = sin(i + k);
        assert_true(bp_physics_step(&physics));
        for (int k = 0; k < other.substeps; k++)
            mj_step(other.model, other.data);
        mjtNum raw[64];
        mju_copy(raw, other.data->qpos, other.model->nq);
        mj_step1(other.model, other.data);
        assert_memory_equal(physics.data->qpos, other.data->qpos, (size_t)other.model->nq * sizeof(mjtNum));
        assert_memory_equal(physics.data->xpos, other.data->xpos, (size_t)other.model->nbody * 3 * sizeof(mjtNum));
        mju_copy(other.data->qpos, raw, other.model->nq);
    }
    bp_physics_free(&other);
    bp_physics_free(&physics);
    assert_int_equal(load_body(&physics, "pointmass"), 0);
}

/* Saved and restored, another simulation goes on to the same bits, against the wall too, where the solver is warm. */
static void saved_states_go_on_to_the_same_bits(void **state)
{
    struct bp_physics other;
    char *bytes;

    (void)state;
    assert_int_equal(load_body(&other, "pointmass"), 0);
    size_t size = bp_physics_state_size(&physics);
    assert_int_equal(size, bp_physics_state_size(&other));
    bytes = malloc(size + 1);
    bytes[size] = '#';
    for (int before = 0; before < 30; before += 3) {
        reset();
        push(1, 0.5);
        for (int i = 0; i < before; i++)
            bp_physics_step(&physics);
        bp_physics_save(&physics, bytes);
        assert_true(bytes[size] == '#');
        bp_physics_reset(&other);
        assert_true(bp_physics_forward(&other));
        other.data->ctrl[0] = -1;               /* what it did before must not matter */
        bp_physics_step(&other);
        assert_int_equal(bp_physics_restore(&other, bytes), 0);
        for (int i = 0; i < 20; i++) {
            assert_true(bp_physics_step(&physics) && bp_physics_step(&other));
            assert_memory_equal(physics.data->qpos, other.data->qpos, 2 * sizeof(mjtNum));
            assert_memory_equal(physics.data->qvel, other.data->qvel, 2 * sizeof(mjtNum));
            assert_true(physics.data->time == other.data->time);
        }
    }
    free(bytes);
    bp_physics_free(&other);
}

static int load_bad_body(void *context)
{
    struct bp_physics bad;

    setenv("BP_SHARE", test_directory, 1);
    return load_body(&bad, context);
}

static void bad_bodies_are_reported(void **state)
{
    char said[1024];

    (void)state;
    mkdir(in_directory("bodies"), 0755);
    write_file(in_directory("bodies/broken.xml"), "<mujoco><worldbody>", 19);
    assert_int_equal(run_action(load_bad_body, "broken", false, said), BP_FAILURE);
    assert_said(said, "broken.xml");
    assert_int_not_equal(run_action(load_bad_body, "absent", false, said), 0);
    assert_said(said, "absent.xml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_bodies_are_reported, make_directory, remove_directory),
        cmocka_unit_test(control_steps),
        cmocka_unit_test(dynamics_of_the_point_mass),
        cmocka_unit_test(walls),
        cmocka_unit_test(reset_is_complete),
        cmocka_unit_test(divergence_is_noticed),
        cmocka_unit_test(errors_inside_come_back),
        cmocka_unit_test(steps_leave_nothing_stale),
        cmocka_unit_test(saved_states_go_on_to_the_same_bits),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
