/* SPDX-License-Identifier: MIT
 * sign_key: what a key of sign.h is made of; private to sign.c and sign_key.c. */
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
#endif
