/* SPDX-License-Identifier: MIT
 * dpop: one proof, judged in the order of RFC 9449 4.3. Relies on token/jwt for the strict form, on token/jwk for the key in
 * the header (the one place where a key in a header is used: it proves nothing but that the sender holds it), on codec/url for
 * addresses. Promises: a proof that passes was signed by the key whose thumbprint it answers, for this method, address, moment
 * and access token. */
#include "token/dpop.h"

#include "base/ascii.h"
#include "codec/b64url.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "token/jwt.h"

#include "base/banned.h"

static const char words[] = "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519";
const str dpop_algs = {words, sizeof words - 1};

/* The reason stays, the kind is ours; a failing machine is no verdict. */
static err as_proof(err e)
{
    return e.kind == ERR_INVALID_TOKEN || e.kind == ERR_INVALID_REQUEST ? (err){ERR_INVALID_DPOP_PROOF, e.reason} : e;
}

#define TRY_PROOF(expression_) TRY(as_proof(expression_))

static fallible signature_check(struct arena *a, const struct jwt *t, struct dpop_proof *out)
{
    struct jwk key;
    enum sign_alg alg;
    if (!str_is(t->typ, "dpop+jwt")) /* RFC 9449 4.3 4 */
        REFUSE(INVALID_DPOP_PROOF, "The typ of the DPoP proof must be dpop+jwt.", "dpop: typ is not dpop+jwt");
    if (!str_has_word(dpop_algs, t->alg_name) || !sign_alg_foreign(t->alg_name, &alg)) /* 4.3 5 */
        REFUSE(INVALID_DPOP_PROOF, "The alg of the DPoP proof is not an asymmetric one that this server supports.", "dpop: algorithm is not supported");
    const json *jwk = json_member(t->header, "jwk");
    if (!json_is_object(jwk)) /* 4.2 */
        REFUSE(INVALID_DPOP_PROOF, "The header of the DPoP proof contains no jwk.", "dpop: no jwk");
    TRY_PROOF(jwk_of_json(a, jwk, &key)); /* 4.3 7: no private key */
    if (!jwk_fits(&key, alg))
        REFUSE(INVALID_DPOP_PROOF, "The jwk of the DPoP proof does not fit its alg.", "dpop: jwk does not fit alg");
    err e = jwk_check(&key, alg, t->signed_text, t->signature);
    if (FAILED(e) && e.kind != ERR_INVALID_TOKEN)
        return e;
    if (FAILED(e)) /* 4.3 6 */
        REFUSE(INVALID_DPOP_PROOF, "The signature of the DPoP proof does not match its jwk.", "dpop: signature does not match");
    out->jkt = key.thumbprint;
    out->alg = t->alg_name;
    return OK;
}

/* RFC 3986 6.2.2.1 and 6.2.2.2: escapes in upper case, none for unreserved characters. The escapes are well formed (url_parse).
 */
static void add_escape(struct buf *b, const char *p)
{
    static const char digits[] = "0123456789ABCDEF";
    int high = ascii_hex(p[1]), low = ascii_hex(p[2]);
    char c = (char)(high << 4 | low);
    if (ascii_unreserved(c)) {
        buf_char(b, c);
        return;
    }
    buf_char(b, '%');
    buf_char(b, digits[high]);
    buf_char(b, digits[low]);
}

/* RFC 3986 5.2.4, for a path that begins with a slash: writes behind `start` and never takes away what stands before it. */
static void add_segments(struct buf *b, str path)
{
    size_t start = b->n;
    str segment, rest = {path.p + 1, path.n - 1};
    while (str_next(&rest, '/', &segment)) {
        bool last = !str_present(rest);
        if (str_is(segment, "..")) {
            while (b->n > start && b->p[--b->n] != '/')
                continue;
        }
        if (str_is(segment, "..") || str_is(segment, ".")) {
            if (last)
                buf_char(b, '/');
            continue;
        }
        buf_char(b, '/');
        buf_add(b, segment);
    }
}

/* Scheme, host and port as an origin, then the path; query and fragment are dropped (RFC 9449 4.3 9). */
static fallible normal_url(struct arena *a, str text, str *out)
{
    struct url u;
    str path;
    TRY(url_parse(text, &u));
    struct buf escapes = buf_new(a, BUF_URL_MAX);
    for (size_t i = 0; i < u.path.n; i++) {
        if (u.path.p[i] == '%') {
            add_escape(&escapes, u.path.p + i);
            i += 2;
        } else {
            buf_char(&escapes, u.path.p[i]);
        }
    }
    TRY(buf_done(&escapes, &path));
    if (path.n == 0) /* RFC 3986 6.2.3 */
        path = STR("/");
    if (!str_filled(u.host) || path.p[0] != '/')
        FAIL(INVALID_REQUEST, "url: not one with a host");
    str origin = url_origin(a, &u);
    if (!str_present(origin))
        FAIL(UNAVAILABLE, "no memory for an address");
    struct buf b = buf_new(a, BUF_URL_MAX);
    buf_add(&b, origin);
    add_segments(&b, path);
    return buf_done(&b, out);
}

static fallible place_check(struct arena *a, const struct jwt *t, const struct dpop_expect *expect)
{
    str ours, theirs, htm = json_member_text(t->claims, "htm"), htu = json_member_text(t->claims, "htu");
    if (!str_present(htm) || !str_equal(htm, expect->method)) /* 4.3 8 */
        REFUSE(INVALID_DPOP_PROOF, "The htm claim of the DPoP proof is not the method of the request.", "dpop: wrong htm");
    if (!str_present(htu))
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof needs an htu claim.", "dpop: no htu");
    err e = normal_url(a, expect->url, &ours);
    if (FAILED(e) && e.kind == ERR_INVALID_REQUEST)
        FAIL(SERVER_ERROR, "dpop: the expected address is none");
    TRY(e);
    e = normal_url(a, htu, &theirs);
    if (FAILED(e) && e.kind != ERR_INVALID_REQUEST)
        return e;
    if (FAILED(e) || !str_equal(ours, theirs)) /* 4.3 9 */
        REFUSE(INVALID_DPOP_PROOF, "The htu claim of the DPoP proof is not the address of the request.", "dpop: wrong htu");
    return OK;
}

static fallible moment_check(const struct jwt *t, const struct dpop_expect *expect, struct dpop_proof *out)
{
    out->jti = json_member_text(t->claims, "jti");
    if (!str_filled(out->jti) || out->jti.n > JWT_JTI_MAX) /* 4.2, 11.1 */
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof needs a jti claim of 1 to 256 bytes.", "dpop: no jti, or too long");
    if (!json_seconds_of(json_member(t->claims, "iat"), &out->issued_at))
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof needs an iat claim in seconds.", "dpop: no iat");
    if (out->issued_at < clock_add(expect->now, -expect->window)) /* 4.3 11 */
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof is too old.", "dpop: iat too old");
    if (out->issued_at > clock_add(expect->now, expect->window))
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof was issued in the future; check the client's clock.", "dpop: iat in the future");
    const json *nonce = json_member(t->claims, "nonce");
    if (nonce != NULL && !json_is_text(nonce))
        REFUSE(INVALID_DPOP_PROOF, "The nonce claim of the DPoP proof must be a string.", "dpop: nonce is no string");
    out->nonce = json_text_of(nonce);
    return OK;
}

/* 4.3 12: the proof belongs to this access token. */
static fallible token_check(const struct jwt *t, str access_token)
{
    if (!str_present(access_token))
        return OK;
    uint8_t digest[DIGEST_SIZE];
    char text[B64URL_LENGTH(DIGEST_SIZE)];
    digest_sha256(access_token, digest);
    b64url_write(text, digest, sizeof digest);
    if (!secret_equal(json_member_text(t->claims, "ath"), (str){text, sizeof text}))
        REFUSE(INVALID_DPOP_PROOF, "The ath claim of the DPoP proof is missing, or it is not the hash of the access token.", "dpop: wrong ath");
    return OK;
}

fallible dpop_check(struct arena *a, str proof, const struct dpop_expect *expect, struct dpop_proof *out)
{
    struct jwt t;
    struct dpop_proof p = {0};
    TRY_PROOF(jwt_read(a, proof, &t));
    TRY(place_check(a, &t, expect)); /* what costs little is asked before the signature; nothing is believed until all of it holds */
    TRY(moment_check(&t, expect, &p));
    TRY(token_check(&t, expect->access_token));
    TRY(signature_check(a, &t, &p));
    *out = p;
    return OK;
}
