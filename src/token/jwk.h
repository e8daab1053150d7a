/* SPDX-License-Identifier: MIT
 * jwk: public keys of foreigners (RFC 7517), as a client registers them, as its jwks_uri gives them, or as a DPoP proof carries
 * one. Nothing but the key itself is read: x5c, x5u and x5t are never looked at (CA-10). */
#ifndef JETON_TOKEN_JWK_H
#define JETON_TOKEN_JWK_H
#include "codec/json.h"
#include "crypto/sign.h"
struct jwk {
    str kid, use, alg; /* absent when the JWK has no such member */
    struct sign_jwk parts;
    str thumbprint; /* RFC 7638, SHA-256, base64url */
};
struct jwk_set {
    struct jwk *keys;
    size_t count;
};
enum { JWK_SET_MAX = 32 /* keys, unusable ones counted too */, JWK_SET_BYTES = 65536 };
/* EC (P-256, P-384, P-521), RSA (2048 to 8192 bits), OKP (Ed25519); members of the right type and length. A JWK with a private
 * or secret member is refused; so is one for another use (use=enc, key_ops without verify, an alg that we do not check).
 * INVALID_REQUEST with a `say`. The texts borrow from value. Whether the point lies on its curve is asked when the key is used
 * (jwk_check) or by jwk_sound. */
fallible jwk_of_json(struct arena *a, const json *value, struct jwk *out);
/* RFC 7517 5: a set as text. Unusable keys are skipped, so the result may be empty; one private or secret member refuses the
 * whole set, as does anything malformed or too large: INVALID_REQUEST with a `say`. */
fallible jwk_set_parse(struct arena *a, str text, struct jwk_set *out);
/* The same of a set that is already JSON (a client's registration). */
fallible jwk_set_of_json(struct arena *a, const json *value, struct jwk_set *out);
bool jwk_fits(const struct jwk *key, enum sign_alg alg); /* kty, crv, alg and use agree */
/* Is it a key indeed (on its curve, not of small order)? INVALID_REQUEST. For the door where keys come to stay (CA-13). */
fallible jwk_sound(const struct jwk *key);
fallible jwk_set_sound(const struct jwk_set *set); /* each key */
/* The key is imported unless it was lately (by its thumbprint, so key must be one that this file made). INVALID_TOKEN. */
fallible jwk_check(const struct jwk *key, enum sign_alg alg, str data, str signature);
/* The public key as a JSON object: kty and its members, nothing else (a DPoP header, a registration's answer). */
json *jwk_json(struct arena *a, const struct sign_jwk *parts);
#endif
