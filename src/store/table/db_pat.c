/* SPDX-License-Identifier: MIT
 * db_pat: personal access tokens. The hash alone is stored and is how they are found. Relies on the unique hash; promises
 * that a revoked one is still found, with its revoked_at, until it is purged: the caller says no, and can say why. */
#include "store/table/db_pat.h"

#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define COLUMNS "number, id, user_number, hash, name, scope, created_at, expires_at, last_used_at, revoked_at, last_used_address, jkt"
#define LIVE                                                                                                                  \
    " FROM pats WHERE revoked_at = 0 AND (expires_at = 0 OR expires_at > $3) AND ($1 = '' OR lower(name) LIKE $1 ESCAPE '!')" \
    " AND (user_number = $2 OR $2 = 0)"
#define LIST(column_, direction_, nulls_) "SELECT " COLUMNS LIVE " ORDER BY " column_ " " direction_ nulls_ ", number " direction_ " LIMIT $4 OFFSET $5"
#define LISTS(column_)                    LIST(column_, "ASC", ""), LIST(column_, "DESC", "")
#define LISTS_NULL(column_)               LIST(column_, "ASC", " NULLS FIRST"), LIST(column_, "DESC", " NULLS LAST") /* what has none stands before all */
enum { ADD, BY_HASH, BY_ID, REVOKE, USED, COUNT, LIST_FIRST };
static const char *const texts[] = {
    [ADD] = "INSERT INTO pats (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING hash",
    [BY_HASH] = "SELECT " COLUMNS " FROM pats WHERE hash = $1",
    [BY_ID] = "SELECT " COLUMNS " FROM pats WHERE id = $1",
    [REVOKE] = "UPDATE pats SET revoked_at = $3 WHERE id = $1 AND (user_number = $2 OR $2 = 0) AND revoked_at = 0 RETURNING hash",
    [USED] = "UPDATE pats SET last_used_at = $2, last_used_address = $3 WHERE number = $1 AND last_used_at < $2 RETURNING hash",
    [COUNT] = "SELECT count(*)" LIVE,
    [LIST_FIRST] = LISTS("created_at"),
    LISTS("expires_at"),
    LISTS_NULL("name"),
    LISTS("last_used_at"),
};
DB_STATEMENTS(pat, texts);
static const char *const columns[] = {"created_at", "expires_at", "name", "last_used_at"};
static const struct db_listing listing = {columns, sizeof(columns) / sizeof(columns[0]), LIST_FIRST, 1}; /* newest first */

#define FIELD(kind_, member_)                   \
    {                                           \
        kind_, offsetof(struct db_pat, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),       FIELD(DB_TEXT, id),        FIELD(DB_INT, user_number),        FIELD(DB_HASH, hash),
    FIELD(DB_TEXT, name),        FIELD(DB_TEXT, scope),     FIELD(DB_INT, created_at),         FIELD(DB_INT, expires_at),
    FIELD(DB_INT, last_used_at), FIELD(DB_INT, revoked_at), FIELD(DB_TEXT, last_used_address), FIELD(DB_TEXT, jkt),
};
const struct db_columns db_pat_columns = DB_COLUMNS(struct db_pat, fields);

static err add_body(struct db_conn *c, void *context)
{
    struct db_pat *pat = context;
    TRY(db_guard_user(c, pat->user_number, DB_GUARD_SHARED));
    TRY(db_number_next(c, DB_COUNT_PAT, &pat->number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&db_pat_columns, pat, params);
    return db_run(c, &(struct db_call){&statements, ADD, params, db_pat_columns.count}, NULL);
}

err db_pat_add(struct tx *tx, struct arena *a, struct db_pat *pat)
{
    struct db_pat next = *pat;
    TRY(db_fresh_id(a, &next.id));
    if (next.created_at == 0)
        next.created_at = clock_now();
    TRY(db_write(tx, DB_SEVERAL, add_body, &next));
    *pat = next;
    return OK;
}

err db_pat_by_hash(struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out)
{
    return db_read_one(tx, a, CALL(BY_HASH, P_HASH(hash)), &db_pat_columns, (void **)out);
}

err db_pat_by_id(struct tx *tx, struct arena *a, str id, struct db_pat **out)
{
    return db_read_one(tx, a, CALL(BY_ID, P_TEXT(id)), &db_pat_columns, (void **)out);
}

err db_pat_revoke(struct tx *tx, str id, int64_t user_number, unix_time now, bool *revoked)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(REVOKE, P_TEXT(id), P_INT(user_number), P_INT(now)), &changed));
    *revoked = changed > 0;
    return OK;
}

/* ---- used: queued aside ---- */

struct use {
    struct store_job job;
    struct store *store;
    int64_t number;
    unix_time at;
    size_t address_length;
    char address[];
};

static err use_now(struct tx *tx, int64_t number, unix_time at, str address)
{
    return db_write_call(tx, CALL(USED, P_INT(number), P_INT(at), P_TEXT(address)), NULL);
}

static err use_run(struct tx *tx, void *context)
{
    const struct use *u = context;
    err e = use_now(tx, u->number, u->at, (str){u->address, u->address_length});
    (void)e; /* a mark that is missing harms nobody; an engine failure is the whole group's */
    return OK;
}

static void use_done(void *context, err committed)
{
    struct use *u = context;
    (void)committed;
    db_aside_done(u->store);
    free(u);
}

err db_pat_used(struct tx *tx, int64_t number, unix_time at, str address)
{
    if (store_is_open(tx) || !tx->store->threaded)
        return use_now(tx, number, at, address);
    struct use *u = calloc(1, sizeof(*u) + address.n + 1);
    if (u == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    *u = (struct use){{.run = use_run, .done = use_done, .context = u}, tx->store, number, at, address.n};
    if (address.n > 0)
        memcpy(u->address, address.p, address.n);
    if (!db_aside(tx->store, &u->job)) {
        free(u);
        FAIL(UNAVAILABLE, "store: the writer's queue is full");
    }
    return OK;
}

err db_pat_list(struct tx *tx, struct arena *a, int64_t user_number, const struct db_page *page, struct db_pat_rows *out)
{
    size_t line = 0;
    str pattern;
    TRY(db_list_line(&listing, page, &line));
    TRY(db_list_pattern(a, page->filter, &pattern));
    unix_time now = clock_now();
    struct db_listed listed;
    TRY(db_list_read(tx, a,
                     &(struct db_list_query){CALL(COUNT, P_TEXT(pattern), P_INT(user_number), P_INT(now)),
                                             CALL(line, P_TEXT(pattern), P_INT(user_number), P_INT(now), P_INT(page->limit), P_INT(page->offset)),
                                             &db_pat_columns},
                     &listed));
    *out = (struct db_pat_rows){listed.rows.rows, listed.rows.count, listed.total};
    return OK;
}
