/* SPDX-License-Identifier: MIT
 * refresh_token: rotation; a retry is not a theft; a theft ends the family. */
#include "grant/refresh_token.h"
#include "stage.h"

static struct token_answer begin(struct stage *t)
{
    struct token_answer answer;
    *t = stage_new();
    assert_done(stage_password(t, "web", "", &answer));
    return answer;
}

Test(refresh_token, each_use_gives_another_one)
{
    struct stage t;
    struct token_answer a = begin(&t), b, c;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    assert_done(stage_refresh(&t, "web", b.refresh_token, "", &c));
    cr_expect(!str_equal(a.refresh_token, b.refresh_token) && !str_equal(b.refresh_token, c.refresh_token));
    cr_expect(!str_equal(a.access_token, b.access_token));
}

Test(refresh_token, RF_05_a_retry_within_the_grace_gets_the_same_successor)
{
    struct stage t;
    struct token_answer a = begin(&t), b, again;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    clock_set(NOW + 60);
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &again));
    cr_expect(str_equal(b.refresh_token, again.refresh_token));
    assert_done(stage_refresh(&t, "web", b.refresh_token, "", &again));
}

static void family_is_dead(struct stage *t, const struct token_answer *last)
{
    struct token_answer answer;
    struct bearer b;
    expect_kind(stage_refresh(t, "web", last->refresh_token, "", &answer), INVALID_GRANT);
    expect_kind(stage_bearer(t, last->access_token, &b), INVALID_TOKEN);
    cr_expect_eq(event_count(&t->s, "refresh.replayed"), 1);
}

Test(refresh_token, RF_02_after_the_grace_its_return_is_a_theft)
{
    struct stage t;
    struct token_answer a = begin(&t), b, stolen;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    clock_set(NOW + 61);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &stolen), INVALID_GRANT);
    cr_expect(!str_present(stolen.access_token) && !str_present(stolen.refresh_token));
    family_is_dead(&t, &b);
}

Test(refresh_token, RF_12_a_clock_that_went_back_opens_no_grace)
{
    struct stage t;
    struct token_answer a = begin(&t), b, stolen;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    clock_set(NOW - 7200);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &stolen), INVALID_GRANT);
    cr_expect(!str_present(stolen.access_token) && !str_present(stolen.refresh_token));
}

Test(refresh_token, RF_02_once_the_successor_was_used_its_return_is_a_theft)
{
    struct stage t;
    struct token_answer a = begin(&t), b, c, stolen;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    assert_done(stage_refresh(&t, "web", b.refresh_token, "", &c));
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &stolen), INVALID_GRANT);
    family_is_dead(&t, &c);
}

Test(refresh_token, RF_01_another_client_gets_nothing_and_harms_nobody)
{
    struct stage t;
    struct token_answer a = begin(&t), answer;
    expect_kind(stage_refresh(&t, "other", a.refresh_token, "", &answer), INVALID_GRANT);
    expect_kind(stage_refresh(&t, "pub", a.refresh_token, "", &answer), INVALID_GRANT);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &answer), OK);
}

Test(refresh_token, RF_06_narrowing_is_for_this_time_and_widening_never)
{
    struct stage t;
    struct token_answer a = begin(&t), b;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "&scope=read", &b));
    cr_expect(str_is(b.scope, "read"));
    expect_kind(stage_refresh(&t, "web", b.refresh_token, "&scope=read+view-users", &a), INVALID_SCOPE);
    assert_done(stage_refresh(&t, "web", b.refresh_token, "", &a));
    cr_expect(str_is(a.scope, "read write"));
}

Test(refresh_token, blank_scopes_do_not_make_an_unscoped_token)
{
    struct stage t;
    struct token_answer a = begin(&t), b;
    struct bearer bearer;
    assert_done(stage_refresh(&t, "web", a.refresh_token, "&scope=++", &b));
    cr_expect(str_is(b.scope, "read write"));
    assert_done(stage_bearer(&t, b.access_token, &bearer));
    cr_expect(!bearer.facts.permit.unscoped_full);
}

Test(refresh_token, a_scope_that_was_taken_from_the_client_does_not_come_back)
{
    struct stage t;
    struct token_answer a = begin(&t), b, c;
    struct bearer bearer;
    struct client_edit edit = client_edit_nothing();
    edit.scopes = STR("read");
    assert_done(client_change(t.s.ctx, &actor_owner, STR("web"), &edit, &t.s.p));
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    cr_expect(str_is(b.scope, "read"));
    edit.scopes = STR("view-users");
    assert_done(client_change(t.s.ctx, &actor_owner, STR("web"), &edit, &t.s.p));
    assert_done(stage_refresh(&t, "web", b.refresh_token, "", &c));
    cr_expect(str_is(c.scope, ""));
    assert_done(stage_bearer(&t, c.access_token, &bearer));
    cr_expect(!bearer.facts.permit.unscoped_full, "nothing is not everything");
}

Test(refresh_token, RF_07_idle_and_absolute_ends)
{
    struct stage t;
    enum { DAY = 86400 };
    struct token_answer a = begin(&t), b;
    clock_set(NOW + 30 * DAY);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), INVALID_GRANT);
    a = begin(&t);
    int64_t day = 0;
    for (day = 29; day < 364; day += 29) {
        clock_set(NOW + day * DAY);
        assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
        a = b;
    }
    clock_set(NOW + 365 * DAY);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), INVALID_GRANT);
}

Test(refresh_token, RF_08_what_ends_the_grant_ends_it)
{
    struct stage t;
    struct token_answer a = begin(&t), b;
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), INVALID_GRANT);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, false));
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), INVALID_GRANT); /* stays ended */
    a = begin(&t);
    stage_revoke_client(&t, "web", true);
    stage_revoke_client(&t, "web", false);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), INVALID_GRANT);
    a = begin(&t);
    struct client_edit edit = client_edit_nothing();
    edit.grants = STR("client_credentials");
    assert_done(client_change(t.s.ctx, &actor_owner, STR("web"), &edit, &t.s.p));
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), UNAUTHORIZED_CLIENT);
}

Test(refresh_token, forged_and_foreign_credentials_are_refused)
{
    struct stage t;
    struct token_answer a = begin(&t), b;
    const str others[] = {a.access_token, t.secret, STR("jtn_rt_"), STR("jtn_rt_AAAAAAAA"), STR("x")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(stage_refresh(&t, "web", others[i], "", &b).kind, ERR_INVALID_GRANT, "%zu", i);
    expect_kind(stage_token(&t, "web", STR("grant_type=refresh_token"), &b), INVALID_REQUEST);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "&resource=https%3A%2F%2Fx", &b), INVALID_TARGET);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), OK);
}

Test(refresh_token, memory_that_ends_is_no_verdict_about_one)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "", &answer));
    stage_torture_token(&t, "web", stage_text(&t, "grant_type=refresh_token&refresh_token=", answer.refresh_token, ""));
}
