/* SPDX-License-Identifier: MIT
 * db: opening and closing the store, the pool of reading connections, and what concerns the whole of it (health, backup,
 * check). Relies on db_sqlite for the engine and on db_writer for every change; promises that a reader never waits for the
 * writer.
 *
 *   [closed] ──db_open──▶ directory checked ─▶ migrated ─▶ [open] ──db_close──▶ queue committed ─▶ log moved ─▶ [closed] */
#include "store/store_internal.h"

#include "base/buf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum {
    READY,
    COUNT_USERS, COUNT_CLIENTS, COUNT_GRANTS, COUNT_CODES, COUNT_SESSIONS, COUNT_PATS, COUNT_CONSENTS, COUNT_KEYS, COUNT_EVENTS,
    COUNT_REVOCATIONS, COUNT_SCOPES, COUNT_RESOURCES
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
DB_SHEET(room, texts);

/* ---- open and close ---- */

static err open_parts(struct store *db, const struct db_options *options)
{
    TRY(db_directory_prepare(db, options));
    TRY(db_conn_open(db->file, DB_CONN_WRITER, &db->conn));
    TRY(db_migrate(db->conn));
    db_conn_feeding(db->conn)->on = true;
    TRY(db_generation_open(db));
    int64_t version = 0;
    TRY(db_conn_data_version(db->conn, &version));
    atomic_store(&db->data_version, version);
    if (options->writer_thread)
        TRY(db_writer_start(db));
    return OK;
}

err db_open(const struct db_options *options, struct store **out)
{
    struct store *db = calloc(1, sizeof(*db));
    if (db == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    (void)pthread_mutex_init(&db->command_lock, NULL);
    (void)pthread_mutex_init(&db->pool_lock, NULL);
    (void)pthread_mutex_init(&db->after_lock, NULL);
    (void)pthread_mutex_init(&db->numbers.lock, NULL);
    for (size_t i = 1; i <= DB_EVENT_CLASSES; i++)
        db->event_limits[i] = options->event_limits != NULL ? options->event_limits[i] : (struct db_event_limit){DB_EVENT_ROWS_USUAL, 0};
    atomic_store(&db->event_limits_now, db->event_limits);
    err e = open_parts(db, options);
    if (FAILED(e)) {
        db_close(db);
        return e;
    }
    *out = db;
    return OK;
}

void db_event_limits_change(struct store *db, const struct db_event_limit *limits)
{
    atomic_store(&db->event_limits_now, limits);
}

void db_close(struct store *db)
{
    if (db == NULL)
        return;
    db_writer_stop(db);
    for (size_t i = 0; i < db->pooled; i++)
        db_conn_close(db->pool[i]);
    db_conn_close(db->conn); /* the last connection moves the log into the file */
    db_generation_close(db);
    (void)pthread_mutex_destroy(&db->command_lock);
    (void)pthread_mutex_destroy(&db->pool_lock);
    (void)pthread_mutex_destroy(&db->after_lock);
    (void)pthread_mutex_destroy(&db->numbers.lock);
    free(db->directory);
    free(db->file);
    free(db);
}

/* ---- readers ---- */

static err borrow(struct store *db, struct db_conn **out)
{
    struct db_conn *c = NULL;
    (void)pthread_mutex_lock(&db->pool_lock);
    if (db->pooled > 0)
        c = db->pool[--db->pooled];
    (void)pthread_mutex_unlock(&db->pool_lock);
    if (c == NULL)
        return db_conn_open(db->file, DB_CONN_READER, out);
    *out = c;
    return OK;
}

static void give_back(struct store *db, struct db_conn *c)
{
    (void)pthread_mutex_lock(&db->pool_lock);
    bool room = db->pooled < DB_POOL_MAX;
    if (room)
        db->pool[db->pooled++] = c;
    (void)pthread_mutex_unlock(&db->pool_lock);
    if (!room)
        db_conn_close(c);
}

err db_read(struct store *db, db_body *body, void *context)
{
    if (db_inside(db) || db_on_writer(db))
        return body(db->conn, context);
    if (!db->threaded) {
        (void)pthread_mutex_lock(&db->command_lock);
        err e = body(db->conn, context);
        (void)pthread_mutex_unlock(&db->command_lock);
        return e;
    }
    struct db_conn *c = NULL;
    TRY(borrow(db, &c));
    err e = body(c, context);
    give_back(db, c);
    return e;
}

static err still(struct db_conn *c, db_body *body, void *context)
{
    TRY(db_conn_still(c));
    err e = body(c, context);
    db_conn_rollback(c);
    return e;
}

/* The writing connection serves where it has no transaction open. */
err db_read_still(struct store *db, db_body *body, void *context)
{
    if (db_on_writer(db) && !db_inside(db))
        return still(db->conn, body, context);
    if (!db->threaded && !db_inside(db)) {
        (void)pthread_mutex_lock(&db->command_lock);
        err e = still(db->conn, body, context);
        (void)pthread_mutex_unlock(&db->command_lock);
        return e;
    }
    struct db_conn *c = NULL;
    TRY(borrow(db, &c));
    err e = still(c, body, context);
    give_back(db, c);
    return e;
}

struct reading {
    struct arena *a;
    const struct db_call *call;
    const struct db_shape *shape;
    struct db_rows rows;
};

static err read_body(struct db_conn *c, void *context)
{
    struct reading *r = context;
    return db_many(c, r->a, r->call, r->shape, &r->rows);
}

err db_read_many(struct store *db, struct arena *a, const struct db_call *call, const struct db_shape *shape, struct db_rows *out)
{
    struct reading r = {a, call, shape, {NULL, 0}};
    TRY(db_read(db, read_body, &r));
    *out = r.rows;
    return OK;
}

err db_read_one(struct store *db, struct arena *a, const struct db_call *call, const struct db_shape *shape, void **row)
{
    struct db_rows rows = {NULL, 0};
    TRY(db_read_many(db, a, call, shape, &rows));
    *row = rows.count > 0 ? rows.rows : NULL;
    return OK;
}

/* ---- the whole ---- */

err db_ready(struct store *db)
{
    int64_t changed = 0;
    TRY(db_write_call(db, CALL_ALONE(READY), &changed)); /* AV-06 */
    if (changed != 1)
        FAIL(UNAVAILABLE, "store: the health row is missing");
    return OK;
}

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

err db_backup(struct store *db, const char *file)
{
    TRY(db_directory_new_file(file, false));
    struct db_conn *c = NULL;
    err e = db_conn_open(db->file, DB_CONN_WRITER, &c);
    if (!FAILED(e)) {
        db_conn_checkpoint_by(c, DB_CHECKPOINT_OTHERS);
        e = db_conn_copy(c, file);
        db_conn_close(c);
    }
    if (!FAILED(e))
        e = make_durable(file);
    if (FAILED(e))
        (void)unlink(file);
    return e;
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
        {"people", COUNT_USERS},         {"client applications", COUNT_CLIENTS}, {"grants", COUNT_GRANTS},
        {"codes", COUNT_CODES},          {"sessions", COUNT_SESSIONS},           {"personal access tokens", COUNT_PATS},
        {"consents", COUNT_CONSENTS},    {"keys", COUNT_KEYS},                   {"events", COUNT_EVENTS},
        {"revocations", COUNT_REVOCATIONS}, {"scopes", COUNT_SCOPES},            {"resources", COUNT_RESOURCES},
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
    TRY(db_conn_integrity(c, check->a, &check->defects));
    if (str_filled(check->defects))
        return OK;
    buf_add_z(&check->report, "integrity: ok\nforeign keys: ok\n");
    return count_body(c, check);
}

err db_check(struct store *db, struct arena *a, str *report)
{
    struct checking check = {a, buf_new(a, BUF_JSON_MAX), STR_ABSENT};
    err e = db_read(db, check_body, &check);
    if (str_filled(check.defects) || e.kind == ERR_SERVER_ERROR)
        REFUSE(SERVER_ERROR, "The database is damaged: stop the server and restore a backup.", "store: integrity check failed");
    TRY(e);
    return buf_done(&check.report, report);
}

void db_counts(const struct store *db, struct db_counts *out)
{
    out->groups = atomic_load(&db->writer.groups);
    out->jobs = atomic_load(&db->writer.jobs);
    out->failures = atomic_load(&db->writer.failures);
    out->dropped = atomic_load(&db->writer.dropped);
    out->queued = atomic_load(&db->writer.queued);
}
