/* SPDX-License-Identifier: MIT
 * oauth_logout: the end-session endpoint (OpenID Connect RP-Initiated Logout 1.0) and /logout, which is the same without an application.
 * Relies on logout/end_session for what a request may do. Promises: without a hint that names this very session nobody is logged out by a
 * mere link: a page asks, and its form carries the CSRF token (LO-01, LS-06); whatever is wrong is said on a page (RU-09).
 *
 *   request ─┬─ nobody is logged in, or surely meant ──▶ ended ─▶ location, or a page
 *            └─ else: the page asks ── POST /logout ───▶ ended ─▶ location, or the login page */
#include "endpoint/headers.h"
#include "endpoint/oauth/oauth.h"
#include "logout/end_session.h"
#include "base/banned.h"

/* LS-09: a form on another site comes without our cookie; as a link it comes with it. */
static fallible answer_again(struct call *c)
{
    str location;
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX * 4);
    buf_add(&b, STR("/oauth/logout?"));
    for (size_t i = 0; i < c->form.count; i++)
        form_add(&b, c->form.fields[i].name, c->form.fields[i].value);
    TRY(buf_done(&b, &location));
    if (location.n > HTTP_TARGET_MAX)
        REFUSE(INVALID_REQUEST, "The logout request is too long.", "logout: too long for a link");
    c->session.fresh = false;
    return call_redirect(c, location);
}

static fallible answer_question(struct call *c, const struct end_session_request *r)
{
    struct page_fields *f = call_fields(c);
    page_put(f, "client_name", r->client ? r->client->name : STR(""));
    page_put(f, "client_id", r->client ? r->client->id : STR(""));
    page_put(f, "post_logout_redirect_uri", str_present(r->uri) ? r->uri : STR(""));
    page_put(f, "state", str_present(r->state) ? r->state : STR(""));
    if (str_present(r->uri)) /* the answer to the form leads there */
        TRY(response_header(c->response, "Content-Security-Policy", headers_csp(c->context->arena, r->uri)));
    return call_page(c, 200, "logout.html", f);
}

static fallible answer_done(struct call *c, const struct end_session_request *r)
{
    if (str_present(r->location))
        return call_redirect(c, r->location);
    return call_page(c, 200, "logged_out.html", call_fields(c));
}

fallible oauth_logout_any(struct call *c)
{
    struct end_session_request r;
    if (c->request->method == HTTP_POST && c->session.fresh)
        return answer_again(c);
    TRY(end_session_read(c->context, &c->form, &c->session, &r));
    if (r.client)
        c->response->note = r.client->id;
    if (c->session.user && !r.sure)
        return answer_question(c, &r);
    if (c->session.user)
        TRY(session_end(c->context, &c->session)); /* LS-04 */
    return answer_done(c, &r);
}

fallible oauth_logout_page_get(struct call *c)
{
    struct end_session_request none = {.uri = STR_ABSENT};
    if (!c->session.user)
        return call_redirect(c, STR("/login?done=logged-out"));
    return answer_question(c, &none);
}

/* The form's answer: what it names is judged again, so nothing in it need be believed. */
fallible oauth_logout_answer_post(struct call *c)
{
    struct end_session_request r;
    TRY(end_session_read(c->context, &c->form, &c->session, &r));
    if (c->session.user)
        TRY(session_end(c->context, &c->session)); /* LS-04 */
    if (r.client)
        return answer_done(c, &r);
    return call_redirect(c, STR("/login?done=logged-out"));
}
