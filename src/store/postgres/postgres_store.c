/* SPDX-License-Identifier: MIT
 * postgres_store: what store/ asks of PostgreSQL as a whole, and the row of the driver. Relies on the server for order and durability; promises
 * that a command has one connection and a server no more than it was allowed, with one more that listens and two that are kept apart (postgres_pool). */
#include "store/postgres/postgres_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

struct postgres *postgres_of(const struct store *store)
{
    return store->engine;
}

/* ---- time ---- */

void postgres_clock_cond(pthread_cond_t *cond)
{
    pthread_condattr_t steady;
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &steady);
    (void)pthread_condattr_destroy(&steady);
}

struct timespec postgres_clock_in(int64_t microseconds)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t nanoseconds = t.tv_nsec + microseconds % 1000000 * 1000;
    t.tv_sec += microseconds / 1000000 + nanoseconds / 1000000000;
    t.tv_nsec = nanoseconds % 1000000000;
    return t;
}

/* ---- open and close ---- */

static err store_open_engine(struct store *store, const struct store_options *options, struct db_conn **first)
{
    size_t most = options->connections > 0 ? (size_t)options->connections : STORE_CONNECTIONS_USUAL;
    if (most < 2 || most > POSTGRES_POOL_MAX)
        REFUSE(SERVER_ERROR, "The number of database connections must be 2 to 100.", "store: connections out of range");
    TRY(postgres_load());
    struct postgres *p = calloc(1, sizeof(*p));
    if (p == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    store->engine = p;
    store->generation = &p->generation;
    TRY(postgres_pool_init(&p->pool, options->database, options->threads ? most : 1));
    TRY(postgres_pool_borrow(&p->pool, &p->first));
    *first = postgres_conn_base(p->first);
    return OK;
}

static err start_engine(struct store *store)
{
    struct postgres *p = postgres_of(store);
    (void)snprintf(p->listen.history, sizeof(p->listen.history), "%s", postgres_history(postgres_conn_link(p->first)));
    postgres_pool_return(&p->pool, p->first);
    p->first = NULL;
    if (!store->threaded)
        return OK;
    TRY(postgres_work_start(store));
    TRY(postgres_listen_start(store));
    return postgres_keeper_start(store);
}

static void close_engine(struct store *store)
{
    struct postgres *p = postgres_of(store);
    if (p == NULL)
        return;
    postgres_keeper_stop(store);
    postgres_work_stop(store);
    postgres_listen_stop(store);
    if (p->first != NULL)
        postgres_pool_return(&p->pool, p->first);
    postgres_pool_end(&p->pool);
    free(p);
    store->engine = NULL;
    store->generation = NULL;
}

static err refuse_backup(struct store *store, const char *file)
{
    (void)store, (void)file;
    REFUSE(UNPROCESSABLE,
           "This database is on PostgreSQL: back it up with pg_dump -Fc -f FILE and the connection string from the settings, while jeton runs. Restore it into "
           "an empty database with pg_restore.",
           "store: PostgreSQL is copied by pg_dump");
}

const struct store_driver postgres_driver = {
    .name = "postgres",
    .one_writer = false,
    .run = postgres_conn_run,
    .expect = postgres_conn_expect,
    .many = postgres_conn_many,
    .scalar = postgres_conn_scalar,
    .script = postgres_schema_script,
    .has_table = postgres_schema_has_table,
    .begin = postgres_conn_begin,
    .commit = postgres_conn_commit,
    .rollback = postgres_conn_rollback,
    .snapshot = postgres_conn_snapshot,
    .save = postgres_conn_save,
    .release = postgres_conn_release,
    .guard = postgres_conn_guard,
    .integrity = postgres_schema_integrity,
    .lock_schema = postgres_schema_lock,
    .open = store_open_engine,
    .close = close_engine,
    .start = start_engine,
    .read = postgres_work_read,
    .write = postgres_work_write,
    .call = postgres_work_call,
    .submit = postgres_work_submit,
    .elsewhere = postgres_listen_elsewhere,
    .backup = refuse_backup,
    .ports = postgres_ports,
};
