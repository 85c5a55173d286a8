#include "env/nav.h"

#include "base/markov.h"
#include "nav_player.h"

#include <gsl/gsl_cdf.h>

static struct bp_env *easy, *hard;

static int open_both(void **state)
{
    (void)state;
    easy = open_task("nav-easy");
    hard = open_task("nav-hard");
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    bp_env_close(easy);
    bp_env_close(hard);
    return 0;
}

/* ---- what is observed ---- */

static void groups(void **state)
{
    static const struct { const char *name; int size; } want[] = {{"global", 4}, {"targets", 8}, {"goal", 4}, {"touch", 4}};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bp_groups_find(&easy->spec.groups, want[i].name)->size, want[i].size);
        const char *name = i == 2 ? "progress" : want[i].name;
        assert_int_equal(bp_groups_find(&hard->spec.groups, name)->size, want[i].size);
    }
    assert_null(bp_groups_find(&easy->spec.groups, "progress"));
    assert_null(bp_groups_find(&hard->spec.groups, "goal"));
    assert_int_equal(easy->spec.time_limit, LIMIT);
    assert_int_equal(easy->spec.action.kind, BP_CONTINUOUS);
    for (int i = 0; bp_tasks[i]; i++)           /* theirs, and nobody else's, are visits of the chain's targets */
        assert_int_equal(bp_markov_task(bp_tasks[i]->name), bp_tasks[i] == &bp_nav_easy || bp_tasks[i] == &bp_nav_hard);
}

/* Targets move with the body, in units in which the arena spans [-1, 1]; touch is exp(-d^2 / r^2) of the same distances. */
static void observations_belong_together(void **state)
{
    float first[OBSERVATION], o[OBSERVATION], action[ACTION];
    struct bp_step step;

    (void)state;
    bp_env_reset(easy, 5, first);
    memcpy(o, first, sizeof o);
    for (int t = 0; t < 40; t++) {
        const float *global = see(easy, o, "global"), *targets = see(easy, o, "targets"), *touch = see(easy, o, "touch");
        const float *start = see(easy, first, "targets");
        for (int i = 0; i < 4; i++) {
            double d = hypot((double)targets[2 * i], (double)targets[2 * i + 1]) / 2 / 0.06;
            assert_close(touch[i], exp(-d * d), 1e-5);
            for (int k = 0; k < 2; k++)
                assert_close(targets[2 * i + k] + global[k], start[2 * i + k], 1e-6);
        }
        steer(easy, o, t / 20, action);
        bp_env_step(easy, action, o, &step);
    }
}

/* ---- resets ---- */

static void a_seed_decides_the_episode(void **state)
{
    struct bp_env *other = open_task("nav-easy");
    float a[OBSERVATION], b[OBSERVATION], action[ACTION];
    struct bp_step step_a, step_b;

    (void)state;
    bp_env_reset(other, 99, b);                 /* what was played before does not matter */
    for (int t = 0; t < 50; t++) {
        steer(other, b, named(see(other, b, "goal")), action);
        bp_env_step(other, action, b, &step_b);
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        bp_env_reset(easy, seed, a);
        bp_env_reset(other, seed, b);
        for (int t = 0; t < 60; t++) {
            assert_memory_equal(a, b, sizeof a);
            steer(easy, a, named(see(easy, a, "goal")), action);
            bp_env_step(easy, action, a, &step_a);
            bp_env_step(other, action, b, &step_b);
            assert_true(step_a.reward == step_b.reward && step_a.event == step_b.event);
        }
        bp_env_reset(other, seed + 1, b);
        bp_env_reset(easy, seed, a);
        assert_memory_not_equal(see(easy, a, "targets"), see(other, b, "targets"), 8 * sizeof(float));
    }
    bp_env_close(other);
}

/* Inside the arena with their whole radius, apart from each other, clear of the start; and spread over all of what is left. */
static void targets_are_well_placed(void **state)
{
    float o[OBSERVATION];
    double sum[2] = {0}, square[2] = {0}, farthest = 0;
    enum { SEEDS = 2000 };

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double at[4][2];
        bp_env_reset(hard, seed, o);
        for (int k = 0; k < 4; k++)
            assert_true(see(hard, o, "global")[k] == 0);        /* at rest in the centre */
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 2; k++) {
                at[i][k] = (double)see(hard, o, "targets")[2 * i + k] / 2;
                assert_true(fabs(at[i][k]) <= 0.44 + 1e-6);
                sum[k] += at[i][k] / (4 * SEEDS);
                square[k] += at[i][k] * at[i][k] / (4 * SEEDS);
                farthest = fmax(farthest, fabs(at[i][k]));
            }
        for (int i = 0; i < 4; i++) {
            assert_true(hypot(at[i][0], at[i][1]) >= 0.12 - 1e-6);
            for (int j = 0; j < i; j++)
                assert_true(hypot(at[i][0] - at[j][0], at[i][1] - at[j][1]) >= 0.2 - 1e-6);
        }
    }
    for (int k = 0; k < 2; k++) {
        assert_close(sum[k], 0, 5 * 0.28 / sqrt(4 * SEEDS));
        assert_true(square[k] > 0.44 * 0.44 / 3 && square[k] < 0.085);     /* of a uniform square 0.0645, a little more without the middle */
    }
    assert_true(farthest > 0.439);
}

/* ---- nav-hard ---- */

/* Visit targets in the given order; returns the sum of rewards, and the last step. */
static double visit(struct bp_env *env, float *o, const int *order, int count, struct bp_step *step)
{
    double sum = 0;
    int t = 0;

    for (int i = 0; i < count; i++)
        do {
            float action[ACTION];
            steer(env, o, order[i], action);
            bp_env_step(env, action, o, step);
            sum += (double)step->reward;
            assert_true(++t < LIMIT);
        } while (step->event != order[i] && !step->terminated && !step->truncated);
    return sum;
}

static void the_sequence_earns_90(void **state)
{
    static const int order[] = {0, 1, 2, 3};
    float o[OBSERVATION];
    struct bp_step step;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        bp_env_reset(hard, seed, o);
        assert_int_equal(named(see(hard, o, "progress")), 0);
        assert_true(visit(hard, o, order, 4, &step) == 90);
        assert_true(step.terminated && !step.truncated && !step.diverged);
        assert_true(step.reward == 60);
    }
}

static void progress_follows_the_visits(void **state)
{
    float o[OBSERVATION];
    struct bp_step step;

    (void)state;
    bp_env_reset(hard, 4, o);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(named(see(hard, o, "progress")), i);
        double reward = visit(hard, o, &i, 1, &step);
        assert_true(reward == (i < 3 ? 10 : 60));
        assert_int_equal(step.terminated, i == 3);
    }
}

/* Wrong visits are told, earn and cost nothing, and set nothing back. */
static void wrong_visits_cost_nothing(void **state)
{
    static const int wrong[] = {3, 1, 2}, right[] = {0, 1, 2, 3}, again[] = {0, 2, 0, 1, 2, 3};
    float o[OBSERVATION];
    struct bp_step step;
    int played = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        bp_env_reset(hard, seed, o);
        if (visit(hard, o, wrong, 3, &step) != 0)       /* it ran over target 0 on its way */
            continue;
        assert_int_equal(step.event, 2);
        assert_int_equal(named(see(hard, o, "progress")), 0);
        assert_true(visit(hard, o, right, 4, &step) == 90);
        bp_env_reset(hard, seed, o);
        if (visit(hard, o, again, 2, &step) == 10) {    /* 0, then 2 in place of 1 */
            assert_int_equal(named(see(hard, o, "progress")), 1);
            assert_true(visit(hard, o, again + 2, 4, &step) == 80);
            assert_true(step.terminated);
        }
        played++;
    }
    assert_true(played > 20);
}

/* A visit is entering: staying inside, or leaving and coming back without another in between, is none. */
static void entering_counts_once(void **state)
{
    static const int order[] = {0};
    float o[OBSERVATION], action[ACTION] = {0};
    struct bp_step step;

    (void)state;
    bp_env_reset(hard, 8, o);
    assert_true(visit(hard, o, order, 1, &step) == 10);
    for (int t = 0; t < 30; t++) {                      /* stay inside */
        steer(hard, o, 0, action);
        bp_env_step(hard, action, o, &step);
        assert_true(step.event == -1 && step.reward == 0);
    }
    assert_true(see(hard, o, "touch")[0] > 0.9f);
    int outside = 0;
    for (int t = 0; t < 40; t++) {                      /* out towards the middle and back, no other target near */
        const float *global = see(hard, o, "global");
        for (int k = 0; k < ACTION; k++)
            action[k] = t < 4 ? -global[k] : 0;
        if (t >= 4)
            steer(hard, o, 0, action);
        bp_env_step(hard, action, o, &step);
        outside += see(hard, o, "touch")[0] < 0.3f;
        assert_true(step.event == -1 && step.reward == 0);
    }
    assert_true(outside > 0);
}

/* ---- nav-easy ---- */

/* Chi-square of counts against equal chances, with the bound that chance passes once in a million. */
static void assert_uniform(const int *count, int cells)
{
    double total = 0, sum = 0;

    for (int i = 0; i < cells; i++)
        total += count[i];
    for (int i = 0; i < cells; i++)
        sum += (count[i] - total / cells) * (count[i] - total / cells) / (total / cells);
    assert_true(sum < gsl_cdf_chisq_Qinv(1e-6, cells - 1));
}

/* The first goal is uniform over the targets, the second over the other three. */
static void the_first_pair_is_uniform(void **state)
{
    int first[4] = {0}, pair[4][4] = {{0}}, pairs[12], n = 0;
    float o[OBSERVATION];
    struct bp_step step;

    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        bp_env_reset(easy, seed, o);
        int goal = named(see(easy, o, "goal"));
        first[goal]++;
        if (seed < 1200) {
            assert_true(visit(easy, o, &goal, 1, &step) == 10);
            pair[goal][named(see(easy, o, "goal"))]++;
        }
    }
    assert_uniform(first, 4);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if (i != j)
                pairs[n++] = pair[i][j];
            else
                assert_int_equal(pair[i][j], 0);
    assert_uniform(pairs, 12);
}

/* Played by a good player, goals follow the table: the likely one 0.9 of the time, the third never. Each visit earns 10. */
static void goals_follow_the_table(void **state)
{
    static int count[4][4][4];
    float o[OBSERVATION], action[ACTION];
    double earned = 0;
    struct bp_step step;
    enum { EPISODES = 100 };

    (void)state;
    for (uint64_t seed = 0; seed < EPISODES; seed++) {
        int older = -1, last = -1, visits = 0;
        double sum = 0;
        bp_env_reset(easy, 1000 + seed, o);
        int goal = named(see(easy, o, "goal"));
        do {
            steer(easy, o, goal, action);
            bp_env_step(easy, action, o, &step);
            sum += (double)step.reward;
            int next = named(see(easy, o, "goal"));
            assert_true(step.reward == (next != goal ? 10 : 0));
            if (next == goal)
                continue;
            assert_int_equal(step.event, goal);
            visits++;
            older = last;
            last = goal;
            goal = next;
            if (older >= 0)
                count[older][last][goal]++;
        } while (!step.truncated);
        assert_false(step.terminated);
        assert_true(sum == 10 * visits);
        earned += sum / EPISODES;
    }
    assert_true(earned > 300 && earned < 600);
    for (int older = 0; older < 4; older++)
        for (int last = 0; last < 4; last++) {
            const struct bp_markov_row *row = &bp_markov_table[older][last];
            if (older == last)
                continue;
            double n = count[older][last][row->likely] + count[older][last][row->unlikely];
            assert_true(n > 100);
            assert_close(count[older][last][row->likely] / n, 0.9, 5 * sqrt(0.09 / n));
            assert_int_equal(count[older][last][older], 0);
        }
}

/* ---- time, speed, divergence ---- */

static void time_runs_out(void **state)
{
    struct bp_env *envs[2] = {easy, hard};
    const float still[ACTION] = {0};
    float o[OBSERVATION];
    struct bp_step step;

    (void)state;
    for (int e = 0; e < 2; e++) {
        bp_env_reset(envs[e], 1, o);
        for (int t = 1; t <= LIMIT; t++) {
            bp_env_step(envs[e], still, o, &step);
            assert_int_equal(step.truncated, t == LIMIT);
            assert_true(!step.terminated && !step.diverged && step.reward == 0 && step.event == -1);
        }
    }
}

/* Full speed takes about 12 control steps from wall to wall, and no longer action is any faster. */
static void crossing_the_arena(void **state)
{
    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        float o[OBSERVATION], action[ACTION] = {-1, 0};
        struct bp_step step;
        int steps = 0;
        bp_env_reset(easy, 1, o);
        for (int t = 0; t < 30; t++)
            bp_env_step(easy, action, o, &step);
        assert_close(see(easy, o, "global")[0], -1, 0.02);
        assert_close(see(easy, o, "global")[2], 0, 0.02);
        action[0] = pass ? 1000 : 1;
        while (see(easy, o, "global")[0] < 0.98f) {
            bp_env_step(easy, action, o, &step);
            steps++;
            assert_true(steps < 100);
        }
        assert_in_range(steps, 11, 15);
    }
}

/* An action that is no number ends the episode as diverged, with numbers to see; infinite ones are clipped like any other. */
static void actions_that_are_no_numbers(void **state)
{
    const float nan[ACTION] = {0, NAN}, infinite[ACTION] = {INFINITY, -INFINITY}, full[ACTION] = {1, -1};
    float o[OBSERVATION], fresh[OBSERVATION];
    struct bp_step step;

    (void)state;
    bp_env_reset(easy, 3, o);
    bp_env_step(easy, full, o, &step);
    bp_env_step(easy, nan, o, &step);
    assert_true(step.diverged && step.truncated && !step.terminated && step.reward == 0);
    for (int i = 0; i < OBSERVATION; i++)
        assert_true(isfinite(o[i]));
    struct bp_env *other = open_task("nav-easy");
    bp_env_reset(easy, 3, o);                           /* and the next episode is as good as ever */
    bp_env_reset(other, 3, fresh);
    for (int t = 0; t < 10; t++) {
        assert_memory_equal(o, fresh, sizeof o);
        bp_env_step(easy, infinite, o, &step);
        assert_false(step.diverged);
        bp_env_step(other, full, fresh, &step);
    }
    bp_env_close(other);
}

/* ---- saving ---- */

/* A restored environment goes on to the same bytes, from anywhere in an episode, whatever it did before. */
static void restored_episodes_go_on(void **state)
{
    static const int saved_at[] = {0, 1, 13, 100, 250, 374};
    static float actions[2 * LIMIT * ACTION];
    const char *const tasks[] = {"nav-easy", "nav-hard"};

    (void)state;
    for (int task = 0; task < 2; task++) {
        struct bp_env *first = open_task(tasks[task]), *second = open_task(tasks[task]);
        size_t size = first->spec.state_size;
        unsigned char *bytes = malloc(size + 8), *again = malloc(size);
        fill_normal(actions, 2 * LIMIT * ACTION, 31);
        for (int i = 0; i < 2 * LIMIT * ACTION && task == 0; i++)
            actions[i] += 0.7f;                         /* against the walls, where the solver is warm */
        for (size_t s = 0; s < sizeof saved_at / sizeof *saved_at; s++) {
            float a[OBSERVATION], b[OBSERVATION], *action = actions;
            struct bp_step x, y;
            bp_env_reset(first, 40 + s, a);
            for (int t = 0; t < saved_at[s]; t++, action += ACTION)
                bp_env_step(first, action, a, &x);
            memset(bytes, 0xA5, size + 8);
            bp_env_save(first, bytes);
            for (int i = 0; i < 8; i++)
                assert_int_equal(bytes[size + (size_t)i], 0xA5);
            bp_env_reset(second, 7 + s, b);
            bp_env_step(second, actions, b, &y);
            assert_true(bp_env_restore(second, bytes) >= 0);
            bp_env_save(second, again);
            assert_memory_equal(bytes, again, size);
            do {
                bp_env_step(first, action, a, &x);
                bp_env_step(second, action, b, &y);
                action += ACTION;
                assert_memory_equal(a, b, sizeof a);
                assert_true(x.reward == y.reward && x.event == y.event && x.terminated == y.terminated && x.truncated == y.truncated);
            } while (!x.terminated && !x.truncated);
        }
        free(bytes);
        free(again);
        bp_env_close(first);
        bp_env_close(second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),
        cmocka_unit_test(observations_belong_together),
        cmocka_unit_test(a_seed_decides_the_episode),
        cmocka_unit_test(targets_are_well_placed),
        cmocka_unit_test(the_sequence_earns_90),
        cmocka_unit_test(progress_follows_the_visits),
        cmocka_unit_test(wrong_visits_cost_nothing),
        cmocka_unit_test(entering_counts_once),
        cmocka_unit_test(the_first_pair_is_uniform),
        cmocka_unit_test(goals_follow_the_table),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(crossing_the_arena),
        cmocka_unit_test(actions_that_are_no_numbers),
        cmocka_unit_test(restored_episodes_go_on),
    };

    return cmocka_run_group_tests(tests, open_both, close_both);
}
