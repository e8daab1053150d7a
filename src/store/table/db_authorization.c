/* SPDX-License-Identifier: MIT
 * db_authorization: grants, their codes and their refresh tokens (states: db_authorization.h). Every decision that must fall once is one
 * UPDATE whose WHERE is the rule: a row changed, or it did not. Relies on the single writer for order; promises that a code
 * is taken once, that of all who rotate from one generation one wins, that a code's return ends its grant in the same
 * transaction, and that a dead grant never lives again. Rotating touches one row by its number and no index. */
#include "store/table/db_authorization.h"

#include "store/store_internal.h"

#include "base/banned.h"

/* of_: the table, where two of them have columns of one name. */
#define COLUMNS_OF(of_)                                                                                                          \
    of_ "number, id, user_number, client_number, client_epoch, scope, resource, flow, created_at, auth_time, last_used_at, " of_ \
        "expires_at, revoked_at, generation, current_hash, previous_hash, rotated_at, successor, session_id, claims, details, " of_ "jkt, x5t, amr, acr"
#define CODE_COLUMNS_OF(of_) of_ "number, hash, grant_number, redirect_uri, code_challenge, " of_ "expires_at, nonce, " of_ "jkt"
#define COLUMNS              COLUMNS_OF("")
#define CODE_COLUMNS         CODE_COLUMNS_OF("")
#define WORDS                "' ' || coalesce(scope, '') || ' '"
#define NOT_OFFLINE          "replace(" WORDS ", ' offline_access ', '') = " WORDS /* LIKE would fold letters, in SQLite */
enum {
    ADD,
    GET,
    BEGIN,
    BIND,
    ROTATE,
    REVOKE,
    FIND_BY_ID,
    REVOKE_FOUND,
    REVOKE_OWN,
    REVOKE_ALL,
    END_SESSION,
    REVOKE_SESSION,
    REVOKE_OTHER_SESSIONS,
    LIST,
    APPLICATIONS,
    CODE_ADD,
    CODE_FIND,
    CODE_TAKE,
    CODE_USED
};
static const char *const texts[] = {
    [ADD] = "INSERT INTO grants (" COLUMNS ", begun_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
            " $21, $22, $23, $24, $25, $26)",
    [GET] = "SELECT " COLUMNS " FROM grants WHERE number = $1",
    [BEGIN] = "UPDATE grants SET begun_at = $2, last_used_at = $2, expires_at = $3, current_hash = $4, generation = $5"
              " WHERE number = $1 AND begun_at = 0 AND revoked_at = 0",
    [BIND] = "UPDATE grants SET jkt = $2, x5t = $3 WHERE number = $1",
    [ROTATE] = "UPDATE grants SET generation = $3, current_hash = $4, previous_hash = $5, successor = $6, rotated_at = $7,"
               " last_used_at = $8, expires_at = $9"
               " WHERE number = $1 AND generation = $2 AND revoked_at = 0 AND expires_at > $10",
    [REVOKE] = "UPDATE grants SET revoked_at = $2 WHERE number = $1 AND revoked_at = 0",
    [FIND_BY_ID] = "SELECT number FROM grants WHERE id = $1 AND revoked_at = 0",
    [REVOKE_FOUND] = "UPDATE grants SET revoked_at = $3 WHERE number = $1 AND id = $2 AND revoked_at = 0",
    [REVOKE_OWN] = "UPDATE grants SET revoked_at = $3 WHERE user_number = $1 AND id = $2 AND revoked_at = 0",
    [REVOKE_ALL] = "UPDATE grants SET revoked_at = $3"
                   " WHERE user_number = $1 AND (client_number = $2 OR $2 = 0) AND revoked_at = 0 RETURNING id",
    [END_SESSION] = "DELETE FROM sessions WHERE user_number = $1 AND id = $2",
    /* RF-08: what was asked for to be used while the person is away lives on (OpenID Connect Core 11). */
    [REVOKE_SESSION] = "UPDATE grants SET revoked_at = $3 WHERE user_number = $1 AND session_id = $2 AND revoked_at = 0"
                       " AND " NOT_OFFLINE " RETURNING id",
    [REVOKE_OTHER_SESSIONS] = "UPDATE grants SET revoked_at = $3 WHERE user_number = $1 AND revoked_at = 0 AND " NOT_OFFLINE
                              " AND session_id IN (SELECT sessions.id FROM sessions WHERE sessions.user_number = $1 AND sessions.number <> $2) RETURNING id",
    [LIST] = "SELECT " COLUMNS " FROM grants WHERE user_number = $1 AND begun_at > 0 AND revoked_at = 0 AND expires_at > $2"
             " ORDER BY number DESC LIMIT 100",
    [APPLICATIONS] = "SELECT client_number, coalesce(scope, ''), min(created_at), max(last_used_at) FROM grants"
                     " WHERE user_number = $1 AND begun_at > 0 AND revoked_at = 0 AND expires_at > $2"
                     " GROUP BY client_number, coalesce(scope, '') ORDER BY max(number) DESC LIMIT 1000",
    [CODE_ADD] = "INSERT INTO codes (" CODE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [CODE_FIND] = "SELECT " CODE_COLUMNS_OF("codes.") ", used_at, " COLUMNS_OF(
        "grants.") " FROM codes JOIN grants ON grants.number = grant_number WHERE codes.number = $1 AND hash = $2",
    [CODE_TAKE] = "UPDATE codes SET used_at = $2 WHERE number = $1 AND used_at = 0 AND expires_at > $2",
    [CODE_USED] = "SELECT used_at FROM codes WHERE number = $1",
};
DB_STATEMENTS(authorization, texts);

/* clang-format off */
#define GRANT_FIELDS(X)                                                                                                                              \
    X(DB_INT, number), X(DB_TEXT, id), X(DB_INT, user_number), X(DB_INT, client_number), X(DB_INT, client_epoch), X(DB_TEXT, scope),                 \
    X(DB_TEXT, resource), X(DB_TEXT, flow), X(DB_INT, created_at), X(DB_INT, auth_time), X(DB_INT, last_used_at), X(DB_INT, expires_at),             \
    X(DB_INT, revoked_at), X(DB_INT, generation), X(DB_HASH, current), X(DB_HASH, previous), X(DB_INT, rotated_at), X(DB_TEXT, successor),           \
    X(DB_TEXT, session_id), X(DB_TEXT, claims), X(DB_TEXT, details), X(DB_TEXT, jkt), X(DB_TEXT, x5t), X(DB_TEXT, amr), X(DB_TEXT, acr)
#define CODE_FIELDS(X)                                                                                                                               \
    X(DB_INT, number), X(DB_HASH, hash), X(DB_INT, authorization_number), X(DB_TEXT, redirect_uri), X(DB_TEXT, code_challenge), X(DB_INT, expires_at),       \
    X(DB_TEXT, nonce), X(DB_TEXT, jkt)
/* clang-format on */
struct found {
    struct db_code code;
    int64_t used_at;
    struct db_authorization authorization;
};
#define GRANT_FIELD(kind_, member_)                       \
    {                                                     \
        kind_, offsetof(struct db_authorization, member_) \
    }
#define CODE_FIELD(kind_, member_)               \
    {                                            \
        kind_, offsetof(struct db_code, member_) \
    }
#define FOUND_CODE(kind_, member_)                  \
    {                                               \
        kind_, offsetof(struct found, code.member_) \
    }
#define FOUND_GRANT(kind_, member_)                          \
    {                                                        \
        kind_, offsetof(struct found, authorization.member_) \
    }
static const struct db_field fields[] = {GRANT_FIELDS(GRANT_FIELD)};
static const struct db_columns columns = DB_COLUMNS(struct db_authorization, fields);
static const struct db_field code_fields[] = {CODE_FIELDS(CODE_FIELD)};
static const struct db_columns code_columns = DB_COLUMNS(struct db_code, code_fields);
static const struct db_field found_fields[] = {CODE_FIELDS(FOUND_CODE), {DB_INT, offsetof(struct found, used_at)}, GRANT_FIELDS(FOUND_GRANT)};
static const struct db_columns found_shape = DB_COLUMNS(struct found, found_fields);
static const struct db_field application_fields[] = {GRANT_FIELD(DB_INT, client_number), GRANT_FIELD(DB_TEXT, scope), GRANT_FIELD(DB_INT, created_at),
                                                     GRANT_FIELD(DB_INT, last_used_at)};
static const struct db_columns application_columns = DB_COLUMNS(struct db_authorization, application_fields);
static const struct db_field id_fields[] = {{DB_TEXT, 0}};
static const struct db_columns id_columns = {sizeof(str), id_fields, 1};

/* A consent page's single-use id is remembered this long beyond its code: longer than any such page lives. */
enum { CONSENT_REMEMBERED = 86400 };

err db_authorization_reserve(struct tx *tx, int64_t *number)
{
    return db_number_reserve(tx, DB_COUNT_AUTHORIZATION, number);
}

err db_code_reserve(struct tx *tx, int64_t *number)
{
    return db_number_reserve(tx, DB_COUNT_CODE, number);
}

/* ---- made ---- */

err db_authorization_insert(struct db_conn *c, const struct db_authorization *authorization, unix_time begun_at)
{
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, authorization, params);
    params[columns.count] = P_INT(begun_at);
    if (authorization->user_number != 0) /* whoever ends this person's grants is waited for, or finds this one */
        TRY(db_guard_user(c, authorization->user_number, DB_GUARD_SHARED));
    return db_run(c, &(struct db_call){&statements, ADD, params, columns.count + 1}, NULL);
}

struct adding {
    const struct db_authorization *authorization;
    const struct db_code *code;
    str once_id;
};

static err add_body(struct db_conn *c, void *context)
{
    const struct adding *w = context;
    return db_authorization_insert(c, w->authorization, w->authorization->created_at > 0 ? w->authorization->created_at : clock_now());
}

err db_authorization_add(struct tx *tx, const struct db_authorization *authorization)
{
    struct adding w = {.authorization = authorization};
    return db_write(tx, DB_SINGLE, add_body, &w);
}

static err add_with_code_body(struct db_conn *c, void *context)
{
    const struct adding *w = context;
    if (str_present(w->once_id)) {
        bool first = false;
        TRY(db_once_take_in(c, "consent", w->once_id, clock_add(w->code->expires_at, CONSENT_REMEMBERED), &first));
        if (!first)
            FAIL(CONFLICT, "store: the consent was answered before"); /* AZ-24 */
    }
    TRY(db_authorization_insert(c, w->authorization, 0));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&code_columns, w->code, params);
    return db_run(c, &(struct db_call){&statements, CODE_ADD, params, code_columns.count}, NULL);
}

err db_authorization_add_with_code(struct tx *tx, const struct db_authorization *authorization, const struct db_code *code, str once_id)
{
    struct adding w = {authorization, code, once_id};
    return db_write(tx, DB_SEVERAL, add_with_code_body, &w);
}

/* ---- codes ---- */

struct taking {
    struct arena *a;
    int64_t number;
    const struct token_hash *hash;
    unix_time now;
    struct db_taken taken;
};

/* It was not taken: somebody else was first, or it is too old. Its return ends all that came from it (RFC 6749 4.1.2, AC-03). */
static err not_taken(struct db_conn *c, struct taking *w)
{
    int64_t used_at = 0;
    bool found = false;
    TRY(db_scalar(c, CALL(CODE_USED, P_INT(w->number)), &used_at, &found));
    w->taken.how = used_at != 0 ? DB_TAKE_USED_BEFORE : DB_TAKE_EXPIRED;
    if (used_at == 0)
        return OK;
    TRY(db_run(c, CALL(REVOKE, P_INT(w->taken.code->authorization_number), P_INT(w->now)), NULL));
    return db_one(c, w->a, CALL(GET, P_INT(w->taken.code->authorization_number)), &columns, (void **)&w->taken.authorization);
}

/* All that is read is in the arena before anything is changed: so it is one change, whichever, and no savepoint is needed. Whoever revokes the
 * grant in between is found by db_authorization_begin. */
static err take_body(struct db_conn *c, void *context)
{
    struct taking *w = context;
    struct found *row = NULL;
    bool taken = false;
    w->taken = (struct db_taken){.how = DB_TAKE_UNKNOWN};
    TRY(db_one(c, w->a, CALL(CODE_FIND, P_INT(w->number), P_HASH(w->hash)), &found_shape, (void **)&row));
    if (row == NULL)
        return OK;
    w->taken = (struct db_taken){.how = DB_TAKEN, .code = &row->code, .authorization = &row->authorization};
    if (row->used_at == 0 && row->code.expires_at > w->now)
        TRY(db_expect(c, CALL(CODE_TAKE, P_INT(w->number), P_INT(w->now)), &taken));
    return taken ? OK : not_taken(c, w);
}

err db_code_take(struct tx *tx, struct arena *a, int64_t number, const struct token_hash *hash, struct db_taken *out)
{
    struct taking w = {.a = a, .number = number, .hash = hash, .now = clock_now()};
    TRY(db_write(tx, DB_SINGLE, take_body, &w));
    *out = w.taken;
    return OK;
}

/* ---- lives ---- */

err db_authorization_begin(struct tx *tx, int64_t number, const struct token_hash *current, unix_time now, unix_time expires_at)
{
    bool begun = false;
    TRY(db_write_expected(tx, CALL(BEGIN, P_INT(number), P_INT(now), P_INT(expires_at), P_HASH(current), P_INT(current != NULL ? 1 : 0)), &begun));
    if (!begun)
        FAIL(INVALID_GRANT, "store: the grant was revoked or begun before");
    return OK;
}

err db_authorization_bind(struct tx *tx, int64_t number, str jkt, str x5t)
{
    return db_write_call(tx, CALL(BIND, P_INT(number), P_TEXT(jkt), P_TEXT(x5t)), NULL);
}

err db_authorization_get(struct tx *tx, struct arena *a, int64_t number, struct db_authorization **out)
{
    return db_read_one(tx, a, CALL(GET, P_INT(number)), &columns, (void **)out);
}

err db_refresh_rotate(struct tx *tx, const struct db_authorization *next, int64_t from, bool *rotated)
{
    return db_write_expected(tx,
                             CALL(ROTATE, P_INT(next->number), P_INT(from), P_INT(next->generation), P_HASH(&next->current), P_HASH(&next->previous),
                                  P_TEXT(next->successor), P_INT(next->rotated_at), P_INT(next->last_used_at), P_INT(next->expires_at), P_INT(clock_now())),
                             rotated); /* RF-03 */
}

err db_authorization_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_authorization **rows, size_t *count)
{
    return db_read_list(tx, a, CALL(LIST, P_INT(user_number), P_INT(clock_now())), &columns, DB_LIST_TO(rows, count));
}

err db_authorization_applications(struct tx *tx, struct arena *a, int64_t user_number, struct db_authorization **rows, size_t *count)
{
    struct db_rows all;
    TRY(db_read_many(tx, a, CALL(APPLICATIONS, P_INT(user_number), P_INT(clock_now())), &application_columns, &all));
    *rows = all.rows;
    *count = all.count;
    return OK;
}

/* ---- revoked ---- */

err db_authorization_revoke(struct tx *tx, int64_t number, unix_time now)
{
    return db_write_call(tx, CALL(REVOKE, P_INT(number), P_INT(now)), NULL);
}

struct finding {
    str id;
    int64_t number;
    bool found;
};

static err find_body(struct db_conn *c, void *context)
{
    struct finding *w = context;
    return db_scalar(c, CALL(FIND_BY_ID, P_TEXT(w->id)), &w->number, &w->found);
}

struct revoking_one {
    str id;
    int64_t user_number, number;
    unix_time now;
    bool revoked;
};

static err revoke_one_body(struct db_conn *c, void *context)
{
    struct revoking_one *w = context;
    int64_t changed = 0;
    if (w->user_number != 0)
        TRY(db_run(c, CALL(REVOKE_OWN, P_INT(w->user_number), P_TEXT(w->id), P_INT(w->now)), &changed));
    else
        TRY(db_run(c, CALL(REVOKE_FOUND, P_INT(w->number), P_TEXT(w->id), P_INT(w->now)), &changed));
    w->revoked = changed > 0;
    return changed > 0 ? db_revocation_within(c, &(struct db_ended){&w->id, 1}, w->now) : OK;
}

/* Ids have no index, so that no login pays for one. An owner's few are found by owner; anybody's by a reader that looks at
 * all, so that the writer does not have to. */
err db_authorization_revoke_by_id(struct tx *tx, str id, int64_t user_number, bool *revoked)
{
    struct finding found = {id, 0, user_number != 0};
    struct revoking_one w = {id, user_number, 0, clock_now(), false};
    if (user_number == 0)
        TRY(db_read(tx, find_body, &found));
    w.number = found.number;
    if (found.found)
        TRY(db_write(tx, DB_SEVERAL, revoke_one_body, &w));
    *revoked = w.revoked;
    return OK;
}

struct ending {
    struct arena *a;
    int64_t user_number, client_number;
    struct db_rows ids;
};

static err revoke_all_body(struct db_conn *c, void *context)
{
    struct ending *w = context;
    unix_time now = clock_now();
    TRY(db_guard_user(c, w->user_number, DB_GUARD_ALONE));
    TRY(db_many(c, w->a, CALL(REVOKE_ALL, P_INT(w->user_number), P_INT(w->client_number), P_INT(now)), &id_columns, &w->ids));
    return db_revocation_within(c, &(struct db_ended){w->ids.rows, w->ids.count}, now);
}

err db_authorization_revoke_all(struct tx *tx, struct arena *a, int64_t user_number, int64_t client_number)
{
    struct ending w = {a, user_number, client_number, {NULL, 0}};
    return db_write(tx, DB_SEVERAL, revoke_all_body, &w);
}

err db_authorization_end_others_within(struct db_conn *c, struct arena *a, int64_t user_number, int64_t keep_session)
{
    struct db_rows ids = {NULL, 0};
    unix_time now = clock_now();
    TRY(db_many(c, a, CALL(REVOKE_OTHER_SESSIONS, P_INT(user_number), P_INT(keep_session), P_INT(now)), &id_columns, &ids));
    TRY(db_session_end_within(c, a, user_number, keep_session));
    return db_revocation_within(c, &(struct db_ended){ids.rows, ids.count}, now);
}

struct session_ending {
    struct arena *a;
    int64_t user_number;
    str id;
    bool ended;
    struct db_rows ids;
};

static err session_end_body(struct db_conn *c, void *context)
{
    struct session_ending *w = context;
    int64_t changed = 0;
    unix_time now = clock_now();
    TRY(db_guard_user(c, w->user_number, DB_GUARD_ALONE));
    TRY(db_logout_within(c, w->a, &(struct db_logout){.user_number = w->user_number, .session_id = w->id})); /* LS-04 */
    TRY(db_run(c, CALL(END_SESSION, P_INT(w->user_number), P_TEXT(w->id)), &changed));
    w->ended = changed > 0;
    if (!w->ended)
        return OK;
    TRY(db_many(c, w->a, CALL(REVOKE_SESSION, P_INT(w->user_number), P_TEXT(w->id), P_INT(now)), &id_columns, &w->ids));
    return db_revocation_within(c, &(struct db_ended){w->ids.rows, w->ids.count}, now);
}

err db_authorization_end_session(struct tx *tx, struct arena *a, const struct db_session_name *name, bool *was_open)
{
    struct session_ending w = {a, name->user_number, name->id, false, {NULL, 0}};
    TRY(db_write(tx, DB_SEVERAL, session_end_body, &w));
    *was_open = w.ended;
    return OK;
}
