/* SPDX-License-Identifier: MIT
 * sign: with the vectors of RFC 7515 appendix A and RFC 8037 appendix A. */
#include "sign_vectors.h"

#include <pthread.h>

TestSuite(sign, .init = open_arena, .fini = close_arena);

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
