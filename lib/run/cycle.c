#include "run/cycle.h"

#include "learn/svg.h"

#include <stdio.h>
#include <string.h>

static bool is_frozen(const struct bp_borrowed *borrowed, int role)
{
    const struct bp_reuse_part *part = bp_reuse_next(borrowed, NULL);

    while (part && ((int)part->to != role || part->how != BP_REUSE_FREEZE))
        part = bp_reuse_next(borrowed, part);
    return part != NULL;
}

/* A latent is to say what to do: a low level that knows the goal has no need of it (BP section 5). */
static int check_low(const struct bp_config *config, const struct bp_borrowed *borrowed, const struct bp_agent *agent)
{
    static const char *const goals[] = {"goal", "progress"};

    for (size_t i = 0; agent->latent.size && !config->low_sees_goal && i < sizeof goals / sizeof *goals; i++)
        for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
            if (agent->behaviour[role].levels < 2 || !bp_groups_find(&agent->net[role].spec.inputs, goals[i]))
                continue;
            if (is_frozen(borrowed, role))
                return bp_error(BP_USAGE, "the checkpoint's low level sees '%s', which is the high level's to know: give --low-sees-goal if it may", goals[i]);
            return bp_error(BP_USAGE, "the low level would see '%s', which is the high level's to know: leave it out of --%s-inputs, or give "
                            "--low-sees-goal", goals[i], bp_roles[role].option);
        }
    return 0;
}

/* The configured agent, parts of it replaced by what is borrowed. */
static int init_agent(const struct bp_cycle *cycle, const struct bp_borrowed *borrowed, struct bp_agent *agent)
{
    struct bp_net_choice choice[BP_ROLES];
    struct bp_reuse_texts texts[BP_ROLES];
    struct bp_latent_choice latent = bp_config_networks(cycle->config, choice);

    if (bp_reuse_networks(borrowed, &cycle->env, choice, &latent, texts) ||
        bp_agent_init(agent, &cycle->env.groups, cycle->env.action, choice, &latent) || check_low(cycle->config, borrowed, agent))
        return -1;
    return cycle->config->policy_columns == 2 ? bp_agent_add_column(agent) : 0;
}

/* Whether a level of the policy can learn: by the gradient through its samples, or where the algorithm does without. */
static bool can_learn(const struct bp_algorithm *algorithm, const struct bp_level *level, bool acts)
{
    if (level->family->reparameterised)
        return true;
    return level->family->entropy && (acts ? !algorithm->through_actions : algorithm->through_choices && level->space.kind == BP_DISCRETE);
}

/* What a level that cannot learn so could do instead. */
static const char *way_out(const struct bp_level *level, bool acts)
{
    if (level->space.kind != BP_DISCRETE)
        return "";
    return acts ? "; --algorithm vtrace does without" : "; --posterior, with --algorithm svg, does without";
}

/* A family whose samples no gradient passes, such as a mixture or choices, is for priors where a policy learns by it. */
static int check_policy(const struct bp_learner_config *learner, const struct bp_agent *agent)
{
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY], *prior = &agent->behaviour[BP_PRIOR];
    const struct bp_family *acts = policy->level[policy->levels - 1].family;

    if (policy->levels < prior->levels && !acts->reparameterised)
        return bp_error(BP_USAGE, "--prior-high %s: the KL to a prior that is summed over is by sample, and through samples of a %s no gradient passes",
                        agent->latent_prior ? agent->latent_prior->name : "mlp", acts->name);
    for (int i = 0; i < policy->levels; i++) {
        const struct bp_level *level = &policy->level[i];
        bool last = i + 1 == policy->levels;
        if (!can_learn(learner->algorithm, level, last))
            return bp_error(BP_USAGE, "--%s-head %s is for priors: a policy learns through its samples, and through those of a %s no gradient passes to all "
                            "that it is made of%s", last ? "policy" : "high", level->family->name, level->family->name, way_out(level, last));
    }
    return 0;
}

static struct bp_actors_spec actors_spec(const struct bp_config *config, const struct bp_learner_config *learner)
{
    return (struct bp_actors_spec){
        .task = config->task,
        .body = config->body,
        .actors = (int)config->actors,
        .steps = (int)config->actor_steps,
        .seed = (uint64_t)config->seed,
        .remember = learner->stored_state ? (1u << BP_ROLES) - 1 : 0,
    };
}

/* A warm-up beyond what the replay holds would never end. */
static int check_warm_up(const struct bp_config *config, const struct bp_replay_spec *replay)
{
    int64_t most = (int64_t)replay->episodes * replay->time_limit;

    if (config->warm_up > most)
        return bp_error(BP_USAGE, "--warm-up %lld is more than the replay holds: %d episodes of at most %d steps, %lld", (long long)config->warm_up,
                        replay->episodes, replay->time_limit, (long long)most);
    return 0;
}

/* A posterior's reward is part of what SVG(0) learns from, and of no other algorithm. */
static int check_algorithm(const struct bp_config *config)
{
    const char *posterior = config->net[BP_POSTERIOR].kind;

    if (posterior && strcmp(posterior, "none") && strcmp(config->algorithm, "svg"))
        return bp_error(BP_USAGE, "--posterior %s is for --algorithm svg, not %s", posterior, config->algorithm);
    return 0;
}

/* Else some transitions would be drawn more often than others. */
static int check_stride(const struct bp_config *config)
{
    if (config->unroll % config->sequence_stride)
        return bp_error(BP_USAGE, "--unroll %lld is not a multiple of --sequence-stride %lld", (long long)config->unroll,
                        (long long)config->sequence_stride);
    return 0;
}

int bp_cycle_init(struct bp_cycle *cycle, const struct bp_config *config, const struct bp_borrowed *borrowed, int threads)
{
    struct bp_learner_config learner = bp_config_learner(config);
    struct bp_actors_spec actors = actors_spec(config, &learner);
    struct bp_env *probe = bp_env_open(config->task, config->body);
    struct bp_replay_spec replay;
    struct bp_agent agent;

    *cycle = (struct bp_cycle){.config = config};
    if (check_algorithm(config)) {
        bp_env_close(probe);
        return -1;
    }
    if (!probe)
        return -1;
    cycle->env = probe->spec;
    bp_env_close(probe);
    bp_reuse_freeze(borrowed, &learner);
    if (init_agent(cycle, borrowed, &agent) || check_policy(&learner, &agent) || bp_learner_init(&cycle->learner, &agent, &learner))
        return -1;
    replay = bp_config_replay(config, &agent, cycle->env.time_limit);
    if (check_stride(config) || check_warm_up(config, &replay) || bp_reuse_parameters(borrowed, &cycle->learner) || !(cycle->replay = bp_replay_new(&replay)) ||
        !(cycle->actors = bp_actors_new(&actors, &cycle->learner.agent)) || !(cycle->pool = bp_pool_new(threads))) {
        bp_cycle_free(cycle);
        return -1;
    }
    return 0;
}

void bp_cycle_free(struct bp_cycle *cycle)
{
    bp_pool_free(cycle->pool);
    bp_actors_free(cycle->actors);
    bp_replay_free(cycle->replay);
    bp_learner_free(&cycle->learner);
    *cycle = (struct bp_cycle){0};
}

struct bp_params bp_cycle_params(const struct bp_cycle *cycle)
{
    struct bp_params params;

    for (int role = 0; role < BP_ROLES; role++)
        params.of[role] = cycle->learner.trained[role].online;
    return params;
}

void bp_cycle_checkpoint(const struct bp_cycle *cycle, struct bp_checkpoint *checkpoint)
{
    *checkpoint = (struct bp_checkpoint){
        .agent = cycle->learner.agent,
        .transitions = cycle->transitions,
        .updates = cycle->learner.updates,
    };
    for (int role = 0; role < BP_ROLES; role++)
        checkpoint->params[role] = cycle->learner.trained[role].online;
    snprintf(checkpoint->task, sizeof checkpoint->task, "%s", cycle->env.task);
    snprintf(checkpoint->body, sizeof checkpoint->body, "%s", cycle->env.body);
}

/* ---- the cycle ---- */

static void learn_and_act(void *raw, int job)
{
    struct bp_cycle *cycle = raw;
    struct bp_params params = bp_cycle_params(cycle);

    if (job < cycle->learning_shards)
        bp_update_gradients(&cycle->learner, cycle->replay, job);
    else
        bp_actors_run(cycle->actors, job - cycle->learning_shards, &params);
}

/* The new experience goes into the replay beside Adam's steps: first, since that takes longest. */
static void settle(void *raw, int job)
{
    struct bp_cycle *cycle = raw;

    if (job == 0)
        bp_actors_commit(cycle->actors, cycle->replay, &cycle->actor_stats);
    else
        bp_learner_apply(&cycle->learner, job - 1);
}

int bp_cycle_run(struct bp_cycle *cycle)
{
    const struct bp_config *config = cycle->config;
    /* By env_steps, not by what the replay holds: if episodes end early, that may stay below. Nothing, when all that was done so far diverged. */
    bool learns = cycle->learner.updates > 0 || (cycle->env_steps >= config->warm_up && bp_replay_transitions(cycle->replay) > 0);

    cycle->learning_shards = learns ? (int)config->shards : 0;
    if (bp_pool_run(cycle->pool, cycle->learning_shards + bp_actors_teams(cycle->actors), learn_and_act, cycle) ||
        bp_pool_run(cycle->pool, 1 + (cycle->learning_shards ? bp_learner_jobs(&cycle->learner) : 0), settle, cycle))
        return -1;
    cycle->env_steps += config->actors * config->actor_steps;
    if (cycle->learning_shards) {
        bp_learner_finish(&cycle->learner, &cycle->update_stats);
        cycle->transitions += config->batch * config->unroll;
        if (!bp_update_finite(&cycle->update_stats))
            return bp_error(BP_DIVERGED, "diverged at update %lld: a loss is not a finite number", (long long)cycle->learner.updates);
    }
    return 0;
}
