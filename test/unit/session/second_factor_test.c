/* SPDX-License-Identifier: MIT
 * Claims about getting and losing a second factor: only by who has just logged in, at the browser that it was offered to, with a code of it; and all of it or nothing. */
#include "two_factors.h"
#include "base/banned.h"

static err add_with(struct scene *s, str state, str code, const char *name, struct problems *p)
{
    struct second_factor_added added = {.state = state, .name = str_of(name), .code = code};
    p->count = 0;
    return second_factor_add(s->ctx, &s->browser, &added, p);
}

static size_t stored(struct scene *s)
{
    struct db_authenticator *rows;
    size_t count;
    must(db_authenticator_list(s->ctx->tx, s->a, s->ada->number, &rows, &count));
    return count;
}

Test(second_factor, an_app_is_stored_once_it_has_shown_a_code)
{
    struct scene s = scene_new();
    struct problems p;
    struct second_factor_offer offer, again;
    str before = s.browser.cookie;
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    cr_assert(str_starts(offer.uri, STR("otpauth://totp/auth.example.com:ada?secret=")), "%.*s", STR_FMT(offer.uri));
    secret_of(offer.secret, s.secret);
    cr_assert_eq(add_with(&s, offer.state, STR("000000"), "phone", &p).kind, ERR_UNPROCESSABLE);
    cr_assert(p.count == 1 && strcmp(p.rows[0].field, "code") == 0);
    cr_assert_eq(add_with(&s, offer.state, app_code(&s, NOW), " ", &p).kind, ERR_UNPROCESSABLE);
    cr_assert(p.count == 1 && strcmp(p.rows[0].field, "name") == 0);
    cr_assert_eq(stored(&s), 0);
    must(second_factor_offer_again(s.ctx, &s.browser, offer.state, &again));
    cr_assert(str_equal(again.secret, offer.secret) && str_equal(again.uri, offer.uri), "the app need not be set up anew");
    must(add_with(&s, offer.state, app_code(&s, NOW), "phone", &p));
    cr_assert_eq(stored(&s), 1);
    cr_assert(s.browser.fresh && !str_equal(before, s.browser.cookie)); /* LS-01 */
    cr_assert(str_is(s.browser.row->amr, "pwd otp mfa") && str_is(s.browser.row->acr, ACR_MFA));
    cr_assert_eq(s.browser.row->auth_time, NOW);
    cr_assert(str_is(s.browser.user->second_factors, "totp recovery"));
}

Test(second_factor, an_offer_is_this_browsers_and_ends)
{
    struct scene s = scene_new();
    struct problems p;
    struct second_factor_offer offer, other;
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    secret_of(offer.secret, s.secret);
    str code = app_code(&s, NOW);
    struct session elsewhere;
    must(session_find(s.ctx, STR_ABSENT, &elsewhere));
    must(session_begin(s.ctx, s.ada, STR("pwd"), &elsewhere));
    cr_assert_eq(second_factor_offer_again(s.ctx, &elsewhere, offer.state, &other).kind, ERR_STALE_FORM);
    cr_assert_eq(add_with(&s, STR("jtn_vi_nonsense"), code, "phone", &p).kind, ERR_STALE_FORM);
    cr_assert_eq(add_with(&s, s.browser.cookie, code, "phone", &p).kind, ERR_STALE_FORM, "something else that we sealed");
    s.authority->policy.reauthentication = 10 * SECOND_FACTOR_SECONDS;
    at(&s, NOW + SECOND_FACTOR_SECONDS - 1);
    must(second_factor_offer_again(s.ctx, &s.browser, offer.state, &other));
    at(&s, NOW + SECOND_FACTOR_SECONDS);
    cr_assert_eq(add_with(&s, offer.state, app_code(&s, s.ctx->now), "phone", &p).kind, ERR_STALE_FORM);
    cr_assert_eq(stored(&s), 0);
}

Test(second_factor, nothing_is_added_or_taken_away_without_a_fresh_login) /* LS-13 */
{
    struct scene s = scene_new();
    struct problems p;
    struct second_factor_offer offer;
    struct db_authenticator *rows;
    size_t count;
    str codes[DB_RECOVERY_CODES];
    add_app(&s);
    must(db_authenticator_list(s.ctx->tx, s.a, s.ada->number, &rows, &count));
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    at(&s, NOW + s.authority->policy.reauthentication + 1);
    cr_assert_eq(second_factor_offer(s.ctx, &s.browser, &offer).kind, ERR_INSUFFICIENT_AUTHENTICATION);
    cr_assert_eq(add_with(&s, offer.state, app_code(&s, s.ctx->now), "other", &p).kind, ERR_INSUFFICIENT_AUTHENTICATION);
    cr_assert_eq(second_factor_recovery_make(s.ctx, &s.browser, codes).kind, ERR_INSUFFICIENT_AUTHENTICATION);
    cr_assert_eq(second_factor_remove(s.ctx, &s.browser, rows[0].id).kind, ERR_INSUFFICIENT_AUTHENTICATION);
    cr_assert_eq(stored(&s), 1);
}

Test(second_factor, a_session_without_it_is_not_fresh_for_who_has_it)
{
    struct scene s = scene_new();
    add_app(&s);
    struct session single = s.browser;
    struct db_session row = *s.browser.row;
    row.amr = STR("pwd");
    single.row = &row;
    cr_assert(session_recent(s.ctx, &s.browser));
    cr_assert_not(session_recent(s.ctx, &single));
    const struct assurance_need any = {.max_age = -1};
    cr_assert_eq(session_missing(s.ctx, &single, &any), ASSURANCE_STEP);
}

Test(second_factor, recovery_codes_come_with_the_first_app_and_are_replaced_whole)
{
    struct scene s = scene_new();
    struct second_factor_offer offer;
    struct problems p = {.count = 0};
    str fresh[DB_RECOVERY_CODES];
    int64_t left;
    cr_assert_eq(second_factor_recovery_make(s.ctx, &s.browser, fresh).kind, ERR_UNPROCESSABLE);
    add_app(&s);
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_not(str_equal(s.codes[i], s.codes[k]));
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    secret_of(offer.secret, s.secret);
    struct second_factor_added second = {.state = offer.state, .name = STR("tablet"), .code = app_code(&s, NOW)};
    must(second_factor_add(s.ctx, &s.browser, &second, &p));
    cr_assert_not(str_present(second.codes[0]), "those that were written down stay good");
    must(second_factor_recovery_make(s.ctx, &s.browser, fresh));
    must(db_recovery_count(s.ctx->tx, s.ada->number, &left));
    cr_assert_eq(left, DB_RECOVERY_CODES);
    cr_assert_not(str_equal(fresh[0], s.codes[0]));
}

Test(second_factor, one_is_due_where_the_server_asks_everybody_for_it)
{
    struct scene s = scene_new();
    cr_assert_not(second_factor_due(s.ctx, s.browser.user));
    s.authority->policy.second_factor_required = true;
    cr_assert(second_factor_due(s.ctx, s.browser.user));
    add_app(&s);
    cr_assert_not(second_factor_due(s.ctx, s.browser.user));
}

Test(second_factor, a_new_password_leaves_the_second_factor_where_it_was)
{
    struct scene s = scene_new();
    add_app(&s);
    at(&s, NOW + 5);
    must(session_password_set(s.ctx, &s.browser));
    cr_assert(str_is(s.browser.row->amr, "pwd otp mfa"));
    cr_assert_eq(s.browser.row->auth_time, NOW, "the app was not shown again");
}

Test(second_factor, a_session_that_ended_meanwhile_adds_nothing_and_does_not_come_back)
{
    struct scene s = scene_new();
    struct problems p;
    struct second_factor_offer offer;
    struct db_session *rows;
    size_t count;
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    secret_of(offer.secret, s.secret);
    must(db_session_end(s.ctx->tx, s.browser.row->number)); /* by a new password, a block, a logout elsewhere */
    cr_assert_eq(add_with(&s, offer.state, app_code(&s, NOW), "phone", &p).kind, ERR_LOGIN_REQUIRED);
    cr_assert_eq(stored(&s), 0);
    must(db_session_list(s.ctx->tx, s.a, s.ada->number, &rows, &count));
    cr_assert_eq(count, 0);
}

Test(second_factor, a_session_that_ended_meanwhile_has_no_new_codes_and_removes_nothing)
{
    struct scene s = scene_new();
    struct token_hash hash;
    struct db_authenticator *rows;
    size_t count;
    bool taken;
    str codes[DB_RECOVERY_CODES];
    add_app(&s);
    must(db_authenticator_list(s.ctx->tx, s.a, s.ada->number, &rows, &count));
    must(db_session_end(s.ctx->tx, s.browser.row->number));
    cr_assert_eq(second_factor_recovery_make(s.ctx, &s.browser, codes).kind, ERR_LOGIN_REQUIRED);
    cr_assert_eq(second_factor_remove(s.ctx, &s.browser, rows[0].id).kind, ERR_LOGIN_REQUIRED);
    cr_assert_eq(stored(&s), 1);
    cr_assert(second_factor_recovery_hash(s.ada, s.codes[0], &hash));
    must(db_recovery_take(s.ctx->tx, s.a, s.ada->number, &hash, &taken));
    cr_assert(taken, "those of before are still good");
}

Test(second_factor, the_same_form_sent_twice_adds_one_app) /* LS-15: else each code would be good twice */
{
    struct scene s = scene_new();
    struct problems p;
    struct second_factor_offer offer;
    int64_t left;
    must(second_factor_offer(s.ctx, &s.browser, &offer));
    secret_of(offer.secret, s.secret);
    struct session twin = s.browser; /* was let in before the first had its answer */
    must(add_with(&s, offer.state, app_code(&s, NOW), "phone", &p));
    struct second_factor_added second = {.state = offer.state, .name = STR("phone"), .code = app_code(&s, NOW)};
    cr_assert_eq(second_factor_add(s.ctx, &twin, &second, &p).kind, ERR_LOGIN_REQUIRED);
    cr_assert_not(str_present(second.codes[0]));
    cr_assert_eq(stored(&s), 1);
    must(db_recovery_count(s.ctx->tx, s.ada->number, &left));
    cr_assert_eq(left, DB_RECOVERY_CODES);
}

Test(second_factor, the_audit_trail_calls_what_was_added_and_removed_by_one_name)
{
    struct scene s = scene_new();
    struct db_authenticator *rows;
    size_t count;
    add_app(&s);
    cr_assert(str_is(newest_event(&s).name, "factor.added") && str_is(newest_event(&s).detail, "phone"));
    must(db_authenticator_list(s.ctx->tx, s.a, s.ada->number, &rows, &count));
    must(second_factor_remove(s.ctx, &s.browser, rows[0].id));
    cr_assert(str_is(newest_event(&s).name, "factor.removed") && str_is(newest_event(&s).detail, "phone"));
    cr_assert_eq(second_factor_remove(s.ctx, &s.browser, rows[0].id).kind, ERR_NOT_FOUND);
}
