#include "env/mj_memory.h"

#include "env/env.h"
#include "env/world.h"

#include "../base/check.h"

#include <sys/mman.h>
#include <unistd.h>

/* Room as a model of its own has it after loading, by MJCF text. */
static void room_of(const char *text, int *contacts, int *constraints)
{
    struct bp_physics physics;
    char path[4096];

    assert_int_equal(bp_body_path("pointmass", path, sizeof path), 0);
    assert_int_equal(bp_physics_load(&physics, path, text, true), 0);
    *contacts = physics.model->nconmax;
    *constraints = physics.model->njmax;
    bp_physics_free(&physics);
}

#define MODEL(shapes) "<mujoco><worldbody><geom type=\"plane\" size=\"1 1 1\"/>" shapes "</worldbody></mujoco>"
#define FREE(attributes) "<body pos=\"0 0 1\"><freejoint/><geom size=\".1 .1 .1\" " attributes "/></body>"

/* Contacts of each pair times its rows, and two for the joint, six for its degrees of freedom. */
static void counted_by_hand(void **state)
{
    static const struct { const char *text; int contacts, constraints; } row[] = {
        {MODEL(FREE("type=\"sphere\"")), 1, 4 + 8},
        {MODEL(FREE("type=\"sphere\" condim=\"1\"")), 1, 4 + 8},            /* the plane's three dimensions count */
        {MODEL(FREE("type=\"sphere\" condim=\"6\"")), 1, 10 + 8},
        {MODEL(FREE("type=\"capsule\"")), 2, 8 + 8},
        {MODEL(FREE("type=\"box\"")), 4, 16 + 8},
        {MODEL(FREE("type=\"sphere\" contype=\"0\" conaffinity=\"0\"")), 1, 8},
        {MODEL(FREE("type=\"sphere\"") FREE("type=\"capsule\"")), 1 + 2 + 1, 4 * 4 + 16},
        {MODEL(FREE("type=\"ellipsoid\"")), 50, 200 + 8},                   /* a pair without a number of its own */
        {"<mujoco><size nconmax=\"1\" njmax=\"3\"/><worldbody><geom type=\"plane\" size=\"1 1 1\"/>" FREE("type=\"box\"") "</worldbody></mujoco>", 1, 3},
    };

    (void)state;
    setenv("BP_SHARE", "share", 0);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int contacts, constraints;
        room_of(row[i].text, &contacts, &constraints);
        assert_int_equal(contacts, row[i].contacts);
        assert_int_equal(constraints, row[i].constraints);
    }
}

/* Where the room was lowered, nothing is ever missing: the ball runs into walls and its box for some episodes. */
static void never_full(void **state)
{
    struct bp_env *env = bp_env_open("push-1b1t", "ball");
    float observation[256], action[2];
    struct bp_step step;
    int most = 0;

    (void)state;
    assert_non_null(env);
    assert_true(env->world->physics.model->nconmax < 100);
    for (uint64_t seed = 0; seed < 20; seed++) {
        bp_env_reset(env, seed, observation);
        action[1] = (float)(seed % 5) * 0.01f;
        for (int t = 0; t < 200; t++) {
            action[0] = t % 40 < 30 ? 1 : -1;
            bp_env_step(env, action, observation, &step);
            const mjData *d = env->world->physics.data;
            assert_int_equal(d->warning[mjWARN_CONTACTFULL].number + d->warning[mjWARN_CNSTRFULL].number, 0);
            most = d->ncon > most ? d->ncon : most;
        }
    }
    assert_true(most >= 5);
    bp_env_close(env);
}

/* Of the ant's megabytes an episode touches less than a fifth. */
static void little_is_resident(void **state)
{
    struct bp_env *env = bp_env_open("goto", "ant");
    float observation[256], action[8] = {1, -1, 1, -1, 1, -1, 1, -1};
    size_t page = (size_t)sysconf(_SC_PAGESIZE), resident = 0;
    static unsigned char in_memory[4096];
    struct bp_step step;

    (void)state;
    assert_non_null(env);
    const mjData *d = env->world->physics.data;
    bp_env_reset(env, 1, observation);
    for (int t = 0; t < 100; t++)
        bp_env_step(env, action, observation, &step);
    char *first = (char *)d->buffer + (-(uintptr_t)d->buffer % page);
    size_t pages = ((size_t)d->nbuffer - page) / page;
    assert_true(d->nbuffer > 1000000 && pages <= sizeof in_memory);
    assert_int_equal(mincore(first, pages * page, in_memory), 0);
    for (size_t i = 0; i < pages; i++)
        resident += in_memory[i] & 1;
    assert_in_range(resident, 1, pages / 5);
    bp_env_close(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counted_by_hand), cmocka_unit_test(never_full), cmocka_unit_test(little_is_resident)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
