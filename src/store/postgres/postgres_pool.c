/* SPDX-License-Identifier: MIT
 * postgres_pool: connections that are lent. Promises: at most so many at once; who waits is served in order and not for ever; one that the
 * server has left is replaced before it is used; a server that does not answer is asked by one thread at a time, and all others are told so
 * at once, so that it does not hold every thread.
 *
 *   [room] ──connect──▶ [lent] ──return──▶ [idle] ──borrow──▶ [lent]
 *      ▲                  │ of no use        │ the server left it
 *      └──────────────────┴──────────────────┘
 *
 * Who follows changes is waited for by those who have just committed some, each with its connection: when all are lent, it gets one of a few
 * that are kept apart. */
#include "store/postgres/postgres_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { PATIENCE_US = 2000000, DOWN_US = 100000 };

struct postgres_waiter { /* on the stack of who waits */
    pthread_cond_t wake;
    struct postgres_conn *given;
    bool served; /* with `given`, or with room for one */
    bool apart;  /* which is not of the many */
    struct postgres_waiter *next;
};

err postgres_pool_init(struct postgres_pool *pool, const char *database, size_t most)
{
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->last = &pool->first;
    pool->most = most;
    pool->database = strdup(database);
    if (pool->database == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    return OK;
}

void postgres_pool_end(struct postgres_pool *pool)
{
    for (size_t i = 0; i < pool->idle_count; i++)
        postgres_pool_forget(pool, pool->idle[i]);
    for (size_t i = 0; i < pool->apart_count; i++)
        postgres_pool_forget(pool, pool->apart[i]);
    (void)pthread_mutex_destroy(&pool->lock);
    if (pool->database != NULL)
        explicit_bzero(pool->database, strlen(pool->database)); /* it may hold a password */
    free(pool->database);
}

/* ---- who is on the other side ---- */

static void note_process(struct postgres_pool *pool, int from, int to)
{
    for (size_t i = 0; i < POSTGRES_POOL_ALL; i++) {
        int expected = from;
        if (atomic_compare_exchange_strong(&pool->processes[i], &expected, to))
            return;
    }
}

bool postgres_pool_has(struct postgres_pool *pool, int process)
{
    for (size_t i = 0; i < POSTGRES_POOL_ALL; i++)
        if (atomic_load(&pool->processes[i]) == process)
            return true;
    return false;
}

void postgres_pool_forget(struct postgres_pool *pool, struct postgres_conn *c)
{
    note_process(pool, postgres_process(postgres_conn_link(c)), 0);
    postgres_conn_close(c);
}

/* ---- room ---- */

/* Under the lock: the first who waits gets what there is. */
static void serve_first_waiter(struct postgres_pool *pool, struct postgres_conn *given)
{
    struct postgres_waiter *w = pool->first;
    pool->first = w->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    w->given = given;
    w->served = true;
    (void)pthread_cond_signal(&w->wake);
}

static void return_room(struct postgres_pool *pool, bool apart)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (apart)
        pool->apart_made--;
    else if (pool->first != NULL)
        serve_first_waiter(pool, NULL);
    else
        pool->made--;
    (void)pthread_mutex_unlock(&pool->lock);
}

void postgres_pool_return(struct postgres_pool *pool, struct postgres_conn *c)
{
    bool apart = *postgres_conn_apart(c);
    if (!postgres_conn_usable(c)) {
        postgres_pool_forget(pool, c);
        return_room(pool, apart);
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    if (apart)
        pool->apart[pool->apart_count++] = c;
    else if (pool->first != NULL)
        serve_first_waiter(pool, c);
    else
        pool->idle[pool->idle_count++] = c;
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Under the lock. False: the time is over. */
static bool wait_for_turn(struct postgres_pool *pool, struct postgres_waiter *w)
{
    struct timespec end = postgres_clock_in(PATIENCE_US);
    *pool->last = w;
    pool->last = &w->next;
    int code = 0;
    while (!w->served && code != ETIMEDOUT)
        code = pthread_cond_timedwait(&w->wake, &pool->lock, &end);
    if (w->served)
        return true;
    struct postgres_waiter **at = &pool->first;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (w->next == NULL)
        pool->last = at;
    return false;
}

/* Under the lock, when all are in use. */
static bool take_apart(struct postgres_pool *pool, struct postgres_waiter *w)
{
    w->apart = true;
    if (pool->apart_count > 0)
        w->given = pool->apart[--pool->apart_count];
    else if (pool->apart_made < POSTGRES_POOL_APART)
        pool->apart_made++;
    else
        w->apart = false;
    return w->apart;
}

static bool take_pool_conn(struct postgres_pool *pool, struct postgres_waiter *w, bool may_apart)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool served = pool->first == NULL;
    if (served && pool->idle_count > 0)
        w->given = pool->idle[--pool->idle_count];
    else if (served && pool->made < pool->most)
        pool->made++;
    else
        served = (may_apart && take_apart(pool, w)) || wait_for_turn(pool, w);
    (void)pthread_mutex_unlock(&pool->lock);
    return served;
}

/* ---- connections ---- */

static bool may_try(struct postgres_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool may = !pool->down || (!pool->probing && clock_monotonic_us() >= pool->down_until_us);
    pool->probing = pool->probing || (pool->down && may);
    (void)pthread_mutex_unlock(&pool->lock);
    return may;
}

err postgres_pool_another(struct postgres_pool *pool, struct postgres_conn **out)
{
    if (!may_try(pool))
        FAIL(UNAVAILABLE, "store: the database server cannot be reached; it was asked a moment ago");
    struct postgres_conn *c = NULL;
    err e = postgres_conn_open(pool->database, &c);
    (void)pthread_mutex_lock(&pool->lock);
    pool->down = FAILED(e);
    pool->probing = false;
    pool->down_until_us = clock_monotonic_us() + DOWN_US;
    (void)pthread_mutex_unlock(&pool->lock);
    TRY(e);
    note_process(pool, 0, postgres_process(postgres_conn_link(c)));
    *out = c;
    return OK;
}

static err borrow_pool_conn(struct postgres_pool *pool, bool may_apart, struct postgres_conn **out)
{
    struct postgres_waiter w = {.served = false};
    postgres_clock_cond(&w.wake);
    bool served = take_pool_conn(pool, &w, may_apart);
    (void)pthread_cond_destroy(&w.wake);
    if (!served)
        FAIL(UNAVAILABLE, "store: every connection to the database server is in use");
    if (w.given != NULL && postgres_conn_alive(w.given)) {
        *out = w.given;
        return OK;
    }
    if (w.given != NULL)
        postgres_pool_forget(pool, w.given);
    err e = postgres_pool_another(pool, out);
    if (FAILED(e))
        return_room(pool, w.apart);
    else
        *postgres_conn_apart(*out) = w.apart;
    return e;
}

err postgres_pool_borrow(struct postgres_pool *pool, struct postgres_conn **out)
{
    return borrow_pool_conn(pool, false, out);
}

err postgres_pool_borrow_apart(struct postgres_pool *pool, struct postgres_conn **out)
{
    return borrow_pool_conn(pool, true, out);
}
