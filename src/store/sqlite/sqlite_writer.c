/* SPDX-License-Identifier: MIT
 * db_writer: the one thread that changes the store. It takes what has gathered in the queue, runs it inside one transaction,
 * commits once, and only then answers. While it waits for the disk the next group gathers, so the busier the server, the
 * cheaper a change. Relies on the engine to lose a whole group or none of it; promises that `done` tells the truth: what it
 * called done outlives a kill (AC-09, AV-02, RF-04).
 *
 *   submitted ──take──▶ [in group] ──run──▶ [ran] ──commit──▶ done(OK)
 *                           │ begin failed     │ commit failed, or the engine failed in any job of the group
 *                           └──────────────────┴──▶ done(UNAVAILABLE): nothing of the group happened
 *
 * A second thread, the tidier, copies the write-ahead log into the database file while the writer goes on. Under steady load
 * it can never copy the very last pages, so the writer copies those few by itself: the log then starts anew and does not
 * grow for ever. */
#include "store/store_internal.h"

#include <signal.h>

#include "base/banned.h"

enum {
    LOG_PAGES = 1500,       /* the tidier is woken: often and little, since every commit waits while the disk takes its writes */
    LOG_PAGES_MOST = 16000, /* the writer does it all by itself: the tidier cannot */
    LOG_PAGES_REST = 200,   /* few enough for the writer */
    TIDY_ROUNDS = 4,
    STACK = 1 << 20,
    PURGE_EVERY_US = 1000000,
    PURGE_ROWS = 32,
    PURGE_ROWS_A_JOB = 2
};

static _Thread_local const struct store *writer_of; /* the store whose writer this thread is */
static _Thread_local const struct store *inside_of; /* the store whose transaction this thread has open */

bool db_on_writer(const struct store *db)
{
    return writer_of == db;
}

bool db_inside(const struct store *db)
{
    return inside_of == db;
}

bool db_changing(const struct store *db)
{
    return db_inside(db) && db_conn_feeding(db->conn)->touched;
}

/* ---- sentences ---- */

/* Part of an open transaction: happens whole or not at all, and leaves the rest of the group alone. */
static err part(struct db_conn *c, enum db_care care, db_body *body, void *context)
{
    if (care == DB_SINGLE)
        return body(c, context);
    TRY(db_conn_save(c));
    err e = body(c, context);
    err released = db_conn_release(c, !FAILED(e));
    return FAILED(e) ? e : released;
}

void db_after_change(struct store *db, void (*call)(void *context), void *context)
{
    (void)pthread_mutex_lock(&db->after_lock);
    db->after_change = call;
    db->after_change_context = context;
    (void)pthread_mutex_unlock(&db->after_lock);
}

/* Did the transaction before change something that is kept in memory? Asked once. */
static bool changed_something(struct store *db)
{
    bool changed = db_conn_feeding(db->conn)->changed;
    db_conn_feeding(db->conn)->changed = false;
    return changed;
}

static void announce(struct store *db, bool changed)
{
    (void)pthread_mutex_lock(&db->after_lock);
    if (changed && db->after_change != NULL)
        db->after_change(db->after_change_context);
    db_delivery_announce(db);
    (void)pthread_mutex_unlock(&db->after_lock);
}

/* A transaction of its own on this thread. */
static err alone(struct store *db, db_body *body, void *context)
{
    const struct store *outer = inside_of;
    (void)pthread_mutex_lock(&db->command_lock);
    err e = db_conn_begin(db->conn);
    if (!FAILED(e)) {
        inside_of = db;
        e = body(db->conn, context);
        inside_of = outer;
        if (FAILED(e))
            db_conn_rollback(db->conn);
        else
            e = db_conn_commit(db->conn);
    }
    bool changed = changed_something(db);
    (void)pthread_mutex_unlock(&db->command_lock);
    if (!db->threaded && !FAILED(e))
        db_generation_bump(db);
    announce(db, changed);
    return e;
}

struct waiting {
    struct db_job job;
    struct store *db;
    enum db_care care;
    db_body *body;
    void *context;
    err said, committed;
    bool over;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void waiting_run(void *context)
{
    struct waiting *w = context;
    w->said = part(w->db->conn, w->care, w->body, w->context);
}

static void waiting_done(void *context, err committed)
{
    struct waiting *w = context;
    (void)pthread_mutex_lock(&w->lock);
    w->committed = committed;
    w->over = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

static err wait_for_writer(struct store *db, enum db_care care, db_body *body, void *context)
{
    struct waiting w = {.db = db, .care = care, .body = body, .context = context};
    w.job = (struct db_job){waiting_run, waiting_done, &w, NULL};
    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_cond_init(&w.wake, NULL);
    err e = db_submit(db, &w.job);
    if (!FAILED(e)) {
        (void)pthread_mutex_lock(&w.lock);
        while (!w.over)
            (void)pthread_cond_wait(&w.wake, &w.lock);
        (void)pthread_mutex_unlock(&w.lock);
        e = FAILED(w.committed) ? w.committed : w.said;
    }
    (void)pthread_cond_destroy(&w.wake);
    (void)pthread_mutex_destroy(&w.lock);
    return e;
}

err db_write(struct store *db, enum db_care care, db_body *body, void *context)
{
    if (db_inside(db))
        return part(db->conn, care, body, context);
    if (!db->threaded || db_on_writer(db))
        return alone(db, body, context);
    return wait_for_writer(db, care, body, context);
}

struct together {
    err (*sentences)(void *context);
    void *context;
};

static err together_body(struct db_conn *c, void *context)
{
    const struct together *w = context;
    (void)c; /* store functions find the open transaction by themselves */
    return w->sentences(w->context);
}

err db_together(struct store *db, err (*sentences)(void *context), void *context)
{
    struct together w = {sentences, context};
    return db_write(db, DB_SEVERAL, together_body, &w);
}

struct calling {
    const struct db_call *call;
    int64_t changed;
};

static err call_body(struct db_conn *c, void *context)
{
    struct calling *w = context;
    return db_run(c, w->call, &w->changed);
}

err db_write_call(struct store *db, const struct db_call *call, int64_t *changed)
{
    struct calling w = {call, 0};
    TRY(db_write(db, DB_SINGLE, call_body, &w));
    if (changed != NULL)
        *changed = w.changed;
    return OK;
}

/* ---- the queue ---- */

static err job_alone(struct db_conn *c, void *context)
{
    (void)c;
    struct db_job *job = context;
    job->run(job->context);
    return OK;
}

err db_submit(struct store *db, struct db_job *job)
{
    if (!db->threaded) {
        job->done(job->context, alone(db, job_alone, job));
        return OK;
    }
    struct db_writer *w = &db->writer;
    job->next = NULL;
    (void)pthread_mutex_lock(&w->lock);
    bool room = w->waiting < DB_QUEUE_MAX && !w->closing; /* AV-08 */
    if (room) {
        *w->last = job;
        w->last = &job->next;
        w->waiting++;
        (void)atomic_fetch_add_explicit(&w->queued, 1, memory_order_relaxed);
        if (w->idle)
            (void)pthread_cond_signal(&w->wake);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (!room)
        FAIL(UNAVAILABLE, "store: the writer's queue is full");
    return OK;
}

bool db_aside(struct store *db, struct db_job *job)
{
    struct db_writer *w = &db->writer;
    if (atomic_fetch_add(&w->aside, 1) < DB_ASIDE_MAX && !FAILED(db_submit(db, job)))
        return true;
    (void)atomic_fetch_sub(&w->aside, 1);
    (void)atomic_fetch_add(&w->dropped, 1);
    return false;
}

void db_aside_done(struct store *db)
{
    (void)atomic_fetch_sub(&db->writer.aside, 1);
}

/* Waits for work; at most DB_GROUP_MAX jobs. NULL: closing, and nothing is left. */
static struct db_job *take(struct db_writer *w, int64_t *count)
{
    (void)pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->closing) {
        w->idle = true;
        (void)pthread_cond_wait(&w->wake, &w->lock);
        w->idle = false;
    }
    struct db_job *first = w->first, **end = &w->first;
    *count = 0;
    while (*end != NULL && *count < DB_GROUP_MAX) {
        end = &(*end)->next;
        ++*count;
    }
    if (*count > 0) {
        struct db_job *rest = *end;
        *end = NULL;
        w->first = rest;
        if (rest == NULL)
            w->last = &w->first;
        w->waiting -= *count;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return first;
}

/* ---- the group ---- */

/* One window of one table a group, while a round lasts; a round starts when a second has passed since the last. The window
 * grows with the group, so that no table grows faster than it is purged. */
static err tidy_rows(struct store *db, int64_t jobs)
{
    struct db_purge_state *p = &db->purge;
    int64_t now_us = clock_monotonic_us(), rows = PURGE_ROWS + PURGE_ROWS_A_JOB * jobs;
    if (!p->inside_round && now_us - p->last_us < PURGE_EVERY_US)
        return OK;
    struct db_purge_step step;
    TRY(db_purge_one(db->conn, &(struct db_purge_how){clock_now(), rows, atomic_load(&db->event_limits_now)}, p, &step));
    if (step.deleted < rows)
        p->table = (p->table + 1) % DB_PURGE_TABLES;
    p->inside_round = p->table != 0 || step.deleted >= rows;
    p->last_us = now_us;
    return OK;
}

static err run_group(struct store *db, struct db_job *first, int64_t count)
{
    TRY(db_conn_begin(db->conn));
    inside_of = db;
    err e = db_number_top_up(db, db->conn);
    for (struct db_job *job = first; job != NULL; job = job->next)
        job->run(job->context);
    if (!FAILED(e))
        e = tidy_rows(db, count);
    inside_of = NULL;
    if (FAILED(e)) {
        db_conn_rollback(db->conn);
        FAIL(UNAVAILABLE, "store: the group was lost");
    }
    return db_conn_commit(db->conn);
}

static void tidy_log(struct store *db)
{
    struct db_writer *w = &db->writer;
    int64_t pages = db_conn_log_pages(db->conn), left = 0;
    bool last_pages = atomic_exchange(&w->tidied, false);
    if (last_pages || pages >= LOG_PAGES_MOST) {
        err e = db_conn_checkpoint(db->conn, &left);
        (void)e; /* the log stays as it is, and is tried again */
    } else if (pages >= LOG_PAGES && !atomic_exchange(&w->tidy_busy, true)) {
        (void)pthread_mutex_lock(&w->tidy_lock);
        w->tidy_wanted = true;
        (void)pthread_cond_signal(&w->tidy_wake);
        (void)pthread_mutex_unlock(&w->tidy_lock);
    }
}

static void *writer_main(void *context)
{
    struct store *db = context;
    struct db_writer *w = &db->writer;
    writer_of = db;
    struct db_job *job;
    int64_t count = 0;
    while ((job = take(w, &count)) != NULL) {
        err committed = run_group(db, job, count);
        db_number_settle(db, !FAILED(committed));
        announce(db, changed_something(db));
        (void)atomic_fetch_add_explicit(&w->groups, 1, memory_order_relaxed);
        (void)atomic_fetch_add_explicit(&w->jobs, (uint64_t)count, memory_order_relaxed);
        (void)atomic_fetch_sub_explicit(&w->queued, count, memory_order_relaxed);
        if (FAILED(committed)) {
            (void)atomic_fetch_add_explicit(&w->failures, 1, memory_order_relaxed);
            committed = ERR(UNAVAILABLE, "store: the group could not be made durable");
        }
        while (job != NULL) {
            struct db_job *next = job->next; /* the job is its owner's again once it is done */
            job->done(job->context, committed);
            job = next;
        }
        if (!FAILED(committed))
            tidy_log(db);
    }
    return NULL;
}

/* Its connection is opened when it is first needed: a server that hardly writes never pays for it. */
static void tidy(struct store *db, struct db_conn **c)
{
    if (*c == NULL) {
        if (FAILED(db_conn_open(db->file, DB_CONN_READER, c)))
            return;
        db_conn_checkpoint_by(*c, DB_CHECKPOINT_OTHERS);
    }
    int64_t left = 0;
    for (int i = 0; i < TIDY_ROUNDS; i++)
        if (FAILED(db_conn_checkpoint(*c, &left)) || left <= LOG_PAGES_REST)
            break;
    atomic_store(&db->writer.tidied, true);
}

static void *tidier_main(void *context)
{
    struct store *db = context;
    struct db_writer *w = &db->writer;
    struct db_conn *c = NULL;
    (void)pthread_mutex_lock(&w->tidy_lock);
    while (!w->tidy_closing) {
        if (!w->tidy_wanted) {
            (void)pthread_cond_wait(&w->tidy_wake, &w->tidy_lock);
            continue;
        }
        w->tidy_wanted = false;
        (void)pthread_mutex_unlock(&w->tidy_lock);
        tidy(db, &c);
        atomic_store(&w->tidy_busy, false);
        (void)pthread_mutex_lock(&w->tidy_lock);
    }
    (void)pthread_mutex_unlock(&w->tidy_lock);
    db_conn_close(c);
    return NULL;
}

/* ---- start and stop ---- */

/* The first numbers are there before the first request; on a full disk the server starts all the same, and heals later. */
static void first_numbers(struct store *db)
{
    if (FAILED(db_conn_begin(db->conn)))
        return;
    err e = db_number_top_up(db, db->conn);
    if (FAILED(e))
        db_conn_rollback(db->conn);
    else
        e = db_conn_commit(db->conn);
    db_number_settle(db, !FAILED(e));
}

err db_writer_start(struct store *db)
{
    struct db_writer *w = &db->writer;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    (void)pthread_mutex_init(&w->tidy_lock, NULL);
    (void)pthread_cond_init(&w->tidy_wake, NULL);
    w->last = &w->first;
    db->threaded = true;
    db_conn_checkpoint_by(db->conn, DB_CHECKPOINT_OTHERS);
    db->purge.last_us = clock_monotonic_us();
    first_numbers(db);
    pthread_attr_t small;
    (void)pthread_attr_init(&small);
    (void)pthread_attr_setstacksize(&small, STACK);
    sigset_t all, before; /* signals are for the thread that waits for them */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    w->started = pthread_create(&w->thread, &small, writer_main, db) == 0;
    w->tidier_started = w->started && pthread_create(&w->tidier, &small, tidier_main, db) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&small);
    if (!w->started || !w->tidier_started)
        FAIL(UNAVAILABLE, "store: no thread for the writer");
    return OK;
}

void db_writer_stop(struct store *db)
{
    struct db_writer *w = &db->writer;
    if (!db->threaded)
        return;
    if (w->started) {
        (void)pthread_mutex_lock(&w->lock);
        w->closing = true;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_mutex_unlock(&w->lock);
        (void)pthread_join(w->thread, NULL);
    }
    if (w->tidier_started) {
        (void)pthread_mutex_lock(&w->tidy_lock);
        w->tidy_closing = true;
        (void)pthread_cond_signal(&w->tidy_wake);
        (void)pthread_mutex_unlock(&w->tidy_lock);
        (void)pthread_join(w->tidier, NULL);
    }
    (void)pthread_cond_destroy(&w->tidy_wake);
    (void)pthread_mutex_destroy(&w->tidy_lock);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
}
