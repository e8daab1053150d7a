/* SPDX-License-Identifier: MIT
 * thumbprint: SHA-256 over the required members of a JWK in lexicographic order without any white space (RFC 7638 3, RFC 8037
 * 2). Relies on the members being base64url, which needs no escaping. Promises the same name for the same key, whoever computes
 * it. */
#include "crypto/thumbprint.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "base/banned.h"

enum { CANONICAL_MAX = 4096 };

static void add_thumbprint_member(struct buf *b, const char *name, str value)
{
    buf_char(b, b->n == 0 ? '{' : ',');
    buf_char(b, '"');
    buf_add_z(b, name);
    buf_add_z(b, "\":\"");
    buf_add(b, value);
    buf_char(b, '"');
}

fallible thumbprint_of(struct arena *a, const struct sign_jwk *jwk, str *kid)
{
    struct buf b = buf_new(a, CANONICAL_MAX);
    str kty = str_of(jwk->kty);
    if (str_is(kty, "RSA")) {
        add_thumbprint_member(&b, "e", jwk->e);
        add_thumbprint_member(&b, "kty", kty);
        add_thumbprint_member(&b, "n", jwk->n);
    } else if (str_is(kty, "EC") || str_is(kty, "OKP")) {
        add_thumbprint_member(&b, "crv", str_of(jwk->crv));
        add_thumbprint_member(&b, "kty", kty);
        add_thumbprint_member(&b, "x", jwk->x);
        if (str_is(kty, "EC"))
            add_thumbprint_member(&b, "y", jwk->y);
    } else {
        FAIL(SERVER_ERROR, "a public key of an unknown type has no thumbprint");
    }
    buf_char(&b, '}');
    str canonical, text;
    TRY(buf_done(&b, &canonical));
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(canonical, digest);
    text = b64url_encode(a, digest, sizeof digest);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "no memory for a thumbprint");
    *kid = text;
    return OK;
}
