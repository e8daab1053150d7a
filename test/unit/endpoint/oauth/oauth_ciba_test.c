/* SPDX-License-Identifier: MIT
 * oauth_ciba: the backchannel authentication endpoint as a client meets it (CIBA Core 7, 13). */
#include "endpoint/visit.h"

#include "base/banned.h"

static str secret_of_bank;

static void shape_bank(struct client_edit *edit)
{
    edit->grants = STR("ciba");
    edit->scopes = STR("openid read");
}

static void begin(void)
{
    visit_open();
    secret_of_bank = stage_client(&stage, "bank", shape_bank);
}

TestSuite(oauth_ciba, .init = begin);

static struct answer asks(const char *fields)
{
    str body = visit_text("client_id=bank&client_secret=%.*s&%s", STR_FMT(secret_of_bank), fields);
    return visit(&(struct visit){.method = "POST", .target = "/oauth/ciba", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
}

static size_t waiting(const struct db_user *user)
{
    struct db_deferred *rows;
    size_t count;
    assert_done(db_deferred_waiting(store_each(stage.s.authority->store), visit_memory(), user->number, &rows, &count));
    return count;
}

Test(oauth_ciba, a_client_is_told_what_to_ask_with_and_how_often)
{
    struct answer r = asks("scope=openid+read&login_hint=ada");
    const json *j = visit_json(&r);
    cr_expect(r.status == 200 && str_filled(json_member_text(j, "auth_req_id")) && visit_number(j, "expires_in") == 300 && visit_number(j, "interval") == 5);
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "no-store") && waiting(ada) == 1);
}

Test(oauth_ciba, what_is_wrong_is_told_and_nobody_is_asked)
{
    static const struct {
        const char *fields, *error;
    } rows[] = {{"scope=openid&login_hint=nobody", "unknown_user_id"},
                {"scope=openid", "invalid_request"},
                {"scope=openid&login_hint=ada&id_token_hint=x", "invalid_request"},
                {"login_hint=ada", "invalid_scope"},
                {"scope=openid&login_hint=ada&binding_message=%01", "invalid_binding_message"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = asks(rows[i].fields);
        cr_expect(r.status == 400 && !visit_shows(&r, "auth_req_id"), "%s: %d", rows[i].fields, r.status);
        cr_expect(visit_member_is(visit_json(&r), "error", rows[i].error), "%s: %.*s", rows[i].fields, STR_FMT(r.body));
    }
    cr_expect_eq(waiting(ada), 0u);
}

Test(oauth_ciba, it_is_for_clients_that_may_and_prove_themselves)
{
    expect_refused(visit_client("/oauth/ciba", STR("scope=openid&login_hint=ada")), 400, UNAUTHORIZED_CLIENT);
    secret_of_bank = STR("wrong");
    expect_refused(asks("scope=openid&login_hint=ada"), 401, INVALID_CLIENT);
    cr_expect_eq(waiting(ada), 0u);
}

Test(oauth_ciba, too_many_open_requests_say_when_to_try_again) /* RL-06 */
{
    stage.s.authority->policy.ciba_caps = (struct db_deferred_caps){.all = 100, .client = 100, .source = 100, .user = 2, .client_of_user = 2};
    struct answer r = {0};
    for (int i = 0; i < 4 && r.status != 429; i++)
        r = asks("scope=openid&login_hint=ada");
    cr_expect(r.status == 429 && str_filled(visit_answer_header(&r, "Retry-After")) && !visit_shows(&r, "auth_req_id"));
    cr_expect_leq(waiting(ada), 2u);
}

Test(oauth_ciba, guesses_at_people_are_slowed_and_say_for_how_long) /* RL-03 */
{
    struct answer r = {0};
    for (int i = 0; i < 200 && r.status != 429; i++)
        r = asks("scope=openid&login_hint=nobody");
    cr_expect(r.status == 429 && r.refused.kind == ERR_THROTTLED && str_filled(visit_answer_header(&r, "Retry-After")), "%d", r.status);
    expect_status(asks("scope=openid&login_hint=ada"), 429); /* who is there is not told apart */
}

Test(oauth_ciba, a_store_that_fails_asks_nobody)
{
    visit_break("deferred_requests");
    struct answer r = asks("scope=openid&login_hint=ada");
    cr_expect(r.status == 503 && visit_member_is(visit_json(&r), "error", "temporarily_unavailable") && !visit_shows(&r, "auth_req_id"));
    visit_mend("deferred_requests");
    visit_break("users");
    r = asks("scope=openid&login_hint=nobody");
    cr_expect(r.status == 503, "%d %.*s", r.status, STR_FMT(r.body)); /* and is no unknown person */
    visit_mend("users");
    cr_expect_eq(waiting(ada), 0u);
}
