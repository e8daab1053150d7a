/* SPDX-License-Identifier: MIT
 * oauth_introspect: RFC 7662, RFC 9701 and RFC 7009 over HTTP; the rules are in grant/introspect. */
#include "grant/introspect.h"
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

static fallible token_of(const struct call *c, str *token)
{
    *token = form_get(&c->form, "token");
    if (!str_present(*token))
        REFUSE(INVALID_REQUEST, "token is missing.", "introspect: token missing");
    return OK;
}

static void put_filled(struct arena *a, json *body, const char *name, str value)
{
    if (str_present(value))
        json_put_text(a, body, name, value);
}

static fallible put_parsed(struct arena *a, json *body, const char *name, str text)
{
    json *value;
    if (!str_present(text))
        return OK;
    TRY(json_parse(a, text, &value));
    json_put(a, body, name, value);
    return OK;
}

static void put_cnf(struct arena *a, json *body, const struct introspect_answer *answer)
{
    if (!str_present(answer->jkt) && !str_present(answer->x5t))
        return;
    json *cnf = json_object_new(a);
    put_filled(a, cnf, "jkt", answer->jkt);      /* RFC 9449 6.2 */
    put_filled(a, cnf, "x5t#S256", answer->x5t); /* RFC 8705 3.2 */
    json_put(a, body, "cnf", cnf);
}

static fallible put_active(struct arena *a, json *body, const struct introspect_answer *answer)
{
    json_put_text(a, body, "scope", answer->scope.p ? answer->scope : STR(""));
    put_filled(a, body, "client_id", answer->client_id);
    put_filled(a, body, "username", answer->username);
    put_filled(a, body, "token_type", answer->token_type);
    put_filled(a, body, "sub", answer->sub);
    put_filled(a, body, "aud", answer->aud);
    put_filled(a, body, "iss", answer->iss);
    put_filled(a, body, "jti", answer->jti);
    if (answer->exp != 0)
        json_put_integer(a, body, "exp", answer->exp);
    json_put_integer(a, body, "iat", answer->iat);
    put_cnf(a, body, answer);
    TRY(put_parsed(a, body, "authorization_details", answer->details)); /* RFC 9396 9.2 */
    return put_parsed(a, body, "act", answer->act);
}

fallible oauth_introspect_post(struct call *c)
{
    struct arena *a = c->ground->arena;
    struct introspect_answer answer;
    str token, jwt;
    c->response->note = c->client.client->id;
    TRY(client_auth_confidential(&c->client));
    TRY(token_of(c, &token));
    TRY(introspect_token(c->ground, &c->client, token, &answer));
    json *body = json_object_new(a);
    json_put_boolean(a, body, "active", answer.active);
    if (answer.active) /* IR-03 */
        TRY(put_active(a, body, &answer));
    TRY(introspect_sign(c->ground, &c->client, request_header(c->request, "Accept"), body, &jwt));
    if (!str_present(jwt))
        return call_json(c, 200, body);
    response_body(c->response, 200, "application/token-introspection+jwt", jwt);
    return OK;
}

fallible oauth_revoke_post(struct call *c)
{
    str token;
    c->response->note = c->client.client->id;
    TRY(token_of(c, &token));
    int64_t retry_after = 0;
    err judged = introspect_revoke(c->ground, &c->client, token, &retry_after);
    if (judged.kind == ERR_BUSY)
        TRY(response_header(c->response, "Retry-After", str_format(c->ground->arena, "%lld", (long long)retry_after)));
    TRY(judged);
    return call_json(c, 200, json_object_new(c->ground->arena)); /* RFC 7009 2.2: the body is ignored */
}
