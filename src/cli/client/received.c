/* SPDX-License-Identifier: MIT
 * received: judges signed words of a foreign server. Relies on token/jwt for form, signature and registered claims, on fetch
 * for the server's keys. Promises that keys come from the jwks_uri of the metadata and from nowhere else, that `none` and the
 * client's secret never serve as one, and that every failure names the check.
 *
 *   text --form--> read --a key of the server--> signed --iss, aud, exp, and what its kind asks--> believed */
#include "cli/client/received.h"
#include "cli/client/server_call.h"
#include "crypto/secret.h"
#include "token/jws.h"
#include "token/jwt.h"
#include "base/banned.h"

enum { SKEW = 60 };

const char received_checks[] = "signature against the server's keys, iss, aud, azp, exp, iat, nonce, at_hash, auth_time";

static fallible fetch_keys(struct arena *a, struct token_flow *f, const char **trouble)
{
    struct fetch_answer answer;
    str address = discover_endpoint(&f->server, "jwks_uri", false);
    *trouble = "the server's metadata contains no jwks_uri, so its signatures cannot be checked; give --jwks-uri";
    if (!str_present(address))
        FAIL(NOT_FOUND, "no jwks_uri");
    struct fetch_request request = {.url = address, .authority = f->authority, .accept = STR("application/jwk-set+json, application/json")};
    TRY(fetch_run(a, &request, &answer, trouble));
    *trouble = str_format(a, "the server's jwks_uri answered with status %ld and did not return a key set", answer.status).p;
    struct jwk_set *set = ARENA_NEW(a, struct jwk_set);
    if (answer.status != 200 || !set)
        FAIL(INVALID_REQUEST, "no key set");
    TRY(jwk_set_parse(a, answer.body, set));
    f->keys = set;
    return OK;
}
/* One sentence from what failed. */
static err tell_token_trouble(struct arena *a, const char *what, err e, const char **trouble)
{
    *trouble = str_format(a, "the %s is not valid: %s", what, err_why(e)).p;
    return e;
}
struct received_rule {
    const char *what;
    bool expires, issued; /* exp, iat must be there */
};
static fallible check_received_jwt(struct arena *a, struct token_flow *f, str token, const struct received_rule *rule, struct jwt *out, const char **trouble)
{
    struct jwt t;
    struct jwt_facts facts;
    err e = jwt_read(a, token, &t);
    if (FAILED(e))
        return tell_token_trouble(a, rule->what, e, trouble);
    if (!f->keys)
        TRY(fetch_keys(a, f, trouble));
    e = jwt_check(a, &t, f->keys, sign_alg_words); /* RFC 8725 3.1: asymmetric rows alone */
    const struct jwt_rule claims = {
        .issuer = f->server.issuer,
        .audiences = &f->client_id,
        .audience_count = 1,
        .now = clock_now(),
        .skew = SKEW,
        .need_exp = rule->expires,
        .need_iat = rule->issued,
    };
    if (!FAILED(e) && !str_present(f->server.issuer))
        e = ERR(INVALID_TOKEN, "its issuer cannot be checked; give --issuer");
    if (!FAILED(e) && !str_present(f->client_id))
        e = ERR(INVALID_TOKEN, "its audience cannot be checked; give --client-id");
    if (!FAILED(e) && !str_present(json_member_text(t.claims, "iss")))
        e = ERR(INVALID_TOKEN, "it has no iss");
    if (!FAILED(e))
        e = jwt_judge(&t, &claims, &facts);
    if (FAILED(e))
        return tell_token_trouble(a, rule->what, e, trouble);
    *out = t;
    return OK;
}
/* OpenID Connect Core 3.1.3.6: left half of the hash, by the algorithm of the token. */
static fallible check_hash(struct arena *a, const struct jwt *t, str access_token)
{
    enum sign_alg alg;
    str want, have = json_member_text(t->claims, "at_hash");
    if (!json_member(t->claims, "at_hash"))
        return OK; /* 3.1.3.6: optional in the code flow */
    if (!sign_alg_foreign(t->alg_name, &alg))
        FAIL(INVALID_TOKEN, "its algorithm has no hash");
    TRY(jws_hash_half(a, alg, access_token, &want));
    return secret_equal(want, have) ? OK : ERR(INVALID_TOKEN, "at_hash does not match the access token");
}
static fallible check_party(const struct token_flow *f, const json *claims)
{
    const json *audience = json_member(claims, "aud"), *party = json_member(claims, "azp");
    if (party ? !str_equal(json_text_of(party), f->client_id) : json_is_list(audience) && json_count(audience) > 1)
        FAIL(INVALID_TOKEN, "azp is missing beside several audiences, or another client's"); /* 3.1.3.7, 4 and 5 */
    return OK;
}
static fallible check_login(const struct token_flow *f, const json *claims)
{
    int64_t when = 0;
    bool told = json_integer_of(json_member(claims, "auth_time"), &when);
    if (f->asked_age < 0)
        return OK;
    if (!told)
        FAIL(INVALID_TOKEN, "auth_time is missing although max_age was asked for"); /* 2; 3.1.3.7, 13 */
    if (clock_add(when, f->asked_age + SKEW) < clock_now())
        FAIL(INVALID_TOKEN, "the login is older than max_age");
    return OK;
}
static fallible check_identity(struct arena *a, const struct token_flow *f, const struct jwt *t, str access_token)
{
    if (!str_filled(json_member_text(t->claims, "sub")))
        FAIL(INVALID_TOKEN, "it has no sub");
    if (str_present(f->nonce) && !secret_equal(json_member_text(t->claims, "nonce"), f->nonce)) /* 3.1.3.7, 11 */
        FAIL(INVALID_TOKEN, "nonce is missing, or another request's");
    TRY(check_party(f, t->claims));
    TRY(check_login(f, t->claims));
    return check_hash(a, t, access_token);
}
fallible received_id_token(struct arena *a, struct token_flow *f, const json *response, const json **claims, const char **trouble)
{
    static const struct received_rule rule = {"ID token", true, true};
    struct jwt t;
    TRY(check_received_jwt(a, f, json_member_text(response, "id_token"), &rule, &t, trouble));
    err e = check_identity(a, f, &t, json_member_text(response, "access_token"));
    if (FAILED(e))
        return tell_token_trouble(a, rule.what, e, trouble);
    *claims = t.claims;
    return OK;
}
fallible received_answer(struct arena *a, struct token_flow *f, str token, const json **claims, const char **trouble)
{
    static const struct received_rule rule = {"signed authorization answer", true, false}; /* JARM 2.1 */
    struct jwt t;
    TRY(check_received_jwt(a, f, token, &rule, &t, trouble));
    *claims = t.claims;
    return OK;
}
fallible received_userinfo(struct arena *a, struct token_flow *f, str token, const json **claims, const char **trouble)
{
    static const struct received_rule rule = {"signed userinfo answer", false, false};
    struct jwt t;
    TRY(check_received_jwt(a, f, token, &rule, &t, trouble));
    *claims = t.claims;
    return OK;
}
