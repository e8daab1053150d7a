/* SPDX-License-Identifier: MIT
 * token_flow: gets a token from any OAuth server. Relies on the grants (grant_*.c) for what leads to a token request, on
 * server_call for the request and on received for what comes back. Promises that no ID token passes unchecked, and that a token
 * which was asked for with DPoP is bound to its key.
 *
 *   prepare (the grant's own way) --> token request --> response --> token type, ID token checked --> result */
#include "cli/client/token_flow.h"
#include "base/ascii.h"
#include "cli/client/grant_rows.h"
#include "cli/client/received.h"
#include "cli/client/server_call.h"
#include "codec/b64url.h"
#include "codec/form.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "base/banned.h"

enum { RANDOM_BYTES = 32 };

/* clang-format off */
static const struct token_grant grants[] = {
    {.word = "authorization_code", .type = "authorization_code", .endpoint = "authorization_endpoint", .prepare = grant_code},
    {.word = "password", .type = "password", .needs = "username", .secret = "password-stdin", .question = "Password",
     .prepare = grant_password},
    {.word = "client_credentials", .type = "client_credentials", .prepare = grant_credentials},
    {.word = "refresh_token", .type = "refresh_token", .secret = "refresh-token-stdin", .question = "Refresh token",
     .anonymous = true, .prepare = grant_refresh},
    {.word = "device_code", .type = "urn:ietf:params:oauth:grant-type:device_code",
     .endpoint = "device_authorization_endpoint", .redeem = grant_device},
    {.word = "token_exchange", .type = "urn:ietf:params:oauth:grant-type:token-exchange", .anonymous = true,
     .secret = "subject-token-stdin", .question = "Subject token", .prepare = grant_exchange},
    {.word = "jwt_bearer", .type = "urn:ietf:params:oauth:grant-type:jwt-bearer", .anonymous = true, .prepare = grant_bearer},
    {.word = "ciba", .type = "urn:openid:params:grant-type:ciba", .endpoint = "backchannel_authentication_endpoint",
     .needs = "login-hint", .redeem = grant_ciba},
};
/* clang-format on */

const struct token_grant *token_flow_grant(str word)
{
    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
        if (str_is(word, grants[i].word))
            return &grants[i];
    }
    return NULL;
}
str token_flow_random(struct arena *a)
{
    uint8_t bytes[RANDOM_BYTES];
    random_bytes(bytes, sizeof bytes);
    str text = b64url_encode(a, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    return text;
}
void token_flow_add_words(struct buf *b, const char *name, str words)
{
    str rest = words, word;
    while (str_filled(words) && str_next(&rest, ' ', &word))
        form_add(b, str_of(name), word);
}
void token_flow_add_filled(struct buf *b, const char *name, str value)
{
    if (str_filled(value))
        form_add(b, str_of(name), value);
}
static fallible ask_once(struct arena *a, struct token_flow *f, json **response, const char **trouble)
{
    struct buf form = buf_new(a, BUF_JSON_MAX);
    struct server_call call = {.endpoint = "token_endpoint", .proof = true};
    struct server_answer answer;
    form_add(&form, STR("grant_type"), str_of(f->grant->type));
    if (f->grant->prepare)
        TRY(f->grant->prepare(a, f, &form, trouble));
    token_flow_add_words(&form, "resource", f->resource); /* RFC 8707 2.2 */
    TRY(buf_done(&form, &call.form));
    TRY(server_call_post(a, f, &call, &answer, trouble));
    TRY(server_call_judge(a, f, &answer, trouble));
    *response = answer.body;
    return OK;
}
static bool is_printable_token(str token)
{
    for (size_t i = 0; i < token.n; i++) {
        if (!ascii_printable(token.p[i]))
            return false;
    }
    return str_filled(token);
}
static fallible judge_response(const struct token_flow *f, const json *response, const char **trouble)
{
    str type = json_member_text(response, "token_type");
    *trouble = "the token response has no usable access_token"; /* RFC 6749 5.1 */
    if (!is_printable_token(json_member_text(response, "access_token")))
        FAIL(INVALID_REQUEST, "no access_token");
    *trouble = "the server issued a token that is not bound to the DPoP key: it does not support DPoP, or not for this client";
    if (f->proof && !str_equal_nocase(type, STR("DPoP")) && !str_equal_nocase(type, STR("N_A"))) /* RFC 9449 5 */
        FAIL(INVALID_REQUEST, "a token of another type");
    return OK;
}
fallible token_flow_run(struct arena *a, struct token_flow *f, struct token_flow_result *out, const char **trouble)
{
    struct token_flow_result result = {0};
    *trouble = "no memory";
    TRY(f->grant->redeem ? f->grant->redeem(a, f, &result.response, trouble) : ask_once(a, f, &result.response, trouble));
    TRY(judge_response(f, result.response, trouble));
    str id_token = json_member_text(result.response, "id_token");
    if (str_present(id_token))
        TRY(received_id_token(a, f, result.response, &result.claims, trouble));
    *out = result;
    return OK;
}

static fallible decode_part(struct arena *a, str part, json **out)
{
    size_t n = 0;
    uint8_t *bytes = arena_take(a, part.n + 1);
    if (!bytes)
        FAIL(UNAVAILABLE, "no memory for a token's part");
    TRY(b64url_decode(part, bytes, part.n, &n));
    return json_parse(a, (str){(char *)bytes, n}, out);
}
fallible token_flow_decode(struct arena *a, str token, json **decoded)
{
    str rest = token, header, claims, signature, more;
    json *h, *c;
    if (!str_next(&rest, '.', &header) || !str_next(&rest, '.', &claims) || !str_next(&rest, '.', &signature) || str_next(&rest, '.', &more))
        FAIL(INVALID_REQUEST, "not three parts");
    TRY(decode_part(a, header, &h));
    TRY(decode_part(a, claims, &c));
    json *both = json_object_new(a);
    json_put(a, both, "header", h);
    json_put(a, both, "claims", c);
    *decoded = both;
    return OK;
}
