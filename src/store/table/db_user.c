/* SPDX-License-Identifier: MIT
 * db_user: people, and what ends with them. Relies on the unique username_key for names and on the writer for order;
 * promises that there is always an administrator who can log in (AD-07), that nothing is overwritten unseen (AD-05), and
 * that a removed person leaves no personal data behind (ST-06).
 *
 *   [there] ◀─db_user_save─▶ [blocked] ──db_user_remove──▶ [tombstone]: number and id alone, for ever
 *      └────────────────────db_user_remove────────────────────▲ */
#include "store/table/db_user.h"

#include "codec/text.h"
#include "codec/utf8.h"
#include "store/store_internal.h"
#include "store/table/db_user_text.h"

#include "base/banned.h"

#define COLUMNS                                                                                                   \
    "number, id, username, email, full_name, password_hash, admin, blocked, permissions, created_at, updated_at," \
    " last_login_at, password_changed_at, version, claims, must_change_password, email_verified, second_factors"
#define PRESENT " FROM users WHERE removed_at = 0"
#define MATCHES                                                                        \
    " AND ($1 = '' OR username_key LIKE $1 ESCAPE '!' OR email_key LIKE $1 ESCAPE '!'" \
    " OR lower(full_name) LIKE $2 ESCAPE '!')"
#define LIST(column_, direction_, nulls_) \
    "SELECT " COLUMNS PRESENT MATCHES " ORDER BY " column_ " " direction_ nulls_ ", number " direction_ " LIMIT $3 OFFSET $4"
#define LISTS(column_)      LIST(column_, "ASC", ""), LIST(column_, "DESC", "")
#define LISTS_NULL(column_) LIST(column_, "ASC", " NULLS FIRST"), LIST(column_, "DESC", " NULLS LAST") /* who has none stands before all */

enum {
    ADD,
    BY_NUMBER,
    BY_ID,
    BY_NAME,
    BY_EMAIL,
    KEY_OF,
    SAVE,
    OTHER_ADMINS,
    SET_PASSWORD,
    REHASH,
    LOGGED_IN,
    REMOVE,
    COUNT,
    COUNT_MATCHES,
    END_AUTHORIZATIONS,
    END_PATS,
    FORGET_PATS,
    FORGET_CONSENTS,
    FORGET_EVENTS,
    FORGET_NAME,
    LIST_FIRST
};
static const char *const texts[] = {
    [ADD] = "INSERT INTO users (" COLUMNS ", username_key, username_skeleton, email_key)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING RETURNING number",
    [BY_NUMBER] = "SELECT " COLUMNS PRESENT " AND number = $1",
    [BY_ID] = "SELECT " COLUMNS PRESENT " AND id = $1",
    [BY_NAME] = "SELECT " COLUMNS PRESENT " AND username_key = $1",
    [BY_EMAIL] = "SELECT " COLUMNS PRESENT " AND email_key = $1 ORDER BY email_verified DESC, number LIMIT 2",
    [KEY_OF] = "SELECT username_key FROM users WHERE number = $1",
    [SAVE] = "UPDATE users SET username = $3, username_key = $4, email = $5, full_name = $6, admin = $7, blocked = $8,"
             " permissions = $9, updated_at = $10, claims = $11, must_change_password = $12, email_verified = $13,"
             " username_skeleton = COALESCE($14, username_skeleton),"
             " email_key = $15, version = version + 1 WHERE number = $1 AND version = $2 AND removed_at = 0 RETURNING number",
    [OTHER_ADMINS] = "SELECT count(*) FROM users WHERE admin = 1 AND blocked = 0 AND removed_at = 0 AND number <> $1",
    [SET_PASSWORD] = "UPDATE users SET password_hash = $2, password_changed_at = $3, updated_at = $3, must_change_password = $4,"
                     " version = version + 1"
                     " WHERE number = $1 AND removed_at = 0 RETURNING number",
    [REHASH] = "UPDATE users SET password_hash = $3 WHERE number = $1 AND password_hash = $2 AND removed_at = 0 RETURNING number",
    [LOGGED_IN] = "UPDATE users SET last_login_at = $2 WHERE number = $1 AND removed_at = 0 RETURNING number",
    /* Upper case and colons are in no key: nobody can take a tombstone's place or stand in its way. */
    [REMOVE] =
        "UPDATE users SET username = NULL, username_key = 'REMOVED:' || id, email = NULL, full_name = NULL, username_skeleton = NULL, email_key = NULL, "
        "email_verified = 0,"
        " password_hash = NULL, admin = 0, blocked = 1, permissions = NULL, claims = NULL, second_factors = NULL, last_login_at = 0, password_changed_at = 0,"
        " updated_at = $2, removed_at = $2, version = version + 1 WHERE number = $1 AND removed_at = 0 RETURNING number",
    [COUNT] = "SELECT count(*)" PRESENT,
    [COUNT_MATCHES] = "SELECT count(*)" PRESENT MATCHES,
    [END_AUTHORIZATIONS] = "UPDATE grants SET revoked_at = $2 WHERE user_number = $1 AND revoked_at = 0 RETURNING id",
    [END_PATS] = "UPDATE pats SET revoked_at = $2 WHERE user_number = $1 AND revoked_at = 0 RETURNING hash",
    [FORGET_PATS] = "DELETE FROM pats WHERE user_number = $1 RETURNING hash",
    [FORGET_CONSENTS] = "DELETE FROM consents WHERE user_number = $1",
    [FORGET_EVENTS] = "UPDATE events SET address = NULL, detail = NULL WHERE actor = $1 OR subject = $1",
    [FORGET_NAME] = "UPDATE events SET subject = $1, address = NULL, detail = NULL WHERE subject = $2 OR subject = $3",
    [LIST_FIRST] = LISTS("username_key"),
    LISTS_NULL("email"),
    LISTS_NULL("full_name"),
    LISTS("created_at"),
    LISTS("updated_at"),
    LISTS("last_login_at"),
    LISTS("id"),
};
DB_STATEMENTS(user, texts);
static const char *const columns[] = {"username", "email", "full_name", "created_at", "updated_at", "last_login_at", "id"};
static const struct db_listing listing = {columns, sizeof(columns) / sizeof(columns[0]), LIST_FIRST, 0};

#define FIELD(kind_, member_)                    \
    {                                            \
        kind_, offsetof(struct db_user, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),
    FIELD(DB_TEXT, id),
    FIELD(DB_TEXT, username),
    FIELD(DB_TEXT, email),
    FIELD(DB_TEXT, full_name),
    FIELD(DB_TEXT, password_hash),
    FIELD(DB_FLAG, admin),
    FIELD(DB_FLAG, blocked),
    FIELD(DB_TEXT, permissions),
    FIELD(DB_INT, created_at),
    FIELD(DB_INT, updated_at),
    FIELD(DB_INT, last_login_at),
    FIELD(DB_INT, password_changed_at),
    FIELD(DB_INT, version),
    FIELD(DB_TEXT, claims),
    FIELD(DB_FLAG, must_change_password),
    FIELD(DB_FLAG, email_verified),
    FIELD(DB_TEXT, second_factors),
};
const struct db_columns db_user_columns = DB_COLUMNS(struct db_user, fields);
static const struct db_field id_fields[] = {{DB_TEXT, 0}};
static const struct db_columns id_columns = {sizeof(str), id_fields, 1};

/* ---- add and find ---- */

struct adding {
    struct arena *a;
    struct db_user user;
    struct db_user_text text;
    struct db_user_clash *clash;
};

static err add_body(struct db_conn *c, void *context)
{
    struct adding *w = context;
    w->user.number = 0;
    TRY(db_guard_counter(c, "user")); /* names that look alike */
    TRY(db_user_text_free(c, w->a, &w->user, &w->text, NULL, w->clash));
    TRY(db_number_next(c, DB_COUNT_USER, &w->user.number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&db_user_columns, &w->user, params);
    params[db_user_columns.count] = P_TEXT(w->text.key);
    params[db_user_columns.count + 1] = P_TEXT(w->text.skeleton);
    params[db_user_columns.count + 2] = P_TEXT(w->text.email);
    int64_t changed = 0;
    TRY(db_run(c, &(struct db_call){&statements, ADD, params, db_user_columns.count + 3}, &changed));
    if (changed == 0)
        FAIL(SERVER_ERROR, "store: a person's number or id is there already");
    return OK;
}

err db_user_add(struct tx *tx, struct arena *a, struct db_user *user, struct db_user_clash *clash)
{
    struct db_user_clash unasked = {0};
    struct adding w = {.a = a, .user = *user, .clash = clash != NULL ? clash : &unasked};
    TRY(db_fresh_id(a, &w.user.id));
    w.user.version = 1;
    w.user.second_factors = STR_ABSENT;
    w.user.created_at = user->created_at != 0 ? user->created_at : clock_now();
    w.user.updated_at = user->updated_at != 0 ? user->updated_at : w.user.created_at;
    TRY(db_user_text_of(a, user->username, user->email, &w.text));
    TRY(db_write(tx, DB_SEVERAL, add_body, &w));
    *user = w.user;
    return OK;
}

err db_user_by_number(struct tx *tx, struct arena *a, int64_t number, struct db_user **out)
{
    return db_read_one(tx, a, CALL(BY_NUMBER, P_INT(number)), &db_user_columns, (void **)out);
}

err db_user_by_id(struct tx *tx, struct arena *a, str id, struct db_user **out)
{
    return db_read_one(tx, a, CALL(BY_ID, P_TEXT(id)), &db_user_columns, (void **)out);
}

err db_user_by_name(struct tx *tx, struct arena *a, str username, struct db_user **out)
{
    str key;
    *out = NULL;
    TRY(db_user_key(a, username, &key));
    return str_filled(key) ? db_read_one(tx, a, CALL(BY_NAME, P_TEXT(key)), &db_user_columns, (void **)out) : OK;
}

err db_user_by_email(struct tx *tx, struct arena *a, str email, struct db_user **out)
{
    str key;
    struct db_rows rows = {NULL, 0};
    *out = NULL;
    if (!utf8_valid(email) || str_find(email, '@') == email.n || email.n > DB_USER_EMAIL_MAX)
        return OK;
    TRY(text_lower(a, email, &key));
    TRY(db_read_many(tx, a, CALL(BY_EMAIL, P_TEXT(key)), &db_user_columns, &rows));
    struct db_user *people = rows.rows;
    *out = rows.count == 1 || (rows.count == 2 && people[0].email_verified) ? &people[0] : NULL;
    return OK;
}

err db_user_key(struct arena *a, str typed, str *key)
{
    str shown;
    *key = STR_ABSENT;
    if (!utf8_valid(typed) || typed.n > DB_USER_TYPED_MAX)
        return OK;
    err e = text_username(a, typed, &shown, key);
    if (FAILED(e) || key->n > DB_USER_NAME_MAX)
        *key = STR_ABSENT;
    return e.kind == ERR_INVALID_REQUEST ? OK : e;
}

/* ---- change ---- */

struct changing {
    struct arena *a;
    const struct db_user *user;
    const struct db_new_password *password;
    struct db_user_text text;
    struct db_user_clash *clash;
    int64_t number;
    unix_time now;
};

static err get_current_user_row(struct db_conn *c, struct changing *w, int64_t number, struct db_user **row)
{
    TRY(db_one(c, w->a, CALL(BY_NUMBER, P_INT(number)), &db_user_columns, (void **)row));
    if (*row == NULL)
        FAIL(NOT_FOUND, "store: no such user");
    return OK;
}

/* AD-07: an administrator who can log in goes only when another one stays. */
static err another_admin(struct db_conn *c, const struct db_user *row)
{
    if (!row->admin || row->blocked)
        return OK;
    int64_t others = 0;
    bool found = false;
    TRY(db_scalar(c, CALL(OTHER_ADMINS, P_INT(row->number)), &others, &found));
    if (others == 0)
        REFUSE(UNPROCESSABLE, "This is the last administrator: appoint another one first.", "store: last administrator");
    return OK;
}

/* Ends the person's sessions (but one) and grants, and revokes what came of them. */
static err end_all(struct db_conn *c, struct changing *w, int64_t number, int64_t keep_session)
{
    TRY(db_session_end_within(c, w->a, number, keep_session));
    struct db_rows ids = {NULL, 0};
    TRY(db_many(c, w->a, CALL(END_AUTHORIZATIONS, P_INT(number), P_INT(w->now)), &id_columns, &ids));
    return db_revocation_within(c, &(struct db_ended){ids.rows, ids.count}, w->now);
}

static err save_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    const struct db_user *u = w->user;
    struct db_user *row = NULL;
    TRY(db_guard_user(c, u->number, DB_GUARD_ALONE));
    TRY(db_guard_counter(c, "user")); /* names that look alike, the last administrator */
    TRY(get_current_user_row(c, w, u->number, &row));
    if (row->version != u->version) /* AD-05 */
        FAIL(CONFLICT, "store: the user was changed meanwhile");
    if (!u->admin || u->blocked)
        TRY(another_admin(c, row));
    TRY(db_user_text_free(c, w->a, u, &w->text, row, w->clash));
    TRY(db_run(c,
               CALL(SAVE, P_INT(u->number), P_INT(u->version), P_TEXT(u->username), P_TEXT(w->text.key), P_TEXT(u->email), P_TEXT(u->full_name),
                    P_INT(u->admin), P_INT(u->blocked), P_TEXT(u->permissions), P_INT(w->now), P_TEXT(u->claims), P_INT(u->must_change_password),
                    P_INT(u->email_verified), P_TEXT(w->text.skeleton), P_TEXT(w->text.email)),
               NULL));
    if (u->blocked && !row->blocked)
        TRY(end_all(c, w, u->number, 0));
    return OK;
}

err db_user_save(struct tx *tx, struct arena *a, const struct db_user *user, struct db_user_clash *clash)
{
    struct db_user_clash unasked = {0};
    struct changing w = {.a = a, .user = user, .now = clock_now(), .clash = clash != NULL ? clash : &unasked};
    TRY(db_user_text_of(a, user->username, user->email, &w.text));
    return db_write(tx, DB_SEVERAL, save_body, &w);
}

static err password_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    const struct db_new_password *p = w->password;
    int64_t changed = 0;
    TRY(db_guard_user(c, p->user, DB_GUARD_ALONE));
    TRY(db_run(c, CALL(SET_PASSWORD, P_INT(p->user), P_TEXT(str_of(p->hash)), P_INT(w->now), P_INT(p->must_change)), &changed));
    if (changed == 0)
        FAIL(NOT_FOUND, "store: no such user");
    if (p->end_personal_tokens)
        TRY(db_run(c, CALL(END_PATS, P_INT(p->user), P_INT(w->now)), NULL));
    return end_all(c, w, p->user, p->keep_session);
}

err db_user_set_password(struct tx *tx, struct arena *a, const struct db_new_password *change)
{
    struct changing w = {.a = a, .password = change, .now = clock_now()};
    return db_write(tx, DB_SEVERAL, password_body, &w);
}

static err hold_body(struct db_conn *c, void *context)
{
    return db_guard_user(c, *(const int64_t *)context, DB_GUARD_SHARED);
}

err db_user_hold(struct tx *tx, int64_t number)
{
    INVARIANT(store_is_open(tx));
    return db_write(tx, DB_SINGLE, hold_body, &number);
}

err db_user_rehash(struct tx *tx, int64_t number, str old_hash, const char *new_hash)
{
    return db_write_call(tx, CALL(REHASH, P_INT(number), P_TEXT(old_hash), P_TEXT(str_of(new_hash))), NULL);
}

err db_user_logged_in(struct tx *tx, int64_t number, unix_time at)
{
    return db_write_call(tx, CALL(LOGGED_IN, P_INT(number), P_INT(at)), NULL);
}

static err remove_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    struct db_user *row = NULL;
    void *key = NULL;
    TRY(db_guard_user(c, w->number, DB_GUARD_ALONE));
    TRY(db_guard_counter(c, "user")); /* the last administrator */
    TRY(get_current_user_row(c, w, w->number, &row));
    TRY(another_admin(c, row));
    TRY(end_all(c, w, w->number, 0));
    TRY(db_one(c, w->a, CALL(KEY_OF, P_INT(w->number)), &id_columns, &key));
    TRY(db_run(c, CALL(FORGET_PATS, P_INT(w->number)), NULL));
    TRY(db_run(c, CALL(FORGET_CONSENTS, P_INT(w->number)), NULL));
    TRY(db_authenticator_forget_within(c, w->number));
    TRY(db_run(c, CALL(FORGET_EVENTS, P_TEXT(row->id)), NULL)); /* ST-06 */
    TRY(db_run(c, CALL(FORGET_NAME, P_TEXT(row->id), P_TEXT(row->username), P_TEXT(*(str *)key)), NULL));
    return db_run(c, CALL(REMOVE, P_INT(w->number), P_INT(w->now)), NULL);
}

err db_user_remove(struct tx *tx, struct arena *a, int64_t number)
{
    struct changing w = {.a = a, .number = number, .now = clock_now()};
    return db_write(tx, DB_SEVERAL, remove_body, &w);
}

/* ---- lists ---- */

err db_user_list(struct tx *tx, struct arena *a, const struct db_page *page, struct db_user_rows *out)
{
    size_t line = 0;
    str pattern, named, lower = page->filter;
    TRY(db_list_line(&listing, page, &line));
    if (str_filled(page->filter) && page->filter.n <= DB_FILTER_MAX && utf8_valid(page->filter))
        TRY(text_lower(a, page->filter, &lower)); /* as names and addresses are kept; full names stand as they were written */
    TRY(db_list_pattern(a, lower, &pattern));
    TRY(db_list_pattern(a, page->filter, &named));
    struct db_listed listed;
    TRY(db_list_read(tx, a,
                     &(struct db_list_query){str_filled(pattern) ? CALL(COUNT_MATCHES, P_TEXT(pattern), P_TEXT(named)) : CALL_ALONE(COUNT),
                                             CALL(line, P_TEXT(pattern), P_TEXT(named), P_INT(page->limit), P_INT(page->offset)), &db_user_columns},
                     &listed));
    *out = (struct db_user_rows){listed.rows.rows, listed.rows.count, listed.total};
    return OK;
}
