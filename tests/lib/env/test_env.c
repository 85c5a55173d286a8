#include "env/env.h"

#include "../store/support.h"
#include "nav_player.h"

static int open_unknown_task(void *context)
{
    struct bp_env *env = bp_env_open("nav-harder", context);

    return env ? 0 : -1;
}

static int open_unknown_body(void *context)
{
    struct bp_env *env = bp_env_open("nav-hard", context);

    return env ? 0 : -1;
}

static int open_without_files(void *context)
{
    (void)context;
    setenv("BP_SHARE", "/nonexistent", 1);
    if (chdir("/"))
        return 0;
    struct bp_env *env = bp_env_open("nav-hard", NULL);
    return env ? 0 : -1;
}

static void what_is_not_there_is_refused(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(open_unknown_task, NULL, false, said), BP_USAGE);
    assert_said(said, "'nav-harder'");
    assert_said(said, "nav-easy, nav-hard");
    assert_int_equal(run_action(open_unknown_body, "centaur", false, said), BP_USAGE);
    assert_said(said, "'centaur'");
    assert_int_equal(run_action(open_without_files, NULL, false, said), BP_USAGE);
    assert_said(said, "bodies/pointmass.xml");
}

static void the_table_of_tasks(void **state)
{
    (void)state;
    for (int i = 0; bp_tasks[i]; i++) {
        assert_string_equal(bp_task_name(i), bp_tasks[i]->name);
        assert_ptr_equal(bp_task_find(bp_tasks[i]->name), bp_tasks[i]);
        assert_non_null(bp_tasks[i]->help);
        assert_non_null(bp_tasks[i]->bodies[0]);
    }
    assert_null(bp_task_find("nav"));
    assert_non_null(bp_task_find("nav-easy"));
    assert_non_null(bp_task_find("nav-hard"));
    int count = 0;
    while (bp_task_name(count))
        count++;
    assert_null(bp_tasks[count]);
}

/* Every task opens on every body that it takes, the first when none is asked for, and tells what it is. */
static void every_task_opens(void **state)
{
    (void)state;
    setenv("BP_SHARE", "share", 0);
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = -1; b < 0 || bp_tasks[i]->bodies[b]; b++) {
            const char *body = b < 0 ? NULL : bp_tasks[i]->bodies[b];
            struct bp_env *env = bp_env_open(bp_tasks[i]->name, body);
            assert_non_null(env);
            assert_string_equal(env->spec.task, bp_tasks[i]->name);
            assert_int_equal(env->spec.action.kind, bp_tasks[i]->actions);
            assert_string_equal(env->spec.body, body ? body : bp_tasks[i]->bodies[0]);
            assert_true(env->spec.groups.count > 0 && env->spec.action.size > 0 && env->spec.time_limit > 0 && env->spec.state_size > 0);
            bp_env_close(env);
        }
    bp_env_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(the_table_of_tasks),
        cmocka_unit_test(every_task_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
