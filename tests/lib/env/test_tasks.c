/* What holds for every task on every body, and what each task pays: bodies and boxes are put where it matters. */
#include "env/task.h"

#include "../base/check.h"
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 256, MOST_ACTIONS = 32 };

static int share(void **state)
{
    (void)state;
    return setenv("BP_SHARE", "share", 0);
}

/* Calls check for every task and body. */
static void each(void (*check)(struct bp_env *env))
{
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = 0; bp_tasks[i]->bodies[b]; b++) {
            struct bp_env *env = bp_env_open(bp_tasks[i]->name, bp_tasks[i]->bodies[b]);
            assert_non_null(env);
            assert_true(env->spec.groups.size <= MOST && env->spec.action.size <= MOST_ACTIONS);
            check(env);
            bp_env_close(env);
        }
}

static void draw(gsl_rng *stream, float *action, int n)
{
    for (int k = 0; k < n; k++)
        action[k] = (float)(2 * gsl_rng_uniform(stream) - 1);
}

/* Random play to the end of an episode, or `most` steps of it: all numbers finite, ends and rewards as the contract has them. */
static double play(struct bp_env *env, uint64_t seed, int most, double *rewards)
{
    float o[MOST], action[MOST_ACTIONS];
    struct bp_step step = {0};
    gsl_rng *stream = bp_random_new();
    double sum = 0;

    bp_random_seek(stream, seed, BP_FOR_TEST, 7, 0);
    bp_env_reset(env, seed, o);
    for (int t = 1; t <= most && !step.terminated && !step.truncated; t++) {
        draw(stream, action, env->spec.action.size);
        bp_env_step(env, action, o, &step);
        assert_false(step.diverged);
        assert_true(step.event >= -1 && isfinite(step.reward));
        assert_int_equal(step.truncated, t == env->spec.time_limit && !step.terminated);
        for (int i = 0; i < env->spec.groups.size; i++) {
            assert_true(isfinite(o[i]) && fabsf(o[i]) < 200);
            sum += (double)o[i] * (1 + i);
        }
        *rewards += (double)step.reward;
    }
    gsl_rng_free(stream);
    return sum;
}

static void random_play(struct bp_env *env)
{
    double first = 0, again = 0;

    assert_true(play(env, 3, 60, &first) == play(env, 3, 60, &again));
    assert_true(first == again);
    play(env, 4, 400, &again);
}

static void random_play_of_all(void **state)
{
    (void)state;
    each(random_play);
}

static void restored(struct bp_env *env)
{
    float o[MOST], other[MOST], action[MOST_ACTIONS];
    struct bp_env *twin = bp_env_open(env->spec.task, env->spec.body);
    gsl_rng *stream = bp_random_new();
    void *kept = malloc(env->spec.state_size);
    struct bp_step a, b;

    bp_random_seek(stream, 1, BP_FOR_TEST, 8, 0);
    bp_env_reset(env, 11, o);
    bp_env_reset(twin, 12, other);
    for (int t = 0; t < 40; t++) {
        draw(stream, action, env->spec.action.size);
        if (t == 15) {
            bp_env_save(env, kept);
            assert_true(bp_env_restore(twin, kept) >= 0);
        }
        bp_env_step(env, action, o, &a);
        bp_env_step(twin, action, other, &b);
        if (t >= 15) {
            assert_memory_equal(o, other, (size_t)env->spec.groups.size * sizeof(float));
            assert_true(a.reward == b.reward && a.event == b.event && a.terminated == b.terminated);
        }
        if (a.terminated || a.truncated)
            break;
    }
    free(kept);
    gsl_rng_free(stream);
    bp_env_close(twin);
}

/*
 * Whatever stands in a file where a state should be: it is refused, or the environment goes on for as long as an episode may. Among what was
 * tried a step that never ends, a goal outside the table, and numbers that no simulation can have.
 */
static void foreign_states(struct bp_env *env)
{
    static const int32_t words[] = {-1, -2, INT32_MIN, INT32_MAX, 4, 100, 375, 400, 401};
    static const double numbers[] = {0.0 / 0.0, 1.0 / 0.0, -1e300, 1e11, 1e9};
    float o[MOST], action[MOST_ACTIONS];
    gsl_rng *stream = bp_random_new();
    size_t size = env->spec.state_size;
    char *kept = malloc(size), *changed = malloc(size);
    struct bp_step step = {0};
    int refused = 0, steps, played = 0;

    bp_random_seek(stream, 2, BP_FOR_TEST, 9, 0);
    bp_env_reset(env, 13, o);
    for (; played < 5 && !step.terminated; played++) {
        draw(stream, action, env->spec.action.size);
        bp_env_step(env, action, o, &step);
    }
    bp_env_save(env, kept);
    assert_int_equal(bp_env_restore(env, kept), played);
    for (int i = 0; i < 150; i++) {
        memcpy(changed, kept, size);
        for (int k = 0; k < 1 + i % 3; k++)
            if (i % 2)
                memcpy(changed + 4 * gsl_rng_uniform_int(stream, i % 4 == 1 && size > 40 ? 10 : size / 4), &words[gsl_rng_uniform_int(stream, 9)], 4);
            else
                memcpy(changed + 8 * gsl_rng_uniform_int(stream, size / 8), &numbers[gsl_rng_uniform_int(stream, 5)], 8);
        steps = bp_env_restore(env, changed);
        refused += steps < 0;
        assert_true(steps <= env->spec.time_limit);
        if (steps < 0 || steps == env->spec.time_limit)
            bp_env_reset(env, 14, o);
        for (int t = 0; t < 3; t++) {
            draw(stream, action, env->spec.action.size);
            bp_env_step(env, action, o, &step);
            assert_true(step.event >= -1 && step.event < 1000);
            if (step.terminated || step.truncated)
                break;
        }
    }
    assert_true(refused > 50 && refused < 150);
    free(kept);
    free(changed);
    gsl_rng_free(stream);
}

static void foreign_states_of_all(void **state)
{
    (void)state;
    each(foreign_states);
}

static void restored_episodes_go_on(void **state)
{
    (void)state;
    each(restored);
}

/* ---- threads ---- */

enum { JOBS = 4, SHORT = 20 };

struct shares {
    struct bp_env *env[JOBS];
    float observation[JOBS][MOST];
    double rewards[JOBS];
};

static void play_share(void *raw, int job)
{
    struct shares *shares = raw;
    struct bp_env *env = shares->env[job];
    float *o = shares->observation[job], action[MOST_ACTIONS];
    struct bp_step step = {0};

    shares->rewards[job] = 0;
    bp_env_reset(env, (uint64_t)(31 + job), o);
    for (int t = 0; t < SHORT && !step.terminated; t++) {
        for (int k = 0; k < env->spec.action.size; k++)
            action[k] = (float)sin(job + 0.7 * t + k);
        bp_env_step(env, action, o, &step);
        shares->rewards[job] += (double)step.reward;
    }
}

/* Environments that threads share out among themselves end in the same bytes for any number of threads. */
static void threads_change_nothing(void **state)
{
    static struct shares by_one, by_more;

    (void)state;
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = 0; bp_tasks[i]->bodies[b]; b++) {
            for (int job = 0; job < JOBS; job++)
                assert_non_null(by_one.env[job] = by_more.env[job] = bp_env_open(bp_tasks[i]->name, bp_tasks[i]->bodies[b]));
            for (int threads = 1; threads <= 3; threads++) {
                struct bp_pool *pool = bp_pool_new(threads);
                struct shares *shares = threads == 1 ? &by_one : &by_more;
                assert_non_null(pool);
                assert_int_equal(bp_pool_run(pool, JOBS, play_share, shares), 0);
                assert_memory_equal(shares->observation, by_one.observation, sizeof by_one.observation);
                assert_memory_equal(shares->rewards, by_one.rewards, sizeof by_one.rewards);
                bp_pool_free(pool);
            }
            for (int job = 0; job < JOBS; job++)
                bp_env_close(by_one.env[job]);
        }
}

/* ---- what each task pays ---- */

static struct bp_env *open(const char *task, const char *body, float *o)
{
    struct bp_env *env = bp_env_open(task, body);

    assert_non_null(env);
    bp_env_reset(env, 21, o);
    return env;
}

static struct bp_world *world_of(struct bp_env *env)
{
    return &((struct bp_world_env *)env)->world;
}

static int goal_of(struct bp_env *env)
{
    return ((struct bp_world_env *)env)->state.goal;
}

static struct bp_step stand(struct bp_env *env)
{
    float o[MOST], action[MOST_ACTIONS] = {0};
    struct bp_step step;

    bp_world_settle(world_of(env));
    bp_env_step(env, action, o, &step);
    return step;
}

static void put_box(struct bp_env *env, int box, int target)
{
    const double *at = world_of(env)->state.target[target];

    bp_world_put_box(world_of(env), box, at[0], at[1], 0.3);
}

static void put_body(struct bp_env *env, int target)
{
    const double *at = world_of(env)->state.target[target];

    bp_world_put_body(world_of(env), at[0], at[1], 0.3);
}

static void assert_step(struct bp_step step, float reward, int event, bool terminated)
{
    assert_true(step.reward == reward);
    assert_int_equal(step.event, event);
    assert_int_equal(step.terminated, terminated);
}

static void pushing(void **state)
{
    static const char *const tasks[] = {"push-1b1t", "push-1b1t-heavy", "push-1b3t"};
    float o[MOST];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_env *env = open(tasks[i], "ball", o);
        int wanted = goal_of(env), targets = i == 2 ? 3 : 1;
        for (int t = 0; t < targets; t++)
            if (t != wanted) {
                put_box(env, 0, t);
                assert_step(stand(env), 0, t, false);
                assert_step(stand(env), 0, -1, false);      /* staying there is no event */
            }
        put_box(env, 0, wanted);
        assert_step(stand(env), 60, wanted, true);
        bp_env_close(env);
    }
}

static void pushing_two(void **state)
{
    float o[MOST];
    struct bp_env *env = open("push-2b2t", "ball", o);
    int first = goal_of(env);

    (void)state;
    put_box(env, 0, first);
    assert_step(stand(env), 10, 0, false);
    assert_step(stand(env), 0, -1, false);
    bp_world_put_box(world_of(env), 0, -1.2, -1.2, 0);
    put_box(env, 1, 1 - first);
    assert_step(stand(env), 10, 1, false);
    put_box(env, 0, first);
    assert_step(stand(env), 50, -1, true);                  /* the parts are paid for once */
    bp_env_close(env);
}

static void gathering(void **state)
{
    float o[MOST];
    struct bp_env *env = open("gather", "ball", o);

    (void)state;
    bp_world_put_body(world_of(env), -1.2, -1.2, 0);
    bp_world_put_box(world_of(env), 0, 0, 0, 0);
    bp_world_put_box(world_of(env), 1, 0.52, 0, 0);
    assert_step(stand(env), 0, -1, false);
    /* The ball pushes the first box into the second. */
    bp_world_put_body(world_of(env), -0.45, 0, 0);
    bp_world_settle(world_of(env));
    for (int t = 0;; t++) {
        const float ahead[2] = {1, 0};
        struct bp_step step;
        bp_env_step(env, ahead, o, &step);
        if (step.terminated) {
            assert_step(step, 60, 0, true);
            break;
        }
        assert_step(step, 0, -1, false);
        assert_true(t < 20);
    }
    bp_env_close(env);
}

/* Two targets so far apart that a body in one does not touch a box in the other. */
static void spread_targets(struct bp_env *env)
{
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            world_of(env)->state.target[i][k] = i ? 1.2 : -1.2;
}

static void both_parts(void **state)
{
    float o[MOST];
    struct bp_env *env = open("goto-and-push", "ant", o);
    int mine = goal_of(env);

    (void)state;
    spread_targets(env);
    bp_world_put_box(world_of(env), 0, 1.2, -1.2, 0);
    put_body(env, mine);
    assert_step(stand(env), 10, 0, false);
    put_box(env, 0, 1 - mine);
    put_body(env, mine);
    assert_step(stand(env), 60, 1, true);
    bp_env_close(env);
}

static void one_part(void **state)
{
    float o[MOST];
    struct bp_env *env = open("goto-or-push", "ant", o);
    int seen[4] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        bp_env_reset(env, seed, o);
        int goal = goal_of(env), target = goal % 2;
        const float *cue = o + bp_groups_find(&env->spec.groups, "goal")->offset;
        for (int i = 0; i < 4; i++)
            assert_true(cue[i] == (i == goal));
        seen[goal]++;
        if (goal < 2) {
            put_box(env, 0, target);        /* is not what was asked for, where the box goes by itself */
            bp_world_put_body(world_of(env), -world_of(env)->state.target[target][0], -world_of(env)->state.target[target][1], 0);
        }
        if (goal < 2 && !bp_world_within(world_of(env), bp_world_root(world_of(env)), target))
            assert_int_equal(stand(env).terminated, false);
        bp_env_reset(env, seed, o);
        spread_targets(env);
        put_body(env, goal < 2 ? target : 1 - target);
        bp_world_put_box(world_of(env), 0, 1.2, -1.2, 0);
        if (goal >= 2)
            put_box(env, 0, target);
        assert_step(stand(env), 60, goal < 2 ? 0 : 1, true);
    }
    for (int i = 0; i < 4; i++)
        assert_true(seen[i] > 0);
    bp_env_close(env);
}

/* Standing earns the tail of a Gaussian, a body that moves as asked all of it; the direction changes half-way. */
static void walking(void **state)
{
    static const double ahead[4] = {1, -1, 0, 0}, left[4] = {0, 0, 1, -1};
    float o[MOST], action[MOST_ACTIONS] = {0};
    struct bp_env *env = open("walk", "humanoid", o);
    struct bp_world *world = world_of(env);
    struct bp_step step;
    int events = 0;

    (void)state;
    bp_env_step(env, action, o, &step);
    assert_close(step.reward, exp(-2), 0.03);
    for (int goal = 0; goal < 4; goal++) {
        ((struct bp_world_env *)env)->state.goal = goal;
        bp_world_put_body(world, 0, 0, 1.1);
        world->physics.data->qvel[0] = cos(1.1) * ahead[goal] - sin(1.1) * left[goal];
        world->physics.data->qvel[1] = sin(1.1) * ahead[goal] + cos(1.1) * left[goal];
        assert_true(stand(env).reward > 0.8f);
    }
    for (int t = 6; t <= 400; t++) {
        bp_env_step(env, action, o, &step);
        events += step.event >= 0;
        assert_int_not_equal(step.event, 3);            /* another than the last one of above */
        assert_int_equal(step.event >= 0, t == 200);
    }
    assert_int_equal(events, 1);
    assert_true(step.truncated);
    bp_env_close(env);
}

/* One a step for ten steps near the target, which then goes elsewhere, near the body. */
static void following(void **state)
{
    float o[MOST];
    struct bp_env *env = open("follow", "humanoid", o);
    struct bp_world *world = world_of(env);

    (void)state;
    for (int round = 0; round < 5; round++) {
        const double *root = bp_world_root(world);
        double *target = world->state.target[0];
        for (int t = 1; t <= 10; t++) {
            target[0] = root[0] + 0.6;
            target[1] = root[1];
            assert_step(stand(env), 1, t == 10 ? 0 : -1, false);
        }
        assert_true(fabs(target[0] - root[0]) <= 0.75 && fabs(target[1] - root[1]) <= 0.75);
        assert_true(fabs(target[0] - root[0] - 0.6) > 1e-6);
    }
    world->state.target[0][0] = bp_world_root(world)[0] + 1.05;
    world->state.target[0][1] = bp_world_root(world)[1];
    assert_step(stand(env), 0, -1, false);
    bp_env_close(env);
}

/* The velocity is the reward; across is an event, and so is below, which is the end. */
static void leaping(void **state)
{
    float o[MOST];
    struct bp_env *env = open("gap", "ant", o);
    struct bp_world *world = world_of(env);
    const float *gap = o + bp_groups_find(&env->spec.groups, "gap")->offset;

    (void)state;
    assert_true(world->state.gap >= 0.3 && world->state.gap <= 2.5);
    assert_close(gap[0], bp_scene_gap_start, 1e-6);
    assert_close(gap[1], world->state.gap, 1e-6);
    world->physics.data->qvel[0] = 1.5;
    struct bp_step step = stand(env);
    double v[3];
    bp_world_velocity(world, v);
    assert_true(v[0] > 0.3 && step.reward == (float)v[0]);
    bp_world_put_body(world, bp_scene_gap_start + world->state.gap + 1.3, 0, 0);
    assert_int_equal(stand(env).event, 0);
    assert_int_equal(stand(env).event, -1);
    bp_world_put_body(world, bp_scene_gap_start + world->state.gap / 2, 0, 0);
    world->physics.data->qpos[2] = -1;
    step = stand(env);
    assert_true(step.terminated && step.event == 1);
    bp_env_close(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_play_of_all),
        cmocka_unit_test(foreign_states_of_all),
        cmocka_unit_test(restored_episodes_go_on),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(pushing),
        cmocka_unit_test(pushing_two),
        cmocka_unit_test(gathering),
        cmocka_unit_test(both_parts),
        cmocka_unit_test(one_part),
        cmocka_unit_test(walking),
        cmocka_unit_test(following),
        cmocka_unit_test(leaping),
    };

    return cmocka_run_group_tests(tests, share, NULL);
}
