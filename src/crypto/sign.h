/* SPDX-License-Identifier: MIT
 * sign: asymmetric signing keys (JWA, RFC 7518; EdDSA, RFC 8037). One row per algorithm; no row is called `none`. */
#ifndef JETON_CRYPTO_SIGN_H
#define JETON_CRYPTO_SIGN_H
#include "base/str.h"
enum sign_alg { SIGN_NONE_CHOSEN = 0, SIGN_ES256, SIGN_RS256, SIGN_EDDSA, SIGN_ALG_COUNT };
enum { SIGN_SIZE_MAX = 512 };
struct sign_key; /* private and public half, immutable, safe for any number of threads */
const char *sign_alg_name(enum sign_alg alg);              /* "ES256" … */
bool sign_alg_of(str name, enum sign_alg *out);            /* exact; false for anything else */
fallible sign_key_generate(enum sign_alg alg, struct sign_key **out); /* RSA is 3072 bits */
void sign_key_free(struct sign_key *key);
enum sign_alg sign_key_alg(const struct sign_key *key);
/* DER PKCS#8 of the private half, to be sealed by the caller. */
fallible sign_key_export(struct arena *a, const struct sign_key *key, str *der);
fallible sign_key_import(enum sign_alg alg, str der, struct sign_key **out); /* refuses weak or foreign keys (CA-13) */
/* Members of the public JWK (RFC 7517), each base64url: EC x y; RSA n e; OKP x. Unused ones absent. */
struct sign_jwk {
    const char *kty, *crv; /* crv NULL for RSA */
    str x, y, n, e;
};
fallible sign_key_jwk(struct arena *a, const struct sign_key *key, struct sign_jwk *out);
fallible sign_key_from_jwk(const struct sign_jwk *jwk, enum sign_alg alg, struct sign_key **out); /* public only */
fallible sign_make(const struct sign_key *key, str data, uint8_t out[SIGN_SIZE_MAX], size_t *n); /* JWS form: ES256 is r||s */
/* INVALID_TOKEN when it does not verify; the algorithm is the key's own, never the token's (AT-05). */
fallible sign_check(const struct sign_key *key, str data, str signature);
#endif
