/* SPDX-License-Identifier: MIT
 * db_sqlite: the one door to SQLite. Turns calls (statement, values, shape) into steps of prepared statements and SQLite's
 * answers into errs. Relies on one thread using a connection at a time; promises that a failure leaves outputs untouched and
 * that a transaction in which anything but a constraint failed is never committed.
 *
 *   [idle] ──begin──▶ [open] ──commit──▶ [idle]
 *                       │ engine failure (disk full, I/O, memory, lock)
 *                       ▼
 *                   [broken]: every call is UNAVAILABLE ──rollback──▶ [idle]
 *
 * Settings, and why: WAL with synchronous FULL (a commit is on the disk before it is answered); small pages, since the hot
 * change is one row of 350 bytes somewhere among a million and the log carries whole pages; no memory map (a truncated file
 * must be an error, not a signal); temporary structures in memory; a modest cache, since the kernel caches the file anyway. */
#include "store/driver.h"

#include "base/buf.h"
#include "codec/b64url.h"
#include "store/table/db_change.h"
#include "store/store_internal.h"

#include <sqlite3.h>
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
    SELF_CHECKPOINT_PAGES = 4000,
    HASH_TEXT = B64URL_LENGTH(sizeof(struct token_hash)),
    SLOTS = DB_SHEET_COUNT * DB_SHEET_LINES
};

enum fixed { FIXED_BEGIN, FIXED_COMMIT, FIXED_ROLLBACK, FIXED_SAVE, FIXED_KEEP, FIXED_UNDO, FIXED_DATA_VERSION, FIXED_STILL, FIXED_COUNT };
static const char *const fixed_texts[FIXED_COUNT] = {
    [FIXED_BEGIN] = "BEGIN IMMEDIATE", [FIXED_COMMIT] = "COMMIT",        [FIXED_ROLLBACK] = "ROLLBACK",
    [FIXED_SAVE] = "SAVEPOINT part",   [FIXED_KEEP] = "RELEASE part",    [FIXED_UNDO] = "ROLLBACK TO part",
    [FIXED_DATA_VERSION] = "PRAGMA data_version", [FIXED_STILL] = "BEGIN",
};

struct slot {
    sqlite3_stmt *statement;
    uint8_t numbers[DB_PARAMS_MAX]; /* SQLite counts `$n` by first appearance: numbers[i] is the n of its parameter i + 1 */
    uint8_t count, feeds; /* feeds: enum db_change_kind */
};
struct db_conn {
    sqlite3 *handle;
    bool open, broken;
    struct db_feeding feeding;
    int64_t log_pages;
    sqlite3_stmt *fixed[FIXED_COUNT];
    struct slot slots[SLOTS];
};
struct scratch { /* hashes as text, for the length of one call */
    char text[DB_HASHES_MAX][HASH_TEXT];
    size_t used;
};

static void library_once(void)
{
    /* No global counters of memory (they cost a lock each time), no locks inside a connection. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    (void)sqlite3_initialize();
}

/* What SQLite said, as an err. Only a broken constraint leaves the transaction usable. */
static err engine_err(struct db_conn *c, int code)
{
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
            FAIL(NOT_FOUND, "store: the row names another row that is not there");
        FAIL(CONFLICT, "store: a unique value is taken");
    }
    if (c->open)
        c->broken = true;
    switch (code & 0xff) {
    case SQLITE_FULL: FAIL(UNAVAILABLE, "store: the disk is full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED: FAIL(UNAVAILABLE, "store: locked by another process for too long");
    case SQLITE_IOERR: FAIL(UNAVAILABLE, "store: reading or writing the disk failed");
    case SQLITE_NOMEM: FAIL(UNAVAILABLE, "store: out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: FAIL(SERVER_ERROR, "store: the database file is damaged; restore a backup");
    case SQLITE_READONLY: FAIL(UNAVAILABLE, "store: the database cannot be written");
    case SQLITE_CANTOPEN: FAIL(UNAVAILABLE, "store: the database file cannot be opened");
    case SQLITE_ERROR: FAIL(UNAVAILABLE, "store: the engine refused a statement");
    default: FAIL(UNAVAILABLE, "store: the engine failed");
    }
}

/* ---- connections ---- */

static int count_log_pages(void *context, sqlite3 *handle, const char *name, int pages)
{
    (void)handle, (void)name;
    ((struct db_conn *)context)->log_pages = pages;
    return SQLITE_OK;
}

void db_conn_checkpoint_by(struct db_conn *c, enum db_checkpoint who)
{
    if (who == DB_CHECKPOINT_SELF)
        (void)sqlite3_wal_autocheckpoint(c->handle, SELF_CHECKPOINT_PAGES);
    else
        (void)sqlite3_wal_hook(c->handle, count_log_pages, c);
}

static err set_up(struct db_conn *c, enum db_open_mode mode)
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
                           PAGE_SIZE, mode == DB_CONN_WRITER ? CACHE_WRITER_KIB : CACHE_READER_KIB, mode == DB_CONN_READER);
    TRY(db_conn_script(c, text));
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    db_conn_checkpoint_by(c, DB_CHECKPOINT_SELF);
    /* The shared index stays where it is when the last one closes: whoever starts on a full disk finds its blocks there (AV-03). */
    (void)sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &(int){1});
    return OK;
}

err db_conn_open(const char *file, enum db_open_mode mode, struct db_conn **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, library_once);
    struct db_conn *c = calloc(1, sizeof(*c));
    if (c == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    int code = sqlite3_open_v2(file, &c->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    err e = code == SQLITE_OK ? set_up(c, mode) : engine_err(c, code);
    if (FAILED(e)) {
        db_conn_close(c);
        return e;
    }
    *out = c;
    return OK;
}

void db_conn_close(struct db_conn *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        (void)sqlite3_finalize(c->slots[i].statement);
    for (size_t i = 0; i < FIXED_COUNT; i++)
        (void)sqlite3_finalize(c->fixed[i]);
    /* The log stays too, but empty: it must not be taken for that of a backup which is put in this one's place. */
    (void)sqlite3_exec(c->handle, "PRAGMA journal_size_limit = 0", NULL, NULL, NULL);
    (void)sqlite3_close_v2(c->handle);
    free(c);
}

err db_conn_script(struct db_conn *c, const char *sql)
{
    int code = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : engine_err(c, code);
}

/* ---- transactions ---- */

static err fixed_step(struct db_conn *c, enum fixed which, int64_t *value)
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
    return code == SQLITE_DONE || code == SQLITE_ROW ? OK : engine_err(c, code);
}

err db_conn_begin(struct db_conn *c)
{
    INVARIANT(!c->open);
    TRY(fixed_step(c, FIXED_BEGIN, NULL));
    c->open = true;
    c->feeding.touched = false;
    return OK;
}

err db_conn_still(struct db_conn *c)
{
    INVARIANT(!c->open);
    TRY(fixed_step(c, FIXED_STILL, NULL));
    c->open = true;
    return OK;
}

err db_conn_commit(struct db_conn *c)
{
    err e = c->broken ? ERR(UNAVAILABLE, "store: the group was lost") : fixed_step(c, FIXED_COMMIT, NULL);
    if (FAILED(e)) {
        db_conn_rollback(c);
        return e;
    }
    c->open = false;
    c->feeding.changed = c->feeding.touched;
    return OK;
}

struct db_feeding *db_conn_feeding(struct db_conn *c)
{
    return &c->feeding;
}

void db_conn_rollback(struct db_conn *c)
{
    c->open = c->broken = false;
    if (sqlite3_get_autocommit(c->handle) == 0) {
        err ignored = fixed_step(c, FIXED_ROLLBACK, NULL); /* the engine rolls back by itself when even this fails */
        (void)ignored;
    }
}

err db_conn_save(struct db_conn *c)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    return fixed_step(c, FIXED_SAVE, NULL);
}

err db_conn_release(struct db_conn *c, bool keep)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    if (!keep)
        TRY(fixed_step(c, FIXED_UNDO, NULL));
    return fixed_step(c, FIXED_KEEP, NULL);
}

/* ---- statements ---- */

static err prepare(struct db_conn *c, const struct db_call *call, struct slot **out)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    INVARIANT(call->line < call->sheet->count && call->sheet->count <= DB_SHEET_LINES);
    struct slot *slot = &c->slots[call->sheet->index * DB_SHEET_LINES + call->line];
    if (slot->statement == NULL) {
        const char *text = call->sheet->texts[call->line];
        int code = sqlite3_prepare_v3(c->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL);
        if (code != SQLITE_OK)
            return engine_err(c, code);
        int count = sqlite3_bind_parameter_count(slot->statement);
        INVARIANT(count <= DB_PARAMS_MAX);
        for (int i = 0; i < count; i++) {
            const char *name = sqlite3_bind_parameter_name(slot->statement, i + 1);
            uint64_t n = 0;
            INVARIANT(name != NULL && !FAILED(str_u64(str_of(name + 1), DB_PARAMS_MAX, &n)) && n > 0);
            slot->numbers[i] = (uint8_t)n;
        }
        slot->count = (uint8_t)count;
        slot->feeds = (uint8_t)db_change_of(text);
    }
    *out = slot;
    return OK;
}

static int bind_one(sqlite3_stmt *s, int i, const struct db_param *p, struct scratch *scratch)
{
    static const struct token_hash none;
    switch (p->kind) {
    case DB_INT:
    case DB_FLAG: return sqlite3_bind_int64(s, i, p->number);
    case DB_TEXT:
        if (!str_present(p->text))
            return sqlite3_bind_null(s, i);
        return sqlite3_bind_text64(s, i, p->text.p, p->text.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_HASH:
    default:
        if (p->hash == NULL || token_hash_equal(p->hash, &none))
            return sqlite3_bind_null(s, i);
        INVARIANT(scratch->used < DB_HASHES_MAX);
        char *text = scratch->text[scratch->used++];
        b64url_write(text, p->hash->bytes, sizeof(p->hash->bytes));
        return sqlite3_bind_text(s, i, text, HASH_TEXT, SQLITE_STATIC);
    }
}

static err start(struct db_conn *c, const struct db_call *call, struct scratch *scratch, struct slot **out)
{
    struct slot *slot = NULL;
    TRY(prepare(c, call, &slot));
    for (int i = 0; i < slot->count; i++) {
        size_t n = slot->numbers[i];
        INVARIANT(n <= call->count);
        int code = bind_one(slot->statement, i + 1, &call->params[n - 1], scratch);
        if (code != SQLITE_OK)
            return engine_err(c, code);
    }
    *out = slot;
    return OK;
}

/* The statement is ready for the next call and remembers no value. A failed step has said its reason already. */
static void finish(sqlite3_stmt *s)
{
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
}

/* Each row names one thing that was changed. (SQLite has done all of a statement's work before its first row.) */
static err feed(struct db_conn *c, const struct slot *slot)
{
    str key = {(const char *)sqlite3_column_text(slot->statement, 0), (size_t)sqlite3_column_bytes(slot->statement, 0)};
    err e = db_change_note(c, (enum db_change_kind)slot->feeds, key);
    c->broken = c->broken || (FAILED(e) && c->open); /* a change without its line is never committed */
    return e;
}

err db_run(struct db_conn *c, const struct db_call *call, int64_t *changed)
{
    struct scratch scratch = {.used = 0};
    struct slot *slot = NULL;
    TRY(start(c, call, &scratch, &slot));
    int code;
    err fed = OK;
    while ((code = sqlite3_step(slot->statement)) == SQLITE_ROW)
        if (slot->feeds != DB_CHANGE_NONE && !FAILED(fed))
            fed = feed(c, slot);
    int64_t count = code == SQLITE_DONE ? sqlite3_changes64(c->handle) : 0;
    finish(slot->statement);
    c->feeding.touched = c->feeding.touched || slot->feeds == DB_CHANGE_REVOCATION;
    if (code != SQLITE_DONE)
        return engine_err(c, code);
    TRY(fed);
    if (changed != NULL)
        *changed = count;
    return OK;
}

static err read_field(sqlite3_stmt *s, int i, struct arena *a, const struct db_field *field, char *row)
{
    bool null = sqlite3_column_type(s, i) == SQLITE_NULL;
    void *to = row + field->at;
    if (field->kind == DB_INT)
        *(int64_t *)to = sqlite3_column_int64(s, i);
    if (field->kind == DB_FLAG)
        *(bool *)to = sqlite3_column_int64(s, i) != 0;
    if (null || field->kind == DB_INT || field->kind == DB_FLAG)
        return OK; /* the row's memory is zeroed: absent, or no hash */
    const char *p = (const char *)sqlite3_column_text(s, i);
    if (p == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    str text = {p, (size_t)sqlite3_column_bytes(s, i)};
    if (field->kind == DB_HASH) {
        if (FAILED(b64url_decode_exact(text, ((struct token_hash *)to)->bytes, sizeof(struct token_hash))))
            FAIL(SERVER_ERROR, "store: a stored hash is damaged");
        return OK;
    }
    str copy = str_dup(a, text);
    if (!str_present(copy))
        FAIL(UNAVAILABLE, "store: the arena is full");
    *(str *)to = copy;
    return OK;
}

static err read_row(sqlite3_stmt *s, struct arena *a, const struct db_shape *shape, char *row)
{
    INVARIANT((size_t)sqlite3_column_count(s) == shape->count);
    for (size_t i = 0; i < shape->count; i++)
        TRY(read_field(s, (int)i, a, &shape->fields[i], row));
    return OK;
}

static err step_rows(struct db_conn *c, sqlite3_stmt *s, struct arena *a, const struct db_shape *shape, struct db_rows *rows)
{
    size_t room = 0;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        TRY(db_rows_room(a, shape, rows, &room));
        TRY(read_row(s, a, shape, (char *)rows->rows + rows->count * shape->size));
        rows->count++;
    }
    return code == SQLITE_DONE ? OK : engine_err(c, code);
}

err db_many(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_shape *shape, struct db_rows *out)
{
    struct scratch scratch = {.used = 0};
    struct slot *slot = NULL;
    TRY(start(c, call, &scratch, &slot));
    INVARIANT(slot->feeds == DB_CHANGE_NONE); /* what changes something kept is run */
    struct db_rows rows = {NULL, 0};
    err e = step_rows(c, slot->statement, a, shape, &rows);
    finish(slot->statement);
    TRY(e);
    *out = rows;
    return OK;
}

err db_scalar(struct db_conn *c, const struct db_call *call, int64_t *value, bool *found)
{
    struct scratch scratch = {.used = 0};
    struct slot *slot = NULL;
    TRY(start(c, call, &scratch, &slot));
    INVARIANT(slot->feeds == DB_CHANGE_NONE);
    sqlite3_stmt *s = slot->statement;
    int code = sqlite3_step(s);
    bool there = code == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;
    int64_t first = there ? sqlite3_column_int64(s, 0) : 0;
    while (code == SQLITE_ROW)
        code = sqlite3_step(s);
    finish(s);
    if (code != SQLITE_DONE)
        return engine_err(c, code);
    if (there)
        *value = first;
    *found = there;
    return OK;
}

/* ---- what only this engine has ---- */

err db_conn_has_table(struct db_conn *c, const char *name, bool *has)
{
    int code = sqlite3_table_column_metadata(c->handle, "main", name, NULL, NULL, NULL, NULL, NULL, NULL);
    if (code != SQLITE_OK && code != SQLITE_ERROR)
        return engine_err(c, code);
    *has = code == SQLITE_OK;
    return OK;
}

err db_conn_data_version(struct db_conn *c, int64_t *version)
{
    return fixed_step(c, FIXED_DATA_VERSION, version);
}

int64_t db_conn_log_pages(const struct db_conn *c)
{
    return c->log_pages;
}

err db_conn_checkpoint(struct db_conn *c, int64_t *left)
{
    int in_log = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(c->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (code != SQLITE_OK)
        return engine_err(c, code);
    *left = in_log > moved ? in_log - moved : 0;
    return OK;
}

static err run_text(struct db_conn *c, const char *sql, const char *value, struct buf *lines)
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
    return code == SQLITE_DONE ? OK : engine_err(c, code);
}

err db_conn_copy(struct db_conn *c, const char *file)
{
    return run_text(c, "VACUUM INTO $1", file, NULL);
}

err db_conn_integrity(struct db_conn *c, struct arena *a, str *defects)
{
    struct buf lines = buf_new(a, BUF_JSON_MAX);
    TRY(run_text(c, "PRAGMA integrity_check(20)", NULL, &lines));
    TRY(run_text(c, "SELECT \"table\" || ' names a missing row of ' || parent FROM pragma_foreign_key_check LIMIT 20", NULL,
                 &lines));
    return buf_done(&lines, defects);
}

void db_conn_limit_pages(struct db_conn *c, int64_t pages)
{
    char text[64];
    (void)sqlite3_snprintf(sizeof(text), text, "PRAGMA max_page_count = %lld", pages > 0 ? (long long)pages : 1073741823LL);
    err ignored = db_conn_script(c, text);
    (void)ignored;
}
