/* Resets and steps allocate nothing, in no task on no body: every call of the allocator is counted. */
#include "env/env.h"

#include "../base/check.h"

#include <errno.h>
#include <stdlib.h>

static volatile long calls;         /* the compiler believes that it knows what malloc does */

/* These stand before the C library's or the sanitizer's, for MuJoCo too. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(function) __interceptor_##function
#else
#define REAL(function) __libc_##function
#endif
extern void *REAL(malloc)(size_t size);
extern void *REAL(calloc)(size_t count, size_t size);
extern void *REAL(realloc)(void *old, size_t size);
extern void *REAL(memalign)(size_t alignment, size_t size);

void *malloc(size_t size)
{
    calls++;
    return REAL(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    calls++;
    return REAL(calloc)(count, size);
}

void *realloc(void *old, size_t size)
{
    calls++;
    return REAL(realloc)(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    calls++;
    return REAL(memalign)(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    calls++;
    return (*block = REAL(memalign)(alignment, size)) ? 0 : ENOMEM;
}

static int share(void **state)
{
    (void)state;
    return setenv("BP_SHARE", "share", 0);
}

static void the_counter_counts(void **state)
{
    struct bp_env *env;
    long before = calls;

    (void)state;
    void *volatile block = malloc(10);
    assert_int_equal(calls, before + 1);
    free(block);
    before = calls;
    assert_non_null(env = bp_env_open("nav-easy", "pointmass"));        /* MuJoCo's own */
    assert_true(calls > before + 10);
    bp_env_close(env);
}

/* Two episodes' beginnings, and one whose simulation diverges. */
static void play(struct bp_env *env)
{
    float o[256], action[32] = {0};
    struct bp_step step = {0};

    for (uint64_t seed = 0; seed < 2; seed++) {
        bp_env_reset(env, seed, o);
        for (int t = 0; t < 25 && !step.terminated && !step.truncated; t++) {
            for (int k = 0; k < env->spec.action.size; k++)
                action[k] = (float)sin(t + 2.0 * k);
            bp_env_step(env, action, o, &step);
        }
    }
    bp_env_reset(env, 2, o);
    action[0] = NAN;
    bp_env_step(env, action, o, &step);
    assert_int_equal(step.diverged, env->world != NULL);       /* a grid has no simulation */
}

static void steps_allocate_nothing(void **state)
{
    (void)state;
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = 0; bp_tasks[i]->bodies[b]; b++) {
            struct bp_env *env = bp_env_open(bp_tasks[i]->name, bp_tasks[i]->bodies[b]);
            assert_non_null(env);
            long before = calls;
            play(env);
            if (calls != before)
                fail_msg("%s with %s: %ld allocations", env->spec.task, env->spec.body, calls - before);
            bp_env_close(env);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(steps_allocate_nothing),
    };

    return cmocka_run_group_tests(tests, share, NULL);
}
