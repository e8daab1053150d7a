/* SPDX-License-Identifier: MIT
 * id_token: the one place that writes and reads ID tokens. Relies on token/jws for the signature and the strict header. Promises that
 * the claims that say who, whom for, when and how come from the caller's facts alone: a person's own claims never replace them, and that
 * at_hash is over the very access token that goes out beside it (AT-13). */
#include "token/id_token.h"
#include "token/jws.h"
#include "base/banned.h"

static const char id_type[] = "JWT"; /* RFC 7519 5.1; no other token of ours has it */

static const char *const own_names[] = {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "at_hash", "c_hash",
                                        "acr", "amr", "azp", "sid", "session_hint", "cnf", "act", "sub_jwk", "s_hash", "events"};

static bool is_own(str name)
{
    for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++)
        if (str_is(name, own_names[i]))
            return true;
    return false;
}

static void put_present(struct arena *a, json *claims, const char *name, str value)
{
    if (str_present(value))
        json_put_text(a, claims, name, value);
}

static fallible put_more(struct arena *a, json *claims, const json *more)
{
    void *at = NULL;
    str name;
    const json *value;
    while (more != NULL && json_each(more, &at, &name, &value)) {
        const char *z = str_z(a, name);
        if (z == NULL)
            FAIL(UNAVAILABLE, "id token: no memory");
        if (!is_own(name)) /* OpenID Connect Core 5.1: the others are the person's */
            json_put(a, claims, z, (json *)(uintptr_t)value); /* shared: the arena ends both */
    }
    return OK;
}

fallible id_token_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const struct id_token *what, str *token)
{
    if (!str_filled(what->issuer) || !str_filled(what->subject) || !str_filled(what->client_id))
        FAIL(SERVER_ERROR, "an id token needs an issuer, a subject and a client");
    json *claims = json_object_new(a);
    TRY(put_more(a, claims, what->more));
    json_put_text(a, claims, "iss", what->issuer); /* OpenID Connect Core 2 */
    json_put_text(a, claims, "sub", what->subject);
    json_put_text(a, claims, "aud", what->client_id); /* one audience, so azp is not due (AT-13) */
    json_put_integer(a, claims, "exp", what->expires_at);
    json_put_integer(a, claims, "iat", what->issued_at);
    json_put_integer(a, claims, "auth_time", what->auth_time);
    put_present(a, claims, "nonce", what->nonce);
    put_present(a, claims, "acr", what->acr);
    if (str_filled(what->amr))
        json_put_words(a, claims, "amr", what->amr);
    put_present(a, claims, "sid", what->session_id); /* OpenID Connect Back-Channel Logout 2.1 */
    put_present(a, claims, "session_hint", what->session_hint);
    if (str_present(what->access_token)) {
        str half;
        TRY(jws_hash_half(a, alg, what->access_token, &half)); /* 3.1.3.6 */
        json_put_text(a, claims, "at_hash", half);
    }
    str text;
    TRY(json_text(a, claims, &text));
    return jws_sign(a, k, alg, id_type, text, token);
}

fallible id_token_read(struct arena *a, const struct keyring *k, str token, str issuer, struct id_token *out)
{
    json *claims;
    struct id_token t = {0};
    TRY(jws_check(a, k, id_type, token, &claims));
    t.issuer = json_member_text(claims, "iss");
    t.subject = json_member_text(claims, "sub");
    t.client_id = json_member_text(claims, "aud");
    t.acr = json_member_text(claims, "acr");
    t.session_id = json_member_text(claims, "sid");
    t.session_hint = json_member_text(claims, "session_hint");
    if (!str_filled(t.issuer) || !str_equal(t.issuer, issuer))
        FAIL(INVALID_TOKEN, "an id token of another issuer");
    if (!str_filled(t.subject) || !str_filled(t.client_id))
        FAIL(INVALID_TOKEN, "an id token without a subject or an audience");
    if (!json_integer_of(json_member(claims, "auth_time"), &t.auth_time) || !json_integer_of(json_member(claims, "iat"), &t.issued_at) ||
        !json_integer_of(json_member(claims, "exp"), &t.expires_at))
        FAIL(INVALID_TOKEN, "an id token lacks its times");
    *out = t;
    return OK;
}
