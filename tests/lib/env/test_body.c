#include "env/world.h"

#include "../base/check.h"

static const struct bp_world_spec arena = {.size = 8};

static void load(struct bp_world *w, const char *body)
{
    setenv("BP_SHARE", "share", 0);
    assert_int_equal(bp_world_load(w, &arena, body), 0);
    bp_physics_reset(&w->physics);
    bp_world_put_body(w, 0, 0, 0);
    bp_world_settle(w);
}

/* What the shipped bodies are: actuators, end effectors, joints after the root's. */
static void shipped_bodies(void **state)
{
    static const struct { const char *name; int actuators, effectors, joints; bool free; } want[] = {
        {"ball", 2, 0, 0, false}, {"ant", 8, 4, 8, true}, {"quadruped", 12, 4, 12, true},
    };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_world w;
        load(&w, want[i].name);
        assert_int_equal(w.physics.model->nu, want[i].actuators);
        assert_int_equal(w.body.effectors, want[i].effectors);
        assert_int_equal(w.body.positions, want[i].joints);
        assert_int_equal(w.body.velocities, want[i].joints);
        assert_int_equal(w.body.free, want[i].free);
        assert_int_equal(bp_body_proprio_size(&w.body), 10 + 3 * want[i].effectors + 2 * want[i].joints);
        assert_close(w.physics.substeps * w.physics.model->opt.timestep, i ? 0.1 : 0.2, 1e-12);
        bp_world_free(&w);
    }
}

/* At rest, every number is where the header says; the accelerometer feels the floor. Turning the body changes nothing of it. */
static void proprioception_at_rest(void **state)
{
    struct bp_world w;
    float o[64], turned[64];

    (void)state;
    load(&w, "ant");
    bp_body_proprio(&w.body, &w.physics, o);
    assert_close(o[0], w.body.height, 1e-6);
    for (int leg = 0; leg < 4; leg++) {
        const float *foot = o + 1 + 3 * leg;
        assert_close(foot[0], leg < 2 ? 0.8 : -0.8, 1e-6);
        assert_close(foot[1], leg % 2 ? -0.8 : 0.8, 1e-6);
        assert_close(foot[2], -0.3, 1e-6);
    }
    for (int k = 13; k < 38; k++)
        assert_close(o[k], k == 31 ? 0.981 : 0, 1e-6);                  /* joints, velocities, accelerometer, gyro, velocimeter */
    bp_world_put_body(&w, 2, -1, 2);
    bp_world_settle(&w);
    bp_body_proprio(&w.body, &w.physics, turned);
    for (int k = 0; k < bp_body_proprio_size(&w.body); k++)
        assert_close(o[k], turned[k], 1e-6);
    bp_world_free(&w);
}

/* The ball's senses against what its XML says: v' = (2 a - v) / 0.3, w' = (3 a - w) / 0.2, in steps h of implicit Euler, read in its own frame. */
static void senses_of_the_ball(void **state)
{
    struct bp_world w;
    float o[16], action[2] = {1, 0};
    double v = 0, turn = 0;

    (void)state;
    load(&w, "ball");
    bp_world_put_body(&w, 0, 0, 1);
    bp_world_settle(&w);
    const double h = w.physics.model->opt.timestep;
    const int steps = w.physics.substeps;
    for (int t = 1; t <= 6; t++) {
        double before = v;
        bp_body_mark(&w.body, &w.physics);
        assert_true(bp_world_step(&w, action));
        bp_body_proprio(&w.body, &w.physics, o);
        v = 2 * (1 - pow(1 + h / 0.3, -steps * t));
        assert_close(o[7], v, 1e-4);                                    /* velocimeter: forward, */
        assert_close(o[8], 0, 1e-3);                                    /* not sideways */
        assert_close(o[1], 0.1 * (v - before) / 0.2, 0.1);
        assert_close(o[3], 0.981, 1e-6);
    }
    action[0] = 0;
    action[1] = 1;
    for (int t = 1; t <= 12; t++) {
        assert_true(bp_world_step(&w, action));
        bp_body_proprio(&w.body, &w.physics, o);
        turn = 3 * (1 - pow(1 + h / 0.2, -steps * t));
        assert_close(o[6], 0.1 * turn, 1e-4);
    }
    bp_world_free(&w);
}

/* Actions beyond [-1, 1] count as the bound; no numbers diverge and leave a body at rest. */
static void actions_are_clipped(void **state)
{
    struct bp_world w;
    float action[2] = {7, -7};

    (void)state;
    load(&w, "ball");
    assert_true(bp_world_step(&w, action));
    assert_true(w.physics.data->ctrl[0] == 1 && w.physics.data->ctrl[1] == -1);
    action[0] = NAN;
    assert_false(bp_world_step(&w, action));
    assert_true(bp_world_root(&w)[0] == 0 && w.physics.data->qvel[0] == 0);
    bp_world_free(&w);
}

/* Straight up or down a body has no heading; what it sees is finite all the same. */
static void looking_up(void **state)
{
    struct bp_world w;
    float o[64];

    (void)state;
    load(&w, "ant");
    const mjtNum up[4] = {M_SQRT1_2, 0, -M_SQRT1_2, 0};
    mju_copy4(w.physics.data->qpos + 3, up);
    bp_world_settle(&w);
    bp_body_proprio(&w.body, &w.physics, o);
    for (int k = 0; k < bp_body_proprio_size(&w.body); k++)
        assert_true(isfinite(o[k]));
    bp_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_bodies),
        cmocka_unit_test(proprioception_at_rest),
        cmocka_unit_test(senses_of_the_ball),
        cmocka_unit_test(actions_are_clipped),
        cmocka_unit_test(looking_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
