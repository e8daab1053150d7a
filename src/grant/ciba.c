/* SPDX-License-Identifier: MIT
 * ciba: CIBA Core 1.0. Relies on grant/ciba_request for what was asked, on grant/deferred for the decision and the tokens, on the outbox for
 * pings. Promises: only confidential clients that an administrator gave the grant may ask, a client that guesses at people is slowed down
 * (LS-11), a blocked person is nobody (LS-16, CVE-2026-9798), and the yes needs a logged-in session, which obeys every rule of the login.
 *
 *   ciba_request ─▶ pending ── ciba_decide in /account/requests ─▶ allowed | denied ─┬─ ping ─▶ client
 *                                                                                    └─ ciba_redeem ─▶ tokens, once */
#include "grant/ciba.h"
#include "base/ascii.h"
#include "base/pace.h"
#include "codec/json_writer.h"
#include "user/user.h"
#include "grant/ciba_request.h"
#include "grant/user_hint.h"
#include "client/subject.h"
#include "store/table/db_delivery.h"
#include "store/table/db_event.h"
#include "token/id_token.h"
#include "token/opaque.h"
#include "base/banned.h"

static const struct pace_rule asking = {.burst = 60, .each_ms = 10000}; /* one person, by one client */
enum { EXPIRY_MIN = 30, EXPIRY_MAX = 600 };

/* ---- who is meant ---- */

static fallible by_login_hint(struct context *ctx, str hint, struct db_user **user)
{
    TRY(user_find(ctx, hint, user));
    return *user ? OK : user_hint_email(ctx, hint, user);
}

static fallible by_id_token(struct context *ctx, const struct db_client *client, str token, struct db_user **user)
{
    struct id_token hint;
    *user = NULL;
    err read = id_token_read(ctx->arena, ctx->keys, token, ctx->authority->issuer, &hint);
    if (FAILED(read) && read.kind != ERR_INVALID_TOKEN)
        return read;
    if (FAILED(read) || !str_equal(hint.client_id, client->id))
        REFUSE(INVALID_REQUEST, "id_token_hint is not an ID token that this server issued to this client.", "ciba: foreign id_token_hint");
    if (subject_pairwise(client))
        REFUSE(INVALID_REQUEST, "This client knows users by pairwise IDs; send login_hint instead of id_token_hint.",
               "ciba: id_token_hint of a pairwise client");
    return db_user_by_id(ctx->tx, ctx->arena, hint.subject, user); /* by no other name: it may be somebody else's */
}

static fallible find_user_by_name(struct context *ctx, const struct db_client *client, const struct ciba_ask *ask, struct db_user **user)
{
    if (str_present(ask->id_token_hint))
        TRY(by_id_token(ctx, client, ask->id_token_hint, user));
    else
        TRY(by_login_hint(ctx, ask->login_hint, user));
    if (*user && !(*user)->blocked)
        return OK;
    FAIL(UNKNOWN_USER_ID, "ciba: no such person, or blocked");
}

/* Counted before it is judged; given back when there is such a person. */
static fallible find_hinted_user(struct context *ctx, const struct db_client *client, const struct ciba_ask *ask, struct db_user **user, int64_t *retry_after)
{
    bool allowed;
    struct db_throttle state;
    str key = str_format(ctx->arena, "ciba:%lld", (long long)client->number);
    if (!str_present(key))
        FAIL(UNAVAILABLE, "ciba: no memory");
    TRY(db_throttle_try(ctx->tx, key, &ctx->authority->policy.address_rule, &allowed, &state));
    if (!allowed) {
        *retry_after = state.until - ctx->now > 1 ? state.until - ctx->now : 1;
        REFUSE(THROTTLED, "This client has named too many unknown users; try again later.", "ciba: throttled");
    }
    TRY(find_user_by_name(ctx, client, ask, user));
    return db_throttle_return(ctx->tx, key);
}

/* ---- the client's request ---- */

static fallible may_ask(const struct client_proof *proof)
{
    const struct db_client *client = proof->client;
    if (!proof->authenticated || client->is_public) /* CIBA Core 7.1 */
        REFUSE(UNAUTHORIZED_CLIENT, "A public client may not use backchannel authentication.", "ciba: public client");
    if (!client_allows_grant(client, STR("ciba")))
        REFUSE(UNAUTHORIZED_CLIENT, "Backchannel authentication is not enabled for this client. An administrator can enable it: jeton client edit ID --grant.",
               "ciba: grant not enabled for the client");
    str mode = client->metadata.backchannel_token_delivery_mode;
    if (str_filled(mode) && !str_is(mode, "poll") && !str_is(mode, "ping"))
        REFUSE(UNAUTHORIZED_CLIENT, "This server supports only the delivery modes poll and ping.", "ciba: client is registered for another mode");
    return OK;
}

static bool token_fits(str token) /* RFC 6750 2.1 b64token */
{
    size_t n = token.n;
    while (n > 0 && token.p[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++)
        if (!ascii_unreserved(token.p[i]) && token.p[i] != '+' && token.p[i] != '/')
            return false;
    return n > 0 && token.n <= CIBA_NOTIFICATION_MAX;
}

/* Absent for a client that polls, whatever it sent (CIBA Core 7.1). */
static fallible read_notification_token(const struct db_client *client, str token, str *out)
{
    *out = STR_ABSENT;
    if (!str_is(client->metadata.backchannel_token_delivery_mode, "ping"))
        return OK;
    if (!str_filled(client->metadata.backchannel_client_notification_endpoint))
        REFUSE(UNAUTHORIZED_CLIENT, "The client has no registered notification endpoint.", "ciba: ping without an endpoint");
    if (!str_filled(token) || !token_fits(token))
        REFUSE(INVALID_REQUEST, "client_notification_token is missing, malformed or longer than 1024 characters.",
               "ciba: client_notification_token missing or malformed");
    *out = token;
    return OK;
}

static fallible choose_ciba_lifetime(const struct context *ctx, str requested, int64_t *seconds)
{
    uint64_t asked;
    *seconds = ctx->authority->policy.ciba_lifetime;
    if (!str_present(requested))
        return OK;
    if (FAILED(str_u64(requested, INT32_MAX, &asked)) || asked == 0)
        REFUSE(INVALID_REQUEST, "requested_expiry must be a positive number of seconds.", "ciba: malformed requested_expiry");
    *seconds = asked < EXPIRY_MIN ? EXPIRY_MIN : asked > EXPIRY_MAX ? EXPIRY_MAX : (int64_t)asked;
    return OK;
}

fallible ciba_request(struct context *ctx, const struct client_proof *proof, const struct form *f, struct ciba_answer *out)
{
    const struct db_client *client = proof->client;
    struct ciba_ask ask;
    struct db_user *user;
    struct token_raw code;
    TRY(may_ask(proof));
    TRY(ciba_request_read(ctx, client, f, &ask));
    struct db_deferred row = {.acr_values = ask.acr_values, .binding_message = ask.binding_message, .address = ctx->address};
    struct deferred_begin how = {.kind = DEFERRED_CIBA, .client = client, .caps = ctx->authority->policy.ciba_caps};
    row.resource = ask.resources;
    TRY(scope_grant(ctx, client, row.resource, ask.scope, &row.scope));
    TRY(read_notification_token(client, ask.notification_token, &row.notification));
    TRY(choose_ciba_lifetime(ctx, ask.requested_expiry, &how.lifetime));
    TRY(find_hinted_user(ctx, client, &ask, &user, &out->retry_after));
    row.user_number = user->number;
    const struct pace_key key = {PACE_CIBA, (uint64_t)client->number, (uint64_t)user->number};
    if (!pace_take(&key, &asking, 1, &out->retry_after)) /* RL-06: nobody is asked without end by one client */
        REFUSE(BUSY, "This client has asked this user too often; try again later.", "ciba: a client's questions to a person are paced");
    out->retry_after = DEFERRED_AGAIN;
    TRY(deferred_begin(ctx, &how, &row, &code));
    authority_event(ctx, "ciba.asked", &(struct authority_event_facts){.client_id = client->id, .subject = user->id, .detail = row.scope});
    *out = (struct ciba_answer){code.text, how.lifetime, row.interval_seconds, 0};
    return OK;
}

/* ---- the person's decision ---- */

fallible ciba_waiting(struct context *ctx, const struct session *s, struct db_deferred **rows, size_t *count)
{
    struct db_deferred *all;
    size_t n, kept = 0;
    TRY(db_deferred_waiting(ctx->tx, ctx->arena, s->user->number, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (deferred_client(ctx, &all[i]))
            all[kept++] = all[i];
    *rows = all;
    *count = kept;
    return OK;
}

struct deciding {
    struct context *ctx;
    const struct db_deferred *row;
    const struct session *s;
    bool allow;
};

static err decide_and_tell(void *context)
{
    const struct deciding *w = context;
    TRY(deferred_decide(w->ctx, w->row, w->s, w->allow));
    const struct db_client *client = deferred_client(w->ctx, w->row);
    if (!client || !str_filled(w->row->notification))
        return OK;
    struct db_delivery ping = {
        .kind = STR("ping"),
        .client_number = client->number,
        .url = client->metadata.backchannel_client_notification_endpoint,
        .media_type = STR("application/json"),
        .body = w->row->notification,
        .expires_at = w->row->expires_at,
    };
    err added = str_filled(ping.url) ? db_delivery_add(w->ctx->tx, &ping) : OK;
    return added.kind == ERR_THROTTLED ? OK : added; /* RL-06: a full outbox takes nobody's word away; the client may poll */
}

fallible ciba_decide(struct context *ctx, const struct db_deferred *row, const struct session *s, bool yes)
{
    struct deciding w = {ctx, row, s, yes};
    return authority_together(ctx, decide_and_tell, &w);
}

/* deferred_begin sealed them together: the code that is polled, a line feed, the client's own token. */
fallible ciba_ping_open(struct context *ctx, str sealed, str *body, str *bearer)
{
    str text, code;
    TRY(opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_CONSENT, sealed, &text));
    if (!str_starts(text, STR(DEFERRED_PING)))
        FAIL(SERVER_ERROR, "ciba: a ping that is none");
    str rest = {text.p + sizeof DEFERRED_PING - 1, text.n - sizeof DEFERRED_PING + 1};
    if (!str_next(&rest, '\n', &code) || !str_filled(rest))
        FAIL(SERVER_ERROR, "ciba: a ping without its parts");
    struct json_writer message = json_writer_new(ctx->arena); /* CIBA Core 10.2 */
    json_write_object(&message, NULL);
    json_write_text(&message, "auth_req_id", code);
    json_write_end(&message);
    TRY(json_writer_done(&message, body));
    *bearer = rest;
    return OK;
}

/* ---- the client's poll ---- */

fallible ciba_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str code = form_get(f, "auth_req_id");
    if (!str_present(code))
        REFUSE(INVALID_REQUEST, "auth_req_id is missing.", "ciba: auth_req_id missing");
    return deferred_redeem(ctx, proof, DEFERRED_CIBA, code, f, out);
}
