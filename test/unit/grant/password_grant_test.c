/* SPDX-License-Identifier: MIT
 * password_grant: every rule of the login page, and the client's. */
#include "grant/password_grant.h"
#include "stage.h"

static void shape_no_scopes(struct client_edit *edit)
{
    edit->scopes = STR_ABSENT;
}

static void shape_empty_scopes(struct client_edit *edit)
{
    edit->scopes = STR("");
}

static void shape_no_password(struct client_edit *edit)
{
    edit->grants = STR("authorization_code");
}

static err attempt(struct stage *t, const char *username, const char *password, struct token_answer *out)
{
    str parts[] = {STR("grant_type=password&username="), str_of(username), STR("&password="), str_of(password)};
    return stage_token(t, "web", str_join(t->s.a, parts, 4), out);
}

Test(password_grant, name_and_password_become_tokens)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    assert_done(stage_password(&t, "web", "&scope=read", &answer));
    cr_expect(str_is(answer.scope, "read") && str_filled(answer.refresh_token));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.user && str_equal(b.user->id, t.ada->id) && b.facts.permit.auth_time == NOW);
}

Test(password_grant, LS_11_unknown_wrong_and_blocked_look_alike)
{
    struct stage t = stage_new();
    struct token_answer answer;
    err wrong = attempt(&t, "ada", "nope", &answer), unknown = attempt(&t, "nobody", "nope", &answer);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    err blocked = stage_password(&t, "web", "", &answer);
    cr_expect_eq(wrong.kind, ERR_INVALID_GRANT);
    cr_expect_eq(unknown.kind, ERR_INVALID_GRANT);
    cr_expect_eq(blocked.kind, ERR_INVALID_GRANT);
    cr_expect_str_eq(err_say(wrong), err_say(unknown));
    cr_expect_str_eq(err_say(wrong), err_say(blocked));
    cr_expect(!str_present(answer.access_token));
}

Test(password_grant, TE_06_the_throttle_of_the_login_page_holds_and_says_when)
{
    struct stage t = stage_new();
    struct token_answer answer;
    err e = OK;
    for (int i = 0; i < 12 && e.kind != ERR_THROTTLED; i++)
        e = attempt(&t, "ada", "nope", &answer);
    cr_assert_eq(e.kind, ERR_THROTTLED);
    cr_expect_gt(answer.retry_after, 0);
    expect_kind(stage_password(&t, "web", "", &answer), THROTTLED); /* the right one too */
    clock_set(NOW + 2000);
    expect_kind(stage_password(&t, "web", "", &answer), OK);
}

Test(password_grant, missing_parameters_are_said)
{
    struct stage t = stage_new();
    struct token_answer answer;
    expect_kind(attempt(&t, "ada", "", &answer), INVALID_REQUEST);
    expect_kind(attempt(&t, "", "x", &answer), INVALID_REQUEST);
}

Test(password_grant, a_client_without_it_is_refused_before_the_password_is_looked_at)
{
    struct stage t = stage_new();
    struct token_answer answer;
    (void)stage_client(&t, "plain", shape_no_password);
    expect_kind(stage_password(&t, "plain", "", &answer), UNAUTHORIZED_CLIENT);
    cr_expect_eq(event_count(&t.s, "password_grant.ok"), 0);
}

Test(password_grant, unscoped_is_for_clients_without_a_list_alone)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    (void)stage_client(&t, "bare", shape_no_scopes);
    assert_done(stage_password(&t, "bare", "", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.facts.permit.unscoped_full);
    assert_done(stage_password(&t, "web", "&scope=+", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(!b.facts.permit.unscoped_full && str_is(answer.scope, "read write"));
    assert_done(stage_password(&t, "bare", "&scope=read", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(!b.facts.permit.unscoped && !b.facts.permit.unscoped_full && str_is(answer.scope, "read"));
    expect_kind(stage_password(&t, "bare", "&scope=view-users", &answer), INVALID_SCOPE); /* a right over this server */
    (void)stage_client(&t, "none", shape_empty_scopes);
    assert_done(stage_password(&t, "none", "", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(!b.facts.permit.unscoped && !b.facts.permit.unscoped_full, "none means none");
    expect_kind(stage_password(&t, "none", "&scope=openid", &answer), INVALID_SCOPE);
    expect_kind(stage_password(&t, "web", "&resource=https%3A%2F%2Fnosuch", &answer), INVALID_TARGET);
}
