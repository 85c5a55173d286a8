/* Gradients of an update against differences of its losses. */
#ifndef BP_TESTS_DIFFERENCES_H
#define BP_TESTS_DIFFERENCES_H

#include "learn/update.h"

#include "../base/check.h"

#include <math.h>
#include <string.h>

enum { DIFFERENCES = 1024 };

/* Gradients and sums of the first shard, of parameters as they are; `from` is what the algorithm draws from. */
__attribute__((unused)) static struct bp_update_stats first_shard(struct bp_learner *learner, const void *from)
{
    bp_learner_prepare(learner);
    bp_update_gradients(learner, from, 0);
    return learner->shards[0].stats;
}

/* A network's gradient, as the first shard has it, against fourth-order differences of loss(of). float32 leaves some 1e-3 of the largest. */
__attribute__((unused)) static void check_gradient(const char *name, struct bp_learner *learner, enum bp_role role, double (*loss)(void *of, enum bp_part part), void *of)
{
    static float grad[DIFFERENCES];
    static double numeric[DIFFERENCES];
    struct bp_trained *t = &learner->trained[role];
    const float step = 1.0f / 64;
    double most = 0;

    assert_true(t->n < DIFFERENCES);
    memcpy(grad, learner->shards[0].grad[role], t->n * sizeof *grad);
    for (size_t i = 0; i < t->n; i++) {
        float kept = t->online[i];
        double at[4];
        for (int k = 0; k < 4; k++) {       /* +-h, +-2h */
            t->online[i] = kept + (float)((const int[]){-2, -1, 1, 2}[k]) * step;
            at[k] = loss(of, bp_roles[role].part);
        }
        t->online[i] = kept;
        numeric[i] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * (double)step);
        most = fmax(most, fabs(numeric[i]));
    }
    assert_true(most > 1e-3);
    for (size_t i = 0; i < t->n; i++)
        if (!(fabs((double)grad[i] - numeric[i]) < 5e-3 * most))
            fail_msg("%s, %s[%zu]: %g backwards, %g by differences", name, bp_roles[role].name, i, (double)grad[i], numeric[i]);
}

/* Slope of the first shard's sum `metric` in a parameter: central differences at two distances, extrapolated to none. */
__attribute__((unused)) static double slope_of(struct bp_learner *learner, const void *from, int metric, float *parameter)
{
    float kept = *parameter;
    double slope[2];

    for (int i = 0; i < 2; i++) {
        float distance = i ? 1.0f / 256 : 1.0f / 128, up = kept + distance, down = kept - distance;
        *parameter = up;
        double above = first_shard(learner, from).sum[metric];
        *parameter = down;
        slope[i] = (above - first_shard(learner, from).sum[metric]) / ((double)up - (double)down);
    }
    *parameter = kept;
    return (4 * slope[1] - slope[0]) / 3;
}

#endif
