#include "run/actors.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Actors whose policy is one product. More actors make it faster. But for bodies with legs, whose state takes a kilobyte, only
 * few simulators fit the second cache as they take turns: with eight a step takes 4 to 7 % longer than with four.
 */
enum { TEAM = 8, LARGE_TEAM = 4, LARGE_STATE = 1000 };

/* One actor's running episode; its environment, random stream and observation are the rest of its state. */
struct lane {
    int64_t episode;            /* episodes begun so far */
    int64_t length;             /* steps of the one in progress, 0: it begins with the next step */
    double episode_return;
};

/* One step of one actor as it goes to the replay. */
struct record {
    bool begins;
    bool drawn;                 /* the latent */
    struct bp_step step;
    float log_prob;             /* of the action; in a record of latents, where one was drawn, of both */
    int64_t length;             /* with this step */
    double episode_return;
};

struct team {
    int first, lanes;
    struct bp_acting acting;
    float *observations;        /* lanes x O: the present ones */
    struct record *records;     /* steps x lanes */
    float *noise;               /* lanes x steps x what an act draws of */
    float *before, *after;      /* steps x lanes x O; before: where an episode begins */
    float *actions;             /* steps x lanes x A */
    float *states;              /* steps x lanes x S */
    float *latents;             /* steps x lanes x Z */
};

struct bp_actors {
    struct bp_actors_spec spec;
    struct bp_env_spec env_spec;
    int state_size;             /* S */
    int latent_size;            /* Z, where the replay is to have latents */
    int team_size;
    struct bp_env **envs;
    gsl_rng **streams;
    struct lane *lanes;
    struct team *teams;
    int team_count;
    /* buffers of save and restore */
    uint8_t *saved_envs, *saved_streams;
    float *saved_observations, *saved_states;
};

static int init_team(struct bp_actors *actors, struct team *team, const struct bp_agent *agent, int first)
{
    int left = actors->spec.actors - first;
    size_t size = (size_t)agent->groups.size, cells;

    team->first = first;
    team->lanes = left < actors->team_size ? left : actors->team_size;
    cells = (size_t)team->lanes * (size_t)actors->spec.steps;
    team->observations = calloc((size_t)team->lanes * size, sizeof(float));
    team->records = calloc(cells, sizeof *team->records);
    team->before = calloc(cells * size, sizeof(float));
    team->after = calloc(cells * size, sizeof(float));
    team->actions = calloc(cells * (size_t)agent->action.size, sizeof(float));
    team->states = calloc(cells * (size_t)actors->state_size + 1, sizeof(float));
    team->latents = calloc(cells * (size_t)actors->latent_size + 1, sizeof(float));
    if (!team->observations || !team->records || !team->before || !team->after || !team->actions || !team->states || !team->latents)
        return bp_error(BP_FAILURE, "out of memory");
    if (bp_acting_init(&team->acting, agent, team->lanes))
        return -1;
    team->noise = calloc(cells * (size_t)team->acting.noise_size, sizeof(float));
    return team->noise ? 0 : bp_error(BP_FAILURE, "out of memory");
}

static void free_team(struct team *team)
{
    free(team->observations);
    free(team->records);
    free(team->noise);
    free(team->before);
    free(team->after);
    free(team->actions);
    free(team->states);
    free(team->latents);
    bp_acting_free(&team->acting);
}

static int init_lanes(struct bp_actors *actors)
{
    for (int i = 0; i < actors->spec.actors; i++) {
        if (!(actors->envs[i] = bp_env_open(actors->spec.task, actors->spec.body)) || !(actors->streams[i] = bp_random_new()))
            return -1;
        bp_random_seek(actors->streams[i], actors->spec.seed, BP_FOR_ACTION, (uint64_t)i, 0);
    }
    actors->env_spec = actors->envs[0]->spec;
    return 0;
}

static int init_saved(struct bp_actors *actors, const struct bp_agent *agent)
{
    size_t n = (size_t)actors->spec.actors;

    actors->saved_envs = calloc(n, actors->env_spec.state_size);
    actors->saved_streams = calloc(n, gsl_rng_size(actors->streams[0]));
    actors->saved_observations = calloc(n * (size_t)agent->groups.size, sizeof(float));
    actors->saved_states = calloc(n * (size_t)actors->state_size + 1, sizeof(float));
    if (!actors->saved_envs || !actors->saved_streams || !actors->saved_observations || !actors->saved_states)
        return bp_error(BP_FAILURE, "out of memory");
    return 0;
}

static int init_teams(struct bp_actors *actors, const struct bp_agent *agent)
{
    actors->team_size = actors->env_spec.state_size < LARGE_STATE ? TEAM : LARGE_TEAM;
    actors->team_count = (actors->spec.actors + actors->team_size - 1) / actors->team_size;
    actors->teams = calloc((size_t)actors->team_count, sizeof *actors->teams);
    if (!actors->teams)
        return bp_error(BP_FAILURE, "out of memory");
    for (int i = 0; i < actors->team_count; i++)
        if (init_team(actors, &actors->teams[i], agent, i * actors->team_size))
            return -1;
    return 0;
}

struct bp_actors *bp_actors_new(const struct bp_actors_spec *spec, const struct bp_agent *agent)
{
    struct bp_actors *actors = calloc(1, sizeof *actors);
    size_t n = (size_t)spec->actors;

    if (!actors) {
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    actors->spec = *spec;
    actors->state_size = bp_agent_state_size(agent);
    actors->latent_size = agent->posterior.family ? agent->latent.size : 0;
    actors->envs = calloc(n, sizeof(struct bp_env *));
    actors->streams = calloc(n, sizeof(gsl_rng *));
    actors->lanes = calloc(n, sizeof *actors->lanes);
    if (!actors->envs || !actors->streams || !actors->lanes) {
        bp_error(BP_FAILURE, "out of memory");
        goto fail;
    }
    if (init_lanes(actors) || init_saved(actors, agent) || init_teams(actors, agent))
        goto fail;
    return actors;
fail:
    bp_actors_free(actors);
    return NULL;
}

void bp_actors_free(struct bp_actors *actors)
{
    if (!actors)
        return;
    for (int i = 0; actors->teams && i < actors->team_count; i++)
        free_team(&actors->teams[i]);
    for (int i = 0; i < actors->spec.actors; i++) {
        if (actors->envs)
            bp_env_close(actors->envs[i]);
        if (actors->streams && actors->streams[i])
            gsl_rng_free(actors->streams[i]);
    }
    free(actors->teams);
    free(actors->envs);
    free(actors->streams);
    free(actors->lanes);
    free(actors->saved_envs);
    free(actors->saved_streams);
    free(actors->saved_observations);
    free(actors->saved_states);
    free(actors);
}

int bp_actors_teams(const struct bp_actors *actors)
{
    return actors->team_count;
}

/* ---- a cycle ---- */

static void begin_episodes(struct bp_actors *actors, struct team *team)
{
    size_t size = (size_t)actors->env_spec.groups.size;

    for (int i = 0; i < team->lanes; i++) {
        int actor = team->first + i;
        struct lane *lane = &actors->lanes[actor];
        if (lane->length)
            continue;
        lane->episode_return = 0;
        bp_acting_forget(&team->acting, i);
        bp_env_reset(actors->envs[actor], bp_random_seed(actors->spec.seed, BP_FOR_RESET, (uint64_t)actor, (uint64_t)lane->episode++),
                     team->observations + (size_t)i * size);
    }
}

static void step_lane(struct bp_actors *actors, struct team *team, int i, size_t cell)
{
    size_t size = (size_t)actors->env_spec.groups.size, a = (size_t)actors->env_spec.action.size, z = (size_t)actors->latent_size;
    int actor = team->first + i;
    struct lane *lane = &actors->lanes[actor];
    struct record *record = &team->records[cell];
    float *observation = team->observations + (size_t)i * size;

    memcpy(team->actions + cell * a, team->acting.actions + (size_t)i * a, a * sizeof(float));
    record->begins = lane->length == 0;
    if (record->begins)
        memcpy(team->before + cell * size, observation, size * sizeof(float));
    record->log_prob = team->acting.log_prob[i] + team->acting.latent_log_prob[i];
    record->drawn = team->acting.drawn[i] > 0;
    memcpy(team->latents + cell * z, team->acting.latent + (size_t)i * z, z * sizeof(float));
    bp_env_step(actors->envs[actor], team->acting.actions + (size_t)i * a, observation, &record->step);
    memcpy(team->after + cell * size, observation, size * sizeof(float));
    lane->length++;
    lane->episode_return += (double)record->step.reward;
    record->length = lane->length;
    record->episode_return = lane->episode_return;
    if (record->step.terminated || record->step.truncated)
        lane->length = 0;
}

void bp_actors_run(struct bp_actors *actors, int index, const struct bp_params *params)
{
    struct team *team = &actors->teams[index];
    int a = team->acting.noise_size, steps = actors->spec.steps;

    for (int i = 0; i < team->lanes; i++)
        bp_random_normal(actors->streams[team->first + i], team->noise + i * steps * a, steps * a);
    for (int s = 0; s < steps; s++) {
        begin_episodes(actors, team);
        for (int i = 0; i < team->lanes; i++) {
            size_t cell = (size_t)(s * team->lanes + i);
            memcpy(team->acting.noise + i * a, team->noise + (i * steps + s) * a, (size_t)a * sizeof(float));
            if (actors->spec.remember)
                bp_acting_state_row(&team->acting, i, team->states + cell * (size_t)actors->state_size);
        }
        bp_act(&team->acting, params, BP_POLICY, team->observations, false, actors->spec.remember);
        for (int i = 0; i < team->lanes; i++)
            step_lane(actors, team, i, (size_t)(s * team->lanes + i));
    }
}

static void commit_step(struct bp_actors *actors, const struct team *team, int actor, size_t cell, struct bp_replay *replay,
                        struct bp_actor_stats *stats)
{
    const struct record *record = &team->records[cell];
    size_t size = (size_t)actors->env_spec.groups.size;
    bool ended = record->step.terminated || record->step.truncated;

    if (record->begins)
        bp_replay_begin(replay, actor, team->before + cell * size);
    if (actors->spec.remember)
        bp_replay_state(replay, actor, team->states + cell * (size_t)actors->state_size);
    if (actors->latent_size)
        bp_replay_latent(replay, actor, team->latents + cell * (size_t)actors->latent_size, record->drawn);
    if (record->step.diverged)
        bp_replay_cut(replay, actor);
    else
        bp_replay_step(replay, actor, team->actions + cell * (size_t)actors->env_spec.action.size, record->log_prob, record->step.reward,
                       team->after + cell * size, record->step.terminated, ended);
    stats->steps++;
    if (!ended)
        return;
    stats->episodes++;
    stats->diverged += record->step.diverged;
    stats->episode_return += record->episode_return;
    stats->episode_length += (double)record->length;
}

void bp_actors_commit(struct bp_actors *actors, struct bp_replay *replay, struct bp_actor_stats *stats)
{
    for (int t = 0; t < actors->team_count; t++) {
        const struct team *team = &actors->teams[t];
        for (int i = 0; i < team->lanes; i++)
            for (int s = 0; s < actors->spec.steps; s++)
                commit_step(actors, team, team->first + i, (size_t)(s * team->lanes + i), replay, stats);
    }
}

/* ---- saving ---- */

int bp_actors_tensors(struct bp_actors *actors, struct bp_tensor *tensors)
{
    int64_t n = actors->spec.actors;

    tensors[0] = bp_tensor_2d("actors/environments", BP_U8, n, (int64_t)actors->env_spec.state_size, actors->saved_envs);
    tensors[1] = bp_tensor_2d("actors/streams", BP_U8, n, (int64_t)gsl_rng_size(actors->streams[0]), actors->saved_streams);
    tensors[2] = bp_tensor_2d("actors/observations", BP_F32, n, actors->env_spec.groups.size, actors->saved_observations);
    tensors[3] = bp_tensor_2d("actors/lanes", BP_U8, n, sizeof(struct lane), actors->lanes);
    if (!actors->state_size)
        return 4;
    tensors[4] = bp_tensor_2d("actors/states", BP_F32, n, actors->state_size, actors->saved_states);
    return 5;
}

/* Where an actor's part of each buffer is. */
struct saved {
    uint8_t *env, *stream;
    float *observation, *state;
    size_t stream_size, observations, states;
};

static struct saved saved_of(const struct bp_actors *actors, size_t actor)
{
    size_t stream_size = gsl_rng_size(actors->streams[actor]), size = (size_t)actors->env_spec.groups.size, states = (size_t)actors->state_size;

    return (struct saved){
        .env = actors->saved_envs + actor * actors->env_spec.state_size,
        .stream = actors->saved_streams + actor * stream_size,
        .observation = actors->saved_observations + actor * size,
        .state = actors->saved_states + actor * states,
        .stream_size = stream_size,
        .observations = size,
        .states = states,
    };
}

static void save_lane(struct bp_actors *actors, const struct team *team, int i)
{
    size_t actor = (size_t)(team->first + i);
    struct saved saved = saved_of(actors, actor);

    bp_env_save(actors->envs[actor], saved.env);
    memcpy(saved.stream, gsl_rng_state(actors->streams[actor]), saved.stream_size);
    memcpy(saved.observation, team->observations + (size_t)i * saved.observations, saved.observations * sizeof(float));
    bp_acting_state_row(&team->acting, i, saved.state);
}

void bp_actors_save(struct bp_actors *actors)
{
    for (int t = 0; t < actors->team_count; t++)
        for (int i = 0; i < actors->teams[t].lanes; i++)
            save_lane(actors, &actors->teams[t], i);
}

/* What is wrong with what was loaded for a lane, or NULL. The replay has room for an episode's steps, and no more. */
static const char *restore_lane(struct bp_actors *actors, struct team *team, int i, const struct bp_replay *replay)
{
    size_t actor = (size_t)(team->first + i);
    struct saved saved = saved_of(actors, actor);
    const struct lane *lane = &actors->lanes[actor];
    int steps = bp_env_restore(actors->envs[actor], saved.env);

    if (lane->episode < 0 || lane->length < 0 || lane->length >= actors->env_spec.time_limit || (lane->length && !lane->episode) ||
        !isfinite(lane->episode_return))
        return "count of steps or episodes";
    if (steps < 0 || (lane->length && steps != lane->length))
        return "environment";
    if (bp_replay_length(replay, (int)actor) != lane->length)
        return "episode in the replay";
    if (!bp_random_valid(saved.stream, actors->spec.seed, BP_FOR_ACTION, actor, 0))
        return "random stream";
    if (!bp_numbers_finite(BP_F32, saved.observation, saved.observations) || !bp_numbers_finite(BP_F32, saved.state, saved.states))
        return "observation or recurrent state";
    memcpy(gsl_rng_state(actors->streams[actor]), saved.stream, saved.stream_size);
    memcpy(team->observations + (size_t)i * saved.observations, saved.observation, saved.observations * sizeof(float));
    bp_acting_set_state_row(&team->acting, i, saved.state, lane->length);
    return NULL;
}

int bp_actors_restore(struct bp_actors *actors, const struct bp_replay *replay, const char *where)
{
    for (int t = 0; t < actors->team_count; t++)
        for (int i = 0; i < actors->teams[t].lanes; i++) {
            const char *wrong = restore_lane(actors, &actors->teams[t], i, replay);
            if (wrong)
                return bp_error(BP_DAMAGED, "%s: the %s of actor %d makes no sense", where, wrong, actors->teams[t].first + i);
        }
    return 0;
}
