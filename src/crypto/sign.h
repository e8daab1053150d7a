/* SPDX-License-Identifier: MIT
 * sign: asymmetric keys that sign and check (JWA, RFC 7518; EdDSA, RFC 8037 and RFC 9864). One row per algorithm; no row is
 * called `none`. The first rows are the algorithms of this server's own keys; the others are there to check what foreigners
 * signed, and to sign with a key that a person brings (sign_key_from_pem). */
#ifndef JETON_CRYPTO_SIGN_H
#define JETON_CRYPTO_SIGN_H
#include "base/str.h"
enum sign_alg {
    SIGN_NONE_CHOSEN = 0,
    SIGN_ES256,
    SIGN_RS256,
    SIGN_EDDSA,
    SIGN_OWN_COUNT, /* keys of this server are of the algorithms before it */
    SIGN_ES384 = SIGN_OWN_COUNT,
    SIGN_ES512,
    SIGN_PS256,
    SIGN_PS384,
    SIGN_PS512,
    SIGN_RS384,
    SIGN_RS512,
    SIGN_ED25519, /* EdDSA under its newer name (RFC 9864 2.2) */
    SIGN_ALG_COUNT
};
enum { SIGN_SIZE_MAX = 1024 };                       /* RSA of 8192 bits */
struct sign_key;                                     /* private and public half, immutable, safe for any number of threads */
const char *sign_alg_name(enum sign_alg alg);        /* "ES256" … */
bool sign_alg_of(str name, enum sign_alg *out);      /* an algorithm of our own keys; exact; false for anything else */
bool sign_alg_foreign(str name, enum sign_alg *out); /* any row: what foreigners may sign with; exact */
/* The hash that the algorithm uses: SHA-256, SHA-384 or SHA-512 by its name; Ed25519 uses SHA-512. SERVER_ERROR for no
 * algorithm. */
enum { SIGN_HASH_MAX = 64 };
fallible sign_alg_hash(enum sign_alg alg, str data, uint8_t out[SIGN_HASH_MAX], size_t *n);
extern const str sign_alg_words;                                      /* the names of all rows as words, for metadata */
fallible sign_key_generate(enum sign_alg alg, struct sign_key **out); /* own algorithms; RSA is 3072 bits */
void sign_key_free(struct sign_key *key);
enum sign_alg sign_key_alg(const struct sign_key *key);
/* DER PKCS#8 of the private half, to be sealed by the caller. */
fallible sign_key_export(struct arena *a, const struct sign_key *key, str *der);
fallible sign_key_import(enum sign_alg alg, str der, struct sign_key **out); /* own algorithms; refuses weak or foreign keys (CA-13) */
/* A private key that a person brings: unencrypted PEM as PKCS#8, SEC 1 or PKCS#1, for any row. INVALID_REQUEST with a `say`. */
fallible sign_key_from_pem(str pem, enum sign_alg alg, struct sign_key **out);
/* Members of the public JWK (RFC 7517), each base64url: EC x y; RSA n e; OKP x. Unused ones absent. */
struct sign_jwk {
    const char *kty, *crv; /* crv NULL for RSA */
    str x, y, n, e;
};
fallible sign_key_jwk(struct arena *a, const struct sign_key *key, struct sign_jwk *out);
/* Do kty and crv belong to the algorithm, and has each member the length that it asks for (RSA: 2048 to 8192 bits, an odd
 * exponent from 3 to 64 bits)? Lexical and cheap; only sign_key_from_jwk says whether it is a key. */
bool sign_jwk_fits(const struct sign_jwk *jwk, enum sign_alg alg);
/* Public only. INVALID_REQUEST for what is weak, not on its curve, or not of the algorithm (CA-13, AT-08). */
fallible sign_key_from_jwk(const struct sign_jwk *jwk, enum sign_alg alg, struct sign_key **out);
/* JWS form: r||s for the ES rows (RFC 7518 3.4). SERVER_ERROR for a public key. */
fallible sign_make(const struct sign_key *key, str data, uint8_t out[SIGN_SIZE_MAX], size_t *n);
/* INVALID_TOKEN when it does not verify; the algorithm is the key's own, never the token's (AT-05). */
fallible sign_check(const struct sign_key *key, str data, str signature);
#endif
