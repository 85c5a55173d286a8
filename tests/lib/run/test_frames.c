/* Frames of recorded episodes: what is drawn are the states, where there are any. */
#include "run/frames.h"

#include "env/gl.h"

#include "../base/check.h"
#include "../store/support.h"

enum { WIDTH = 32, HEIGHT = 24, STEPS = 12, FRAME = WIDTH * HEIGHT * 3, FILM = (STEPS + 1) * FRAME };

static bool draws;

static int find_gl(void **state)
{
    (void)state;
    setenv("BP_SHARE", "share", 0);
    capture_begin();
    draws = !bp_gl_start(WIDTH, HEIGHT);
    capture_end();
    if (!draws)
        print_message("skip frames: there is no OpenGL here\n");
    return 0;
}

/* ---- an episode, with its states, played by hand ---- */

static void play(struct bp_episode *e, const char *task, const char *body)
{
    struct bp_env *env = bp_env_open(task, body);
    struct bp_step step;
    float *o;

    assert_non_null(env);
    assert_int_equal(bp_episode_alloc(e, &env->spec.groups, env->spec.action, STEPS, false), 0);
    assert_int_equal(bp_episode_alloc_states(e, env->spec.state_size), 0);
    snprintf(e->task, sizeof e->task, "%s", task);
    snprintf(e->body, sizeof e->body, "%s", env->spec.body);
    e->seed = 21;
    fill_normal(e->actions, STEPS * e->action.size, 3);
    o = e->observations;
    bp_env_reset(env, e->seed, o);
    bp_env_save(env, e->states);
    for (int t = 0; t < STEPS; t++) {
        o += e->groups.size;
        bp_env_step(env, e->actions + t * e->action.size, o, &step);
        assert_false(step.terminated || step.truncated);
        bp_env_save(env, e->states + (size_t)(t + 1) * e->state_size);
    }
    bp_env_close(env);
}

/* Draw it; what was said meanwhile. */
static int try_film(const struct bp_episode *e, char said[1024])
{
    char *path = in_directory("film.rgb");

    capture_begin();
    struct bp_frames *open = bp_frames_open(path, WIDTH, HEIGHT, BP_CAMERA_FOLLOW);
    int status = open ? bp_frames_episode(open, e, NULL) : -1;
    if (!status)
        status = bp_frames_commit(open);
    else
        bp_frames_abort(open);
    snprintf(said, 1024, "%.1023s", capture_take());
    capture_end();
    return status;
}

/* Its frames, FILM bytes. */
static void film(const struct bp_episode *e, char *frames, char said[1024])
{
    assert_int_equal(try_film(e, said), 0);
    assert_int_equal(read_file(in_directory("film.rgb"), frames, FILM + 2), FILM);
}

static char first[FILM + 2], second[FILM + 2], said[1024];

static void states_are_drawn(void **state)
{
    static const char *const tasks[] = {"nav-hard", "push-2b2t", "gap"}, *const bodies[] = {"pointmass", "ball", "ant"};
    struct bp_episode e;

    (void)state;
    if (!draws)
        skip();
    for (int i = 0; i < 3; i++) {
        play(&e, tasks[i], bodies[i]);
        uint8_t *states = e.states;
        e.states = NULL;                                    /* simulated again */
        film(&e, first, said);
        assert_null(strstr(said, "was recorded by another"));
        assert_true(memcmp(first, first + STEPS * FRAME, FRAME));
        e.states = states;
        film(&e, second, said);
        assert_memory_equal(first, second, FILM);
        e.seed++;                                           /* nothing else is looked at, neither the seed nor the actions */
        fill_normal(e.actions, STEPS * e.action.size, 4);
        film(&e, second, said);
        assert_memory_equal(first, second, FILM);
        e.states = NULL;
        film(&e, second, said);
        assert_said(said, "from step 0 on the frames show what is simulated here");
        assert_true(memcmp(first, second, FRAME));
        e.states = states;
        bp_episode_free(&e);
    }
}

/* Those of another version are said to be, and the episode is simulated. */
static void states_of_another_size(void **state)
{
    struct bp_episode e;

    (void)state;
    if (!draws)
        skip();
    play(&e, "goto", "ball");
    film(&e, first, said);
    assert_null(strstr(said, "states"));
    e.state_size--;
    film(&e, second, said);
    assert_said(said, "has states of another version or body");
    assert_memory_equal(first, second, FILM);
    bp_episode_free(&e);
}

/* Whatever is in a file: numbers that are none, or beyond all bounds, or any bytes. There are frames of what a simulator can be in, no others. */
static void any_states(void **state)
{
    static const char *const tasks[] = {"nav-easy", "push-2b2t", "gap", "follow"}, *const bodies[] = {"ant", "ball", "ant", "humanoid"};
    const double worst[] = {NAN, INFINITY, -1e300, 1e9, 1e-310, 0};
    struct bp_episode e;

    (void)state;
    if (!draws)
        skip();
    for (int i = 0; i < 4; i++) {
        play(&e, tasks[i], bodies[i]);
        size_t size = e.state_size;
        gsl_rng *stream = bp_random_new();
        bp_random_seek(stream, 8, BP_FOR_TEST, (uint64_t)i, 0);
        for (int t = 0; t <= STEPS; t++)
            for (size_t n = 0; n + 8 <= size; n += 8)
                if (t < 6)
                    memcpy(e.states + (size_t)t * size + n, &worst[t], 8);
                else if (gsl_rng_uniform_int(stream, 4) == 0)
                    e.states[(size_t)t * size + n + gsl_rng_uniform_int(stream, 8)] ^= (uint8_t)gsl_rng_uniform_int(stream, 256);
        assert_int_equal(try_film(&e, said), -1);
        assert_said(said, "the state at step 0 of episode 0 makes no sense");
        e.length = 1;
        for (int t = STEPS; t > 6; t--) {
            memcpy(e.states, e.states + (size_t)t * size, size);
            memcpy(e.states + size, e.states, size);
            if (try_film(&e, said))
                assert_said(said, "makes no sense");
        }
        gsl_rng_free(stream);
        bp_episode_free(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(states_are_drawn, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(states_of_another_size, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(any_states, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, find_gl, NULL);
}
