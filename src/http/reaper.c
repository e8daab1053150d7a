/* SPDX-License-Identifier: MIT
 * reaper: one thread that looks at all connections a few times in the allowed span and shuts those down that have awaited
 * the end of a head for longer. It never closes a descriptor: it shuts the socket, the library sees the end and closes.
 * While a mark is in the list its descriptor is open, for both lists and shutdown happen under one lock; so no stranger's
 * socket is ever hit. Requests touch no lock here: they store a time. */
#include "http/reaper.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/banned.h"

struct reaper {
    pthread_mutex_t lock;
    pthread_cond_t ending;
    pthread_t thread;
    struct reaper_mark *first;
    int64_t span_us;
    bool closing;
};

static void look(const struct reaper *r)
{
    int64_t now = clock_monotonic_us();
    for (const struct reaper_mark *m = r->first; m != NULL; m = m->next) {
        long long since = atomic_load_explicit(&m->since_us, memory_order_relaxed);
        if (since != 0 && now - since > r->span_us)
            (void)shutdown(m->fd, SHUT_RDWR);
    }
}

static void *reaper_main(void *context)
{
    struct reaper *r = context;
    (void)pthread_setname_np(pthread_self(), "reaper");
    pthread_mutex_lock(&r->lock);
    while (!r->closing) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t ns = until.tv_nsec + r->span_us / 4 * 1000;
        until.tv_sec += ns / 1000000000;
        until.tv_nsec = ns % 1000000000;
        pthread_cond_timedwait(&r->ending, &r->lock, &until);
        look(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static bool begin(struct reaper *r)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool timed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&r->ending, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (!timed)
        return false;
    if (pthread_mutex_init(&r->lock, NULL) == 0) {
        if (pthread_create(&r->thread, NULL, reaper_main, r) == 0)
            return true;
        pthread_mutex_destroy(&r->lock);
    }
    pthread_cond_destroy(&r->ending);
    return false;
}

fallible reaper_open(unsigned seconds, struct reaper **out)
{
    struct reaper *r = calloc(1, sizeof(*r));
    if (r == NULL)
        FAIL(UNAVAILABLE, "reaper: no memory");
    r->span_us = (int64_t)seconds * 1000000;
    if (!begin(r)) {
        free(r);
        FAIL(UNAVAILABLE, "reaper: no thread");
    }
    *out = r;
    return OK;
}

void reaper_watch(struct reaper *r, struct reaper_mark *mark)
{
    pthread_mutex_lock(&r->lock);
    mark->previous = NULL;
    mark->next = r->first;
    if (r->first != NULL)
        r->first->previous = mark;
    r->first = mark;
    pthread_mutex_unlock(&r->lock);
}

void reaper_forget(struct reaper *r, struct reaper_mark *mark)
{
    pthread_mutex_lock(&r->lock);
    if (mark->next != NULL)
        mark->next->previous = mark->previous;
    if (mark->previous != NULL)
        mark->previous->next = mark->next;
    else
        r->first = mark->next;
    pthread_mutex_unlock(&r->lock);
}

void reaper_close(struct reaper *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->closing = true;
    pthread_cond_signal(&r->ending);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->ending);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
