/* SPDX-License-Identifier: MIT
 * logout_token: what a notice says (OpenID Connect Back-Channel Logout 1.0, 2.4), and that damaged facts or a strange algorithm make none. */
#include "logout/logout_token.h"
#include "fixture.h"
#include "token/jws.h"

#include <criterion/criterion.h>

#include "base/banned.h"

enum { NOW = 1700000000 };
static struct context *ctx;

static void begin(void)
{
    clock_set(NOW);
    struct arena *a = fixture_arena();
    ctx = fixture_context(fixture_authority(a), a);
}

TestSuite(logout_notice, .init = begin);

static json *claims_for(const struct db_client *client, const char *facts)
{
    str token;
    json *claims = NULL;
    cr_assert_eq(logout_token_make(ctx, client, str_of(facts), &token).kind, ERR_OK);
    cr_assert_eq(jws_check(ctx->arena, ctx->keys, "logout+jwt", token, &claims).kind, ERR_OK);
    cr_expect(FAILED(jws_check(ctx->arena, ctx->keys, "JWT", token, &(json *){NULL}))); /* it is no ID token */
    return claims;
}

Test(logout_notice, it_says_who_left_to_whom_and_for_how_long)
{
    const struct db_client web = {.id = STR("web")};
    int64_t at = 0;
    json *claims = claims_for(&web, "{\"sub\":\"ada-id\",\"sid\":\"s-1\",\"user\":7}");
    cr_expect(str_is(json_member_text(claims, "iss"), FIXTURE_ISSUER) && str_is(json_member_text(claims, "aud"), "web"));
    cr_expect(str_is(json_member_text(claims, "sub"), "ada-id") && str_is(json_member_text(claims, "sid"), "s-1"));
    cr_expect(json_seconds_of(json_member(claims, "iat"), &at) && at == NOW);
    cr_expect(json_seconds_of(json_member(claims, "exp"), &at) && at == NOW + LOGOUT_TOKEN_SECONDS);
    const json *events = json_member(claims, "events");
    cr_expect_not_null(json_member(events, "http://schemas.openid.net/event/backchannel-logout"));
    cr_expect(json_member(claims, "nonce") == NULL && json_member(claims, "user") == NULL); /* 2.4: no nonce */
}

Test(logout_notice, each_has_a_jti_of_its_own_and_a_time_of_its_own)
{
    const struct db_client web = {.id = STR("web")};
    int64_t at = 0;
    str first = json_member_text(claims_for(&web, "{\"sub\":\"ada-id\"}"), "jti");
    clock_set(NOW + 5); /* the context is older than the message */
    json *claims = claims_for(&web, "{\"sub\":\"ada-id\"}");
    cr_expect(str_filled(first) && !str_equal(first, json_member_text(claims, "jti")));
    cr_expect(json_seconds_of(json_member(claims, "iat"), &at) && at == NOW + 5);
    cr_expect_null(json_member(claims, "sid"));
}

Test(logout_notice, a_pairwise_client_hears_its_own_name_for_the_person)
{
    const struct db_client one = {.id = STR("one"), .metadata = {.subject_type = STR("pairwise"), .id_token_signed_response_alg = STR("ES256")}};
    const struct db_client two = {.id = STR("two"), .metadata = {.subject_type = STR("pairwise"), .id_token_signed_response_alg = STR("EdDSA")}};
    str to_one = json_member_text(claims_for(&one, "{\"sub\":\"ada-id\"}"), "sub"), to_two = json_member_text(claims_for(&two, "{\"sub\":\"ada-id\"}"), "sub");
    cr_expect(to_one.n == 43 && to_two.n == 43 && !str_equal(to_one, to_two)); /* AT-14 */
}

Test(logout_notice, damaged_facts_and_strange_algorithms_make_none)
{
    static const char *const damaged[] = {"", "{", "[]", "{}", "{\"sub\":\"\"}", "{\"sub\":7}", "{\"sid\":\"s-1\"}"};
    const struct db_client web = {.id = STR("web")}, strange = {.id = STR("web"), .metadata = {.id_token_signed_response_alg = STR("none")}};
    str token = STR("untouched");
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        cr_expect_eq(logout_token_make(ctx, &web, str_of(damaged[i]), &token).kind, ERR_SERVER_ERROR, "%s", damaged[i]);
    cr_expect_eq(logout_token_make(ctx, &strange, STR("{\"sub\":\"ada-id\"}"), &token).kind, ERR_SERVER_ERROR);
    cr_expect(str_is(token, "untouched"));
}
