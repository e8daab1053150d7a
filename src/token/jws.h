/* SPDX-License-Identifier: MIT
 * jws: compact serialisation (RFC 7515 3.1) with asymmetric algorithms only (RFC 8725 3.1). Verification takes key and algorithm from us; the
 * header must agree; `crit`, `b64`, unknown typ, duplicate members, padding, more than BUF_TOKEN_MAX are refused (AT-05..AT-07). */
#ifndef JETON_TOKEN_JWS_H
#define JETON_TOKEN_JWS_H
#include "token/keyring.h"
/* typ: "at+jwt" …; claims: the JSON text. SERVER_ERROR when no active key has that algorithm. */
fallible jws_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const char *typ, str claims, str *out);
/* Checks form, typ, kid and signature; *claims is the parsed payload. INVALID_TOKEN. */
fallible jws_check(struct arena *a, const struct keyring *k, const char *typ, str token, json **claims);
#endif
