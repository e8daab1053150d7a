/* SPDX-License-Identifier: MIT
 * oauth_introspect: RFC 7662, RFC 9701 and RFC 7009 over HTTP; the rules are in resource/introspect. */
#include "resource/introspect.h"
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

static fallible token_of(const struct call *c, str *token)
{
    *token = form_get(&c->form, "token");
    if (!str_present(*token))
        REFUSE(INVALID_REQUEST, "token is missing.", "introspect: token missing");
    return OK;
}

static fallible write_parsed(struct arena *a, struct json_writer *w, const char *name, str text)
{
    json *value;
    if (!str_present(text))
        return OK;
    TRY(json_parse(a, text, &value));
    json_write_value(w, name, value);
    return OK;
}

static void write_cnf(struct json_writer *w, const struct introspect_answer *answer)
{
    if (!str_present(answer->jkt) && !str_present(answer->x5t))
        return;
    json_write_object(w, "cnf");
    json_write_filled(w, "jkt", answer->jkt);      /* RFC 9449 6.2 */
    json_write_filled(w, "x5t#S256", answer->x5t); /* RFC 8705 3.2 */
    json_write_end(w);
}

static fallible write_active(struct arena *a, struct json_writer *w, const struct introspect_answer *answer)
{
    json_write_text(w, "scope", answer->scope.p ? answer->scope : STR(""));
    json_write_filled(w, "client_id", answer->client_id);
    json_write_filled(w, "username", answer->username);
    json_write_filled(w, "token_type", answer->token_type);
    json_write_filled(w, "sub", answer->sub);
    json_write_filled(w, "aud", answer->aud);
    json_write_filled(w, "iss", answer->iss);
    json_write_filled(w, "jti", answer->jti);
    if (answer->exp != 0)
        json_write_integer(w, "exp", answer->exp);
    json_write_integer(w, "iat", answer->iat);
    json_write_filled(w, "acr", answer->acr);
    if (answer->auth_time > 0)
        json_write_integer(w, "auth_time", answer->auth_time);
    write_cnf(w, answer);
    TRY(write_parsed(a, w, "authorization_details", answer->details)); /* RFC 9396 9.2 */
    return write_parsed(a, w, "act", answer->act);
}

fallible oauth_introspect_post(struct call *c)
{
    struct arena *a = c->context->arena;
    struct introspect_answer answer;
    struct introspect_signed how;
    str token, jwt;
    c->response->note = c->client.client->id;
    TRY(client_auth_confidential(&c->client));
    TRY(token_of(c, &token));
    TRY(introspect_token(c->context, &c->client, token, &answer));
    struct json_writer body = json_writer_new(a);
    TRY(introspect_signs(c->context, &c->client, request_field(c->request, HTTP_FIELD_ACCEPT), &how));
    json_write_object(&body, NULL);
    if (how.is_signed)
        introspect_begin(c->context, &c->client, &body);
    json_write_boolean(&body, "active", answer.active);
    if (answer.active) /* IR-03 */
        TRY(write_active(a, &body, &answer));
    if (!how.is_signed)
        return call_json(c, 200, &body);
    TRY(introspect_sign(c->context, &how, &body, &jwt));
    response_body(c->response, 200, "application/token-introspection+jwt", jwt);
    return OK;
}

fallible oauth_revoke_post(struct call *c)
{
    str token;
    c->response->note = c->client.client->id;
    TRY(token_of(c, &token));
    int64_t retry_after = 0;
    err judged = introspect_revoke(c->context, &c->client, token, &retry_after);
    if (judged.kind == ERR_BUSY)
        TRY(response_header(c->response, "Retry-After", str_format(c->context->arena, "%lld", (long long)retry_after)));
    TRY(judged);
    struct json_writer nothing = call_object(c);
    return call_json(c, 200, &nothing); /* RFC 7009 2.2: the body is ignored */
}
