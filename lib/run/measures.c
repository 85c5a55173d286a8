#include "run/measures.h"

#include <math.h>
#include <string.h>

void bp_measures_read(struct bp_measures *measures, const struct bp_cycle *cycle, double seconds)
{
    const struct bp_learner *learner = &cycle->learner;
    const struct bp_actor_stats *actors = &cycle->actor_stats;
    double episodes = actors->episodes ? (double)actors->episodes : NAN;
    int count = 0;

    measures->metric[count++] = (struct bp_run_metric){"episode_return", actors->episode_return / episodes};
    measures->metric[count++] = (struct bp_run_metric){"episode_length", actors->episode_length / episodes};
    for (int i = 0; i < bp_update_metrics(learner->config.algorithm); i++)
        measures->metric[count++] = (struct bp_run_metric){learner->config.algorithm->metric[i].name, bp_update_metric(learner, &cycle->update_stats, i)};
    measures->row = (struct bp_run_progress){
        .transitions = cycle->transitions,
        .updates = learner->updates,
        .env_steps = cycle->env_steps,
        .episodes = actors->episodes,
        .seconds = seconds,
        .metric = measures->metric,
        .metrics = count,
    };
}

double bp_measures_value(const struct bp_measures *measures, const char *name)
{
    for (int i = 0; i < measures->row.metrics; i++)
        if (!strcmp(measures->metric[i].name, name))
            return measures->metric[i].value;
    return NAN;
}
