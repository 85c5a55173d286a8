#include "env/model_cache.h"
#include "env/physics.h"

#include "../base/check.h"
#include "../store/support.h"

/* A slide of so many joints. */
static void write_body(const char *path, int joints)
{
    static const char *const axes[] = {"1 0 0", "0 1 0", "0 0 1"};
    char text[1024];
    int used = sprintf(text, "<mujoco><worldbody><body><geom size=\"0.1\"/>");

    for (int i = 0; i < joints; i++)
        used += sprintf(text + used, "<joint type=\"slide\" axis=\"%s\"/>", axes[i]);
    used += sprintf(text + used, "</body></worldbody></mujoco>");
    write_file(path, text, (size_t)used);
}

static struct bp_physics load(const char *path)
{
    struct bp_physics physics;

    assert_int_equal(bp_physics_load(&physics, path, NULL, true), 0);
    return physics;
}

/* While one is in use the others are copies of it, each its own; after the last the file is read again. */
static void compiled_once_while_in_use(void **state)
{
    char *path = in_directory("body.xml");
    struct bp_physics first, second, third;

    (void)state;
    write_body(path, 1);
    first = load(path);
    write_body(path, 2);
    second = load(path);
    assert_int_equal(second.model->nq, 1);
    assert_ptr_not_equal(first.model, second.model);
    second.model->opt.gravity[2] = 5;
    assert_true(first.model->opt.gravity[2] != 5);
    bp_physics_free(&first);
    third = load(path);
    assert_int_equal(third.model->nq, 1);
    assert_true(third.model->opt.gravity[2] != 5);
    bp_physics_free(&third);
    bp_physics_free(&second);
    first = load(path);
    assert_int_equal(first.model->nq, 2);
    bp_physics_free(&first);
}

/* The same file in another text is another model. */
static void by_all_that_it_is_made_of(void **state)
{
    char *path = in_directory("body.xml");
    struct bp_physics plain, within;

    (void)state;
    write_body(path, 3);
    plain = load(path);
    assert_int_equal(bp_physics_load(&within, path, "<mujoco><include file=\"body.xml\"/><worldbody><body><freejoint/><geom size=\"1\"/></body></worldbody></mujoco>", true), 0);
    assert_int_equal(plain.model->nq, 3);
    assert_int_equal(within.model->nq, 3 + 7);
    bp_physics_free(&plain);
    bp_physics_free(&within);
    bp_model_cache_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compiled_once_while_in_use, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(by_all_that_it_is_made_of, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
