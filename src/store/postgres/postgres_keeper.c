/* SPDX-License-Identifier: MIT
 * postgres_keeper: what is done once a second beside the work of requests: blocks of numbers are filled up, and what nobody needs any more is taken
 * away, by one node at a time (whoever has the lock). Promises that no number is handed out whose block is not durable. */
#include "store/postgres/postgres_store.h"

#include <time.h>

#include "base/banned.h"

/* BITES: windows of tables a second. JOBS: as many more rows a window as if so many jobs had been done, since other nodes do some, too. */
enum { EVERY_US = 1000000, BITES = 32, JOBS = 512 };

static err top_up(struct db_conn *c, void *context)
{
    db_number_settle(context, false); /* this may be another try */
    return db_number_top_up(context, c);
}

struct tidying {
    struct store *store;
    struct db_purge_state before;
    int64_t jobs;
    bool chosen;
};

static err tidy_store_if_chosen(struct db_conn *c, void *context)
{
    struct tidying *t = context;
    t->store->purge = t->before;
    TRY(postgres_conn_housekeeper(postgres_conn_of(c), &t->chosen));
    return t->chosen ? store_tidy(t->store, c, t->jobs) : OK;
}

static void tidy_round(struct store *store, int64_t jobs)
{
    struct tidying t = {.store = store, .jobs = jobs + JOBS, .chosen = true};
    for (int i = 0; i < BITES && t.chosen; i++) {
        t.before = store->purge;
        if (FAILED(postgres_work_write(store, DB_SEVERAL, tidy_store_if_chosen, &t))) {
            store->purge = t.before;
            return;
        }
        if (!store->purge.inside_round)
            return;
    }
}

static void do_housekeeping(struct store *store)
{
    struct postgres_keeper *k = &postgres_of(store)->keeper;
    uint64_t jobs = atomic_load(&store->jobs);
    db_number_settle(store, !FAILED(postgres_work_write(store, DB_SEVERAL, top_up, store)));
    tidy_round(store, (int64_t)(jobs - k->jobs));
    k->jobs = jobs;
}

static void *keeper_main(void *context)
{
    struct store *store = context;
    struct postgres_keeper *k = &postgres_of(store)->keeper;
    (void)pthread_mutex_lock(&k->lock);
    while (!k->closing) {
        (void)pthread_mutex_unlock(&k->lock);
        do_housekeeping(store);
        struct timespec next = postgres_clock_in(EVERY_US);
        (void)pthread_mutex_lock(&k->lock);
        int code = 0;
        while (!k->closing && code == 0)
            code = pthread_cond_timedwait(&k->wake, &k->lock, &next);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return NULL;
}

err postgres_keeper_start(struct store *store)
{
    struct postgres_keeper *k = &postgres_of(store)->keeper;
    (void)pthread_mutex_init(&k->lock, NULL);
    postgres_clock_cond(&k->wake);
    TRY(store_thread(&k->thread, keeper_main, store));
    k->started = true;
    return OK;
}

void postgres_keeper_stop(struct store *store)
{
    struct postgres_keeper *k = &postgres_of(store)->keeper;
    if (!k->started)
        return;
    (void)pthread_mutex_lock(&k->lock);
    k->closing = true;
    (void)pthread_cond_signal(&k->wake);
    (void)pthread_mutex_unlock(&k->lock);
    (void)pthread_join(k->thread, NULL);
    (void)pthread_cond_destroy(&k->wake);
    (void)pthread_mutex_destroy(&k->lock);
}
