/* SPDX-License-Identifier: MIT
 * oauth_authorize: the authorization endpoint for browsers: parses once, asks authorize/authorize what comes next, and answers with a page, a
 * way to the login page, or a redirect to the client. */
#include "codec/url.h"
#include "registration/client_document.h"
#include "endpoint/asked.h"
#include "endpoint/headers.h"
#include "endpoint/oauth/oauth.h"
#include "authorize/authorize.h"
#include "scope/scope.h"
#include "base/banned.h"

enum { HINT_MAX = 255 /* the longest username */ };

/* The response, on its way: a redirect, or a page whose form posts it (OAuth 2.0 Form Post Response Mode 2). */
static fallible answer_sent(struct call *c, const struct redirect_sent *sent)
{
    if (str_present(sent->location))
        return call_redirect(c, sent->location);
    struct page_fields *f = call_fields(c);
    page_put(f, "action", sent->uri);
    page_list(f, "fields");
    for (size_t i = 0; i < sent->count; i++) { /* AZ-10 */
        struct page_fields *row = page_row(f, "fields");
        page_put(row, "name", sent->fields[i].name);
        page_put(row, "value", sent->fields[i].value);
    }
    TRY(response_header(c->response, "Content-Security-Policy", headers_csp(c->context->arena, sent->uri)));
    return call_page(c, 200, "form_post.html", f);
}

static fallible answer_error(struct call *c, const struct authorize_request *request, err why)
{
    struct redirect_sent sent;
    c->response->refused = why;
    TRY(authorize_refuse(c->context, request, why, &sent));
    return answer_sent(c, &sent);
}

/* What a request carries over our own pages: of a pushed one nothing but its address (PR-04, PR-05). */
static bool is_field_carried(const struct call *c, const struct authorize_request *request, size_t i)
{
    str name = c->form.fields[i].name;
    if (request->pushed != 0)
        return str_is(name, "client_id") || str_is(name, "request_uri");
    return !str_is(name, "login_ticket") && (request->source == AUTHORIZE_PLAIN || !str_is(name, "ui_locales"));
}

/* The language that the request asks for, wherever it stands (OpenID Connect Core 3.1.2.1). Our own pages read it out of the way back: where
 * that does not tell the request's parameters, it tells the language that was found. */
static void set_request_language(struct call *c, const struct authorize_request *request)
{
    c->context->language = message_choose(form_get(&request->parameters, "ui_locales"), request_header(c->request, "Accept-Language"));
}

static str language_elsewhere(const struct call *c, const struct authorize_request *request)
{
    bool elsewhere = request->source != AUTHORIZE_PLAIN && str_present(form_get(&request->parameters, "ui_locales"));
    return elsewhere ? message_tag(c->context->language) : STR_ABSENT;
}

#define TOO_LONG "The authorization request is too long for an address; push it first (PAR)."

static fallible same_request(struct call *c, const struct authorize_request *request, str ticket, str *address)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX * 4);
    buf_add(&b, STR("/oauth/authorize?"));
    for (size_t i = 0; i < c->form.count; i++)
        if (is_field_carried(c, request, i))
            form_add(&b, c->form.fields[i].name, c->form.fields[i].value);
    if (str_present(ticket))
        form_add(&b, STR("login_ticket"), ticket);
    str language = language_elsewhere(c, request);
    if (str_present(language))
        form_add(&b, STR("ui_locales"), language);
    if (FAILED(buf_done(&b, address)) || address->n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, TOO_LONG, "authorize: too long for a link");
    return OK;
}

/* LS-09: a form on another site comes without our cookie. It is answered with the same request as a link of our own site, which a
 * browser follows with the cookie, and without a new cookie, which would log the person out. */
static fallible answer_again(struct call *c, const struct authorize_request *request)
{
    str location;
    TRY(same_request(c, request, form_get(&c->form, "login_ticket"), &location));
    c->session.fresh = false;
    return call_redirect(c, location);
}

/* The login page's address, with the way back to this request. */
static fallible login_address(struct call *c, const struct authorize_request *request, const char *how, str *address)
{
    str back, ticket;
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX * 16);
    TRY(authorize_ticket(c->context, request, &c->session, &ticket));
    TRY(same_request(c, request, ticket, &back));
    buf_add(&b, STR("/login?"));
    if (how)
        form_add(&b, str_of(how), STR("1"));
    if (str_filled(request->login_hint) && request->login_hint.n <= HINT_MAX)
        form_add(&b, STR("username"), request->login_hint);
    str acr = str_filled(request->acr_essential) ? request->acr_essential : request->acr_wished;
    if (str_filled(acr) && acr.n <= HINT_MAX)
        form_add(&b, STR("acr"), acr);
    form_add(&b, STR("return_to"), back);
    if (FAILED(buf_done(&b, address)) || address->n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, TOO_LONG, "authorize: too long to be remembered over a login");
    return OK;
}

/* To the login page and back here with the same request. */
static fallible answer_login(struct call *c, const struct authorize_request *request)
{
    str location;
    const struct db_user *user = c->session.user;
    bool other = request->prompt_select || authorize_other_user(c->context, request, &c->session) ||
                 (user && str_filled(request->login_hint) && !str_equal_nocase(request->login_hint, user->username));
    TRY(login_address(c, request, !user ? NULL : other ? "switch" : "again", &location));
    return call_redirect(c, location);
}

/* What must be done at a page of ours before anything else: with the same request to come back to. */
static fallible answer_detour(struct call *c, const struct authorize_request *request, str page)
{
    str back, ticket, location;
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX * 16);
    TRY(authorize_ticket(c->context, request, &c->session, &ticket));
    TRY(same_request(c, request, ticket, &back));
    buf_add(&b, page);
    form_add(&b, STR("return_to"), back);
    if (FAILED(buf_done(&b, &location)) || location.n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, TOO_LONG, "authorize: too long to be remembered over a page of the account");
    return call_redirect(c, location);
}

/* prompt=select_account: there is one account at a browser here, or another one by way of a login. */
static fallible answer_select(struct call *c, const struct authorize_request *request)
{
    str choice, login;
    struct page_fields *f = call_fields(c);
    TRY(authorize_choice(c->context, request, &c->session, &choice));
    TRY(login_address(c, request, "switch", &login));
    page_put(f, "client_name", request->client->name);
    page_put(f, "account", c->session.user->username);
    page_put(f, "full_name", c->session.user->full_name);
    page_put(f, "choice", choice);
    page_put(f, "login", login);
    page_list(f, "fields");
    for (size_t i = 0; i < c->form.count; i++) {
        if (!is_field_carried(c, request, i))
            continue;
        struct page_fields *row = page_row(f, "fields");
        page_put(row, "name", c->form.fields[i].name);
        page_put(row, "value", c->form.fields[i].value);
    }
    TRY(response_header(c->response, "Content-Security-Policy", headers_csp(c->context->arena, request->redirect_uri)));
    return call_page(c, 200, "select_account.html", f);
}

/* Where a person is sent: a host on the web, else the scheme, for what follows a private-use scheme is nobody's host whatever it looks like. */
static str redirect_host(str uri)
{
    struct url u;
    if (FAILED(url_parse(uri, &u)))
        return STR("");
    bool web = str_equal_nocase(u.scheme, STR("https")) || str_equal_nocase(u.scheme, STR("http"));
    return web ? u.host : u.scheme;
}

/* MD-05: registered addresses are shown, never fetched; registration took https alone, and the page holds to it. */
static str link_of(str uri)
{
    return str_starts(uri, STR("https://")) ? uri : STR_ABSENT;
}

static void put_client(struct call *c, struct page_fields *f, const struct db_client *client)
{
    page_put(f, "client_name", client->name);
    page_put(f, "client_uri", link_of(client->metadata.client_uri));
    page_put(f, "client_host", redirect_host(client->metadata.client_uri));
    page_put(f, "policy_uri", link_of(client->metadata.policy_uri));
    page_put(f, "tos_uri", link_of(client->metadata.tos_uri));
    page_put_flag(f, "first_party", client->first_party);
    struct message lifetime = asked_lifetime(token_request_lifetime(c->context, client));
    page_put_message(f, "lifetime", &lifetime);
}

static fallible answer_page(struct call *c, const struct authorize_request *request)
{
    str pending, shown, back;
    struct arena *a = c->context->arena;
    struct page_fields *f = call_fields(c);
    TRY(authorize_pend(c->context, request, &c->session, &pending));
    TRY(scope_union(a, request->scope, request->claims_scopes, &shown));
    put_client(c, f, request->client);
    page_put(f, "redirect_host", redirect_host(request->redirect_uri));
    page_put(f, "document_host", client_document_host(c->context->arena, request->client));
    page_put(f, "account", c->session.user->username);
    page_put(f, "pending", pending);
    page_put(f, "return_to", FAILED(same_request(c, request, form_get(&c->form, "login_ticket"), &back)) ? STR("") : back);
    asked_scopes(c, f, shown);
    TRY(asked_services(c, f, request->resources, !str_filled(request->scope) && scopes_any(request->client)));
    TRY(asked_details(c, f, request->details));
    TRY(response_header(c->response, "Content-Security-Policy", headers_csp(a, request->redirect_uri)));
    return call_page(c, 200, "consent.html", f);
}

/* AZ-21: to the client now, or by way of a login. */
static fallible answer_failed(struct call *c, const struct authorize_request *request, err why)
{
    if (authorize_may_tell(request, &c->session, why))
        return answer_error(c, request, why);
    return why.kind == ERR_ELSEWHERE ? why : answer_login(c, request);
}

static fallible answer_code(struct call *c, const struct authorize_request *request)
{
    struct redirect_sent sent;
    struct authorize_pending pending = {*request, STR_ABSENT, false};
    err made = authorize_allow(c->context, &pending, &c->session, &sent);
    return FAILED(made) ? answer_failed(c, request, made) : answer_sent(c, &sent);
}

fallible oauth_authorize_any(struct call *c)
{
    struct authorize_request request;
    enum authorize_step step;
    TRY(authorize_read(c->context, &c->form, &request));
    c->response->note = request.client->id;
    set_request_language(c, &request);
    if (c->request->method == HTTP_POST && c->session.fresh)
        return answer_again(c, &request);
    err judged = authorize_check(c->context, &c->form, &request);
    if (!FAILED(judged))
        judged = authorize_next(c->context, &request, &c->session, &step);
    if (FAILED(judged))
        return answer_failed(c, &request, judged);
    switch (step) {
    case AUTHORIZE_LOGIN:
        return answer_login(c, &request);
    case AUTHORIZE_SELECT:
        return answer_select(c, &request);
    case AUTHORIZE_CHANGE:
        return answer_detour(c, &request, STR("/account/password?"));
    case AUTHORIZE_ENROL:
        return answer_detour(c, &request, STR("/account/sign-in-methods/new?"));
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
    struct redirect_sent sent;
    str decision = form_get(&c->form, "decision");
    TRY(authorize_resume(c->context, form_get(&c->form, "pending"), &c->session, &pending));
    c->response->note = pending.request.client->id;
    if (str_is(decision, "allow")) /* CO-05: the button says it, and neither the form nor a default does */
        TRY(authorize_allow(c->context, &pending, &c->session, &sent));
    else if (str_is(decision, "deny"))
        TRY(authorize_deny(c->context, &pending, &c->session, &sent));
    else
        REFUSE(INVALID_REQUEST, "Please choose Allow or Deny.", "consent: no decision");
    return answer_sent(c, &sent);
}
