/* SPDX-License-Identifier: MIT
 * Claims about ID tokens: they say what the caller says, a person's own claims replace nothing, and they are no access tokens. */
#include "token/id_token.h"
#include "keys/keyring_build.h"
#include "fixture.h"
#include "token/access.h"
#include "token/jws.h"
#include <criterion/criterion.h>
#include "base/banned.h"

enum { NOW = 1700000000 };

static struct id_token usual(void)
{
    return (struct id_token){
        .issuer = STR(FIXTURE_ISSUER),
        .subject = STR("ada"),
        .client_id = STR("web"),
        .nonce = STR("n-0S6_WzA2Mj"),
        .acr = STR("1"),
        .amr = STR("pwd"),
        .session_id = STR("s1"),
        .auth_time = NOW - 5,
        .issued_at = NOW,
        .expires_at = NOW + 600,
    };
}

/* OpenID Connect Core A.3: RS256 example of at_hash. */
Test(id_token, says_who_for_whom_when_and_how)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct id_token t = usual();
    str token;
    json *claims;
    int64_t number;
    t.access_token = STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++) {
        cr_assert(!FAILED(id_token_sign(a, k, (enum sign_alg)alg, &t, &token)));
        cr_assert(!FAILED(jws_check(a, k, "JWT", token, &claims)));
        cr_expect(str_is(json_member_text(claims, "iss"), FIXTURE_ISSUER));
        cr_expect(str_is(json_member_text(claims, "sub"), "ada"));
        cr_expect(str_is(json_member_text(claims, "aud"), "web"));
        cr_expect(str_is(json_member_text(claims, "nonce"), "n-0S6_WzA2Mj"));
        cr_expect(str_is(json_text_of(json_at(json_member(claims, "amr"), 0)), "pwd"));
        cr_expect(json_integer_of(json_member(claims, "exp"), &number) && number == NOW + 600);
        cr_expect(json_integer_of(json_member(claims, "auth_time"), &number) && number == NOW - 5);
        cr_expect_null(json_member(claims, "azp"));
        if (alg == SIGN_RS256)
            cr_expect(str_is(json_member_text(claims, "at_hash"), "77QmUPtjPfzWtF2AnpK9RQ"), "%.*s", STR_FMT(json_member_text(claims, "at_hash")));
    }
    keyring_free(k);
}

Test(id_token, a_persons_claims_never_replace_its_own)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct id_token t = usual();
    str token;
    json *more, *claims;
    cr_assert(!FAILED(json_parse(a, STR("{\"sub\":\"eve\",\"azp\":\"x\",\"email\":\"a@b\",\"acr\":\"9\",\"sid\":\"z\"}"), &more)));
    t.more = more;
    cr_assert(!FAILED(id_token_sign(a, k, SIGN_ES256, &t, &token)));
    cr_assert(!FAILED(jws_check(a, k, "JWT", token, &claims)));
    cr_expect(str_is(json_member_text(claims, "sub"), "ada"));
    cr_expect(str_is(json_member_text(claims, "acr"), "1"));
    cr_expect(str_is(json_member_text(claims, "sid"), "s1"));
    cr_expect(str_is(json_member_text(claims, "email"), "a@b"));
    cr_expect_null(json_member(claims, "azp"));
    keyring_free(k);
}

Test(id_token, is_read_again_as_a_hint_by_this_issuer_alone) /* AT-04 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct id_token t = usual(), out;
    struct access_facts facts;
    str token, other;
    cr_assert(!FAILED(id_token_sign(a, k, SIGN_RS256, &t, &token)));
    cr_assert(!FAILED(id_token_read(a, k, token, t.issuer, &out)));
    cr_expect(str_is(out.subject, "ada") && str_is(out.client_id, "web") && str_is(out.session_id, "s1"));
    cr_expect_eq(out.auth_time, NOW - 5);
    cr_expect_eq(id_token_read(a, k, token, STR("https://evil.example"), &out).kind, ERR_INVALID_TOKEN);
    cr_expect_eq(access_check(a, k, token, &(struct access_reader){t.issuer, NOW}, &facts).kind, ERR_INVALID_TOKEN);
    cr_assert(!FAILED(jws_sign(a, k, SIGN_RS256, "at+jwt", STR("{\"iss\":\"" FIXTURE_ISSUER "\",\"sub\":\"ada\",\"aud\":\"web\"}"), &other)));
    cr_expect_eq(id_token_read(a, k, other, t.issuer, &out).kind, ERR_INVALID_TOKEN);
    cr_assert(!FAILED(jws_sign(a, k, SIGN_RS256, NULL, STR("{\"iss\":\"" FIXTURE_ISSUER "\",\"sub\":\"ada\",\"aud\":\"web\"}"), &other)));
    cr_expect_eq(id_token_read(a, k, other, t.issuer, &out).kind, ERR_INVALID_TOKEN); /* a signed userinfo answer */
    keyring_free(k);
}
