/* SPDX-License-Identifier: MIT
 * jwt: signed tokens of foreigners. Relies on codec (strict base64url, strict JSON), token/jwk and crypto/mac. Promises: the
 * steps depend on each other in one order and each believes only what the one before has shown: text ──jwt_read──▶ form (a
 * claim of nobody) ──jwt_check, jwt_check_secret──▶ signed by a given key ──jwt_judge──▶ facts
 * 1. what the header says chooses nothing but one of the keys and algorithms that the caller offers (AT-05, CA-10); 2. an
 * asymmetric key is never an HMAC secret: the two have different functions and different tables of algorithms; 3. a number of
 * tries is bounded. */
#include "token/jwt.h"

#include "codec/b64url.h"
#include "crypto/mac.h"

#include "base/banned.h"

static fallible split_jwt_parts(str token, str parts[3])
{
    if (!str_filled(token) || token.n > BUF_TOKEN_MAX) /* AT-06 */
        REFUSE(INVALID_TOKEN, "The signed token is empty or too large.", "jwt: empty or too large");
    str rest = token;
    size_t count = 0;
    for (str piece; str_next(&rest, '.', &piece); count++) {
        if (count < 3)
            parts[count] = piece;
    }
    if (count == 5) /* RFC 7516 3.1 */
        REFUSE(INVALID_TOKEN, "The token is encrypted; only signed tokens are accepted here.", "jwt: a JWE");
    if (count != 3)
        REFUSE(INVALID_TOKEN, "The signed token does not have three parts.", "jwt: not three parts");
    if (parts[0].n == 0 || parts[1].n == 0)
        REFUSE(INVALID_TOKEN, "A part of the signed token is empty.", "jwt: empty part");
    return OK;
}

static fallible decode_jwt_part(struct arena *a, str text, str *out)
{
    size_t capacity = text.n / 4 * 3 + 3, n;
    char *bytes = arena_take(a, capacity);
    if (bytes == NULL)
        FAIL(UNAVAILABLE, "no memory to read a signed token");
    if (FAILED(b64url_decode(text, bytes, capacity, &n))) /* AT-06 */
        REFUSE(INVALID_TOKEN, "A part of the signed token is not base64url without padding.", "jwt: not canonical base64url");
    *out = (str){bytes, n};
    return OK;
}

static fallible object_of(struct arena *a, str text, const json **out)
{
    str bytes;
    json *j;
    TRY(decode_jwt_part(a, text, &bytes));
    err parsed = json_parse(a, bytes, &j);
    if (FAILED(parsed) && parsed.kind != ERR_INVALID_REQUEST)
        return parsed;
    if (FAILED(parsed) || !json_is_object(j)) /* duplicate members, trailing bytes, depth: AT-06 */
        REFUSE(INVALID_TOKEN, "The header or the claims of the signed token are not one JSON object without duplicate members.",
               "jwt: part is not one strict JSON object");
    *out = j;
    return OK;
}

static fallible header_read(struct jwt *t)
{
    static const char *const texts[] = {"alg", "kid", "typ"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const json *member = json_member(t->header, texts[i]);
        if (member != NULL && !json_is_text(member))
            REFUSE(INVALID_TOKEN, "alg, kid and typ in the header of the signed token must be strings.", "jwt: header member of the wrong type");
    }
    /* RFC 7515 4.1.11: we understand no extension, so a critical one cannot be followed (AT-07) */
    if (json_member(t->header, "crit") != NULL)
        REFUSE(INVALID_TOKEN, "The signed token has critical extensions, which are not supported.", "jwt: crit");
    if (json_member(t->header, "b64") != NULL) /* RFC 7797 7: never in a JWT */
        REFUSE(INVALID_TOKEN, "The header member b64 is not supported.", "jwt: b64");
    t->alg_name = json_member_text(t->header, "alg");
    t->kid = json_member_text(t->header, "kid");
    t->typ = json_member_text(t->header, "typ");
    if (!str_filled(t->alg_name) || str_equal_nocase(t->alg_name, STR("none"))) /* RFC 8725 3.2; AT-05 */
        REFUSE(INVALID_TOKEN, "The token must be signed: its alg is none or missing.", "jwt: alg none or missing");
    return OK;
}

fallible jwt_read(struct arena *a, str token, struct jwt *out)
{
    struct jwt t = {0};
    str parts[3];
    TRY(split_jwt_parts(token, parts));
    TRY(object_of(a, parts[0], &t.header));
    TRY(header_read(&t));
    TRY(object_of(a, parts[1], &t.claims));
    TRY(decode_jwt_part(a, parts[2], &t.signature));
    t.signed_text = (str){token.p, parts[0].n + 1 + parts[1].n};
    *out = t;
    return OK;
}

static fallible require_allowed_alg(const struct jwt *t, str allowed_algs)
{
    if (!str_filled(allowed_algs) || !str_has_word(allowed_algs, t->alg_name)) /* RFC 8725 3.1; AT-05 */
        REFUSE(INVALID_TOKEN, "The signature algorithm of the token is not allowed here.", "jwt: algorithm is not in the allowed list");
    return OK;
}

/* kid selects among the given keys and does nothing else (CA-10). */
static bool is_candidate_key(const struct jwt *t, const struct jwk *key, enum sign_alg alg)
{
    return (!str_present(t->kid) || str_equal(t->kid, key->kid)) && jwk_fits(key, alg);
}

bool jwt_has_key(const struct jwt *t, const struct jwk_set *keys)
{
    enum sign_alg alg;
    if (!sign_alg_foreign(t->alg_name, &alg))
        return false;
    for (size_t i = 0; i < keys->count; i++)
        if (is_candidate_key(t, &keys->keys[i], alg))
            return true;
    return false;
}

fallible jwt_check(struct arena *a, const struct jwt *t, const struct jwk_set *keys, str allowed_algs)
{
    enum sign_alg alg;
    TRY(require_allowed_alg(t, allowed_algs));
    if (!sign_alg_foreign(t->alg_name, &alg)) /* HMAC names are in another table */
        REFUSE(INVALID_TOKEN, "The signature algorithm of the token does not use a public key.", "jwt: algorithm is no asymmetric one");
    if (arena_failed(a)) /* a list of keys that lost one is no list to judge by */
        FAIL(UNAVAILABLE, "no memory to check a signed token");
    size_t tries = 0;
    for (size_t i = 0; i < keys->count && tries < JWT_TRIES_MAX; i++) {
        if (!is_candidate_key(t, &keys->keys[i], alg))
            continue;
        tries++;
        err e = jwk_check(&keys->keys[i], alg, t->signed_text, t->signature);
        if (!FAILED(e) || e.kind != ERR_INVALID_TOKEN)
            return e;
    }
    if (tries == 0)
        REFUSE(INVALID_TOKEN, "None of the registered keys has the kid and the algorithm of the signed token.", "jwt: no key of that kid and algorithm");
    REFUSE(INVALID_TOKEN, "The signature of the token does not match.", "jwt: signature does not match");
}

fallible jwt_check_secret(const struct jwt *t, str secret, str allowed_algs)
{
    enum mac_alg alg;
    TRY(require_allowed_alg(t, allowed_algs));
    if (!mac_alg_of(t->alg_name, &alg))
        REFUSE(INVALID_TOKEN, "The signature algorithm of the token does not use a shared secret.", "jwt: algorithm is no HMAC");
    return mac_check(alg, secret, t->signed_text, t->signature);
}
