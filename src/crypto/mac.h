/* SPDX-License-Identifier: MIT
 * mac: HMAC in the form that JWS wants (RFC 7518 3.2), for client_secret_jwt alone. A secret shorter than the hash is refused,
 * an empty or absent one first of all (AT-05): no public key, no zero-length key, ever serves as one. */
#ifndef JETON_CRYPTO_MAC_H
#define JETON_CRYPTO_MAC_H
#include "base/str.h"
enum mac_alg { MAC_NONE_CHOSEN = 0, MAC_HS256, MAC_HS384, MAC_HS512, MAC_ALG_COUNT };
enum { MAC_SIZE_MAX = 64 };
const char *mac_alg_name(enum mac_alg alg);   /* "HS256" … */
bool mac_alg_of(str name, enum mac_alg *out); /* exact; false for anything else */
/* Bytes of the tag, and of the shortest secret that is taken (RFC 7518 3.2: 32, 48, 64). */
size_t mac_size(enum mac_alg alg);
/* INVALID_REQUEST when the secret is too short. */
fallible mac_make(enum mac_alg alg, str secret, str data, uint8_t out[MAC_SIZE_MAX]);
/* Constant time; the whole tag or nothing. INVALID_TOKEN. */
fallible mac_check(enum mac_alg alg, str secret, str data, str tag);
#endif
