/* SPDX-License-Identifier: MIT
 * call: how handlers answer. Relies on page/ for HTML, on codec/json_writer for JSON and on http/ for what goes on the wire. Promises:
 * a page always knows who is logged in and carries the CSRF token of this very browser (LS-06); a notice after a redirect is
 * one of the sentences below, never text from the address; the session cookie is set when, and only when, it is new; a place to
 * go back to begins with one slash and a segment of this server, whatever a browser does to it: backslashes, control bytes, dot
 * segments, double slashes and their escapes are refused, not mended, so that login never leads away (RU-10). */
#include "endpoint/call.h"

#include "base/ascii.h"
#include "user/user_claims.h"
#include "base/banned.h"

static const char html_type[] = "text/html; charset=utf-8";
static const char json_type[] = "application/json";

/* ?done=word after a change */
static const struct notice {
    const char *word, *sentence;
} notices[] = {
    {"saved", SAY("Saved.")},
    {"expired", SAY("The page was open for too long, and nothing was changed. Please try again.")},
    {"password", SAY("Your password was changed, and you were logged out everywhere else.")},
    {"method-removed", SAY("The sign-in method was removed, and you were logged out everywhere else.")},
    {"factors-reset", SAY("The user’s second factors were removed, and the user was logged out.")},
    {"revoked", SAY("The token was revoked.")},
    {"access-ended", SAY("The application’s access was ended.")},
    {"session-ended", SAY("The session was ended.")},
    {"request-allowed", SAY("You allowed the request.")},
    {"request-denied", SAY("You denied the request.")},
    {"sessions-ended", SAY("All other sessions were ended.")},
    {"logged-out", SAY("You are logged out.")},
    {"added", SAY("Added.")},
    {"removed", SAY("Deleted.")},
    {"enabled", SAY("The client was enabled.")},
    {"disabled", SAY("The client was disabled and its tokens were revoked.")},
    {"blocked", SAY("The user was blocked and logged out.")},
    {"unblocked", SAY("The user can log in again.")},
    {"rotated", SAY("The keys were rotated.")},
};

static const char *notice_of(const struct call *c)
{
    str word = c->request->method == HTTP_POST ? STR_ABSENT : form_get(&c->form, "done");
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++)
        if (str_is(word, notices[i].word))
            return notices[i].sentence;
    return NULL;
}

/* Of who is logged in; absent when they have none, or a damaged row: no page is refused for that. */
static str find_page_zone(const struct call *c)
{
    struct user_claims_edit claims;
    if (c->session.user == NULL || !str_filled(c->session.user->claims) || FAILED(user_claims_values(c->context->arena, c->session.user, &claims)))
        return STR_ABSENT;
    return claims.values[USER_CLAIMS_zoneinfo];
}

struct page_fields *call_fields(struct call *c)
{
    struct page_fields *f = page_fields_new(c->context->arena);
    const struct db_user *user = c->session.user;
    const struct actor *actor = &c->session.actor;
    bool clients = actor_may(actor, "view-auth_clients"), users = actor_may(actor, "view-users");
    bool scopes = actor_may(actor, "view-scopes"), events = actor_may(actor, "view-events"), all = actor_is_admin(actor);
    page_base(f, c->context->authority->base);
    page_language(f, c->context->language);
    page_zone(f, find_page_zone(c));
    page_put(f, "user", !user ? STR_ABSENT : str_filled(user->full_name) ? user->full_name : user->username);
    page_put(f, "csrf", str_present(c->session.cookie) ? csrf_token(c->context, &c->session) : STR_ABSENT);
    page_put_word(f, "notice", str_of(notice_of(c)));
    page_put_flag(f, "may_clients", clients);
    page_put_flag(f, "may_users", users);
    page_put_flag(f, "may_scopes", scopes);
    page_put_flag(f, "may_events", events);
    page_put_flag(f, "may_all", all);
    page_put_flag(f, "may_admin", clients || users || scopes || events || all);
    return f;
}

err call_page(struct call *c, int status, const char *template_name, struct page_fields *fields)
{
    str html;
    TRY(page_fill(c->context->arena, template_name, fields ? fields : call_fields(c), &html));
    response_body(c->response, status, html_type, html);
    return OK;
}

struct json_writer call_object(struct call *c)
{
    struct json_writer object = json_writer_new(c->context->arena);
    json_write_object(&object, NULL);
    return object;
}

err call_json(struct call *c, int status, struct json_writer *object)
{
    str text;
    json_write_end(object);
    TRY(json_writer_done(object, &text));
    response_body(c->response, status, json_type, text);
    return OK;
}

err call_redirect(struct call *c, str location)
{
    if (str_filled(location) && location.p[0] == '/') /* an address of this server */
        location = str_join(c->context->arena, (const str[]){c->context->authority->base, location}, 2);
    if (!str_present(location))
        FAIL(UNAVAILABLE, "call: no memory for an address");
    return response_redirect(c->response, location);
}

err call_empty(struct call *c, int status)
{
    c->response->status = status;
    c->response->content_type = STR_ABSENT;
    c->response->body = STR_ABSENT;
    return OK;
}

err call_set_session(struct call *c)
{
    const struct request *r = c->request;
    if (!c->session.fresh)
        return OK;
    const struct authority *authority = c->context->authority;
    struct response_cookie_rule rule = {.secure = r->secure, .max_age = 0, .path = authority->base}; /* LS-02; ends with the browser */
    TRY(response_cookie(c->response, session_cookie_name(r->arena, authority), c->session.cookie, &rule));
    c->session.fresh = false;
    return OK;
}

/* An escape in the path that could turn into a slash, a backslash, a dot or a control byte for somebody. */
static bool escape_fits(str rest)
{
    if (rest.n < 3)
        return false;
    int high = ascii_hex(rest.p[1]), low = ascii_hex(rest.p[2]);
    if (high < 0 || low < 0)
        return false;
    int byte = high * 16 + low;
    return byte > 0x20 && byte != 0x7f && byte != '/' && byte != '\\' && byte != '.' && byte != '%';
}

static bool path_fits(str path)
{
    for (size_t i = 0; i < path.n; i++) {
        str rest = {path.p + i, path.n - i};
        if (path.p[i] == '%' && !escape_fits(rest))
            return false;
        if (str_starts(rest, STR("//")) || str_starts(rest, STR("/.")))
            return false;
    }
    return true;
}

str call_local_path(str wanted, str fallback)
{
    if (!str_filled(wanted) || wanted.n > HTTP_TARGET_MAX || wanted.p[0] != '/')
        return fallback;
    for (size_t i = 0; i < wanted.n; i++)
        if (!ascii_visible(wanted.p[i]) || wanted.p[i] == '\\')
            return fallback;
    str path = {wanted.p, str_find(wanted, '?')};
    path.n = str_find(path, '#');
    return path_fits(path) ? wanted : fallback;
}
