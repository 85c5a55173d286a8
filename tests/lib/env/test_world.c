#include "env/world.h"

#include "../base/check.h"
#include "../store/support.h"

static const struct bp_world_spec arena = {.size = 3, .for_body = true, .boxes = 2, .box_edge = 0.5, .box_mass = 2, .targets = 3, .target_size = 0.5};
static const struct bp_world_spec corridor = {.corridor = 4};
static const char *const bodies[] = {"ball", "ant", "quadruped"};
enum { BODIES = sizeof bodies / sizeof *bodies };

static struct bp_world worlds[BODIES];
static gsl_rng *stream;

static int load_all(void **state)
{
    (void)state;
    setenv("BP_SHARE", "share", 0);
    stream = bp_random_new();
    for (int i = 0; i < BODIES; i++)
        if (bp_world_load(&worlds[i], &arena, bodies[i]))
            return -1;
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (int i = 0; i < BODIES; i++)
        bp_world_free(&worlds[i]);
    bp_world_free(&worlds[0]);          /* twice is fine */
    gsl_rng_free(stream);
    return 0;
}

static void start(struct bp_world *world, uint64_t seed)
{
    bp_random_seek(stream, seed, BP_FOR_TEST, 0, 0);
    bp_world_reset(world, stream);
    bp_world_settle(world);
}

static double apart(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]);
}

/* Inside the walls and clear of each other, all over the arena, turned any way; and nothing touches but the floor. */
static void things_are_placed_apart(void **state)
{
    (void)state;
    for (int i = 0; i < BODIES; i++) {
        struct bp_world *w = &worlds[i];
        double farthest = 0, quadrants[4] = {0}, scale = i ? 5 / 3.0 : 1, radius = w->body.radius;
        double half = 1.5 * scale, box = 0.5 * scale / M_SQRT2, target = 0.25 * scale * M_SQRT2;      /* ant and quadruped ask for 5 x 5 m */
        const mjModel *m = w->physics.model;
        assert_close(m->geom_pos[3 * mj_name2id(m, mjOBJ_GEOM, "world/wall-east")], half, 1e-9);
        assert_close(m->geom_size[3 * mj_name2id(m, mjOBJ_GEOM, "world/box1")], 0.25 * scale, 1e-6);
        for (uint64_t seed = 0; seed < 400; seed++) {
            start(w, seed);
            const double *root = bp_world_root(w);
            struct bp_frame frame = bp_body_frame(&w->body, w->physics.data);
            farthest = fmax(farthest, fabs(root[0]));
            quadrants[2 * (frame.cosine > 0) + (frame.sine > 0)]++;
            assert_true(fabs(root[0]) <= half - radius + 1e-9 && fabs(root[1]) <= half - radius + 1e-9);
            assert_true(apart(bp_world_box(w, 0), bp_world_box(w, 1)) >= 2 * box - 1e-9);
            for (int b = 0; b < 2; b++)
                assert_true(apart(root, bp_world_box(w, b)) >= radius + box - 1e-9);
            for (int t = 0; t < 3; t++) {
                const double *at = w->state.target[t];
                assert_true(fabs(at[0]) <= half - target + 1e-9 && fabs(at[1]) <= half - target + 1e-9);
                assert_true(apart(root, at) >= radius + target - 1e-9);
                assert_true(apart(at, bp_world_box(w, 0)) >= box + target - 1e-9);
                for (int other = 0; other < t; other++)
                    assert_true(apart(at, w->state.target[other]) >= 2 * target - 1e-9);
            }
            for (int c = 0; c < w->physics.data->ncon; c++)             /* geom 0 is what the world adds first, its floor */
                assert_true(w->physics.data->contact[c].dist > -0.02);
            assert_false(bp_world_boxes_touch(w));
        }
        assert_true(farthest > 0.9 * (half - radius));
        for (int q = 0; q < 4; q++)
            assert_true(quadrants[q] > 60);
    }
}

/* A seed decides it, whatever was before. */
static void a_seed_decides_the_start(void **state)
{
    struct bp_world *w = &worlds[1];
    mjtNum qpos[64];
    float action[32] = {1, 1, 1};

    (void)state;
    start(w, 7);
    memcpy(qpos, w->physics.data->qpos, (size_t)w->physics.model->nq * sizeof *qpos);
    for (int t = 0; t < 30; t++)
        bp_world_step(w, action);
    start(w, 8);
    assert_memory_not_equal(qpos, w->physics.data->qpos, (size_t)w->physics.model->nq * sizeof *qpos);
    start(w, 7);
    assert_memory_equal(qpos, w->physics.data->qpos, (size_t)w->physics.model->nq * sizeof *qpos);
}

/* Seen from the body: forward is x, left is y, whatever way it is turned. */
static void what_is_seen(void **state)
{
    struct bp_world *w = &worlds[0];
    float o[64];

    (void)state;
    start(w, 1);
    bp_world_put_body(w, 1, -0.5, M_PI / 2);                            /* looks along y */
    bp_world_put_box(w, 0, 1, 0.7, M_PI / 4);
    w->state.target[0][0] = 0.6;
    w->state.target[0][1] = -0.5;
    bp_world_settle(w);
    assert_ptr_equal(bp_world_see_targets(w, o), o + 6);
    assert_close(o[0], 0, 1e-6);
    assert_close(o[1], 0.4, 1e-6);                                      /* to its left */
    assert_ptr_equal(bp_world_see_boxes(w, o), o + 18);
    const double box[9] = {1.2, 0, 0.255 - 0.155, M_SQRT1_2, -M_SQRT1_2, 0, 0, 0, 1};
    for (int k = 0; k < 9; k++)
        assert_close(o[k], box[k], 1e-6);
}

/* Seen from above: where things were put, and turned; and what the body sees of the targets is that, seen from its pose. */
static void where_things_are(void **state)
{
    (void)state;
    for (int i = 0; i < BODIES; i++) {
        struct bp_world *w = &worlds[i];
        float pose[3], target[6], box[6], seen[6];
        start(w, 3);
        bp_world_put_body(w, 0.3, -0.4, 0.7);
        bp_world_put_box(w, 1, -1, 0.5, -0.2);
        bp_world_settle(w);
        bp_world_places(w, pose, target, box);
        bp_world_see_targets(w, seen);
        assert_close(pose[0], 0.3, 1e-6);
        assert_close(pose[1], -0.4, 1e-6);
        assert_close(pose[2], 0.7, 1e-6);
        assert_close(box[3], -1, 1e-6);
        assert_close(box[4], 0.5, 1e-6);
        assert_close(box[5], -0.2, 1e-6);
        for (int t = 0; t < 3; t++) {
            double x = (double)target[2 * t] - (double)pose[0], y = (double)target[2 * t + 1] - (double)pose[1], c = cos((double)pose[2]), s = sin((double)pose[2]);
            assert_close(seen[2 * t], c * x + s * y, 1e-5);
            assert_close(seen[2 * t + 1], c * y - s * x, 1e-5);
        }
    }
}

static void within_a_target(void **state)
{
    struct bp_world *w = &worlds[0];
    const double in[] = {0.449, 0.249}, out[] = {0.451, 0}, corner[] = {-0.049, -0.249};
    struct bp_world_spec round = arena;

    (void)state;
    start(w, 1);
    w->state.target[1][0] = 0.2;
    w->state.target[1][1] = 0;
    assert_true(bp_world_within(w, in, 1) && bp_world_within(w, corner, 1));
    assert_false(bp_world_within(w, out, 1));
    round.target_round = true;
    w->spec = &round;
    assert_false(bp_world_within(w, in, 1));
    w->spec = &arena;
}

static void boxes_touch(void **state)
{
    struct bp_world *w = &worlds[0];

    (void)state;
    start(w, 1);
    bp_world_put_body(w, -1, -1, 0);
    bp_world_put_box(w, 0, 0, 0, 0);
    bp_world_put_box(w, 1, 0.51, 0, 0);
    bp_world_settle(w);
    assert_false(bp_world_boxes_touch(w));
    bp_world_put_box(w, 1, 0.4995, 0, 0);
    bp_world_settle(w);
    assert_true(bp_world_boxes_touch(w));
}

/* Walls stop a ball at full speed; the box that it pushes slides along. */
static void pushing(void **state)
{
    struct bp_world *w = &worlds[0];
    const float action[2] = {1, 0};

    (void)state;
    start(w, 1);
    bp_world_put_body(w, -1.2, 0, 0);
    bp_world_put_box(w, 0, -0.4, 0, 0);
    bp_world_put_box(w, 1, 0, 1.2, 0);
    bp_world_settle(w);
    for (int t = 0; t < 100; t++)
        assert_true(bp_world_step(w, action));
    assert_close(bp_world_box(w, 0)[0], 1.25, 0.03);                    /* against the east wall */
    assert_close(bp_world_box(w, 0)[2], 0.25, 0.01);
    bp_world_put_box(w, 0, 0, -1.2, 0);
    bp_world_put_body(w, 0.5, 0.5, 0);
    bp_world_settle(w);
    for (int t = 0; t < 100; t++)
        assert_true(bp_world_step(w, action));
    assert_close(bp_world_root(w)[0], 1.35, 0.02);
}

/* Restored, another world goes on to the same bits. */
static void saved_worlds_go_on(void **state)
{
    (void)state;
    for (int i = 0; i < BODIES; i++) {
        struct bp_world other, *w = &worlds[i];
        assert_int_equal(bp_world_load(&other, &arena, bodies[i]), 0);
        size_t size = bp_world_state_size(w);
        char *bytes = malloc(size + 1);
        float a[32], p[256], q[256];
        bytes[size] = '#';
        start(w, 3);
        start(&other, 4);
        for (int t = 0; t < 120; t++) {
            fill_normal(a, w->physics.model->nu, (uint64_t)t);
            if (t == 60) {
                bp_world_save(w, bytes);
                assert_true(bytes[size] == '#');
                assert_int_equal(bp_world_restore(&other, bytes), 0);
                assert_memory_equal(&w->state, &other.state, sizeof other.state);
            }
            bp_body_mark(&w->body, &w->physics);
            bp_body_mark(&other.body, &other.physics);
            bp_world_step(w, a);
            bp_world_step(&other, a);
            if (t >= 60) {
                bp_body_proprio(&w->body, &w->physics, p);
                bp_body_proprio(&other.body, &other.physics, q);
                assert_memory_equal(p, q, (size_t)bp_body_proprio_size(&w->body) * sizeof *p);
                assert_memory_equal(w->physics.data->qpos, other.physics.data->qpos, (size_t)w->physics.model->nq * sizeof(mjtNum));
            }
        }
        free(bytes);
        bp_world_free(&other);
    }
}

/* The floor ends at the gap and goes on beyond it: standing on either side, falling between. */
static void the_gap(void **state)
{
    static const double x[] = {0, 4.1, 6.4}, length = 2.2;
    struct bp_world w;
    float nothing[8] = {0};

    (void)state;
    assert_int_equal(bp_world_load(&w, &corridor, "ant"), 0);
    for (int i = 0; i < 3; i++) {
        start(&w, 1);
        assert_true(bp_world_root(&w)[0] == 0 && bp_world_root(&w)[1] == 0);
        bp_world_set_gap(&w, length);
        bp_world_put_body(&w, x[i], 0, 0);
        bp_world_settle(&w);
        for (int t = 0; t < 40; t++)
            assert_true(bp_world_step(&w, nothing));
        if (i == 1)
            assert_true(bp_world_root(&w)[2] < -2);
        else
            assert_close(bp_world_root(&w)[2], w.body.height, 0.05);
    }
    bp_world_free(&w);
}

static int load_into_a_small_arena(void *context)
{
    static const struct bp_world_spec small = {.size = 1, .targets = 3, .target_size = 0.5};
    struct bp_world w;

    return bp_world_load(&w, &small, context);
}

static void no_room(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(load_into_a_small_arena, "ant", false, said), BP_USAGE);
    assert_said(said, "too large");
}

/* Contacts or constraints that find no room leave finite numbers of another simulation: that counts as diverged, until there is room. */
static void lost_contacts_are_noticed(void **state)
{
    struct bp_world *w = &worlds[1];
    int *const sizes[] = {&w->physics.model->nconmax, &w->physics.model->njmax};
    const float action[32] = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        int size = *sizes[i];
        start(w, 5);
        for (int t = 0; t < 5; t++)
            assert_true(bp_world_step(w, action));
        assert_true(w->physics.data->ncon > 1 && w->physics.data->nefc > 1);    /* its feet on the floor */
        *sizes[i] = 1;
        assert_false(bp_world_step(w, action));
        *sizes[i] = size;
        assert_true(isfinite(bp_world_root(w)[2]));
        start(w, 5);
        assert_true(bp_world_step(w, action));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_room),
        cmocka_unit_test(things_are_placed_apart),
        cmocka_unit_test(a_seed_decides_the_start),
        cmocka_unit_test(what_is_seen),
        cmocka_unit_test(where_things_are),
        cmocka_unit_test(within_a_target),
        cmocka_unit_test(boxes_touch),
        cmocka_unit_test(pushing),
        cmocka_unit_test(saved_worlds_go_on),
        cmocka_unit_test(the_gap),
        cmocka_unit_test(lost_contacts_are_noticed),
    };

    return cmocka_run_group_tests(tests, load_all, free_all);
}
