#include "run/rollout.h"

#include "tiny_run.h"

#include <string.h>

/* ---- an agent, as a run of a few cycles leaves it ---- */

static struct bp_config config;
static struct bp_cycle cycle;
static struct bp_params params;

static int train(void **state)
{
    (void)state;
    config = tiny_config("lstm", "lstm", "mlp");
    start(&cycle, &config, 1);
    run_cycles(&cycle, 8);
    params = bp_cycle_params(&cycle);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bp_cycle_free(&cycle);
    return 0;
}

static struct bp_rollout_spec spec_of(const char *task, enum bp_play play, int64_t episodes)
{
    return (struct bp_rollout_spec){.task = task, .play = play, .episodes = episodes, .seed = 12};
}

/* ---- everything that episodes hold, as one running hash, and copies of some ---- */

struct collected {
    uint64_t hash;
    int64_t episodes, stop_at;
    double episode_return, kl;
    bool with_kl;
    float actions[20 * 2];          /* of episode number 3 */
};

static void mix(struct collected *c, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        c->hash = (c->hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
}

static int collect(void *context, const struct bp_episode *e)
{
    struct collected *c = context;
    size_t length = (size_t)e->length;

    assert_int_equal(e->index, c->episodes);                /* in order */
    mix(c, &length, sizeof length);
    mix(c, &e->seed, sizeof e->seed);
    mix(c, e->observations, (length + 1) * (size_t)e->groups.size * sizeof(float));
    mix(c, e->actions, length * (size_t)e->action.size * sizeof(float));
    mix(c, e->rewards, length * sizeof(float));
    mix(c, e->log_prob, length * sizeof(float));
    mix(c, e->event, length * sizeof(int32_t));
    if (e->kl_prior)
        mix(c, e->kl_prior, length * sizeof(float));
    if (e->states)
        mix(c, e->states, (length + 1) * e->state_size);
    assert_true(!e->latents.size && !e->latents.value);     /* it is flat */
    c->with_kl = e->kl_prior != NULL;
    for (size_t t = 0; t < length && e->kl_prior; t++)
        c->kl += (double)e->kl_prior[t];
    c->episode_return += bp_episode_return(e);
    if (c->episodes == 3 && e->length >= 20)
        memcpy(c->actions, e->actions, sizeof c->actions);
    return ++c->episodes == c->stop_at ? 7 : 0;
}

static struct collected play(const struct bp_rollout_spec *spec, const struct bp_agent *agent, int threads)
{
    struct collected c = {.hash = 1};
    struct bp_pool *pool = bp_pool_new(threads);
    struct bp_rollout *rollout = bp_rollout_new(spec, agent, pool);

    assert_non_null(rollout);
    assert_int_equal(bp_rollout_run(rollout, &params, collect, &c), 0);
    assert_int_equal(c.episodes, spec->episodes);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
    return c;
}

/* ---- determinism ---- */

/* The same bytes for any number of threads, whole teams of episodes or not, and whatever plays. */
static void threads_do_not_matter(void **state)
{
    (void)state;
    for (int p = 0; p < BP_PLAY_COUNT; p++) {
        struct bp_rollout_spec spec = spec_of("nav-easy", (enum bp_play)p, p == BP_PLAY_POLICY ? 33 : 17);
        struct collected one = play(&spec, &cycle.learner.agent, 1);
        for (int threads = 2; threads <= (p == BP_PLAY_POLICY ? 3 : 2); threads++)
            assert_true(play(&spec, &cycle.learner.agent, threads).hash == one.hash);
    }
}

static void the_seed_matters(void **state)
{
    struct bp_rollout_spec spec = spec_of("nav-easy", BP_PLAY_RANDOM, 2), other = spec;

    (void)state;
    other.seed++;
    assert_true(play(&spec, NULL, 1).hash == play(&spec, NULL, 2).hash);
    assert_true(play(&spec, NULL, 1).hash != play(&other, NULL, 1).hash);
}

/* An episode does not depend on how many are asked for: the first of many are the few. */
static void episodes_are_apart(void **state)
{
    struct bp_rollout_spec few = spec_of("nav-easy", BP_PLAY_POLICY, 5), many = spec_of("nav-easy", BP_PLAY_POLICY, 18);
    struct collected a = play(&few, &cycle.learner.agent, 1), b = play(&many, &cycle.learner.agent, 1);

    (void)state;
    assert_memory_equal(a.actions, b.actions, sizeof a.actions);
}

/* Run again, with the same parameters or others, nothing is left of the time before. */
static void runs_can_be_repeated(void **state)
{
    struct bp_rollout_spec spec = spec_of("nav-easy", BP_PLAY_PRIOR, 18);
    struct bp_pool *pool = bp_pool_new(2);
    struct bp_rollout *rollout = bp_rollout_new(&spec, &cycle.learner.agent, pool);
    struct collected first = {.hash = 1}, changed = {.hash = 1}, again = {.hash = 1};
    struct bp_params other = params;

    (void)state;
    assert_non_null(rollout);
    other.of[BP_PRIOR] = cycle.learner.trained[BP_PRIOR].m;       /* any other numbers */
    assert_int_equal(bp_rollout_run(rollout, &params, collect, &first), 0);
    assert_int_equal(bp_rollout_run(rollout, &other, collect, &changed), 0);
    assert_int_equal(bp_rollout_run(rollout, &params, collect, &again), 0);
    assert_true(first.hash == again.hash && first.hash != changed.hash);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
}

static void the_taker_may_stop(void **state)
{
    struct bp_rollout_spec spec = spec_of("nav-easy", BP_PLAY_RANDOM, 40);
    struct bp_pool *pool = bp_pool_new(2);
    struct bp_rollout *rollout = bp_rollout_new(&spec, NULL, pool);
    struct collected c = {.hash = 1, .stop_at = 5};

    (void)state;
    assert_non_null(rollout);
    assert_int_equal(bp_rollout_run(rollout, NULL, collect, &c), 7);
    assert_int_equal(c.episodes, 5);
    bp_rollout_free(rollout);
    bp_rollout_free(NULL);
    bp_pool_free(pool);
}

/* ---- what is in an episode ---- */

/* Played again by hand: its seed, its actions, its rewards; log densities are those of the noise that made the actions. */
static int check_episode(void *context, const struct bp_episode *e)
{
    struct bp_env *env = context;
    float o[20];
    struct bp_step step = {0};

    assert_int_equal(e->groups.size, 20);
    bp_env_reset(env, e->seed, o);
    for (int t = 0; t < e->length; t++) {
        assert_false(step.terminated || step.truncated);
        assert_memory_equal(o, e->observations + t * 20, sizeof o);
        bp_env_step(env, e->actions + 2 * t, o, &step);
        assert_true(step.reward == e->rewards[t] && step.event == e->event[t]);
        assert_true(isfinite(e->log_prob[t]));
    }
    assert_memory_equal(o, e->observations + e->length * 20, sizeof o);
    assert_true(step.terminated == e->terminated && step.truncated == e->truncated && step.diverged == e->diverged);
    assert_true(e->terminated || e->truncated);
    assert_true(e->terminated || e->length == 375);
    return 0;
}

static void episodes_can_be_played_again(void **state)
{
    static const char *const tasks[] = {"nav-easy", "nav-hard"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bp_rollout_spec spec = spec_of(tasks[i], i ? BP_PLAY_PRIOR : BP_PLAY_POLICY, 17);
        struct bp_pool *pool = bp_pool_new(1);
        struct bp_rollout *rollout = bp_rollout_new(&spec, &cycle.learner.agent, pool);
        struct bp_env *env = bp_env_open(tasks[i], NULL);
        assert_non_null(rollout);
        assert_int_equal(bp_rollout_run(rollout, &params, check_episode, env), 0);
        bp_env_close(env);
        bp_rollout_free(rollout);
        bp_pool_free(pool);
    }
}

/* From the state at every seventh step one gets to the next state, byte for byte, and to the next observation. */
static int check_states(void *context, const struct bp_episode *e)
{
    struct bp_env *env = context;
    size_t size = env->spec.state_size, row = (size_t)e->groups.size;
    float *o = calloc(row, sizeof *o);
    uint8_t *state = calloc(1, size);
    struct bp_step step;

    assert_true(o && state && e->states);
    assert_int_equal(e->state_size, size);
    for (int t = e->length - 1; t >= 0; t -= 7) {       /* backwards: nothing is left of what was before */
        assert_true(bp_env_restore(env, e->states + (size_t)t * size) >= 0);
        bp_env_step(env, e->actions + t * e->action.size, o, &step);
        bp_env_save(env, state);
        assert_memory_equal(state, e->states + (size_t)(t + 1) * size, size);
        assert_memory_equal(o, e->observations + (size_t)(t + 1) * row, row * sizeof *o);
    }
    free(state);
    free(o);
    return 0;
}

static void states_are_recorded(void **state)
{
    static const char *const tasks[] = {"nav-easy", "push-1b1t", "gap"}, *const bodies[] = {NULL, "ball", "ant"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_rollout_spec without = spec_of(tasks[i], BP_PLAY_RANDOM, i ? 2 : 18), spec;
        without.body = bodies[i];
        spec = without;
        spec.record_states = true;
        struct bp_pool *pool = bp_pool_new(1);
        struct bp_rollout *rollout = bp_rollout_new(&spec, NULL, pool);
        struct bp_env *env = bp_env_open(tasks[i], bodies[i]);
        assert_non_null(rollout);
        assert_int_equal(bp_rollout_run(rollout, NULL, check_states, env), 0);
        bp_env_close(env);
        bp_rollout_free(rollout);
        bp_pool_free(pool);
        struct collected one = play(&spec, NULL, 1);
        assert_true(one.hash == play(&spec, NULL, 2).hash);
        assert_true(one.hash != play(&without, NULL, 1).hash);
    }
}

static int count_actions(void *context, const struct bp_episode *e)
{
    double *sums = context;

    for (int i = 0; i < 2 * e->length; i++) {
        sums[0] += 1;
        sums[1] += (double)e->actions[i];
        sums[2] += (double)e->actions[i] * (double)e->actions[i];
    }
    for (int t = 0; t < e->length; t++)
        sums[3] += (double)e->log_prob[t];
    return 0;
}

/* Random play is standard normal, and says so. */
static void random_play(void **state)
{
    struct bp_rollout_spec spec = spec_of("nav-easy", BP_PLAY_RANDOM, 16);
    struct bp_pool *pool = bp_pool_new(1);
    struct bp_rollout *rollout = bp_rollout_new(&spec, NULL, pool);
    double sums[4] = {0};

    (void)state;
    assert_non_null(rollout);
    assert_int_equal(bp_rollout_run(rollout, NULL, count_actions, sums), 0);
    assert_close(sums[1] / sums[0], 0, 5 / sqrt(sums[0]));
    assert_close(sums[2] / sums[0], 1, 5 * sqrt(2 / sums[0]));
    assert_close(2 * sums[3] / sums[0], -(1 + log(2 * M_PI)), 5 * sqrt(2 / sums[0]));
    bp_rollout_free(rollout);
    bp_pool_free(pool);
}

static int no_noise(void *context, const struct bp_episode *e)
{
    double *least = context;

    assert_true(e->deterministic);
    for (int t = 0; t < e->length; t++)
        *least = fmin(*least, (double)e->log_prob[t]);
    return 0;
}

/* Deterministic play is the mean, where the density is at its highest: with scales below 1.01, more than the narrowest of them allows. */
static void deterministic_play(void **state)
{
    struct bp_rollout_spec spec = spec_of("nav-easy", BP_PLAY_POLICY, 3);
    struct bp_pool *pool = bp_pool_new(1);
    double least = INFINITY;

    (void)state;
    spec.deterministic = true;
    struct bp_rollout *rollout = bp_rollout_new(&spec, &cycle.learner.agent, pool);
    assert_non_null(rollout);
    assert_int_equal(bp_rollout_run(rollout, &params, no_noise, &least), 0);
    assert_true(least >= -log(2 * M_PI) - 2 * log(1.01) - 1e-4);
    struct collected sampled = {.hash = 1}, mean = {.hash = 1};
    assert_int_equal(bp_rollout_run(rollout, &params, collect, &mean), 0);
    spec.deterministic = false;
    sampled = play(&spec, &cycle.learner.agent, 1);
    assert_true(mean.hash != sampled.hash);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
}

/* ---- other tasks, other agents ---- */

/* The KL is recorded where policy and prior can both look; a prior alone, or a policy that misses its goal, has none. */
static void the_kl_where_there_is_a_pair(void **state)
{
    struct bp_agent alone = cycle.learner.agent;
    struct bp_rollout_spec easy = spec_of("nav-easy", BP_PLAY_POLICY, 2), hard = spec_of("nav-hard", BP_PLAY_PRIOR, 2);

    (void)state;
    struct collected both = play(&easy, &cycle.learner.agent, 1), missing = play(&hard, &cycle.learner.agent, 1);
    assert_true(both.with_kl && both.kl > 0);
    assert_false(missing.with_kl);
    alone.has[BP_POLICY] = alone.has[BP_CRITIC] = false;
    alone.behaviour[BP_POLICY].levels = 0;
    hard.task = "nav-easy";
    assert_false(play(&hard, &alone, 1).with_kl);
    /* the KL is of the pair, whoever acts, and looking at it changes no action */
    struct collected with = play(&hard, &cycle.learner.agent, 1), without = play(&hard, &alone, 1);
    assert_true(with.with_kl && with.kl > 0);
    assert_true(with.episode_return == without.episode_return);
}

/* ---- latents ---- */

/* A run of a hierarchy, as a few cycles leave it: its latent is held for four steps, and its low level is shared or not. */
static void train_levels(struct bp_cycle *levels, const char *prior, const char *prior_high)
{
    static struct bp_config c;

    c = tiny_config("lstm", prior, "mlp");
    c.low_sees_goal = true;
    c.latent_size = 3;
    c.latent_period = 4;
    c.prior_correlation = 0.9;
    c.net[BP_POLICY_HIGH] = (struct bp_net_choice){"lstm", "5", "*", "softplus", NULL};
    c.net[BP_PRIOR_HIGH] = (struct bp_net_choice){prior_high, "5", "*", "softplus", NULL};
    start(levels, &c, 1);
    run_cycles(levels, 8);
}

/* Both levels scored once more along the episode that was played, given the latents that it recorded. */
struct replayed {
    struct bp_path policy, prior, at;
};

static struct replayed replay(struct bp_tape *tape, const struct bp_cycle *levels, const struct bp_episode *e)
{
    const struct bp_agent *a = &levels->learner.agent;
    struct bp_net_use use[BP_ROLES];
    int32_t *step = bp_arena_take(&tape->arena, (size_t)e->length * sizeof *step);
    struct replayed r = {.at = {.levels = 2}};

    for (int role = 0; role < BP_ROLES; role++)
        use[role] = (struct bp_net_use){.net = &a->net[role], .params = params.of[role]};
    for (int t = 0; t < e->length; t++)
        step[t] = t;
    struct bp_scene scene = {.tape = tape, .groups = &e->groups, .use = use, .observations = e->observations, .steps = e->length, .batch = 1,
                             .episode_step = step};
    r.at.level[0].net = r.at.level[1].net = BP_NO_NET;
    r.at.level[0].y = bp_constant(tape, e->length, e->latents.size, e->latents.value);
    r.at.level[1].y = bp_constant(tape, e->length, e->action.size, e->actions);
    r.policy = bp_score(&scene, &a->behaviour[BP_POLICY], &r.at);
    r.prior = bp_score(&scene, &a->behaviour[BP_PRIOR], &r.at);
    return r;
}

static double worth(const struct bp_var *v, int t)
{
    return (double)v->value[t];
}

struct played {
    const struct bp_cycle *levels;
    enum bp_play play;
    bool shared;
    int episodes;
};

static int check_latents(void *context, const struct bp_episode *e)
{
    struct played *p = context;
    const struct bp_latents *l = &e->latents;
    struct bp_tape tape;

    assert_int_equal(l->size, 3);
    assert_int_equal(bp_tape_init(&tape, (size_t)1 << 20, false), 0);
    struct replayed r = replay(&tape, p->levels, e);
    struct bp_path *acted = p->play == BP_PLAY_POLICY ? &r.policy : &r.prior;
    struct bp_distribution low = acted->level[1].p;
    struct bp_var *log_prob = low.family->log_prob(&tape, low, bp_constant(&tape, e->length, e->action.size, e->actions)), *high, *rest;
    high = bp_families[0].kl(&tape, r.policy.level[0].p, r.prior.level[0].p);
    rest = bp_families[0].kl(&tape, r.policy.level[1].p, r.prior.level[1].p);
    for (int t = 0; t < e->length; t++) {
        bool drawn = t % 4 == 0;
        assert_int_equal(l->drawn[t], drawn);
        assert_int_equal(drawn, t == 0 || memcmp(l->value + 3 * t, l->value + 3 * (t - 1), 3 * sizeof(float)) != 0);
        assert_close(e->log_prob[t], worth(log_prob, t), 2e-4);
        assert_close(l->kl[t], drawn ? worth(high, t) : 0, 1e-4 * (1 + worth(high, t)));
        assert_close(e->kl_prior[t] - l->kl[t], p->shared ? 0 : worth(rest, t), 1e-4 * (1 + worth(rest, t)));
    }
    bp_tape_free(&tape);
    p->episodes++;
    return 0;
}

/* What is recorded explains the episode: given the latent in force the actions have the density recorded, and the KLs are those of its levels. */
static void latents_are_recorded(void **state)
{
    static const char *const lows[] = {"shared", "lstm", "shared"}, *const highs[] = {"ar1", "mlp", "lstm"};
    struct bp_params kept = params;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bp_cycle levels;
        struct bp_pool *pool = bp_pool_new(1);
        train_levels(&levels, lows[i], highs[i]);
        params = bp_cycle_params(&levels);
        for (int p = 0; p <= BP_PLAY_PRIOR; p++) {
            struct bp_rollout_spec spec = spec_of("nav-easy", (enum bp_play)p, 2);
            struct played played = {&levels, spec.play, !strcmp(lows[i], "shared"), 0};
            struct bp_rollout *rollout = bp_rollout_new(&spec, &levels.learner.agent, pool);
            assert_non_null(rollout);
            assert_int_equal(bp_rollout_run(rollout, &params, check_latents, &played), 0);
            assert_int_equal(played.episodes, 2);
            bp_rollout_free(rollout);
        }
        bp_cycle_free(&levels);
        bp_pool_free(pool);
    }
    params = kept;
}

/* ---- one state ---- */

struct one_state {
    struct bp_env *env;
    const struct bp_agent *agent;
    float first[20], actions[2];
    int episodes, goals;
};

static bool prior_sees(const struct bp_agent *agent, const char *name)
{
    return bp_groups_find(&agent->net[BP_PRIOR].spec.inputs, name) != NULL;
}

/* One action in each, in the first start's observation but for the groups that the prior does not see, which are of the episode's own start. */
static int check_state(void *context, const struct bp_episode *e)
{
    struct one_state *c = context;
    float own[20];

    bp_env_reset(c->env, e->seed, own);
    if (!c->episodes++)
        memcpy(c->first, own, sizeof own);
    assert_true(e->length == 1 && e->truncated && !e->terminated && e->rewards[0] == 0 && e->event[0] == BP_NO_EVENT && !e->places.pose);
    for (int i = 0; i < e->groups.count; i++) {
        const struct bp_group *g = &e->groups.group[i];
        const float *from = prior_sees(c->agent, g->name) ? c->first : own;
        assert_memory_equal(e->observations + g->offset, from + g->offset, (size_t)g->size * sizeof(float));
        c->goals += !prior_sees(c->agent, g->name) && memcmp(own + g->offset, c->first + g->offset, (size_t)g->size * sizeof(float)) != 0;
    }
    assert_memory_equal(e->observations, e->observations + 20, sizeof own);
    assert_true(memcmp(c->actions, e->actions, sizeof c->actions) != 0);         /* drawn anew */
    memcpy(c->actions, e->actions, sizeof c->actions);
    assert_true(isfinite(e->kl_prior[0]));
    return 0;
}

static void one_state(void **state)
{
    (void)state;
    for (int p = 0; p <= BP_PLAY_PRIOR; p++) {
        struct bp_rollout_spec spec = spec_of("nav-easy", (enum bp_play)p, 20);
        struct bp_pool *pool = bp_pool_new(1);
        struct one_state c = {.env = bp_env_open("nav-easy", NULL), .agent = &cycle.learner.agent};
        spec.one_state = true;
        struct bp_rollout *rollout = bp_rollout_new(&spec, c.agent, pool);
        assert_non_null(rollout);
        assert_int_equal(bp_rollout_run(rollout, &params, check_state, &c), 0);
        assert_true(c.episodes == 20 && c.goals > 5);
        bp_rollout_free(rollout);
        assert_true(play(&spec, c.agent, 1).hash == play(&spec, c.agent, 2).hash);
        bp_env_close(c.env);
        bp_pool_free(pool);
    }
}

struct attempt {
    struct bp_rollout_spec spec;
    const struct bp_agent *agent;       /* not a copy: gcc 12 zeroes parts of one under -ftrivial-auto-var-init and sanitizers */
};

static int attempt(void *context)
{
    struct attempt *a = context;
    struct bp_pool *pool = bp_pool_new(1);
    struct bp_rollout *rollout = bp_rollout_new(&a->spec, a->agent, pool);

    bp_pool_free(pool);
    return rollout ? 0 : -1;
}

static void refused(struct bp_rollout_spec spec, const struct bp_agent *agent, const char *part)
{
    struct attempt a = {spec, agent};
    char said[1024];

    assert_int_equal(run_action(attempt, &a, false, said), BP_USAGE);
    assert_said(said, part);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct bp_agent agent = cycle.learner.agent;

    (void)state;
    refused(spec_of("nav-hard", BP_PLAY_POLICY, 2), &agent, "goal");
    refused(spec_of("nav", BP_PLAY_POLICY, 2), &agent, "'nav'");
    struct bp_rollout_spec in_one_state = spec_of("nav-easy", BP_PLAY_POLICY, 2), fixed = in_one_state;
    in_one_state.one_state = fixed.fixed_latent = true;
    refused(fixed, &agent, "has no latent");
    agent.behaviour[BP_PRIOR].levels = 0;
    refused(in_one_state, &agent, "policy and prior");
    refused(spec_of("nav-easy", BP_PLAY_PRIOR, 2), &agent, "no prior");
    agent = cycle.learner.agent;
    agent.action.size = 8;
    refused(spec_of("nav-easy", BP_PLAY_POLICY, 2), &agent, "8");
    agent = cycle.learner.agent;
    agent.net[BP_POLICY].spec.inputs.group[0].size = 5;
    refused(spec_of("nav-easy", BP_PLAY_POLICY, 2), &agent, "global");
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < BP_PLAY_COUNT; i++)
        assert_int_equal(bp_play_find(bp_play_name(i)), i);
    assert_string_equal(bp_play_name(BP_PLAY_PRIOR), "prior");
    assert_null(bp_play_name(BP_PLAY_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(the_seed_matters),
        cmocka_unit_test(episodes_are_apart),
        cmocka_unit_test(runs_can_be_repeated),
        cmocka_unit_test(the_taker_may_stop),
        cmocka_unit_test(episodes_can_be_played_again),
        cmocka_unit_test(states_are_recorded),
        cmocka_unit_test(random_play),
        cmocka_unit_test(deterministic_play),
        cmocka_unit_test(the_kl_where_there_is_a_pair),
        cmocka_unit_test(latents_are_recorded),
        cmocka_unit_test(one_state),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, train, end);
}
