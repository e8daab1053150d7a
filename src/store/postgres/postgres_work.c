/* SPDX-License-Identifier: MIT
 * postgres_work: transactions on lent connections, and jobs. Relies on bodies that may run again; promises: what could not be put in order with
 * others is run again, in a while, and not for ever; a commit whose answer was lost is asked about, and never taken for a no; one
 * transaction a job, but for those that nobody waits for.
 *
 *   [run] ──commit──▶ done(OK)
 *     ▲  │ deadlock, lock, connection lost before the commit
 *     │  └──────────────▶ [wait a little] ─▶ again, eight times at the most, five seconds at the most
 *     │                       ▲ aborted
 *     │  commit not answered ─┴▶ [ask another connection] ─ committed ─▶ done(OK)
 *     │                                                   └ nobody knows ─▶ done(UNAVAILABLE) */
#include "store/postgres/postgres_store.h"

#include "crypto/random.h"

#include <time.h>

#include "base/banned.h"

enum {
    TRIES = 8,
    TRIES_LOST = 3,        /* the second: with connections that were lost */
    PATIENCE_US = 5000000, /* no further try begins later */
    PAUSE_US = 1000,       /* doubled with each try, and a part of it is chance */
    COMING_BACK_US = 1000000,
    PROBE_EVERY_US = 50000,
    ASK_EVERY_US = 100000,
    ASK_US = 5000000
};

static void pause_us(int64_t microseconds)
{
    (void)nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

static void pause_by_chance(int tries)
{
    uint16_t chance = 0;
    random_bytes(&chance, sizeof(chance));
    int64_t most = (int64_t)PAUSE_US << tries;
    pause_us(most / 2 + most * chance / UINT16_MAX);
}

static err borrow_store_conn(struct store *store, bool apart, struct postgres_conn **out)
{
    struct postgres_pool *pool = &postgres_of(store)->pool;
    TRY(apart ? postgres_pool_borrow_apart(pool, out) : postgres_pool_borrow(pool, out));
    postgres_conn_base(*out)->feeding.on = store->migrated;
    return OK;
}

/* For another try, after a connection was lost: a server that is restarted is given a moment to come back. */
static err borrow_again(struct store *store, bool apart, struct postgres_conn **out)
{
    int64_t end_us = clock_monotonic_us() + COMING_BACK_US;
    for (;;) {
        err e = borrow_store_conn(store, apart, out);
        if (!FAILED(e) || clock_monotonic_us() >= end_us)
            return e;
        pause_us(PROBE_EVERY_US);
    }
}

static void give_back(struct store *store, struct postgres_conn *c)
{
    postgres_pool_return(&postgres_of(store)->pool, c);
}

/* ---- reading ---- */

static err read_on(struct postgres_conn *c, bool snapshot, db_body *body, void *context)
{
    struct db_conn *base = postgres_conn_base(c);
    return snapshot ? store_snapshot_on(base, body, context) : body(base, context);
}

err postgres_work_read(struct store *store, bool snapshot, db_body *body, void *context)
{
    for (bool again = false;; again = true) {
        struct postgres_conn *c = NULL;
        TRY(again ? borrow_again(store, snapshot, &c) : borrow_store_conn(store, snapshot, &c));
        err e = read_on(c, snapshot, body, context);
        bool gone = FAILED(e) && postgres_conn_trouble(c) == POSTGRES_GONE;
        give_back(store, c);
        if (!gone || again)
            return e;
    }
}

/* ---- a commit whose answer was lost ---- */

/* What was to follow the commit follows it on the other connection. */
static void move_on(struct postgres_conn *from, struct postgres_conn *to)
{
    struct db_conn *a = postgres_conn_base(from), *b = postgres_conn_base(to);
    b->feeding = a->feeding;
    b->feeding.changed = a->feeding.touched;
    b->later = a->later;
    a->later = NULL;
}

static err ask_outcome(struct store *store, struct postgres_conn *lost, struct postgres_conn **fresh, enum postgres_outcome *outcome)
{
    int64_t end_us = clock_monotonic_us() + ASK_US;
    err e = OK;
    do {
        if (*fresh == NULL)
            e = postgres_pool_another(&postgres_of(store)->pool, fresh);
        if (*fresh != NULL)
            e = postgres_conn_outcome(*fresh, lost, outcome);
        if (!FAILED(e) && *outcome != POSTGRES_OPEN)
            return OK;
        if (*fresh != NULL && !postgres_conn_usable(*fresh)) {
            postgres_pool_forget(&postgres_of(store)->pool, *fresh);
            *fresh = NULL;
        }
        pause_us(ASK_EVERY_US);
    } while (clock_monotonic_us() < end_us);
    *outcome = POSTGRES_UNKNOWN;
    return e;
}

/* *c is exchanged for the connection that was asked, if there is one. FINE: it was committed. */
static enum postgres_trouble settle_lost_commit(struct store *store, struct postgres_conn **c, err *e)
{
    struct postgres_conn *fresh = NULL;
    enum postgres_outcome outcome = POSTGRES_UNKNOWN;
    enum postgres_trouble trouble = POSTGRES_WRONG;
    err asked = postgres_conn_named(*c) ? ask_outcome(store, *c, &fresh, &outcome) : OK; /* a statement alone has no name to ask by */
    if (FAILED(asked) || outcome == POSTGRES_UNKNOWN)
        *e = ERR(UNAVAILABLE, "store: the answer to a commit was lost, and whether it was made is not known");
    else if (outcome == POSTGRES_COMMITTED) {
        *e = OK;
        trouble = POSTGRES_FINE;
        move_on(*c, fresh);
    } else
        trouble = POSTGRES_GONE;
    if (trouble != POSTGRES_FINE)
        store_rolled_back(postgres_conn_base(*c));
    if (fresh != NULL) {
        postgres_pool_forget(&postgres_of(store)->pool, *c);
        *c = fresh;
    }
    return trouble;
}

/* ---- writing ---- */

static err run_begun(struct postgres_conn *c, db_body *body, void *context)
{
    struct db_conn *base = postgres_conn_base(c);
    err e = body(base, context);
    if (!FAILED(e))
        return postgres_conn_commit(base);
    postgres_conn_rollback(base);
    return e;
}

static err run_once(struct postgres_conn *c, db_body *body, void *context)
{
    TRY(postgres_conn_begin(postgres_conn_base(c)));
    return run_begun(c, body, context);
}

static err run_soon(struct postgres_conn *c, db_body *body, void *context)
{
    TRY(postgres_conn_begin(postgres_conn_base(c)));
    postgres_conn_soon(c);
    return run_begun(c, body, context);
}

static bool is_over(enum postgres_trouble trouble, int tries, int64_t since_us)
{
    if (trouble == POSTGRES_FINE || trouble == POSTGRES_WRONG || clock_monotonic_us() - since_us > PATIENCE_US)
        return true;
    return tries >= (trouble == POSTGRES_AGAIN ? TRIES : TRIES_LOST);
}

/* A statement that changes nothing kept in memory is committed by the server itself: one round trip. */
static err run_call(struct postgres_conn *c, db_body *body, void *context)
{
    const struct db_calling *w = context;
    return postgres_conn_feeds(c, w->call) ? run_once(c, body, context) : body(postgres_conn_base(c), context);
}

static err try_until_over(struct store *store, err (*once)(struct postgres_conn *c, db_body *body, void *context), db_body *body, void *context)
{
    int64_t since_us = clock_monotonic_us();
    for (int tries = 1;; tries++) {
        struct postgres_conn *c = NULL;
        TRY(tries > 1 ? borrow_again(store, false, &c) : borrow_store_conn(store, false, &c));
        err e = once(c, body, context);
        enum postgres_trouble trouble = FAILED(e) ? postgres_conn_trouble(c) : POSTGRES_FINE;
        if (trouble == POSTGRES_UNSURE)
            trouble = settle_lost_commit(store, &c, &e);
        if (!FAILED(e) && (once == run_call || (once == run_once && postgres_conn_wrote(c))))
            (void)atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
        if (!FAILED(e)) /* made; but what this node cannot see of it is not told as being in force */
            e = store_committed(store, postgres_conn_base(c));
        give_back(store, c);
        if (is_over(trouble, tries, since_us))
            return e;
        pause_by_chance(tries);
    }
}

err postgres_work_write(struct store *store, enum db_care care, db_body *body, void *context)
{
    return try_until_over(store, care == DB_SOON ? run_soon : run_once, body, context); /* what fails takes all of it back */
}

err postgres_work_call(struct store *store, struct db_calling *calling)
{
    return try_until_over(store, run_call, db_call_body, calling);
}

/* ---- jobs ---- */

struct running {
    struct store *store;
    struct store_job *first;
    bool again;
};

/* The first time expected changes need no round trip of their own; then all is waited for. */
static err run_jobs(struct db_conn *c, void *context)
{
    struct running *r = context;
    if (!r->again && !r->first->aside)
        postgres_conn_expecting(postgres_conn_of(c));
    r->again = true;
    for (struct store_job *job = r->first; job != NULL; job = job->next)
        TRY(store_run_job(r->store, c, job)); /* alone in its transaction, or never failing */
    return OK;
}

static void do_jobs(struct store *store, struct store_job *first, int64_t count)
{
    err committed = postgres_work_write(store, DB_SEVERAL, run_jobs, &(struct running){store, first, false});
    (void)atomic_fetch_add_explicit(&store->groups, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&store->jobs, (uint64_t)count, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&store->queued, count, memory_order_relaxed);
    if (FAILED(committed) && !FAILED(first->said))
        (void)atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
    store_jobs_done(store, first, committed);
}

static void put_queued_job(struct postgres_queue *q, struct store_job *job)
{
    job->next = NULL;
    *q->last = job;
    q->last = &job->next;
}

/* At most so many from the front. */
static struct store_job *cut_queue_front(struct postgres_queue *q, int64_t most, int64_t *count)
{
    struct store_job *first = q->first, **end = &q->first;
    for (*count = 0; *end != NULL && *count < most; ++*count)
        end = &(*end)->next;
    struct store_job *rest = *end;
    *end = NULL;
    q->first = rest;
    if (rest == NULL)
        q->last = &q->first;
    return first;
}

err postgres_work_submit(struct store *store, struct store_job *job)
{
    struct postgres_work *w = &postgres_of(store)->work;
    if (!store->threaded) {
        job->next = NULL;
        (void)atomic_fetch_add_explicit(&store->queued, 1, memory_order_relaxed);
        do_jobs(store, job, 1);
        return OK;
    }
    (void)pthread_mutex_lock(&w->lock);
    bool room = w->waiting < STORE_QUEUE_MAX && !w->closing; /* AV-08 */
    if (room) {
        put_queued_job(job->aside ? &w->aside : &w->jobs, job);
        w->waiting++;
        (void)atomic_fetch_add_explicit(&store->queued, 1, memory_order_relaxed);
        if (w->idle > 0)
            (void)pthread_cond_signal(&w->wake);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (!room)
        FAIL(UNAVAILABLE, "store: the queue of jobs is full");
    return OK;
}

/* Waits for work; *aside: it was taken from those that nobody waits for. NULL: closing, and nothing is left. */
static struct store_job *take_postgres_jobs(struct postgres_work *w, int64_t *count, bool *aside)
{
    struct store_job *first = NULL;
    (void)pthread_mutex_lock(&w->lock);
    while (w->jobs.first == NULL && (w->aside.first == NULL || w->aside_busy) && !w->closing) {
        w->idle++;
        (void)pthread_cond_wait(&w->wake, &w->lock);
        w->idle--;
    }
    *aside = w->jobs.first == NULL && w->aside.first != NULL && !w->aside_busy;
    first = *aside ? cut_queue_front(&w->aside, STORE_GROUP_MAX, count) : cut_queue_front(&w->jobs, 1, count);
    w->aside_busy = w->aside_busy || *aside;
    w->waiting -= *count;
    (void)pthread_mutex_unlock(&w->lock);
    return first;
}

static void aside_done(struct postgres_work *w)
{
    (void)pthread_mutex_lock(&w->lock);
    w->aside_busy = false;
    if (w->aside.first != NULL)
        (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

static void *work_main(void *context)
{
    struct store *store = context;
    struct postgres_work *w = &postgres_of(store)->work;
    struct store_job *first;
    int64_t count = 0;
    bool aside = false;
    while ((first = take_postgres_jobs(w, &count, &aside)) != NULL) {
        do_jobs(store, first, count);
        if (aside)
            aside_done(w);
    }
    return NULL;
}

err postgres_work_start(struct store *store)
{
    struct postgres_work *w = &postgres_of(store)->work;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    w->jobs.last = &w->jobs.first;
    w->aside.last = &w->aside.first;
    while (w->thread_count < postgres_of(store)->pool.most) {
        TRY(store_thread(&w->threads[w->thread_count], work_main, store));
        w->thread_count++;
    }
    return OK;
}

void postgres_work_stop(struct store *store)
{
    struct postgres_work *w = &postgres_of(store)->work;
    if (w->jobs.last == NULL)
        return; /* it was never started */
    (void)pthread_mutex_lock(&w->lock);
    w->closing = true;
    (void)pthread_cond_broadcast(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->thread_count; i++)
        (void)pthread_join(w->threads[i], NULL);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
}
