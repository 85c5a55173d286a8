#include "base/pool.h"

#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SPINS = 1000 };          /* 45 us */

/* A thread's own jobs are those that leave its number when divided by the number of threads. */
struct worker {
    _Alignas(64) atomic_int next;       /* of its own jobs, counted from 0; lines of their own, since all threads count */
    struct bp_pool *pool;
    pthread_t thread;                   /* not of the first, who calls run */
};

struct bp_pool {
    int threads;
    int home;                   /* the processor that the pool was made on */
    struct worker *workers;     /* threads */
    int started;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_int round;           /* counts the calls of run, around and around */
    atomic_int busy;            /* helpers still inside the round */
    bool stop;
    void (*job)(void *, int);
    void *context;
    int jobs;
    atomic_bool failed;
};

/* Spin for a moment until the value changes. Waking a sleeping thread takes some 50 us, which counts in a small update. */
static void expect_change(atomic_int *value, int from)
{
    for (int i = 0; i < SPINS && atomic_load(value) == from; i++)
#if defined __x86_64__
        __builtin_ia32_pause();
#else
        ;
#endif
}

/* Jobs of a worker, as long as there are any. */
static void work_through(struct bp_pool *pool, int worker)
{
    for (int i; (i = worker + pool->threads * atomic_fetch_add(&pool->workers[worker].next, 1)) < pool->jobs && !atomic_load(&pool->failed);)
        if (bp_arena_guard(pool->job, pool->context, i))
            atomic_store(&pool->failed, true);
}

/* One's own jobs first, then what others have not begun. */
static void work(struct bp_pool *pool, int self)
{
    for (int i = 0; i < pool->threads; i++)
        work_through(pool, (self + i) % pool->threads);
}

/*
 * Begin on another processor than the thread that hands out the work, then run anywhere. A thread that sleeps between rounds is woken on the
 * processor where it last ran, if that is free; two threads that began on one processor were seen to stay there beside an idle one.
 */
static void begin_elsewhere(int home)
{
    cpu_set_t allowed, other;

    if (home < 0 || home >= CPU_SETSIZE || sched_getaffinity(0, sizeof allowed, &allowed))
        return;
    other = allowed;
    CPU_CLR((size_t)home, &other);
    if (CPU_COUNT(&other) && !sched_setaffinity(0, sizeof other, &other))
        sched_setaffinity(0, sizeof allowed, &allowed);
}

static void *helper(void *raw)
{
    struct worker *self = raw;
    struct bp_pool *pool = self->pool;
    int seen = 0;

    begin_elsewhere(pool->home);
    for (;;) {
        expect_change(&pool->round, seen);
        pthread_mutex_lock(&pool->lock);
        while (pool->round == seen && !pool->stop)
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->stop)
            break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        work(pool, (int)(self - pool->workers));
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct bp_pool *bp_pool_new(int threads)
{
    struct bp_pool *pool = calloc(1, sizeof *pool);

    if (!pool || !(pool->workers = aligned_alloc(64, (size_t)threads * sizeof *pool->workers))) {
        free(pool);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    pool->threads = threads;
    pool->home = sched_getcpu();
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 0; i < threads; i++)
        pool->workers[i] = (struct worker){.pool = pool};
    for (int i = 1; i < threads; i++, pool->started++)
        if ((errno = pthread_create(&pool->workers[i].thread, NULL, helper, &pool->workers[i]))) {
            bp_error_errno(BP_FAILURE, "cannot start thread %d of %d", i + 1, threads);
            bp_pool_free(pool);
            return NULL;
        }
    return pool;
}

void bp_pool_free(struct bp_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

int bp_pool_threads(const struct bp_pool *pool)
{
    return pool->threads;
}

int bp_pool_run(struct bp_pool *pool, int jobs, void (*job)(void *context, int i), void *context)
{
    pool->job = job;
    pool->context = context;
    pool->jobs = jobs;
    for (int i = 0; i < pool->threads; i++)
        atomic_store(&pool->workers[i].next, 0);
    atomic_store(&pool->failed, false);
    if (pool->started && jobs > 1) {
        pthread_mutex_lock(&pool->lock);
        pool->busy = pool->started;
        pool->round++;
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
    work(pool, 0);
    if (pool->started && jobs > 1) {
        /* As long as one helper after the other ends. */
        for (int busy = 1, before = 0; busy && busy != before; busy = atomic_load(&pool->busy))
            expect_change(&pool->busy, before = busy);
        pthread_mutex_lock(&pool->lock);
        while (pool->busy)
            pthread_cond_wait(&pool->done, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
    }
    return atomic_load(&pool->failed) ? -1 : 0;
}
