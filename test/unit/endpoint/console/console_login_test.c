/* SPDX-License-Identifier: MIT
 * console_login: the page where people log in: every wrong login looks alike, each login has a new cookie, and nobody is led away. */
#include "endpoint/visit.h"
#include "client_ways.h"

#include "base/banned.h"

TestSuite(console_login, .init = visit_open);

#define RIGHT    "username=ada&password=correct+horse+battery"
#define TO_OTHER "%2Foauth%2Fauthorize%3Fclient_id%3Dother%26redirect_uri%3D"

Test(console_login, the_way_back_is_kept_only_when_it_is_local) /* RU-10 */
{
    struct browser *b = visit_browser(NULL);
    struct answer r = visit_get(b, "/login?return_to=%2Faccount%2Ftokens");
    expect_page(r, "login", 200);
    cr_expect(str_is(visit_field(&r, "return_to"), "/account/tokens"));
    static const char *const away[] = {"%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)", ""};
    for (size_t i = 0; i < sizeof away / sizeof *away; i++) {
        r = visit_get(b, visit_z(visit_text("/login?return_to=%s", away[i])));
        cr_expect(str_is(visit_field(&r, "return_to"), "/account"), "%s", away[i]);
        expect_goes(visit_post(visit_browser(NULL), "/login", visit_z(visit_text(RIGHT "&return_to=%s", away[i]))), "/account");
    }
}

Test(console_login, on_the_way_to_an_application_the_page_names_it_and_may_end_there)
{
    struct answer r = visit_get(visit_browser(NULL), "/login?return_to=" TO_OTHER "https%253A%252F%252Fapp.example.com%252Fcb");
    expect_page(r, "login_application", 200);
    cr_expect(visit_shows(&r, "<bdi>other</bdi>"));
    cr_expect(str_ends(visit_answer_header(&r, "Content-Security-Policy"), STR("form-action 'self' https://app.example.com")));
    r = visit_get(visit_browser(NULL), "/login?return_to=" TO_OTHER "https%253A%252F%252Fevil.example%252F");
    cr_expect(str_ends(visit_answer_header(&r, "Content-Security-Policy"), STR("form-action 'self'")), "an unregistered place widens nothing");
    cr_expect_not(visit_shows(&r, "<bdi>other</bdi>"));
    stage_revoke_client(&stage, "other", true);
    r = visit_get(visit_browser(NULL), "/login?return_to=" TO_OTHER "https%253A%252F%252Fapp.example.com%252Fcb");
    cr_expect_not(visit_shows(&r, "<bdi>other</bdi>"));
}

Test(console_login, a_registered_link_that_is_no_https_is_not_shown) /* MD-05 */
{
    struct db_client_metadata m = {.policy_uri = STR("javascript:alert(1)"), .tos_uri = STR("https://app.example.com/terms?a=\"b")};
    ways_register(&stage, "other", "any", &m);
    struct answer r = visit_get(visit_browser(NULL), "/login?return_to=" TO_OTHER "https%253A%252F%252Fapp.example.com%252Fcb");
    cr_expect(visit_shows(&r, "href=\"https://app.example.com/terms?a=&quot;b\"") && !visit_shows(&r, "javascript:"));
}

Test(console_login, a_wrong_login_is_401_and_keeps_the_name) /* LS-11 */
{
    struct answer r = visit_post(visit_browser(NULL), "/login", "username=ada&password=wrong-one");
    expect_page(r, "login_wrong", 401);
    cr_expect(visit_shows(&r, "id=\"error\"") && str_is(visit_field(&r, "username"), "") == false && visit_shows(&r, "value=\"ada\""));
    cr_expect(!visit_shows(&r, "wrong-one") && !str_present(visit_cookie(&r, "__Host-jeton-device")));
    r = visit_post(visit_browser(NULL), "/login", "username=%22%3E%3Cscript%3Ealert(1)&password=x");
    expect_page(r, "login_hostile", 401);
}

Test(console_login, nobody_and_the_blocked_get_the_same_answer_as_a_wrong_password) /* LS-11 */
{
    struct answer known = visit_post(visit_browser(NULL), "/login", "username=ada&password=wrong-one");
    struct answer unknown = visit_post(visit_browser(NULL), "/login", "username=abc&password=wrong-one");
    cr_expect(known.status == unknown.status && known.body.n == unknown.body.n);
    assert_done(user_block(stage.s.ctx, &actor_owner, ada->id, true));
    struct answer blocked = visit_post(visit_browser(NULL), "/login", RIGHT);
    cr_expect(blocked.status == known.status && blocked.body.n == known.body.n);
}

Test(console_login, a_form_without_name_or_password_is_told_so)
{
    struct browser *b = visit_browser(NULL);
    static const char *const bad[] = {"", "username=ada", "password=x", "username=&password=x", "username=ada&password="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer r = visit_post(b, "/login", bad[i]);
        cr_expect(r.status == 400 && visit_shows(&r, "id=\"error\""), "%s: %d", bad[i], r.status);
    }
    expect_status(visit_post(b, "/login", RIGHT "&with=palm"), 400);
}

Test(console_login, a_login_begins_a_session_and_leads_back) /* LS-01, RL-02 */
{
    struct browser *before = visit_browser(NULL);
    struct answer r = visit_post(before, "/login", RIGHT "&return_to=%2Faccount%2Ftokens");
    expect_goes(r, "/account/tokens");
    struct browser *after = visit_follow(before, &r);
    cr_expect(!str_equal(before->session.cookie, after->session.cookie) && str_present(after->device));
    for (size_t i = 0; i < r.header_count; i++)
        if (str_is(r.headers[i].name, "Set-Cookie"))
            cr_expect(memmem(r.headers[i].value.p, r.headers[i].value.n, "; HttpOnly", 10) &&
                      memmem(r.headers[i].value.p, r.headers[i].value.n, "; Secure", 8));
    expect_status(visit_get(after, "/account"), 200);
    expect_goes(visit_get(before, "/account"), "/login?return_to=%2Faccount");
}

Test(console_login, again_is_the_same_person_with_a_new_cookie) /* LS-01 */
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/login?again=1&return_to=%2Faccount");
    expect_page(page, "login_again", 200);
    cr_expect(visit_shows(&page, "value=\"ada\""));
    expect_goes(visit_get(b, "/login?return_to=%2Faccount%2Ftokens"), "/account/tokens"); /* there is nothing to do */
    struct answer r = visit_post(b, "/login", RIGHT "&again=1");
    expect_goes(r, "/account");
    expect_status(visit_get(visit_follow(b, &r), "/account"), 200);
    expect_goes(visit_get(b, "/account"), "/login?return_to=%2Faccount"); /* the old cookie is dead */
}

Test(console_login, somebody_else_logs_the_first_one_out)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, "/login", RIGHT "&switch=1");
    expect_goes(r, "/account");
    r = visit_get(visit_follow(b, &r), "/account");
    cr_expect(r.status == 200 && visit_shows(&r, visit_z(ada->id)));
    struct db_session *rows;
    size_t count;
    assert_done(session_list(stage.s.ctx, root->number, &rows, &count));
    cr_expect_eq(count, 0u);
}

Test(console_login, too_many_tries_say_when_to_try_again) /* RL-01 */
{
    struct browser *b = visit_browser(NULL);
    struct answer r = {0};
    for (int i = 0; i < 60 && r.status != 429; i++)
        r = visit_post(b, "/login", "username=ada&password=wrong-one");
    expect_page(r, "login_throttled", 429);
    uint64_t seconds = 0;
    assert_done(str_u64(visit_answer_header(&r, "Retry-After"), 900, &seconds));
    cr_expect_gt(seconds, 0u);
    expect_status(visit_post(b, "/login", RIGHT), 429);
    visit_wait((int64_t)seconds + 1);
    expect_goes(visit_post(b, "/login", RIGHT), "/account");
}

Test(console_login, a_form_of_another_site_logs_nobody_in) /* LS-06 */
{
    struct browser *b = visit_browser(NULL);
    struct answer r = visit_forged(b, "/login", RIGHT);
    cr_expect(r.status == 400 && !str_present(visit_cookie(&r, "__Host-jeton-device")));
    struct visit v = {.method = "POST",
                      .target = "/login",
                      .by = b,
                      .bearer = STR_ABSENT,
                      .type = FORM_TYPE,
                      .body = STR(RIGHT),
                      .more = {{STR("Origin"), STR("https://evil.example")}}};
    expect_status(visit(&v), 400);
}

Test(console_login, a_form_of_before_leads_to_a_new_one_with_the_name)
{
    struct browser *first = visit_browser(NULL), *second = visit_browser(NULL);
    str fields = visit_text(RIGHT "&return_to=%%2Faccount&csrf=%.*s", STR_FMT(visit_csrf(first)));
    struct answer r = visit_forged(second, "/login", visit_z(fields));
    expect_goes(r, "/login?return_to=%2Faccount&expired=1&username=ada");
    r = visit_get(second, "/login?return_to=%2Faccount&expired=1&username=ada");
    cr_expect(r.status == 200 && visit_shows(&r, "id=\"error\"") && visit_shows(&r, "value=\"ada\""));
}

Test(console_login, a_store_that_fails_logs_nobody_in)
{
    static const char *const tables[] = {"users", "sessions", "throttles"};
    struct browser *b = visit_browser(NULL);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        visit_break(tables[i]);
        struct answer r = visit_post(b, "/login", RIGHT);
        cr_expect(r.status == 503 && !str_present(visit_cookie(&r, "__Host-jeton")), "%s: %d", tables[i], r.status);
        visit_mend(tables[i]);
    }
    expect_goes(visit_post(b, "/login", RIGHT), "/account");
}
