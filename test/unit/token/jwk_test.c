/* SPDX-License-Identifier: MIT
 * Claims about foreign keys: those of RFC 7517 and 7638 are read, private, weak, bent and foreign ones are not. */
#include "token/jwk.h"
#include "foreign.h"
#include <string.h>
#include "base/banned.h"

#define X256 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y256 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC   "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\""
#define OKP  "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static err one(struct arena *a, const char *text, struct jwk *out)
{
    json *j;
    cr_assert(!FAILED(json_parse(a, str_of(text), &j)), "%s", text);
    return jwk_of_json(a, j, out);
}

Test(jwk, members_that_are_there_are_told_and_absent_ones_stay_absent) /* RFC 7517 4 */
{
    struct arena *a = fixture_arena();
    struct jwk key;
    cr_assert(!FAILED(one(a, "{" EC ",\"kid\":\"k\",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"verify\"],\"x5u\":1}", &key)));
    cr_assert(str_is(key.kid, "k") && str_is(key.use, "sig") && str_is(key.alg, "ES256"));
    cr_assert_str_eq(key.parts.kty, "EC");
    cr_assert(!str_present(key.parts.n) && str_is(key.parts.y, Y256));
    cr_assert(!FAILED(one(a, "{" OKP "}", &key)));
    cr_assert(!str_present(key.kid) && !str_present(key.use) && !str_present(key.alg));
    cr_assert(str_is(key.thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")); /* RFC 8037 A.3 */
}

Test(jwk, private_and_secret_members_are_refused) /* CA-10, AT-10 */
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct jwk key;
        struct jwk_set set = {0};
        str text = str_format(a, "{" EC ",\"%s\":null}", members[i]);
        cr_assert_eq(one(a, str_z(a, text), &key).kind, ERR_INVALID_REQUEST, "%s", members[i]);
        text = str_format(a, "{\"keys\":[{" OKP "},{\"kty\":\"new\",\"%s\":\"x\"}]}", members[i]);
        cr_assert_eq(jwk_set_parse(a, text, &set).kind, ERR_INVALID_REQUEST, "%s", members[i]);
        cr_assert_null(set.keys);
    }
}

/* 2048 bits with the first byte given, then `_` for ones; `n` characters. */
static str modulus(struct arena *a, size_t n, const char *last)
{
    char *p = arena_take(a, n + 1);
    memset(p, '_', n);
    memcpy(p + n - strlen(last), last, strlen(last));
    return (str){p, n};
}

Test(jwk, keys_of_another_kind_strength_or_use_are_not_usable_and_a_set_skips_them) /* CA-13; RFC 7517 5 */
{
    struct arena *a = fixture_arena();
    const str rows[] = {
        STR("{}"),
        STR("{\"kty\":\"EC\"}"),
        STR("{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "=\",\"y\":\"" Y256 "\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\",\"y\":\"" Y256 "\"}"),
        STR("{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" X256 "\"}"),
        STR("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X256 "\"}"),
        STR("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}"),
        STR("{\"kty\":\"oct\"}"),
        STR("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\"}"),
        STR("{" EC ",\"use\":\"enc\"}"),
        STR("{" EC ",\"use\":\"\"}"),
        STR("{" EC ",\"key_ops\":[\"sign\"]}"),
        STR("{" EC ",\"key_ops\":[]}"),
        STR("{" EC ",\"alg\":\"RS256\"}"),
        STR("{" EC ",\"alg\":\"ES384\"}"),
        STR("{" EC ",\"alg\":\"ECDH-ES\"}"),
        STR("{" EC ",\"alg\":\"HS256\"}"),
        STR("{" EC ",\"alg\":\"none\"}"),
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 171, "w"))),  /* 1024 bits */
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"A%.*s\"}", STR_FMT(modulus(a, 341, "w"))), /* a leading zero */
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"f%.*s\"}", STR_FMT(modulus(a, 341, "w"))), /* 2047 bits */
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "A"))),  /* even */
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQ\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "w"))),
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"Ag\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "w"))),
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AAM\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "w"))),
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"____________\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "w"))), /* 72 bits */
        str_format(a, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 1367, "8"))),        /* over 8192 bits */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk key;
        struct jwk_set set = {0};
        cr_assert_eq(one(a, str_z(a, rows[i]), &key).kind, ERR_INVALID_REQUEST, "%zu", i);
        str text = str_join(a, (const str[]){STR("{\"keys\":["), rows[i], STR(",{" OKP ",\"kid\":\"good\"}]}")}, 3);
        err e = jwk_set_parse(a, text, &set);
        cr_assert(!FAILED(e), "%zu: %s", i, err_why(e));
        cr_assert(set.count == 1 && str_is(set.keys[0].kid, "good"), "%zu", i);
    }
    struct jwk key;
    str good = str_format(a, "{\"kty\":\"RSA\",\"e\":\"Aw\",\"n\":\"%.*s\"}", STR_FMT(modulus(a, 342, "w")));
    cr_assert(!FAILED(one(a, str_z(a, good), &key)), "2048 bits and exponent 3 are allowed");
}

Test(jwk, bent_sets_are_refused) /* AT-06, CA-11 */
{
    struct arena *a = arena_new(8 << 20);
    struct buf many = buf_new(a, JWK_SET_BYTES), deep = buf_new(a, 1024);
    buf_add_z(&many, "{\"keys\":[");
    for (int i = 0; i <= JWK_SET_MAX; i++)
        buf_add_z(&many, i == 0 ? "{" OKP "}" : ",{" OKP "}");
    buf_add_z(&many, "]}");
    buf_add_z(&deep, "{\"keys\":[{" OKP ",\"x\":");
    for (int i = 0; i < 16; i++)
        buf_char(&deep, '[');
    str big = {arena_take(a, JWK_SET_BYTES + 1), JWK_SET_BYTES + 1}, head = STR("{\"keys\":[]}");
    memset((char *)big.p, ' ', big.n);
    memcpy((char *)big.p, head.p, head.n);
    const str rows[] = {
        STR_ABSENT,
        STR(""),
        STR("null"),
        STR("[]"),
        STR("{}"),
        STR("{\"keys\":{}}"),
        STR("{\"keys\":null}"),
        STR("{\"keys\":[]}x"),
        STR("{\"keys\":[],\"keys\":[]}"),
        STR("{\"keys\":[1]}"),
        STR("{\"keys\":[[]]}"),
        STR("{\"keys\":[{" OKP ",\"x\":\"\"}]}"),
        STR("{\"keys\":[{" OKP ",\"kid\":1}]}"),
        STR("{\"keys\":[{" OKP ",\"use\":null}]}"),
        STR("{\"keys\":[{" OKP ",\"alg\":[\"EdDSA\"]}]}"),
        STR("{\"keys\":[{" OKP ",\"key_ops\":\"verify\"}]}"),
        STR("{\"keys\":[{" OKP ",\"kid\":\"\\u0000\"}]}"),
        STR("{\"keys\":[{" OKP "}]"),
        {many.p, many.n},
        {deep.p, deep.n},
        big,
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwk_set set = {0};
        cr_assert_eq(jwk_set_parse(a, rows[i], &set).kind, ERR_INVALID_REQUEST, "%zu", i);
        cr_assert_null(set.keys);
    }
    struct jwk_set set;
    cr_assert(!FAILED(jwk_set_parse(a, STR("{\"keys\":[],\"more\":1}"), &set)) && set.count == 0);
    big.n--;
    cr_assert(!FAILED(jwk_set_parse(a, big, &set)));
    arena_release(a);
}

Test(jwk, a_key_serves_only_algorithms_of_its_type_curve_alg_and_use) /* AT-05, CA-13 */
{
    struct arena *a = fixture_arena();
    struct jwk key;
    cr_assert(!FAILED(one(a, "{" EC "}", &key)));
    for (int alg = SIGN_NONE_CHOSEN; alg < SIGN_ALG_COUNT; alg++)
        cr_assert_eq(jwk_fits(&key, (enum sign_alg)alg), alg == SIGN_ES256, "%d", alg);
    cr_assert(!FAILED(one(a, "{" OKP ",\"alg\":\"EdDSA\"}", &key)));
    cr_assert(jwk_fits(&key, SIGN_EDDSA) && !jwk_fits(&key, SIGN_ED25519));
    json *rsa = foreign_jwk(a, foreign_key(a, SIGN_RS256));
    cr_assert(!FAILED(jwk_of_json(a, rsa, &key)));
    static const enum sign_alg all[] = {SIGN_RS256, SIGN_RS384, SIGN_RS512, SIGN_PS256, SIGN_PS384, SIGN_PS512};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        cr_assert(jwk_fits(&key, all[i]));
    cr_assert(!jwk_fits(&key, SIGN_ES256) && !jwk_fits(&key, SIGN_EDDSA));
    key.use = STR("enc");
    cr_assert(!jwk_fits(&key, SIGN_RS256));
    key.use = STR_ABSENT;
    key.alg = STR("PS256");
    cr_assert(!jwk_fits(&key, SIGN_RS256) && jwk_fits(&key, SIGN_PS256));
    cr_assert_eq(jwk_check(&key, SIGN_RS256, STR("x"), STR("x")).kind, ERR_INVALID_TOKEN);
}

Test(jwk, each_algorithm_checks_what_its_key_signed_and_nothing_else)
{
    struct arena *a = fixture_arena();
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_ALG_COUNT; alg++) {
        struct sign_key *key = foreign_key(a, (enum sign_alg)alg);
        struct jwk jwk;
        uint8_t out[SIGN_SIZE_MAX];
        size_t n;
        cr_assert(!FAILED(jwk_of_json(a, foreign_jwk(a, key), &jwk)));
        cr_assert(!FAILED(jwk_sound(&jwk)));
        cr_assert(!FAILED(sign_make(key, STR("data"), out, &n)));
        str signature = {(char *)out, n};
        const char *name = sign_alg_name((enum sign_alg)alg);
        cr_assert(!FAILED(jwk_check(&jwk, (enum sign_alg)alg, STR("data"), signature)), "%s", name);
        cr_assert_eq(jwk_check(&jwk, (enum sign_alg)alg, STR("Data"), signature).kind, ERR_INVALID_TOKEN, "%s", name);
        cr_assert_eq(jwk_check(&jwk, (enum sign_alg)alg, STR("data"), (str){(char *)out, n - 1}).kind, ERR_INVALID_TOKEN);
        cr_assert_eq(jwk_check(&jwk, (enum sign_alg)alg, STR("data"), STR_ABSENT).kind, ERR_INVALID_TOKEN);
        for (int other = SIGN_NONE_CHOSEN + 1; other < SIGN_ALG_COUNT; other++)
            cr_assert(other == alg || (alg == SIGN_EDDSA && other == SIGN_ED25519) || (alg == SIGN_ED25519 && other == SIGN_EDDSA) ||
                          FAILED(jwk_check(&jwk, (enum sign_alg)other, STR("data"), signature)),
                      "%s passes as %s", name, sign_alg_name((enum sign_alg)other));
    }
}

Test(jwk, keys_that_are_no_points_are_not_sound) /* AT-08 */
{
    struct arena *a = fixture_arena();
    struct jwk key;
    cr_assert(!FAILED(one(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" X256 "\"}", &key)));
    cr_assert_eq(jwk_sound(&key).kind, ERR_INVALID_REQUEST);
    struct jwk_set set = {.keys = &key, .count = 1};
    cr_assert_eq(jwk_set_sound(&set).kind, ERR_INVALID_REQUEST);
    uint8_t any[64] = {1};
    cr_assert_eq(jwk_check(&key, SIGN_ES256, STR("x"), (str){(char *)any, 64}).kind, ERR_INVALID_TOKEN);
    cr_assert(!FAILED(one(a, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", &key)));
    cr_assert_eq(jwk_sound(&key).kind, ERR_INVALID_REQUEST);
    cr_assert(!FAILED(one(a, "{" OKP "}", &key)) && !FAILED(jwk_set_sound(&set)));
}

Test(jwk, sets_of_rfc_7517)
{
    static const char *const names[] = {"rfc7517_a_1", "rfc7517_a_2", "rfc7517_a_3"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json *v = foreign_vector(a, names[i]);
        struct jwk_set set = {0};
        int64_t usable = 0;
        cr_assert(json_integer_of(json_member(v, "usable"), &usable));
        err e = jwk_set_parse(a, foreign_json(a, json_member(v, "set")), &set);
        cr_assert_eq(FAILED(e), usable < 0, "%s: %s", names[i], err_why(e));
        if (usable < 0)
            continue;
        cr_assert_eq(set.count, (size_t)usable);
        cr_assert(str_equal(set.keys[0].thumbprint, json_member_text(v, "thumbprint")));
        cr_assert(!FAILED(jwk_set_sound(&set)));
    }
}

Test(jwk, thumbprints_of_rfc_7638_and_rfc_8037)
{
    static const char *const names[] = {"rfc7638_3_1", "rfc8037_a_3", "thumbprint_ec"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json *v = foreign_vector(a, names[i]);
        struct jwk key;
        cr_assert(!FAILED(jwk_of_json(a, json_member(v, "key"), &key)), "%s", names[i]);
        cr_assert(str_equal(key.thumbprint, json_member_text(v, "thumbprint")), "%s", names[i]);
    }
}

Test(jwk, memory_that_ends_is_no_verdict)
{
    str text = STR("{\"keys\":[{" EC "},{" OKP "}]}");
    for (size_t n = 1; n < 200; n++) {
        struct arena *poor = arena_new(1 << 20);
        struct jwk_set set = {0};
        arena_fail_after(n);
        err e = jwk_set_parse(poor, text, &set);
        arena_fail_after(0);
        bool done = !arena_failed(poor);
        cr_assert(done == !FAILED(e) && (done || e.kind == ERR_UNAVAILABLE), "take %zu: %s", n, err_why(e));
        cr_assert(done == (set.keys != NULL));
        arena_release(poor);
        if (done)
            return;
    }
    cr_assert_fail("never enough");
}
