/* SPDX-License-Identifier: MIT
 * store: opening and closing, transactions, jobs, what follows a commit, and what concerns the whole (health, backup, check). Relies on
 * a driver for the engine; promises that a table function is a part of the transaction that its tx stands for, or one of its own, and
 * that whoever waits for changes is told after the commit and before anybody is answered.
 *
 *   [closed] ──store_open──▶ directory checked ─▶ engine opened ─▶ migrated ─▶ [open] ──store_close──▶ queue committed ─▶ [closed] */
#include "store/store_internal.h"

#include "base/buf.h"

#include <signal.h>
#include <stdlib.h>

#include "base/banned.h"

enum {
    READY,
    COUNT_USERS,
    COUNT_CLIENTS,
    COUNT_GRANTS,
    COUNT_CODES,
    COUNT_SESSIONS,
    COUNT_PATS,
    COUNT_CONSENTS,
    COUNT_KEYS,
    COUNT_EVENTS,
    COUNT_REVOCATIONS,
    COUNT_SCOPES,
    COUNT_RESOURCES
};
static const char *const texts[] = {
    [READY] = "UPDATE counters SET next = next + 1 WHERE name = 'ready'",
    [COUNT_USERS] = "SELECT count(*) FROM users WHERE removed_at = 0",
    [COUNT_CLIENTS] = "SELECT count(*) FROM clients WHERE removed_at = 0",
    [COUNT_GRANTS] = "SELECT count(*) FROM grants",
    [COUNT_CODES] = "SELECT count(*) FROM codes",
    [COUNT_SESSIONS] = "SELECT count(*) FROM sessions",
    [COUNT_PATS] = "SELECT count(*) FROM pats",
    [COUNT_CONSENTS] = "SELECT count(*) FROM consents",
    [COUNT_KEYS] = "SELECT count(*) FROM keys",
    [COUNT_EVENTS] = "SELECT count(*) FROM events",
    [COUNT_REVOCATIONS] = "SELECT count(*) FROM revocations",
    [COUNT_SCOPES] = "SELECT count(*) FROM scopes",
    [COUNT_RESOURCES] = "SELECT count(*) FROM resources",
};
DB_STATEMENTS(store, texts);

enum { PURGE_EVERY_US = 1000000, PURGE_ROWS = 32, PURGE_ROWS_A_JOB = 2 };

/* ---- open and close ---- */

static err open_parts(struct store *store, const struct store_options *options)
{
    struct db_conn *first = NULL;
    bool made = false;
    TRY(store_directory_prepare(store, options));
    TRY(store->driver->open(store, options, &first));
    if (!options->create) {
        TRY(store_is_made(first, &made));
        if (!made)
            REFUSE(NOT_FOUND, "There is no database here: check --data and --database, or create one with jeton serve.", "store: no schema");
    }
    TRY(store_migrate(first));
    store->migrated = first->feeding.on = true;
    if (options->threads) {
        store->threaded = true;
        store->purge.last_us = clock_monotonic_us();
    }
    return store->driver->start(store);
}

static const struct store_driver *driver_of(str database)
{
    return str_filled(database) ? &postgres_driver : &sqlite_driver;
}

str store_ports(struct arena *a, str database)
{
    const struct store_driver *driver = driver_of(database);
    return driver->ports != NULL ? driver->ports(a, database) : STR("");
}

err store_open(const struct store_options *options, struct store **out)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    store->driver = driver_of(str_of(options->database));
    store->each = (struct tx){store, NULL};
    (void)pthread_mutex_init(&store->after_lock, NULL);
    (void)pthread_mutex_init(&store->numbers.lock, NULL);
    for (size_t i = 1; i <= DB_EVENT_CLASSES; i++)
        store->event_limits[i] = options->event_limits != NULL ? options->event_limits[i] : (struct db_event_limit){DB_EVENT_ROWS_USUAL, 0};
    atomic_store(&store->event_limits_now, store->event_limits);
    err e = open_parts(store, options);
    if (FAILED(e)) {
        store_close(store);
        return e;
    }
    *out = store;
    return OK;
}

void store_event_limits_change(struct store *store, const struct db_event_limit *limits)
{
    atomic_store(&store->event_limits_now, limits);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->driver->close(store);
    (void)pthread_mutex_destroy(&store->after_lock);
    (void)pthread_mutex_destroy(&store->numbers.lock);
    free(store->directory);
    free(store);
}

bool store_is_remote(const struct store *store)
{
    return !store->driver->one_writer;
}

void store_missed(struct store *store)
{
    atomic_store(&store->missed, true);
}

void store_begin_anew(struct store *store)
{
    db_number_forget(store);
    atomic_store(&store->anew, true);
    store_generation_bump(store);
}

uint64_t store_generation(const struct store *store)
{
    return atomic_load_explicit(store->generation, memory_order_acquire);
}

void store_generation_bump(struct store *store)
{
    (void)atomic_fetch_add_explicit(store->generation, 1, memory_order_acq_rel);
}

err store_changed_elsewhere(struct store *store, bool *changed)
{
    return store->driver->elsewhere(store, changed);
}

/* ---- transactions ---- */

struct tx *store_each(struct store *store)
{
    return &store->each;
}

bool store_is_open(const struct tx *tx)
{
    return tx->c != NULL;
}

bool store_changing(const struct tx *tx)
{
    return tx->c != NULL && tx->c->feeding.touched;
}

/* What waited for the commit of a transaction that does not come. */
static void drop_later(struct db_conn *c, const struct store_job *until)
{
    while (c->later != until) {
        struct store_job *job = c->later;
        c->later = job->next;
        job->done(job->context, ERR(CONFLICT, "store: its transaction was taken back"));
    }
}

err store_part(struct db_conn *c, enum db_care care, db_body *body, void *context)
{
    if (care == DB_SINGLE)
        return body(c, context);
    const struct store_job *later = c->later;
    TRY(c->driver->save(c));
    err e = body(c, context);
    err released = c->driver->release(c, !FAILED(e));
    if (FAILED(e) || FAILED(released))
        drop_later(c, later);
    return FAILED(e) ? e : released;
}

err db_write(struct tx *tx, enum db_care care, db_body *body, void *context)
{
    if (tx->c != NULL)
        return store_part(tx->c, care, body, context);
    return tx->store->driver->write(tx->store, care, body, context);
}

err db_read(struct tx *tx, db_body *body, void *context)
{
    if (tx->c != NULL)
        return body(tx->c, context);
    return tx->store->driver->read(tx->store, false, body, context);
}

err store_read_snapshot(struct store *store, db_body *body, void *context)
{
    return store->driver->read(store, true, body, context);
}

err store_snapshot_on(struct db_conn *c, db_body *body, void *context)
{
    TRY(c->driver->snapshot(c));
    err e = body(c, context);
    c->driver->rollback(c);
    return e;
}

struct together {
    struct store *store;
    err (*body)(struct tx *tx, void *context);
    void *context;
};

static err together_body(struct db_conn *c, void *context)
{
    const struct together *w = context;
    struct tx tx = {w->store, c};
    return w->body(&tx, w->context);
}

err store_together(struct tx *tx, err (*body)(struct tx *tx, void *context), void *context)
{
    struct together w = {tx->store, body, context};
    return db_write(tx, DB_SEVERAL, together_body, &w);
}

err store_together_soon(struct tx *tx, err (*body)(struct tx *tx, void *context), void *context)
{
    struct together w = {tx->store, body, context};
    return db_write(tx, DB_SOON, together_body, &w);
}

err db_call_body(struct db_conn *c, void *calling)
{
    struct db_calling *w = calling;
    return db_run(c, w->call, &w->changed);
}

err db_write_call(struct tx *tx, const struct db_call *call, int64_t *changed)
{
    struct db_calling w = {call, 0};
    if (tx->c == NULL && tx->store->driver->call != NULL)
        TRY(tx->store->driver->call(tx->store, &w));
    else
        TRY(db_write(tx, DB_SINGLE, db_call_body, &w));
    if (changed != NULL)
        *changed = w.changed;
    return OK;
}

err db_write_expected(struct tx *tx, const struct db_call *call, bool *changed)
{
    int64_t count = 0;
    if (tx->c != NULL)
        return db_expect(tx->c, call, changed);
    TRY(db_write_call(tx, call, &count));
    *changed = count == 1;
    return OK;
}

struct reading {
    struct arena *a;
    const struct db_call *call;
    const struct db_columns *columns;
    struct db_rows rows;
};

static err read_body(struct db_conn *c, void *context)
{
    struct reading *r = context;
    return db_many(c, r->a, r->call, r->columns, &r->rows);
}

err db_read_many(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out)
{
    struct reading r = {a, call, columns, {NULL, 0}};
    TRY(db_read(tx, read_body, &r));
    *out = r.rows;
    return OK;
}

err db_read_list(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, const struct db_list_to *to)
{
    struct db_rows all = {NULL, 0};
    TRY(db_read_many(tx, a, call, columns, &all));
    *to->rows = all.rows;
    *to->count = all.count;
    return OK;
}

err db_read_one(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, void **row)
{
    struct db_rows rows = {NULL, 0};
    TRY(db_read_many(tx, a, call, columns, &rows));
    *row = rows.count > 0 ? rows.rows : NULL;
    return OK;
}

/* ---- what follows a commit ---- */

void db_later(struct tx *tx, struct store_job *job)
{
    (void)atomic_fetch_add(&tx->store->aside, 1);
    job->next = tx->c->later;
    tx->c->later = job;
}

static void submit_later(struct store *store, struct store_job *later)
{
    struct store_job *first = NULL;
    while (later != NULL) { /* in the order in which they came */
        struct store_job *job = later;
        later = job->next;
        job->next = first;
        first = job;
    }
    while (first != NULL) {
        struct store_job *job = first;
        first = job->next;
        job->aside = true;
        if (atomic_load(&store->aside) > DB_ASIDE_MAX || FAILED(store_submit(store, job)))
            job->done(job->context, ERR(UNAVAILABLE, "store: the queue is full"));
    }
}

void store_after_change(struct store *store, store_changed *call, void *context)
{
    (void)pthread_mutex_lock(&store->after_lock);
    store->after_change = call;
    store->after_change_context = context;
    (void)pthread_mutex_unlock(&store->after_lock);
}

err store_committed(struct store *store, struct db_conn *c)
{
    const struct db_feeding told = c->feeding;
    struct store_job *later = c->later;
    err e = OK;
    c->feeding.changed = c->feeding.delivery = false; /* taken off: who follows the change uses the connection */
    c->later = NULL;
    if (told.changed || told.delivery) {
        (void)pthread_mutex_lock(&store->after_lock);
        if (told.changed && store->after_change != NULL)
            e = store->after_change(store->after_change_context, c);
        if (told.delivery && store->when_added != NULL)
            store->when_added(store->when_added_context);
        (void)pthread_mutex_unlock(&store->after_lock);
    }
    submit_later(store, later);
    return e;
}

void store_rolled_back(struct db_conn *c)
{
    c->feeding.delivery = false;
    drop_later(c, NULL);
}

/* One window of one table a bite, while a round lasts; a round starts when a second has passed since the last. The window
 * grows with the work, so that no table grows faster than it is purged. */
err store_tidy(struct store *store, struct db_conn *c, int64_t jobs)
{
    struct db_purge_state *p = &store->purge;
    int64_t now_us = clock_monotonic_us(), rows = PURGE_ROWS + PURGE_ROWS_A_JOB * jobs;
    if (!p->inside_round && now_us - p->last_us < PURGE_EVERY_US)
        return OK;
    struct db_purge_step step;
    TRY(db_purge_one(c, &(struct db_purge_how){clock_now(), rows, atomic_load(&store->event_limits_now)}, p, &step));
    if (step.deleted < rows)
        p->table = (p->table + 1) % DB_PURGE_TABLES;
    p->inside_round = p->table != 0 || step.deleted >= rows;
    p->last_us = now_us;
    return OK;
}

/* ---- the whole ---- */

err store_ready(struct store *store)
{
    int64_t changed = 0;
    TRY(db_write_call(store_each(store), CALL_ALONE(READY), &changed)); /* AV-06 */
    if (changed != 1)
        FAIL(UNAVAILABLE, "store: the health row is missing");
    return OK;
}

err store_backup(struct store *store, const char *file)
{
    return store->driver->backup(store, file);
}

struct checking {
    struct arena *a;
    struct buf report;
    str defects;
};

static err count_body(struct db_conn *c, struct checking *check)
{
    static const struct {
        const char *name;
        size_t line;
    } counts[] = {
        {"users", COUNT_USERS},       {"client applications", COUNT_CLIENTS}, {"grants", COUNT_GRANTS},     {"codes", COUNT_CODES},
        {"sessions", COUNT_SESSIONS}, {"personal access tokens", COUNT_PATS}, {"consents", COUNT_CONSENTS}, {"keys", COUNT_KEYS},
        {"events", COUNT_EVENTS},     {"revocations", COUNT_REVOCATIONS},     {"scopes", COUNT_SCOPES},     {"resources", COUNT_RESOURCES},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        int64_t count = 0;
        bool found = false;
        TRY(db_scalar(c, CALL_ALONE(counts[i].line), &count, &found));
        buf_format(&check->report, "%s: %lld\n", counts[i].name, (long long)count);
    }
    return OK;
}

static err check_body(struct db_conn *c, void *context)
{
    struct checking *check = context;
    check->report = buf_new(check->a, BUF_JSON_MAX);
    check->defects = STR_ABSENT;
    TRY(c->driver->integrity(c, check->a, &check->defects));
    if (str_filled(check->defects))
        return OK;
    buf_add_z(&check->report, "integrity: ok\nforeign keys: ok\n");
    return count_body(c, check);
}

err store_check(struct store *store, struct arena *a, str *report)
{
    struct checking check = {a, {0}, STR_ABSENT};
    err e = db_read(store_each(store), check_body, &check);
    if (str_filled(check.defects) || e.kind == ERR_SERVER_ERROR)
        REFUSE(SERVER_ERROR, "The database is damaged: stop the server and restore a backup.", "store: integrity check failed");
    TRY(e);
    return buf_done(&check.report, report);
}

void store_counts(const struct store *store, struct store_counts *out)
{
    out->groups = atomic_load(&store->groups);
    out->jobs = atomic_load(&store->jobs);
    out->failures = atomic_load(&store->failures);
    out->dropped = atomic_load(&store->dropped);
    out->commits = atomic_load(&store->commits);
    out->queued = atomic_load(&store->queued);
}

err store_thread(pthread_t *thread, void *(*run)(void *context), void *context)
{
    enum { STACK = 1 << 20 };
    pthread_attr_t small;
    (void)pthread_attr_init(&small);
    (void)pthread_attr_setstacksize(&small, STACK);
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    int code = pthread_create(thread, &small, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&small);
    if (code != 0)
        FAIL(UNAVAILABLE, "store: no thread for the store's work");
    return OK;
}
