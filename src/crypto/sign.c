/* SPDX-License-Identifier: MIT
 * sign: the table of algorithms; signing and checking with asymmetric keys in the form that JWS wants. Relies on libcrypto and
 * on sign_key.c for the keys. Promises: 1. a key has one algorithm for life and nothing in a message can choose another
 * (AT-05); 2. a key never changes after it was made, so any number of threads may use it: each call works on a copy of the
 * key's prepared context. */
#include "crypto/sign.h"

#include "crypto/scoped.h"
#include "crypto/sign_key.h"

#include <openssl/err.h>
#include <string.h>

#include "base/banned.h"

/* r and s of P-521 (RFC 7518 3.4) as two INTEGERs in a SEQUENCE: 2 * (66 + 1 + 2) + 3 */
enum { DER_MAX = 141 };

/* clang-format off */
static const struct sign_key_row rows[SIGN_ALG_COUNT] = {
    /*                name      kty    crv        group         digest    coordinate pss */
    [SIGN_ES256] =   {"ES256",   "EC",  "P-256",   "prime256v1", "SHA256", 32, false},
    [SIGN_RS256] =   {"RS256",   "RSA", NULL,      NULL,         "SHA256",  0, false},
    [SIGN_EDDSA] =   {"EdDSA",   "OKP", "Ed25519", NULL,         NULL,     32, false},
    [SIGN_ES384] =   {"ES384",   "EC",  "P-384",   "secp384r1",  "SHA384", 48, false},
    [SIGN_ES512] =   {"ES512",   "EC",  "P-521",   "secp521r1",  "SHA512", 66, false},
    [SIGN_PS256] =   {"PS256",   "RSA", NULL,      NULL,         "SHA256",  0, true},
    [SIGN_PS384] =   {"PS384",   "RSA", NULL,      NULL,         "SHA384",  0, true},
    [SIGN_PS512] =   {"PS512",   "RSA", NULL,      NULL,         "SHA512",  0, true},
    [SIGN_RS384] =   {"RS384",   "RSA", NULL,      NULL,         "SHA384",  0, false},
    [SIGN_RS512] =   {"RS512",   "RSA", NULL,      NULL,         "SHA512",  0, false},
    [SIGN_ED25519] = {"Ed25519", "OKP", "Ed25519", NULL,         NULL,     32, false},
};
/* clang-format on */

static const char words[] = "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519";
const str sign_alg_words = {words, sizeof words - 1};

const struct sign_key_row *sign_key_row(enum sign_alg alg)
{
    return alg > SIGN_NONE_CHOSEN && (unsigned)alg < SIGN_ALG_COUNT ? &rows[alg] : NULL;
}

const char *sign_alg_name(enum sign_alg alg)
{
    const struct sign_key_row *row = sign_key_row(alg);
    return row != NULL ? row->name : "";
}

static bool alg_before(enum sign_alg end, str name, enum sign_alg *out)
{
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < (int)end; alg++) {
        if (str_is(name, rows[alg].name)) {
            *out = (enum sign_alg)alg;
            return true;
        }
    }
    return false;
}

bool sign_alg_of(str name, enum sign_alg *out)
{
    return alg_before(SIGN_OWN_COUNT, name, out);
}

bool sign_alg_foreign(str name, enum sign_alg *out)
{
    return alg_before(SIGN_ALG_COUNT, name, out);
}

fallible sign_alg_hash(enum sign_alg alg, str data, uint8_t out[SIGN_HASH_MAX], size_t *n)
{
    const struct sign_key_row *row = sign_key_row(alg);
    if (row == NULL)
        FAIL(SERVER_ERROR, "sign: no such algorithm");
    const char *name = row->digest != NULL ? row->digest : "SHA512"; /* RFC 8032 5.1 */
    if (EVP_Q_digest(NULL, name, NULL, data.p, data.n, out, n) != 1) {
        ERR_clear_error();
        FAIL(UNAVAILABLE, "sign: libcrypto cannot hash");
    }
    return OK;
}

enum sign_alg sign_key_alg(const struct sign_key *key)
{
    return key->alg;
}

/* RFC 7518 3.4: DER to r || s, each with its leading zeros. */
static bool der_to_pair(const uint8_t *der, size_t n, size_t coordinate, uint8_t *out)
{
    SCOPED(ECDSA_SIG) *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    int size = (int)coordinate;
    return pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, size) == size && BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + coordinate, size) == size;
}

/* Writes at most DER_MAX bytes; 0 when it fails. */
static size_t pair_to_der(const uint8_t *in, size_t coordinate, uint8_t *out)
{
    SCOPED(ECDSA_SIG) *pair = ECDSA_SIG_new();
    int size = (int)coordinate;
    BIGNUM *r = BN_bin2bn(in, size, NULL), *s = BN_bin2bn(in + coordinate, size, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    int n = i2d_ECDSA_SIG(pair, &out);
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
    const struct sign_key_row *row = sign_key_row(key->alg);
    if (row->group != NULL) {
        if (!der_to_pair(raw, size, row->coordinate, out))
            FAIL(SERVER_ERROR, "sign: libcrypto made an odd signature");
        *n = 2 * row->coordinate;
    } else {
        memcpy(out, raw, size);
        *n = size;
    }
    return OK;
}

fallible sign_check(const struct sign_key *key, str data, str signature)
{
    uint8_t der[DER_MAX];
    const uint8_t *raw = (const uint8_t *)signature.p;
    size_t n = signature.n;
    if (n != key->signature_size) /* RFC 7518 3.3, 3.4; RFC 8037 3.1: one length an algorithm and key */
        FAIL(INVALID_TOKEN, "sign: signature of the wrong length");
    SCOPED(EVP_MD_CTX) *c = copy_of(key->checker);
    if (c == NULL)
        FAIL(UNAVAILABLE, "sign: out of memory");
    if (sign_key_row(key->alg)->group != NULL) {
        n = pair_to_der(raw, key->signature_size / 2, der);
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
