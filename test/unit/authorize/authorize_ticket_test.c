/* SPDX-License-Identifier: MIT
 * authorize_ticket: what happened on our own pages since, and for which browser. */
#include "authorize/authorize_ticket.h"
#include "asked.h"
#include "store/table/db_pushed.h"

static const char *with_ticket(struct stage *t, str ticket)
{
    return str_z(t->s.a, stage_text(t, ASK "&prompt=login&login_ticket=", ticket, ""));
}

Test(authorize_ticket, AZ_12_the_way_back_from_the_login_page_is_not_a_circle)
{
    struct stage t = stage_new();
    str ticket;
    struct authorize_request r;
    struct session s = stage_session(&t, t.ada);
    assert_done(asked_judge(&t, ASK, &r));
    assert_done(authorize_ticket(t.s.ctx, &r, &s, &ticket));
    cr_expect_eq(asked_next(&t, with_ticket(&t, ticket), &s), AUTHORIZE_LOGIN, "AZ-13: abandoned, the old session goes nowhere");
    clock_set(NOW + 500);
    scene_next(&t.s);
    assert_done(session_reauthenticated(t.s.ctx, STR("pwd"), &s));
    cr_expect_eq(asked_next(&t, with_ticket(&t, ticket), &s), AUTHORIZE_ASK);
}

Test(authorize_ticket, AZ_12_an_old_ticket_does_not_speak_for_a_password_given_for_something_else)
{
    struct stage t = stage_new();
    str anybodys;
    struct authorize_request r;
    struct session visitor = stage_session(&t, NULL);
    assert_done(asked_judge(&t, ASK, &r));
    assert_done(authorize_ticket(t.s.ctx, &r, &visitor, &anybodys));
    clock_set(NOW + 1000);
    scene_next(&t.s);
    struct session ada = stage_session(&t, t.ada);
    clock_set(NOW + 1061);
    scene_next(&t.s);
    cr_expect_eq(asked_next(&t, with_ticket(&t, anybodys), &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(asked_next(&t, ASK "&prompt=login&login_ticket=jtn_vi_AAAA", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(asked_next(&t, with_ticket(&t, ada.cookie), &ada), AUTHORIZE_LOGIN);
}

struct visit {
    struct stage t;
    struct session s;
    struct authorize_request r;
    str login, choice;
};

/* Ada's browser has both tickets, of a request that was pushed as number 7. */
static struct visit visit_new(void)
{
    struct visit v = {.t = stage_new()};
    v.s = stage_session(&v.t, v.t.ada);
    v.r = (struct authorize_request){.client = stage_find(&v.t, "web"), .pushed = 7};
    assert_done(authorize_ticket(v.t.s.ctx, &v.r, &v.s, &v.login));
    assert_done(authorize_choice(v.t.s.ctx, &v.r, &v.s, &v.choice));
    return v;
}

static void at_second(struct visit *v, int64_t second)
{
    clock_set(NOW + second);
    scene_next(&v->t.s);
}

Test(authorize_ticket, AZ_12_it_speaks_for_a_password_given_after_it_by_a_new_cookie_within_a_minute)
{
    struct visit v = visit_new();
    struct session nobody = stage_session(&v.t, NULL);
    cr_expect_not(authorize_ticket_login(v.t.s.ctx, v.login, &v.s), "the cookie is the one of before");
    at_second(&v, 30);
    assert_done(session_reauthenticated(v.t.s.ctx, STR("pwd"), &v.s));
    cr_expect(authorize_ticket_login(v.t.s.ctx, v.login, &v.s));
    cr_expect_not(authorize_ticket_login(v.t.s.ctx, v.login, &nobody));
    at_second(&v, 90);
    cr_expect(authorize_ticket_login(v.t.s.ctx, v.login, &v.s));
    at_second(&v, 91);
    cr_expect_not(authorize_ticket_login(v.t.s.ctx, v.login, &v.s), "later than a redirect takes");
    str late;
    assert_done(authorize_ticket(v.t.s.ctx, &v.r, &nobody, &late));
    at_second(&v, 60);
    cr_expect_not(authorize_ticket_login(v.t.s.ctx, late, &v.s), "the password was given before it was made");
}

Test(authorize_ticket, a_choice_belongs_to_its_session_and_ten_minutes)
{
    struct visit v = visit_new();
    struct session elsewhere = stage_session(&v.t, v.t.ada), nobody = stage_session(&v.t, NULL);
    cr_expect(authorize_ticket_choice(v.t.s.ctx, v.choice, &v.s));
    cr_expect(!authorize_ticket_choice(v.t.s.ctx, v.choice, &elsewhere) && !authorize_ticket_choice(v.t.s.ctx, v.choice, &nobody)); /* AZ-24 */
    at_second(&v, 599);
    cr_expect(authorize_ticket_choice(v.t.s.ctx, v.choice, &v.s));
    at_second(&v, 600);
    cr_expect_not(authorize_ticket_choice(v.t.s.ctx, v.choice, &v.s));
    at_second(&v, -2);
    cr_expect_not(authorize_ticket_choice(v.t.s.ctx, v.choice, &v.s), "the clock went back");
}

Test(authorize_ticket, each_kind_is_good_for_its_own_question)
{
    struct visit v = visit_new();
    cr_expect_not(authorize_ticket_choice(v.t.s.ctx, v.login, &v.s));
    at_second(&v, 10);
    struct session before = v.s;
    assert_done(session_reauthenticated(v.t.s.ctx, STR("pwd"), &v.s));
    cr_expect_not(authorize_ticket_login(v.t.s.ctx, v.choice, &v.s));
    cr_expect(authorize_ticket_login(v.t.s.ctx, v.login, &v.s));
    cr_expect_not(authorize_ticket_choice(v.t.s.ctx, v.choice, &v.s), "the cookie has changed");
    cr_expect(authorize_ticket_choice(v.t.s.ctx, v.choice, &before));
}

Test(authorize_ticket, PR_01_a_pushed_request_that_was_begun_is_named_for_an_hour)
{
    struct visit v = visit_new();
    cr_expect(authorize_ticket_pushed(v.t.s.ctx, v.login) == 7 && authorize_ticket_pushed(v.t.s.ctx, v.choice) == 7);
    at_second(&v, DB_PUSHED_SPARE - 1);
    cr_expect_eq(authorize_ticket_pushed(v.t.s.ctx, v.login), 7);
    at_second(&v, DB_PUSHED_SPARE);
    cr_expect_eq(authorize_ticket_pushed(v.t.s.ctx, v.login), 0);
}

Test(authorize_ticket, what_is_not_sealed_here_as_a_ticket_is_none) /* AC-11 */
{
    struct visit v = visit_new();
    str consent, cut = {v.login.p, v.login.n - 1}, changed = str_dup(v.t.s.a, v.choice);
    struct authorize_request r;
    assert_done(asked_judge(&v.t, ASK, &r));
    assert_done(authorize_pend(v.t.s.ctx, &r, &v.s, &consent));
    ((char *)(uintptr_t)changed.p)[changed.n - 8] ^= 1;
    const str texts[] = {STR_ABSENT, STR(""), STR("jtn_vi_"), STR("login 1790000000 7 x"), consent, v.s.cookie, cut, changed};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_not(authorize_ticket_login(v.t.s.ctx, texts[i], &v.s), "%zu", i);
        cr_expect_not(authorize_ticket_choice(v.t.s.ctx, texts[i], &v.s), "%zu", i);
        cr_expect_eq(authorize_ticket_pushed(v.t.s.ctx, texts[i]), 0, "%zu", i);
    }
}
