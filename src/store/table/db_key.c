/* SPDX-License-Identifier: MIT
 * db_key: signing and sealing keys, sealed by the caller (ST-02). Relies on the master key being elsewhere; promises that at
 * each moment a use and algorithm has one active key, and that rotation happens whole or not at all.
 *
 *   sig:  [next] ──db_key_rotate──▶ [active] ──db_key_rotate──▶ [old] ──destroy_after, db_purge──▶ gone
 *   seal:            db_key_add──▶ [active] ──db_key_rotate──▶ [old] ──destroy_after, db_purge──▶ gone
 *
 * An old sealing key stays, sealed, until destroy_after: it must still open what it sealed. An old signing key's private
 * half is wiped when it retires; the caller keeps its public half in a row of its own (use pub). */
#include "store/table/db_key.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, kid, key_use, alg, sealed, state, created_at, active_at, retired_at, destroy_after"
enum { ADD, ALL, RETIRE, PROMOTE, RESEAL };
static const char *const texts[] = {
    [ADD] = "INSERT INTO keys (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING number",
    [ALL] = "SELECT " COLUMNS " FROM keys ORDER BY number",
    /* AT-11: a retired signing key only checks, and its public half stands in a row of its own. */
    [RETIRE] = "UPDATE keys SET state = 'old', retired_at = $3, destroy_after = $4,"
               " sealed = CASE WHEN key_use = 'sig' THEN '' ELSE sealed END"
               " WHERE key_use = $1 AND alg = $2 AND state = 'active' RETURNING number",
    [PROMOTE] = "UPDATE keys SET state = 'active', active_at = $3 WHERE key_use = $1 AND alg = $2 AND state = 'next' RETURNING number",
    [RESEAL] = "UPDATE keys SET sealed = $3 WHERE number = $1 AND sealed = $2 RETURNING number",
};
DB_STATEMENTS(key, texts);

#define FIELD(kind_, member_)                   \
    {                                           \
        kind_, offsetof(struct db_key, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number), FIELD(DB_TEXT, kid),       FIELD(DB_TEXT, use),      FIELD(DB_TEXT, alg),       FIELD(DB_TEXT, sealed),
    FIELD(DB_TEXT, state), FIELD(DB_INT, created_at), FIELD(DB_INT, active_at), FIELD(DB_INT, retired_at), FIELD(DB_INT, destroy_after),
};
static const struct db_columns columns = DB_COLUMNS(struct db_key, fields);

struct rotating {
    struct db_key fresh;
    unix_time now, destroy_after;
};

static err insert_key_row(struct db_conn *c, struct db_key *key)
{
    TRY(db_number_next(c, DB_COUNT_KEY, &key->number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, key, params);
    int64_t changed = 0;
    TRY(db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, &changed));
    if (changed == 0)
        FAIL(CONFLICT, "store: a key of that name exists");
    return OK;
}

static err add_body(struct db_conn *c, void *context)
{
    return insert_key_row(c, context);
}

err db_key_add(struct tx *tx, const struct db_key *key)
{
    struct db_key next = *key;
    return db_write(tx, DB_SEVERAL, add_body, &next);
}

struct loading {
    struct arena *a;
    struct db_rows rows;
};

static err all_body(struct db_conn *c, void *context)
{
    struct loading *w = context;
    return db_many(c, w->a, CALL_ALONE(ALL), &columns, &w->rows);
}

/* Outside of a transaction as memory is followed: those who wait for the keys have connections in their hands. */
err db_key_all(struct tx *tx, struct arena *a, struct db_key **rows, size_t *count)
{
    struct loading w = {a, {NULL, 0}};
    TRY(store_is_open(tx) ? db_read(tx, all_body, &w) : store_read_snapshot(tx->store, all_body, &w));
    *rows = w.rows.rows;
    *count = w.rows.count;
    return OK;
}

static err hold_body(struct db_conn *c, void *context)
{
    (void)context;
    return db_guard_counter(c, "key");
}

err db_key_hold(struct tx *tx)
{
    INVARIANT(store_is_open(tx));
    return db_write(tx, DB_SINGLE, hold_body, NULL);
}

static err rotate_body(struct db_conn *c, void *context)
{
    struct rotating *w = context;
    struct db_key *fresh = &w->fresh;
    TRY(db_run(c, CALL(RETIRE, P_TEXT(fresh->use), P_TEXT(fresh->alg), P_INT(w->now), P_INT(w->destroy_after)), NULL));
    int64_t promoted = 0;
    TRY(db_run(c, CALL(PROMOTE, P_TEXT(fresh->use), P_TEXT(fresh->alg), P_INT(w->now)), &promoted));
    /* Without a next one (sealing keys, or a first key) the fresh one is active at once: never a moment without. */
    fresh->state = promoted > 0 ? STR("next") : STR("active");
    fresh->active_at = promoted > 0 ? 0 : w->now;
    return insert_key_row(c, fresh);
}

err db_key_rotate(struct tx *tx, const struct db_key *fresh, unix_time now, unix_time destroy_after)
{
    struct rotating w = {*fresh, now, destroy_after};
    return db_write(tx, DB_SEVERAL, rotate_body, &w);
}

err db_key_reseal(struct tx *tx, const struct db_key *key, str was)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(RESEAL, P_INT(key->number), P_TEXT(was), P_TEXT(key->sealed)), &changed));
    if (changed == 0)
        FAIL(CONFLICT, "store: the key was changed meanwhile");
    return OK;
}
