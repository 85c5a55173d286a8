#include "env/goto.h"

#include "env/world.h"

#include "../base/check.h"
#include "../store/support.h"

enum { LIMIT = 400 };

static struct bp_env *open_goto(const char *body)
{
    setenv("BP_SHARE", "share", 0);
    struct bp_env *env = bp_env_open("goto", body);
    assert_non_null(env);
    return env;
}

static const float *see(const struct bp_env *env, const float *observation, const char *group)
{
    const struct bp_group *found = bp_groups_find(&env->spec.groups, group);

    assert_non_null(found);
    return observation + found->offset;
}

static int goal(const struct bp_env *env, const float *o)
{
    const float *cue = see(env, o, "goal");

    assert_true(cue[0] + cue[1] + cue[2] == 1);
    return cue[0] == 1 ? 0 : cue[1] == 1 ? 1 : 2;
}

/* Turn towards target i, and go when it is ahead: from what the networks see. */
static void steer(const struct bp_env *env, const float *o, int i, float *action)
{
    const float *to = see(env, o, "targets") + 2 * i;
    float bearing = atan2f(to[1], to[0]);

    action[1] = 3 * bearing;
    action[0] = fabsf(bearing) < 0.5f ? 1 : 0;
}

static void groups(void **state)
{
    static const int proprio[] = {38, 10, 46};
    const char *const bodies[] = {NULL, "ball", "quadruped"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_env *env = open_goto(bodies[i]);
        char text[128];
        assert_string_equal(bp_groups_text(&env->spec.groups, text, sizeof text), "proprio,targets,goal");
        assert_int_equal(bp_groups_find(&env->spec.groups, "proprio")->size, proprio[i]);
        assert_int_equal(bp_groups_find(&env->spec.groups, "targets")->size, 6);
        assert_int_equal(bp_groups_find(&env->spec.groups, "goal")->size, 3);
        assert_int_equal(env->spec.time_limit, LIMIT);
        bp_env_close(env);
    }
}

/* A ball that steers by what it sees earns 60 in every episode, within 15 s; on the way other targets are told and earn nothing. */
static void the_named_target_earns_60(void **state)
{
    struct bp_env *env = open_goto("ball");
    float o[64], action[2];
    int others = 0, goals[3] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct bp_step step = {.event = -1};
        bp_env_reset(env, seed, o);
        int wanted = goal(env, o), t = 0;
        goals[wanted]++;
        while (!step.terminated) {
            steer(env, o, wanted, action);
            bp_env_step(env, action, o, &step);
            assert_true(++t < 300);
            assert_true(step.reward == (step.terminated ? 60 : 0));
            assert_int_equal(step.terminated, step.event == wanted);
            others += step.event >= 0 && step.event != wanted;
            assert_false(step.truncated || step.diverged);
        }
        const double *at = env->world->state.target[wanted], *root = bp_world_root(env->world);
        assert_true(fabs(at[0] - root[0]) <= 0.25 && fabs(at[1] - root[1]) <= 0.25);
    }
    assert_true(others > 0);
    for (int i = 0; i < 3; i++)
        assert_true(goals[i] >= 10);
    bp_env_close(env);
}

/* Staying in a target is one event; its neighbour's is another. */
static void time_runs_out(void **state)
{
    struct bp_env *env = open_goto("ball");
    float o[64], action[2];
    struct bp_step step;
    int events = 0;

    (void)state;
    bp_env_reset(env, 11, o);
    int wrong = (goal(env, o) + 1) % 3;
    for (int t = 1; t <= LIMIT; t++) {
        steer(env, o, wrong, action);
        bp_env_step(env, action, o, &step);
        events += step.event == wrong;
        assert_true(step.reward == 0 && !step.terminated);
        assert_int_equal(step.truncated, t == LIMIT);
    }
    assert_int_equal(events, 1);
    bp_env_close(env);
}

/* Restored, another environment goes on to the same bytes. */
static void restored_episodes_go_on(void **state)
{
    const char *const bodies[] = {"ball", "ant", "quadruped"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_env *first = open_goto(bodies[i]), *second = open_goto(bodies[i]);
        size_t size = first->spec.state_size;
        unsigned char *bytes = malloc(size);
        float a[64] = {0}, b[64], action[16];
        struct bp_step x, y;
        bp_env_reset(first, 5, a);
        bp_env_reset(second, 6, b);
        for (int t = 0; t < LIMIT; t++) {
            fill_normal(action, first->spec.action.size, (uint64_t)t);
            if (t == 150) {
                bp_env_save(first, bytes);
                assert_true(bp_env_restore(second, bytes) >= 0);
            }
            bp_env_step(first, action, a, &x);
            if (t >= 150) {
                bp_env_step(second, action, b, &y);
                assert_memory_equal(a, b, (size_t)first->spec.groups.size * sizeof *a);
                assert_true(x.reward == y.reward && x.event == y.event && x.truncated == y.truncated && x.terminated == y.terminated);
            }
            if (x.terminated)
                break;
        }
        free(bytes);
        bp_env_close(first);
        bp_env_close(second);
    }
}

/* No numbers end an episode as diverged, and nothing of it stays. */
static void divergence(void **state)
{
    struct bp_env *env = open_goto("ant");
    float a[64], b[64], action[8] = {NAN};
    struct bp_step step;

    (void)state;
    bp_env_reset(env, 3, a);
    bp_env_step(env, action, b, &step);
    assert_true(step.diverged && step.truncated && !step.terminated && step.reward == 0 && step.event == -1);
    for (int k = 0; k < env->spec.groups.size; k++)
        assert_true(isfinite(b[k]));
    bp_env_reset(env, 3, b);
    assert_memory_equal(a, b, (size_t)env->spec.groups.size * sizeof *a);
    bp_env_close(env);
}

static int open_on_a_pointmass(void *context)
{
    struct bp_env *env = bp_env_open("goto", context);

    return env ? 0 : -1;
}

static void bodies_that_it_does_not_take(void **state)
{
    char said[1024];

    (void)state;
    setenv("BP_SHARE", "share", 0);
    assert_int_equal(run_action(open_on_a_pointmass, "pointmass", false, said), BP_USAGE);
    assert_said(said, "pointmass");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_it_does_not_take),
        cmocka_unit_test(groups),
        cmocka_unit_test(the_named_target_earns_60),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(restored_episodes_go_on),
        cmocka_unit_test(divergence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
