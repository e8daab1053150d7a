/* SPDX-License-Identifier: MIT
 * sign_key: a key that comes in is of the kind and strength of its algorithm, in whichever form, and one that goes out comes back (CA-13, AT-08). */
#include "sign_vectors.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>

TestSuite(sign_key, .init = open_arena, .fini = close_arena);

Test(sign_key, our_own_keys_are_of_three_algorithms_only)
{
    for (int alg = SIGN_OWN_COUNT; alg < SIGN_ALG_COUNT; alg++) {
        struct sign_key *key = NULL, *made;
        str der;
        cr_assert(FAILED(sign_key_generate((enum sign_alg)alg, &key)));
        cr_assert_not(FAILED(sign_key_generate(SIGN_EDDSA, &made)));
        cr_assert_not(FAILED(sign_key_export(a, made, &der)));
        cr_assert(FAILED(sign_key_import((enum sign_alg)alg, der, &key)));
        cr_assert_null(key);
        sign_key_free(made);
    }
}

static str pem_of(EVP_PKEY *pair, const char *type, const char *pass)
{
    BIO *b = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = pass != NULL ? EVP_aes_128_cbc() : NULL;
    int written = type != NULL ? PEM_write_bio_PrivateKey_traditional(b, pair, cipher, NULL, 0, NULL, (void *)pass)
                               : PEM_write_bio_PrivateKey(b, pair, cipher, NULL, 0, NULL, (void *)pass);
    char *p;
    cr_assert_eq(written, 1);
    size_t n = (size_t)BIO_get_mem_data(b, &p);
    str pem = str_dup(a, (str){p, n});
    BIO_free(b);
    return pem;
}

Test(sign_key, private_keys_in_pem_sign_in_each_of_their_forms)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    str parameters = STR("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    const struct {
        str pem;
        enum sign_alg alg;
        size_t size;
    } rows[] = {
        {pem_of(rsa, NULL, NULL), SIGN_RS256, 256},
        {pem_of(rsa, "old", NULL), SIGN_RS256, 256},
        {pem_of(rsa, NULL, NULL), SIGN_PS256, 256},
        {pem_of(rsa, NULL, NULL), SIGN_PS512, 256},
        {pem_of(p256, NULL, NULL), SIGN_ES256, 64},
        {pem_of(p256, "old", NULL), SIGN_ES256, 64},
        {pem_of(p384, "old", NULL), SIGN_ES384, 96},
        {pem_of(ed, NULL, NULL), SIGN_EDDSA, 64},
        {str_join(a, (const str[]){parameters, pem_of(p256, "old", NULL)}, 2), SIGN_ES256, 64},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sign_key *key, *public;
        struct sign_jwk jwk;
        uint8_t out[SIGN_SIZE_MAX];
        size_t n;
        err e = sign_key_from_pem(rows[i].pem, rows[i].alg, &key);
        cr_assert_not(FAILED(e), "%zu: %s", i, err_why(e));
        cr_assert_not(FAILED(sign_make(key, STR("m"), out, &n)));
        cr_assert_eq(n, rows[i].size);
        cr_assert_not(FAILED(sign_key_jwk(a, key, &jwk)));
        cr_assert(sign_jwk_fits(&jwk, rows[i].alg));
        cr_assert_not(FAILED(sign_key_from_jwk(&jwk, rows[i].alg, &public)));
        cr_assert_not(FAILED(sign_check(public, STR("m"), (str){(char *)out, n})));
        sign_key_free(public);
        sign_key_free(key);
    }
    const struct {
        str pem;
        enum sign_alg alg;
    } bad[] = {
        {pem_of(p256, NULL, NULL), SIGN_ES384},
        {pem_of(p256, NULL, NULL), SIGN_RS256},
        {pem_of(p256, NULL, NULL), SIGN_NONE_CHOSEN},
        {pem_of(p256, NULL, NULL), SIGN_ALG_COUNT},
        {pem_of(rsa, NULL, NULL), SIGN_ES256},
        {pem_of(ed, NULL, NULL), SIGN_ES256},
        {pem_of(p256, NULL, "secret"), SIGN_ES256},
        {pem_of(rsa, "old", "secret"), SIGN_RS256},
        {STR(""), SIGN_ES256},
        {STR_ABSENT, SIGN_ES256},
        {STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), SIGN_ES256},
        {parameters, SIGN_ES256},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sign_key *key = NULL;
        cr_assert_eq(sign_key_from_pem(bad[i].pem, bad[i].alg, &key).kind, ERR_INVALID_REQUEST, "%zu", i);
        cr_assert_null(key);
    }
    EVP_PKEY *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1");
    struct sign_key *key = NULL;
    cr_assert(FAILED(sign_key_from_pem(pem_of(weak, NULL, NULL), SIGN_RS256, &key))); /* CA-13 */
    cr_assert(FAILED(sign_key_from_pem(pem_of(odd, NULL, NULL), SIGN_ES256, &key)));
    cr_assert_null(key);
    EVP_PKEY *all[] = {rsa, p256, p384, ed, weak, odd};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        EVP_PKEY_free(all[i]);
}

static void round_trip(enum sign_alg alg, size_t size)
{
    struct sign_key *key, *again, *public;
    struct sign_jwk jwk;
    str der;
    uint8_t out[SIGN_SIZE_MAX];
    size_t n;
    cr_assert_not(FAILED(sign_key_generate(alg, &key)));
    cr_assert_eq(sign_key_alg(key), alg);
    cr_assert_not(FAILED(sign_key_export(a, key, &der)));
    cr_assert_not(FAILED(sign_key_import(alg, der, &again)));
    cr_assert_not(FAILED(sign_key_jwk(a, again, &jwk)));
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, alg, &public)));
    cr_assert(FAILED(sign_key_export(a, public, &der)));
    for (int i = 0; i < 20; i++) { /* so that leading zeros of r and s occur over many runs */
        cr_assert_not(FAILED(sign_make(again, STR("message"), out, &n)));
        cr_assert_eq(n, size);
        cr_assert_not(FAILED(sign_check(public, STR("message"), (str){(char *)out, n})));
    }
    for (size_t i = 0; i < n; i += 7) {
        out[i] ^= 0x20;
        cr_assert_eq(sign_check(key, STR("message"), (str){(char *)out, n}).kind, ERR_INVALID_TOKEN);
        out[i] ^= 0x20;
    }
    cr_assert(FAILED(sign_check(key, STR("message"), (str){(char *)out, n - 1})));
    cr_assert(FAILED(sign_check(key, STR("message"), (str){(char *)out, 0})));
    cr_assert(FAILED(sign_check(key, STR("message"), STR_ABSENT)));
    cr_assert(FAILED(sign_check(key, STR("massage"), (str){(char *)out, n})));
    cr_assert_not(FAILED(sign_check(key, STR("message"), (str){(char *)out, n})));
    sign_key_free(key);
    sign_key_free(again);
    sign_key_free(public);
}

Test(sign_key, es256_keys_survive_export_and_jwk)
{
    round_trip(SIGN_ES256, 64);
}

Test(sign_key, rs256_keys_survive_export_and_jwk)
{
    round_trip(SIGN_RS256, 384);
}

Test(sign_key, eddsa_keys_survive_export_and_jwk)
{
    round_trip(SIGN_EDDSA, 64);
}

Test(sign_key, bad_public_keys_are_refused)
{
    struct sign_key *key = NULL;
    char zeros[43], ones[342], weak[171];
    memset(zeros, 'A', sizeof zeros);
    memset(ones, '_', sizeof ones);
    memset(weak, '_', sizeof weak);
    weak[170] = ones[341] = 'w';
    str zero = {zeros, sizeof zeros};
    const struct sign_jwk rows[] = {
        jwk_ec(A3_X, A3_X), /* not on the curve */
        {.kty = "EC", .crv = "P-256", .x = zero, .y = zero},
        jwk_ec(A3_X, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a"),
        jwk_ec(A3_X, NULL),
        {.kty = "EC", .crv = "P-384", .x = STR(A3_X), .y = STR(A3_Y)},
        {.kty = "OKP", .crv = "P-256", .x = STR(A3_X), .y = STR(A3_Y)},
        {.kty = "EC", .crv = NULL, .x = STR(A3_X), .y = STR(A3_Y)},
        {.kty = NULL, .crv = "P-256", .x = STR(A3_X), .y = STR(A3_Y)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(sign_key_from_jwk(&rows[i], SIGN_ES256, &key).kind, ERR_INVALID_REQUEST, "%zu", i); /* CA-13 */
    struct sign_jwk good = jwk_ec(A3_X, A3_Y);
    cr_assert(FAILED(sign_key_from_jwk(&good, SIGN_RS256, &key)));
    cr_assert(FAILED(sign_key_from_jwk(&good, SIGN_EDDSA, &key)));
    cr_assert(FAILED(sign_key_from_jwk(&good, SIGN_NONE_CHOSEN, &key)));
    struct sign_jwk rsa = {.kty = "RSA", .n = {weak, sizeof weak}, .e = STR("AQAB")};
    cr_assert(FAILED(sign_key_from_jwk(&rsa, SIGN_RS256, &key)), "1024 bits");
    rsa = (struct sign_jwk){.kty = "RSA", .n = {ones, sizeof ones}, .e = STR("AQ")};
    cr_assert(FAILED(sign_key_from_jwk(&rsa, SIGN_RS256, &key)), "exponent 1");
    rsa.e = STR("Ag");
    cr_assert(FAILED(sign_key_from_jwk(&rsa, SIGN_RS256, &key)), "even exponent");
    rsa.n = STR_ABSENT;
    cr_assert(FAILED(sign_key_from_jwk(&rsa, SIGN_RS256, &key)));
    cr_assert_null(key);
}

Test(sign_key, ed25519_points_of_small_order_are_refused)
{
    const char *points[] = {"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA", "7P_______________________________________38",
                            "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
                            "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct sign_jwk jwk = {.kty = "OKP", .crv = "Ed25519", .x = str_of(points[i])};
        struct sign_key *key;
        cr_assert_eq(decoded(points[i]).n, 32);
        cr_assert_eq(sign_key_from_jwk(&jwk, SIGN_EDDSA, &key).kind, ERR_INVALID_REQUEST, "%zu", i); /* AT-08 */
    }
}

static str foreign_der(EVP_PKEY *pair)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
    unsigned char *p = NULL;
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
    str der = str_dup(a, (str){(char *)p, (size_t)n});
    OPENSSL_free(p);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(pair);
    return der;
}

Test(sign_key, weak_and_foreign_private_keys_are_refused)
{
    struct sign_key *key = NULL;
    str p256 = foreign_der(EVP_EC_gen("P-256"));
    cr_assert(FAILED(sign_key_import(SIGN_ES256, foreign_der(EVP_EC_gen("P-384")), &key)));
    cr_assert(FAILED(sign_key_import(SIGN_ES256, foreign_der(EVP_EC_gen("secp256k1")), &key)));
    cr_assert(FAILED(sign_key_import(SIGN_RS256, foreign_der(EVP_RSA_gen(1024)), &key)));
    cr_assert(FAILED(sign_key_import(SIGN_RS256, p256, &key)));
    cr_assert(FAILED(sign_key_import(SIGN_EDDSA, p256, &key)));
    cr_assert(FAILED(sign_key_import(SIGN_NONE_CHOSEN, p256, &key)));
    cr_assert(FAILED(sign_key_import(SIGN_ES256, (str){p256.p, p256.n - 1}, &key)));
    cr_assert(FAILED(sign_key_import(SIGN_ES256, str_join(a, (const str[]){p256, STR("x")}, 2), &key)), "trailing bytes");
    cr_assert(FAILED(sign_key_import(SIGN_ES256, STR_ABSENT, &key)));
    cr_assert(FAILED(sign_key_import(SIGN_ES256, STR(""), &key)));
    cr_assert_null(key);
    cr_assert_not(FAILED(sign_key_import(SIGN_ES256, p256, &key)));
    sign_key_free(key);
    sign_key_free(NULL);
    cr_assert(FAILED(sign_key_generate(SIGN_NONE_CHOSEN, &key)));
}

Test(sign_key, failing_memory_is_an_error_at_every_step)
{
    struct sign_key *key;
    cr_assert_not(FAILED(sign_key_generate(SIGN_ES256, &key)));
    for (size_t n = 1;; n++) {
        struct sign_jwk jwk = {0};
        str der;
        arena_fail_after(n);
        err e = sign_key_jwk(a, key, &jwk);
        if (!FAILED(e))
            e = sign_key_export(a, key, &der);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert_eq(n, 4);
            break;
        }
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    }
    sign_key_free(key);
}

static str import_signature;

static void *import(void *jwk)
{
    for (int i = 0; i < 100; i++) {
        struct sign_key *key;
        if (FAILED(sign_key_from_jwk(jwk, SIGN_ES256, &key)))
            return jwk;
        bool right = !FAILED(sign_check(key, STR(A3_INPUT), import_signature));
        sign_key_free(key);
        if (!right)
            return jwk;
    }
    return NULL;
}

Test(sign_key, foreign_keys_come_in_on_many_threads_at_once)
{
    struct sign_jwk jwk = jwk_ec(A3_X, A3_Y);
    pthread_t threads[4];
    import_signature = decoded(A3_SIG);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, import, &jwk), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
}

/* The private half of one key with the public half of another: what it signs nobody could check. */
static EVP_PKEY *mismatched_pair(void)
{
    EVP_PKEY *one = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256"), *pair = NULL;
    BIGNUM *private = NULL;
    unsigned char point[65];
    size_t n = 0;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    cr_assert_eq(EVP_PKEY_get_bn_param(one, OSSL_PKEY_PARAM_PRIV_KEY, &private), 1);
    cr_assert_eq(EVP_PKEY_get_octet_string_param(other, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n), 1);
    cr_assert_eq(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0), 1);
    cr_assert_eq(OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, n), 1);
    cr_assert_eq(OSSL_PARAM_BLD_push_BN_pad(b, OSSL_PKEY_PARAM_PRIV_KEY, private, 32), 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    cr_assert(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &pair, EVP_PKEY_KEYPAIR, parameters) == 1);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(b);
    BN_free(private);
    EVP_PKEY_free(one);
    EVP_PKEY_free(other);
    return pair;
}

Test(sign_key, a_private_half_that_does_not_fit_its_public_half_is_refused)
{
    struct sign_key *key = NULL;
    EVP_PKEY *pair = mismatched_pair();
    cr_assert_eq(sign_key_from_pem(pem_of(pair, NULL, NULL), SIGN_ES256, &key).kind, ERR_INVALID_REQUEST);
    cr_assert_eq(sign_key_import(SIGN_ES256, foreign_der(pair), &key).kind, ERR_SERVER_ERROR);
    cr_assert_null(key);
}

/* RFC 7518 2: one key has one spelling, and so one thumbprint. */
Test(sign_key, a_number_with_a_zero_before_it_is_another_spelling_and_refused)
{
    struct sign_key *key, *public = NULL;
    struct sign_jwk jwk;
    uint8_t padded[SIGN_SIZE_MAX] = {0};
    size_t n;
    cr_assert_not(FAILED(sign_key_generate(SIGN_RS256, &key)));
    cr_assert_not(FAILED(sign_key_jwk(a, key, &jwk)));
    cr_assert(sign_jwk_fits(&jwk, SIGN_RS256) && sign_jwk_fits(&jwk, SIGN_PS512) && !sign_jwk_fits(&jwk, SIGN_ES256));
    cr_assert_not(FAILED(b64url_decode(jwk.n, padded + 1, sizeof padded - 1, &n)));
    jwk.n = b64url_encode(a, padded, n + 1);
    cr_assert_not(sign_jwk_fits(&jwk, SIGN_RS256));
    cr_assert_eq(sign_key_from_jwk(&jwk, SIGN_RS256, &public).kind, ERR_INVALID_REQUEST);
    cr_assert_null(public);
    sign_key_free(key);
}
