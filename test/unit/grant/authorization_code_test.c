/* SPDX-License-Identifier: MIT
 * authorization_code: once, by the right client, with the right redirect and verifier, in time. */
#include "grant/authorization_code.h"
#include "stage.h"

#define ASK      "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

Test(authorization_code, a_code_becomes_tokens)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    str code = stage_code(&t, ASK "&scope=write&state=s");
    assert_done(stage_redeem(&t, "web", code, REDIRECT, &answer));
    cr_expect(str_is(answer.scope, "write") && str_filled(answer.refresh_token) && answer.expires_in == 3600);
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_equal(b.facts.permit.subject, t.ada->id) && !b.facts.permit.unscoped_full);
}

Test(authorization_code, AC_03_the_second_use_ends_all_that_came_from_it)
{
    struct stage t = stage_new();
    struct token_answer first, second, refreshed;
    struct bearer b;
    str code = stage_code(&t, ASK);
    assert_done(stage_redeem(&t, "web", code, REDIRECT, &first));
    assert_done(stage_refresh(&t, "web", first.refresh_token, "", &refreshed));
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &second), INVALID_GRANT);
    cr_expect(!str_present(second.access_token));
    expect_kind(stage_bearer(&t, first.access_token, &b), INVALID_TOKEN);
    expect_kind(stage_bearer(&t, refreshed.access_token, &b), INVALID_TOKEN);
    expect_kind(stage_refresh(&t, "web", refreshed.refresh_token, "", &second), INVALID_GRANT);
    cr_expect_eq(event_count(&t.s, "code.replayed"), 1);
}

Test(authorization_code, AC_03_a_replay_by_another_client_ends_them_too)
{
    struct stage t = stage_new();
    struct token_answer first, second;
    struct bearer b;
    str code = stage_code(&t, ASK);
    assert_done(stage_redeem(&t, "web", code, REDIRECT, &first));
    expect_kind(stage_redeem(&t, "other", code, REDIRECT, &second), INVALID_GRANT);
    expect_kind(stage_bearer(&t, first.access_token, &b), INVALID_TOKEN);
}

Test(authorization_code, AC_05_another_client_gets_nothing_and_has_burnt_it)
{
    struct stage t = stage_new();
    struct token_answer answer;
    str code = stage_code(&t, ASK);
    expect_kind(stage_redeem(&t, "other", code, REDIRECT, &answer), INVALID_GRANT);
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &answer), INVALID_GRANT);
}

Test(authorization_code, PK_06_a_wrong_verifier_burns_the_code)
{
    struct stage t = stage_new();
    struct token_answer answer;
    static const char *const wrong[] = {"", "&code_verifier=", "&code_verifier=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "&code_verifier=short"};
    for (size_t i = 0; i < 4; i++) {
        str code = stage_code(&t, ASK "&code_challenge_method=S256&code_challenge=" CHALLENGE);
        str more = stage_text(&t, REDIRECT, str_of(wrong[i]), "");
        cr_expect_eq(stage_redeem(&t, "web", code, str_z(t.s.a, more), &answer).kind, ERR_INVALID_GRANT, "%s", wrong[i]);
        expect_kind(stage_redeem(&t, "web", code, REDIRECT "&code_verifier=" VERIFIER, &answer), INVALID_GRANT);
    }
    str code = stage_code(&t, ASK "&code_challenge_method=S256&code_challenge=" CHALLENGE);
    expect_kind(stage_redeem(&t, "web", code, REDIRECT "&code_verifier=" VERIFIER, &answer), OK);
    code = stage_code(&t, ASK); /* PK-05 */
    expect_kind(stage_redeem(&t, "web", code, REDIRECT "&code_verifier=" VERIFIER, &answer), INVALID_GRANT);
}

Test(authorization_code, RU_08_redirect_uri_equals_the_requests)
{
    struct stage t = stage_new();
    struct token_answer answer;
    static const char *const wrong[] = {"", "&redirect_uri=", "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%2F",
                                        "&redirect_uri=https%3A%2F%2Fapp.example.com%2FCB", "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3F"};
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(stage_redeem(&t, "web", stage_code(&t, ASK), wrong[i], &answer).kind, ERR_INVALID_GRANT, "%s", wrong[i]);
    const char *left_out = "client_id=web&response_type=code";
    expect_kind(stage_redeem(&t, "web", stage_code(&t, left_out), "", &answer), OK);
    expect_kind(stage_redeem(&t, "web", stage_code(&t, left_out), REDIRECT, &answer), OK);
    expect_kind(stage_redeem(&t, "web", stage_code(&t, left_out), "&redirect_uri=https%3A%2F%2Fevil.com", &answer), INVALID_GRANT);
}

Test(authorization_code, AC_02_a_minute_and_no_longer)
{
    struct stage t = stage_new();
    struct token_answer answer;
    str in_time = stage_code(&t, ASK), late = stage_code(&t, ASK);
    clock_set(NOW + 59);
    expect_kind(stage_redeem(&t, "web", in_time, REDIRECT, &answer), OK);
    clock_set(NOW + 60);
    expect_kind(stage_redeem(&t, "web", late, REDIRECT, &answer), INVALID_GRANT);
}

Test(authorization_code, AC_08_nothing_comes_of_a_code_whose_ground_is_gone)
{
    struct stage t = stage_new();
    struct token_answer answer;
    str code = stage_code(&t, ASK);
    assert_done(db_authorization_revoke_all(store_each(t.s.authority->store), t.s.a, t.ada->number, 0));
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &answer), INVALID_GRANT);
    code = stage_code(&t, ASK);
    stage_revoke_client(&t, "web", true);
    stage_revoke_client(&t, "web", false);
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &answer), INVALID_GRANT);
    code = stage_code(&t, ASK);
    scene_next(&t.s);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &answer), INVALID_GRANT);
}

Test(authorization_code, AC_11_no_other_credential_is_a_code)
{
    struct stage t = stage_new();
    struct token_answer tokens, answer;
    assert_done(stage_password(&t, "web", "", &tokens));
    const str others[] = {tokens.access_token, tokens.refresh_token, t.secret, STR("x"), STR("jtn_ac_"), STR("jtn_ac_AAAA")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(stage_redeem(&t, "web", others[i], "", &answer).kind, ERR_INVALID_GRANT, "%zu", i);
    expect_kind(stage_token(&t, "web", STR("grant_type=authorization_code"), &answer), INVALID_REQUEST);
    expect_kind(stage_token(&t, "web", STR("grant_type=authorization_code&code="), &answer), INVALID_REQUEST);
}

static void shape_no_refresh(struct client_edit *edit)
{
    edit->refresh = 0;
}

Test(authorization_code, a_client_without_refresh_gets_none)
{
    struct stage t = stage_new();
    struct token_answer answer;
    (void)stage_client(&t, "short", shape_no_refresh);
    str code = stage_code(&t, "client_id=short&response_type=code");
    assert_done(stage_redeem(&t, "short", code, "", &answer));
    cr_expect(!str_present(answer.refresh_token));
}

Test(authorization_code, memory_that_ends_burns_no_code)
{
    struct stage t = stage_new();
    str code = stage_code(&t, ASK);
    stage_torture_token(&t, "web", stage_text(&t, "grant_type=authorization_code&code=", code, REDIRECT));
    struct token_answer answer;
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &answer), INVALID_GRANT);
}
