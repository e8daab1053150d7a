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
#include "grant/person_hint.h"
#include "client/subject.h"
#include "store/table/db_delivery.h"
#include "store/table/db_event.h"
#include "token/id_token.h"
#include "token/opaque.h"
#include "base/banned.h"

static const struct pace_rule asking = {.burst = 60, .each_ms = 10000}; /* one person, by one client */
enum { EXPIRY_MIN = 30, EXPIRY_MAX = 600 };

/* ---- who is meant ---- */

static fallible by_login_hint(struct ground *g, str hint, struct db_user **user)
{
    TRY(user_find(g, hint, user));
    return *user ? OK : person_hint_email(g, hint, user);
}

static fallible by_id_token(struct ground *g, const struct db_client *client, str token, struct db_user **user)
{
    struct id_token hint;
    *user = NULL;
    if (FAILED(id_token_read(g->arena, g->keys, token, g->authority->issuer, &hint)) || !str_equal(hint.client_id, client->id))
        REFUSE(INVALID_REQUEST, "id_token_hint is not an ID token that this server issued to this client.", "ciba: foreign id_token_hint");
    if (subject_pairwise(client))
        REFUSE(INVALID_REQUEST, "This client knows people by pairwise names; send login_hint instead of id_token_hint.",
               "ciba: id_token_hint of a pairwise client");
    return db_user_by_id(g->tx, g->arena, hint.subject, user); /* by no other name: it may be somebody else's */
}

static fallible find_person(struct ground *g, const struct db_client *client, const struct ciba_ask *ask, struct db_user **user)
{
    if (str_present(ask->id_token_hint))
        TRY(by_id_token(g, client, ask->id_token_hint, user));
    else
        TRY(by_login_hint(g, ask->login_hint, user));
    if (*user && !(*user)->blocked)
        return OK;
    FAIL(UNKNOWN_USER_ID, "ciba: no such person, or blocked");
}

/* Counted before it is judged; given back when there is such a person. */
static fallible person(struct ground *g, const struct db_client *client, const struct ciba_ask *ask, struct db_user **user, int64_t *retry_after)
{
    bool allowed;
    struct db_throttle state;
    str key = str_format(g->arena, "ciba:%lld", (long long)client->number);
    if (!str_present(key))
        FAIL(UNAVAILABLE, "ciba: no memory");
    TRY(db_throttle_try(g->tx, key, &g->authority->policy.address_rule, &allowed, &state));
    if (!allowed) {
        *retry_after = state.until - g->now > 1 ? state.until - g->now : 1;
        REFUSE(THROTTLED, "This client named too many people who are not here; try again later.", "ciba: throttled");
    }
    TRY(find_person(g, client, ask, user));
    return db_throttle_return(g->tx, key);
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
        REFUSE(UNAUTHORIZED_CLIENT, "This server offers the delivery modes poll and ping.", "ciba: client is registered for another mode");
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
static fallible notification(const struct db_client *client, str token, str *out)
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

static fallible lifetime(const struct ground *g, str requested, int64_t *seconds)
{
    uint64_t asked;
    *seconds = g->authority->policy.ciba_lifetime;
    if (!str_present(requested))
        return OK;
    if (FAILED(str_u64(requested, INT32_MAX, &asked)) || asked == 0)
        REFUSE(INVALID_REQUEST, "requested_expiry is a positive number of seconds.", "ciba: malformed requested_expiry");
    *seconds = asked < EXPIRY_MIN ? EXPIRY_MIN : asked > EXPIRY_MAX ? EXPIRY_MAX : (int64_t)asked;
    return OK;
}

fallible ciba_request(struct ground *g, const struct client_proof *proof, const struct form *f, struct ciba_answer *out)
{
    const struct db_client *client = proof->client;
    struct ciba_ask ask;
    struct db_user *user;
    struct token_raw code;
    TRY(may_ask(proof));
    TRY(ciba_request_read(g, client, f, &ask));
    struct db_deferred row = {.acr_values = ask.acr_values, .binding_message = ask.binding_message, .address = g->address};
    struct deferred_begin how = {.kind = DEFERRED_CIBA, .client = client, .caps = g->authority->policy.ciba_caps};
    row.resource = ask.resources;
    TRY(scope_grant(g, client, row.resource, ask.scope, &row.scope));
    TRY(notification(client, ask.notification_token, &row.notification));
    TRY(lifetime(g, ask.requested_expiry, &how.lifetime));
    TRY(person(g, client, &ask, &user, &out->retry_after));
    row.user_number = user->number;
    const struct pace_key key = {PACE_CIBA, (uint64_t)client->number, (uint64_t)user->number};
    if (!pace_take(&key, &asking, 1, &out->retry_after)) /* RL-06: nobody is asked without end by one client */
        REFUSE(BUSY, "This client asked this person too often; try again later.", "ciba: a client's questions to a person are paced");
    out->retry_after = DEFERRED_AGAIN;
    TRY(deferred_begin(g, &how, &row, &code));
    authority_event(g, "ciba.asked", &(struct authority_event_facts){.client_id = client->id, .subject = user->id, .detail = row.scope});
    *out = (struct ciba_answer){code.text, how.lifetime, row.interval_seconds, 0};
    return OK;
}

/* ---- the person's decision ---- */

fallible ciba_waiting(struct ground *g, const struct session *s, struct db_deferred **rows, size_t *count)
{
    struct db_deferred *all;
    size_t n, kept = 0;
    TRY(db_deferred_waiting(g->tx, g->arena, s->user->number, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (deferred_client(g, &all[i]))
            all[kept++] = all[i];
    *rows = all;
    *count = kept;
    return OK;
}

struct deciding {
    struct ground *g;
    const struct db_deferred *row;
    const struct session *s;
    bool allow;
};

static err decide_and_tell(void *context)
{
    const struct deciding *w = context;
    TRY(deferred_decide(w->g, w->row, w->s, w->allow));
    const struct db_client *client = deferred_client(w->g, w->row);
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
    err added = str_filled(ping.url) ? db_delivery_add(w->g->tx, &ping) : OK;
    return added.kind == ERR_THROTTLED ? OK : added; /* RL-06: a full outbox takes nobody's word away; the client may poll */
}

fallible ciba_decide(struct ground *g, const struct db_deferred *row, const struct session *s, bool yes)
{
    struct deciding w = {g, row, s, yes};
    return authority_together(g, decide_and_tell, &w);
}

/* deferred_begin sealed them together: the code that is polled, a line feed, the client's own token. */
fallible ciba_ping_open(struct ground *g, str sealed, str *body, str *bearer)
{
    str text, code;
    TRY(opaque_sealed_open(g->arena, g->keys, OPAQUE_CONSENT, sealed, &text));
    if (!str_starts(text, STR(DEFERRED_PING)))
        FAIL(SERVER_ERROR, "ciba: a ping that is none");
    str rest = {text.p + sizeof DEFERRED_PING - 1, text.n - sizeof DEFERRED_PING + 1};
    if (!str_next(&rest, '\n', &code) || !str_filled(rest))
        FAIL(SERVER_ERROR, "ciba: a ping without its parts");
    struct json_writer message = json_writer_new(g->arena); /* CIBA Core 10.2 */
    json_write_object(&message, NULL);
    json_write_text(&message, "auth_req_id", code);
    json_write_end(&message);
    TRY(json_writer_done(&message, body));
    *bearer = rest;
    return OK;
}

/* ---- the client's poll ---- */

fallible ciba_redeem(struct ground *g, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str code = form_get(f, "auth_req_id");
    if (!str_present(code))
        REFUSE(INVALID_REQUEST, "auth_req_id is missing.", "ciba: auth_req_id missing");
    return deferred_redeem(g, proof, DEFERRED_CIBA, code, f, out);
}
