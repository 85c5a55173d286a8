/* A preset in memory as bp-train has it, and the pieces of its cycle on their own. */
#include "bench.h"

#include "learn/update.h"

static void load(struct preset *p, const char *preset)
{
    struct bp_option_part table[3] = {{"Config", bp_config_options, &p->config}, {"Prior", bp_config_prior_options, &p->config}};
    char path[4096];

    *p = (struct preset){.options = NULL};         /* a member that no option fills is not left to the stack */
    p->options = bp_options_new(table);
    if (!p->options || bp_preset_path(preset, path, sizeof path) || bp_options_preset(p->options, path) || bp_options_resolve(p->options))
        exit(1);
}

void preset_open(struct preset *p, const char *preset, const char *body, int threads)
{
    const struct bp_borrowed nothing = {0};

    load(p, preset);
    if (body)
        p->config.body = body;
    p->config.warm_up = 50000;
    snprintf(p->setting, sizeof p->setting, "%s, %d thread%s", preset, threads, threads > 1 ? "s" : "");
    if (bp_cycle_init(&p->cycle, &p->config, &nothing, threads))
        exit(1);
}

void preset_close(struct preset *p)
{
    bp_cycle_free(&p->cycle);
    bp_options_free(p->options);
}

double preset_cycle(void *raw)
{
    struct bp_cycle *cycle = &((struct preset *)raw)->cycle;
    int64_t before = cycle->transitions;

    if (bp_cycle_run(cycle))
        exit(1);
    return (double)(cycle->transitions - before);
}

double preset_learn(void *raw)
{
    struct bp_cycle *cycle = &((struct preset *)raw)->cycle;

    for (int i = 0; i < cycle->learner.config.shards; i++)
        bp_update_gradients(&cycle->learner, cycle->replay, i);
    for (int i = 0; i < bp_learner_jobs(&cycle->learner); i++)
        bp_learner_apply(&cycle->learner, i);
    bp_learner_finish(&cycle->learner, &cycle->update_stats);
    return (double)(cycle->config->batch * cycle->config->unroll);
}

double preset_act(void *raw)
{
    struct bp_cycle *cycle = &((struct preset *)raw)->cycle;
    struct bp_params params = bp_cycle_params(cycle);

    for (int i = 0; i < bp_actors_teams(cycle->actors); i++)
        bp_actors_run(cycle->actors, i, &params);
    bp_actors_commit(cycle->actors, cycle->replay, &cycle->actor_stats);
    return (double)(cycle->config->actors * cycle->config->actor_steps);
}

double preset_draw(void *raw)
{
    struct bp_cycle *cycle = &((struct preset *)raw)->cycle;

    for (int i = 0; i < cycle->learner.config.shards; i++)
        for (int microbatch = 0; microbatch < cycle->learner.microbatches; microbatch++)
            bp_replay_draw(cycle->replay, cycle->learner.shards[i].stream, &cycle->learner.shards[i].batch);
    return (double)(cycle->config->batch * cycle->config->unroll);
}
