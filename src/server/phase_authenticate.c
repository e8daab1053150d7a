/* SPDX-License-Identifier: MIT
 * phase_authenticate: who is it: the person at a browser, a client, or the bearer of an access token, by the row's `who`. Relies on the rules for
 * every judgement; promises that who fails here has spent nothing, and that a client's failed proof is told to the administrator. */
#include "server/phase.h"
#include "clientauth/client_assertion.h"
#include "clientauth/sender.h"
#include "base/banned.h"

/* RFC 9449 4.3: one header at the most. */
static fallible only_proof(const struct request *r, str *out)
{
    str found = STR_ABSENT;
    *out = STR_ABSENT;
    if (!str_present(request_field(r, HTTP_FIELD_DPOP)))
        return OK;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_equal_nocase(r->headers[i].name, STR("DPoP")))
            continue;
        if (str_present(found))
            REFUSE(INVALID_DPOP_PROOF, "The DPoP header was sent twice.", "request: two DPoP headers");
        found = r->headers[i].value;
    }
    *out = found;
    return OK;
}

/* The address as this server publishes it: the configured issuer, or its twin that asks for certificates; Host only tells which of the
 * two was called (MD-02). */
static str public_url(const struct pipeline *w)
{
    const struct authority *authority = w->context.authority;
    const struct request *r = &w->exchange->request;
    const str scheme = STR("https://");
    str base = authority->issuer, twin = authority->issuer_mtls;
    size_t around = scheme.n + authority->base.n;
    if (str_present(twin) && twin.n > around && str_equal_nocase((str){twin.p + scheme.n, twin.n - around}, request_field(r, HTTP_FIELD_HOST)))
        base = twin;
    const str parts[] = {base, (str){r->target.p, str_find(r->target, '?')}};
    return str_join(r->arena, parts, 2);
}

/* OpenID Connect Core 3.1.2.1 */
static str languages_wanted(const struct pipeline *w)
{
    struct form query;
    str asked = form_get(&w->call.form, "ui_locales"), to = form_get(&w->call.form, "return_to");
    size_t at = str_find(to, '?');
    if (str_present(asked) || !str_present(to) || at == to.n)
        return asked;
    bool read = !FAILED(form_parse_repeating(w->exchange->request.arena, (str){to.p + at + 1, to.n - at - 1}, &query));
    return read ? form_get(&query, "ui_locales") : STR_ABSENT;
}

void phase_language(struct pipeline *w)
{
    w->context.language = message_choose(languages_wanted(w), request_header(&w->exchange->request, "Accept-Language"));
}

fallible phase_describe(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    struct context *ctx = &w->context;
    ctx->address = r->peer;
    ctx->request_id = str_of(r->id);
    ctx->user_agent = request_field(r, HTTP_FIELD_USER_AGENT);
    ctx->method = r->method_name;
    ctx->certificate = r->certificate;
    ctx->proven = &w->proven;
    if (w->route->answers == HTML)
        phase_language(w);
    ctx->refusal_audited = &w->refusal_audited;
    bool asked = str_present(request_field(r, HTTP_FIELD_DPOP)) || client_assertion_sent(&w->call.form);
    ctx->url = asked ? public_url(w) : STR_ABSENT;
    if (asked && !str_present(ctx->url))
        FAIL(UNAVAILABLE, "request: no memory");
    return only_proof(r, &ctx->dpop);
}

static fallible find_session(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    str cookie, device;
    const struct authority *authority = w->context.authority;
    str names[] = {session_cookie_name(r->arena, authority), session_device_cookie_name(r->arena, authority)};
    if (!str_present(names[0]) || !str_present(names[1]))
        FAIL(UNAVAILABLE, "authenticate: no memory");
    TRY(request_cookie(r, names[0].p, &cookie)); /* LS-20 */
    TRY(request_cookie(r, names[1].p, &device));
    w->context.device = device;
    TRY(session_find(&w->context, cookie, &w->call.session));
    w->call.actor = w->call.session.actor;
    return OK;
}

static struct client_claim claim_of(const struct pipeline *w)
{
    return (struct client_claim){request_field(&w->exchange->request, HTTP_FIELD_AUTHORIZATION), &w->call.form, w->route->who == CLIENT_OF_GRANT};
}

/* Before any rule sees the request: who fails here has spent nothing (AC-07). */
static fallible find_client(struct pipeline *w)
{
    struct client_claim claim = claim_of(w);
    err judged = client_auth_check(&w->context, &claim, &w->call.client);
    if (FAILED(judged) && judged.kind != ERR_ELSEWHERE)
        client_auth_report(&w->context, &claim, judged);
    return judged;
}

/* A signature of whoever comes along, with a key of their choice, is nothing for the one thread that all changes wait for. */
static bool proof_waits(const struct pipeline *w)
{
    return w->pool == WRITE && w->route->proof == PROOF_BINDS && str_present(request_field(&w->exchange->request, HTTP_FIELD_DPOP));
}

bool phase_waits(const struct pipeline *w)
{
    if (w->pool == HASH && route_of_user(w->route)) /* who is nobody takes no place among those who wait for a hash (RL-07) */
        return true;
    const struct client_claim claim = claim_of(w);
    const struct request *r = &w->exchange->request;
    const struct context seen = {.authority = w->context.authority, .arena = r->arena, .certificate = r->certificate};
    return route_of_client(w->route) && (proof_waits(w) || client_auth_waits(&seen, &claim));
}

fallible phase_proof(struct pipeline *w)
{
    struct sender shown;
    return w->route->proof == PROOF_BINDS ? sender_proof(&w->context, STR_ABSENT, &shown) : OK; /* kept in w->proven, where the next run finds it */
}

fallible phase_again(struct pipeline *w)
{
    return client_auth_again(&w->context, w->admitted, &w->call.client);
}

/* In the header (PT-05); rows that take a form may have it there instead (RFC 6750 2.2; AT-15), never in both. */
static fallible find_bearer(struct pipeline *w)
{
    str header = request_field(&w->exchange->request, HTTP_FIELD_AUTHORIZATION), field = STR_ABSENT;
    struct bearer_sent sent = {STR_ABSENT, false};
    if (w->route->takes == FORM)
        field = form_get(&w->call.form, "access_token");
    if (str_present(field) && str_present(header))
        REFUSE(INVALID_REQUEST, "The access token was sent twice: in the Authorization header and in the body. Use one.", "authenticate: two access tokens");
    if (str_present(field))
        sent.token = field;
    else
        TRY(bearer_of_header(header, &sent));
    return bearer_actor(&w->context, &sent, &w->call.actor);
}

fallible phase_authenticate(struct pipeline *w)
{
    switch (w->route->who) {
    case ANYONE:
    case PROBE:
    case METER:
        return OK;
    case BROWSER:
    case USER:
    case USER_DUE:
    case ADMIN:
        return find_session(w);
    case CLIENT:
    case CLIENT_OF_GRANT:
        return find_client(w);
    case BEARER:
        return find_bearer(w);
    case ROUTE_WHO_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "authenticate: the row does not say who may call");
}
