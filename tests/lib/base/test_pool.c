#include "base/pool.h"

#include "base/arena.h"

#include "../store/support.h"
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { JOBS = 1000 };

struct counts {
    atomic_int runs[JOBS];
    atomic_int total;
};

static void count(void *context, int i)
{
    struct counts *counts = context;

    atomic_fetch_add(&counts->runs[i], 1);
    atomic_fetch_add(&counts->total, 1);
}

static void every_job_runs_once(void **state)
{
    static const int jobs[] = {0, 1, 2, 7, JOBS};

    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        struct bp_pool *pool = bp_pool_new(threads);
        assert_non_null(pool);
        assert_int_equal(bp_pool_threads(pool), threads);
        for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
            static struct counts counts;
            counts = (struct counts){0};
            assert_int_equal(bp_pool_run(pool, jobs[j], count, &counts), 0);
            assert_int_equal(counts.total, jobs[j]);
            for (int i = 0; i < JOBS; i++)
                assert_int_equal(counts.runs[i], i < jobs[j]);
        }
        bp_pool_free(pool);
    }
}

/* What a job wrote is there when run returns, and rounds do not mix: a small round right after another, many times. */
static void rounds_do_not_mix(void **state)
{
    struct bp_pool *pool = bp_pool_new(3);
    static struct counts counts;

    (void)state;
    assert_non_null(pool);
    counts = (struct counts){0};
    for (int round = 1; round <= 3000; round++) {
        assert_int_equal(bp_pool_run(pool, 1 + round % 4, count, &counts), 0);
        assert_int_equal(counts.runs[0], round);
    }
    bp_pool_free(pool);
}

struct order {
    int next;
    bool kept;
};

static void in_order(void *context, int i)
{
    struct order *order = context;

    order->kept = order->kept && order->next++ == i;
}

static void one_thread_keeps_the_order(void **state)
{
    struct bp_pool *pool = bp_pool_new(1);
    struct order order = {0, true};

    (void)state;
    assert_int_equal(bp_pool_run(pool, 100, in_order, &order), 0);
    assert_true(order.kept);
    assert_int_equal(order.next, 100);
    bp_pool_free(pool);
}

static void meet(void *context, int i)
{
    (void)i;
    pthread_barrier_wait(context);
}

/* As many jobs as threads that all wait for each other end only when they truly run at the same time. */
static void threads_run_at_the_same_time(void **state)
{
    struct bp_pool *pool = bp_pool_new(4);
    pthread_barrier_t barrier;

    (void)state;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 4), 0);
    for (int round = 0; round < 20; round++)
        assert_int_equal(bp_pool_run(pool, 4, meet, &barrier), 0);
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
    bp_pool_free(pool);
}

struct meeting {
    pthread_barrier_t barrier;
    pthread_t thread[4];
};

static void note_thread(void *raw, int i)
{
    struct meeting *meeting = raw;

    meeting->thread[i] = pthread_self();
    pthread_barrier_wait(&meeting->barrier);
}

/* In every round a job is run by the thread that ran it before, which has its data at hand, unless that one was late. */
static void jobs_return_to_their_threads(void **state)
{
    struct bp_pool *pool = bp_pool_new(4);
    struct meeting meeting;
    pthread_t before[4];

    (void)state;
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 4), 0);
    for (int round = 0; round < 100; round++) {
        assert_int_equal(bp_pool_run(pool, 4, note_thread, &meeting), 0);
        for (int i = 0; round && i < 4; i++)
            assert_true(pthread_equal(before[i], meeting.thread[i]));
        memcpy(before, meeting.thread, sizeof before);
    }
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
    bp_pool_free(pool);
}

static void want_much(void *raw, int i)
{
    if (i == 3)
        bp_arena_take(raw, (size_t)1 << 62);
}

/* A job that finds no memory is told of; the pool goes on. */
static void a_job_without_memory(void **state)
{
    struct bp_arena arena;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    for (int threads = 1; threads <= 3; threads++) {
        struct bp_pool *pool = bp_pool_new(threads);
        capture_begin();
        int status = bp_pool_run(pool, 10, want_much, &arena);
        const char *said = capture_take();
        capture_end();
        assert_int_equal(status, -1);
        assert_said(said, "out of memory");
        assert_int_equal(bp_pool_run(pool, 3, want_much, &arena), 0);
        bp_pool_free(pool);
    }
    bp_arena_free(&arena);
}

static void unused_pools_end(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct bp_pool *pool = bp_pool_new(2);
        assert_non_null(pool);
        bp_pool_free(pool);
    }
    bp_pool_free(NULL);
}

static int too_many_threads(void *context)
{
    struct rlimit limit = {(rlim_t)64 << 20, (rlim_t)64 << 20};
    struct bp_pool *pool;

    (void)context;
    setrlimit(RLIMIT_AS, &limit);
    errno = ENOTTY;
    pool = bp_pool_new(1000);
    bp_pool_free(pool);
    return pool ? 0 : -1;
}

/* The reason is the thread's own, not that of whatever failed last. */
static void threads_that_cannot_start(void **state)
{
    char said[1024];

    (void)state;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    skip();             /* the sanitizer ends a process that can map no memory */
#endif
    assert_int_equal(run_action(too_many_threads, NULL, false, said), BP_FAILURE);
    assert_said(said, "cannot start thread ");
    assert_said(said, ": Resource temporarily unavailable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_cannot_start),
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(rounds_do_not_mix),
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(threads_run_at_the_same_time),
        cmocka_unit_test(jobs_return_to_their_threads),
        cmocka_unit_test(a_job_without_memory),
        cmocka_unit_test(unused_pools_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
