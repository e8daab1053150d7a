/* SPDX-License-Identifier: MIT
 * authorize: reads and judges the authorization request, and says what must happen next (states drawn in the header). Relies on
 * redirect for where an answer may go; promises that before the redirect URI is trusted nothing is ever redirected (AZ-01, RU-06).
 * What follows the person's answer is in authorize_answer.c. */
#include "grant/authorize.h"
#include "directory/client_document.h"
#include "grant/consent.h"
#include "grant/pkce.h"
#include "grant/scope.h"
#include "grant/token_request.h"
#include "token/opaque.h"
#include "base/banned.h"

fallible authorize_read(struct ground *g, const struct form *f, struct authorize_request *out)
{
    struct authorize_request request = {.max_age = -1};
    str id = form_get(f, "client_id");
    if (!str_present(id))
        REFUSE(INVALID_REQUEST, "client_id is missing: the application did not say who it is.", "authorize: client_id missing");
    TRY(client_document_find(g, id, &request.client));
    if (!request.client)
        REFUSE(INVALID_REQUEST, "No application with this client_id is registered here.", "authorize: no such client");
    if (request.client->disabled)
        REFUSE(INVALID_REQUEST, "This application has been disabled by an administrator.", "authorize: client disabled");
    request.redirect_uri_sent = form_get(f, "redirect_uri");
    TRY(redirect_match(g->arena, request.client, request.redirect_uri_sent, &request.redirect_uri));
    request.state = form_get(f, "state");
    if (request.state.n > AUTHORIZE_STATE_MAX)
        REFUSE(INVALID_REQUEST, "The state parameter is longer than 2048 bytes.", "authorize: state too long");
    *out = request;
    return OK;
}

static fallible check_response(const struct form *f, struct authorize_request *request)
{
    str type = form_get(f, "response_type"), mode = form_get(f, "response_mode");
    if (str_present(form_get(f, "request"))) /* AZ-16 */
        FAIL(REQUEST_NOT_SUPPORTED, "authorize: request object");
    if (str_present(form_get(f, "request_uri")))
        FAIL(REQUEST_URI_NOT_SUPPORTED, "authorize: request_uri");
    if (!str_present(type) && request->client->compat_processmaker)
        request->assumed_code = true; /* contract 4 */
    else if (!str_present(type))
        REFUSE(INVALID_REQUEST, "response_type is missing; send response_type=code.", "authorize: response_type missing");
    else if (!str_is(type, "code")) /* AZ-02 */
        FAIL(UNSUPPORTED_RESPONSE_TYPE, "authorize: response_type is not code");
    if (str_present(mode) && !str_is(mode, "query")) /* AZ-09 */
        REFUSE(INVALID_REQUEST, "Only response_mode=query is supported.", "authorize: response_mode is not query");
    return OK;
}

static fallible read_prompt(const struct form *f, struct authorize_request *request)
{
    str word, max_age = form_get(f, "max_age");
    uint64_t seconds;
    for (str rest = form_get(f, "prompt"); str_filled(rest) && str_next(&rest, ' ', &word);) {
        if (str_is(word, "none"))
            request->prompt_none = true;
        else if (str_is(word, "login") || str_is(word, "select_account"))
            request->prompt_login = true;
        else if (str_is(word, "consent"))
            request->prompt_consent = true;
        else
            REFUSE(INVALID_REQUEST, "prompt may be none, login, consent or select_account.", "authorize: unknown prompt");
    }
    if (request->prompt_none && (request->prompt_login || request->prompt_consent)) /* AZ-12 */
        REFUSE(INVALID_REQUEST, "prompt=none cannot be combined with another prompt.", "authorize: prompt none with others");
    if (str_present(max_age)) {
        if (FAILED(str_u64(max_age, 1U << 30, &seconds)))
            REFUSE(INVALID_REQUEST, "max_age must be a whole number of seconds.", "authorize: malformed max_age");
        request->max_age = (int64_t)seconds;
    }
    return OK;
}

fallible authorize_check(struct ground *g, const struct form *f, struct authorize_request *request)
{
    const struct db_resource *resource;
    str scope;
    TRY(check_response(f, request));
    if (!client_allows_grant(request->client, STR("authorization_code")))
        REFUSE(UNAUTHORIZED_CLIENT, "The authorization code grant is not enabled for this application.", "authorize: grant not enabled");
    request->challenge = form_get(f, "code_challenge");
    TRY(pkce_request(request->client, request->challenge, form_get(f, "code_challenge_method")));
    TRY(scope_grant(g, request->client, form_get(f, "scope"), &scope));
    TRY(token_request_resource(g, form_get(f, "resource"), &resource));
    TRY(read_prompt(f, request));
    request->scope = scope;
    request->resource = resource ? resource->uri : STR_ABSENT;
    request->login_hint = form_get(f, "login_hint");
    request->login_ticket = form_get(f, "login_ticket");
    return OK;
}

fallible authorize_ticket(struct ground *g, const struct session *s, str *ticket)
{
    struct token_raw raw;
    str print = session_print(g->arena, s);
    str payload = str_format(g->arena, "login %lld %.*s", (long long)g->now, STR_FMT(print));
    if (!str_present(print) || !str_present(payload))
        FAIL(UNAVAILABLE, "authorize: no memory");
    TRY(opaque_sealed_make(g->arena, g->keys, OPAQUE_VISIT, payload, &raw));
    *ticket = raw.text;
    return OK;
}

enum { BACK_AT_ONCE = 60 }; /* seconds: the way back from the login page is a redirect */

/* Was a password given just now, after the ticket was made, and has the browser's cookie changed with it? A ticket is nobody's in
 * particular: an old one must not speak for a password that was given for something else. */
static bool ticket_honoured(struct ground *g, str ticket, const struct session *s)
{
    str payload, word, when, print;
    uint64_t made;
    if (!str_present(ticket) || FAILED(opaque_sealed_open(g->arena, g->keys, OPAQUE_VISIT, ticket, &payload)))
        return false;
    if (!str_next(&payload, ' ', &word) || !str_is(word, "login") || !str_next(&payload, ' ', &when) || !str_next(&payload, ' ', &print))
        return false;
    if (FAILED(str_u64(when, INT64_MAX, &made)))
        return false;
    if (g->now > clock_add(s->row->auth_time, BACK_AT_ONCE)) /* AZ-12 */
        return false;
    return s->row->auth_time >= (int64_t)made && !str_equal(print, session_print(g->arena, s));
}

static bool password_due(struct ground *g, const struct authorize_request *request, const struct session *s)
{
    if (!s->row || !s->user)
        return true;
    if (ticket_honoured(g, request->login_ticket, s))
        return false;
    if (request->prompt_login || request->max_age == 0)
        return true;
    return request->max_age > 0 && g->now - s->row->auth_time > request->max_age;
}

fallible authorize_next(struct ground *g, const struct authorize_request *request, const struct session *s, enum authorize_step *step)
{
    if (password_due(g, request, s)) {
        if (request->prompt_none) /* AZ-11 */
            FAIL(LOGIN_REQUIRED, "authorize: prompt=none and nobody logged in, or too long ago");
        *step = AUTHORIZE_LOGIN;
        return OK;
    }
    bool needed;
    struct consent_question question = {request->scope, request->redirect_uri, request->prompt_consent};
    TRY(consent_needed(g, request->client, s->user->number, &question, &needed));
    if (needed && request->prompt_none)
        FAIL(CONSENT_REQUIRED, "authorize: prompt=none and consent is needed");
    *step = needed ? AUTHORIZE_ASK : AUTHORIZE_ANSWER;
    return OK;
}
