/* SPDX-License-Identifier: MIT
 * api_factors: second factors of people over the API. */
#include "endpoint/visit.h"
#include "store/table/db_authenticator.h"

#include "base/banned.h"

TestSuite(api_factors, .init = visit_open);

static const char *factors_of(const struct db_user *user, const char *more)
{
    return visit_z(visit_text("/api/1.0/users/%.*s/authenticators%s", STR_FMT(user->id), more));
}

static void give(const struct db_user *user)
{
    struct db_authenticator row = {.id = visit_text("id-%lld", (long long)user->number),
                                   .user_number = user->number,
                                   .kind = STR(DB_FACTOR_TOTP),
                                   .name = STR("phone"),
                                   .secret = STR("box-of-the-keeper")};
    assert_done(db_authenticator_add(stage.s.ctx->tx, visit_memory(), &row, 0));
    scene_next(&stage.s);
}

Test(api_factors, they_are_listed_without_their_secrets)
{
    give(ada);
    struct answer r = visit_api("GET", visit_token(ada, "view-own-profile"), factors_of(ada, ""), NULL);
    cr_assert_eq(r.status, 200, "%.*s", STR_FMT(r.body));
    cr_expect_eq(visit_number(visit_json(&r), "recovery_codes"), 0);
    cr_expect(visit_shows(&r, "\"kind\":\"totp\"") && visit_shows(&r, "\"phone\"") && !visit_shows(&r, "box-of"));
    cr_expect_eq(visit_api("GET", visit_full_token("root"), factors_of(ada, ""), NULL).status, 200);
    expect_refused(visit_api("GET", visit_token(ada, "view-own-tokens"), factors_of(ada, ""), NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", visit_token(ada, ALL_OWN), factors_of(root, ""), NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", visit_own_token("view-users"), factors_of(ada, ""), NULL), 403, INSUFFICIENT_SCOPE);
}

Test(api_factors, a_reset_needs_the_right_and_a_reason) /* LS-15 */
{
    give(ada);
    str token = visit_full_token("root");
    struct answer r = visit_api("POST", token, factors_of(ada, "/reset"), "{}");
    cr_expect(visit_problem(&r, "reason"), "%d %.*s", r.status, STR_FMT(r.body));
    expect_status(visit_api("POST", token, factors_of(ada, "/reset"), "{\"reason\":7}"), 422);
    expect_status(visit_api("POST", token, factors_of(ada, "/reset"), "{\"reason\":\"x\",\"keep\":true}"), 422);
    expect_refused(visit_api("POST", visit_token(ada, ALL_OWN), factors_of(ada, "/reset"), "{\"reason\":\"mine\"}"), 403, INSUFFICIENT_SCOPE);
    cr_expect(str_is(visit_again(ada)->second_factors, "totp"));
    expect_status(visit_api("POST", token, factors_of(ada, "/reset"), "{\"reason\":\"lost phone\"}"), 204);
    cr_expect_not(str_filled(visit_again(ada)->second_factors));
    expect_status(visit_api("POST", token, factors_of(ada, "/reset"), "{\"reason\":\"lost phone\"}"), 422);
    expect_status(visit_api("POST", token, "/api/1.0/users/nobody-at-all/authenticators/reset", "{\"reason\":\"x\"}"), 404);
}

Test(api_factors, a_store_that_fails_is_no_answer)
{
    give(ada);
    str token = visit_full_token("root");
    visit_break("authenticators");
    expect_status(visit_api("GET", token, factors_of(ada, ""), NULL), 503);
    expect_status(visit_api("POST", token, factors_of(ada, "/reset"), "{\"reason\":\"lost phone\"}"), 503);
    visit_mend("authenticators");
    cr_expect(str_is(visit_again(ada)->second_factors, "totp"));
}
