/* SPDX-License-Identifier: MIT
 * Tests of sign, with the vectors of RFC 7515 appendix A and RFC 8037 appendix A. */
#include "crypto/sign.h"

#include "codec/b64url.h"

#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(sign, .init = open_arena, .fini = close_arena);

static str decoded(const char *text)
{
    size_t n;
    char *p = arena_take(a, 1024);
    cr_assert_not(FAILED(b64url_decode(str_of(text), p, 1024, &n)));
    return (str){p, n};
}

static struct sign_jwk jwk_ec(const char *x, const char *y)
{
    return (struct sign_jwk){.kty = "EC", .crv = "P-256", .x = str_of(x), .y = str_of(y)};
}

#define A3_X     "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3_INPUT "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A3_SIG   "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

Test(sign, es256_of_rfc7515_a3)
{
    struct sign_jwk jwk = jwk_ec(A3_X, A3_Y);
    struct sign_key *key;
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, SIGN_ES256, &key)));
    cr_assert_not(FAILED(sign_check(key, STR(A3_INPUT), decoded(A3_SIG))));
    cr_assert_eq(sign_check(key, STR(A3_INPUT "x"), decoded(A3_SIG)).kind, ERR_INVALID_TOKEN);
    uint8_t out[SIGN_SIZE_MAX];
    size_t n;
    cr_assert(FAILED(sign_make(key, STR("x"), out, &n)), "a public key does not sign");
    sign_key_free(key);
}

Test(sign, rs256_of_rfc7515_a2)
{
    struct sign_jwk jwk = {.kty = "RSA",
                           .n = STR("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
                                    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
                                    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
                                    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
                           .e = STR("AQAB")};
    const char *signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
                            "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAc"
                            "QjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHW"
                            "EsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    str input = STR("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
    struct sign_key *key;
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, SIGN_RS256, &key)));
    cr_assert_not(FAILED(sign_check(key, input, decoded(signature))));
    input.n--;
    cr_assert_eq(sign_check(key, input, decoded(signature)).kind, ERR_INVALID_TOKEN);
    sign_key_free(key);
}

Test(sign, eddsa_of_rfc8037_a4)
{
    /* PKCS#8 of the private key d in A.1: the fixed head of RFC 8410 7, then the 32 bytes */
    char der[48] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    memcpy(der + 16, decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").p, 32);
    str input = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    str expected = decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    struct sign_key *key, *public;
    uint8_t out[SIGN_SIZE_MAX];
    size_t n;
    struct sign_jwk jwk;
    cr_assert_not(FAILED(sign_key_import(SIGN_EDDSA, (str){der, sizeof der}, &key)));
    cr_assert_not(FAILED(sign_make(key, input, out, &n)));
    cr_assert(str_equal((str){(const char *)out, n}, expected));
    cr_assert_not(FAILED(sign_key_jwk(a, key, &jwk)));
    cr_assert(str_is(jwk.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, SIGN_EDDSA, &public)));
    cr_assert_not(FAILED(sign_check(public, input, expected)));
    sign_key_free(public);
    sign_key_free(key);
}

Test(sign, algorithm_names_are_exact)
{
    enum sign_alg alg = SIGN_NONE_CHOSEN;
    cr_assert(sign_alg_of(STR("ES256"), &alg) && alg == SIGN_ES256);
    cr_assert(sign_alg_of(STR("RS256"), &alg) && alg == SIGN_RS256);
    cr_assert(sign_alg_of(STR("EdDSA"), &alg) && alg == SIGN_EDDSA);
    cr_assert_str_eq(sign_alg_name(SIGN_EDDSA), "EdDSA");
    cr_assert_str_eq(sign_alg_name((enum sign_alg)99), "");
    const char *bad[] = {"", "none", "None", "nOnE", "HS256", "es256", "ES256 ", "PS256", "ES384"}; /* AT-05 */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(sign_alg_of(str_of(bad[i]), &alg), "%s", bad[i]);
    cr_assert_not(sign_alg_of(STR_ABSENT, &alg));
    cr_assert_eq(alg, SIGN_EDDSA);
}

Test(sign, foreign_names_are_exact_and_all_are_told)
{
    enum sign_alg alg = SIGN_NONE_CHOSEN;
    int rows = 0;
    str words = sign_alg_words, word;
    for (; str_next(&words, ' ', &word); rows++)
        cr_assert(sign_alg_foreign(word, &alg) && str_is(word, sign_alg_name(alg)), "%.*s", STR_FMT(word));
    cr_assert_eq(rows, SIGN_ALG_COUNT - 1);
    const char *bad[] = {"", "none", "HS256", "ps256", "ES256K", "ES521", "Ed448", "RSA-OAEP"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(sign_alg_foreign(str_of(bad[i]), &alg), "%s", bad[i]);
    cr_assert_str_eq(sign_alg_name(SIGN_OWN_COUNT), "ES384");
}

Test(sign, our_own_keys_are_of_three_algorithms_only)
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

Test(sign, private_keys_in_pem_sign_in_each_of_their_forms)
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

Test(sign, es256_keys_survive_export_and_jwk)
{
    round_trip(SIGN_ES256, 64);
}

Test(sign, rs256_keys_survive_export_and_jwk)
{
    round_trip(SIGN_RS256, 384);
}

Test(sign, eddsa_keys_survive_export_and_jwk)
{
    round_trip(SIGN_EDDSA, 64);
}

Test(sign, r_and_s_out_of_range_do_not_verify)
{
    /* AT-08: zero, and the order of P-256 (CVE-2022-21449: "psychic signatures") */
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    struct sign_jwk jwk = jwk_ec(A3_X, A3_Y);
    struct sign_key *key;
    uint8_t s[64] = {0};
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, SIGN_ES256, &key)));
    cr_assert_eq(sign_check(key, STR(A3_INPUT), (str){(char *)s, 64}).kind, ERR_INVALID_TOKEN);
    memcpy(s, order, 32);
    memcpy(s + 32, order, 32);
    cr_assert_eq(sign_check(key, STR(A3_INPUT), (str){(char *)s, 64}).kind, ERR_INVALID_TOKEN);
    memcpy(s, decoded(A3_SIG).p, 32);
    cr_assert_eq(sign_check(key, STR(A3_INPUT), (str){(char *)s, 64}).kind, ERR_INVALID_TOKEN);
    sign_key_free(key);
}

Test(sign, ed25519_s_beyond_the_order_does_not_verify)
{
    struct sign_jwk jwk = {.kty = "OKP", .crv = "Ed25519", .x = STR("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")};
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    struct sign_key *key;
    uint8_t s[64];
    cr_assert_not(FAILED(sign_key_from_jwk(&jwk, SIGN_EDDSA, &key)));
    memcpy(s, decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg").p, 64);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) { /* S + order: the same point, another spelling (RFC 8032 5.1.7) */
        carry += s[32 + i] + order[i];
        s[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    str input = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    cr_assert_eq(sign_check(key, input, (str){(char *)s, 64}).kind, ERR_INVALID_TOKEN);
    sign_key_free(key);
}

Test(sign, bad_public_keys_are_refused)
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

Test(sign, ed25519_points_of_small_order_are_refused)
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

Test(sign, weak_and_foreign_private_keys_are_refused)
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

static void *work(void *key)
{
    uint8_t out[SIGN_SIZE_MAX];
    size_t n;
    for (int i = 0; i < 50; i++)
        if (FAILED(sign_make(key, STR("m"), out, &n)) || FAILED(sign_check(key, STR("m"), (str){(char *)out, n})))
            return key;
    return NULL;
}

Test(sign, one_key_serves_many_threads)
{
    const enum sign_alg algs[] = {SIGN_ES256, SIGN_EDDSA};
    for (size_t k = 0; k < 2; k++) {
        struct sign_key *key;
        pthread_t threads[4];
        cr_assert_not(FAILED(sign_key_generate(algs[k], &key)));
        for (size_t i = 0; i < 4; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, work, key), 0);
        for (size_t i = 0; i < 4; i++) {
            void *failed;
            pthread_join(threads[i], &failed);
            cr_assert_null(failed);
        }
        sign_key_free(key);
    }
}

Test(sign, failing_memory_is_an_error_at_every_step)
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

Test(sign, foreign_keys_come_in_on_many_threads_at_once)
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
