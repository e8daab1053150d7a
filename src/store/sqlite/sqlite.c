/* SPDX-License-Identifier: MIT
 * sqlite: the one door to SQLite. Turns calls (statement, values, shape) into steps of prepared statements and SQLite's
 * answers into errs. Relies on one thread using a connection at a time; promises that a failure leaves outputs untouched and
 * that a transaction in which anything but a constraint failed is never committed.
 *
 *   [idle] ──begin──▶ [open] ──commit──▶ [idle]
 *                       │ engine failure (disk full, I/O, memory, lock)
 *                       ▼
 *                   [broken]: every call is UNAVAILABLE ──rollback──▶ [idle]
 *
 * Settings, and why: WAL with synchronous FULL (a commit is on the disk before it is answered, but for sqlite_hasty); small pages, since the hot
 * change is one row of 350 bytes somewhere among a million and the log carries whole pages; no memory map (a truncated file
 * must be an error, not a signal); temporary structures in memory; a modest cache, since the kernel caches the file anyway. */
#include "store/sqlite/sqlite_conn.h"
#include "base/clock.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    PAGE_SIZE = 1024,
    BUSY_MS = 5000,
    CACHE_WRITER_KIB = 2000,
    CACHE_READER_KIB = 512,
    LOOKASIDE_SIZE = 1200, /* small pieces each connection keeps ready, so that a statement asks malloc for nothing */
    LOOKASIDE_COUNT = 40,
    SELF_CHECKPOINT_PAGES = 4000
};

static const char *const fixed_texts[FIXED_COUNT] = {
    [FIXED_BEGIN] = "BEGIN IMMEDIATE",
    [FIXED_COMMIT] = "COMMIT",
    [FIXED_ROLLBACK] = "ROLLBACK",
    [FIXED_SAVE] = "SAVEPOINT part",
    [FIXED_KEEP] = "RELEASE part",
    [FIXED_UNDO] = "ROLLBACK TO part",
    [FIXED_DATA_VERSION] = "PRAGMA data_version",
    [FIXED_SNAPSHOT] = "BEGIN",
};

struct db_conn *sqlite_base(struct sqlite_conn *c)
{
    return &c->base;
}

static void library_once(void)
{
    /* No global counters of memory (they cost a lock each time), no locks inside a connection. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    (void)sqlite3_initialize();
}

/* ---- connections ---- */

static int log_has_grown(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct sqlite_conn *c = context;
    c->log_pages = pages;
    c->logged = true;
    if (c->by_itself && pages >= SELF_CHECKPOINT_PAGES)
        (void)sqlite3_wal_checkpoint(handle, name); /* otherwise the log stays as it is, and is tried again */
    return SQLITE_OK;
}

void sqlite_checkpoint_by(struct sqlite_conn *c, enum sqlite_checkpoint who)
{
    c->by_itself = who == SQLITE_CHECKPOINT_BY_SELF;
    (void)sqlite3_wal_hook(c->handle, log_has_grown, c);
}

static err run_script(struct db_conn *base, const char *sql)
{
    struct sqlite_conn *c = sqlite_own(base);
    int code = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : sqlite_err(c, code);
}

/* Of several that open a new database at once one makes the log; where the others would have to raise a lock that they hold, SQLite says at once that it is
 * busy and asks no handler. They try again for as long as they would wait for any other lock. */
static err run_until_free(struct db_conn *base, const char *sql)
{
    enum { TRY_EVERY_MS = 2 };
    struct sqlite_conn *c = sqlite_own(base);
    int64_t end_us = clock_monotonic_us() + BUSY_MS * INT64_C(1000);
    int code = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    while ((code & 0xff) == SQLITE_BUSY && clock_monotonic_us() < end_us) {
        (void)sqlite3_sleep(TRY_EVERY_MS);
        code = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? OK : sqlite_err(c, code);
}

static err set_up(struct sqlite_conn *c, enum sqlite_mode mode)
{
    (void)sqlite3_extended_result_codes(c->handle, 1);
    (void)sqlite3_busy_timeout(c->handle, BUSY_MS);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SIZE, LOOKASIDE_COUNT);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    char text[512];
    (void)sqlite3_snprintf(sizeof(text), text,
                           "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0;"
                           "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = 1; PRAGMA cache_size = -%d; PRAGMA query_only = %d",
                           PAGE_SIZE, mode == SQLITE_WRITING ? CACHE_WRITER_KIB : CACHE_READER_KIB, mode == SQLITE_READING);
    TRY(run_until_free(&c->base, text));
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite_checkpoint_by(c, SQLITE_CHECKPOINT_BY_SELF);
    /* The shared index stays where it is when the last one closes: whoever starts on a full disk finds its blocks there (AV-03). */
    (void)sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &(int){1});
    return OK;
}

err sqlite_open(const char *file, enum sqlite_mode mode, struct sqlite_conn **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, library_once);
    struct sqlite_conn *c = calloc(1, sizeof(*c));
    if (c == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    c->base.driver = &sqlite_driver;
    int code = sqlite3_open_v2(file, &c->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    err e = code == SQLITE_OK ? set_up(c, mode) : sqlite_err(c, code);
    if (FAILED(e)) {
        sqlite_close(c);
        return e;
    }
    *out = c;
    return OK;
}

void sqlite_close(struct sqlite_conn *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < SQLITE_SLOTS; i++)
        (void)sqlite3_finalize(c->slots[i].statement);
    for (size_t i = 0; i < FIXED_COUNT; i++)
        (void)sqlite3_finalize(c->fixed[i]);
    /* The log stays too, but empty: it must not be taken for that of a backup which is put in this one's place. */
    (void)sqlite3_exec(c->handle, "PRAGMA journal_size_limit = 0", NULL, NULL, NULL);
    (void)sqlite3_close_v2(c->handle);
    free(c);
}

/* ---- transactions ---- */

static err fixed_step(struct sqlite_conn *c, enum fixed which, int64_t *value)
{
    sqlite3_stmt **s = &c->fixed[which];
    int code = SQLITE_OK;
    if (*s == NULL)
        code = sqlite3_prepare_v3(c->handle, fixed_texts[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(*s);
        if (code == SQLITE_ROW && value != NULL)
            *value = sqlite3_column_int64(*s, 0);
        (void)sqlite3_reset(*s);
    }
    return code == SQLITE_DONE || code == SQLITE_ROW ? OK : sqlite_err(c, code);
}

static err begin_transaction(struct db_conn *base)
{
    struct sqlite_conn *c = sqlite_own(base);
    INVARIANT(!c->base.open);
    TRY(fixed_step(c, FIXED_BEGIN, NULL));
    c->base.open = true;
    c->base.feeding.touched = false;
    return OK;
}

static err begin_snapshot(struct db_conn *base)
{
    struct sqlite_conn *c = sqlite_own(base);
    INVARIANT(!c->base.open);
    TRY(fixed_step(c, FIXED_SNAPSHOT, NULL));
    c->base.open = true;
    return OK;
}

static void roll_back(struct db_conn *base)
{
    struct sqlite_conn *c = sqlite_own(base);
    c->base.open = c->broken = false;
    store_rolled_back(base);
    if (sqlite3_get_autocommit(c->handle) == 0) {
        err ignored = fixed_step(c, FIXED_ROLLBACK, NULL); /* the engine rolls back by itself when even this fails */
        (void)ignored;
    }
}

static err commit_transaction(struct db_conn *base)
{
    struct sqlite_conn *c = sqlite_own(base);
    err e = c->broken ? ERR(UNAVAILABLE, "store: the group was lost") : fixed_step(c, FIXED_COMMIT, NULL);
    if (FAILED(e)) {
        roll_back(&c->base);
        return e;
    }
    c->base.open = false;
    c->base.feeding.changed = c->base.feeding.touched;
    return OK;
}

static err save_point(struct db_conn *base)
{
    struct sqlite_conn *c = sqlite_own(base);
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    return fixed_step(c, FIXED_SAVE, NULL);
}

static err release_point(struct db_conn *base, bool keep)
{
    struct sqlite_conn *c = sqlite_own(base);
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    if (!keep)
        TRY(fixed_step(c, FIXED_UNDO, NULL));
    return fixed_step(c, FIXED_KEEP, NULL);
}

bool sqlite_broken(const struct sqlite_conn *c)
{
    return c->broken;
}

err sqlite_hasty(struct sqlite_conn *c, bool hasty)
{
    INVARIANT(!c->base.open); /* within a transaction the engine does not listen */
    if (c->hasty == hasty)
        return OK;
    TRY(run_script(&c->base, hasty ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL"));
    c->hasty = hasty;
    return OK;
}

/* ---- what only this engine has ---- */

/* Asked of the file: what this connection has read of the schema may be older than what another process has made. */
static err find_table(struct db_conn *base, const char *name, bool *has)
{
    struct sqlite_conn *c = sqlite_own(base);
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(c->handle, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    (void)sqlite3_finalize(s);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_err(c, code);
    *has = code == SQLITE_ROW;
    return OK;
}

err sqlite_data_version(struct sqlite_conn *c, int64_t *version)
{
    return fixed_step(c, FIXED_DATA_VERSION, version);
}

int64_t sqlite_log_pages(const struct sqlite_conn *c)
{
    return c->log_pages;
}

bool sqlite_logged(struct sqlite_conn *c)
{
    bool logged = c->logged;
    c->logged = false;
    return logged;
}

err sqlite_checkpoint(struct sqlite_conn *c, int64_t *left)
{
    int in_log = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(c->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (code != SQLITE_OK)
        return sqlite_err(c, code);
    *left = in_log > moved ? in_log - moved : 0;
    return OK;
}

static err run_text(struct sqlite_conn *c, const char *sql, const char *value, struct buf *lines)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(c->handle, sql, -1, &s, NULL);
    if (code == SQLITE_OK && value != NULL)
        code = sqlite3_bind_text(s, 1, value, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(s, 0);
            if (lines == NULL || text == NULL || str_is(str_of(text), "ok"))
                continue;
            buf_add_z(lines, text);
            buf_char(lines, '\n');
        }
    (void)sqlite3_finalize(s);
    return code == SQLITE_DONE ? OK : sqlite_err(c, code);
}

err sqlite_copy(struct sqlite_conn *c, const char *file)
{
    return run_text(c, "VACUUM INTO $1", file, NULL);
}

static err check_integrity(struct db_conn *base, struct arena *a, str *defects)
{
    struct sqlite_conn *c = sqlite_own(base);
    struct buf lines = buf_new(a, BUF_JSON_MAX);
    TRY(run_text(c, "PRAGMA integrity_check(20)", NULL, &lines));
    TRY(run_text(c, "SELECT \"table\" || ' names a missing row of ' || parent FROM pragma_foreign_key_check LIMIT 20", NULL, &lines));
    return buf_done(&lines, defects);
}

void sqlite_limit_pages(struct sqlite_conn *c, int64_t pages)
{
    char text[64];
    (void)sqlite3_snprintf(sizeof(text), text, "PRAGMA max_page_count = %lld", pages > 0 ? (long long)pages : 1073741823LL);
    err ignored = run_script(&c->base, text);
    (void)ignored;
}

/* One writer at a time is the engine's own rule: whoever has begun is alone. */
static err guard_sqlite_key(struct db_conn *base, enum db_guard which, const struct db_param *key, enum db_guard_mode mode)
{
    (void)which, (void)key, (void)mode;
    INVARIANT(base->open);
    return OK;
}

static err lock_schema(struct db_conn *base)
{
    INVARIANT(base->open);
    return OK;
}

const struct store_driver sqlite_driver = {
    .name = "sqlite",
    .one_writer = true,
    .run = sqlite_statement_run,
    .many = sqlite_statement_many,
    .scalar = sqlite_statement_scalar,
    .script = run_script,
    .has_table = find_table,
    .begin = begin_transaction,
    .commit = commit_transaction,
    .rollback = roll_back,
    .snapshot = begin_snapshot,
    .save = save_point,
    .release = release_point,
    .guard = guard_sqlite_key,
    .integrity = check_integrity,
    .lock_schema = lock_schema,
    .open = sqlite_store_open,
    .close = sqlite_store_close,
    .start = sqlite_store_start,
    .read = sqlite_store_read,
    .write = sqlite_store_write,
    .submit = sqlite_store_submit,
    .elsewhere = sqlite_store_elsewhere,
    .backup = sqlite_store_backup,
};
