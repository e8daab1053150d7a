/* SPDX-License-Identifier: MIT
 * session: browser sessions. The cookie is a sealed credential whose text is hashed into the row, so a look at the database
 * gives nobody a session, and a forged cookie never reaches the store. Relies on store/table/db_session, token/opaque. Promises:
 *   1. whoever is not surely logged in is a visit; a store that fails is an error, never "not logged in";
 *   2. each change of who somebody is (login, password given again, logout) makes a new cookie and kills the old (LS-01);
 *   3. before login nothing is stored (RL-06);
 *   4. no session is opened while the person is blocked, removed or given another password: they are looked at again in the transaction that
 * opens it, and whoever changes them later finds the row.
 *
 *   visit (no row) ──session_begin──▶ live ──session_reauthenticated──▶ live (new row, same absolute end)
 *                                     live ──session_stepped_up──▶ live (new row, same auth_time, same absolute end)
 *                                     live ──session_end, idle, absolute end──▶ visit
 *                                     live ──block, password change (user/user)──▶ visit */
#include "session/session.h"
#include "codec/b64url.h"
#include "codec/utf8.h"
#include "crypto/random.h"
#include "session/login.h"
#include "store/table/db_authorization.h"
#include "token/opaque.h"
#include "base/banned.h"

enum {
    SEEN_EVERY = 60, /* seconds between two notes of the last visit: db_session asks for no more */
    ADDRESS_MAX = 64,
    USER_AGENT_MAX = 200,
};

/* LS-02. A host of our own: __Host-, which no neighbour can set, sent to the whole host. Below a path the host has other programs, to which a
 * browser must not hand our sessions: so the cookie is sent below that path alone, which __Host- forbids, and its name is that path's own,
 * for of two issuers the one may lie below the other. */
static str cookie_name(struct arena *a, const struct authority *authority, const char *word)
{
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    str name, base = authority->base;
    buf_add_z(&b, !authority->secure ? "" : base.n > 0 ? "__Secure-" : "__Host-");
    buf_add_z(&b, word);
    for (size_t i = 0; i < base.n; i++)
        buf_char(&b, base.p[i] != '/' ? base.p[i] : i == 0 ? '-' : '.');
    return FAILED(buf_done(&b, &name)) ? STR_ABSENT : name;
}

str session_cookie_name(struct arena *a, const struct authority *authority)
{
    return cookie_name(a, authority, "jeton");
}

str session_device_cookie_name(struct arena *a, const struct authority *authority)
{
    return cookie_name(a, authority, "jeton-device");
}

static fallible fresh_visit(struct context *ctx, struct session *out)
{
    struct token_raw cookie;
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_VISIT, (const int64_t[2]){ctx->now, 0}, &cookie));
    *out = (struct session){.cookie = cookie.text, .fresh = true};
    return OK;
}

/* A visit that was made here and is no older than a session may be goes on: its forms stay valid. */
static fallible visit_of(struct context *ctx, str cookie, struct session *out)
{
    int64_t numbers[2];
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_VISIT, cookie, numbers);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened) || numbers[0] > ctx->now || clock_add(numbers[0], ctx->authority->policy.session_absolute) <= ctx->now)
        return fresh_visit(ctx, out);
    *out = (struct session){.cookie = cookie};
    return OK;
}

static struct actor actor_of(const struct db_session *row, const struct db_user *user)
{
    return (struct actor){
        .kind = ACTOR_USER,
        .way = ACTOR_BY_SESSION,
        .user = user,
        .session = row->number,
        .auth_time = row->auth_time,
        .expires_at = row->expires_at,
    };
}

static bool is_session_over(const struct context *ctx, const struct db_session *row) /* LS-03 */
{
    return ctx->now >= row->expires_at || !clock_within(ctx->now, row->last_seen_at, ctx->authority->policy.session_idle - 1);
}

/* *row NULL: the cookie is no live session. */
static fallible row_of(struct context *ctx, str cookie, struct db_session **row)
{
    int64_t numbers[2];
    struct db_session *found;
    *row = NULL;
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_SESSION, cookie, numbers);
    if (opened.kind == ERR_INVALID_TOKEN)
        return OK;
    TRY(opened);
    TRY(db_session_get(ctx->tx, ctx->arena, numbers[0], &found));
    struct token_hash hash = token_hash_of(cookie);
    if (found == NULL || !token_hash_equal(&found->hash, &hash))
        return OK;
    if (is_session_over(ctx, found))
        return db_session_end(ctx->tx, found->number);
    *row = found;
    return OK;
}

static void note_seen(struct context *ctx, struct db_session *row)
{
    if (ctx->now - row->last_seen_at < SEEN_EVERY)
        return;
    /* Without the note the session only ends sooner, so a store that cannot write does not lock people out of reading. */
    if (!FAILED(db_session_seen(ctx->tx, row->number, ctx->now)))
        row->last_seen_at = ctx->now;
}

fallible session_find(struct context *ctx, str cookie, struct session *out)
{
    if (opaque_kind_of(cookie) == OPAQUE_VISIT)
        return visit_of(ctx, cookie, out);
    if (opaque_kind_of(cookie) != OPAQUE_SESSION)
        return fresh_visit(ctx, out);
    struct db_session *row;
    struct db_user *user;
    TRY(row_of(ctx, cookie, &row));
    if (row == NULL)
        return fresh_visit(ctx, out);
    TRY(cache_user(ctx->authority->cache, ctx->tx, ctx->arena, row->user_number, &user));
    if (user == NULL || user->blocked)
        return fresh_visit(ctx, out);
    note_seen(ctx, row);
    *out = (struct session){.cookie = cookie, .row = row, .user = user, .actor = actor_of(row, user)};
    return OK;
}

/* Text alone, in whole characters: a header may hold any bytes, and not every engine keeps them. */
static str cut_session_text(str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    str text = {s.p, n};
    return utf8_valid(text) ? text : STR_ABSENT;
}

/* Judging a password takes long; what it was judged for may be gone by now (LS-05, contract 7). */
static fallible still_the_same(struct context *ctx, const struct db_user *user)
{
    bool overtaken;
    TRY(login_overtaken(ctx, user, &overtaken));
    return overtaken ? ERR(LOGIN_REQUIRED, "session: the person was changed while they logged in") : OK;
}

static void set_session_assurance(struct db_session *row, str amr)
{
    row->amr = amr;
    row->acr = assurance_acr(&assurance_usual, amr);
}

struct replacing {
    struct context *ctx;
    const struct db_session *row, *old; /* old: NULL when there is none */
    const struct db_user *user;
};

/* The row first: it holds the person, who is then looked at. */
static err replace_row(void *context)
{
    const struct replacing *w = context;
    TRY(db_session_open(w->ctx->tx, w->row));
    TRY(still_the_same(w->ctx, w->user));
    return w->old != NULL ? db_session_end(w->ctx->tx, w->old->number) : OK;
}

/* Puts `row` (times, user and assurance given) into the store with a fresh number, id and secret, and takes the old row of this browser away; a
 * failure leaves the browser as it was. */
static fallible replace_session(struct context *ctx, struct db_session *row, struct session *s)
{
    struct token_raw cookie;
    char id[37];
    TRY(db_session_reserve(ctx->tx, &row->number));
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_SESSION, (const int64_t[2]){row->number, 0}, &cookie));
    random_uuid(id);
    if (!str_present(row->id)) /* after a mere re-authentication it is the same session, with what was allowed in it */
        row->id = str_dup(ctx->arena, str_of(id));
    row->hash = token_hash_of(cookie.text);
    row->last_seen_at = ctx->now;
    row->address = cut_session_text(ctx->address, ADDRESS_MAX);
    row->user_agent = cut_session_text(ctx->user_agent, USER_AGENT_MAX);
    if (!str_present(row->id))
        FAIL(UNAVAILABLE, "no memory for a session");
    TRY(authority_together(ctx, replace_row, &(struct replacing){ctx, row, s->row, s->user}));
    s->cookie = cookie.text;
    s->fresh = true;
    s->row = row;
    s->actor = actor_of(row, s->user);
    return OK;
}

/* The session, what was given in it, and the notices to its clients: one transaction (LS-04, RF-08, LO-02). */
static fallible end_row(struct context *ctx, const struct db_session *row, const struct db_user *user)
{
    bool was_open;
    struct db_session_name name = {row->user_number, row->id};
    TRY(db_authorization_end_session(ctx->tx, ctx->arena, &name, &was_open));
    authority_event(ctx, "logout", &(struct authority_event_facts){.actor = user->id});
    return OK;
}

/* Whatever there was at this browser before is left alone. */
static fallible open_new(struct context *ctx, const struct db_user *user, str amr, struct session *s)
{
    struct db_session *row = ARENA_NEW(ctx->arena, struct db_session);
    struct db_user *person = ARENA_NEW(ctx->arena, struct db_user);
    if (row == NULL || person == NULL)
        FAIL(UNAVAILABLE, "no memory for a session");
    *person = *user;
    row->user_number = user->number;
    row->created_at = row->auth_time = ctx->now;
    row->expires_at = clock_add(ctx->now, ctx->authority->policy.session_absolute);
    set_session_assurance(row, amr);
    s->user = person;
    s->row = NULL;
    return replace_session(ctx, row, s);
}

fallible session_open(struct context *ctx, const struct db_user *user, str amr, bool step_up, struct session *s)
{
    struct session next = *s;
    if (s->user == NULL || s->user->number != user->number)
        TRY(open_new(ctx, user, amr, &next));
    else
        TRY(step_up ? session_stepped_up(ctx, amr, &next) : session_reauthenticated(ctx, amr, &next));
    *s = next;
    return OK;
}

fallible session_leave(struct context *ctx, const struct session *before, const struct session *now)
{
    if (before->row == NULL || str_equal(before->row->id, now->row->id))
        return OK;
    return end_row(ctx, before->row, before->user);
}

fallible session_begin(struct context *ctx, const struct db_user *user, str amr, struct session *s)
{
    struct session next = *s;
    TRY(open_new(ctx, user, amr, &next));
    TRY(session_leave(ctx, s, &next));
    *s = next;
    return OK;
}

static fallible renew_session(struct context *ctx, str amr, unix_time auth_time, struct session *s)
{
    INVARIANT(s->row != NULL);
    struct db_session *row = ARENA_NEW(ctx->arena, struct db_session);
    if (row == NULL)
        FAIL(UNAVAILABLE, "no memory for a session");
    *row = *s->row; /* the absolute end stays (LS-03) */
    row->auth_time = auth_time;
    set_session_assurance(row, amr);
    return replace_session(ctx, row, s);
}

fallible session_reauthenticated(struct context *ctx, str amr, struct session *s)
{
    return renew_session(ctx, amr, ctx->now, s);
}

fallible session_stepped_up(struct context *ctx, str amr, struct session *s)
{
    return renew_session(ctx, amr, s->row->auth_time, s);
}

/* The second factor was not shown again: the login is the one of before. */
fallible session_password_set(struct context *ctx, struct session *s)
{
    if (str_filled(s->user->second_factors))
        return session_stepped_up(ctx, s->row->amr, s);
    return session_reauthenticated(ctx, STR("pwd"), s);
}

fallible session_end(struct context *ctx, struct session *s)
{
    struct session visit;
    TRY(fresh_visit(ctx, &visit));
    if (s->row != NULL)
        TRY(end_row(ctx, s->row, s->user));
    *s = visit;
    return OK;
}

str session_print(struct arena *a, const struct session *s)
{
    enum { PRINT = 16 };
    struct token_hash hash = token_hash_of(s->cookie);
    return b64url_encode(a, hash.bytes, PRINT);
}

enum assurance_missing session_missing(const struct context *ctx, const struct session *s, const struct assurance_need *need)
{
    struct assurance_have have = {.amr = STR_ABSENT, .now = ctx->now};
    if (s->row != NULL && s->user != NULL) {
        have.amr = s->row->amr;
        have.auth_time = s->row->auth_time;
        have.second_factors = &s->user->second_factors;
    }
    return assurance_missing(&assurance_usual, need, &have);
}

bool session_recent(const struct context *ctx, const struct session *s)
{
    const struct assurance_need need = {.max_age = ctx->authority->policy.reauthentication};
    return session_missing(ctx, s, &need) == ASSURANCE_NOTHING;
}

fallible session_list(struct context *ctx, int64_t user_number, struct db_session **rows, size_t *count)
{
    return db_session_list(ctx->tx, ctx->arena, user_number, rows, count);
}
