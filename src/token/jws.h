/* SPDX-License-Identifier: MIT
 * jws: compact serialisation (RFC 7515 3.1) with asymmetric algorithms only (RFC 8725 3.1), of what this server itself signs.
 * Verification takes key and algorithm from us; the header must agree; `crit`, `b64`, unknown typ, duplicate members, padding,
 * more than BUF_TOKEN_MAX are refused (AT-05..AT-07). What others signed is read by token/jwt. */
#ifndef JETON_TOKEN_JWS_H
#define JETON_TOKEN_JWS_H
#include "codec/json.h"
#include "keys/keyring.h"
/* typ: "at+jwt", "JWT", "logout+jwt", "token-introspection+jwt" …; NULL: no such member. claims: the JSON text. SERVER_ERROR
 * when no active key has that algorithm. */
fallible jws_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const char *typ, str claims, str *out);
/* Checks form, typ (NULL: there must be none), kid and signature; *claims is the parsed payload; its expiry is the caller's
 * business. INVALID_TOKEN. */
fallible jws_check(struct arena *a, const struct keyring *k, const char *typ, str token, json **claims);
/* at_hash and c_hash (OpenID Connect Core 3.1.3.6): the left half of the hash of the algorithm, base64url. SERVER_ERROR for an
 * algorithm that is none. */
fallible jws_hash_half(struct arena *a, enum sign_alg alg, str value, str *out);
#endif
