/* SPDX-License-Identifier: MIT
 * authorize: who asks, with which parameters, and where the answer may go (states drawn in the header). Relies on redirect for where an
 * answer may go, on pushed and request_object for parameters that do not stand in the request itself; promises that before the redirect
 * URI is trusted nothing is ever redirected (AZ-01, RU-06), and that parameters of two sources are never mixed (AZ-17, PR-05). The
 * judgement is in authorize_check.c, the person's part in authorize_next.c and authorize_answer.c. */
#include "grant/authorize.h"
#include "codec/utf8.h"
#include "directory/client_document.h"
#include "directory/profile.h"
#include "grant/authorize_ticket.h"
#include "grant/pushed.h"
#include "grant/request_object.h"
#include "base/banned.h"

static fallible find_client(struct ground *g, const struct form *f, const struct db_client **client)
{
    str id = form_get(f, "client_id");
    if (!str_present(id))
        REFUSE(INVALID_REQUEST, "client_id is missing: the application did not say who it is.", "authorize: client_id missing");
    TRY(client_document_find(g, id, client));
    if (!*client)
        REFUSE(INVALID_REQUEST, "No application with this client_id is registered here.", "authorize: no such client");
    if ((*client)->disabled)
        REFUSE(INVALID_REQUEST, "This application has been disabled by an administrator.", "authorize: client disabled");
    return OK;
}

static fallible from_pushed(struct ground *g, const struct form *f, struct authorize_request *request)
{
    struct pushed_request pushed;
    int64_t begun = authorize_ticket_pushed(g, form_get(f, "login_ticket"));
    TRY(pushed_find(g, request->client, form_get(f, "request_uri"), begun, &pushed));
    request->parameters = pushed.parameters;
    request->pushed = pushed.number;
    request->jkt = pushed.jkt;
    request->source = AUTHORIZE_PUSHED;
    return OK;
}

/* A failure that is nobody's but ours is passed up; what is wrong with the object is told where the answer goes. */
static fallible from_object(struct ground *g, const struct form *f, struct authorize_request *request)
{
    enum request_object_way way = request->arriving ? REQUEST_OBJECT_PUSHED : REQUEST_OBJECT_FRONT;
    err read = request_object_read(g, request->client, f, way, &request->parameters);
    if (read.kind == ERR_UNAVAILABLE || read.kind == ERR_SERVER_ERROR || read.kind == ERR_ELSEWHERE)
        return read;
    request->broken = read;
    request->signed_object = !FAILED(read);
    if (!FAILED(read) && !request->arriving)
        request->source = AUTHORIZE_SIGNED;
    return OK;
}

static fallible take_parameters(struct ground *g, const struct form *f, struct authorize_request *request)
{
    request->parameters = *f;
    if (!request->arriving && pushed_uri(form_get(f, "request_uri")))
        return from_pushed(g, f, request);
    if (str_present(form_get(f, "request")) || str_present(form_get(f, "request_uri"))) /* AZ-16 */
        return from_object(g, f, request);
    return OK;
}

static fallible match_redirect(struct ground *g, struct authorize_request *request)
{
    const struct form *p = &request->parameters;
    request->redirect_uri_sent = form_get(p, "redirect_uri");
    bool openid = str_has_word(form_get(p, "scope"), STR("openid"));
    if (!str_present(request->redirect_uri_sent) && openid) /* RU-05; OpenID Connect Core 3.1.2.1 */
        REFUSE(INVALID_REQUEST, "redirect_uri is missing; requests with the scope openid must have it.", "authorize: openid without redirect_uri");
    if (!str_present(request->redirect_uri_sent) && profile_demands(g, request->client, PROFILE_RULE_REDIRECT_NAMED))
        REFUSE(INVALID_REQUEST, "redirect_uri is missing; the profile of this client demands it.", "authorize: redirect_uri demanded by profile");
    return redirect_match(g->arena, request->client, request->redirect_uri_sent, &request->redirect_uri);
}

static fallible begin(struct ground *g, const struct form *f, struct authorize_request *request)
{
    request->max_age = -1;
    TRY(take_parameters(g, f, request));
    err matched = match_redirect(g, request);
    TRY(FAILED(matched) && FAILED(request->broken) ? request->broken : matched); /* what went wrong first is told */
    request->state = form_get(&request->parameters, "state");
    if (request->state.n > AUTHORIZE_STATE_MAX)
        REFUSE(INVALID_REQUEST, "The state parameter is longer than 2048 bytes.", "authorize: state too long");
    if (str_present(request->state) && !utf8_no_controls(request->state)) /* RFC 6749 A.5 */
        REFUSE(INVALID_REQUEST, "The state parameter holds control characters.", "authorize: control characters in state");
    return OK;
}

fallible authorize_read(struct ground *g, const struct form *f, struct authorize_request *out)
{
    struct authorize_request request = {.broken = OK};
    TRY(find_client(g, f, &request.client));
    TRY(begin(g, f, &request));
    *out = request;
    return OK;
}

fallible authorize_take(struct ground *g, const struct db_client *client, const struct form *f, struct authorize_request *out)
{
    struct authorize_request request = {.client = client, .arriving = true, .source = AUTHORIZE_PUSHED, .broken = OK};
    TRY(begin(g, f, &request));
    *out = request;
    return OK;
}
