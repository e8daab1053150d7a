/* SPDX-License-Identifier: MIT
 * Claims about foreign signed tokens: the vectors of the RFCs verify, each way of bending form, header, algorithm, key or claim
 * is refused, and each failing check of claims has its own reason. */
#include "token/jwt.h"
#include "crypto/mac.h"
#include "foreign.h"
#include <string.h>
#include "base/banned.h"

#define ALL "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519 HS256 HS384 HS512"
#define ORDER_256                                                                                                              \
    "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63" \
    "\x25\x51"

static struct jwk_set set_of(struct arena *a, const struct sign_key *key, const char *more)
{
    struct jwk_set set;
    str jwk = foreign_json(a, foreign_jwk(a, key));
    jwk.n--; /* its closing brace */
    str text = str_join(a, (const str[]){STR("{\"keys\":["), jwk, str_of(more), STR("}]}")}, 4);
    err e = jwk_set_parse(a, text, &set);
    cr_assert(!FAILED(e) && set.count == 1, "%s", err_why(e));
    return set;
}

static err checked(struct arena *a, str token, const struct jwk_set *keys, const char *allowed)
{
    struct jwt t;
    TRY(jwt_read(a, token, &t));
    return jwt_check(a, &t, keys, str_of(allowed));
}

/* -------------------------------------------------------------------------------------------------------------- vectors */
static void feed_public(struct arena *a, const json *v, const char *name, str text, str signature)
{
    enum sign_alg alg;
    struct jwk key;
    cr_assert(sign_alg_foreign(json_member_text(v, "alg"), &alg), "%s", name);
    cr_assert(!FAILED(jwk_of_json(a, json_member(v, "key"), &key)), "%s", name);
    err e = jwk_check(&key, alg, text, signature);
    cr_assert(!FAILED(e), "%s: %s", name, err_why(e));
    text.n--;
    cr_assert_eq(jwk_check(&key, alg, text, signature).kind, ERR_INVALID_TOKEN, "%s", name);
}

static void feed_secret(struct arena *a, const json *v, const char *name, str text, str signature)
{
    enum mac_alg alg;
    str code = json_member_text(v, "secret");
    char *secret = arena_take(a, code.n + 1);
    size_t n;
    cr_assert(mac_alg_of(json_member_text(v, "alg"), &alg) && !FAILED(b64url_decode(code, secret, code.n, &n)), "%s", name);
    cr_assert(!FAILED(mac_check(alg, (str){secret, n}, text, signature)), "%s", name);
    cr_assert(FAILED(mac_check(alg, (str){secret, n - 1}, text, signature)), "%s", name);
}

Test(jwt, signatures_of_the_rfcs_verify) /* RFC 7515 A, RFC 7520 4, RFC 8037 A */
{
    static const char *const names[] = {"rfc7515_a_1", "rfc7515_a_2", "rfc7515_a_3", "rfc7515_a_4", "rfc7520_4_1",
                                        "rfc7520_4_2", "rfc7520_4_3", "rfc7520_4_4", "rfc8037_a_4"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json *v = foreign_vector(a, names[i]);
        str token = json_member_text(v, "token"), rest = token, part, last = STR_ABSENT;
        while (str_next(&rest, '.', &part))
            last = part;
        uint8_t bytes[SIGN_SIZE_MAX];
        size_t n;
        cr_assert(!FAILED(b64url_decode(last, bytes, sizeof bytes, &n)), "%s", names[i]);
        str text = {token.p, token.n - last.n - 1};
        (json_member(v, "key") != NULL ? feed_public : feed_secret)(a, v, names[i], text, (str){(char *)bytes, n});
    }
}

Test(jwt, tokens_of_the_rfcs_whose_payload_are_claims_are_read) /* RFC 7515 A.2, A.3, A.5 */
{
    struct arena *a = fixture_arena();
    static const char *const names[] = {"rfc7515_a_2", "rfc7515_a_3"};
    for (size_t i = 0; i < 2; i++) {
        json *v = foreign_vector(a, names[i]);
        struct jwk key;
        struct jwt t;
        struct jwt_facts facts;
        cr_assert(!FAILED(jwk_of_json(a, json_member(v, "key"), &key)));
        struct jwk_set set = {&key, 1};
        cr_assert(!FAILED(jwt_read(a, json_member_text(v, "token"), &t)));
        cr_assert(!FAILED(jwt_check(a, &t, &set, json_member_text(v, "alg"))));
        cr_assert_eq(jwt_check(a, &t, &set, STR("ES384 PS256 EdDSA")).kind, ERR_INVALID_TOKEN);
        struct jwt_rule rule = {.issuer = STR("joe"), .now = 1300819379, .need_exp = true};
        cr_assert(!FAILED(jwt_judge(&t, &rule, &facts)) && facts.expires_at == 1300819380);
        rule.now++; /* RFC 7519 4.1.4: on or after */
        cr_assert_eq(jwt_judge(&t, &rule, &facts).kind, ERR_INVALID_TOKEN);
        rule.skew = 1;
        cr_assert(!FAILED(jwt_judge(&t, &rule, &facts)));
    }
    struct jwt t;
    cr_assert_eq(jwt_read(a, json_member_text(foreign_vector(a, "rfc7515_a_5"), "token"), &t).kind, ERR_INVALID_TOKEN);
    /* a payload that is no JSON object is no JWT */
    cr_assert_eq(jwt_read(a, json_member_text(foreign_vector(a, "rfc7520_4_1"), "token"), &t).kind, ERR_INVALID_TOKEN);
}

/* ----------------------------------------------------------------------------------------------------------------- form */
Test(jwt, bent_headers_are_refused_even_when_rightly_signed) /* AT-05, AT-06, AT-07, CA-10 */
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"NONE\"}",
        "{\"alg\":\"nOnE\"}",
        "{\"alg\":\"noNe\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"ES256\"]}",
        "{}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":\"es256\"}",
        "{\"alg\":\"ES256 \"}",
        "{\"alg\":\"ES256 ES384\"}",
        "{\"alg\":\"ES256K\"}",
        "{\"alg\":\"ES384\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"ES256\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"crit\":null}",
        "{\"alg\":\"ES256\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"b64\":true}",
        "{\"alg\":\"ES256\",\"kid\":1}",
        "{\"alg\":\"ES256\",\"kid\":null}",
        "{\"alg\":\"ES256\",\"typ\":[\"JWT\"]}",
        "{\"alg\":\"ES256\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}",
        "{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}",
        "{\"alg\":\"ES256\"}x",
        "{\"alg\":\"ES256\",\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        "{\"alg\":\"ES256\",\"kid\":\"\\u0000\"}",
        "[\"ES256\"]",
        "\"ES256\"",
        "{\"alg\":\"ES256\"",
    };
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct jwk_set set = set_of(a, key, ",\"kid\":\"mine\"");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        err e = checked(a, foreign_token(a, key, headers[i], "{}"), &set, ALL);
        cr_assert_eq(e.kind, ERR_INVALID_TOKEN, "%s", headers[i]);
        cr_assert(e.reason->say != NULL && e.reason->why != NULL, "%s", headers[i]);
    }
    static const char *const good[] = {
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"kid\":\"mine\",\"typ\":\"JWT\",\"extra\":{\"a\":[1]}}",
        " {\"alg\" : \"\\u0045S256\"} ",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(!FAILED(checked(a, foreign_token(a, key, good[i], "{}"), &set, ALL)), "%s", good[i]);
}

Test(jwt, a_key_in_the_header_is_never_used) /* CA-10 */
{
    struct arena *a = fixture_arena();
    struct sign_key *ours = foreign_key(a, SIGN_ES256), *theirs = foreign_key(a, SIGN_ES256);
    struct jwk_set set = set_of(a, ours, ""), none = {0};
    str jwk = foreign_json(a, foreign_jwk(a, theirs));
    str header = str_format(a, "{\"alg\":\"ES256\",\"jwk\":%.*s,\"jku\":\"https://evil.example/\",\"x5u\":\"https://evil.example/\"}", STR_FMT(jwk));
    str token = foreign_token(a, theirs, str_z(a, header), "{}");
    cr_assert_eq(checked(a, token, &set, ALL).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(checked(a, token, &none, ALL).kind, ERR_INVALID_TOKEN);
}

Test(jwt, bent_forms_are_refused) /* AT-06 */
{
    struct arena *a = arena_new(8 << 20);
    struct sign_key *key = foreign_key(a, SIGN_EDDSA);
    struct jwk_set set = set_of(a, key, "");
    str token = foreign_token(a, key, "{\"alg\":\"EdDSA\"}", "{\"a\":1}");
    cr_assert(!FAILED(checked(a, token, &set, ALL)));
    const str forms[] = {
        STR_ABSENT,
        STR(""),
        STR("."),
        STR(".."),
        STR("a"),
        STR("a.b"),
        STR("a.b.c.d"),
        STR("a.b.c.d.e"),
        STR("e30.e30."),
        {token.p, token.n - 1},
        str_join(a, (const str[]){token, STR("=")}, 2),
        str_join(a, (const str[]){token, STR("==")}, 2),
        str_join(a, (const str[]){token, STR(".")}, 2),
        str_join(a, (const str[]){token, STR("\n")}, 2),
        str_join(a, (const str[]){token, STR("AAAA")}, 2),
        str_join(a, (const str[]){STR(" "), token}, 2),
        str_join(a, (const str[]){STR("."), token}, 2),
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        cr_assert_eq(checked(a, forms[i], &set, ALL).kind, ERR_INVALID_TOKEN, "%zu", i);
    char *copy = arena_take(a, token.n);
    for (size_t i = 0; i < token.n; i++) {
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'x' ? 'y' : 'x';
        cr_assert_eq(checked(a, (str){copy, token.n}, &set, ALL).kind, ERR_INVALID_TOKEN, "position %zu", i);
        copy[i] = '+';
        cr_assert_eq(checked(a, (str){copy, token.n}, &set, ALL).kind, ERR_INVALID_TOKEN, "position %zu", i);
    }
    memcpy(copy, token.p, token.n); /* the last character of 64 bytes carries four bits that must be zero */
    copy[token.n - 1]++;
    cr_assert_eq(checked(a, (str){copy, token.n}, &set, ALL).kind, ERR_INVALID_TOKEN, "dangling bits");
    arena_release(a);
}

Test(jwt, what_is_larger_than_a_token_may_be_is_refused_though_rightly_signed) /* AT-06 */
{
    struct arena *a = arena_new(8 << 20);
    struct sign_key *key = foreign_key(a, SIGN_EDDSA);
    struct jwk_set set = set_of(a, key, "");
    char *claims = arena_take(a, BUF_TOKEN_MAX);
    memset(claims, ' ', BUF_TOKEN_MAX - 1);
    memcpy(claims, "{}", 2);
    claims[12000] = '\0';
    cr_assert(!FAILED(checked(a, foreign_token(a, key, "{\"alg\":\"EdDSA\"}", claims), &set, ALL)));
    claims[12000] = ' ';
    cr_assert_eq(checked(a, foreign_token(a, key, "{\"alg\":\"EdDSA\"}", claims), &set, ALL).kind, ERR_INVALID_TOKEN);
    arena_release(a);
}

Test(jwt, claims_that_are_not_one_object_are_refused) /* AT-06 */
{
    static const char *const payloads[] = {"",
                                           "[]",
                                           "1",
                                           "\"x\"",
                                           "null",
                                           "{\"a\":1,\"a\":1}",
                                           "{\"a\":{\"b\":1,\"b\":2}}",
                                           "{}{}",
                                           "{}x",
                                           "{\"a\":\"\\u0000\"}",
                                           "{\"a\":\"\\ud800\"}",
                                           "{",
                                           "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"};
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_EDDSA);
    struct jwk_set set = set_of(a, key, "");
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
        cr_assert_eq(checked(a, foreign_token(a, key, "{\"alg\":\"EdDSA\"}", payloads[i]), &set, ALL).kind, ERR_INVALID_TOKEN, "%s", payloads[i]);
}

/* ------------------------------------------------------------------------------------------------------ keys, algorithms */
Test(jwt, a_public_key_is_no_hmac_secret_and_a_secret_no_public_key) /* AT-05, CVE-2026-44699 */
{
    static const char *const names[] = {"HS256", "HS384", "HS512"};
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_RS256);
    struct jwk_set set = set_of(a, key, ""); /* an RSA JWK without alg */
    str pem = foreign_pem(a, foreign_pair(SIGN_RS256)), n = set.keys[0].parts.n;
    const str secrets[] = {n, pem, foreign_json(a, foreign_jwk(a, key)), STR(""), STR_ABSENT, STR("short")};
    for (size_t i = 0; i < 3; i++) {
        enum mac_alg alg;
        cr_assert(mac_alg_of(str_of(names[i]), &alg));
        for (size_t s = 0; s < sizeof secrets / sizeof secrets[0]; s++) {
            uint8_t tag[MAC_SIZE_MAX] = {0};
            struct jwt t;
            str text = foreign_parts(a, str_format(a, "{\"alg\":\"%s\"}", names[i]), STR("{}"));
            bool made = !FAILED(mac_make(alg, secrets[s], text, tag));
            cr_assert_eq(made, s < 3);
            str token = str_join(a, (const str[]){text, STR("."), b64url_encode(a, tag, mac_size(alg))}, 3);
            cr_assert_eq(checked(a, token, &set, ALL).kind, ERR_INVALID_TOKEN);
            cr_assert(!FAILED(jwt_read(a, token, &t)));
            cr_assert_eq(FAILED(jwt_check_secret(&t, secrets[s], STR(ALL))), !made);
            cr_assert_eq(jwt_check_secret(&t, secrets[s], STR("RS256 ES256")).kind, ERR_INVALID_TOKEN);
            cr_assert_eq(jwt_check_secret(&t, STR("another secret that is long enough, for it has 64 bytes and more."), STR(ALL)).kind, ERR_INVALID_TOKEN);
        }
    }
    struct jwt t;
    cr_assert(!FAILED(jwt_read(a, foreign_token(a, key, "{\"alg\":\"RS256\"}", "{}"), &t)));
    cr_assert_eq(jwt_check_secret(&t, n, STR(ALL)).kind, ERR_INVALID_TOKEN);
}

Test(jwt, an_algorithm_must_be_allowed_by_its_whole_name) /* RFC 8725 3.1 */
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct jwk_set set = set_of(a, key, "");
    str token = foreign_token(a, key, "{\"alg\":\"ES256\"}", "{}");
    static const char *const lists[] = {"", "ES", "ES2561", "ES256,ES384", "es256", "RS256 ES384", "none"};
    cr_assert(!FAILED(checked(a, token, &set, "RS256 ES256")));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        cr_assert_eq(checked(a, token, &set, lists[i]).kind, ERR_INVALID_TOKEN, "%s", lists[i]);
    cr_assert_eq(checked(a, token, &set, NULL).kind, ERR_INVALID_TOKEN);
}

Test(jwt, kid_selects_and_without_it_a_bounded_number_is_tried) /* CA-10 */
{
    struct arena *a = arena_new(8 << 20);
    struct sign_key *keys[JWT_TRIES_MAX + 2];
    struct jwk_set set = {.keys = arena_array(a, JWT_TRIES_MAX + 2, sizeof(struct jwk)), .count = JWT_TRIES_MAX + 2};
    for (size_t i = 0; i < set.count; i++) {
        keys[i] = foreign_key(a, SIGN_EDDSA);
        cr_assert(!FAILED(jwk_of_json(a, foreign_jwk(a, keys[i]), &set.keys[i])));
        set.keys[i].kid = str_format(a, "k%zu", i);
    }
    for (size_t i = 0; i < set.count; i++) {
        str token = foreign_token(a, keys[i], "{\"alg\":\"EdDSA\"}", "{}");
        cr_assert_eq(FAILED(checked(a, token, &set, ALL)), i >= JWT_TRIES_MAX, "%zu", i);
        str header = str_format(a, "{\"alg\":\"EdDSA\",\"kid\":\"k%zu\"}", i);
        struct jwt t;
        cr_assert(!FAILED(jwt_read(a, foreign_token(a, keys[i], str_z(a, header), "{}"), &t)));
        cr_assert(jwt_has_key(&t, &set) && !FAILED(jwt_check(a, &t, &set, STR(ALL))), "%zu", i);
        header = str_format(a, "{\"alg\":\"EdDSA\",\"kid\":\"k%zu\"}", (i + 1) % set.count);
        cr_assert_eq(checked(a, foreign_token(a, keys[i], str_z(a, header), "{}"), &set, ALL).kind, ERR_INVALID_TOKEN);
    }
    struct jwt t;
    cr_assert(!FAILED(jwt_read(a, foreign_token(a, keys[0], "{\"alg\":\"EdDSA\",\"kid\":\"new\"}", "{}"), &t)));
    cr_assert(!jwt_has_key(&t, &set));
    err e = jwt_check(a, &t, &set, STR(ALL));
    cr_assert_str_eq(err_why(e), "jwt: no key of that kid and algorithm");
    arena_release(a);
}

Test(jwt, ecdsa_numbers_of_zero_or_beyond_the_order_are_refused) /* AT-08 */
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct jwk_set set = set_of(a, key, "");
    static const char zero[33] = {0}, ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    const char *const numbers[] = {zero, ORDER_256, ones};
    str text = foreign_parts(a, STR("{\"alg\":\"ES256\"}"), STR("{}"));
    uint8_t good[SIGN_SIZE_MAX];
    size_t n;
    cr_assert(!FAILED(sign_make(key, text, good, &n)) && n == 64);
    for (int i = 0; i < 16; i++) { /* r and s each one of the numbers, or right */
        uint8_t pair[64];
        memcpy(pair, i / 4 == 3 ? (const char *)good : numbers[i / 4], 32);
        memcpy(pair + 32, i % 4 == 3 ? (const char *)good + 32 : numbers[i % 4], 32);
        str token = str_join(a, (const str[]){text, STR("."), b64url_encode(a, pair, 64)}, 3);
        cr_assert_eq(FAILED(checked(a, token, &set, ALL)), i != 15, "%d", i);
    }
    /* DER, as other formats have it, is no JWS signature */
    str der = str_join(a, (const str[]){text, STR("."), b64url_encode(a, "\x30\x06\x02\x01\x01\x02\x01\x01", 8)}, 3);
    cr_assert_eq(checked(a, der, &set, ALL).kind, ERR_INVALID_TOKEN);
}

/* --------------------------------------------------------------------------------------------------------------- claims */
#define NOW 1000000

static err judged(struct arena *a, const char *claims, const struct jwt_rule *rule, struct jwt_facts *facts)
{
    struct jwt t = {0};
    json *j;
    cr_assert(!FAILED(json_parse(a, str_of(claims), &j)), "%s", claims);
    t.claims = j;
    return jwt_judge(&t, rule, facts);
}

static const str audiences[] = {{"https://as", 10}, {"https://as/token", 16}};

Test(jwt, each_claim_that_breaks_the_rule_has_its_own_reason) /* CA-07, CA-09, AT-09 */
{
    const struct jwt_rule rule = {.issuer = STR("c"),
                                  .subject = STR("c"),
                                  .audiences = audiences,
                                  .audience_count = 2,
                                  .now = NOW,
                                  .skew = 10,
                                  .life_max = 300,
                                  .age_max = 600,
                                  .span_max = 700,
                                  .need_exp = true,
                                  .need_jti = true,
                                  .need_iat = true,
                                  .need_nbf = true};
#define HEAD  "{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":\"https://as\""
#define TIMES ",\"exp\":1000100,\"iat\":1000000,\"nbf\":1000000}"
    static const struct {
        const char *claims, *why;
    } rows[] = {
        {"{\"sub\":\"c\",\"jti\":\"j\",\"aud\":\"https://as\"" TIMES, "jwt: wrong iss"},
        {"{\"iss\":\"C\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":\"https://as\"" TIMES, "jwt: wrong iss"},
        {"{\"iss\":[\"c\"],\"sub\":\"c\",\"jti\":\"j\",\"aud\":\"https://as\"" TIMES, "jwt: iss, sub or jti is no string"},
        {"{\"iss\":\"c\",\"jti\":\"j\",\"aud\":\"https://as\"" TIMES, "jwt: wrong sub"},
        {"{\"iss\":\"c\",\"sub\":1,\"jti\":\"j\",\"aud\":\"https://as\"" TIMES, "jwt: iss, sub or jti is no string"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"https://as\"" TIMES, "jwt: no jti"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"\",\"aud\":\"https://as\"" TIMES, "jwt: no jti"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":7,\"aud\":\"https://as\"" TIMES, "jwt: iss, sub or jti is no string"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\"" TIMES, "jwt: wrong aud"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":\"https://other\"" TIMES, "jwt: wrong aud"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":[]" TIMES, "jwt: wrong aud"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":[\"https://as\",1]" TIMES, "jwt: aud of the wrong type"},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":{\"https://as\":1}" TIMES, "jwt: aud of the wrong type"},
        {HEAD ",\"iat\":1000000,\"nbf\":1000000}", "jwt: no exp"},
        {HEAD ",\"exp\":\"1000100\",\"iat\":1000000,\"nbf\":1000000}", "jwt: exp, nbf or iat is no time"},
        {HEAD ",\"exp\":null,\"iat\":1000000,\"nbf\":1000000}", "jwt: exp, nbf or iat is no time"},
        {HEAD ",\"exp\":-1,\"iat\":1000000,\"nbf\":1000000}", "jwt: exp, nbf or iat is no time"},
        {HEAD ",\"exp\":1e300,\"iat\":1000000,\"nbf\":1000000}", "jwt: exp, nbf or iat is no time"},
        {HEAD ",\"exp\":9223372036854775807,\"iat\":1000000,\"nbf\":1000000}", "jwt: exp, nbf or iat is no time"},
        {HEAD ",\"exp\":999990,\"iat\":999900,\"nbf\":999900}", "jwt: expired"},
        {HEAD ",\"exp\":1000301,\"iat\":1000000,\"nbf\":1000000}", "jwt: exp too far ahead"},
        {HEAD ",\"exp\":1000200,\"iat\":1000000,\"nbf\":999499}", "jwt: life too long"},
        {HEAD ",\"exp\":1000100,\"nbf\":1000000}", "jwt: no iat"},
        {HEAD ",\"exp\":1000100,\"iat\":1000000}", "jwt: no nbf"},
        {HEAD ",\"exp\":1000100,\"iat\":1000000,\"nbf\":1000011}", "jwt: nbf in the future"},
        {HEAD ",\"exp\":1000100,\"iat\":1000011,\"nbf\":1000000}", "jwt: iat in the future"},
        {HEAD ",\"exp\":1000050,\"iat\":1000000,\"nbf\":999399}", "jwt: nbf too old"},
        {HEAD ",\"exp\":1000050,\"iat\":999399,\"nbf\":999400}", "jwt: iat too old"},
    };
    struct arena *a = fixture_arena();
    struct jwt_facts facts = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        err e = judged(a, rows[i].claims, &rule, &facts);
        cr_assert_eq(e.kind, ERR_INVALID_TOKEN, "%s", rows[i].claims);
        cr_assert_str_eq(err_why(e), rows[i].why, "%s", rows[i].claims);
        cr_assert_not_null(e.reason->say);
    }
    cr_assert_eq(facts.expires_at, 0);
    static const char *const good[] = {
        (HEAD TIMES),
        (HEAD ",\"exp\":1000100.75,\"iat\":999999.5,\"nbf\":1000010}"),
        (HEAD ",\"exp\":999991,\"iat\":999400,\"nbf\":999400}"),
        ("{\"iss\":\"c\",\"sub\":\"c\",\"jti\":\"j\",\"aud\":[\"x\",\"https://as/token\"]" TIMES),
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        err e = judged(a, good[i], &rule, &facts);
        cr_assert(!FAILED(e), "%s: %s", good[i], err_why(e));
        cr_assert(str_is(facts.issuer, "c") && str_is(facts.subject, "c") && str_is(facts.jti, "j"));
    }
}

Test(jwt, aud_alone_must_be_one_string) /* FAPI 2.0 */
{
    const struct jwt_rule rule = {.audiences = audiences, .audience_count = 1, .audience_alone = true, .now = NOW};
    struct arena *a = fixture_arena();
    struct jwt_facts facts;
    cr_assert(!FAILED(judged(a, "{\"aud\":\"https://as\"}", &rule, &facts)));
    static const char *const bad[] = {"{\"aud\":[\"https://as\"]}", "{\"aud\":[\"https://as\",\"x\"]}", "{\"aud\":\"https://as/\"}",
                                      "{\"aud\":\"https://as/token\"}", "{}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(judged(a, bad[i], &rule, &facts).kind, ERR_INVALID_TOKEN, "%s", bad[i]);
}

Test(jwt, an_empty_rule_asks_for_nothing_but_right_types_and_life)
{
    const struct jwt_rule rule = {.now = NOW};
    struct arena *a = fixture_arena();
    struct jwt_facts facts;
    cr_assert(!FAILED(judged(a, "{}", &rule, &facts)));
    cr_assert(!str_present(facts.issuer) && !str_present(facts.jti) && facts.expires_at == 0 && facts.issued_at == 0);
    cr_assert(FAILED(judged(a, "{\"exp\":1000000}", &rule, &facts)));
    cr_assert(FAILED(judged(a, "{\"nbf\":1000001}", &rule, &facts)));
    cr_assert(FAILED(judged(a, "{\"iat\":1000001}", &rule, &facts)));
    cr_assert(FAILED(judged(a, "{\"jti\":1}", &rule, &facts)));
    cr_assert(FAILED(judged(a, "{\"aud\":1}", &rule, &facts)));
    cr_assert(!FAILED(judged(a, "{\"exp\":9007199254740991}", &rule, &facts)), "no limit was given");
    struct buf b = buf_new(a, 1024);
    buf_add_z(&b, "{\"jti\":\"");
    for (int i = 0; i <= JWT_JTI_MAX; i++)
        buf_char(&b, 'j');
    buf_add_z(&b, "\"}");
    str text;
    cr_assert(!FAILED(buf_done(&b, &text)));
    cr_assert(FAILED(judged(a, text.p, &rule, &facts)));
}

Test(jwt, memory_that_ends_is_no_verdict)
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_EDDSA);
    struct jwk_set set = set_of(a, key, "");
    str token = foreign_token(a, key, "{\"alg\":\"EdDSA\"}", "{\"iss\":\"c\"}");
    for (size_t n = 1; n < 200; n++) {
        struct arena *poor = arena_new(1 << 20);
        arena_fail_after(n);
        err e = checked(poor, token, &set, ALL);
        arena_fail_after(0);
        bool done = !arena_failed(poor);
        cr_assert(done == !FAILED(e) && (done || e.kind == ERR_UNAVAILABLE), "take %zu: %s", n, err_why(e));
        arena_release(poor);
        if (done)
            return;
    }
    cr_assert_fail("never enough");
}
