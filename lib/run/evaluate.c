#include "run/evaluate.h"

#include "base/markov.h"
#include "stats/summary.h"
#include "stats/transition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 8 };
static const uint64_t evaluation_seed = 1000003;    /* far from the seeds that people choose */

struct bp_evaluator {
    int count, episodes;
    struct bp_rollout *rollout[ITEMS];
    const struct bp_task *task[ITEMS];
    enum bp_play play[ITEMS];
    double *returns;            /* episodes, scratch */
};

/* item: "PLAY" or "PLAY:TASK", cut in two here. */
static int add(struct bp_evaluator *evaluator, char *item, const struct bp_env_spec *env, const struct bp_agent *agent, struct bp_pool *pool)
{
    int i = evaluator->count;
    char asked[128];
    snprintf(asked, sizeof asked, "%s", item);
    const char *play = strsep(&item, ":"), *task = item ? item : env->task;
    struct bp_rollout_spec spec = {.task = task, .body = env->body, .play = bp_play_find(play), .episodes = evaluator->episodes,
                                    .seed = evaluation_seed, .evaluates = asked};

    if (strcmp(play, "policy") && strcmp(play, "prior"))
        return bp_error(BP_USAGE, "what to evaluate is policy, prior, policy:TASK or prior:TASK, not '%s'", play);
    if (spec.play == BP_PLAY_PRIOR && !bp_agent_has_prior(agent))
        return 0;               /* a preset's list, with --prior none */
    if (i == ITEMS)
        return bp_error(BP_USAGE, "at most %d evaluations", ITEMS);
    evaluator->play[i] = spec.play;
    if (!(evaluator->rollout[i] = bp_rollout_new(&spec, agent, pool)))
        return -1;
    evaluator->task[i] = bp_task_find(task);
    evaluator->count++;
    return 0;
}

struct bp_evaluator *bp_evaluator_new(const char *list, const struct bp_env_spec *env, int episodes, const struct bp_agent *agent, struct bp_pool *pool)
{
    struct bp_evaluator *evaluator = calloc(1, sizeof *evaluator);
    char *copy = strdup(list), *rest = copy, *item;

    if (!evaluator || !copy || !(evaluator->returns = calloc((size_t)episodes, sizeof(double)))) {
        bp_error(BP_FAILURE, "out of memory");
        goto fail;
    }
    evaluator->episodes = episodes;
    while ((item = strsep(&rest, ",")))
        if (*item && add(evaluator, item, env, agent, pool))
            goto fail;
    free(copy);
    return evaluator;
fail:
    free(copy);
    bp_evaluator_free(evaluator);
    return NULL;
}

void bp_evaluator_free(struct bp_evaluator *evaluator)
{
    if (!evaluator)
        return;
    for (int i = 0; i < evaluator->count; i++)
        bp_rollout_free(evaluator->rollout[i]);
    free(evaluator->returns);
    free(evaluator);
}

int bp_evaluator_count(const struct bp_evaluator *evaluator)
{
    return evaluator->count;
}

struct sums {
    double *returns;
    int episodes;
    double length;
    bool visits;
    struct bp_transition_table table;
};

static int take(void *context, const struct bp_episode *episode)
{
    struct sums *sums = context;

    sums->returns[sums->episodes++] = bp_episode_return(episode);
    sums->length += episode->length;
    return sums->visits ? bp_transition_add(&sums->table, episode->event, episode->length, episode->task) : 0;
}

int bp_evaluate(struct bp_evaluator *evaluator, int i, const struct bp_params *params, struct bp_run_evaluation *row)
{
    struct bp_summary summary;
    struct sums sums = {.returns = evaluator->returns, .visits = bp_markov_task(evaluator->task[i]->name)};

    int status = bp_rollout_run(evaluator->rollout[i], params, take, &sums);

    if (status)
        return status;
    if (bp_summary_compute(sums.returns, (size_t)sums.episodes, &summary))
        return -1;
    *row = (struct bp_run_evaluation){
        .task = evaluator->task[i]->name,
        .play = bp_play_name(evaluator->play[i]),
        .episodes = sums.episodes,
        .episode_return = summary.mean,
        .standard_error = summary.standard_error,
        .episode_length = sums.length / sums.episodes,
        .sequence_kl = sums.visits ? bp_transition_kl(&sums.table, BP_MARKOV_LIKELY) : NAN,
    };
    return 0;
}
