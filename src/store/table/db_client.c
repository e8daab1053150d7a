/* SPDX-License-Identifier: MIT
 * db_client: client applications and their secrets. Relies on the unique id, which a tombstone keeps for ever; promises that
 * whatever takes a client's rights away makes its epoch grow in the same transaction, so that tokens of before stay dead.
 *
 *   [live] ◀─db_client_set_disabled─▶ [disabled] ──db_client_remove──▶ [tombstone]
 *      └──────────────────db_client_remove─────────────────────────────▲ */
#include "store/table/db_client.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS                                                                                                                \
    "number, id, name, description, auth_method, grants, redirect_uris, post_logout_redirect_uris, scopes, owner_id,"          \
    " is_public, first_party, require_pkce, compat_processmaker, disabled, access_lifetime, refresh_lifetime, epoch, version," \
    " created_at, updated_at, metadata, registration_hash"
enum { ADD, SAVE, SET_DISABLED, REMOVE, ROWS, SECRET_ADD, SECRETS_OVERLAP, SECRETS_CUT, SECRETS_DROP, SECRETS_ROWS, EXISTS, CHANGED_SINCE };
static const char *const texts[] = {
    [ADD] = "INSERT INTO clients (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
            " $16, $17, $18, $19, $20, $21, $22, $23) ON CONFLICT DO NOTHING RETURNING number",
    [SAVE] = "UPDATE clients SET name = $3, description = $4, auth_method = $5, grants = $6, redirect_uris = $7,"
             " post_logout_redirect_uris = $8, scopes = $9, owner_id = $10, is_public = $11, first_party = $12,"
             " require_pkce = $13, compat_processmaker = $14,"
             " epoch = epoch + CASE WHEN disabled = 0 AND $15 = 1 THEN 1 ELSE 0 END, disabled = $15,"
             " access_lifetime = $16, refresh_lifetime = $17, updated_at = $18, metadata = $19, version = version + 1"
             " WHERE number = $1 AND version = $2 AND removed_at = 0 RETURNING number",
    [SET_DISABLED] = "UPDATE clients SET epoch = epoch + CASE WHEN disabled = 0 AND $2 = 1 THEN 1 ELSE 0 END, disabled = $2,"
                     " updated_at = $3, version = version + 1 WHERE number = $1 AND removed_at = 0 RETURNING number",
    [REMOVE] =
        "UPDATE clients SET name = NULL, description = NULL, redirect_uris = NULL, post_logout_redirect_uris = NULL,"
        " owner_id = NULL, metadata = NULL, registration_hash = NULL, disabled = 1, epoch = epoch + 1, updated_at = $2, removed_at = $2, version = version + 1"
        " WHERE number = $1 AND removed_at = 0 RETURNING number",
    [ROWS] = "SELECT " COLUMNS " FROM clients WHERE number >= $1 AND number <= $2 AND removed_at = 0 ORDER BY number LIMIT $3",
    [SECRET_ADD] = "INSERT INTO client_secrets (number, client_number, hash, created_at, expires_at)"
                   " VALUES ($1, $2, $3, $4, $5) RETURNING client_number",
    [SECRETS_OVERLAP] = "UPDATE client_secrets SET expires_at = $2"
                        " WHERE client_number = $1 AND (expires_at = 0 OR expires_at > $2) RETURNING client_number",
    /* All but the newest: with the one that comes, two are live (CA-05). */
    [SECRETS_CUT] = "DELETE FROM client_secrets WHERE client_number = $1"
                    " AND number < (SELECT max(number) FROM client_secrets WHERE client_number = $1) RETURNING client_number",
    [SECRETS_DROP] = "DELETE FROM client_secrets WHERE client_number = $1 RETURNING client_number",
    [SECRETS_ROWS] = "SELECT client_number, hash, created_at, expires_at FROM client_secrets"
                     " WHERE client_number >= $1 AND client_number <= $2 ORDER BY client_number, number DESC",
    [EXISTS] = "SELECT number FROM clients WHERE number = $1 AND removed_at = 0",
    /* Nothing at all; or lines that are not kept any more; or lines of clients. */
    [CHANGED_SINCE] = "SELECT CASE WHEN next - 1 = $1 THEN 0 WHEN NOT EXISTS (SELECT 1 FROM changes WHERE seq = $1 + 1) THEN 1"
                      " ELSE (SELECT count(*) FROM changes WHERE seq > $1 AND kind = 'client') END FROM counters WHERE name = 'change'",
};
DB_STATEMENTS(client, texts);
enum { SAVE_PARAMS = 19, METADATA_MAX = 1 << 20 }; /* those of ADD up to refresh_lifetime, then updated_at and metadata */

#define FIELD(kind_, member_)                      \
    {                                              \
        kind_, offsetof(struct db_client, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),
    FIELD(DB_TEXT, id),
    FIELD(DB_TEXT, name),
    FIELD(DB_TEXT, description),
    FIELD(DB_TEXT, auth_method),
    FIELD(DB_TEXT, grants),
    FIELD(DB_TEXT, redirect_uris),
    FIELD(DB_TEXT, post_logout_redirect_uris),
    FIELD(DB_TEXT, scopes),
    FIELD(DB_TEXT, owner_id),
    FIELD(DB_FLAG, is_public),
    FIELD(DB_FLAG, first_party),
    FIELD(DB_FLAG, require_pkce),
    FIELD(DB_FLAG, compat_processmaker),
    FIELD(DB_FLAG, disabled),
    FIELD(DB_INT, access_lifetime),
    FIELD(DB_INT, refresh_lifetime),
    FIELD(DB_INT, epoch),
    FIELD(DB_INT, version),
    FIELD(DB_INT, created_at),
    FIELD(DB_INT, updated_at),
    FIELD(DB_TEXT, metadata_text),
    FIELD(DB_HASH, registration),
};
static const struct db_columns columns = DB_COLUMNS(struct db_client, fields);

struct secret_row {
    int64_t client_number;
    struct db_client_secret secret;
};
static const struct db_field secret_fields[] = {
    {DB_INT, offsetof(struct secret_row, client_number)},
    {DB_HASH, offsetof(struct secret_row, secret.hash)},
    {DB_INT, offsetof(struct secret_row, secret.created_at)},
    {DB_INT, offsetof(struct secret_row, secret.expires_at)},
};
static const struct db_columns secret_columns = DB_COLUMNS(struct secret_row, secret_fields);

struct holding {
    int64_t seq;
    bool current;
};

static err hold_body(struct db_conn *c, void *context)
{
    struct holding *w = context;
    int64_t changed = 0;
    bool found = false;
    TRY(db_guard_counter(c, "client"));
    TRY(db_scalar(c, CALL(CHANGED_SINCE, P_INT(w->seq)), &changed, &found));
    w->current = found && changed == 0;
    return OK;
}

err db_client_hold(struct tx *tx, int64_t seq, bool *current)
{
    INVARIANT(store_is_open(tx));
    struct holding w = {seq, false};
    TRY(db_write(tx, DB_SINGLE, hold_body, &w));
    *current = w.current;
    return OK;
}

static err insert_secret(struct db_conn *c, int64_t client_number, const struct db_client_secret *secret)
{
    int64_t number = 0;
    TRY(db_number_next(c, DB_COUNT_SECRET, &number));
    return db_run(c, CALL(SECRET_ADD, P_INT(number), P_INT(client_number), P_HASH(&secret->hash), P_INT(secret->created_at), P_INT(secret->expires_at)), NULL);
}

static err add_body(struct db_conn *c, void *context)
{
    struct db_client *client = context;
    TRY(db_number_next(c, DB_COUNT_CLIENT, &client->number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, client, params);
    int64_t changed = 0;
    TRY(db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, &changed));
    if (changed == 0)
        REFUSE(CONFLICT, "That client ID is in use, or was used before.", "store: client id taken");
    for (size_t i = 0; i < client->secret_count; i++)
        TRY(insert_secret(c, client->number, &client->secrets[i]));
    return OK;
}

/* The JSON text of the metadata lives in an arena of its own, for the length of the sentence. */
static err with_metadata(struct tx *tx, struct db_client *next, err (*write)(struct tx *tx, struct db_client *next))
{
    struct arena *a = arena_new(METADATA_MAX);
    if (a == NULL)
        FAIL(UNAVAILABLE, "store: no memory for client metadata");
    err e = db_client_metadata_write(a, &next->metadata, &next->metadata_text);
    if (!FAILED(e))
        e = write(tx, next);
    next->metadata_text = STR_ABSENT;
    arena_release(a);
    return e;
}

static err write_new(struct tx *tx, struct db_client *next)
{
    return db_write(tx, DB_SEVERAL, add_body, next);
}

err db_client_add(struct tx *tx, struct db_client *client)
{
    INVARIANT(client->secret_count <= DB_CLIENT_SECRETS);
    struct db_client next = *client;
    next.epoch = next.version = 1;
    next.created_at = client->created_at != 0 ? client->created_at : clock_now();
    next.updated_at = next.created_at;
    TRY(with_metadata(tx, &next, write_new));
    *client = next;
    return OK;
}

static err write_changed(struct tx *tx, struct db_client *client)
{
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, client, params);
    params[1] = P_INT(client->version); /* in the place of the id, which is never written again */
    params[SAVE_PARAMS - 2] = P_INT(clock_now());
    params[SAVE_PARAMS - 1] = P_TEXT(client->metadata_text);
    int64_t changed = 0;
    TRY(db_write_call(tx, &(struct db_call){&statements, SAVE, params, SAVE_PARAMS}, &changed));
    if (changed == 0) /* AD-05 */
        FAIL(CONFLICT, "store: the client was changed or removed meanwhile");
    return OK;
}

err db_client_save(struct tx *tx, const struct db_client *client)
{
    struct db_client next = *client;
    return with_metadata(tx, &next, write_changed);
}

struct changing {
    int64_t number;
    const struct token_hash *hash;
    unix_time now, overlap_until;
};

static err require_client_row(struct db_conn *c, int64_t number)
{
    int64_t there = 0;
    bool found = false;
    TRY(db_scalar(c, CALL(EXISTS, P_INT(number)), &there, &found));
    if (!found)
        FAIL(NOT_FOUND, "store: no such client");
    return OK;
}

static err secret_body(struct db_conn *c, void *context)
{
    const struct changing *w = context;
    TRY(db_guard_client(c, w->number, DB_GUARD_ALONE)); /* two secrets at the most */
    TRY(require_client_row(c, w->number));
    if (w->overlap_until <= w->now) {
        TRY(db_run(c, CALL(SECRETS_DROP, P_INT(w->number)), NULL));
    } else {
        TRY(db_run(c, CALL(SECRETS_CUT, P_INT(w->number)), NULL));
        TRY(db_run(c, CALL(SECRETS_OVERLAP, P_INT(w->number), P_INT(w->overlap_until)), NULL));
    }
    const struct db_client_secret secret = {*w->hash, w->now, 0};
    return insert_secret(c, w->number, &secret);
}

err db_client_secret_add(struct tx *tx, int64_t number, const struct token_hash *hash, unix_time overlap_until)
{
    struct changing w = {number, hash, clock_now(), overlap_until};
    return db_write(tx, DB_SEVERAL, secret_body, &w);
}

err db_client_set_disabled(struct tx *tx, int64_t number, bool disabled)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(SET_DISABLED, P_INT(number), P_INT(disabled), P_INT(clock_now())), &changed));
    if (changed == 0)
        FAIL(NOT_FOUND, "store: no such client");
    return OK;
}

static err remove_body(struct db_conn *c, void *context)
{
    const struct changing *w = context;
    TRY(db_guard_client(c, w->number, DB_GUARD_ALONE));
    TRY(require_client_row(c, w->number));
    TRY(db_run(c, CALL(SECRETS_DROP, P_INT(w->number)), NULL));
    return db_run(c, CALL(REMOVE, P_INT(w->number), P_INT(w->now)), NULL);
}

err db_client_remove(struct tx *tx, int64_t number)
{
    struct changing w = {.number = number, .now = clock_now()};
    return db_write(tx, DB_SEVERAL, remove_body, &w);
}

/* Both lists are in the order of client numbers: one walk joins them. */
static void join_client_secrets(struct db_client *clients, size_t count, const struct secret_row *secrets, size_t secret_count)
{
    size_t s = 0;
    for (size_t i = 0; i < count; i++) {
        while (s < secret_count && secrets[s].client_number < clients[i].number)
            s++;
        for (; s < secret_count && secrets[s].client_number == clients[i].number; s++)
            if (clients[i].secret_count < DB_CLIENT_SECRETS)
                clients[i].secrets[clients[i].secret_count++] = secrets[s].secret;
    }
}

err db_client_rows(struct db_conn *c, struct arena *a, const struct db_range *range, struct db_rows *out)
{
    struct db_rows rows = {NULL, 0}, secrets = {NULL, 0};
    TRY(db_many(c, a, CALL(ROWS, P_INT(range->from), P_INT(range->to), P_INT(range->most)), &columns, &rows));
    struct db_client *clients = rows.rows;
    if (rows.count > 0)
        TRY(db_many(c, a, CALL(SECRETS_ROWS, P_INT(clients[0].number), P_INT(clients[rows.count - 1].number)), &secret_columns, &secrets));
    join_client_secrets(clients, rows.count, secrets.rows, secrets.count);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(db_client_metadata_read(a, clients[i].metadata_text, &clients[i].metadata));
        clients[i].metadata_text = STR_ABSENT;
    }
    *out = rows;
    return OK;
}

struct loading {
    struct arena *a;
    struct db_rows rows;
};

static err all_body(struct db_conn *c, void *context)
{
    struct loading *w = context;
    return db_client_rows(c, w->a, &(struct db_range){0, INT64_MAX, INT64_MAX}, &w->rows);
}

err db_client_all(struct store *store, struct arena *a, struct db_client **rows, size_t *count)
{
    struct loading w = {a, {NULL, 0}};
    TRY(store_read_snapshot(store, all_body, &w));
    *rows = w.rows.rows;
    *count = w.rows.count;
    return OK;
}

#define KEPT(name_) FIELD(DB_TEXT, metadata.name_),
#define UNKEPT(name_)
static const struct db_field kept_fields[] = {FIELD(DB_TEXT, id),
                                              FIELD(DB_TEXT, name),
                                              FIELD(DB_TEXT, description),
                                              FIELD(DB_TEXT, auth_method),
                                              FIELD(DB_TEXT, grants),
                                              FIELD(DB_TEXT, redirect_uris),
                                              FIELD(DB_TEXT, post_logout_redirect_uris),
                                              FIELD(DB_TEXT, scopes),
                                              FIELD(DB_TEXT, owner_id),
                                              DB_CLIENT_METADATA(KEPT, KEPT, KEPT, UNKEPT)};
#undef KEPT
#undef UNKEPT
const struct db_columns db_client_kept = DB_COLUMNS(struct db_client, kept_fields);
