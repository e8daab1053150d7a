/* SPDX-License-Identifier: MIT
 * lane: a queue with a ceiling and threads that empty it. It relies on pthreads alone and knows nothing of what it runs.
 * Invariants: 1. a job that was accepted runs exactly once; 2. one that was refused never runs; 3. never more than `bound`
 * jobs wait; 4. jobs begin in the order of their acceptance; 5. no more jobs begin than there are threads of the lane's own, and
 * those that wait for another server (lane_waits) do not count: a spare thread takes their place, made when it is first needed. A job belongs to its submitter: the lane touches it no more
 * once run() began. */
#include "server/lane.h"

#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { LANE_STACK = 256 * 1024, LANE_NAME = 16 /* the kernel's, NUL included */ };

struct lane {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct lane_job *first, *last;
    size_t waiting, bound;
    bool closing;
    char name[LANE_NAME];
    unsigned own, busy, away;     /* threads of its own; jobs under way; those of them that wait for another server */
    unsigned thread_count, most;  /* with the spare ones */
    pthread_t threads[];
};
static _Thread_local struct lane *here;

void lane_stand_behind(void)
{
    enum { BEHIND = 10 };
    static _Thread_local bool stands;
    if (!stands)
        (void)setpriority(PRIO_PROCESS, 0, BEHIND); /* Linux: of this thread alone; refused: everything works as before */
    stands = true;
}

static bool may_begin(const struct lane *lane)
{
    return lane->first != NULL && lane->busy - lane->away < lane->own;
}

static void *lane_main(void *context)
{
    struct lane *lane = context;
    (void)pthread_setname_np(pthread_self(), lane->name);
    here = lane;
    pthread_mutex_lock(&lane->lock);
    for (;;) {
        while (!may_begin(lane) && !(lane->closing && lane->first == NULL))
            pthread_cond_wait(&lane->work, &lane->lock);
        struct lane_job *job = lane->first;
        if (job == NULL)
            break;
        lane->first = job->next;
        if (lane->first == NULL)
            lane->last = NULL;
        lane->waiting--;
        lane->busy++;
        pthread_mutex_unlock(&lane->lock);
        job->run(job->context);
        pthread_mutex_lock(&lane->lock);
        lane->busy--;
    }
    pthread_cond_broadcast(&lane->work); /* closing: who could not begin may end now */
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static bool threads_start(struct lane *lane, unsigned threads)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return false;
    bool good = pthread_attr_setstacksize(&attr, LANE_STACK) == 0;
    while (good && lane->thread_count < threads) {
        good = pthread_create(&lane->threads[lane->thread_count], &attr, lane_main, lane) == 0;
        lane->thread_count += good ? 1 : 0;
    }
    pthread_attr_destroy(&attr);
    return good;
}

void lane_waits(bool begins)
{
    struct lane *lane = here;
    if (lane == NULL)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->away = begins ? lane->away + 1 : lane->away - 1;
    if (begins && !lane->closing && lane->thread_count < lane->most && lane->thread_count < lane->own + lane->away)
        (void)threads_start(lane, lane->thread_count + 1); /* none to be had: the lane is slower, no more */
    if (begins)
        pthread_cond_signal(&lane->work);
    pthread_mutex_unlock(&lane->lock);
}

fallible lane_open(const char *name, const struct lane_size *how, struct lane **out)
{
    unsigned threads = how->threads, most = how->threads + how->spares;
    size_t size, bound = how->bound;
    if (threads == 0 || bound == 0)
        FAIL(SERVER_ERROR, "lane: no threads or no room");
    if (most < threads || __builtin_mul_overflow((size_t)most, sizeof(pthread_t), &size) ||
        __builtin_add_overflow(size, sizeof(struct lane), &size))
        FAIL(SERVER_ERROR, "lane: too many threads");
    struct lane *lane = calloc(1, size);
    if (lane == NULL)
        FAIL(UNAVAILABLE, "lane: no memory");
    lane->bound = bound;
    lane->own = threads;
    lane->most = most;
    size_t n = strnlen(name, LANE_NAME - 1);
    memcpy(lane->name, name, n);
    if (pthread_mutex_init(&lane->lock, NULL) != 0) {
        free(lane);
        FAIL(UNAVAILABLE, "lane: no lock");
    }
    if (pthread_cond_init(&lane->work, NULL) != 0) {
        pthread_mutex_destroy(&lane->lock);
        free(lane);
        FAIL(UNAVAILABLE, "lane: no condition");
    }
    if (!threads_start(lane, threads)) {
        lane_close(lane);
        FAIL(UNAVAILABLE, "lane: a thread cannot be had");
    }
    *out = lane;
    return OK;
}

fallible lane_submit(struct lane *lane, struct lane_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&lane->lock);
    bool room = lane->waiting < lane->bound && !lane->closing;
    if (room) {
        if (lane->last != NULL)
            lane->last->next = job;
        else
            lane->first = job;
        lane->last = job;
        lane->waiting++;
        pthread_cond_signal(&lane->work); /* under the lock: once the job has run, the lane may be gone */
    }
    pthread_mutex_unlock(&lane->lock);
    if (!room)
        FAIL(UNAVAILABLE, "lane: full"); /* RL-07 */
    return OK;
}

size_t lane_waiting(const struct lane *lane)
{
    struct lane *l = (struct lane *)(uintptr_t)lane; /* counting takes the lock, and changes nothing that a caller sees */
    pthread_mutex_lock(&l->lock);
    size_t n = l->waiting;
    pthread_mutex_unlock(&l->lock);
    return n;
}

void lane_close(struct lane *lane)
{
    if (lane == NULL)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->closing = true;
    pthread_cond_broadcast(&lane->work);
    pthread_mutex_unlock(&lane->lock);
    for (unsigned i = 0; i < lane->thread_count; i++)
        pthread_join(lane->threads[i], NULL);
    pthread_cond_destroy(&lane->work);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}
