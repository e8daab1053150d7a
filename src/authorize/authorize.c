/* SPDX-License-Identifier: MIT
 * authorize: who asks, with which parameters, and where the answer may go (states drawn in the header). Relies on redirect for where an
 * answer may go, on pushed and request_object for parameters that do not stand in the request itself; promises that before the redirect
 * URI is trusted nothing is ever redirected (AZ-01, RU-06), and that parameters of two sources are never mixed (AZ-17, PR-05). The
 * judgement is in authorize_check.c, the person's part in authorize_next.c and authorize_answer.c. */
#include "authorize/authorize.h"
#include "codec/utf8.h"
#include "registration/client_document.h"
#include "client/profile.h"
#include "client/redirect_rules.h"
#include "authorize/authorize_ticket.h"
#include "authorize/pushed.h"
#include "authorize/request_object.h"
#include "base/banned.h"

static fallible find_client(struct context *ctx, const struct form *f, const struct db_client **client)
{
    str id = form_get(f, "client_id");
    if (!str_present(id))
        REFUSE(INVALID_REQUEST, "client_id is missing: the application did not identify itself.", "authorize: client_id missing");
    TRY(client_document_find(ctx, id, client));
    if (!*client)
        REFUSE(INVALID_REQUEST, "No application with this client_id is registered here.", "authorize: no such client");
    if ((*client)->disabled)
        REFUSE(INVALID_REQUEST, "This application has been disabled by an administrator.", "authorize: client disabled");
    return OK;
}

/* AZ-03; RFC 6749 3.1. What names the client or the way back is in doubt when it comes twice: a page. */
static fallible check_way_once(const struct form *f)
{
    static const char *const names[] = {"client_id", "redirect_uri", "request", "request_uri"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (form_times(f, str_of(names[i])) > 1)
            REFUSE(INVALID_REQUEST, "A parameter is given more than once.", "authorize: client or way back given twice");
    return OK;
}

/* AZ-03. All else that comes twice is told to the client. */
static err find_twice(const struct form *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (!form_may_repeat(f->fields[i].name) && form_times(f, f->fields[i].name) > 1)
            return REFUSAL(INVALID_REQUEST, "A parameter is given more than once.", "authorize: parameter given twice");
    return OK;
}

static fallible from_pushed(struct context *ctx, const struct form *f, struct authorize_request *request)
{
    struct pushed_request pushed;
    int64_t begun = authorize_ticket_pushed(ctx, form_get(f, "login_ticket"));
    TRY(pushed_find(ctx, request->client, form_get(f, "request_uri"), begun, &pushed));
    request->parameters = pushed.parameters;
    request->pushed = pushed.number;
    request->jkt = pushed.jkt;
    request->source = AUTHORIZE_PUSHED;
    return OK;
}

/* What is wrong with the object is told where the answer goes, when that is known without it. */
static fallible from_object(struct context *ctx, const struct form *f, struct authorize_request *request)
{
    enum request_object_way way = request->arriving ? REQUEST_OBJECT_PUSHED : REQUEST_OBJECT_FRONT;
    err read = request_object_read(ctx, request->client, f, way, &request->parameters);
    if (read.kind == ERR_ELSEWHERE)
        return read;
    request->broken = read;
    request->signed_object = !FAILED(read);
    if (!FAILED(read) && !request->arriving)
        request->source = AUTHORIZE_SIGNED;
    return OK;
}

static fallible take_parameters(struct context *ctx, const struct form *f, struct authorize_request *request)
{
    request->parameters = *f;
    if (!request->arriving && pushed_uri(form_get(f, "request_uri")))
        return from_pushed(ctx, f, request);
    if (str_present(form_get(f, "request")) || str_present(form_get(f, "request_uri"))) /* AZ-16 */
        return from_object(ctx, f, request);
    return OK;
}

static fallible match_redirect(struct context *ctx, struct authorize_request *request)
{
    const struct form *p = &request->parameters;
    request->redirect_uri_sent = form_get(p, "redirect_uri");
    bool openid = str_has_word(form_get(p, "scope"), STR("openid"));
    if (!str_present(request->redirect_uri_sent) && openid) /* RU-05; OpenID Connect Core 3.1.2.1 */
        REFUSE(INVALID_REQUEST, "redirect_uri is missing; requests with the scope openid must have it.", "authorize: openid without redirect_uri");
    if (!str_present(request->redirect_uri_sent) && profile_demands(ctx, request->client, PROFILE_RULE_REDIRECT_NAMED))
        REFUSE(INVALID_REQUEST, "redirect_uri is missing; the profile of this client requires it.", "authorize: redirect_uri demanded by profile");
    TRY(redirect_match(ctx->arena, request->client, request->redirect_uri_sent, &request->redirect_uri));
    if (profile_demands(ctx, request->client, PROFILE_RULE_REDIRECT_FIT) && !redirect_rules_usual(request->redirect_uri)) /* RU-13 */
        REFUSE(INVALID_REQUEST, "The profile of this client does not allow a redirect URI of this kind.", "authorize: redirect URI against the profile");
    return OK;
}

static err judge_state(const struct form *p, str state)
{
    if (form_times(p, STR("state")) > 1) /* AZ-03 */
        return REFUSAL(INVALID_REQUEST, "The state parameter is given more than once.", "authorize: state given twice");
    if (state.n > AUTHORIZE_STATE_MAX) /* AZ-06 */
        return REFUSAL(INVALID_REQUEST, "The state parameter is longer than 2048 bytes.", "authorize: state too long");
    if (str_present(state) && !utf8_no_controls(state)) /* RFC 6749 A.5 */
        return REFUSAL(INVALID_REQUEST, "The state parameter contains control characters.", "authorize: control characters in state");
    return OK;
}

/* The client is told of a state that cannot be taken, and does not get it back: in no part, and not cut. */
static void read_state(struct authorize_request *request)
{
    str state = form_get(&request->parameters, "state");
    err wrong = judge_state(&request->parameters, state);
    request->state = FAILED(wrong) ? STR_ABSENT : state;
    if (FAILED(wrong) && !FAILED(request->broken))
        request->broken = wrong;
}

static fallible read_authorize_request(struct context *ctx, const struct form *f, struct authorize_request *request)
{
    request->max_age = -1;
    TRY(take_parameters(ctx, f, request));
    err matched = match_redirect(ctx, request);
    TRY(FAILED(matched) && FAILED(request->broken) ? request->broken : matched); /* what went wrong first is told */
    read_state(request);
    return OK;
}

fallible authorize_read(struct context *ctx, const struct form *f, struct authorize_request *out)
{
    struct authorize_request request = {.broken = OK};
    TRY(check_way_once(f));
    TRY(find_client(ctx, f, &request.client));
    TRY(read_authorize_request(ctx, f, &request));
    err twice = find_twice(f);
    if (FAILED(twice)) /* beside an object or a pushed request too */
        request.broken = twice;
    *out = request;
    return OK;
}

fallible authorize_take(struct context *ctx, const struct db_client *client, const struct form *f, struct authorize_request *out)
{
    struct authorize_request request = {.client = client, .arriving = true, .source = AUTHORIZE_PUSHED, .broken = OK};
    TRY(read_authorize_request(ctx, f, &request));
    *out = request;
    return OK;
}
