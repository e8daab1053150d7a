/* SPDX-License-Identifier: MIT
 * jws: signed tokens in compact form, made and read by this server alone, so reading may be stricter than RFC 7515 asks: the
 * header holds alg, typ (where asked for) and kid and nothing else, each exactly as jws_sign writes it. Relies on keys/keyring
 * for keys (kid → key, and the key knows its one algorithm), on codec/json to refuse duplicate members and trailing bytes, on
 * codec/b64url to refuse padding. Promises that claims are parsed only after the signature held (RFC 8725 3.2). */
#include "token/jws.h"
#include "codec/b64url.h"
#include <string.h>
#include "base/banned.h"

enum { HEADER_MAX = 512 };

static fallible encode_signing_input(struct arena *a, str header, str claims, struct buf *b)
{
    b64url_add(b, header.p, header.n);
    buf_char(b, '.');
    b64url_add(b, claims.p, claims.n);
    if (b->over || arena_failed(a))
        FAIL(SERVER_ERROR, "a token is too large to be signed");
    return OK;
}

fallible jws_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const char *typ, str claims, str *out)
{
    str kid = keyring_kid(k, alg), header, token;
    if (!str_present(kid))
        FAIL(SERVER_ERROR, "there is no active key of that algorithm");
    struct buf h = buf_new(a, HEADER_MAX);
    buf_add_z(&h, "{\"alg\":\"");
    buf_add_z(&h, sign_alg_name(alg));
    if (typ != NULL) {
        buf_add_z(&h, "\",\"typ\":\"");
        buf_add_z(&h, typ);
    }
    buf_add_z(&h, "\",\"kid\":\"");
    buf_add(&h, kid); /* a thumbprint: base64url needs no escape */
    buf_add_z(&h, "\"}");
    TRY(buf_done(&h, &header));
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    TRY(encode_signing_input(a, header, claims, &b));
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    TRY(keyring_sign(k, alg, (str){b.p, b.n}, signature, &n));
    buf_char(&b, '.');
    b64url_add(&b, signature, n);
    TRY(buf_done(&b, &token));
    *out = token;
    return OK;
}

struct parts {
    str header, claims, signature, signed_text;
};

static fallible split_signed_token(str token, struct parts *out)
{
    if (!str_filled(token) || token.n > BUF_TOKEN_MAX) /* AT-06 */
        FAIL(INVALID_TOKEN, "a signed token is empty or too large");
    size_t first = str_find(token, '.');
    if (first == token.n)
        FAIL(INVALID_TOKEN, "a signed token has no dots");
    str rest = {token.p + first + 1, token.n - first - 1};
    size_t second = str_find(rest, '.');
    if (second == rest.n)
        FAIL(INVALID_TOKEN, "a signed token has one dot");
    out->header = (str){token.p, first};
    out->claims = (str){rest.p, second};
    out->signature = (str){rest.p + second + 1, rest.n - second - 1};
    out->signed_text = (str){token.p, first + 1 + second};
    if (out->header.n == 0 || out->header.n > B64URL_LENGTH(HEADER_MAX) || out->claims.n == 0 || out->signature.n == 0)
        FAIL(INVALID_TOKEN, "a part of a signed token is empty or too large");
    return OK; /* a third dot is no base64url and falls with the signature */
}

static fallible object_of(struct arena *a, str text, json **out)
{
    size_t capacity = text.n / 4 * 3 + 2, n = 0;
    char *bytes = arena_take(a, capacity);
    if (bytes == NULL)
        FAIL(UNAVAILABLE, "no memory to read a signed token");
    json *j;
    if (FAILED(b64url_decode(text, bytes, capacity, &n)))
        FAIL(INVALID_TOKEN, "a part of a signed token is not base64url");
    err parsed = json_parse(a, (str){bytes, n}, &j);
    if (FAILED(parsed) && parsed.kind != ERR_INVALID_REQUEST)
        return parsed;
    if (FAILED(parsed) || !json_is_object(j))
        FAIL(INVALID_TOKEN, "a part of a signed token is not one JSON object");
    *out = j;
    return OK;
}

static fallible header_check(const char *typ, const json *header, struct keyring_claim *claim)
{
    str alg = json_member_text(header, "alg"), type = json_member_text(header, "typ"), kid = json_member_text(header, "kid");
    /* RFC 7515 4.1.11, RFC 7797 6: crit, b64, jku, jwk, x5u and all else that we do not write (AT-07) */
    if (json_count(header) != (typ != NULL ? 3 : 2) || !str_present(alg) || !str_present(kid))
        FAIL(INVALID_TOKEN, "the header of a signed token holds other members than alg, typ and kid, or lacks one");
    if (typ != NULL ? !str_is(type, typ) : str_present(type)) /* RFC 8725 3.11 */
        FAIL(INVALID_TOKEN, "a signed token is of another typ");
    claim->kid = kid;
    claim->alg = alg;
    return OK;
}

fallible jws_check(struct arena *a, const struct keyring *k, const char *typ, str token, json **claims)
{
    struct parts parts;
    json *header, *payload;
    struct keyring_claim claim;
    TRY(split_signed_token(token, &parts));
    TRY(object_of(a, parts.header, &header));
    TRY(header_check(typ, header, &claim));
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    if (FAILED(b64url_decode(parts.signature, signature, sizeof signature, &n)))
        FAIL(INVALID_TOKEN, "the signature of a signed token is not base64url");
    claim.text = parts.signed_text;
    claim.signature = (str){(char *)signature, n};
    TRY(keyring_verify(k, &claim)); /* RFC 8725 3.1: the algorithm is the key's (AT-05) */
    TRY(object_of(a, parts.claims, &payload));
    *claims = payload;
    return OK;
}

fallible jws_hash_half(struct arena *a, enum sign_alg alg, str value, str *out)
{
    uint8_t hash[SIGN_HASH_MAX];
    size_t n;
    TRY(sign_alg_hash(alg, value, hash, &n));
    str text = b64url_encode(a, hash, n / 2);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "no memory for a hash");
    *out = text;
    return OK;
}
