#include "run/rollout.h"

#include "base/random.h"
#include "env/env.h"
#include "run/signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16 };            /* episodes played side by side, in one inference; part of what decides the bytes */

static const char *const play_names[] = {"policy", "prior", "random", NULL};

const char *bp_play_name(int i)
{
    return play_names[i];
}

const char *bp_latent_mode_name(int i)
{
    static const char *const names[] = {"sampled", "fixed", NULL};

    return names[i];
}

enum bp_play bp_play_find(const char *name)
{
    int i = 0;

    while (i < BP_PLAY_COUNT - 1 && strcmp(play_names[i], name))
        i++;
    return (enum bp_play)i;
}

/* The behaviour that plays; of an agent without any in random play. */
static enum bp_role role_of(enum bp_play play)
{
    return play == BP_PLAY_PRIOR ? BP_PRIOR : BP_POLICY;
}

/* A team of lanes: what one job plays. */
struct team {
    struct bp_env *env[LANES];
    struct bp_acting acting;
    gsl_rng *stream[LANES];
    float *observations;        /* LANES x O */
    struct bp_episode episode[LANES];
    bool running[LANES];
    int64_t first;              /* index of lane 0's episode */
    int count;
};

struct bp_rollout {
    struct bp_rollout_spec spec;
    struct bp_agent agent;      /* re-based on this task's groups */
    bool with_kl;
    float *state;               /* with one_state: the first start's observation */
    struct bp_groups common;    /* and the groups that all take from it */
    struct bp_pool *pool;
    const struct bp_params *params;
    int team_count;
    struct team *teams;
};

/*
 * Networks find their groups by name, so an agent made for another task's rows reads this one's. Points the network's groups into the
 * rows of `env` and lists those that are not there; returns whether all are.
 */
static bool rebase(struct bp_net_spec *spec, const struct bp_env_spec *env, struct bp_groups *missing)
{
    *missing = (struct bp_groups){0};
    for (int i = 0; i < spec->inputs.count; i++) {
        struct bp_group *group = &spec->inputs.group[i];
        const struct bp_group *here = bp_groups_find(&env->groups, group->name);
        if (here && here->size == group->size)
            group->offset = here->offset;
        else
            bp_groups_add(missing, group->name, group->size);
    }
    return missing->count == 0;
}

/* The same for all networks of a behaviour. */
static bool rebase_behaviour(struct bp_agent *agent, enum bp_role role, const struct bp_env_spec *env, struct bp_groups *missing)
{
    BP_EACH_NET(net, bp_behaviour_nets(&agent->behaviour[role]))
        if (!rebase(&agent->net[net].spec, env, missing))
            return false;
    return true;
}

static int report_missing(const struct bp_groups *missing, const struct bp_env_spec *env, enum bp_role role, const char *evaluates)
{
    char lacks[512], has[512];

    if (evaluates)
        return bp_error(BP_USAGE, "--evaluate %s: the task does not have %s, which the %s sees; leave that out of the list", evaluates,
                        bp_groups_sizes(missing, lacks, sizeof lacks), bp_roles[role].title);
    return bp_error(BP_USAGE, "task '%s' does not have %s, which the checkpoint's %s sees; it has %s", env->task,
                    bp_groups_sizes(missing, lacks, sizeof lacks), bp_roles[role].title, bp_groups_sizes(&env->groups, has, sizeof has));
}

/* Hold the latent of the first step: a period that no episode outlasts. Of the prior too, so that what is held costs nothing. */
static int fix_latent(struct bp_agent *agent, enum bp_role role)
{
    if (agent->behaviour[role].levels < 2)
        return bp_error(BP_USAGE, "--latent fixed is for a hierarchical %s; the checkpoint's has no latent", bp_roles[role].title);
    for (int b = 0; b < 2; b++)
        if (agent->behaviour[b].levels > 1) {
            agent->behaviour[b].level[0].period = BP_WHOLE_EPISODE;
            agent->behaviour[b].level[0].ends = 0;
        }
    return 0;
}

/* Whether one of the networks sees a group. */
static bool sees(const struct bp_agent *agent, unsigned nets, const char *group)
{
    BP_EACH_NET(net, nets)
        if (bp_groups_find(&agent->net[net].spec.inputs, group))
            return true;
    return false;
}

/* One state is what the prior sees of it: its groups, which all observations get from the start of the first episode. */
static int choose_state(struct bp_rollout *rollout, struct bp_env *env)
{
    const struct bp_agent *agent = &rollout->agent;
    unsigned nets = bp_behaviour_nets(&agent->behaviour[BP_PRIOR]);
    bool goals = false;

    if (!agent->behaviour[BP_PRIOR].levels || !agent->behaviour[BP_POLICY].levels)
        return bp_error(BP_USAGE, "--one-state takes the state from what the prior sees, and goals from what it does not: it needs a checkpoint "
                        "with policy and prior");
    for (int i = 0; i < env->spec.groups.count; i++) {
        const struct bp_group *group = &env->spec.groups.group[i];
        if (sees(agent, nets, group->name))
            rollout->common.group[rollout->common.count++] = *group;
        else
            goals |= sees(agent, bp_behaviour_nets(&agent->behaviour[BP_POLICY]), group->name);
    }
    if (!goals)
        return bp_error(BP_USAGE, "--one-state takes goals from what the policy sees and the prior does not: this prior sees all that the policy sees, so that "
                        "every action would have the same goal");
    if (!(rollout->state = calloc((size_t)env->spec.groups.size, sizeof *rollout->state)))
        return bp_error(BP_FAILURE, "out of memory");
    bp_env_reset(env, bp_random_seed(rollout->spec.seed, BP_FOR_ROLLOUT, 0, 0), rollout->state);
    return 0;
}

static void put_in_state(const struct bp_rollout *rollout, float *observation)
{
    for (int i = 0; i < rollout->common.count; i++) {
        const struct bp_group *group = &rollout->common.group[i];
        memcpy(observation + group->offset, rollout->state + group->offset, (size_t)group->size * sizeof *observation);
    }
}

static int adapt_agent(struct bp_rollout *rollout, const struct bp_agent *agent, const struct bp_env_spec *env)
{
    enum bp_role role = role_of(rollout->spec.play), other = role == BP_PRIOR ? BP_POLICY : BP_PRIOR;
    struct bp_groups missing;
    char ours[64], theirs[64];

    if (!agent || rollout->spec.play == BP_PLAY_RANDOM) {
        if (rollout->spec.fixed_latent)
            return bp_error(BP_USAGE, "random play has no latent that could be fixed");
        rollout->agent = (struct bp_agent){.groups = env->groups, .action = env->action};
        return 0;
    }
    rollout->agent = *agent;
    rollout->agent.groups = env->groups;
    if (!agent->behaviour[role].levels)
        return bp_error(BP_USAGE, "the checkpoint has no %s", bp_roles[role].title);
    if (!bp_space_equal(agent->action, env->action))
        return bp_error(BP_USAGE, "the checkpoint's actions are %s, those of task '%s' with body '%s' %s", bp_space_text(agent->action, ours, sizeof ours),
                        env->task, env->body, bp_space_text(env->action, theirs, sizeof theirs));
    if (rollout->spec.fixed_latent && fix_latent(&rollout->agent, role))
        return -1;
    if (!rebase_behaviour(&rollout->agent, role, env, &missing))
        return report_missing(&missing, env, role, rollout->spec.evaluates);
    /* The other one is only there for the KL, which is left out where it cannot look, or needs a latent that was not drawn. */
    bool can_score = agent->behaviour[other].levels <= agent->behaviour[role].levels || (other == BP_PRIOR && bp_behaviour_sums(&agent->behaviour[other]));
    rollout->with_kl = agent->behaviour[other].levels && can_score && rebase_behaviour(&rollout->agent, other, env, &missing);
    return 0;
}

/* What does not change along an episode. */
static struct bp_places scene_of(const struct bp_view *view)
{
    return (struct bp_places){.targets = view->targets, .boxes = view->boxes, .edge = view->edge, .corridor = view->corridor,
                              .target_size = view->target_size, .target_round = view->target_round};
}

/* Numbers of the latent that what acts draws; 0: it is flat, or random. */
static int latent_size(const struct bp_rollout *rollout)
{
    return bp_agent_latents(&rollout->agent, role_of(rollout->spec.play));
}

static int init_episode(const struct bp_rollout *rollout, const struct bp_env *env, struct bp_episode *episode)
{
    const struct bp_env_spec *spec = &env->spec;
    struct bp_places scene;

    if (bp_episode_alloc(episode, &spec->groups, spec->action, spec->time_limit, rollout->with_kl) ||
        (latent_size(rollout) && bp_episode_alloc_latents(episode, latent_size(rollout))) ||
        (rollout->spec.record_states && bp_episode_alloc_states(episode, spec->state_size)))
        return -1;
    if (!env->look || rollout->spec.one_state)
        return 0;
    scene = scene_of(&env->view);
    return bp_episode_alloc_places(episode, &scene);
}

static int init_team(struct bp_rollout *rollout, struct team *team)
{
    const struct bp_env_spec *env;

    for (int i = 0; i < LANES; i++)
        if (!(team->env[i] = bp_env_open(rollout->spec.task, rollout->spec.body)) || !(team->stream[i] = bp_random_new()))
            return -1;
    env = &team->env[0]->spec;
    team->observations = calloc((size_t)(LANES * env->groups.size), sizeof(float));
    if (!team->observations)
        return bp_error(BP_FAILURE, "out of memory");
    for (int i = 0; i < LANES; i++)
        if (init_episode(rollout, team->env[i], &team->episode[i]))
            return -1;
    return bp_acting_init(&team->acting, &rollout->agent, LANES);
}

struct bp_rollout *bp_rollout_new(const struct bp_rollout_spec *spec, const struct bp_agent *agent, struct bp_pool *pool)
{
    struct bp_rollout *rollout = calloc(1, sizeof *rollout);
    struct bp_env *probe = bp_env_open(spec->task, spec->body);
    int64_t teams = (spec->episodes + LANES - 1) / LANES;

    if (!rollout)
        bp_error(BP_FAILURE, "out of memory");
    if (!rollout || !probe)
        goto fail;
    rollout->spec = *spec;
    rollout->pool = pool;
    rollout->team_count = teams < bp_pool_threads(pool) ? (int)teams : bp_pool_threads(pool);
    rollout->teams = calloc((size_t)rollout->team_count, sizeof *rollout->teams);
    if (!rollout->teams)
        bp_error(BP_FAILURE, "out of memory");
    if (!rollout->teams || adapt_agent(rollout, agent, &probe->spec) || (spec->one_state && choose_state(rollout, probe)))
        goto fail;
    for (int i = 0; i < rollout->team_count; i++)
        if (init_team(rollout, &rollout->teams[i]))
            goto fail;
    bp_env_close(probe);
    return rollout;
fail:
    bp_env_close(probe);
    bp_rollout_free(rollout);
    return NULL;
}

void bp_rollout_free(struct bp_rollout *rollout)
{
    if (!rollout)
        return;
    for (int b = 0; rollout->teams && b < rollout->team_count; b++) {
        struct team *team = &rollout->teams[b];
        for (int i = 0; i < LANES; i++) {
            bp_env_close(team->env[i]);
            if (team->stream[i])
                gsl_rng_free(team->stream[i]);
            bp_episode_free(&team->episode[i]);
        }
        free(team->observations);
        bp_acting_free(&team->acting);
    }
    free(rollout->teams);
    free(rollout->state);
    free(rollout);
}

/* ---- playing ---- */

/* Where lane i's environment stands after t steps. */
static void record_state(struct team *team, int i, int t)
{
    struct bp_episode *episode = &team->episode[i];
    struct bp_places *places = &episode->places;

    if (episode->states)
        bp_env_save(team->env[i], episode->states + (size_t)t * episode->state_size);
    if (places->pose)
        team->env[i]->look(team->env[i], places->pose + 3 * t, places->target + 2 * t * places->targets, places->box + 3 * t * places->boxes, places->gap);
}

static void begin(struct bp_rollout *rollout, struct team *team)
{
    const struct bp_rollout_spec *spec = &rollout->spec;
    int size = rollout->agent.groups.size;

    for (int i = 0; i < LANES; i++) {
        struct bp_episode *episode = &team->episode[i];
        uint64_t index = (uint64_t)(team->first + i);
        team->running[i] = i < team->count;
        if (!team->running[i])
            continue;
        episode->length = 0;
        episode->terminated = episode->truncated = episode->diverged = false;
        episode->seed = bp_random_seed(spec->seed, BP_FOR_ROLLOUT, 0, spec->same_start ? 0 : index);
        episode->index = (int64_t)index;
        episode->deterministic = spec->deterministic;
        episode->one_state = spec->one_state;
        snprintf(episode->task, sizeof episode->task, "%s", team->env[i]->spec.task);
        snprintf(episode->body, sizeof episode->body, "%s", team->env[i]->spec.body);
        snprintf(episode->play, sizeof episode->play, "%s", play_names[spec->play]);
        bp_random_seek(team->stream[i], spec->seed, BP_FOR_ROLLOUT, 1, index);
        bp_acting_forget(&team->acting, i);
        bp_env_reset(team->env[i], episode->seed, team->observations + i * size);
        put_in_state(rollout, team->observations + i * size);
        memcpy(episode->observations, team->observations + i * size, (size_t)size * sizeof(float));
        record_state(team, i, 0);
    }
}

/* Random play, a row of noise at a time; returns log_prob. Numbers: standard normal, clipped where they enter. */
static float random_numbers(const float *noise, int size, float *action)
{
    float log_prob = 0;

    memcpy(action, noise, (size_t)size * sizeof *action);
    for (int j = 0; j < size; j++)
        log_prob -= 0.5f * noise[j] * noise[j] + 0.5f * logf(2 * (float)M_PI);
    return log_prob;
}

/* Each choice as likely as the others. */
static float random_choice(const float *noise, int size, float *action)
{
    int choice = bp_choice(noise, size);

    for (int j = 0; j < size; j++)
        action[j] = j == choice;
    return -logf((float)size);
}

static void act_at_random(struct bp_acting *acting, struct bp_space space)
{
    static float (*const draw[BP_SPACE_KINDS])(const float *, int, float *) = {[BP_CONTINUOUS] = random_numbers, [BP_DISCRETE] = random_choice};

    for (int i = 0; i < LANES; i++)
        acting->log_prob[i] = draw[space.kind](acting->noise + i * space.size, space.size, acting->actions + i * space.size);
}

static void record_latent(const struct bp_acting *acting, int i, int t, struct bp_latents *latents)
{
    if (!latents->size)
        return;
    memcpy(latents->value + t * latents->size, acting->latent + i * latents->size, (size_t)latents->size * sizeof(float));
    latents->drawn[t] = acting->drawn[i] > 0;
    if (latents->kl)
        latents->kl[t] = acting->kl_prior_high[i];
}

static bool step(struct bp_rollout *rollout, struct team *team, int i)
{
    struct bp_episode *episode = &team->episode[i];
    int size = rollout->agent.groups.size, actions = rollout->agent.action.size, t = episode->length++;
    float *observation = team->observations + i * size;
    const float *action = team->acting.actions + i * actions;
    struct bp_step result = {.event = BP_NO_EVENT, .truncated = true};

    if (!rollout->spec.one_state)
        bp_env_step(team->env[i], action, observation, &result);
    memcpy(episode->actions + t * actions, action, (size_t)actions * sizeof(float));
    memcpy(episode->observations + (t + 1) * size, observation, (size_t)size * sizeof(float));
    record_state(team, i, t + 1);
    episode->rewards[t] = result.reward;
    episode->event[t] = result.event;
    episode->log_prob[t] = team->acting.log_prob[i];
    if (episode->kl_prior)
        episode->kl_prior[t] = team->acting.kl_prior[i];
    record_latent(&team->acting, i, t, &episode->latents);
    episode->terminated = result.terminated;
    episode->truncated = result.truncated;
    episode->diverged = result.diverged;
    return !result.terminated && !result.truncated;
}

/* How many of a step's random numbers are drawn, the others being 0: none of the means'. A fixed latent is drawn even so. */
static int numbers_drawn(const struct bp_rollout *rollout, enum bp_role role, int all)
{
    const struct bp_level *high = &rollout->agent.behaviour[role].level[0];

    if (!rollout->spec.deterministic)
        return all;
    return rollout->spec.fixed_latent ? high->family->noise(high->space.size) : 0;
}

static void play(struct bp_rollout *rollout, struct team *team)
{
    enum bp_role role = role_of(rollout->spec.play);
    int numbers = team->acting.noise_size, running = team->count, drawn = numbers_drawn(rollout, role, numbers);

    begin(rollout, team);
    while (running > 0 && !bp_signals_stop()) {
        for (int i = 0; i < LANES; i++)
            bp_random_normal(team->stream[i], team->acting.noise + i * numbers, drawn);
        if (rollout->spec.play == BP_PLAY_RANDOM)
            act_at_random(&team->acting, rollout->agent.action);
        else
            bp_act(&team->acting, rollout->params, role, team->observations, rollout->with_kl, 0);
        for (int i = 0; i < LANES; i++)
            if (team->running[i] && !step(rollout, team, i)) {
                team->running[i] = false;
                running--;
            }
    }
}

static void play_job(void *raw, int job)
{
    struct bp_rollout *rollout = raw;

    play(rollout, &rollout->teams[job]);
}

int bp_rollout_run(struct bp_rollout *rollout, const struct bp_params *params, int (*take)(void *context, const struct bp_episode *episode),
                   void *context)
{
    int64_t left = rollout->spec.episodes, next = 0;
    int status = 0;

    rollout->params = params;
    while (left > 0) {
        int jobs = 0;
        for (; jobs < rollout->team_count && left > 0; jobs++) {
            struct team *team = &rollout->teams[jobs];
            team->first = next;
            team->count = left < LANES ? (int)left : LANES;
            next += team->count;
            left -= team->count;
        }
        if (bp_pool_run(rollout->pool, jobs, play_job, rollout))
            return -1;
        if (bp_signals_stop())
            return 1;
        for (int b = 0; b < jobs; b++)
            for (int i = 0; i < rollout->teams[b].count; i++)
                if ((status = take(context, &rollout->teams[b].episode[i])))
                    return status;
    }
    return 0;
}
