/* SPDX-License-Identifier: MIT
 * db_consent: what a person has agreed to, per client. Relies on the person's row as guard; promises that remembering only ever
 * adds and that each scope stands there once. */
#include "store/table/db_consent.h"

#include "base/buf.h"
#include "store/store_internal.h"

#include "base/banned.h"

enum { GET, REMEMBER, FORGET };
static const char *const texts[] = {
    [GET] = "SELECT scope FROM consents WHERE user_number = $1 AND client_number = $2",
    [REMEMBER] = "INSERT INTO consents (user_number, client_number, scope, updated_at) VALUES ($1, $2, $3, $4)"
                 " ON CONFLICT (user_number, client_number)"
                 " DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at",
    [FORGET] = "DELETE FROM consents WHERE user_number = $1 AND client_number = $2",
};
DB_STATEMENTS(consent, texts);
static const struct db_field fields[] = {{DB_TEXT, 0}};
static const struct db_columns columns = {sizeof(str), fields, 1};
enum { CONSENT_ARENA = 1 << 18, CONSENT_SCOPE_MAX = 65536 };

struct remembering {
    struct arena *a;
    int64_t user_number, client_number;
    str scope;
    unix_time now;
};

static err get_consent_scope(struct db_conn *c, const struct remembering *w, str *scope)
{
    void *row = NULL;
    TRY(db_one(c, w->a, CALL(GET, P_INT(w->user_number), P_INT(w->client_number)), &columns, &row));
    *scope = row != NULL ? *(str *)row : STR_ABSENT;
    return OK;
}

static err get_body(struct db_conn *c, void *context)
{
    struct remembering *w = context;
    return get_consent_scope(c, w, &w->scope);
}

err db_consent_get(struct tx *tx, struct arena *a, int64_t user_number, int64_t client_number, str *scope)
{
    struct remembering w = {a, user_number, client_number, STR_ABSENT, 0};
    TRY(db_read(tx, get_body, &w));
    *scope = w.scope;
    return OK;
}

/* The old words, then those that are new. */
static err merge_scope_words(struct arena *a, str old, str more, str *out)
{
    struct buf b = buf_new(a, CONSENT_SCOPE_MAX);
    buf_add(&b, str_present(old) ? old : STR(""));
    str rest = more, word;
    while (str_next(&rest, ' ', &word)) {
        if (word.n == 0 || (str_present(old) && str_has_word(old, word)))
            continue;
        buf_word(&b, word);
    }
    return buf_done(&b, out);
}

static err remember_body(struct db_conn *c, void *context)
{
    struct remembering *w = context;
    str old, all;
    TRY(db_guard_user(c, w->user_number, DB_GUARD_ALONE)); /* what another one adds is not lost */
    TRY(get_consent_scope(c, w, &old));
    if (FAILED(merge_scope_words(w->a, old, w->scope, &all))) /* too much over the years: what was agreed to before is asked for again */
        TRY(merge_scope_words(w->a, STR_ABSENT, w->scope, &all));
    return db_run(c, CALL(REMEMBER, P_INT(w->user_number), P_INT(w->client_number), P_TEXT(all), P_INT(w->now)), NULL);
}

err db_consent_remember(struct tx *tx, int64_t user_number, int64_t client_number, str scope, unix_time now)
{
    struct arena *a = arena_new(CONSENT_ARENA);
    if (a == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    struct remembering w = {a, user_number, client_number, scope, now};
    err e = db_write(tx, DB_SINGLE, remember_body, &w);
    arena_release(a);
    return e;
}

err db_consent_forget(struct tx *tx, int64_t user_number, int64_t client_number)
{
    return db_write_call(tx, CALL(FORGET, P_INT(user_number), P_INT(client_number)), NULL);
}
