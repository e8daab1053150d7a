/* SPDX-License-Identifier: MIT
 * thumbprint: the name of a public key (RFC 7638 with SHA-256), used as kid. */
#ifndef JETON_CRYPTO_THUMBPRINT_H
#define JETON_CRYPTO_THUMBPRINT_H
#include "crypto/sign.h"
/* 43 characters of base64url. SERVER_ERROR for a key type that is not EC, RSA or OKP. */
fallible thumbprint_of(struct arena *a, const struct sign_jwk *jwk, str *kid);
#endif
