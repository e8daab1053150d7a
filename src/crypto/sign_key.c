/* SPDX-License-Identifier: MIT
 * sign_key: making, reading and writing the keys of sign.c. Relies on libcrypto. Promises: a key that leaves this file is of
 * the kind and strength that its algorithm asks for (CA-13): the algorithm's curve with the point on it, RSA of 2048 to 8192
 * bits, Ed25519 outside the small subgroup; a private key fits its public half. */
#include "crypto/sign_key.h"

#include "codec/b64url.h"
#include "crypto/evp_state.h"
#include "crypto/scoped.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    RSA_BITS = 3072,
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = SIGN_SIZE_MAX * 8,
    COORDINATE_MAX = 66, /* P-521 */
    POINT = 32,          /* Ed25519 */
    EXPONENT_MAX = 8,    /* as far as libcrypto goes for keys over 3072 bits */
    PEM_MAX = 32768,
};
enum half { HALF_PRIVATE, HALF_PUBLIC };

/* Ed25519 points of order 1, 2, 4 and 8 (RFC 7748 6.1 speaks of the same for X25519), sign bit cleared, the two spellings of 0
 * and 1 beyond the prime included: a signature under such a key proves nothing. */
static const uint8_t small_points[][POINT] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static bool small_order(const uint8_t point[POINT])
{
    uint8_t plain[POINT];
    memcpy(plain, point, sizeof plain);
    plain[POINT - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_points / sizeof small_points[0]; i++)
        if (CRYPTO_memcmp(plain, small_points[i], sizeof plain) == 0)
            return true;
    return false;
}

static bool rsa_number(EVP_PKEY *pair, const char *name, BIGNUM **out)
{
    return EVP_PKEY_get_bn_param(pair, name, out) == 1;
}

/* RFC 7518 3.3 and 3.5. An even modulus or an exponent of 1 would let anybody sign. */
static bool rsa_fits(EVP_PKEY *pair)
{
    int bits = EVP_PKEY_is_a(pair, "RSA") ? EVP_PKEY_get_bits(pair) : 0;
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return false;
    BIGNUM *modulus = NULL, *exponent = NULL;
    bool told = rsa_number(pair, OSSL_PKEY_PARAM_RSA_N, &modulus) && rsa_number(pair, OSSL_PKEY_PARAM_RSA_E, &exponent);
    SCOPED(BIGNUM) *n = modulus;
    SCOPED(BIGNUM) *e = exponent;
    return told && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) && BN_num_bytes(e) <= EXPONENT_MAX;
}

/* The one question of kind and strength, for every way that a key can come in. */
static bool is_fit_key_pair(EVP_PKEY *pair, const struct sign_key_row *row)
{
    if (row == NULL)
        return false;
    if (row->group != NULL) {
        char group[32];
        size_t n;
        return EVP_PKEY_is_a(pair, "EC") && EVP_PKEY_get_group_name(pair, group, sizeof group, &n) == 1 &&
               str_is((str){group, n}, row->group); /* RFC 7518 3.4 */
    }
    if (row->coordinate == 0)
        return rsa_fits(pair);
    uint8_t point[POINT];
    size_t n = sizeof point;
    return EVP_PKEY_is_a(pair, "ED25519") && /* RFC 8037 2 */
           EVP_PKEY_get_raw_public_key(pair, point, &n) == 1 && n == sizeof point && !small_order(point);
}

/* Only EC keys have more to be asked: Ed25519 has no such check in libcrypto 3.0, and there the private half makes the public
 * one; testing the primes of an RSA key takes a quarter of a second, and one with bad primes harms its owner alone. On curves
 * of prime order a point on the curve is in the group, which is all that the quick check asks. */
static bool is_sound_key_pair(EVP_PKEY *pair, const struct sign_key_row *row, enum half half)
{
    if (row->group == NULL)
        return true;
    SCOPED(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    if (c == NULL || EVP_PKEY_public_check_quick(c) != 1)
        return false;
    return half == HALF_PUBLIC || (EVP_PKEY_public_check(c) == 1 && EVP_PKEY_pairwise_check(c) == 1);
}

/* RFC 7518 3.5: MGF1 with the same hash (libcrypto's way when nothing is said), a salt as long as the hash. */
static bool set_pss_padding(EVP_PKEY_CTX *c, const struct sign_key_row *row)
{
    return !row->pss || (EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static bool prepare_key_contexts(struct sign_key *key, enum half half)
{
    const struct sign_key_row *row = sign_key_row(key->alg);
    EVP_PKEY_CTX *c = NULL; /* belongs to the digest's context */
    key->checker = EVP_MD_CTX_new();
    if (key->checker == NULL || EVP_DigestVerifyInit_ex(key->checker, &c, row->digest, NULL, NULL, key->pair, NULL) != 1 || !set_pss_padding(c, row))
        return false;
    if (half == HALF_PUBLIC)
        return true;
    key->signer = EVP_MD_CTX_new();
    return key->signer != NULL && EVP_DigestSignInit_ex(key->signer, &c, row->digest, NULL, NULL, key->pair, NULL) == 1 && set_pss_padding(c, row);
}

/* Owns `pair` from here on, also when it fails. */
static fallible adopt_key_pair(EVP_PKEY *pair, enum sign_alg alg, enum half half, struct sign_key **out)
{
    struct sign_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pair);
        FAIL(UNAVAILABLE, "sign: out of memory");
    }
    key->pair = pair;
    key->alg = alg;
    size_t coordinate = sign_key_row(alg)->coordinate;
    key->signature_size = coordinate == 0 ? (size_t)EVP_PKEY_get_size(pair) : 2 * coordinate;
    if (!prepare_key_contexts(key, half)) {
        ERR_clear_error();
        sign_key_free(key);
        FAIL(SERVER_ERROR, "sign: libcrypto cannot use the key");
    }
    *out = key;
    return OK;
}

fallible sign_key_generate(enum sign_alg alg, struct sign_key **out)
{
    EVP_PKEY *pair = NULL;
    if (alg == SIGN_ES256)
        pair = EVP_EC_gen("P-256");
    else if (alg == SIGN_RS256)
        pair = EVP_RSA_gen(RSA_BITS);
    else if (alg == SIGN_EDDSA)
        pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pair == NULL) {
        ERR_clear_error();
        FAIL(SERVER_ERROR, "sign: libcrypto cannot make a key");
    }
    return adopt_key_pair(pair, alg, HALF_PRIVATE, out);
}

void sign_key_free(struct sign_key *key)
{
    if (key == NULL)
        return;
    EVP_MD_CTX_free(key->signer);
    EVP_MD_CTX_free(key->checker);
    EVP_PKEY_free(key->pair);
    free(key);
}

fallible sign_key_export(struct arena *a, const struct sign_key *key, str *der)
{
    if (key->signer == NULL)
        FAIL(SERVER_ERROR, "sign: a public key has no private half");
    SCOPED(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key->pair);
    int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    if (n <= 0) {
        ERR_clear_error();
        FAIL(SERVER_ERROR, "sign: libcrypto cannot write the key");
    }
    unsigned char *p = arena_take(a, (size_t)n);
    if (p == NULL)
        FAIL(UNAVAILABLE, "sign: out of memory");
    unsigned char *end = p; /* i2d moves it */
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &end) != n)
        FAIL(SERVER_ERROR, "sign: libcrypto cannot write the key");
    *der = (str){(const char *)p, (size_t)n};
    return OK;
}

fallible sign_key_import(enum sign_alg alg, str der, struct sign_key **out)
{
    const unsigned char *p = (const unsigned char *)der.p;
    if (p == NULL || der.n > BUF_TOKEN_MAX)
        FAIL(SERVER_ERROR, "sign: private key absent or too long");
    SCOPED(PKCS8_PRIV_KEY_INFO) *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
    EVP_PKEY *pair = info != NULL && (size_t)(p - (const unsigned char *)der.p) == der.n ? EVP_PKCS82PKEY(info) : NULL;
    const struct sign_key_row *row = alg < SIGN_OWN_COUNT ? sign_key_row(alg) : NULL;
    if (pair == NULL || !is_fit_key_pair(pair, row) || !is_sound_key_pair(pair, row, HALF_PRIVATE)) { /* CA-13 */
        ERR_clear_error();
        EVP_PKEY_free(pair);
        FAIL(SERVER_ERROR, "sign: private key is malformed, weak, or not of its algorithm");
    }
    return adopt_key_pair(pair, alg, HALF_PRIVATE, out);
}

/* One number of the public half as base64url; `size` bytes with leading zeros, or 0 for as many as it needs. */
static fallible number_text(struct arena *a, const struct sign_key *key, const char *name, int size, str *out)
{
    BIGNUM *found = NULL;
    int got = EVP_PKEY_get_bn_param(key->pair, name, &found);
    SCOPED(BIGNUM) *number = found;
    uint8_t bytes[SIGN_SIZE_MAX];
    int n = size > 0 || number == NULL ? size : BN_num_bytes(number);
    if (got != 1 || n > SIGN_SIZE_MAX || BN_bn2binpad(number, bytes, n) != n)
        FAIL(SERVER_ERROR, "sign: libcrypto does not tell the public key");
    *out = b64url_encode(a, bytes, (size_t)n);
    if (!str_present(*out))
        FAIL(UNAVAILABLE, "sign: out of memory");
    return OK;
}

/* Without a callback of its own libcrypto would ask for the pass phrase at the terminal. */
static int no_pass_phrase(char *out, int size, int writing, void *user)
{
    (void)out, (void)size, (void)writing, (void)user;
    return -1;
}

fallible sign_key_from_pem(str pem, enum sign_alg alg, struct sign_key **out)
{
    const struct sign_key_row *row = sign_key_row(alg);
    if (!str_filled(pem) || pem.n > PEM_MAX)
        REFUSE(INVALID_REQUEST, "The private key is empty or too long.", "sign: PEM empty or too long");
    SCOPED(BIO) *text = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *pair = text != NULL ? PEM_read_bio_PrivateKey(text, NULL, no_pass_phrase, NULL) : NULL;
    if (pair == NULL) {
        ERR_clear_error();
        REFUSE(INVALID_REQUEST, "The text is not an unencrypted private key in PEM form (PKCS#8, SEC 1 or PKCS#1).", "sign: bad PEM");
    }
    if (!is_fit_key_pair(pair, row) || !is_sound_key_pair(pair, row, HALF_PRIVATE)) { /* CA-13 */
        ERR_clear_error();
        EVP_PKEY_free(pair);
        REFUSE(INVALID_REQUEST, "The private key is too weak or does not fit its algorithm.", "sign: PEM of another kind or strength");
    }
    return adopt_key_pair(pair, alg, HALF_PRIVATE, out);
}

fallible sign_key_jwk(struct arena *a, const struct sign_key *key, struct sign_jwk *out)
{
    const struct sign_key_row *row = sign_key_row(key->alg);
    struct sign_jwk jwk = {.kty = row->kty, .crv = row->crv};
    if (row->group != NULL) { /* RFC 7518 6.2.1 */
        TRY(number_text(a, key, OSSL_PKEY_PARAM_EC_PUB_X, (int)row->coordinate, &jwk.x));
        TRY(number_text(a, key, OSSL_PKEY_PARAM_EC_PUB_Y, (int)row->coordinate, &jwk.y));
    } else if (row->coordinate == 0) { /* RFC 7518 6.3.1 */
        TRY(number_text(a, key, OSSL_PKEY_PARAM_RSA_N, 0, &jwk.n));
        TRY(number_text(a, key, OSSL_PKEY_PARAM_RSA_E, 0, &jwk.e));
    } else { /* RFC 8037 2 */
        uint8_t point[POINT];
        size_t n = sizeof point;
        if (EVP_PKEY_get_raw_public_key(key->pair, point, &n) != 1 || n != sizeof point)
            FAIL(SERVER_ERROR, "sign: libcrypto does not tell the public key");
        jwk.x = b64url_encode(a, point, sizeof point);
        if (!str_present(jwk.x))
            FAIL(UNAVAILABLE, "sign: out of memory");
    }
    *out = jwk;
    return OK;
}

static bool is_same_or_absent(const char *a, const char *b)
{
    return a == NULL ? b == NULL : str_is(str_of(b), a);
}

/* RFC 7518 2 and 6.3.1: as few bytes as it needs, so that one key has one spelling and one thumbprint. */
static bool decode_positive_integer(str text, uint8_t *bytes, size_t capacity, size_t *n)
{
    return !FAILED(b64url_decode(text, bytes, capacity, n)) && *n > 0 && bytes[0] != 0;
}

static bool rsa_lengths(const struct sign_jwk *jwk)
{
    uint8_t modulus[SIGN_SIZE_MAX], exponent[EXPONENT_MAX];
    size_t n, e;
    if (!decode_positive_integer(jwk->n, modulus, sizeof modulus, &n) || !decode_positive_integer(jwk->e, exponent, sizeof exponent, &e))
        return false;
    bool strong = n > RSA_BITS_MIN / 8 || (n == RSA_BITS_MIN / 8 && modulus[0] >= 0x80);
    return strong && modulus[n - 1] % 2 == 1 && exponent[e - 1] % 2 == 1 && (e > 1 || exponent[0] != 1);
}

bool sign_jwk_fits(const struct sign_jwk *jwk, enum sign_alg alg)
{
    const struct sign_key_row *row = sign_key_row(alg);
    if (row == NULL || jwk->kty == NULL || !is_same_or_absent(row->kty, jwk->kty) || !is_same_or_absent(row->crv, jwk->crv))
        return false;
    if (row->coordinate == 0)
        return rsa_lengths(jwk);
    uint8_t bytes[COORDINATE_MAX];
    return !FAILED(b64url_decode_exact(jwk->x, bytes, row->coordinate)) && (row->group == NULL || !FAILED(b64url_decode_exact(jwk->y, bytes, row->coordinate)));
}

static EVP_PKEY *from_parameters(const char *type, int selection, OSSL_PARAM_BLD *builder)
{
    SCOPED(OSSL_PARAM) *parameters = OSSL_PARAM_BLD_to_param(builder);
    SCOPED(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pair = NULL;
    if (parameters == NULL || c == NULL || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &pair, selection, parameters) != 1)
        return NULL;
    return pair;
}

/* Keys that hold a curve and no point, by algorithm: copying one and giving it a point costs a third of making a key by the
 * name of its curve. Made once, then only ever copied; they live as long as the process. */
static pthread_once_t curves_once = PTHREAD_ONCE_INIT;
static EVP_PKEY *curves[SIGN_ALG_COUNT];

static void curves_make(void)
{
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_ALG_COUNT; alg++) {
        const char *group = sign_key_row((enum sign_alg)alg)->group;
        if (group == NULL)
            continue;
        SCOPED(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
        INVARIANT(builder != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1);
        curves[alg] = from_parameters("EC", EVP_PKEY_KEY_PARAMETERS, builder);
        INVARIANT(curves[alg] != NULL);
    }
}

/* libcrypto refuses numbers beyond the field and points off the curve. */
static EVP_PKEY *ec_from_jwk(const struct sign_jwk *jwk, enum sign_alg alg)
{
    uint8_t point[1 + 2 * COORDINATE_MAX] = {0x04}; /* SEC 1 2.3.3: uncompressed */
    size_t n = sign_key_row(alg)->coordinate;
    if (FAILED(b64url_decode_exact(jwk->x, point + 1, n)) || FAILED(b64url_decode_exact(jwk->y, point + 1 + n, n)))
        return NULL;
    INVARIANT(pthread_once(&curves_once, curves_make) == 0);
    EVP_PKEY *pair = EVP_PKEY_dup(curves[alg]);
    if (pair != NULL && EVP_PKEY_set1_encoded_public_key(pair, point, 1 + 2 * n) != 1) {
        EVP_PKEY_free(pair);
        return NULL;
    }
    return pair;
}

static EVP_PKEY *rsa_from_jwk(const struct sign_jwk *jwk)
{
    uint8_t modulus[SIGN_SIZE_MAX], exponent[EXPONENT_MAX];
    size_t modulus_n, exponent_n;
    if (!decode_positive_integer(jwk->n, modulus, sizeof modulus, &modulus_n) || !decode_positive_integer(jwk->e, exponent, sizeof exponent, &exponent_n))
        return NULL;
    SCOPED(BIGNUM) *n = BN_bin2bn(modulus, (int)modulus_n, NULL);
    SCOPED(BIGNUM) *e = BN_bin2bn(exponent, (int)exponent_n, NULL);
    SCOPED(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    if (n == NULL || e == NULL || builder == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return NULL;
    return from_parameters("RSA", EVP_PKEY_PUBLIC_KEY, builder);
}

static EVP_PKEY *okp_from_jwk(const struct sign_jwk *jwk)
{
    uint8_t point[POINT];
    if (FAILED(b64url_decode_exact(jwk->x, point, sizeof point)))
        return NULL;
    return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, point, sizeof point);
}

fallible sign_key_from_jwk(const struct sign_jwk *jwk, enum sign_alg alg, struct sign_key **out)
{
    const struct sign_key_row *row = sign_key_row(alg);
    EVP_PKEY *pair = NULL;
    if (sign_jwk_fits(jwk, alg)) {
        if (row->group != NULL)
            pair = ec_from_jwk(jwk, alg);
        else
            pair = row->coordinate == 0 ? rsa_from_jwk(jwk) : okp_from_jwk(jwk);
    }
    if (pair == NULL || !is_fit_key_pair(pair, row) || !is_sound_key_pair(pair, row, HALF_PUBLIC)) { /* CA-13, AT-08 */
        ERR_clear_error();
        EVP_PKEY_free(pair);
        REFUSE(INVALID_REQUEST, "The key is malformed, too weak, or does not fit its algorithm.", "sign: bad JWK");
    }
    return adopt_key_pair(pair, alg, HALF_PUBLIC, out);
}
