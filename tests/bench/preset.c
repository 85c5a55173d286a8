/* A preset in memory as bp-train has it, and the pieces of its cycle on their own. */
#include "bench.h"

#include "learn/svg.h"

static void load(struct preset *p, const char *preset)
{
    struct bp_option_part table[2] = {{"Config", bp_config_options, &p->config}};
    char path[4096];

    p->options = bp_options_new(table);
    if (!p->options || bp_preset_path(preset, path, sizeof path) || bp_options_preset(p->options, path) || bp_options_resolve(p->options))
        exit(1);
}

void preset_open(struct preset *p, const char *preset, const char *body, int threads)
{
    const struct bp_borrowed nothing = {NULL, false};

    load(p, preset);
    if (body)
        p->config.body = body;
    p->config.warm_up = 50000;
    snprintf(p->setting, sizeof p->setting, "%s, %d thread%s", preset, threads, threads > 1 ? "s" : "");
    if (bp_training_init(&p->training, &p->config, &nothing, threads))
        exit(1);
}

void preset_close(struct preset *p)
{
    bp_training_free(&p->training);
    bp_options_free(p->options);
}

double preset_cycle(void *raw)
{
    struct bp_training *training = &((struct preset *)raw)->training;
    int64_t before = training->transitions;

    if (bp_training_cycle(training))
        exit(1);
    return (double)(training->transitions - before);
}

double preset_learn(void *raw)
{
    struct bp_training *training = &((struct preset *)raw)->training;

    for (int i = 0; i < training->learner.config.shards; i++)
        bp_svg_gradients(&training->learner, training->replay, i);
    for (int i = 0; i < bp_learner_jobs(&training->learner); i++)
        bp_learner_apply(&training->learner, i);
    bp_learner_finish(&training->learner, &training->update_stats);
    return (double)(training->config->batch * training->config->unroll);
}

double preset_act(void *raw)
{
    struct bp_training *training = &((struct preset *)raw)->training;
    struct bp_blocks blocks = bp_training_blocks(training);

    for (int i = 0; i < bp_actors_teams(training->actors); i++)
        bp_actors_run(training->actors, i, &blocks);
    bp_actors_commit(training->actors, training->replay, &training->actor_stats);
    return (double)(training->config->actors * training->config->actor_steps);
}

double preset_draw(void *raw)
{
    struct bp_training *training = &((struct preset *)raw)->training;

    for (int i = 0; i < training->learner.config.shards; i++)
        for (int block = 0; block < training->learner.blocks; block++)
            bp_replay_draw(training->replay, training->learner.shards[i].stream, &training->learner.shards[i].batch);
    return (double)(training->config->batch * training->config->unroll);
}
