/* SPDX-License-Identifier: MIT
 * pool: a queue with a ceiling and threads that empty it. It relies on pthreads alone and knows nothing of what it runs.
 * Invariants: 1. a job that was accepted runs exactly once; 2. one that was refused never runs; 3. never more than `bound`
 * jobs wait; 4. jobs begin in the order of their acceptance; 5. no more jobs begin than there are threads of the pool's own, and
 * those that wait for another server (pool_waits) do not count: a spare thread takes their place, made when it is first needed. A job belongs to its submitter: the pool touches it no more
 * once run() began. */
#include "server/pool.h"

#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { POOL_STACK = 256 * 1024, POOL_NAME = 16 /* the kernel's, NUL included */ };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct pool_job *first, *last;
    size_t waiting, bound;
    bool closing;
    char name[POOL_NAME];
    unsigned own, busy, away;    /* threads of its own; jobs under way; those of them that wait for another server */
    unsigned thread_count, most; /* with the spare ones */
    pthread_t threads[];
};
static _Thread_local struct pool *here;

void pool_stand_behind(void)
{
    enum { BEHIND = 10 };
    static _Thread_local bool stands;
    if (!stands)
        (void)setpriority(PRIO_PROCESS, 0, BEHIND); /* Linux: of this thread alone; refused: everything works as before */
    stands = true;
}

static bool may_begin(const struct pool *pool)
{
    return pool->first != NULL && pool->busy - pool->away < pool->own;
}

static void *pool_main(void *context)
{
    struct pool *pool = context;
    (void)pthread_setname_np(pthread_self(), pool->name);
    here = pool;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!may_begin(pool) && !(pool->closing && pool->first == NULL))
            pthread_cond_wait(&pool->work, &pool->lock);
        struct pool_job *job = pool->first;
        if (job == NULL)
            break;
        pool->first = job->next;
        if (pool->first == NULL)
            pool->last = NULL;
        pool->waiting--;
        pool->busy++;
        pthread_mutex_unlock(&pool->lock);
        job->run(job->context);
        pthread_mutex_lock(&pool->lock);
        pool->busy--;
    }
    pthread_cond_broadcast(&pool->work); /* closing: who could not begin may end now */
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool threads_start(struct pool *pool, unsigned threads)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return false;
    bool good = pthread_attr_setstacksize(&attr, POOL_STACK) == 0;
    while (good && pool->thread_count < threads) {
        good = pthread_create(&pool->threads[pool->thread_count], &attr, pool_main, pool) == 0;
        pool->thread_count += good ? 1 : 0;
    }
    pthread_attr_destroy(&attr);
    return good;
}

void pool_waits(bool begins)
{
    struct pool *pool = here;
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->away = begins ? pool->away + 1 : pool->away - 1;
    if (begins && !pool->closing && pool->thread_count < pool->most && pool->thread_count < pool->own + pool->away)
        (void)threads_start(pool, pool->thread_count + 1); /* none to be had: the pool is slower, no more */
    if (begins)
        pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

fallible pool_open(const char *name, const struct pool_size *how, struct pool **out)
{
    unsigned threads = how->threads, most = how->threads + how->spares;
    size_t size, bound = how->bound;
    if (threads == 0 || bound == 0)
        FAIL(SERVER_ERROR, "pool: no threads or no room");
    if (most < threads || __builtin_mul_overflow((size_t)most, sizeof(pthread_t), &size) || __builtin_add_overflow(size, sizeof(struct pool), &size))
        FAIL(SERVER_ERROR, "pool: too many threads");
    struct pool *pool = calloc(1, size);
    if (pool == NULL)
        FAIL(UNAVAILABLE, "pool: no memory");
    pool->bound = bound;
    pool->own = threads;
    pool->most = most;
    size_t n = strnlen(name, POOL_NAME - 1);
    memcpy(pool->name, name, n);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        FAIL(UNAVAILABLE, "pool: no lock");
    }
    if (pthread_cond_init(&pool->work, NULL) != 0) {
        pthread_mutex_destroy(&pool->lock);
        free(pool);
        FAIL(UNAVAILABLE, "pool: no condition");
    }
    if (!threads_start(pool, threads)) {
        pool_close(pool);
        FAIL(UNAVAILABLE, "pool: a thread cannot be had");
    }
    *out = pool;
    return OK;
}

fallible pool_submit(struct pool *pool, struct pool_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    bool room = pool->waiting < pool->bound && !pool->closing;
    if (room) {
        if (pool->last != NULL)
            pool->last->next = job;
        else
            pool->first = job;
        pool->last = job;
        pool->waiting++;
        pthread_cond_signal(&pool->work); /* under the lock: once the job has run, the pool may be gone */
    }
    pthread_mutex_unlock(&pool->lock);
    if (!room)
        FAIL(UNAVAILABLE, "pool: full"); /* RL-07 */
    return OK;
}

size_t pool_waiting(const struct pool *pool)
{
    struct pool *l = (struct pool *)(uintptr_t)pool; /* counting takes the lock, and changes nothing that a caller sees */
    pthread_mutex_lock(&l->lock);
    size_t n = l->waiting;
    pthread_mutex_unlock(&l->lock);
    return n;
}

void pool_close(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
