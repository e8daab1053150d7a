/* SPDX-License-Identifier: MIT
 * Claims about a login by password and app: the code is asked for, taken once, and tells who logged in how. */
#include "two_factors.h"
#include "base/banned.h"

Test(authenticator_totp, a_password_alone_is_no_login_and_the_code_completes_it)
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    add_app(&s);
    at(&s, NOW + 60);
    struct login_result waiting = begin_login(&s, &browser);
    cr_assert_null(waiting.user);
    cr_assert(str_is(waiting.offers, "totp recovery"));
    cr_assert_eq(next_step(&s, &browser, waiting.state, "totp", STR("000000"), &r).kind, ERR_INVALID_GRANT);
    cr_assert_null(r.user);
    cr_assert_not_null(r.wrong);
    must(next_step(&s, &browser, waiting.state, "totp", app_code(&s, NOW + 60), &r));
    cr_assert_not_null(r.user);
    cr_assert(str_is(r.amr, "pwd otp mfa") && str_is(r.acr, ACR_MFA));
}

Test(authenticator_totp, no_code_is_taken_twice_nor_one_before_it) /* LS-15 */
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    add_app(&s);
    struct login_result waiting = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &browser, waiting.state, "totp", app_code(&s, NOW), &r).kind, ERR_INVALID_GRANT, "it was shown to add the app");
    must(next_step(&s, &browser, waiting.state, "totp", app_code(&s, NOW + TOTP_SECONDS), &r)); /* a clock that is ahead */
    struct login_result again = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &browser, again.state, "totp", app_code(&s, NOW + TOTP_SECONDS), &r).kind, ERR_INVALID_GRANT);
    at(&s, NOW + TOTP_SECONDS);
    cr_assert_eq(next_step(&s, &browser, again.state, "totp", app_code(&s, NOW), &r).kind, ERR_INVALID_GRANT);
    at(&s, NOW + 2 * TOTP_SECONDS);
    must(next_step(&s, &browser, again.state, "totp", app_code(&s, NOW + 2 * TOTP_SECONDS), &r));
    cr_assert_not_null(r.user);
}

Test(authenticator_totp, it_begins_no_login_and_is_nobody_elses)
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    add_app(&s);
    at(&s, NOW + 60);
    must(session_find(s.ctx, STR_ABSENT, &browser));
    const struct login_try first = {.username = STR("ada"), .proof = app_code(&s, NOW + 60), .event = "login", .with = STR("totp"), .session = &browser};
    cr_assert_eq(login_check(s.ctx, &first, &r).kind, ERR_INVALID_REQUEST);
    (void)fixture_user(s.authority, s.a, "eve");
    struct session eve;
    must(session_find(s.ctx, STR_ABSENT, &eve));
    const struct login_try password = {.username = STR("eve"), .proof = STR(FIXTURE_PASSWORD), .event = "login", .session = &eve};
    must(login_check(s.ctx, &password, &r));
    cr_assert_not_null(r.user, "who has no second factor is not asked for one");
    struct login_result waiting = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &eve, waiting.state, "totp", app_code(&s, NOW + 60), &r).kind, ERR_STALE_FORM, "another browser");
}

Test(authenticator_totp, who_added_one_while_the_password_was_judged_is_not_let_in_by_it_alone)
{
    struct scene s = scene_new();
    bool overtaken;
    struct db_user judged = *s.ada;
    must(login_overtaken(s.ctx, &judged, &overtaken));
    cr_assert_not(overtaken);
    add_app(&s);
    must(login_overtaken(s.ctx, &judged, &overtaken));
    cr_assert(overtaken);
}

Test(authenticator_totp, a_password_that_stands_alone_excuses_no_guesses_at_codes) /* RL-01 */
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    const struct login_try password = {.username = STR("ada"), .proof = STR(FIXTURE_PASSWORD), .event = "password_grant", .alone = true};
    add_app(&s);
    at(&s, NOW + 60);
    struct login_result waiting = begin_login(&s, &browser);
    err guess = OK, between = OK;
    int n = 0;
    while (n++ < 20 && !FAILED(between) && guess.kind != ERR_THROTTLED) {
        guess = next_step(&s, &browser, waiting.state, "totp", STR("000000"), &r);
        between = guess.kind != ERR_THROTTLED ? login_check(s.ctx, &password, &r) : OK;
    }
    cr_assert_lt(n, 10, "%d guesses without a wait", n);
}

Test(authenticator_totp, a_browser_that_was_known_by_the_password_alone_is_not_known_any_more) /* RL-02: each would have guesses of its own */
{
    struct scene s = scene_new();
    str before, after;
    must(session_device_make(s.ctx, s.ada, &before));
    at(&s, NOW + 60);
    add_app(&s);
    must(db_user_by_number(s.ctx->tx, s.a, s.ada->number, &s.ada));
    s.ctx->device = before;
    must(session_device_make(s.ctx, s.ada, &after));
    cr_assert_not(str_equal(before, after));
    s.ctx->device = after;
    must(session_device_make(s.ctx, s.ada, &before));
    cr_assert(str_equal(before, after), "a whole login has made it");
}

Test(authenticator_totp, who_has_waited_and_shown_the_password_may_show_the_code_at_once) /* RL-02: a lock ends by itself */
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    struct db_throttle_rule *rule = &s.authority->policy.account_rule;
    const struct login_try wrong = {.username = STR("ada"), .proof = STR("somebody's guess"), .event = "login"};
    *rule = (struct db_throttle_rule){.free_tries = 1, .base = 900, .most = 900, .forget = 3600}; /* longer than a login may take */
    s.ctx->address = STR("192.0.2.7");
    s.authority->policy.address_rule = *rule;
    add_app(&s);
    for (int i = 1; i <= 3; i++) {
        at(&s, NOW + i * (rule->most + 1));
        cr_assert_eq(login_check(s.ctx, &wrong, &r).kind, ERR_INVALID_GRANT);
    }
    cr_assert_eq(login_check(s.ctx, &wrong, &r).kind, ERR_THROTTLED);
    at(&s, NOW + 4 * (rule->most + 1));
    struct login_result waiting = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &browser, waiting.state, "totp", STR("000000"), &r).kind, ERR_INVALID_GRANT);
    cr_assert_eq(next_step(&s, &browser, waiting.state, "totp", app_code(&s, s.ctx->now), &r).kind, ERR_THROTTLED, "a wrong code waits like a wrong password");
    at(&s, NOW + 5 * (rule->most + 1));
    waiting = begin_login(&s, &browser);
    must(next_step(&s, &browser, waiting.state, "totp", app_code(&s, s.ctx->now), &r));
    cr_assert_not_null(r.user);
}
