#include "env/toy2d.h"

#include "../base/check.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

/* As the paper lists them: the densities, of two equally likely Gaussians where there are two. */
static const struct {
    const char *task;
    int goal, parts;
    double mean[2][2], scale, correlation;
} paper[] = {
    {"toy2d", 0, 1, {{-3, 0}}, 0.5, 0.5},
    {"toy2d", 1, 1, {{0, 2}}, 0.2, 0.8},
    {"toy2d", 2, 1, {{3, 3}}, 0.5, 0.5},
    {"toy2d", 3, 2, {{0, 0}, {-4, -1}}, 0.2, 0.8},
    {"toy2d-new", 0, 1, {{2, -1}}, 0.1, 0.8},
};
enum { DENSITIES = sizeof paper / sizeof *paper, POINTS = 200 };

/* Reset until that goal is named; the observation is left in o. */
static void reset_to(struct bp_env *env, int goal, float *o)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        bp_env_reset(env, seed, o);
        if (o[2 + goal] == 1)
            return;
    }
    fail_msg("no reset to goal %d", goal);
}

/* Points near the distribution, since further away the reference's densities underflow. */
static void rewards_by_gsl(void **state)
{
    gsl_rng *stream = bp_random_new();

    (void)state;
    bp_random_seek(stream, 4, BP_FOR_TEST, 0, 0);
    for (int d = 0; d < DENSITIES; d++) {
        struct bp_env *env = bp_env_open(paper[d].task, NULL);
        float o[8], action[2];
        assert_non_null(env);
        for (int i = 0; i < POINTS; i++) {
            struct bp_step step;
            double p = 0;
            reset_to(env, paper[d].goal, o);
            for (int k = 0; k < 2; k++)
                action[k] = (float)((paper[d].mean[i % paper[d].parts][k] + 3 * paper[d].scale * gsl_ran_flat(stream, -1, 1)) / 5);
            bp_env_step(env, action, o, &step);
            for (int j = 0; j < paper[d].parts; j++)
                p += gsl_ran_bivariate_gaussian_pdf(5 * (double)action[0] - paper[d].mean[j][0], 5 * (double)action[1] - paper[d].mean[j][1], paper[d].scale,
                                                    paper[d].scale, paper[d].correlation) / paper[d].parts;
            assert_close(step.reward, log(p), 1e-4 * (1 + fabs(log(p))));
            assert_true(step.terminated && !step.truncated && step.event == paper[d].goal);
            for (int k = 0; k < 2; k++)
                assert_close(o[k], action[k], 1e-6);
        }
        bp_env_close(env);
    }
    gsl_rng_free(stream);
}

/* Beyond the square there is its edge; far from all mass the reward is low and finite, and that of no number is that of some point. */
static void clipped(void **state)
{
    static const float beyond[][2] = {{7, -1}, {1, -9}, {NAN, 0.5f}};
    struct bp_env *env = bp_env_open("toy2d", "point");
    float o[6], edge[2][2] = {{1, -1}, {1, -1}};
    struct bp_step step, at;

    (void)state;
    for (int i = 0; i < 3; i++) {
        reset_to(env, 1, o);
        bp_env_step(env, beyond[i], o, &step);
        assert_true(isfinite(step.reward) && fabsf(o[0]) <= 1 && fabsf(o[1]) <= 1);
        if (i == 2)
            continue;
        reset_to(env, 1, o);
        bp_env_step(env, edge[i], o, &at);
        assert_true(step.reward == at.reward && step.reward < -1000);
    }
    bp_env_close(env);
}

/* A quarter of the episodes each; an episode begins at the origin, whatever the one before did. */
static void goals_are_equally_likely(void **state)
{
    struct bp_env *env = bp_env_open("toy2d", NULL);
    const float action[] = {0.3f, -0.2f};
    int count[4] = {0};
    struct bp_step step;
    float o[6];

    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        bp_env_reset(env, seed, o);
        assert_true(o[0] == 0 && o[1] == 0 && o[2] + o[3] + o[4] + o[5] == 1);
        for (int i = 0; i < 4; i++)
            count[i] += o[2 + i] == 1;
        bp_env_step(env, action, o, &step);
    }
    for (int i = 0; i < 4; i++)
        assert_close(count[i], 1000, 5 * sqrt(4000 * 0.25 * 0.75));
    bp_env_close(env);
}

/* The saved state goes on to the same; bytes that no episode has are refused. */
static void states(void **state)
{
    struct bp_env *env = bp_env_open("toy2d", NULL);
    struct { int32_t goal, played; float point[2]; } saved, bad;
    const float action[] = {0.3f, -0.2f};
    struct bp_step step, again;
    float o[6], other[6];

    (void)state;
    assert_int_equal(env->spec.state_size, sizeof saved);
    reset_to(env, 2, o);
    bp_env_save(env, &saved);
    assert_true(saved.goal == 2 && saved.played == 0);
    bp_env_step(env, action, o, &step);
    bp_env_reset(env, 1, other);
    assert_int_equal(bp_env_restore(env, &saved), 0);
    bp_env_step(env, action, other, &again);
    assert_true(step.reward == again.reward && !memcmp(o, other, sizeof o));
    bp_env_save(env, &saved);
    assert_int_equal(bp_env_restore(env, &saved), 1);
    for (int i = 0; i < 5; i++) {
        bad = saved;
        *(i == 0 ? &bad.goal : &bad.played) = i == 0 ? 4 : i == 1 ? 2 : i == 2 ? 0 : 1;
        if (i >= 3)
            bad.point[i - 3] = i == 3 ? NAN : 6;
        assert_int_equal(bp_env_restore(env, &bad), -1);
    }
    bp_env_close(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rewards_by_gsl),
        cmocka_unit_test(clipped),
        cmocka_unit_test(goals_are_equally_likely),
        cmocka_unit_test(states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
