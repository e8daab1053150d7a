/* SPDX-License-Identifier: MIT
 * db_initial: initial access tokens, and the clients that strangers registered and never used. Relies on the unique hash; promises that
 * of two that want the last use of a token one gets it, and that a client is purged only when nothing can hang on it.
 *
 *   db_initial_add ──▶ [usable] ──db_initial_take (last use), time──▶ [spent] ──db_initial_remove──▶ gone */
#include "store/table/db_initial.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, id, hash, label, grants, scopes, uses_left, created_at, expires_at"
#define UNUSED                                                                                                                                                \
    "SELECT clients.number FROM clients WHERE clients.created_at < $1 AND clients.removed_at = 0"                                                             \
    " AND (clients.metadata LIKE '%\"origin\":\"open\"%' OR clients.metadata LIKE '%\"origin\":\"document\"%') AND ' ' || clients.grants || ' ' NOT LIKE '% " \
    "client_credentials %'"                                                                                                                                   \
    " AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_number = clients.number)"                                                                      \
    " AND NOT EXISTS (SELECT 1 FROM consents WHERE consents.client_number = clients.number)"                                                                  \
    " AND NOT EXISTS (SELECT 1 FROM deferred_requests WHERE deferred_requests.client_number = clients.number)"
enum { ADD, FIND, TAKE, GIVE_BACK, LIST, REMOVE, UNUSED_ONES, NOTE, HELD, FULLEST, PURGE_SECRETS_OF, PURGE_ONE, TIDY };
static const char *const texts[] = {
    [ADD] = "INSERT INTO initial_tokens (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [FIND] = "SELECT " COLUMNS " FROM initial_tokens WHERE hash = $1 AND uses_left <> 0 AND (expires_at = 0 OR expires_at > $2)",
    [TAKE] = "UPDATE initial_tokens SET uses_left = uses_left - CASE WHEN uses_left > 0 THEN 1 ELSE 0 END"
             " WHERE number = $1 AND uses_left <> 0 AND (expires_at = 0 OR expires_at > $2)",
    [GIVE_BACK] = "UPDATE initial_tokens SET uses_left = uses_left + 1 WHERE number = $1 AND uses_left >= 0",
    [LIST] = "SELECT " COLUMNS " FROM initial_tokens ORDER BY number DESC LIMIT 1000",
    [REMOVE] = "DELETE FROM initial_tokens WHERE id = $1",
    [UNUSED_ONES] = UNUSED " ORDER BY clients.number LIMIT 256",
    [NOTE] = "INSERT INTO registration_sources (client_number, source) VALUES ($1, $2)",
    [HELD] = "SELECT count(*) FROM registration_sources JOIN clients ON clients.number = registration_sources.client_number"
             " WHERE registration_sources.source = $1 AND clients.removed_at = 0",
    [FULLEST] = "SELECT s.client_number FROM registration_sources AS s WHERE s.client_number IN (" UNUSED ")"
                " ORDER BY (SELECT count(*) FROM registration_sources AS o WHERE o.source = s.source) DESC, s.client_number LIMIT 1",
    [PURGE_SECRETS_OF] = "DELETE FROM client_secrets WHERE client_number = $1 RETURNING client_number",
    [PURGE_ONE] = "DELETE FROM clients WHERE number = $2 AND number IN (" UNUSED ") RETURNING number",
    [TIDY] = "DELETE FROM registration_sources WHERE client_number NOT IN (SELECT number FROM clients WHERE removed_at = 0)",
};
DB_STATEMENTS(initial, texts);

#define FIELD(kind_, member_)                       \
    {                                               \
        kind_, offsetof(struct db_initial, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),  FIELD(DB_TEXT, id),       FIELD(DB_HASH, hash),      FIELD(DB_TEXT, label),     FIELD(DB_TEXT, grants),
    FIELD(DB_TEXT, scopes), FIELD(DB_INT, uses_left), FIELD(DB_INT, created_at), FIELD(DB_INT, expires_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_initial, fields);
static const struct db_field number_fields[] = {{DB_INT, 0}};
static const struct db_columns number_shape = {sizeof(int64_t), number_fields, 1};
enum { PURGE_ARENA = 1 << 18 };

static err add_body(struct db_conn *c, void *context)
{
    struct db_initial *token = context;
    TRY(db_number_next(c, DB_COUNT_INITIAL, &token->number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, token, params);
    return db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, NULL);
}

err db_initial_add(struct tx *tx, struct arena *a, struct db_initial *token)
{
    struct db_initial next = *token;
    TRY(db_fresh_id(a, &next.id));
    if (next.created_at == 0)
        next.created_at = clock_now();
    TRY(db_write(tx, DB_SEVERAL, add_body, &next));
    *token = next;
    return OK;
}

err db_initial_find(struct tx *tx, struct arena *a, const struct token_hash *hash, unix_time now, struct db_initial **out)
{
    return db_read_one(tx, a, CALL(FIND, P_HASH(hash), P_INT(now)), &columns, (void **)out);
}

err db_initial_take(struct tx *tx, int64_t number, unix_time now, bool *taken)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(TAKE, P_INT(number), P_INT(now)), &changed));
    *taken = changed > 0;
    return OK;
}

err db_initial_give_back(struct tx *tx, int64_t number)
{
    int64_t changed = 0;
    return db_write_call(tx, CALL(GIVE_BACK, P_INT(number)), &changed);
}

err db_initial_list(struct tx *tx, struct arena *a, struct db_initial_rows *out)
{
    return db_read_list(tx, a, CALL_ALONE(LIST), &columns, DB_LIST_TO(&out->rows, &out->count));
}

err db_initial_remove(struct tx *tx, str id, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(REMOVE, P_TEXT(id)), &changed));
    *removed = changed > 0;
    return OK;
}

struct purging {
    struct arena *a;
    unix_time made_before;
    int64_t number, removed;
};

/* Its secrets first, which name it. CONFLICT, NOT_FOUND: it was used meanwhile, and keeps them. */
static err purge_client_body(struct db_conn *c, void *context)
{
    const struct purging *w = context;
    int64_t removed = 0;
    TRY(db_run(c, CALL(PURGE_SECRETS_OF, P_INT(w->number)), NULL));
    TRY(db_run(c, CALL(PURGE_ONE, P_INT(w->made_before), P_INT(w->number)), &removed));
    if (removed == 0)
        FAIL(CONFLICT, "store: the client was used meanwhile");
    return OK;
}

static err purge_client(struct db_conn *c, struct purging *w, int64_t number)
{
    w->number = number;
    err e = store_part(c, DB_SEVERAL, purge_client_body, w);
    if (e.kind == ERR_CONFLICT || e.kind == ERR_NOT_FOUND)
        return OK;
    w->removed += FAILED(e) ? 0 : 1;
    return e;
}

static err purge_body(struct db_conn *c, void *context)
{
    struct purging *w = context;
    struct db_rows rows = {NULL, 0};
    w->removed = 0;
    TRY(db_many(c, w->a, CALL(UNUSED_ONES, P_INT(w->made_before)), &number_shape, &rows));
    const int64_t *numbers = rows.rows;
    for (size_t i = 0; i < rows.count; i++)
        TRY(purge_client(c, w, numbers[i]));
    return db_run(c, CALL_ALONE(TIDY), NULL);
}

static err purge_registrations(struct tx *tx, db_body *body, unix_time made_before, int64_t *removed)
{
    struct purging w = {arena_new(PURGE_ARENA), made_before, 0, 0};
    err e = w.a != NULL ? db_write(tx, DB_SEVERAL, body, &w) : ERR(UNAVAILABLE, "store: out of memory");
    arena_release(w.a);
    TRY(e);
    *removed = w.removed;
    return OK;
}

err db_initial_purge_unused(struct tx *tx, unix_time made_before, int64_t *removed)
{
    return purge_registrations(tx, purge_body, made_before, removed);
}

/* ---- where they came from ---- */

err db_registration_note(struct tx *tx, int64_t client_number, str source)
{
    int64_t changed = 0;
    return db_write_call(tx, CALL(NOTE, P_INT(client_number), P_TEXT(source)), &changed);
}

struct holding {
    str source;
    int64_t held;
};

static err held_body(struct db_conn *c, void *context)
{
    struct holding *w = context;
    bool found = false;
    return db_scalar(c, CALL(HELD, P_TEXT(w->source)), &w->held, &found);
}

err db_registration_held(struct tx *tx, str source, int64_t *held)
{
    struct holding w = {source, 0};
    TRY(db_read(tx, held_body, &w));
    *held = w.held;
    return OK;
}

static err make_room_body(struct db_conn *c, void *context)
{
    struct purging *w = context;
    int64_t number = 0;
    bool found = false;
    w->removed = 0;
    TRY(db_scalar(c, CALL(FULLEST, P_INT(w->made_before)), &number, &found));
    if (!found)
        return OK;
    TRY(purge_client(c, w, number));
    return db_run(c, CALL_ALONE(TIDY), NULL);
}

err db_registration_make_room(struct tx *tx, unix_time made_before, int64_t *removed)
{
    return purge_registrations(tx, make_room_body, made_before, removed);
}
