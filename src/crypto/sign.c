/* SPDX-License-Identifier: MIT
 * sign: signing and checking with asymmetric keys in the form that JWS wants. Relies on libcrypto and on sign_key.c for the
 * keys. Promises: 1. a key has one algorithm for life and nothing in a message can choose another (AT-05); 2. a key never
 * changes after it was made, so any number of threads may use it: each call works on a copy of the key's prepared context. */
#include "crypto/sign.h"

#include "crypto/scoped.h"
#include "crypto/sign_key.h"

#include <openssl/err.h>
#include <string.h>

#include "base/banned.h"

enum { COORDINATE = 32 /* RFC 7518 3.4: r and s of P-256 */ };

static const char *const names[SIGN_ALG_COUNT] = {
    [SIGN_NONE_CHOSEN] = "", [SIGN_ES256] = "ES256", [SIGN_RS256] = "RS256", [SIGN_EDDSA] = "EdDSA"};

const char *sign_alg_name(enum sign_alg alg)
{
    return (unsigned)alg < SIGN_ALG_COUNT ? names[alg] : "";
}

bool sign_alg_of(str name, enum sign_alg *out)
{
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_ALG_COUNT; alg++) {
        if (str_is(name, names[alg])) {
            *out = (enum sign_alg)alg;
            return true;
        }
    }
    return false;
}

enum sign_alg sign_key_alg(const struct sign_key *key)
{
    return key->alg;
}

/* RFC 7518 3.4: DER to r || s, each with its leading zeros. */
static bool der_to_pair(const uint8_t *der, size_t n, uint8_t out[2 * COORDINATE])
{
    SCOPED(ECDSA_SIG) *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    return pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, COORDINATE) == COORDINATE &&
           BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + COORDINATE, COORDINATE) == COORDINATE;
}

/* Writes at most SIGN_SIZE_MAX bytes; 0 when it fails. */
static size_t pair_to_der(const uint8_t in[2 * COORDINATE], uint8_t *out)
{
    SCOPED(ECDSA_SIG) *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(in, COORDINATE, NULL), *s = BN_bin2bn(in + COORDINATE, COORDINATE, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    int n = i2d_ECDSA_SIG(pair, &out); /* two numbers of at most 33 bytes and their heads: 72 bytes */
    return n > 0 ? (size_t)n : 0;
}

static EVP_MD_CTX *copy_of(const EVP_MD_CTX *prepared)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c != NULL && EVP_MD_CTX_copy_ex(c, prepared) != 1) {
        EVP_MD_CTX_free(c);
        return NULL;
    }
    if (c != NULL)
        EVP_MD_CTX_set_flags(c, EVP_MD_CTX_FLAG_FINALISE); /* used once: spares libcrypto a second copy */
    return c;
}

fallible sign_make(const struct sign_key *key, str data, uint8_t out[SIGN_SIZE_MAX], size_t *n)
{
    if (key->signer == NULL)
        FAIL(SERVER_ERROR, "sign: a public key cannot sign");
    SCOPED(EVP_MD_CTX) *c = copy_of(key->signer);
    uint8_t raw[SIGN_SIZE_MAX];
    size_t size = sizeof raw;
    if (c == NULL || EVP_DigestSign(c, raw, &size, (const uint8_t *)data.p, data.n) != 1) {
        ERR_clear_error();
        FAIL(SERVER_ERROR, "sign: libcrypto cannot sign");
    }
    if (key->alg == SIGN_ES256) {
        if (!der_to_pair(raw, size, out))
            FAIL(SERVER_ERROR, "sign: libcrypto made an odd signature");
        *n = 2 * COORDINATE;
    } else {
        memcpy(out, raw, size);
        *n = size;
    }
    return OK;
}

fallible sign_check(const struct sign_key *key, str data, str signature)
{
    uint8_t der[SIGN_SIZE_MAX];
    const uint8_t *raw = (const uint8_t *)signature.p;
    size_t n = signature.n;
    if (n != key->signature_size) /* RFC 7518 3.3, 3.4; RFC 8037 3.1: one length an algorithm and key */
        FAIL(INVALID_TOKEN, "sign: signature of the wrong length");
    SCOPED(EVP_MD_CTX) *c = copy_of(key->checker);
    if (c == NULL)
        FAIL(UNAVAILABLE, "sign: out of memory");
    if (key->alg == SIGN_ES256) {
        n = pair_to_der(raw, der);
        raw = der;
        if (n == 0)
            FAIL(UNAVAILABLE, "sign: out of memory");
    }
    /* libcrypto refuses r and s outside 1 … order-1, and S of Ed25519 beyond the order (AT-08). */
    if (EVP_DigestVerify(c, raw, n, (const uint8_t *)data.p, data.n) != 1) {
        ERR_clear_error();
        FAIL(INVALID_TOKEN, "sign: signature does not match");
    }
    return OK;
}
