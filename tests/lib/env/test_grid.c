#include "env/grid.h"

#include "../base/check.h"

#include <stdlib.h>
#include <string.h>

enum { EDGE = BP_GRID_EDGE, SIZE = 6, LIMIT = 400 };
enum { UP, DOWN, LEFT, RIGHT };

/* What is saved, in the order of the environment. */
struct state {
    int32_t step, cell[2], goal[2], internal[2];
};

static struct bp_env *open_body(int n)
{
    char body[8];

    snprintf(body, sizeof body, "%d-step", n);
    struct bp_env *env = bp_env_open("grid", body);
    assert_non_null(env);
    assert_int_equal(env->spec.groups.size, SIZE);
    assert_true(bp_space_equal(env->spec.action, bp_discrete(4)));
    assert_int_equal(env->spec.state_size, sizeof(struct state));
    return env;
}

static struct bp_step choose(struct bp_env *env, int choice, float *observation)
{
    float action[4] = {0};
    struct bp_step step;

    action[choice] = 1;
    bp_env_step(env, action, observation, &step);
    return step;
}

static int manhattan(const struct state *s)
{
    return abs(s->cell[0] - s->goal[0]) + abs(s->cell[1] - s->goal[1]);
}

/* ---- the best return, by dynamic programming over what the environment does ---- */

struct table {
    int n, wide;                /* n, 2n - 1 */
    double *value, *reward;     /* of states; of states and choices */
    int *next;                  /* of states and choices; -1: the end */
    int states;
};

static int index_of(const struct table *t, const struct state *s)
{
    return ((s->cell[0] * EDGE + s->cell[1]) * t->wide + s->internal[0] + t->n - 1) * t->wide + s->internal[1] + t->n - 1;
}

static struct state state_of(const struct table *t, int i, const int goal[2])
{
    struct state s = {.goal = {goal[0], goal[1]}};

    s.internal[1] = i % t->wide - t->n + 1;
    s.internal[0] = i / t->wide % t->wide - t->n + 1;
    s.cell[1] = i / (t->wide * t->wide) % EDGE;
    s.cell[0] = i / (t->wide * t->wide) / EDGE;
    return s;
}

static void tabulate(struct bp_env *env, struct table *t, const int goal[2])
{
    float observation[SIZE];

    for (int i = 0; i < t->states; i++)
        for (int choice = 0; choice < 4; choice++) {
            struct state s = state_of(t, i, goal);
            assert_int_equal(bp_env_restore(env, &s), 0);
            struct bp_step step = choose(env, choice, observation);
            bp_env_save(env, &s);
            t->reward[4 * i + choice] = (double)step.reward;
            t->next[4 * i + choice] = step.terminated ? -1 : index_of(t, &s);
        }
}

static void solve(struct table *t)
{
    bool changed = true;

    for (int i = 0; i < t->states; i++)
        t->value[i] = -LIMIT;
    while (changed) {
        changed = false;
        for (int i = 0; i < t->states; i++)
            for (int choice = 0; choice < 4; choice++) {
                int next = t->next[4 * i + choice];
                double value = t->reward[4 * i + choice] + (next < 0 ? 0 : t->value[next]);
                if (value > t->value[i] + 1e-7) {
                    t->value[i] = value;
                    changed = true;
                }
            }
    }
}

/* n choices for each step of a shortest path: 1 - 0.1 n |x - goal|. */
static void best_returns(void **state)
{
    static const int bodies[] = {1, 2, 3, 8}, goals[][2] = {{2, 5}, {0, 7}};

    (void)state;
    for (int b = 0; b < 4; b++) {
        struct bp_env *env = open_body(bodies[b]);
        struct table t = {.n = bodies[b], .wide = 2 * bodies[b] - 1};
        t.states = EDGE * EDGE * t.wide * t.wide;
        t.value = calloc((size_t)t.states, sizeof *t.value);
        t.reward = calloc((size_t)t.states * 4, sizeof *t.reward);
        t.next = calloc((size_t)t.states * 4, sizeof *t.next);
        assert_true(t.value && t.reward && t.next);
        for (int g = 0; g < 2; g++) {
            tabulate(env, &t, goals[g]);
            solve(&t);
            for (int i = 0; i < t.states; i++) {
                struct state s = state_of(&t, i, goals[g]);
                if (!s.internal[0] && !s.internal[1] && manhattan(&s))
                    assert_close(t.value[i], 1 - 0.1 * t.n * manhattan(&s), 1e-4);
            }
        }
        free(t.value);
        free(t.reward);
        free(t.next);
        bp_env_close(env);
    }
}

/* Who sees what networks see, and walks along one axis, then the other, earns that. */
static void a_player_earns_them(void **state)
{
    static const int bodies[] = {1, 4, 8};
    double mean = 0;

    (void)state;
    for (int b = 0; b < 3; b++) {
        struct bp_env *env = open_body(bodies[b]);
        for (uint64_t seed = 0; seed < 4000; seed++) {
            float o[SIZE];
            struct state s;
            struct bp_step step;
            double earned = 0;
            bp_env_reset(env, seed, o);
            bp_env_save(env, &s);
            do {
                step = choose(env, o[2] < o[4] ? RIGHT : o[2] > o[4] ? LEFT : o[3] < o[5] ? UP : DOWN, o);
                earned += (double)step.reward;
                assert_int_equal(step.event, step.terminated ? BP_GRID_GOAL : -1);
            } while (!step.terminated && !step.truncated);
            assert_close(earned, 1 - 0.1 * bodies[b] * manhattan(&s), 1e-4);
            assert_true(manhattan(&s) >= 1 && !s.internal[0] && !s.internal[1]);
            mean += b == 0 ? earned / 4000 : 0;
        }
        bp_env_close(env);
    }
    assert_close(mean, 1 - 0.1 * 16.0 / 3, 4.5 * 0.25 / sqrt(4000));        /* over pairs of different cells */
}

/* ---- what each step does ---- */

static void walls_and_steps(void **state)
{
    const struct state corner = {.cell = {0, 7}, .goal = {4, 4}};
    struct bp_env *env = open_body(3);
    struct state s;
    float o[SIZE];

    (void)state;
    assert_int_equal(bp_env_restore(env, &corner), 0);
    for (int i = 0; i < 2; i++) {
        struct bp_step step = choose(env, UP, o);
        assert_close(step.reward, -0.1, 1e-7);
        assert_close(o[1], (i + 1) / 3.0, 1e-6);
    }
    choose(env, RIGHT, o);                              /* the other axis keeps what it has */
    struct bp_step wall = choose(env, UP, o);
    assert_close(wall.reward, -0.3, 1e-6);
    assert_int_equal(wall.event, BP_GRID_WALL);
    bp_env_save(env, &s);
    assert_true(s.cell[0] == 0 && s.cell[1] == 7 && s.internal[0] == 1 && s.internal[1] == 0);
    choose(env, RIGHT, o);
    choose(env, LEFT, o);
    choose(env, RIGHT, o);
    choose(env, RIGHT, o);
    bp_env_save(env, &s);
    assert_true(s.cell[0] == 1 && s.cell[1] == 7 && s.internal[0] == 0);
    assert_close(o[2], 2.0 / 7 - 1, 1e-6);
    assert_close(o[3], 1, 1e-6);
    assert_close(o[4], 8.0 / 7 - 1, 1e-6);
    bp_env_close(env);
}

static void time_runs_out(void **state)
{
    struct bp_env *env = open_body(8);
    struct bp_step step;
    float o[SIZE];

    (void)state;
    bp_env_reset(env, 7, o);
    for (int t = 1; t <= LIMIT; t++) {
        step = choose(env, t % 2 ? UP : DOWN, o);
        assert_int_equal(step.truncated, t == LIMIT);
        assert_false(step.terminated);
    }
    bp_env_close(env);
}

/* From above, the body moves within its cell as its internal coordinate does. */
static void seen_from_above(void **state)
{
    const struct state corner = {.cell = {0, 7}, .goal = {4, 3}};
    struct bp_env *env = open_body(4);
    float pose[3], target[2], o[SIZE];
    double gap[2];

    (void)state;
    assert_true(env->view.targets == 1 && env->view.boxes == 0);
    assert_int_equal(bp_env_restore(env, &corner), 0);
    choose(env, RIGHT, o);
    env->look(env, pose, target, NULL, gap);
    assert_close(pose[0], -3.5 + 0.125, 1e-6);
    assert_close(pose[1], 3.5, 1e-6);
    assert_close(target[0], 0.5, 1e-6);
    assert_close(target[1], -0.5, 1e-6);
    bp_env_close(env);
}

/* A saved environment goes on as it was; bytes that are no state are refused. */
static void saved_states(void **state)
{
    struct bp_env *env = open_body(2), *other = open_body(2);
    struct state s, wrong;
    float a[SIZE], b[SIZE];

    (void)state;
    bp_env_reset(env, 3, a);
    choose(env, RIGHT, a);
    bp_env_save(env, &s);
    assert_int_equal(bp_env_restore(other, &s), 1);
    struct bp_step one = choose(env, UP, a), two = choose(other, UP, b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(one.reward == two.reward && one.event == two.event);
    for (size_t i = 0; i < sizeof s / sizeof(int32_t); i++) {
        static const int32_t beyond[] = {LIMIT + 1, 8, 8, 8, 8, 2, 2}, below[] = {-1, -1, -1, -1, -1, -2, -2};
        wrong = s;
        ((int32_t *)&wrong)[i] = beyond[i];
        assert_int_equal(bp_env_restore(other, &wrong), -1);
        ((int32_t *)&wrong)[i] = below[i];
        assert_int_equal(bp_env_restore(other, &wrong), -1);
    }
    bp_env_close(env);
    bp_env_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_returns),
        cmocka_unit_test(a_player_earns_them),
        cmocka_unit_test(walls_and_steps),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(seen_from_above),
        cmocka_unit_test(saved_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
