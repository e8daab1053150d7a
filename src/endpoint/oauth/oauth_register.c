/* SPDX-License-Identifier: MIT
 * oauth_register: dynamic client registration over HTTP (RFC 7591, RFC 7592, OpenID Connect Registration 1.0); the rules are in
 * registration/registration. Promises that what is refused is named by its member, and that secret and token stand in no answer but those
 * that RFC 7591 3.2.1 wants. */
#include "registration/registration.h"
#include "endpoint/oauth/oauth.h"
#include "codec/percent.h"
#include "base/banned.h"

/* Absent when there is no Authorization header. */
static fallible read_bearer_token(const struct call *c, str *token)
{
    str header = request_header(c->request, "Authorization");
    struct bearer_sent sent = {.token = STR_ABSENT};
    if (str_present(header))
        TRY(bearer_of_header(header, &sent));
    *token = sent.token;
    return OK;
}

static fallible body_of(struct call *c, const json **out)
{
    json *body = NULL;
    if (c->request->body.n > REGISTRATION_BYTES) /* RL-06 */
        REFUSE(INVALID_CLIENT_METADATA, "A registration may have at most 16384 bytes.", "register: body too long");
    if (FAILED(json_parse(c->context->arena, c->request->body, &body)) || !json_is_object(body))
        REFUSE(INVALID_CLIENT_METADATA, "The body must be one JSON object with the client's metadata.", "register: not a JSON object");
    *out = body;
    return OK;
}

/* RFC 6749 5.2: printable ASCII without quote and backslash. */
static str make_printable_problem(struct arena *a, const struct problem *p)
{
    bool named = str_starts(p->message, str_of(p->field));
    str text = named ? str_dup(a, p->message) : str_format(a, "%s: %.*s", p->field, STR_FMT(p->message));
    char *at = (char *)(uintptr_t)text.p;
    for (size_t i = 0; str_present(text) && i < text.n; i++)
        if (at[i] < 0x20 || at[i] > 0x7e || at[i] == '"' || at[i] == '\\')
            at[i] = '?';
    return text;
}

/* RFC 7591 3.2.2 */
static fallible answer_refused(struct call *c, err why, const struct problems *p, int64_t retry_after)
{
    struct arena *a = c->context->arena;
    struct json_writer body = call_object(c);
    if (why.kind == ERR_THROTTLED || why.kind == ERR_BUSY) {
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)retry_after)));
        json_write_text(&body, "error", STR("temporarily_unavailable"));
        json_write_text(&body, "error_description", str_of(err_say(why)));
        c->response->refused = why;
        return call_json(c, 429, &body);
    }
    if (why.kind != ERR_UNPROCESSABLE || p->count == 0)
        return why;
    bool redirect = str_is(str_of(p->rows[0].field), "redirect_uris");
    err told = redirect ? ERR(INVALID_REDIRECT_URI, "register: a redirect URI") : ERR(INVALID_CLIENT_METADATA, "register: a member");
    json_write_text(&body, "error", str_of(err_code(told)));
    json_write_text(&body, "error_description", make_printable_problem(a, &p->rows[0]));
    c->response->refused = told;
    return call_json(c, 400, &body);
}

/* RFC 7591 3.2.1, RFC 7592 3 */
static fallible answer_registration(struct call *c, int status, const struct registration_made *made)
{
    struct arena *a = c->context->arena;
    struct buf uri = buf_new(a, BUF_URL_MAX);
    str address;
    struct json_writer body = call_object(c);
    registration_write(c->context, made->client, &body);
    if (str_present(made->secret)) {
        json_write_text(&body, "client_secret", made->secret);
        json_write_integer(&body, "client_secret_expires_at", 0);
    }
    buf_add(&uri, c->context->authority->issuer);
    buf_add_z(&uri, "/oauth/register/");
    percent_add(&uri, made->client->id);
    TRY(buf_done(&uri, &address));
    json_write_text(&body, "registration_client_uri", address);
    json_write_text(&body, "registration_access_token", made->token);
    c->response->note = made->client->id;
    return call_json(c, status, &body);
}

fallible oauth_register_post(struct call *c)
{
    struct registration_made made = {0};
    const json *body = NULL;
    str token;
    TRY(read_bearer_token(c, &token));
    TRY(body_of(c, &body));
    err e = registration_add(c->context, token, body, &c->problems, &made);
    return FAILED(e) ? answer_refused(c, e, &c->problems, made.retry_after) : answer_registration(c, 201, &made);
}

static fallible find_registered_client(struct call *c, struct registration_made *made)
{
    TRY(read_bearer_token(c, &made->token));
    return registration_find(c->context, c->parameters[0], made->token, &made->client);
}

fallible oauth_register_one_get(struct call *c)
{
    struct registration_made made = {0};
    TRY(find_registered_client(c, &made));
    return answer_registration(c, 200, &made);
}

fallible oauth_register_one_put(struct call *c)
{
    struct registration_made made = {0};
    const json *body = NULL;
    TRY(find_registered_client(c, &made));
    TRY(body_of(c, &body));
    err e = registration_replace(c->context, made.client, body, &c->problems, &made);
    return FAILED(e) ? answer_refused(c, e, &c->problems, 0) : answer_registration(c, 200, &made);
}

fallible oauth_register_one_delete(struct call *c)
{
    struct registration_made made = {0};
    TRY(find_registered_client(c, &made));
    TRY(registration_remove(c->context, made.client));
    return call_empty(c, 204);
}
