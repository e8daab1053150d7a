/* SPDX-License-Identifier: MIT
 * deferred: requests that a person decides elsewhere. Relies on db_deferred for every decision that must fall once; the polled code names
 * its row, sealed, so a forged one never reaches the store. Promises:
 *   1. the yes belongs to a logged-in session that saw this very request (DV-06), and makes a grant with that session's person and time;
 *   2. tokens are given once, to the client that asked (DV-05), with the scope of the request (DV-04);
 *   3. a person, session or client that ended between yes and fetching yields nothing (LS-16). */
#include "grant/deferred.h"
#include "crypto/random.h"
#include "context/source.h"
#include "scope/resource.h"
#include "clientauth/sender.h"
#include "token/opaque.h"
#include "base/banned.h"

static const struct flow {
    const char *kind;  /* in the row */
    const char *grant; /* db_authorization.flow, and the word in events */
    enum opaque_kind code;
} flows[] = {
    [DEFERRED_DEVICE] = {"device", "device_code", OPAQUE_DEVICE_CODE},
    [DEFERRED_CIBA] = {"ciba", "ciba", OPAQUE_AUTH_REQUEST},
};

static fallible seal_notification(struct context *ctx, str code, str *notification)
{
    struct token_raw raw;
    const str parts[] = {STR(DEFERRED_PING), code, STR("\n"), *notification};
    str text = str_join(ctx->arena, parts, sizeof parts / sizeof parts[0]);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "deferred: no memory");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_CONSENT, text, &raw));
    *notification = raw.text;
    return OK;
}

fallible deferred_begin(struct context *ctx, const struct deferred_begin *how, struct db_deferred *row, struct token_raw *code)
{
    const struct flow *flow = &flows[how->kind];
    TRY(db_deferred_reserve(ctx->tx, &row->number));
    const int64_t numbers[2] = {row->number, 0};
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, flow->code, numbers, code));
    if (str_filled(row->notification))
        TRY(seal_notification(ctx, code->text, &row->notification));
    row->kind = str_of(flow->kind);
    row->hash = token_hash_of(code->text);
    row->client_number = how->client->number;
    row->client_epoch = how->client->epoch;
    row->created_at = ctx->now;
    row->expires_at = clock_add(ctx->now, how->lifetime);
    row->source = source_key(ctx->arena, "at", ctx->address);
    row->interval_seconds = ctx->authority->policy.poll_interval;
    err added = db_deferred_add(ctx->tx, row, &how->caps);
    if (added.kind == ERR_THROTTLED)
        return REFUSAL(BUSY, "Too many requests are waiting for a decision; try again in a few minutes.", "deferred: too many pending requests");
    return added;
}

const struct db_client *deferred_client(const struct context *ctx, const struct db_deferred *row)
{
    const struct db_client *client = cache_client_by_number(ctx->snapshot, row->client_number);
    return client && !client->disabled && client->epoch == row->client_epoch ? client : NULL;
}

/* ---- the person's part ---- */

#define PENDING_BEGINS "deferred "

fallible deferred_pend(struct context *ctx, const struct db_deferred *row, const struct session *s, str *pending)
{
    struct token_raw raw;
    str print = session_print(ctx->arena, s);
    str text = str_format(ctx->arena, PENDING_BEGINS "%lld %.*s", (long long)row->number, STR_FMT(print));
    if (!str_present(print) || !str_present(text))
        FAIL(UNAVAILABLE, "deferred: no memory");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_CONSENT, text, &raw));
    *pending = raw.text;
    return OK;
}

#define STALE "This page has expired or belongs to another login. Please load the request again."

fallible deferred_resume(struct context *ctx, str pending, const struct session *s, struct db_deferred **row)
{
    const str begins = STR(PENDING_BEGINS);
    str text, number;
    uint64_t n;
    struct db_deferred *found;
    err opened = opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_CONSENT, pending, &text);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened) || !str_starts(text, begins))
        REFUSE(INVALID_REQUEST, STALE, "deferred: pending request is not ours");
    str rest = {text.p + begins.n, text.n - begins.n};
    str print = session_print(ctx->arena, s);
    if (!str_present(print))
        FAIL(UNAVAILABLE, "deferred: no memory");
    if (!str_next(&rest, ' ', &number) || FAILED(str_u64(number, INT64_MAX, &n)) || !s->user || !str_equal(rest, print))
        FAIL(STALE_FORM, "deferred: pending request of another browser session");
    TRY(db_deferred_get(ctx->tx, ctx->arena, (int64_t)n, &found));
    if (!found)
        REFUSE(INVALID_REQUEST, "The request has expired. Start again on the device or in the application.", "deferred: expired");
    if (!deferred_client(ctx, found))
        REFUSE(INVALID_REQUEST, "This application has been disabled or removed in the meantime.", "deferred: client gone meanwhile");
    *row = found;
    return OK;
}

struct allowing {
    struct context *ctx;
    const struct session *session;
    const struct db_deferred *row;
    const struct db_authorization *authorization;
    bool decided;
};

/* A logout, a block or a password change that overtook the yes must win: nobody fetches anything before it is known that none has. What ends
 * the session from here on ends this grant too. */
static err allow_while_open(void *context)
{
    struct allowing *w = context;
    struct context *ctx = w->ctx;
    struct db_session *open;
    TRY(db_user_hold(ctx->tx, w->session->user->number));
    TRY(db_session_get(ctx->tx, ctx->arena, w->session->row->number, &open));
    if (!open)
        FAIL(LOGIN_REQUIRED, "deferred: the session ended meanwhile");
    return db_deferred_allow(ctx->tx, w->row->number, w->authorization, &w->decided);
}

static fallible allow_deferred_request(struct context *ctx, const struct db_deferred *row, const struct session *s, bool *decided)
{
    char id[37];
    bool device = str_is(row->kind, flows[DEFERRED_DEVICE].kind);
    random_uuid(id);
    struct db_authorization authorization = {
        .id = str_dup(ctx->arena, str_of(id)),
        .user_number = s->user->number,
        .client_number = row->client_number,
        .client_epoch = row->client_epoch,
        .scope = row->scope,
        .resource = row->resource,
        .details = row->details,
        .claims = row->claims,
        .session_id = s->row->id,
        .flow = str_of(flows[device ? DEFERRED_DEVICE : DEFERRED_CIBA].grant),
        .created_at = ctx->now,
        .auth_time = s->row->auth_time,
        .amr = s->row->amr,
        .acr = s->row->acr,
        .last_used_at = ctx->now,
        .expires_at = row->expires_at, /* until its tokens are fetched */
    };
    TRY(db_authorization_reserve(ctx->tx, &authorization.number));
    struct allowing w = {ctx, s, row, &authorization, false};
    TRY(authority_together(ctx, allow_while_open, &w));
    *decided = w.decided;
    return OK;
}

/* CIBA Core 7.1: acr_values are a wish. */
static fallible well_enough(struct context *ctx, const struct db_deferred *row, const struct session *s)
{
    const struct assurance_need need = {.max_age = -1, .wished = row->acr_values};
    if (session_missing(ctx, s, &need) != ASSURANCE_NOTHING)
        FAIL(LOGIN_REQUIRED, "deferred: nobody is logged in, or not well enough");
    return OK;
}

fallible deferred_decide(struct context *ctx, const struct db_deferred *row, const struct session *s, bool yes)
{
    bool decided;
    const struct db_client *client = deferred_client(ctx, row);
    if (!client || !s->user || !s->row)
        FAIL(LOGIN_REQUIRED, "deferred: nobody is logged in, or the client is gone");
    if (yes)
        TRY(well_enough(ctx, row, s));
    TRY(yes ? allow_deferred_request(ctx, row, s, &decided) : db_deferred_deny(ctx->tx, row->number, s->user->number, &decided));
    if (!decided)
        REFUSE(INVALID_REQUEST, "This request has already been answered, or it has expired.", "deferred: decided before");
    authority_event(ctx, yes ? "consent.given" : "consent.denied",
                    &(struct authority_event_facts){.actor = s->user->id, .client_id = client->id, .subject = row->kind, .detail = row->scope});
    return OK;
}

/* ---- the client's part ---- */

static fallible take_deferred_code(struct context *ctx, const struct client_proof *proof, enum deferred_kind kind, str text, struct db_polled *polled)
{
    int64_t numbers[2];
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, flows[kind].code, text, numbers);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened)) /* AC-11 */
        REFUSE(INVALID_GRANT, "The code is malformed or was not issued by this server.", "deferred: not ours");
    struct token_hash hash = token_hash_of(text);
    struct db_poll_claim claim = {numbers[0], proof->client->number, &hash, flows[kind].kind};
    TRY(db_deferred_poll(ctx->tx, ctx->arena, &claim, polled));
    switch (polled->how) { /* RFC 8628 3.5, CIBA Core 11; DV-02 */
    case DB_POLL_TAKEN:
        return OK;
    case DB_POLL_PENDING:
        FAIL(AUTHORIZATION_PENDING, "deferred: not decided yet");
    case DB_POLL_EARLY:
        FAIL(SLOW_DOWN, "deferred: polled too early");
    case DB_POLL_DENIED:
        FAIL(ACCESS_DENIED, "deferred: the person said no");
    case DB_POLL_EXPIRED:
        FAIL(EXPIRED_TOKEN, "deferred: expired");
    case DB_POLL_USED:
        REFUSE(INVALID_GRANT, "The tokens of this request have already been fetched.", "deferred: used before");
    case DB_POLL_UNKNOWN:
        break;
    }
    REFUSE(INVALID_GRANT, "The code is unknown, has expired, or was issued to another client.", "deferred: unknown or another client's");
}

fallible deferred_redeem(struct context *ctx, const struct client_proof *proof, enum deferred_kind kind, str code, const struct form *f,
                         struct token_answer *out)
{
    const struct db_client *client = proof->client;
    struct db_polled polled = {0};
    struct db_authorization *authorization;
    TRY(take_deferred_code(ctx, proof, kind, code, &polled));
    TRY(db_authorization_get(ctx->tx, ctx->arena, polled.row->authorization_number, &authorization));
    if (!authorization || authorization->revoked_at != 0 || authorization->client_epoch != client->epoch)
        REFUSE(INVALID_GRANT, "The authorization was revoked.", "deferred: grant revoked before its tokens were fetched");
    TRY(resource_pick(ctx, f, authorization->resource, &authorization->resource));
    struct token_answer answer = {0};
    TRY(token_request_user(ctx, client, authorization, authorization->scope, &answer));
    TRY(token_request_begin(ctx, client, authorization, &answer));
    *out = answer;
    return OK;
}
