#include "run/actors.h"

#include "tiny_run.h"
#include "config_agent.h"

enum { ACTORS = 11, STEPS = 5, O = 20, A = 2, S = 2 * (5 + 6 + 6), LENGTH = 375 };

static struct bp_agent agent;
static float parameters[BP_ROLES][2048];
static struct bp_params params;

static int make_agent(void **state)
{
    struct bp_config config = tiny_config("lstm", "lstm", "lstm");
    struct bp_env *env = bp_env_open("nav-easy", NULL);

    (void)state;
    assert_non_null(env);
    assert_int_equal(config_agent(&config, &env->spec.groups, bp_continuous(A), &agent), 0);
    for (int role = 0; role < BP_ROLES; role++) {
        gsl_rng *stream = bp_random_new();
        bp_random_seek(stream, 8, BP_FOR_TEST, (uint64_t)role, 0);
        assert_true(agent.net[role].parameters < 2048);
        bp_net_randomise(&agent.net[role], parameters[role], stream);
        params.of[role] = parameters[role];
        gsl_rng_free(stream);
    }
    bp_env_close(env);
    return 0;
}

static struct bp_actors *actors_of(int count, uint64_t seed)
{
    const struct bp_actors_spec spec = {"nav-easy", NULL, count, STEPS, seed, (1u << BP_ROLES) - 1};
    struct bp_actors *actors = bp_actors_new(&spec, &agent);

    assert_non_null(actors);
    return actors;
}

static struct bp_replay *replay_of(int count)
{
    const struct bp_replay_spec spec = {O, A, S, LENGTH, 4 * count, count, STEPS, false, 0, 0};
    struct bp_replay *replay = bp_replay_new(&spec);

    assert_non_null(replay);
    return replay;
}

static void cycles(struct bp_actors *actors, struct bp_replay *replay, int count, struct bp_actor_stats *stats)
{
    for (int i = 0; i < count; i++) {
        for (int team = 0; team < bp_actors_teams(actors); team++)
            bp_actors_run(actors, team, &params);
        bp_actors_commit(actors, replay, stats);
    }
}

static const float *replay_floats(struct bp_replay *replay, const char *name)
{
    static struct bp_tensor tensors[9];
    int count = bp_replay_tensors(replay, tensors);
    const struct bp_tensor *found = bp_tensor_find(tensors, (size_t)count, name);

    assert_non_null(found);
    return found->data;
}

static void same_replay(struct bp_replay *a, struct bp_replay *b)
{
    struct bp_tensor of_a[9], of_b[9];
    int count = bp_replay_tensors(a, of_a);

    assert_int_equal(bp_replay_tensors(b, of_b), count);
    for (int i = 0; i < count; i++)
        assert_memory_equal(of_a[i].data, of_b[i].data, bp_tensor_bytes(&of_a[i]));
}

/* ---- what is gathered ---- */

/*
 * What is in the replay is what happened. Each actor's first episode is played again, alone: its stream of noise gives the recorded
 * actions, densities and recurrent states (within rounding, as one lane's products are not eight's), and the recorded actions give the
 * recorded observations and rewards, to the bit.
 */
static void the_replay_tells_what_happened(void **state)
{
    struct bp_actors *actors = actors_of(ACTORS, 4);
    struct bp_replay *replay = replay_of(ACTORS);
    struct bp_env *env = bp_env_open("nav-easy", NULL);
    struct bp_actor_stats stats = {0};
    struct bp_acting acting;
    gsl_rng *stream = bp_random_new();
    enum { CYCLES = 12 };

    (void)state;
    assert_int_equal(bp_acting_init(&acting, &agent, 1), 0);
    assert_int_equal(bp_actors_teams(actors), 2);
    cycles(actors, replay, CYCLES, &stats);
    assert_int_equal(stats.steps, ACTORS * STEPS * CYCLES);
    assert_int_equal(stats.episodes, 0);
    for (size_t actor = 0; actor < ACTORS; actor++) {       /* writers begin in their order, so the slot is the actor */
        const float *observations = replay_floats(replay, "replay/observations") + actor * (LENGTH + 1) * O;
        const float *actions = replay_floats(replay, "replay/actions") + actor * LENGTH * A;
        const float *log_prob = replay_floats(replay, "replay/log_prob") + actor * LENGTH;
        const float *reward = replay_floats(replay, "replay/reward") + actor * LENGTH;
        const float *states = replay_floats(replay, "replay/state") + actor * (LENGTH / STEPS) * S;
        float o[O], row[S];
        bp_env_reset(env, bp_random_seed(4, BP_FOR_RESET, actor, 0), o);
        bp_random_seek(stream, 4, BP_FOR_ACTION, actor, 0);
        bp_acting_forget(&acting, 0);
        for (int t = 0; t < CYCLES * STEPS; t++) {
            struct bp_step step;
            assert_memory_equal(o, observations + t * O, sizeof o);
            bp_acting_state_row(&acting, 0, row);
            for (int j = 0; j < S && t % STEPS == 0; j++)
                assert_close(states[t / STEPS * S + j], row[j], 1e-5);
            bp_random_normal(stream, acting.noise, A);
            bp_act(&acting, &params, BP_POLICY, o, false, (1u << BP_ROLES) - 1);
            for (int j = 0; j < A; j++)
                assert_close(actions[t * A + j], acting.actions[j], 1e-5);
            assert_close(log_prob[t], acting.log_prob[0], 1e-4);
            bp_env_step(env, actions + t * A, o, &step);
            assert_true(step.reward == reward[t]);
        }
        assert_memory_equal(o, observations + CYCLES * STEPS * O, sizeof o);
    }
    gsl_rng_free(stream);
    bp_acting_free(&acting);
    bp_env_close(env);
    bp_replay_free(replay);
    bp_actors_free(actors);
}

/* Episodes end with their time, are counted with their returns, and the next one starts afresh: another seed, nothing remembered. */
static void episodes_follow_each_other(void **state)
{
    struct bp_actors *actors = actors_of(2, 4);
    struct bp_replay *replay = replay_of(2);
    struct bp_actor_stats stats = {0};
    struct bp_env *env = bp_env_open("nav-easy", NULL);
    double sum = 0;

    (void)state;
    cycles(actors, replay, LENGTH / STEPS - 1, &stats);
    assert_int_equal(stats.episodes, 0);
    cycles(actors, replay, 1, &stats);
    assert_int_equal(stats.episodes, 2);
    assert_true(stats.episode_length == 2 * LENGTH && stats.diverged == 0);
    const float *reward = replay_floats(replay, "replay/reward");
    for (int t = 0; t < 2 * LENGTH; t++)
        sum += (double)reward[t];
    assert_true(stats.episode_return == sum);
    cycles(actors, replay, 1, &stats);
    for (size_t actor = 0; actor < 2; actor++) {            /* the second episodes stand in slots 2 and 3 */
        float o[O];
        bp_env_reset(env, bp_random_seed(4, BP_FOR_RESET, actor, 1), o);
        assert_memory_equal(replay_floats(replay, "replay/observations") + (2 + actor) * (LENGTH + 1) * O, o, sizeof o);
        for (int j = 0; j < S; j++)
            assert_true((replay_floats(replay, "replay/state") + (2 + actor) * (LENGTH / STEPS) * S)[j] == 0);
    }
    bp_env_close(env);
    bp_replay_free(replay);
    bp_actors_free(actors);
}

/* A step that diverges counts, but is not learned from: nothing of the body put back to its start comes into the replay. */
static void what_diverges_is_dropped(void **state)
{
    struct bp_actors *actors = actors_of(2, 4), *others = actors_of(2, 4);
    struct bp_replay *replay = replay_of(2), *whole = replay_of(2);
    struct bp_actor_stats stats = {0}, none = {0};
    static float broken[2048];

    (void)state;
    cycles(actors, replay, 2, &stats);
    cycles(others, whole, 2, &none);
    for (size_t i = 0; i < 2048; i++)
        broken[i] = NAN;
    params.of[BP_POLICY] = broken;          /* actions that are no numbers make the simulator give up */
    cycles(actors, replay, 3, &stats);
    params.of[BP_POLICY] = parameters[BP_POLICY];
    assert_int_equal(stats.diverged, 2 * 3 * STEPS);
    assert_int_equal(stats.steps, 2 * 5 * STEPS);
    assert_int_equal(bp_replay_transitions(replay), 2 * 2 * STEPS);
    for (size_t actor = 0; actor < 2; actor++) {
        size_t at = actor * (LENGTH + 1) * O;
        assert_memory_equal(replay_floats(replay, "replay/observations") + at, replay_floats(whole, "replay/observations") + at,
                            (2 * STEPS + 1) * O * sizeof(float));
    }
    cycles(actors, replay, 1, &stats);      /* and the next episode begins as ever */
    assert_int_equal(bp_replay_transitions(replay), 2 * 3 * STEPS);
    bp_replay_free(replay);
    bp_replay_free(whole);
    bp_actors_free(actors);
    bp_actors_free(others);
}

/* ---- determinism ---- */

static void the_order_of_teams_does_not_matter(void **state)
{
    struct bp_actors *forwards = actors_of(ACTORS, 4), *backwards = actors_of(ACTORS, 4), *other = actors_of(ACTORS, 5);
    struct bp_replay *a = replay_of(ACTORS), *b = replay_of(ACTORS), *c = replay_of(ACTORS);
    struct bp_actor_stats stats = {0};

    (void)state;
    for (int cycle = 0; cycle < 4; cycle++) {
        cycles(forwards, a, 1, &stats);
        cycles(other, c, 1, &stats);
        for (int team = bp_actors_teams(backwards) - 1; team >= 0; team--)
            bp_actors_run(backwards, team, &params);
        bp_actors_commit(backwards, b, &stats);
    }
    same_replay(a, b);
    assert_memory_not_equal(replay_floats(a, "replay/actions"), replay_floats(c, "replay/actions"), 100);
    bp_replay_free(a);
    bp_replay_free(b);
    bp_replay_free(c);
    bp_actors_free(forwards);
    bp_actors_free(backwards);
    bp_actors_free(other);
}

/* An actor does as it does, however many others there are: its random numbers are its own. */
static void actors_are_apart(void **state)
{
    struct bp_actors *few = actors_of(8, 4), *many = actors_of(ACTORS, 4);
    struct bp_replay *a = replay_of(8), *b = replay_of(ACTORS);
    struct bp_actor_stats stats = {0};

    (void)state;
    cycles(few, a, 4, &stats);
    cycles(many, b, 4, &stats);
    assert_memory_equal(replay_floats(a, "replay/observations"), replay_floats(b, "replay/observations"), 8 * (LENGTH + 1) * O * sizeof(float));
    const float *actions = replay_floats(a, "replay/actions");
    assert_memory_not_equal(actions, actions + LENGTH * A, 20 * A * sizeof(float));
    bp_replay_free(a);
    bp_replay_free(b);
    bp_actors_free(few);
    bp_actors_free(many);
}

/* ---- saving ---- */

/* Saved in the middle of episodes and put into other actors, everything goes on in the same bytes. */
static void saved_actors_go_on(void **state)
{
    struct bp_actors *first = actors_of(ACTORS, 4), *second = actors_of(ACTORS, 4);
    struct bp_replay *a = replay_of(ACTORS), *b = replay_of(ACTORS);
    struct bp_actor_stats stats[2] = {{0}};
    struct bp_tensor from[BP_ACTORS_TENSORS], to[BP_ACTORS_TENSORS], kept[9], copied[9];

    (void)state;
    cycles(first, a, 73, &stats[0]);
    bp_actors_save(first);
    int count = bp_actors_tensors(first, from);
    assert_in_range(count, 1, BP_ACTORS_TENSORS);
    assert_int_equal(bp_actors_tensors(second, to), count);
    for (int i = 0; i < count; i++)
        memcpy(to[i].data, from[i].data, bp_tensor_bytes(&from[i]));
    count = bp_replay_tensors(a, kept);
    bp_replay_tensors(b, copied);
    for (int i = 0; i < count; i++)
        memcpy(copied[i].data, kept[i].data, bp_tensor_bytes(&kept[i]));
    assert_int_equal(bp_replay_check(b, "b"), 0);
    assert_int_equal(bp_actors_restore(second, b, "second"), 0);
    stats[1] = stats[0];
    cycles(first, a, 6, &stats[0]);         /* over the end of the first episodes */
    cycles(second, b, 6, &stats[1]);
    same_replay(a, b);
    assert_int_equal(stats[0].episodes, ACTORS);
    assert_memory_equal(&stats[0], &stats[1], sizeof stats[0]);
    bp_replay_free(a);
    bp_replay_free(b);
    bp_actors_free(first);
    bp_actors_free(second);
}

static int unknown_task(void *context)
{
    const struct bp_actors_spec spec = {"nav-harder", NULL, 2, STEPS, 1, 0};
    struct bp_actors *actors = bp_actors_new(&spec, &agent);

    (void)context;
    return actors ? 0 : -1;
}

static void unknown_tasks_are_refused(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(unknown_task, NULL, false, said), BP_USAGE);
    assert_said(said, "'nav-harder'");
    bp_actors_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_tasks_are_refused),
        cmocka_unit_test(the_replay_tells_what_happened),
        cmocka_unit_test(episodes_follow_each_other),
        cmocka_unit_test(what_diverges_is_dropped),
        cmocka_unit_test(the_order_of_teams_does_not_matter),
        cmocka_unit_test(actors_are_apart),
        cmocka_unit_test(saved_actors_go_on),
    };

    return cmocka_run_group_tests(tests, make_agent, NULL);
}
