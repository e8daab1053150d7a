/* SPDX-License-Identifier: MIT
 * scoped: libcrypto handles that close when their scope ends, private to crypto/. NULL is allowed everywhere. */
#ifndef JETON_CRYPTO_SCOPED_H
#define JETON_CRYPTO_SCOPED_H
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define SCOPED(type_) __attribute__((cleanup(scoped_##type_))) type_
#define SCOPED_HANDLE(type_, free_)                   \
    static inline void scoped_##type_(type_ **handle) \
    {                                                 \
        free_(*handle);                               \
    }
SCOPED_HANDLE(BIO, BIO_free_all)
SCOPED_HANDLE(BIGNUM, BN_clear_free)
SCOPED_HANDLE(ECDSA_SIG, ECDSA_SIG_free)
SCOPED_HANDLE(EVP_MD_CTX, EVP_MD_CTX_free)
SCOPED_HANDLE(EVP_PKEY, EVP_PKEY_free)
SCOPED_HANDLE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
SCOPED_HANDLE(OSSL_PARAM, OSSL_PARAM_free)
SCOPED_HANDLE(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
SCOPED_HANDLE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
SCOPED_HANDLE(X509, X509_free)
SCOPED_HANDLE(X509_EXTENSION, X509_EXTENSION_free)
#endif
