/* SPDX-License-Identifier: MIT
 * sqlite_writer: the one thread that changes the store. It takes what has gathered in the queue, runs it inside one transaction,
 * commits once, and only then answers. While it waits for the disk the next group gathers, so the busier the server, the
 * cheaper a change. Relies on the engine to lose a whole group or none of it; promises that `done` tells the truth: what it
 * called done outlives a kill (AC-09, AV-02, RF-04).
 *
 *   submitted ──take──▶ [in group] ──run──▶ [ran] ──commit──▶ done(OK), or what it said itself: that one was taken back
 *                        ▲  │ begin failed     │ commit failed, or the engine failed in any job of the group
 *                        │  └──────────────────┼──▶ done(UNAVAILABLE): nothing of the group happened
 *                        └─ a job failed: the others anew, once, each in a part of its own ─┘
 *
 * A job that fails is rare, and a savepoint for each job would cost all of them: so the group is taken back at once, before another job sees what
 * that one did (jobs do things outside of the transaction too, such as cache_revoke), and the others run again with savepoints.
 *
 * A second thread, the tidier, copies the write-ahead log into the database file while the writer goes on. Under steady load
 * it can never copy the very last pages, so the writer copies those few by itself: the log then starts anew and does not
 * grow for ever. */
#include "store/sqlite/sqlite.h"

#include "base/banned.h"

enum {
    LOG_PAGES = 1500,       /* the tidier is woken: often and little, since every commit waits while the disk takes its writes */
    LOG_PAGES_MOST = 16000, /* the writer does it all by itself: the tidier cannot */
    LOG_PAGES_REST = 200,   /* few enough for the writer */
    TIDY_ROUNDS = 4
};

/* ---- who waits for the writer ---- */

struct waiting {
    struct store_job job;
    enum db_care care;
    db_body *body;
    void *context;
    err said, committed;
    bool over;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static err waiting_run(struct tx *tx, void *context)
{
    struct waiting *w = context;
    w->said = store_part(tx->c, w->care, w->body, w->context); /* which has taken back what failed */
    return OK;
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

err sqlite_writer_wait(struct store *store, enum db_care care, db_body *body, void *context)
{
    INVARIANT(!sqlite_writer_here(store)); /* it would wait for itself: whoever is inside a transaction has its tx */
    struct waiting w = {.care = care, .body = body, .context = context};
    w.job = (struct store_job){.run = waiting_run, .done = waiting_done, .context = &w, .soon = care == DB_SOON};
    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_cond_init(&w.wake, NULL);
    err e = sqlite_writer_submit(store, &w.job);
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

bool sqlite_writer_here(const struct store *store)
{
    const struct sqlite_writer *w = &sqlite_of(store)->writer;
    return w->started && pthread_equal(pthread_self(), w->thread);
}

/* ---- the queue ---- */

err sqlite_writer_submit(struct store *store, struct store_job *job)
{
    struct sqlite_writer *w = &sqlite_of(store)->writer;
    job->next = NULL;
    (void)pthread_mutex_lock(&w->lock);
    bool room = w->waiting < STORE_QUEUE_MAX && !w->closing; /* AV-08 */
    if (room) {
        *w->last = job;
        w->last = &job->next;
        w->waiting++;
        (void)atomic_fetch_add_explicit(&store->queued, 1, memory_order_relaxed);
        if (w->idle)
            (void)pthread_cond_signal(&w->wake);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (!room)
        FAIL(UNAVAILABLE, "store: the writer's queue is full");
    return OK;
}

/* Waits for work; at most STORE_GROUP_MAX jobs. NULL: closing, and nothing is left. */
static struct store_job *take_sqlite_jobs(struct sqlite_writer *w, int64_t *count)
{
    (void)pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->closing) {
        w->idle = true;
        (void)pthread_cond_wait(&w->wake, &w->lock);
        w->idle = false;
    }
    struct store_job *first = w->first, **end = &w->first;
    *count = 0;
    while (*end != NULL && *count < STORE_GROUP_MAX) {
        end = &(*end)->next;
        ++*count;
    }
    if (*count > 0) {
        struct store_job *rest = *end;
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

static bool all_soon(const struct store_job *job)
{
    while (job != NULL && job->soon)
        job = job->next;
    return job == NULL;
}

struct part {
    struct store *store;
    struct store_job *job;
};

static err run_part(struct db_conn *c, void *context)
{
    const struct part *p = context;
    return store_run_job(p->store, c, p->job);
}

/* Until one fails; false: one did. */
static bool run_jobs_together(struct store *store, struct db_conn *c, struct store_job *job)
{
    while (job != NULL && !FAILED(store_run_job(store, c, job)))
        job = job->next;
    return job == NULL;
}

/* All but the one that failed before: it saw then what it would see now. */
static void run_jobs_apart(struct store *store, struct db_conn *c, struct store_job *first)
{
    for (struct store_job *job = first; job != NULL; job = job->next) {
        err e = FAILED(job->said) ? OK : store_part(c, DB_SEVERAL, run_part, &(struct part){store, job});
        (void)e; /* what the job said itself; or the engine's, and then the commit fails */
    }
}

/* A hasty group takes no numbers and tells memory nothing: both must be on the disk before anybody has them. *apart: a job failed before, or has failed
 * now, and the others are to be run again. */
static err run_group(struct store *store, struct store_job *first, int64_t count, bool *apart)
{
    struct db_conn *c = sqlite_base(sqlite_of(store)->conn);
    bool hasty = all_soon(first);
    TRY(sqlite_hasty(sqlite_of(store)->conn, hasty));
    TRY(sqlite_driver.begin(c));
    err e = hasty ? OK : db_number_top_up(store, c);
    if (*apart)
        run_jobs_apart(store, c, first);
    else if (!run_jobs_together(store, c, first) && !sqlite_broken(sqlite_of(store)->conn)) {
        *apart = true;
        sqlite_driver.rollback(c);
        FAIL(UNAVAILABLE, "store: a job of the group was taken back");
    }
    INVARIANT(!hasty || !c->feeding.touched);
    if (!FAILED(e) && !hasty)
        e = store_tidy(store, c, count);
    if (FAILED(e)) {
        sqlite_driver.rollback(c);
        FAIL(UNAVAILABLE, "store: the group was lost");
    }
    return sqlite_driver.commit(c);
}

static err commit_group(struct store *store, struct store_job *first, int64_t count)
{
    bool apart = false;
    err e = run_group(store, first, count, &apart);
    db_number_settle(store, !FAILED(e));
    if (!apart)
        return e;
    e = run_group(store, first, count, &apart);
    db_number_settle(store, !FAILED(e));
    return e;
}

static void tidy_log(struct sqlite *s)
{
    struct sqlite_writer *w = &s->writer;
    int64_t pages = sqlite_log_pages(s->conn), left = 0;
    bool last_pages = atomic_exchange(&w->tidied, false);
    if (last_pages || pages >= LOG_PAGES_MOST) {
        err e = sqlite_checkpoint(s->conn, &left);
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
    struct store *store = context;
    struct sqlite *s = sqlite_of(store);
    struct sqlite_writer *w = &s->writer;
    struct store_job *job;
    int64_t count = 0;
    while ((job = take_sqlite_jobs(w, &count)) != NULL) {
        err committed = commit_group(store, job, count);
        err seen = store_committed(store, sqlite_base(s->conn));
        (void)seen; /* who asks next finds memory behind */
        (void)atomic_fetch_add_explicit(&store->groups, 1, memory_order_relaxed);
        (void)atomic_fetch_add_explicit(&store->jobs, (uint64_t)count, memory_order_relaxed);
        (void)atomic_fetch_sub_explicit(&store->queued, count, memory_order_relaxed);
        if (sqlite_logged(s->conn) && !all_soon(job))
            (void)atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
        if (FAILED(committed)) {
            (void)atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
            committed = ERR(UNAVAILABLE, "store: the group could not be made durable");
        }
        store_jobs_done(store, job, committed);
        if (!FAILED(committed))
            tidy_log(s);
    }
    return NULL;
}

/* Its connection is opened when it is first needed: a server that hardly writes never pays for it. */
static void tidy_write_log(struct sqlite *s, struct sqlite_conn **c)
{
    if (*c == NULL) {
        if (FAILED(sqlite_open(s->file, SQLITE_READING, c)))
            return;
        sqlite_checkpoint_by(*c, SQLITE_CHECKPOINT_BY_OTHERS);
    }
    int64_t left = 0;
    for (int i = 0; i < TIDY_ROUNDS; i++)
        if (FAILED(sqlite_checkpoint(*c, &left)) || left <= LOG_PAGES_REST)
            break;
    atomic_store(&s->writer.tidied, true);
}

static void *tidier_main(void *context)
{
    struct sqlite *s = context;
    struct sqlite_writer *w = &s->writer;
    struct sqlite_conn *c = NULL;
    (void)pthread_mutex_lock(&w->tidy_lock);
    while (!w->tidy_closing) {
        if (!w->tidy_wanted) {
            (void)pthread_cond_wait(&w->tidy_wake, &w->tidy_lock);
            continue;
        }
        w->tidy_wanted = false;
        (void)pthread_mutex_unlock(&w->tidy_lock);
        tidy_write_log(s, &c);
        atomic_store(&w->tidy_busy, false);
        (void)pthread_mutex_lock(&w->tidy_lock);
    }
    (void)pthread_mutex_unlock(&w->tidy_lock);
    sqlite_close(c);
    return NULL;
}

/* ---- start and stop ---- */

/* The first numbers are there before the first request; on a full disk the server starts all the same, and heals later. */
static void first_numbers(struct store *store)
{
    struct db_conn *c = sqlite_base(sqlite_of(store)->conn);
    if (FAILED(sqlite_driver.begin(c)))
        return;
    err e = db_number_top_up(store, c);
    if (FAILED(e))
        sqlite_driver.rollback(c);
    else
        e = sqlite_driver.commit(c);
    db_number_settle(store, !FAILED(e));
}

err sqlite_writer_start(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    struct sqlite_writer *w = &s->writer;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    (void)pthread_mutex_init(&w->tidy_lock, NULL);
    (void)pthread_cond_init(&w->tidy_wake, NULL);
    w->last = &w->first;
    w->made = true;
    sqlite_checkpoint_by(s->conn, SQLITE_CHECKPOINT_BY_OTHERS);
    first_numbers(store);
    TRY(store_thread(&w->thread, writer_main, store));
    w->started = true;
    TRY(store_thread(&w->tidier, tidier_main, s));
    w->tidier_started = true;
    return OK;
}

void sqlite_writer_stop(struct store *store)
{
    struct sqlite_writer *w = &sqlite_of(store)->writer;
    if (!w->made)
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
