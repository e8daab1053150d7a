/* SPDX-License-Identifier: MIT
 * device_code: RFC 8628: who may ask, who may say yes, who gets the tokens and how often. */
#include "base/pace.h"
#include "grant/device_code.h"
#include "user/user.h"
#include "stage.h"

#define GRANT "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code="

static void shape_tv(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->grants = STR("device_code");
}

static void shape_box(struct client_edit *edit)
{
    edit->grants = STR("device_code");
    edit->refresh = 0;
}

static struct stage stage_device(void)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "tv", shape_tv);
    (void)stage_client(&t, "box", shape_box);
    return t;
}

static str from; /* empty: 192.0.2.7 */

static err ask(struct stage *t, const char *id, const char *form, struct device_code_answer *out)
{
    scene_next(&t->s);
    t->s.ctx->address = from.n > 0 ? from : STR("192.0.2.7");
    struct client_proof proof = stage_proof(t, id);
    struct form f = stage_form(t, form);
    return device_code_request(t->s.ctx, &proof, &f, out);
}

static struct device_code_answer asked(struct stage *t, const char *id, const char *form)
{
    struct device_code_answer answer;
    assert_done(ask(t, id, form, &answer));
    return answer;
}

static err poll(struct stage *t, const char *id, str code, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, GRANT, code, ""), out);
}

static err decide(struct stage *t, const struct db_user *user, str typed, bool allow)
{
    struct device_code_found found = {0};
    struct db_deferred *row;
    str pending;
    scene_next(&t->s);
    struct session s = stage_session(t, user);
    TRY(device_code_find(t->s.ctx, &s, typed, &found));
    TRY(deferred_pend(t->s.ctx, found.row, &s, &pending));
    TRY(deferred_resume(t->s.ctx, pending, &s, &row));
    return deferred_decide(t->s.ctx, row, &s, allow);
}

Test(device_code, a_yes_becomes_tokens_with_the_scope_of_the_request)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct bearer b;
    struct device_code_answer device = asked(&t, "tv", "scope=read");
    cr_expect(str_starts(device.device_code, STR("jtn_dc_")) && device.user_code.n == DEVICE_CODE_SHOWN);
    cr_expect(str_is(device.verification_uri, FIXTURE_ISSUER "/oauth/device"));
    cr_expect(str_ends(device.verification_uri_complete, device.user_code));
    cr_expect_eq(device.expires_in, 600);
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_AUTHORIZATION_PENDING);
    assert_done(decide(&t, t.ada, device.user_code, true));
    assert_done(stage_token(&t, "tv", stage_text(&t, GRANT, device.device_code, "&scope=read+write"), &answer));
    cr_expect(str_is(answer.scope, "read"), "DV-04: the token request cannot widen the scope");
    cr_expect(str_filled(answer.refresh_token));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_equal(b.user->id, t.ada->id) && str_present(b.facts.permit.authorization_id));
    assert_done(stage_refresh(&t, "tv", answer.refresh_token, "", &answer));
}

Test(device_code, tokens_are_given_once)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer device = asked(&t, "box", "");
    assert_done(decide(&t, t.ada, device.user_code, true));
    assert_done(poll(&t, "box", device.device_code, &answer));
    cr_expect(!str_present(answer.refresh_token), "the client has no refresh_token grant");
    cr_expect_eq(poll(&t, "box", device.device_code, &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(decide(&t, t.ada, device.user_code, true).kind, ERR_NOT_FOUND);
}

Test(device_code, the_first_answer_counts)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_found found = {0};
    struct device_code_answer device = asked(&t, "tv", "");
    struct session s = stage_session(&t, t.ada);
    assert_done(device_code_find(t.s.ctx, &s, device.user_code, &found));
    assert_done(deferred_decide(t.s.ctx, found.row, &s, false));
    cr_expect_eq(deferred_decide(t.s.ctx, found.row, &s, true).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_ACCESS_DENIED);
}

Test(device_code, an_early_poll_lengthens_the_interval)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer device = asked(&t, "tv", "");
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_AUTHORIZATION_PENDING);
    clock_set(NOW + 4);
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_SLOW_DOWN);
    clock_set(NOW + 4 + 9);
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_SLOW_DOWN, "the interval is 10 now");
    clock_set(NOW + 4 + 9 + 15);
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_AUTHORIZATION_PENDING, "and then 15");
}

Test(device_code, what_has_expired_is_neither_decided_nor_fetched)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer first = asked(&t, "tv", ""), second = asked(&t, "tv", "");
    assert_done(decide(&t, t.ada, second.user_code, true));
    clock_set(NOW + 600);
    cr_expect_eq(poll(&t, "tv", first.device_code, &answer).kind, ERR_EXPIRED_TOKEN);
    cr_expect_eq(poll(&t, "tv", second.device_code, &answer).kind, ERR_EXPIRED_TOKEN);
    cr_expect_eq(decide(&t, t.ada, first.user_code, true).kind, ERR_NOT_FOUND);
}

Test(device_code, is_bound_to_its_client)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer device = asked(&t, "tv", "");
    assert_done(decide(&t, t.ada, device.user_code, true));
    cr_expect_eq(poll(&t, "box", device.device_code, &answer).kind, ERR_INVALID_GRANT);
    assert_done(poll(&t, "tv", device.device_code, &answer));
}

Test(device_code, malformed_foreign_and_missing_codes_are_refused)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer device = asked(&t, "tv", "");
    cr_expect_eq(poll(&t, "tv", STR("jtn_dc_AAAA"), &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(poll(&t, "tv", STR("x"), &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(poll(&t, "tv", STR(""), &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(stage_token(&t, "tv", stage_text(&t, "grant_type=refresh_token&refresh_token=", device.device_code, ""), &answer).kind, ERR_INVALID_GRANT,
                 "AC-11");
}

Test(device_code, only_a_client_with_the_grant_may_ask)
{
    struct stage t = stage_device();
    struct device_code_answer device;
    struct token_answer answer;
    cr_expect_eq(ask(&t, "web", "", &device).kind, ERR_UNAUTHORIZED_CLIENT);
    cr_expect_eq(ask(&t, "tv", "scope=nosuch", &device).kind, ERR_INVALID_SCOPE);
    cr_expect_eq(ask(&t, "tv", "resource=https://nosuch.example", &device).kind, ERR_INVALID_TARGET);
    cr_expect_eq(poll(&t, "web", STR("x"), &answer).kind, ERR_UNAUTHORIZED_CLIENT);
}

Test(device_code, a_person_blocked_in_between_gets_nothing)
{
    struct stage t = stage_device();
    struct token_answer answer;
    struct device_code_answer device = asked(&t, "tv", "");
    assert_done(decide(&t, t.ada, device.user_code, true));
    scene_next(&t.s);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true)); /* LS-16 */
    cr_expect_eq(poll(&t, "tv", device.device_code, &answer).kind, ERR_INVALID_GRANT);
}

Test(device_code, a_client_disabled_in_between_is_not_shown)
{
    struct stage t = stage_device();
    struct device_code_answer device = asked(&t, "tv", "");
    stage_revoke_client(&t, "tv", true);
    stage_revoke_client(&t, "tv", false);
    cr_expect_eq(decide(&t, t.ada, device.user_code, true).kind, ERR_NOT_FOUND);
}

Test(device_code, five_wrong_words_and_then_a_wait)
{
    struct stage t = stage_device();
    struct device_code_found found = {0};
    struct device_code_answer device = asked(&t, "tv", "");
    scene_next(&t.s);
    struct session s = stage_session(&t, t.ada);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(device_code_find(t.s.ctx, &s, STR("BBBB-BBBB"), &found).kind, ERR_NOT_FOUND);
    cr_expect_eq(device_code_find(t.s.ctx, &s, device.user_code, &found).kind, ERR_THROTTLED); /* DV-01 */
    cr_expect_eq(found.retry_after, 30);
    clock_set(NOW + 31);
    scene_next(&t.s);
    assert_done(device_code_find(t.s.ctx, &s, device.user_code, &found));
}

Test(device_code, the_word_is_read_as_people_type_it)
{
    char letters[DEVICE_CODE_LETTERS];
    cr_expect(device_code_letters(STR(" bcdf ghjk"), letters) && str_is((str){letters, sizeof letters}, "BCDFGHJK"));
    cr_expect(device_code_letters(STR("BC-DF-GH-JK"), letters));
    cr_expect(!device_code_letters(STR("BCDFGHJ"), letters) && !device_code_letters(STR("BCDFGHJKL"), letters));
    cr_expect(!device_code_letters(STR("ACDFGHJK"), letters) && !device_code_letters(STR_ABSENT, letters));
    cr_expect(!device_code_letters((str){"BCDFGHJ\0", 8}, letters));
}

Test(device_code, a_page_of_another_session_decides_nothing)
{
    struct stage t = stage_device();
    struct device_code_found found = {0};
    struct db_deferred *row;
    str pending;
    struct device_code_answer device = asked(&t, "tv", "");
    scene_next(&t.s);
    struct session mine = stage_session(&t, t.ada), other = stage_session(&t, t.ada);
    assert_done(device_code_find(t.s.ctx, &mine, device.user_code, &found));
    assert_done(deferred_pend(t.s.ctx, found.row, &mine, &pending));
    cr_expect_eq(deferred_resume(t.s.ctx, pending, &other, &row).kind, ERR_STALE_FORM); /* DV-06 */
    cr_expect_eq(deferred_resume(t.s.ctx, STR("jtn_co_x"), &mine, &row).kind, ERR_INVALID_REQUEST);
    assert_done(deferred_resume(t.s.ctx, pending, &mine, &row));
}

Test(device_code, requests_that_wait_are_bounded)
{
    struct stage t = stage_device();
    struct device_code_answer device = {.retry_after = 0};
    t.s.authority->policy.device_caps = (struct db_deferred_caps){.all = 1000, .client = 200, .source = 20};
    for (int i = 0; i < 20; i++)
        assert_done(ask(&t, "tv", "", &device));
    cr_expect_eq(ask(&t, "tv", "", &device).kind, ERR_BUSY); /* RL-06: from one place */
    cr_expect_gt(device.retry_after, 0);
    pace_forget_all(); /* another process */
    cr_expect_eq(ask(&t, "tv", "", &device).kind, ERR_BUSY);
    clock_set(NOW + 600);
    pace_forget_all();
    assert_done(ask(&t, "tv", "", &device));
}

/* As many as they get, from so many networks. */
static void flood(struct stage *t, int sources)
{
    struct device_code_answer device = {.retry_after = 0};
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < sources; i++) {
            from = str_format(t->s.a, "2001:db8:0:%x::%x", i, i * 7 + 1);
            more = !FAILED(ask(t, "tv", "", &device)) || more;
        }
    }
}

Test(device_code, RL_06_twenty_addresses_do_not_close_a_client_for_everybody)
{
    struct stage t = stage_device();
    struct device_code_answer device;
    t.s.authority->policy.device_caps = (struct db_deferred_caps){.all = 1000, .client = 200, .source = 20};
    flood(&t, 20);
    from = STR("198.51.100.7");
    for (int i = 0; i < 4; i++)
        assert_done(ask(&t, "tv", "", &device));
    from = STR("2001:db8:0:3:ffff::1"); /* the same /64 is the same place */
    cr_expect_eq(ask(&t, "tv", "", &device).kind, ERR_BUSY);
}

Test(device_code, RL_06_one_client_does_not_close_the_others)
{
    struct stage t = stage_device();
    struct device_code_answer device;
    t.s.authority->policy.device_caps = (struct db_deferred_caps){.all = 60, .client = 60, .source = 20};
    flood(&t, 30);
    from = STR("198.51.100.7");
    assert_done(ask(&t, "box", "", &device));
}
