/* SPDX-License-Identifier: MIT
 * sign_key: what a key of sign.h is made of, and the table of algorithms; private to sign.c and sign_key.c. */
#ifndef JETON_CRYPTO_SIGN_KEY_H
#define JETON_CRYPTO_SIGN_KEY_H
#include "crypto/sign.h"

#include <openssl/evp.h>

struct sign_key {
    enum sign_alg alg;
    size_t signature_size; /* of the JWS form, in bytes */
    EVP_PKEY *pair;
    EVP_MD_CTX *signer;  /* prepared, only ever copied; NULL for a public key */
    EVP_MD_CTX *checker; /* prepared, only ever copied */
};

struct sign_key_row {
    const char *name;   /* RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2 */
    const char *kty;    /* RFC 7518 6.1 */
    const char *crv;    /* NULL for RSA */
    const char *group;  /* libcrypto's name of the curve of an EC key */
    const char *digest; /* NULL: the algorithm brings its own */
    size_t coordinate;  /* bytes of x, of y, of r and of s; 0 for RSA */
    bool pss;           /* RFC 7518 3.5 */
};
/* NULL for what is no algorithm. */
const struct sign_key_row *sign_key_row(enum sign_alg alg);
#endif
