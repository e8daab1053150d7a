/* SPDX-License-Identifier: MIT
 * postgres_listen: hears what other nodes changed. Relies on each commit of something kept in memory to move a counter (the feed's or that of
 * revocations) and to notify; promises that the store's generation moves at once when it hears of one, within a second when it hears nothing, and
 * that a connection which was lost is replaced and nothing that happened meanwhile is missed, also when the server that answers now never had what
 * the one before had committed last (its numbers would come again, and name other changes). What this process's own connections notify is no
 * news: it followed that before anybody was answered.
 *
 *   [no connection] ──connect, LISTEN──▶ [listening] ──notified by another, or a second later──▶ counters read: moved? ─▶ generation
 *          ▲   a second later                │ lost
 *          └─────────────────────────────────┘ */
#include "store/postgres/postgres_store.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"

enum { LOOK_EVERY_US = 1000000, BLIND_US = 5000000 };

static bool is_stopping(const struct postgres_listen *l)
{
    struct pollfd p = {.fd = l->stop, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static void heard_from(void *context, int process)
{
    struct postgres *p = context;
    if (!postgres_pool_has(&p->pool, process))
        p->listen.due = true;
}

/* Until something comes, it is time to look again, or the end. */
static bool wait_for_news(struct postgres *p, struct postgres_conn *c, int64_t until_us)
{
    struct postgres_listen *l = &p->listen;
    const struct postgres_heard heard = {heard_from, p};
    int64_t now_us;
    l->due = false;
    while (!l->due && (now_us = clock_monotonic_us()) < until_us) {
        struct pollfd polled[] = {{.fd = l->stop, .events = POLLIN}, {.fd = c != NULL ? postgres_socket(postgres_conn_link(c)) : -1, .events = POLLIN}};
        (void)poll(polled, 2, (int)((until_us - now_us) / 1000 + 1));
        if (polled[0].revents != 0)
            return true;
        if (polled[1].revents != 0 && !postgres_notified(postgres_conn_link(c), &heard))
            return false;
    }
    return true;
}

static err look_at_heads(struct store *store, struct postgres_conn *c)
{
    struct postgres_listen *l = &postgres_of(store)->listen;
    struct postgres_heads now;
    TRY(postgres_conn_heads(c, &now));
    bool moved = now.change != l->heads.change || now.revocation != l->heads.revocation;
    l->heads = now;
    atomic_store(&l->seen_us, clock_monotonic_us());
    if (moved)
        atomic_store(&l->moved, true);
    if (atomic_exchange(&store->missed, false) || moved)
        store_generation_bump(store);
    return OK;
}

static void compare_history(struct store *store, struct postgres_conn *c)
{
    struct postgres_listen *l = &postgres_of(store)->listen;
    const char *now = postgres_history(postgres_conn_link(c));
    if (strcmp(l->history, now) == 0)
        return;
    (void)snprintf(l->history, sizeof(l->history), "%s", now);
    store_begin_anew(store);
}

static err begin_to_listen(struct store *store, struct postgres_conn **out)
{
    struct postgres *p = postgres_of(store);
    struct postgres_conn *c = NULL;
    TRY(postgres_conn_open(p->pool.database, &c));
    err e = postgres_conn_listen(c);
    if (FAILED(e)) {
        postgres_conn_close(c);
        return e;
    }
    compare_history(store, c);
    *out = c;
    return OK;
}

static void *listen_main(void *context)
{
    struct store *store = context;
    struct postgres *p = postgres_of(store);
    struct postgres_conn *c = NULL;
    while (!is_stopping(&p->listen)) {
        int64_t next_us = clock_monotonic_us() + LOOK_EVERY_US;
        if (c == NULL && FAILED(begin_to_listen(store, &c)))
            c = NULL;
        bool well = c != NULL && !FAILED(look_at_heads(store, c));
        well = wait_for_news(p, well ? c : NULL, next_us) && well;
        if (!well) {
            postgres_conn_close(c);
            c = NULL;
        }
    }
    postgres_conn_close(c);
    return NULL;
}

err postgres_listen_start(struct store *store)
{
    struct postgres_listen *l = &postgres_of(store)->listen;
    atomic_store(&l->seen_us, clock_monotonic_us());
    l->stop = eventfd(0, EFD_CLOEXEC);
    if (l->stop < 0)
        FAIL(UNAVAILABLE, "store: no eventfd");
    TRY(store_thread(&l->thread, listen_main, store));
    l->started = true;
    return OK;
}

void postgres_listen_stop(struct store *store)
{
    struct postgres_listen *l = &postgres_of(store)->listen;
    if (l->started) {
        (void)eventfd_write(l->stop, 1);
        (void)pthread_join(l->thread, NULL);
    }
    if (l->stop > 0)
        (void)close(l->stop);
}

err postgres_listen_elsewhere(struct store *store, bool *changed)
{
    struct postgres_listen *l = &postgres_of(store)->listen;
    if (store->threaded && clock_monotonic_us() - atomic_load(&l->seen_us) > BLIND_US)
        FAIL(UNAVAILABLE, "store: what other nodes change cannot be seen: the database server does not answer");
    *changed = atomic_exchange(&l->moved, false);
    return OK;
}
