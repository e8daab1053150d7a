/* SPDX-License-Identifier: MIT
 * id_token: the one place that writes and reads ID tokens. Relies on token/jws for the signature and the strict header. Promises that
 * the claims that say who, whom for, when and how come from the caller's facts alone: a person's own claims never replace them, and that
 * at_hash is over the very access token that goes out beside it (AT-13). */
#include "token/id_token.h"
#include "codec/json_writer.h"
#include "token/jws.h"
#include "base/banned.h"

static const char id_type[] = "JWT"; /* RFC 7519 5.1; no other token of ours has it */

static const char *const own_names[] = {"iss", "sub", "aud", "exp", "iat",          "nbf", "jti", "auth_time", "nonce",  "at_hash", "c_hash",
                                        "acr", "amr", "azp", "sid", "session_hint", "cnf", "act", "sub_jwk",   "s_hash", "events"};

static bool is_own(str name)
{
    for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++)
        if (str_is(name, own_names[i]))
            return true;
    return false;
}

/* OpenID Connect Core 5.1: what is not ours is the person's. */
static void write_more(struct json_writer *w, const json *more)
{
    void *at = NULL;
    str name;
    const json *value;
    while (json_each(more, &at, &name, &value))
        if (!is_own(name))
            json_write_value(w, name.p, value);
}

fallible id_token_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const struct id_token *what, str *token)
{
    if (!str_filled(what->issuer) || !str_filled(what->subject) || !str_filled(what->client_id))
        FAIL(SERVER_ERROR, "an id token needs an issuer, a subject and a client");
    struct json_writer w = json_writer_new(a);
    json_write_object(&w, NULL);
    write_more(&w, what->more);
    json_write_text(&w, "iss", what->issuer); /* OpenID Connect Core 2 */
    json_write_text(&w, "sub", what->subject);
    json_write_text(&w, "aud", what->client_id); /* one audience, so azp is not due (AT-13) */
    json_write_integer(&w, "exp", what->expires_at);
    json_write_integer(&w, "iat", what->issued_at);
    json_write_integer(&w, "auth_time", what->auth_time);
    json_write_filled(&w, "nonce", what->nonce);
    json_write_filled(&w, "acr", what->acr);
    if (str_filled(what->amr))
        json_write_words(&w, "amr", what->amr);
    json_write_filled(&w, "sid", what->session_id); /* OpenID Connect Back-Channel Logout 2.1 */
    json_write_filled(&w, "session_hint", what->session_hint);
    if (str_present(what->access_token)) {
        str half;
        TRY(jws_hash_half(a, alg, what->access_token, &half)); /* 3.1.3.6 */
        json_write_text(&w, "at_hash", half);
    }
    str text;
    json_write_end(&w);
    TRY(json_writer_done(&w, &text));
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
    t.amr = json_words_of(a, json_member(claims, "amr"));
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
