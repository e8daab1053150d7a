/* SPDX-License-Identifier: MIT
 * sqlite_statement: statements prepared once a connection, their values, their rows; and SQLite's answers as errs. Promises that a failure
 * leaves outputs untouched, and that a change of what is kept in memory never stands without its line in the feed. */
#include "store/sqlite/sqlite_conn.h"

#include "codec/b64url.h"
#include "store/table/db_change.h"

#include <string.h>

#include "base/banned.h"

enum { HASH_TEXT = B64URL_LENGTH(sizeof(struct token_hash)) };
struct scratch { /* hashes as text, for the length of one call */
    char text[DB_HASHES_MAX][HASH_TEXT];
    size_t used;
};

struct sqlite_conn *sqlite_own(struct db_conn *base)
{
    return (struct sqlite_conn *)base;
}

err sqlite_err(struct sqlite_conn *c, int code)
{
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
            FAIL(NOT_FOUND, "store: the row names another row that is not there");
        FAIL(CONFLICT, "store: a unique value is taken");
    }
    if (c->base.open)
        c->broken = true;
    switch (code & 0xff) {
    case SQLITE_FULL:
        FAIL(UNAVAILABLE, "store: the disk is full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        FAIL(UNAVAILABLE, "store: locked by another process for too long");
    case SQLITE_IOERR:
        FAIL(UNAVAILABLE, "store: reading or writing the disk failed");
    case SQLITE_NOMEM:
        FAIL(UNAVAILABLE, "store: out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        FAIL(SERVER_ERROR, "store: the database file is damaged; restore a backup");
    case SQLITE_READONLY:
        FAIL(UNAVAILABLE, "store: the database cannot be written");
    case SQLITE_CANTOPEN:
        FAIL(UNAVAILABLE, "store: the database file cannot be opened");
    case SQLITE_ERROR:
        FAIL(UNAVAILABLE, "store: the engine refused a statement");
    default:
        FAIL(UNAVAILABLE, "store: the engine failed");
    }
}

static err prepare_statement_slot(struct sqlite_conn *c, const struct db_call *call, struct sqlite_slot **out)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the group was lost");
    INVARIANT(call->line < call->statements->count && call->statements->count <= DB_STATEMENTS_LINES);
    struct sqlite_slot *slot = &c->slots[call->statements->index * DB_STATEMENTS_LINES + call->line];
    if (slot->statement == NULL) {
        const char *text = call->statements->texts[call->line];
        int code = sqlite3_prepare_v3(c->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL);
        if (code != SQLITE_OK)
            return sqlite_err(c, code);
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
    case DB_FLAG:
        return sqlite3_bind_int64(s, i, p->number);
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

static err start_statement(struct sqlite_conn *c, const struct db_call *call, struct scratch *scratch, struct sqlite_slot **out)
{
    struct sqlite_slot *slot = NULL;
    TRY(prepare_statement_slot(c, call, &slot));
    for (int i = 0; i < slot->count; i++) {
        size_t n = slot->numbers[i];
        INVARIANT(n <= call->count);
        int code = bind_one(slot->statement, i + 1, &call->params[n - 1], scratch);
        if (code != SQLITE_OK)
            return sqlite_err(c, code);
    }
    *out = slot;
    return OK;
}

/* The statement is ready for the next call and remembers no value. A failed step has said its reason already. */
static void reset_statement(sqlite3_stmt *s)
{
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
}

/* Each row names one thing that was changed. (SQLite has done all of a statement's work before its first row.) */
static err note_feed_line(struct sqlite_conn *c, const struct sqlite_slot *slot)
{
    str key = {(const char *)sqlite3_column_text(slot->statement, 0), (size_t)sqlite3_column_bytes(slot->statement, 0)};
    err e = db_change_note(&c->base, (enum db_change_kind)slot->feeds, key);
    c->broken = c->broken || (FAILED(e) && c->base.open); /* a change without its line is never committed */
    return e;
}

err sqlite_statement_run(struct db_conn *base, const struct db_call *call, int64_t *changed)
{
    struct sqlite_conn *c = sqlite_own(base);
    struct scratch scratch = {.used = 0};
    struct sqlite_slot *slot = NULL;
    TRY(start_statement(c, call, &scratch, &slot));
    int code;
    err fed = OK;
    while ((code = sqlite3_step(slot->statement)) == SQLITE_ROW)
        if (slot->feeds != DB_CHANGE_NONE && !FAILED(fed))
            fed = note_feed_line(c, slot);
    int64_t count = code == SQLITE_DONE ? sqlite3_changes64(c->handle) : 0;
    reset_statement(slot->statement);
    c->base.feeding.touched = c->base.feeding.touched || slot->feeds == DB_CHANGE_REVOCATION;
    if (code != SQLITE_DONE)
        return sqlite_err(c, code);
    TRY(fed);
    if (changed != NULL)
        *changed = count;
    return OK;
}

static err read_field(sqlite3_stmt *s, int i, struct arena *a, const struct db_field *field, char *row)
{
    void *to = row + field->at;
    if (field->kind == DB_INT || field->kind == DB_FLAG) {
        int64_t number = sqlite3_column_int64(s, i); /* 0 for NULL */
        if (field->kind == DB_INT)
            *(int64_t *)to = number;
        else
            *(bool *)to = number != 0;
        return OK;
    }
    const char *p = (const char *)sqlite3_column_text(s, i);
    if (p == NULL && sqlite3_column_type(s, i) == SQLITE_NULL)
        return OK; /* the row's memory is zeroed: absent, or no hash */
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

static err read_row(sqlite3_stmt *s, struct arena *a, const struct db_columns *columns, char *row)
{
    INVARIANT((size_t)sqlite3_column_count(s) == columns->count);
    for (size_t i = 0; i < columns->count; i++)
        TRY(read_field(s, (int)i, a, &columns->fields[i], row));
    return OK;
}

static err step_rows(struct sqlite_conn *c, sqlite3_stmt *s, struct arena *a, const struct db_columns *columns, struct db_rows *rows)
{
    size_t room = 0;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        TRY(db_rows_room(a, columns, rows, &room));
        TRY(read_row(s, a, columns, (char *)rows->rows + rows->count * columns->size));
        rows->count++;
    }
    return code == SQLITE_DONE ? OK : sqlite_err(c, code);
}

err sqlite_statement_many(struct db_conn *base, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out)
{
    struct sqlite_conn *c = sqlite_own(base);
    struct scratch scratch = {.used = 0};
    struct sqlite_slot *slot = NULL;
    TRY(start_statement(c, call, &scratch, &slot));
    INVARIANT(slot->feeds == DB_CHANGE_NONE); /* what changes something kept is run */
    struct db_rows rows = {NULL, 0};
    err e = step_rows(c, slot->statement, a, columns, &rows);
    reset_statement(slot->statement);
    TRY(e);
    *out = rows;
    return OK;
}

err sqlite_statement_scalar(struct db_conn *base, const struct db_call *call, int64_t *value, bool *found)
{
    struct sqlite_conn *c = sqlite_own(base);
    struct scratch scratch = {.used = 0};
    struct sqlite_slot *slot = NULL;
    TRY(start_statement(c, call, &scratch, &slot));
    INVARIANT(slot->feeds == DB_CHANGE_NONE);
    sqlite3_stmt *s = slot->statement;
    int code = sqlite3_step(s);
    bool there = code == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;
    int64_t first = there ? sqlite3_column_int64(s, 0) : 0;
    while (code == SQLITE_ROW)
        code = sqlite3_step(s);
    reset_statement(s);
    if (code != SQLITE_DONE)
        return sqlite_err(c, code);
    if (there)
        *value = first;
    *found = there;
    return OK;
}
