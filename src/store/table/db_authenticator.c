/* SPDX-License-Identifier: MIT
 * db_authenticator: see the header. Relies on the guard of the person: who adds or takes away something is alone with them, so that users.second_factors says what the
 * tables say. Promises that what was shown is taken once: one statement takes it, or does not. */
#include "store/table/db_authenticator.h"

#include "base/buf.h"
#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, id, user_number, kind, name, secret, counter, created_at, last_used_at"
enum { ADD, LIST, TAKE, REMOVE, RESET, COUNT, KINDS, RECOVERY_ADD, RECOVERY_TAKE, RECOVERY_FORGET, RECOVERY_COUNT, TELL };
static const char *const texts[] = {
    [ADD] = "INSERT INTO authenticators (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [LIST] = "SELECT " COLUMNS " FROM authenticators WHERE user_number = $1 ORDER BY number",
    [TAKE] = "UPDATE authenticators SET counter = $2, last_used_at = $3 WHERE number = $1 AND counter < $2",
    [REMOVE] = "DELETE FROM authenticators WHERE user_number = $1 AND id = $2",
    [RESET] = "DELETE FROM authenticators WHERE user_number = $1",
    [COUNT] = "SELECT count(*) FROM authenticators WHERE user_number = $1",
    [KINDS] = "SELECT DISTINCT kind FROM authenticators WHERE user_number = $1 ORDER BY kind",
    [RECOVERY_ADD] = "INSERT INTO recovery_codes (user_number, hash) VALUES ($1, $2)",
    [RECOVERY_TAKE] = "DELETE FROM recovery_codes WHERE user_number = $1 AND hash = $2",
    [RECOVERY_FORGET] = "DELETE FROM recovery_codes WHERE user_number = $1",
    [RECOVERY_COUNT] = "SELECT count(*) FROM recovery_codes WHERE user_number = $1",
    [TELL] = "UPDATE users SET second_factors = $2 WHERE number = $1 AND removed_at = 0 RETURNING number",
};
DB_STATEMENTS(authenticator, texts);

#define FIELD(kind_, member_)                             \
    {                                                     \
        kind_, offsetof(struct db_authenticator, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),  FIELD(DB_TEXT, id),     FIELD(DB_INT, user_number), FIELD(DB_TEXT, kind),        FIELD(DB_TEXT, name),
    FIELD(DB_TEXT, secret), FIELD(DB_INT, counter), FIELD(DB_INT, created_at),  FIELD(DB_INT, last_used_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_authenticator, fields);
static const struct db_field word_fields[] = {{DB_TEXT, 0}};
static const struct db_columns word_columns = {sizeof(str), word_fields, 1};

/* One change of what a person has; each body uses what it needs. */
struct changing {
    struct arena *a;
    int64_t user, keep_session;
    struct db_authenticator *row;
    str id;
    const struct token_hash *hashes;
    bool done;
};

static err count_rows(struct db_conn *c, size_t line, int64_t user, int64_t *count)
{
    bool found;
    *count = 0;
    return db_scalar(c, CALL(line, P_INT(user)), count, &found);
}

/* users.second_factors says what the tables say. Recovery codes alone are no second factor: they go with the last one. */
static err tell_second_factors(struct db_conn *c, const struct changing *w)
{
    struct db_rows kinds = {NULL, 0};
    int64_t codes, changed = 0;
    struct buf b = buf_new(w->a, BUF_TOKEN_MAX);
    str words = STR_ABSENT;
    TRY(db_many(c, w->a, CALL(KINDS, P_INT(w->user)), &word_columns, &kinds));
    for (size_t i = 0; i < kinds.count; i++) {
        if (i > 0)
            buf_char(&b, ' ');
        buf_add(&b, ((const str *)kinds.rows)[i]);
    }
    if (kinds.count == 0)
        TRY(db_run(c, CALL(RECOVERY_FORGET, P_INT(w->user)), NULL));
    TRY(count_rows(c, RECOVERY_COUNT, w->user, &codes));
    if (codes > 0)
        buf_add_z(&b, " " DB_FACTOR_RECOVERY);
    if (kinds.count > 0)
        TRY(buf_done(&b, &words));
    TRY(db_run(c, CALL(TELL, P_INT(w->user), P_TEXT(words)), &changed));
    return changed > 0 ? OK : ERR(NOT_FOUND, "store: no such user");
}

/* The person says so, and what was opened without it ends. */
static err follow_change(struct db_conn *c, const struct changing *w)
{
    TRY(tell_second_factors(c, w));
    return db_authorization_end_others_within(c, w->a, w->user, w->keep_session);
}

static err add_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    struct db_param params[DB_PARAMS_MAX];
    int64_t count;
    TRY(db_guard_user(c, w->user, DB_GUARD_ALONE));
    TRY(count_rows(c, COUNT, w->user, &count));
    if (count >= DB_AUTHENTICATORS_MAX)
        REFUSE(UNPROCESSABLE, "There are as many sign-in methods as one person may have: remove one first.",
               "store: the person has all authenticators that one may have");
    TRY(db_number_next(c, DB_COUNT_AUTHENTICATOR, &w->row->number));
    db_params_from(&columns, w->row, params);
    TRY(db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, NULL));
    return follow_change(c, w);
}

err db_authenticator_add(struct tx *tx, struct arena *a, struct db_authenticator *row, int64_t keep_session)
{
    struct db_authenticator next = *row;
    if (next.created_at == 0)
        next.created_at = clock_now();
    struct changing w = {.a = a, .user = row->user_number, .keep_session = keep_session, .row = &next};
    TRY(db_write(tx, DB_SEVERAL, add_body, &w));
    *row = next;
    return OK;
}

err db_authenticator_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_authenticator **rows, size_t *count)
{
    struct db_rows all;
    TRY(db_read_many(tx, a, CALL(LIST, P_INT(user_number)), &columns, &all));
    *rows = all.rows;
    *count = all.count;
    return OK;
}

struct taking {
    int64_t number, counter;
    unix_time at;
    int64_t changed;
};

static err take_body(struct db_conn *c, void *context)
{
    struct taking *w = context;
    return db_run(c, CALL(TAKE, P_INT(w->number), P_INT(w->counter), P_INT(w->at)), &w->changed);
}

err db_authenticator_take(struct tx *tx, int64_t number, int64_t counter, unix_time at, bool *taken)
{
    struct taking w = {number, counter, at, 0};
    TRY(db_write(tx, DB_SOON, take_body, &w));
    *taken = w.changed > 0;
    return OK;
}

static err remove_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    int64_t changed = 0;
    TRY(db_guard_user(c, w->user, DB_GUARD_ALONE));
    TRY(db_run(c, CALL(REMOVE, P_INT(w->user), P_TEXT(w->id)), &changed));
    w->done = changed > 0;
    if (!w->done)
        return OK;
    return follow_change(c, w);
}

err db_authenticator_remove(struct tx *tx, struct arena *a, int64_t user_number, str id, int64_t keep_session, bool *removed)
{
    struct changing w = {.a = a, .user = user_number, .keep_session = keep_session, .id = id};
    TRY(db_write(tx, DB_SEVERAL, remove_body, &w));
    *removed = w.done;
    return OK;
}

static err reset_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    int64_t changed = 0;
    TRY(db_guard_user(c, w->user, DB_GUARD_ALONE));
    TRY(db_run(c, CALL(RESET, P_INT(w->user)), &changed));
    w->done = changed > 0;
    if (!w->done)
        return OK;
    return follow_change(c, w);
}

err db_authenticator_reset(struct tx *tx, struct arena *a, int64_t user_number, bool *any)
{
    struct changing w = {.a = a, .user = user_number};
    TRY(db_write(tx, DB_SEVERAL, reset_body, &w));
    *any = w.done;
    return OK;
}

err db_authenticator_forget_within(struct db_conn *c, int64_t user_number)
{
    TRY(db_run(c, CALL(RESET, P_INT(user_number)), NULL));
    return db_run(c, CALL(RECOVERY_FORGET, P_INT(user_number)), NULL);
}

static err replace_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    int64_t count;
    TRY(db_guard_user(c, w->user, DB_GUARD_ALONE));
    TRY(count_rows(c, COUNT, w->user, &count));
    if (count == 0)
        REFUSE(UNPROCESSABLE, "Recovery codes stand in for a second factor: add one first.", "store: recovery codes without a second factor");
    TRY(db_run(c, CALL(RECOVERY_FORGET, P_INT(w->user)), NULL));
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++)
        TRY(db_run(c, CALL(RECOVERY_ADD, P_INT(w->user), P_HASH(&w->hashes[i])), NULL));
    return tell_second_factors(c, w);
}

err db_recovery_replace(struct tx *tx, struct arena *a, int64_t user_number, const struct token_hash hashes[DB_RECOVERY_CODES])
{
    return db_write(tx, DB_SEVERAL, replace_body, &(struct changing){.a = a, .user = user_number, .hashes = hashes});
}

static err recovery_take_body(struct db_conn *c, void *context)
{
    struct changing *w = context;
    int64_t changed = 0;
    TRY(db_guard_user(c, w->user, DB_GUARD_ALONE));
    TRY(db_run(c, CALL(RECOVERY_TAKE, P_INT(w->user), P_HASH(w->hashes)), &changed));
    w->done = changed > 0;
    return w->done ? tell_second_factors(c, w) : OK;
}

err db_recovery_take(struct tx *tx, struct arena *a, int64_t user_number, const struct token_hash *hash, bool *taken)
{
    struct changing w = {.a = a, .user = user_number, .hashes = hash};
    TRY(db_write(tx, DB_SEVERAL, recovery_take_body, &w));
    *taken = w.done;
    return OK;
}

struct counting {
    int64_t user, left;
};

static err recovery_count_body(struct db_conn *c, void *context)
{
    struct counting *w = context;
    return count_rows(c, RECOVERY_COUNT, w->user, &w->left);
}

err db_recovery_count(struct tx *tx, int64_t user_number, int64_t *left)
{
    struct counting w = {user_number, 0};
    TRY(db_read(tx, recovery_count_body, &w));
    *left = w.left;
    return OK;
}
