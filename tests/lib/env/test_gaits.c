/* That the bodies can do what their tasks ask for, shown by simple controllers. */
#include "env/world.h"

#include "../base/check.h"

#include <stdio.h>
#include <string.h>

static const struct bp_world_spec arena = {.size = 8}, pushing = {.size = 5, .boxes = 1, .box_edge = 0.5, .box_mass = 2}, corridor = {.corridor = 4},
                                  plane = {.size = 0};

static void load(struct bp_world *w, const struct bp_world_spec *spec, const char *body, double x)
{
    gsl_rng *stream = bp_random_new();

    setenv("BP_SHARE", "share", 0);
    assert_int_equal(bp_world_load(w, spec, body), 0);
    bp_random_seek(stream, 1, BP_FOR_TEST, 0, 0);
    bp_world_reset(w, stream);
    bp_world_put_body(w, x, 0, 0);
    gsl_rng_free(stream);
}

static double upright(const struct bp_world *w)
{
    return w->physics.data->xmat[9 * w->body.root + 8];
}

/* ---- four legs ---- */

/* A leg's joints swing with one frequency (Hz): hip about 0, the others about an offset. Found by random search. */
struct gait {
    double frequency, hip, knee_offset, knee, knee_phase, ankle_offset, ankle, ankle_phase;
};
static const struct gait ant_trot = {2.14, 1.33, 0, 0, 0, -0.43, 0.94, 2.91};
static const struct gait quadruped_trot = {1.22, 1.18, 0.23, 0.96, 2.24, -0.55, 0.61, 2.73};

/* Diagonal legs together, longer strides on the side from which it is to turn. */
static void trot(const struct bp_world *w, const struct gait *g, int t, float *action)
{
    struct bp_frame frame = bp_body_frame(&w->body, w->physics.data);
    double turn = 0.5 * atan2(frame.sine, frame.cosine);
    int joints = w->physics.model->nu / 4;

    for (int leg = 0; leg < 4; leg++) {
        bool left = leg % 2 == 0;
        double phase = 2 * M_PI * g->frequency * bp_physics_control_step(&w->physics) * t + (leg == 0 || leg == 3 ? 0 : M_PI);
        float *a = action + joints * leg;
        a[0] = (float)((left ? -1 : 1) * g->hip * fmax(0, fmin(2, 1 + (left ? turn : -turn))) * cos(phase));
        if (joints == 3)
            a[1] = (float)(g->knee_offset + g->knee * cos(phase + g->knee_phase));
        a[joints - 1] = (float)(g->ankle_offset + g->ankle * cos(phase + g->ankle_phase));
    }
}

/* 5.2 m of an arena of 8 m within 100 of the 400 control steps: faster than 0.5 m/s. */
static void they_trot_across_the_arena(void **state)
{
    const char *const bodies[] = {"ant", "quadruped"};
    const struct gait *const gaits[] = {&ant_trot, &quadruped_trot};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_world w;
        float action[16];
        int t = 0;
        load(&w, &arena, bodies[i], -2.6);
        bp_world_settle(&w);
        for (; bp_world_root(&w)[0] < 2.6 && t < 100; t++) {
            trot(&w, gaits[i], t, action);
            assert_true(bp_world_step(&w, action));
        }
        print_message("%s: 5.2 m in %d control steps\n", bodies[i], t);
        assert_true(t < 100 && upright(&w) > 0.8);
        bp_world_free(&w);
    }
}

/* Trotting into a box of the pushing tasks moves it to the wall. */
static void they_push_a_box(void **state)
{
    const char *const bodies[] = {"ant", "quadruped"};
    const struct gait *const gaits[] = {&ant_trot, &quadruped_trot};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_world w;
        float action[16];
        double farthest = 0;
        load(&w, &pushing, bodies[i], -1.2);
        bp_world_put_box(&w, 0, 0.4, 0, 0.2);
        bp_world_settle(&w);
        for (int t = 0; t < 300; t++) {
            trot(&w, gaits[i], t, action);
            assert_true(bp_world_step(&w, action));
            farthest = fmax(farthest, bp_world_box(&w, 0)[0]);
        }
        print_message("%s: pushes the box %.2f m\n", bodies[i], farthest - 0.4);
        assert_true(farthest > 1.6);
        bp_world_free(&w);
    }
}

/* From standing: down, all legs back and down at once, up with the feet; over gaps of up to 0.6 m, with the root 0.8 m before the edge. */
static void the_ant_leaps_a_gap(void **state)
{
    static const double gaps[] = {0.3, 0.6};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_world w;
        float action[8];
        load(&w, &corridor, "ant", bp_scene_gap_start - 0.8);
        bp_world_set_gap(&w, gaps[i]);
        bp_world_settle(&w);
        for (int t = 0; t < 30; t++) {
            for (int leg = 0; leg < 4; leg++) {
                bool front = leg < 2;
                double hip = t < 3 ? 0.39 : t < 6 ? (front ? -0.72 : -0.9) : t < 12 ? 0.05 : 0;
                action[2 * leg] = (float)(leg % 2 ? hip : -hip);
                action[2 * leg + 1] = t < 3 ? -0.12f : t < 6 ? (front ? 0.18f : 0.53f) : t < 12 ? -0.88f : 0;
            }
            assert_true(bp_world_step(&w, action));
        }
        assert_true(bp_world_root(&w)[0] > bp_scene_gap_start + gaps[i] && bp_world_root(&w)[2] > 0.25 && upright(&w) > 0.8);
        bp_world_free(&w);
    }
}

/* Bodies that explore stay on their feet, mostly, and their simulation does not diverge. */
static void exploring_keeps_them_on_their_feet(void **state)
{
    const char *const bodies[] = {"ant", "quadruped"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_world w;
        float action[16];
        int over = 0;
        load(&w, &arena, bodies[i], 0);
        for (int episode = 0; episode < 12; episode++) {
            bp_physics_reset(&w.physics);
            bp_world_settle(&w);
            for (int t = 0; t < 400; t++) {
                fill_normal(action, w.physics.model->nu, (uint64_t)(1000 * episode + t));
                assert_true(bp_world_step(&w, action));
            }
            over += upright(&w) < 0;
        }
        print_message("%s: on its back after %d of 12 episodes\n", bodies[i], over);
        assert_true(over <= 4);
        bp_world_free(&w);
    }
}

/* ---- two legs ---- */

static mjtNum *joint(const struct bp_world *w, const char *name)
{
    return w->physics.data->qpos + w->physics.model->jnt_qposadr[mj_name2id(w->physics.model, mjOBJ_JOINT, name)];
}

/* Knees bent, feet flat under the hips. */
static void squat(struct bp_world *w)
{
    const char *const sides[] = {"left", "right"};

    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-hip-swing", sides[i]);
        *joint(w, name) = 0.7;
        snprintf(name, sizeof name, "%s-knee", sides[i]);
        *joint(w, name) = 1.3;
        snprintf(name, sizeof name, "%s-ankle-swing", sides[i]);
        *joint(w, name) = 0.6;
    }
    bp_world_settle(w);
    w->physics.data->qpos[2] -= w->physics.data->site_xpos[3 * mj_name2id(w->physics.model, mjOBJ_SITE, "effector-left-foot") + 2];
    bp_world_settle(w);
}

/* All that stretches a leg with full strength, the rest held where it is. */
static void stretch(const struct bp_world *w, float *action)
{
    const mjModel *m = w->physics.model;
    const mjData *d = w->physics.data;

    for (int k = 0; k < m->nu; k++) {
        int j = m->actuator_trnid[2 * k];
        const char *name = m->names + m->name_jntadr[j];
        bool leg = strstr(name, "hip-swing") || strstr(name, "knee") || strstr(name, "ankle-swing");
        action[k] = leg ? -1 : (float)(-d->qpos[m->jnt_qposadr[j]] - 0.1 * d->qvel[m->jnt_dofadr[j]]);
    }
}

/* The legs of the humanoid carry it and more: out of a squat it rises past where it stands; limp it sinks. Sizes are the papers'. */
static void the_humanoids_jump(void **state)
{
    static const struct { const char *name; int actuators, positions; } want[] = {{"humanoid", 21, 28}, {"humanoid23", 23, 30}};

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int strong = 0; strong < 2; strong++) {
            struct bp_world w;
            float action[32] = {0};
            double highest = 0;
            load(&w, &plane, want[i].name, 0);
            squat(&w);
            assert_int_equal(w.physics.model->nu, want[i].actuators);
            assert_int_equal(w.physics.model->nq, want[i].positions);
            double start = bp_world_root(&w)[2];
            assert_true(start < 0.9 * w.body.height);
            for (int t = 0; t < 30; t++) {
                if (strong)
                    stretch(&w, action);
                assert_true(bp_world_step(&w, action));
                highest = fmax(highest, bp_world_root(&w)[2]);
            }
            print_message("%s, %s: root at most at %.2f m, squatting at %.2f, standing at %.2f\n", want[i].name, strong ? "strong" : "limp",
                          highest, start, w.body.height);
            assert_true(strong ? highest > w.body.height + 0.01 : highest < start + 0.02);
            bp_world_free(&w);
        }
}

/* Where the centre of mass is, ahead and to the left of each foot (left, right), m, and its velocity, as the body looks. */
struct centre {
    double ahead[2], aside[2], faster[2];
};

static struct centre find_centre(const struct bp_world *w, double *before)
{
    const mjModel *m = w->physics.model;
    const mjData *d = w->physics.data;
    const mjtNum *centre = d->subtree_com + 3 * w->body.root;
    const char *const feet[] = {"effector-left-foot", "effector-right-foot"};
    struct bp_frame frame = bp_body_frame(&w->body, d);
    struct centre found;
    double vector[3];
    float seen[3];

    for (int i = 0; i < 2; i++) {
        mju_sub3(vector, centre, d->site_xpos + 3 * mj_name2id(m, mjOBJ_SITE, feet[i]));
        bp_frame_turn(&frame, vector, seen);
        found.ahead[i] = (double)seen[0];
        found.aside[i] = (double)seen[1];
    }
    mju_sub3(vector, centre, before);
    bp_frame_turn(&frame, vector, seen);
    for (int k = 0; k < 2; k++)
        found.faster[k] = (double)seen[k] / bp_physics_control_step(&w->physics);
    mju_copy3(before, centre);
    return found;
}

static const char *joint_name(const mjModel *m, int actuator)
{
    return m->names + m->name_jntadr[m->actuator_trnid[2 * actuator]];
}

static double angle(const struct bp_world *w, int actuator)
{
    return w->physics.data->qpos[w->physics.model->jnt_qposadr[w->physics.model->actuator_trnid[2 * actuator]]];
}

/* All joints are held straight; the ankles push the centre of mass to its place above the feet: N m for each m, and for each m/s. */
static void balance(const struct bp_world *w, double *before, float *action)
{
    const mjModel *m = w->physics.model;
    struct centre centre = find_centre(w, before);
    double torque = -600 * ((centre.ahead[0] + centre.ahead[1]) / 2 + 0.035) - 120 * centre.faster[0];

    for (int k = 0; k < m->nu; k++)
        action[k] = (float)(strstr(joint_name(m, k), "ankle-swing") ? torque / m->actuator_gear[6 * k] : -3 * angle(w, k));
}

/*
 * Steps at 2.15 Hz: a leg is lifted, and set down to where the centre of mass goes; the ankle of the leg that stands balances. The body leans
 * from leg to leg. Found by random search.
 */
static void walk(const struct bp_world *w, int t, double *before, float *action)
{
    const mjModel *m = w->physics.model;
    struct centre c = find_centre(w, before);
    double phase = 2 * M_PI * 2.15 * 0.03 * t, ramp = fmin(1, t / 30.0), lean = -0.09 * ramp * sin(phase - 0.7);

    for (int k = 0; k < m->nu; k++) {
        const char *name = joint_name(m, k);
        int right = strstr(name, "right") != NULL, other = !right;
        double side = right ? -1 : 1, wave = ramp * (right ? 1 : -1) * sin(phase), lifted = fmax(0, wave), want = 0;
        double over = -wave > 0.05 ? c.ahead[right] : (c.ahead[0] + c.ahead[1]) / 2, strength = 3;
        if (strstr(name, "hip-swing")) {
            want = lifted * (0.31 - 0.3 * (c.ahead[other] - 0.03) + 0.5 * c.faster[0]);
        } else if (strstr(name, "knee")) {
            want = 0.45 * lifted;
        } else if (strstr(name, "hip-out")) {
            want = side * ((lifted > 0 ? 1.8 * c.aside[other] + c.faster[1] : 0) - lean);
            strength = 4;
        } else if (strstr(name, "ankle-roll")) {
            want = side * lean;
        } else if (strstr(name, "ankle-swing")) {
            want = 0.9 * lifted;
        }
        bool stands = strstr(name, "ankle-swing") && lifted <= 0.05;
        action[k] = (float)(stands ? (-230 * (over + 0.03) - 130 * c.faster[0]) / m->actuator_gear[6 * k] : strength * (want - angle(w, k)));
    }
}

/* The whole of an episode, 12 s, whatever way they look, also after a push of 0.2 m/s from any side; limp they are down in 2 s. */
static void the_humanoids_stand(void **state)
{
    const char *const bodies[] = {"humanoid", "humanoid23"};

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int trial = 0; trial < 7; trial++) {
            struct bp_world w;
            float action[32] = {0};
            double before[3], strength = 0;
            bool limp = trial == 6;
            int t = 0;
            load(&w, &plane, bodies[i], 0);
            bp_world_put_body(&w, 0, 0, trial);
            w.physics.data->qvel[0] = trial && !limp ? 0.2 * cos(1.2 * trial) : 0;
            w.physics.data->qvel[1] = trial && !limp ? 0.2 * sin(1.2 * trial) : 0;
            bp_world_settle(&w);
            mju_copy3(before, w.physics.data->subtree_com + 3 * w.body.root);
            for (; t < 400 && bp_world_root(&w)[2] > 0.9 * w.body.height; t++) {
                if (!limp)
                    balance(&w, before, action);
                for (int k = 0; k < w.physics.model->nu; k++)
                    strength = fmax(strength, fabs((double)action[k]));
                assert_true(bp_world_step(&w, action));
            }
            print_message("%s: stands for %.2f s%s, largest action %.2f\n", bodies[i], t * bp_physics_control_step(&w.physics),
                          limp ? ", limp" : "", strength);
            assert_true(limp ? t < 67 : t == 400 && upright(&w) > 0.95);
            bp_world_free(&w);
        }
}

/* Lifted by 3 cm and put down again is a step; state: one bit a foot that is up. */
static int steps_of(const struct bp_world *w, int *up)
{
    const char *const feet[] = {"effector-left-foot", "effector-right-foot"};
    int steps = 0;

    for (int i = 0; i < 2; i++) {
        double height = w->physics.data->site_xpos[3 * mj_name2id(w->physics.model, mjOBJ_SITE, feet[i]) + 2];
        if (height > 0.03)
            *up |= 1 << i;
        if (height < 0.015 && *up & 1 << i) {
            *up &= ~(1 << i);
            steps++;
        }
    }
    return steps;
}

/* Some steps forward on their feet within 3.3 s, whichever way they are pushed a little. It is no steady gait: they may fall later. */
static void the_humanoids_take_steps(void **state)
{
    const char *const bodies[] = {"humanoid", "humanoid23"};

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int trial = -1; trial <= 1; trial++) {
            struct bp_world w;
            float action[32] = {0};
            double before[3];
            int up = 0, steps = 0;
            load(&w, &plane, bodies[i], 0);
            w.physics.data->qvel[1] = 0.03 * trial;
            bp_world_settle(&w);
            mju_copy3(before, w.physics.data->subtree_com + 3 * w.body.root);
            for (int t = 0; t < 110; t++) {
                walk(&w, t, before, action);
                assert_true(bp_world_step(&w, action));
                steps += steps_of(&w, &up);
                assert_true(bp_world_root(&w)[2] > 0.9 * w.body.height);
            }
            print_message("%s: %d steps, %.2f m in 3.3 s\n", bodies[i], steps, bp_world_root(&w)[0]);
            assert_true(steps >= 6 && bp_world_root(&w)[0] > 0.5);
            bp_world_free(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_trot_across_the_arena),
        cmocka_unit_test(they_push_a_box),
        cmocka_unit_test(the_ant_leaps_a_gap),
        cmocka_unit_test(exploring_keeps_them_on_their_feet),
        cmocka_unit_test(the_humanoids_jump),
        cmocka_unit_test(the_humanoids_stand),
        cmocka_unit_test(the_humanoids_take_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
