/* SPDX-License-Identifier: MIT
 * Claims about signed tokens: ours verify, and each way of bending one is refused. */
#include "token/jws.h"
#include "keys/keyring_build.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

static const enum sign_alg algs[] = {SIGN_ES256, SIGN_RS256, SIGN_EDDSA};
enum { ALGS = sizeof algs / sizeof *algs };

static str sign(struct arena *a, const struct keyring *k, enum sign_alg alg)
{
    str token;
    err e = jws_sign(a, k, alg, "at+jwt", STR("{\"sub\":\"me\"}"), &token);
    cr_assert(!FAILED(e), "%s", err_why(e));
    return token;
}

static enum err_kind check(struct arena *a, const struct keyring *k, str token)
{
    json *claims = NULL;
    err e = jws_check(a, k, "at+jwt", token, &claims);
    cr_assert_eq(FAILED(e), claims == NULL);
    return e.kind;
}

/* A token with this header and our own true signature over it: what passes here would pass for an attacker with a signing
 * oracle. */
static str forge(struct arena *a, const struct keyring *k, enum sign_alg alg, str header, str payload)
{
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    str text = str_join(a, (const str[]){b64url_encode(a, header.p, header.n), STR("."), b64url_encode(a, payload.p, payload.n)}, 3);
    cr_assert(!FAILED(keyring_sign(k, alg, text, signature, &n)));
    return str_join(a, (const str[]){text, STR("."), b64url_encode(a, signature, n)}, 3);
}

static str header_of(struct arena *a, const struct keyring *k, enum sign_alg alg, const char *format)
{
    str kid = keyring_kid(k, alg);
    cr_assert(str_present(kid));
    struct buf b = buf_new(a, 1024);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p == '$')
            buf_add(&b, kid);
        else
            buf_char(&b, *p);
    }
    str out;
    cr_assert(!FAILED(buf_done(&b, &out)));
    return out;
}

Test(jws, each_algorithm_verifies_what_it_signed)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    for (size_t i = 0; i < ALGS; i++) {
        json *claims;
        str token = sign(a, k, algs[i]);
        cr_assert(!FAILED(jws_check(a, k, "at+jwt", token, &claims)));
        cr_assert(str_is(json_member_text(claims, "sub"), "me"));
    }
    keyring_free(k);
}

Test(jws, the_forger_of_this_file_can_make_a_good_token)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str header = header_of(a, k, SIGN_ES256, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}");
    cr_assert_eq(check(a, k, forge(a, k, SIGN_ES256, header, STR("{}"))), ERR_OK);
    keyring_free(k);
}

Test(jws, bent_headers_are_refused_even_when_rightly_signed) /* AT-05, AT-06, AT-07 */
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"nOnE\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"$\"}",
        "{\"alg\":\"ES256\",\"typ\":\"AT+JWT\",\"kid\":\"$\"}",
        "{\"alg\":\"ES256\",\"kid\":\"$\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":null}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"other\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\",\"zip\":\"DEF\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\",\"jku\":\"https://evil.example\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\",\"jwk\":{\"kty\":\"oct\",\"k\":\"\"}}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}x",
        "[\"ES256\",\"at+jwt\",\"$\"]",
        "\"ES256\"",
        "",
    };
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        str header = header_of(a, k, SIGN_ES256, headers[i]);
        cr_assert_eq(check(a, k, forge(a, k, SIGN_ES256, header, STR("{}"))), ERR_INVALID_TOKEN, "%s", headers[i]);
    }
    keyring_free(k);
}

Test(jws, a_public_key_never_serves_as_hmac_secret) /* AT-05, CVE-2026-44699 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str header = header_of(a, k, SIGN_RS256, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"$\"}");
    str text = str_join(a, (const str[]){b64url_encode(a, header.p, header.n), STR("."), b64url_encode(a, "{}", 2)}, 3);
    uint8_t mac[DIGEST_SIZE], key[DIGEST_SIZE] = {0};
    digest_hmac(key, text, mac);
    str token = str_join(a, (const str[]){text, STR("."), b64url_encode(a, mac, sizeof mac)}, 3);
    cr_assert_eq(check(a, k, token), ERR_INVALID_TOKEN);
    keyring_free(k);
}

Test(jws, claims_that_are_not_one_object_are_refused) /* AT-06 */
{
    static const char *const payloads[] = {"", "[]", "1", "\"x\"", "null", "{\"a\":1,\"a\":1}", "{}{}", "{\"a\":\"\\u0000\"}", "{"};
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str header = header_of(a, k, SIGN_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"$\"}");
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        cr_assert_eq(check(a, k, forge(a, k, SIGN_EDDSA, header, str_of(payloads[i]))), ERR_INVALID_TOKEN, "%s", payloads[i]);
    keyring_free(k);
}

Test(jws, any_changed_or_missing_character_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str token = sign(a, k, SIGN_EDDSA);
    char *copy = arena_take(a, token.n + 1);
    for (size_t i = 0; i < token.n; i++) {
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'x' ? 'y' : 'x';
        cr_assert_eq(check(a, k, (str){copy, token.n}), ERR_INVALID_TOKEN, "position %zu", i);
        cr_assert_eq(check(a, k, (str){token.p, i}), ERR_INVALID_TOKEN, "length %zu", i);
    }
    keyring_free(k);
}

Test(jws, bent_forms_are_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str token = sign(a, k, SIGN_ES256);
    const str forms[] = {
        STR_ABSENT,
        STR(""),
        STR("."),
        STR(".."),
        STR("..."),
        STR("a.b"),
        STR("a.b.c.d"),
        STR("a.b.c"),
        str_join(a, (const str[]){token, STR("=")}, 2),
        str_join(a, (const str[]){token, STR(".")}, 2),
        str_join(a, (const str[]){token, STR("\n")}, 2),
        str_join(a, (const str[]){STR(" "), token}, 2),
        str_join(a, (const str[]){token, STR("AAAA")}, 2),
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        cr_assert_eq(check(a, k, forms[i]), ERR_INVALID_TOKEN, "%zu", i);
    char *big = arena_take(a, BUF_TOKEN_MAX + 1);
    memset(big, 'A', BUF_TOKEN_MAX + 1);
    cr_assert_eq(check(a, k, (str){big, BUF_TOKEN_MAX + 1}), ERR_INVALID_TOKEN);
    keyring_free(k);
}

Test(jws, a_token_of_another_server_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *ours = fixture_keyring(a), *theirs = fixture_keyring(a);
    cr_assert_eq(check(a, ours, sign(a, theirs, SIGN_ES256)), ERR_INVALID_TOKEN);
    keyring_free(ours);
    keyring_free(theirs);
}

Test(jws, without_an_active_key_nothing_is_signed)
{
    struct arena *a = fixture_arena();
    struct keyring_entry seal;
    struct keyring *k;
    str token = STR_ABSENT;
    cr_assert(!FAILED(keyring_fresh_sealing(a, 1, &seal)));
    cr_assert(!FAILED(keyring_build(&seal, 1, &k)));
    cr_assert_eq(jws_sign(a, k, SIGN_ES256, "at+jwt", STR("{}"), &token).kind, ERR_SERVER_ERROR);
    cr_assert_eq(jws_sign(a, k, SIGN_NONE_CHOSEN, "at+jwt", STR("{}"), &token).kind, ERR_SERVER_ERROR);
    cr_assert(!str_present(token));
    keyring_free(k);
}

Test(jws, memory_that_ends_neither_signs_nor_accepts)
{
    struct keyring *k = fixture_keyring(fixture_arena());
    struct arena *a = arena_new(1 << 20);
    str token = sign(a, k, SIGN_EDDSA);
    for (size_t n = 1; n < 100; n++) {
        struct arena *poor = arena_new(1 << 20);
        json *claims = NULL;
        arena_fail_after(n);
        err checked = jws_check(poor, k, "at+jwt", token, &claims);
        arena_fail_after(0);
        bool done = !arena_failed(poor);
        cr_assert(done == !FAILED(checked), "take %zu", n);
        arena_release(poor);
        if (done)
            break;
    }
    arena_release(a);
    keyring_free(k);
}

Test(jws, the_typ_is_what_was_asked_for_or_none) /* RFC 8725 3.11; AT-04 */
{
    static const char *const types[] = {"at+jwt", "JWT", "logout+jwt", "token-introspection+jwt", NULL};
    enum { TYPES = sizeof types / sizeof *types };
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    for (size_t i = 0; i < TYPES; i++) {
        str token;
        cr_assert(!FAILED(jws_sign(a, k, SIGN_RS256, types[i], STR("{\"exp\":1}"), &token)));
        for (size_t j = 0; j < TYPES; j++) {
            json *claims;
            cr_assert_eq(FAILED(jws_check(a, k, types[j], token, &claims)), i != j, "%zu as %zu", i, j);
        }
    }
    str bare = header_of(a, k, SIGN_ES256, "{\"alg\":\"ES256\",\"kid\":\"$\",\"x\":1}");
    json *claims;
    cr_assert(FAILED(jws_check(a, k, NULL, forge(a, k, SIGN_ES256, bare, STR("{}")), &claims)));
    keyring_free(k);
}

Test(jws, half_hashes_are_those_of_the_algorithm) /* OpenID Connect Core 3.1.3.6; the value of its appendix A.3 */
{
    struct arena *a = fixture_arena();
    str half;
    cr_assert(!FAILED(jws_hash_half(a, SIGN_RS256, STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), &half)));
    cr_assert(str_is(half, "77QmUPtjPfzWtF2AnpK9RQ"));
    cr_assert(!FAILED(jws_hash_half(a, SIGN_RS256, STR("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"), &half)));
    cr_assert(str_is(half, "LDktKdoQak3Pk0cnXxCltA"));
    static const struct {
        enum sign_alg alg;
        size_t n;
    } rows[] = {{SIGN_ES256, 22}, {SIGN_PS256, 22}, {SIGN_ES384, 32}, {SIGN_RS512, 43}, {SIGN_EDDSA, 43}, {SIGN_ED25519, 43}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert(!FAILED(jws_hash_half(a, rows[i].alg, STR("x"), &half)));
        cr_assert_eq(half.n, rows[i].n);
    }
    cr_assert_eq(jws_hash_half(a, SIGN_NONE_CHOSEN, STR("x"), &half).kind, ERR_SERVER_ERROR);
}
