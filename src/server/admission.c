/* SPDX-License-Identifier: MIT
 * admission: the guards of the rows. Relies on the row alone to know what to demand; promises that no handler runs before its row is
 * satisfied, and that a row with a hole in it refuses everything. */
#include "server/admission.h"
#include "grant/sender.h"
#include "base/banned.h"

fallible admission_read(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    switch (w->route->takes) {
    case NOTHING:
        return OK;
    case QUERY:
        return request_query(r, &w->call.form);
    case FORM:
        return request_form(r, false, &w->call.form);
    case FORM_OR_JSON:
        return request_form(r, true, &w->call.form);
    case QUERY_OR_FORM: /* AZ-08 */
    case QUERY_OR_FORM_REPEATING:
        if (r->method != HTTP_POST)
            return w->route->takes == QUERY_OR_FORM ? request_query(r, &w->call.form) : request_repeating(r, &w->call.form);
        if (str_filled(r->query)) /* AZ-03: no parameter in two places */
            REFUSE(INVALID_REQUEST, "A POST request carries its parameters in the body alone.", "admission: query beside a form");
        return w->route->takes == QUERY_OR_FORM ? request_form(r, false, &w->call.form) : request_repeating(r, &w->call.form);
    case JSON_BODY:
        if (r->body.n > 0 && r->body_kind != HTTP_BODY_JSON)
            REFUSE(UNSUPPORTED_MEDIA, "Send the data as JSON, with the header Content-Type: application/json.", "admission: body is not JSON");
        return OK;
    case ROUTE_TAKES_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "admission: the row does not say what it takes");
}

static fallible find_session(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    str cookie, device;
    const struct authority *authority = w->ground.authority;
    str names[] = {session_cookie_name(r->arena, authority), session_device_cookie_name(r->arena, authority)};
    if (!str_present(names[0]) || !str_present(names[1]))
        FAIL(UNAVAILABLE, "admission: no memory");
    TRY(request_cookie(r, names[0].p, &cookie)); /* LS-20 */
    TRY(request_cookie(r, names[1].p, &device));
    w->ground.device = device;
    TRY(session_find(&w->ground, cookie, &w->call.session));
    w->call.actor = w->call.session.actor;
    return OK;
}

static fallible check_csrf(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    struct csrf_claim claim = {
        .token = form_get(&w->call.form, "csrf"),
        .origin = request_header(r, "Origin"),
        .fetch_site = request_header(r, "Sec-Fetch-Site"),
        .here = str_format(r->arena, "%s://%.*s", r->secure ? "https" : "http", STR_FMT(request_header(r, "Host"))),
    };
    return csrf_check(&w->ground, &w->call.session, &claim); /* LS-06 */
}

static fallible admit_browser(struct pipeline *w)
{
    TRY(find_session(w));
    if (w->route->who != BROWSER && !w->call.session.user)
        FAIL(LOGIN_REQUIRED, "admission: nobody is logged in");
    if (w->route->csrf == CSRF_TOKEN)
        TRY(check_csrf(w));
    if ((w->route->who == USER || w->route->who == ADMIN) && w->call.session.user->must_change_password) /* LS-14 */
        FAIL(PASSWORD_DUE, "admission: the person must change their password first");
    if (w->route->who == ADMIN && !w->call.session.user->admin && !str_filled(w->call.session.user->permissions)) /* AD-01 */
        REFUSE(INSUFFICIENT_SCOPE, "This page is for administrators.", "admission: not an administrator");
    return OK;
}

static struct client_claim claim_of(const struct pipeline *w)
{
    return (struct client_claim){request_header(&w->exchange->request, "Authorization"), &w->call.form,
                                 w->route->who == CLIENT_OF_GRANT};
}

/* Before any rule sees the request: who fails here has spent nothing (AC-07). */
static fallible admit_client(struct pipeline *w)
{
    struct client_claim claim = claim_of(w);
    err judged = client_auth_check(&w->ground, &claim, &w->call.client);
    if (FAILED(judged) && judged.kind != ERR_ELSEWHERE)
        client_auth_report(&w->ground, &claim, judged);
    return judged;
}

/* A signature of whoever comes along, with a key of their choice, is nothing for the one thread that all changes wait for. */
static bool proof_waits(const struct pipeline *w)
{
    return w->pool == WRITE && w->route->proof == PROOF_BINDS && str_present(request_header(&w->exchange->request, "DPoP"));
}

bool admission_waits(const struct pipeline *w)
{
    const struct client_claim claim = claim_of(w);
    const struct ground seen = {.certificate = w->exchange->request.certificate};
    bool client = w->route->who == CLIENT || w->route->who == CLIENT_OF_GRANT;
    return client && (proof_waits(w) || client_auth_waits(&seen, &claim));
}

fallible admission_proof(struct pipeline *w)
{
    struct sender shown;
    return w->route->proof == PROOF_BINDS ? sender_proof(&w->ground, STR_ABSENT, &shown) : OK; /* kept in w->proven, where its lane finds it */
}

fallible admission_again(struct pipeline *w)
{
    return client_auth_again(&w->ground, w->admitted, &w->call.client);
}

/* RFC 9449 4.3: one header at the most. */
static fallible only_proof(const struct request *r, str *out)
{
    str found = STR_ABSENT;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_equal_nocase(r->headers[i].name, STR("DPoP")))
            continue;
        if (str_present(found))
            REFUSE(INVALID_DPOP_PROOF, "The DPoP header came twice.", "admission: two DPoP headers");
        found = r->headers[i].value;
    }
    *out = found;
    return OK;
}

/* The address as this server publishes it: the configured issuer, or its twin that asks for certificates; Host only tells which of the
 * two was called (MD-02). */
static str public_url(const struct pipeline *w)
{
    const struct authority *authority = w->ground.authority;
    const struct request *r = &w->exchange->request;
    const str scheme = STR("https://");
    str base = authority->issuer, twin = authority->issuer_mtls;
    size_t around = scheme.n + authority->base.n;
    if (str_present(twin) && twin.n > around && str_equal_nocase((str){twin.p + scheme.n, twin.n - around}, request_header(r, "Host")))
        base = twin;
    const str parts[] = {base, (str){r->target.p, str_find(r->target, '?')}};
    return str_join(r->arena, parts, 2);
}

fallible admission_ground(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    struct ground *g = &w->ground;
    g->address = r->peer;
    g->request_id = str_of(r->id);
    g->user_agent = request_header(r, "User-Agent");
    g->method = r->method_name;
    g->certificate = r->certificate;
    g->proven = &w->proven;
    g->refusal_told = &w->refusal_told;
    g->url = public_url(w);
    if (!str_present(g->url))
        FAIL(UNAVAILABLE, "admission: no memory");
    return only_proof(r, &g->dpop);
}

/* AD-02: a token gets in by what it reaches, not by who its person is. */
static fallible reach(const struct pipeline *w)
{
    str word, words = str_of(w->route->reach);
    if (str_is(words, ROUTE_REACH_ANY))
        return OK;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (actor_reaches(&w->call.actor, word))
            return OK;
    FAIL(INSUFFICIENT_SCOPE, "admission: the token's scope reaches nothing that this address asks for");
}

/* In the header (PT-05); rows that take a form may have it there instead (RFC 6750 2.2; AT-15), never in both. */
static fallible admit_bearer(struct pipeline *w)
{
    str header = request_header(&w->exchange->request, "Authorization"), field = STR_ABSENT;
    struct bearer_sent sent = {STR_ABSENT, false};
    if (w->route->takes == FORM)
        field = form_get(&w->call.form, "access_token");
    if (str_present(field) && str_present(header))
        REFUSE(INVALID_REQUEST, "The access token was sent twice: in the Authorization header and in the body. Use one.", "admission: two access tokens");
    if (str_present(field))
        sent.token = field;
    else
        TRY(bearer_of_header(header, &sent));
    TRY(bearer_actor(&w->ground, &sent, &w->call.actor));
    return reach(w);
}

fallible admission_admit(struct pipeline *w)
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
        return admit_browser(w);
    case CLIENT:
    case CLIENT_OF_GRANT:
        return admit_client(w);
    case BEARER:
        return admit_bearer(w);
    case ROUTE_WHO_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "admission: the row does not say who may call");
}
