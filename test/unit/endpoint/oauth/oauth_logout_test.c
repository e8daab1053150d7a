/* SPDX-License-Identifier: MIT
 * oauth_logout: the end-session endpoint and /logout: a mere link logs nobody out, and an answer leads to registered places alone. */
#include "endpoint/visit.h"
#include "token/id_token.h"

#include "base/banned.h"

#define BYE     "https://app.example/bye"
#define BYE_URL "https%3A%2F%2Fapp.example%2Fbye"

static void begin(void)
{
    struct client_edit edit = client_edit_nothing();
    visit_open();
    edit.post_logout_redirect_uris = STR(BYE);
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("web"), &edit, &stage.s.p));
    scene_next(&stage.s);
}

TestSuite(oauth_logout, .init = begin);

static str hint(const struct browser *b, const struct db_user *user)
{
    str token;
    struct id_token what = {.issuer = STR(FIXTURE_ISSUER),
                            .subject = user->id,
                            .client_id = STR("web"),
                            .session_id = b->session.row->id,
                            .acr = STR("1"),
                            .amr = STR("pwd"),
                            .auth_time = NOW - 10,
                            .issued_at = NOW - 10,
                            .expires_at = NOW + 10};
    assert_done(id_token_sign(visit_memory(), stage.s.ctx->keys, SIGN_RS256, &what, &token));
    return token;
}

static bool is_logged_in(const struct browser *b)
{
    return visit_get(b, "/account").status == 200;
}

Test(oauth_logout, a_link_asks_and_the_form_ends) /* LO-01, LS-04 */
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_get(b, "/oauth/logout");
    expect_page(r, "logout", 200);
    expect_page(visit_get(b, "/logout"), "logout_own", 200);
    cr_expect(is_logged_in(b));
    expect_status(visit_forged(b, "/logout", ""), 400);
    cr_expect(is_logged_in(b));
    r = visit_post(b, "/logout", "");
    expect_goes(r, "/login?done=logged-out");
    cr_expect(str_present(visit_cookie(&r, "__Host-jeton")) && !is_logged_in(b));
    expect_goes(visit_get(visit_follow(b, &r), "/logout"), "/login?done=logged-out");
}

Test(oauth_logout, a_hint_of_this_very_login_spares_the_question)
{
    struct browser *b = visit_browser(ada), *other = visit_browser(ada);
    const char *mine = visit_z(visit_text("/oauth/logout?id_token_hint=%.*s&post_logout_redirect_uri=%s&state=a%%26b", STR_FMT(hint(b, ada)), BYE_URL));
    expect_page(visit_get(other, mine), "logout_other_login", 200);
    cr_expect(is_logged_in(other));
    struct answer r = visit_get(b, mine);
    expect_goes(r, BYE "?state=a%26b");
    cr_expect(!is_logged_in(b) && is_logged_in(other));
}

Test(oauth_logout, nobody_is_sent_to_a_place_that_is_not_registered) /* RU-09 */
{
    struct browser *b = visit_browser(ada);
    static const char *const places[] = {"https%3A%2F%2Fevil.example%2F", BYE_URL "%2Fx", "javascript%3Aalert(1)"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *target = visit_z(visit_text("/oauth/logout?client_id=web&post_logout_redirect_uri=%s", places[i]));
        struct answer r = visit_get(b, target);
        cr_expect(r.status == 400 && !str_present(visit_answer_header(&r, "Location")), "%s: %d", places[i], r.status);
        r = visit_post(b, "/logout", strchr(target, '?') + 1);
        cr_expect(r.status == 400 && is_logged_in(b), "%s: %d", places[i], r.status);
    }
    expect_status(visit_get(b, "/oauth/logout?post_logout_redirect_uri=" BYE_URL), 400); /* of whom? */
    expect_status(visit_get(b, "/oauth/logout?client_id=nobody"), 400);
    expect_status(visit_get(b, "/oauth/logout?id_token_hint=nonsense"), 400);
}

Test(oauth_logout, the_question_names_the_application_and_its_answer_leads_there)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/oauth/logout?client_id=web&post_logout_redirect_uri=" BYE_URL "&state=%22%3E%3Cscript%3Ealert(1)");
    expect_page(page, "logout_application", 200);
    cr_expect(str_is(visit_field(&page, "client_id"), "web") && str_is(visit_field(&page, "post_logout_redirect_uri"), BYE));
    cr_expect(str_ends(visit_answer_header(&page, "Content-Security-Policy"), STR("form-action 'self' https://app.example")));
    expect_goes(visit_post(b, "/logout", "client_id=web&post_logout_redirect_uri=" BYE_URL "&state=s"), BYE "?state=s");
    cr_expect_not(is_logged_in(b));
}

Test(oauth_logout, a_form_of_another_site_comes_back_as_a_link_and_without_a_new_cookie) /* LS-09 */
{
    struct visit v = {
        .method = "POST", .target = "/oauth/logout", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = STR("client_id=web&state=a%26b"), .without_csrf = true};
    struct answer r = visit(&v);
    expect_goes(r, "/oauth/logout?client_id=web&state=a%26b");
    cr_expect_not(str_present(visit_answer_header(&r, "Set-Cookie")));
    struct browser *b = visit_browser(ada);
    v.by = b;
    r = visit(&v);
    cr_expect(r.status == 200 && is_logged_in(b));
}

Test(oauth_logout, who_is_not_logged_in_is_done)
{
    struct browser *nobody = visit_browser(NULL);
    expect_page(visit_get(nobody, "/oauth/logout"), "logged_out", 200);
    expect_goes(visit_get(nobody, "/oauth/logout?client_id=web&post_logout_redirect_uri=" BYE_URL), BYE);
}

Test(oauth_logout, a_store_that_fails_logs_nobody_out_and_does_not_say_so)
{
    struct browser *b = visit_browser(ada);
    const char *mine = visit_z(visit_text("/oauth/logout?id_token_hint=%.*s&post_logout_redirect_uri=%s", STR_FMT(hint(b, ada)), BYE_URL));
    visit_break("grants");
    struct answer r = visit_get(b, mine);
    cr_expect(r.status == 503 && !str_present(visit_answer_header(&r, "Location")), "%d", r.status);
    expect_refused(visit_post(b, "/logout", ""), 503, UNAVAILABLE);
    visit_mend("grants");
    cr_expect(is_logged_in(b));
}
