/* SPDX-License-Identifier: MIT
 * sqlite_store: what store/ asks of the embedded engine as a whole. Relies on sqlite for connections and on sqlite_writer for every
 * change; promises that a reader never waits for the writer. */
#include "store/sqlite/sqlite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

struct sqlite *sqlite_of(const struct store *store)
{
    return store->engine;
}

err sqlite_store_open(struct store *store, const struct store_options *options, struct db_conn **first)
{
    struct sqlite *s = calloc(1, sizeof(*s));
    if (s == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    store->engine = s;
    pthread_mutexattr_t once; /* who waits for itself has lost its tx: seen at once, in every build */
    (void)pthread_mutexattr_init(&once);
    (void)pthread_mutexattr_settype(&once, PTHREAD_MUTEX_ERRORCHECK);
    (void)pthread_mutex_init(&s->command_lock, &once);
    (void)pthread_mutexattr_destroy(&once);
    (void)pthread_mutex_init(&s->pool_lock, NULL);
    TRY(sqlite_directory_file(s, store->directory, options->create));
    TRY(sqlite_open(s->file, SQLITE_WRITING, &s->conn));
    TRY(sqlite_generation_open(store));
    *first = sqlite_base(s->conn);
    return OK;
}

err sqlite_store_start(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    int64_t version = 0;
    TRY(sqlite_data_version(s->conn, &version));
    atomic_store(&s->data_version, version);
    return store->threaded ? sqlite_writer_start(store) : OK;
}

void sqlite_store_close(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    if (s == NULL)
        return;
    sqlite_writer_stop(store);
    for (size_t i = 0; i < s->pooled; i++)
        sqlite_close(s->pool[i]);
    sqlite_close(s->conn); /* the last connection moves the log into the file */
    sqlite_generation_close(store);
    (void)pthread_mutex_destroy(&s->command_lock);
    (void)pthread_mutex_destroy(&s->pool_lock);
    free(s->file);
    free(s);
    store->engine = NULL;
}

/* ---- readers ---- */

static err borrow_reader(struct sqlite *s, struct sqlite_conn **out)
{
    struct sqlite_conn *c = NULL;
    (void)pthread_mutex_lock(&s->pool_lock);
    if (s->pooled > 0)
        c = s->pool[--s->pooled];
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (c == NULL)
        return sqlite_open(s->file, SQLITE_READING, out);
    *out = c;
    return OK;
}

static void return_reader(struct sqlite *s, struct sqlite_conn *c)
{
    (void)pthread_mutex_lock(&s->pool_lock);
    bool room = s->pooled < SQLITE_POOL_MAX;
    if (room)
        s->pool[s->pooled++] = c;
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (!room)
        sqlite_close(c);
}

err sqlite_store_read(struct store *store, bool snapshot, db_body *body, void *context)
{
    struct sqlite *s = sqlite_of(store);
    struct sqlite_conn *c = NULL;
    if (!store->threaded && !snapshot) {
        INVARIANT(pthread_mutex_lock(&s->command_lock) == 0);
        err e = body(sqlite_base(s->conn), context);
        (void)pthread_mutex_unlock(&s->command_lock);
        return e;
    }
    TRY(borrow_reader(s, &c));
    err e = snapshot ? store_snapshot_on(sqlite_base(c), body, context) : body(sqlite_base(c), context);
    return_reader(s, c);
    return e;
}

/* ---- changes ---- */

/* A command's: a transaction of its own on this thread. */
static err write_alone(struct store *store, db_body *body, void *context)
{
    struct sqlite *s = sqlite_of(store);
    struct db_conn *c = sqlite_base(s->conn);
    INVARIANT(pthread_mutex_lock(&s->command_lock) == 0);
    err e = sqlite_driver.begin(c);
    if (!FAILED(e)) {
        e = body(c, context);
        if (FAILED(e))
            sqlite_driver.rollback(c);
        else
            e = sqlite_driver.commit(c);
    }
    if (!FAILED(e))
        store_generation_bump(store);
    if (sqlite_logged(s->conn))
        (void)atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
    err seen = store_committed(store, c); /* who asks next finds memory behind */
    (void)seen;
    (void)pthread_mutex_unlock(&s->command_lock);
    return e;
}

err sqlite_store_write(struct store *store, enum db_care care, db_body *body, void *context)
{
    return store->threaded ? sqlite_writer_wait(store, care, body, context) : write_alone(store, body, context);
}

struct running {
    struct store *store;
    struct store_job *job;
};

static err run_alone(struct db_conn *c, void *context)
{
    const struct running *r = context;
    return store_run_job(r->store, c, r->job);
}

err sqlite_store_submit(struct store *store, struct store_job *job)
{
    if (store->threaded)
        return sqlite_writer_submit(store, job);
    job->done(job->context, write_alone(store, run_alone, &(struct running){store, job}));
    return OK;
}

/* ---- other processes ---- */

static err ask_version(struct db_conn *c, void *context)
{
    return sqlite_data_version((struct sqlite_conn *)c, context);
}

/* Asked of the connection that writes: the number it sees moves only when another connection commits, and all other
 * connections of this process only read. */
err sqlite_store_elsewhere(struct store *store, bool *changed)
{
    int64_t version = 0;
    TRY(sqlite_store_write(store, DB_SINGLE, ask_version, &version));
    int64_t before = atomic_exchange(&sqlite_of(store)->data_version, version);
    *changed = before != version;
    return OK;
}

/* ---- backup ---- */

static err make_durable(const char *file)
{
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        FAIL(UNAVAILABLE, "store: the backup cannot be opened");
    int failed = fsync(descriptor);
    (void)close(descriptor);
    if (failed != 0)
        FAIL(UNAVAILABLE, "store: the backup cannot be made durable");
    return OK;
}

err sqlite_store_backup(struct store *store, const char *file)
{
    TRY(sqlite_directory_new_file(file, false));
    struct sqlite_conn *c = NULL;
    err e = sqlite_open(sqlite_of(store)->file, SQLITE_WRITING, &c);
    if (!FAILED(e)) {
        sqlite_checkpoint_by(c, SQLITE_CHECKPOINT_BY_OTHERS);
        e = sqlite_copy(c, file);
        sqlite_close(c);
    }
    if (!FAILED(e))
        e = make_durable(file);
    if (FAILED(e))
        (void)unlink(file);
    return e;
}
