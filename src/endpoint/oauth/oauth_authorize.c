/* SPDX-License-Identifier: MIT
 * oauth_authorize: the authorization endpoint for browsers: parses once, asks grant/authorize what comes next, and answers with a page, a
 * way to the login page, or a redirect to the client. */
#include "codec/url.h"
#include "directory/client_document.h"
#include "crypto/random.h"
#include "endpoint/headers.h"
#include "endpoint/oauth/oauth.h"
#include "grant/authorize.h"
#include "base/banned.h"

static fallible answer_error(struct call *c, const struct authorize_request *request, err why)
{
    str location;
    struct redirect_answer answer = {.error = why, .state = request->state, .issuer = c->ground->authority->issuer};
    c->response->refused = why;
    TRY(redirect_location(c->ground->arena, request->redirect_uri, &answer, &location));
    return call_redirect(c, location);
}

static bool may_redirect(const struct call *c, const struct authorize_request *request, err why)
{
    if (why.kind == ERR_UNAVAILABLE || why.kind == ERR_SERVER_ERROR)
        return false;
    bool silent = str_is(form_get(&c->form, "prompt"), "none");
    return c->session.user || silent || request->client->first_party; /* AZ-21 */
}

/* LS-09: a form on another site comes without our cookie. It is answered with the same request as a link of our own site, which a
 * browser follows with the cookie, and without a new cookie, which would log the person out. */
static fallible answer_again(struct call *c)
{
    str location;
    struct buf b = buf_new(c->ground->arena, BUF_URL_MAX * 4);
    buf_add(&b, STR("/oauth/authorize?"));
    for (size_t i = 0; i < c->form.count; i++)
        form_add(&b, c->form.fields[i].name, c->form.fields[i].value);
    TRY(buf_done(&b, &location));
    if (location.n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, "The authorization request is too long.", "authorize: too long for a link");
    c->session.fresh = false;
    return call_redirect(c, location);
}

/* To the login page and back here with the same request. */
static fallible answer_login(struct call *c)
{
    str back, ticket, location;
    struct arena *a = c->ground->arena;
    TRY(authorize_ticket(c->ground, &c->session, &ticket));
    struct buf b = buf_new(a, BUF_URL_MAX * 4), place = buf_new(a, BUF_URL_MAX * 16);
    buf_add(&b, STR("/oauth/authorize?"));
    for (size_t i = 0; i < c->form.count; i++)
        if (!str_is(c->form.fields[i].name, "login_ticket"))
            form_add(&b, c->form.fields[i].name, c->form.fields[i].value);
    form_add(&b, STR("login_ticket"), ticket);
    TRY(buf_done(&b, &back));
    buf_add(&place, c->session.user ? STR("/login?again=1&") : STR("/login?"));
    form_add(&place, STR("return_to"), back);
    TRY(buf_done(&place, &location));
    if (location.n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, "The authorization request is too long to be remembered over a login.", "authorize: too long for a link");
    return call_redirect(c, location);
}

static str redirect_host(str uri)
{
    struct url u;
    if (FAILED(url_parse(uri, &u)))
        return STR("");
    return str_present(u.host) ? u.host : u.scheme;
}

static str lifetime_words(struct arena *a, int64_t seconds)
{
    if (seconds % 3600 == 0)
        return str_format(a, "%lld hour%s", (long long)(seconds / 3600), seconds == 3600 ? "" : "s");
    return str_format(a, "%lld minutes", (long long)((seconds + 59) / 60));
}

static fallible answer_page(struct call *c, const struct authorize_request *request)
{
    str pending, word;
    struct arena *a = c->ground->arena;
    TRY(authorize_pend(c->ground, request, &c->session, &pending));
    struct page_fields *f = call_fields(c);
    page_put(f, "client_name", request->client->name);
    page_put(f, "document_host", client_document_host(a, request->client));
    page_put(f, "redirect_host", redirect_host(request->redirect_uri));
    page_put(f, "account", c->session.user->username);
    page_put(f, "pending", pending);
    page_put(f, "lifetime", lifetime_words(a, token_request_lifetime(c->ground, request->client)));
    page_put_flag(f, "first_party", request->client->first_party);
    page_put_flag(f, "unscoped", !str_filled(request->scope));
    page_list(f, "scopes");
    for (str rest = request->scope; str_filled(rest) && str_next(&rest, ' ', &word);) { /* CO-02 */
        const struct db_scope *scope = hot_scope(c->ground->facts, word);
        struct page_fields *row = page_row(f, "scopes");
        page_put(row, "name", word);
        page_put(row, "description", scope ? scope->description : word);
    }
    TRY(response_header(c->response, "Content-Security-Policy", headers_csp(a, request->redirect_uri)));
    return call_page(c, 200, "consent.html", f);
}

static fallible answer_code(struct call *c, const struct authorize_request *request)
{
    char once[37];
    str location;
    random_uuid(once);
    struct authorize_pending pending = {*request, str_of(once), false};
    TRY(authorize_allow(c->ground, &pending, &c->session, &location));
    return call_redirect(c, location);
}

fallible oauth_authorize_any(struct call *c)
{
    struct authorize_request request;
    enum authorize_step step;
    TRY(authorize_read(c->ground, &c->form, &request));
    c->response->note = request.client->id;
    if (c->request->method == HTTP_POST && c->session.fresh)
        return answer_again(c);
    err judged = authorize_check(c->ground, &c->form, &request);
    if (!FAILED(judged))
        judged = authorize_next(c->ground, &request, &c->session, &step);
    if (FAILED(judged))
        return may_redirect(c, &request, judged) ? answer_error(c, &request, judged) : judged;
    switch (step) {
    case AUTHORIZE_LOGIN:
        return answer_login(c);
    case AUTHORIZE_ASK:
        return answer_page(c, &request);
    case AUTHORIZE_ANSWER:
        return answer_code(c, &request);
    }
    FAIL(SERVER_ERROR, "authorize: no such step");
}

fallible oauth_consent_post(struct call *c)
{
    struct authorize_pending pending;
    str location, decision = form_get(&c->form, "decision");
    TRY(authorize_resume(c->ground, form_get(&c->form, "pending"), &c->session, &pending));
    c->response->note = pending.request.client->id;
    if (str_is(decision, "allow"))
        TRY(authorize_allow(c->ground, &pending, &c->session, &location));
    else if (str_is(decision, "deny"))
        TRY(authorize_deny(c->ground, &pending, &c->session, &location));
    else
        REFUSE(INVALID_REQUEST, "Please choose to allow or to deny.", "consent: no decision");
    return call_redirect(c, location);
}
