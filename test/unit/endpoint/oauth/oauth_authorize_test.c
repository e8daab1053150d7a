/* SPDX-License-Identifier: MIT
 * oauth_authorize: the authorization endpoint as a browser meets it: who is told what, where it leads, and that nothing but the button says yes. */
#include "endpoint/visit.h"
#include "client_ways.h"

#include "base/banned.h"

TestSuite(oauth_authorize, .init = visit_open);

#define WEB      "/oauth/authorize?client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
#define FIELDS   "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
#define BACK     "https://app.example.com/cb?"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

static str parameter(const struct answer *r, const char *name)
{
    return stage_parameter(&stage, visit_answer_header(r, "Location"), name);
}

static bool leads_to(const struct answer *r, const char *start)
{
    return r->status == 303 && str_starts(visit_answer_header(r, "Location"), str_of(start));
}

static size_t grants_of(const struct db_user *user)
{
    struct db_authorization *rows;
    size_t count;
    assert_done(db_authorization_list(store_each(stage.s.authority->store), visit_memory(), user->number, &rows, &count));
    return count;
}

/* The form of a consent page with this decision. */
static const char *decided(const struct answer *page, const char *decision)
{
    str pending = visit_field(page, "pending");
    cr_assert(str_filled(pending), "%d %s", page->status, err_why(page->refused));
    return visit_z(visit_text("pending=%.*s&decision=%s", STR_FMT(pending), decision));
}

Test(oauth_authorize, a_yes_leads_to_the_application_with_a_code_that_works) /* CO-05 */
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read&state=%22s%26t");
    expect_page(page, "consent", 200);
    cr_expect(visit_shows(&page, "value=\"allow\"") && visit_shows(&page, "value=\"deny\"") && visit_shows(&page, "Read.") &&
              visit_shows(&page, "app.example.com"));
    cr_expect(str_ends(visit_answer_header(&page, "Content-Security-Policy"), STR("form-action 'self' https://app.example.com")));
    struct answer r = visit_post(b, "/oauth/consent", decided(&page, "allow"));
    cr_assert(leads_to(&r, BACK));
    cr_expect(str_is(parameter(&r, "state"), "\"s&t") && str_is(parameter(&r, "iss"), FIXTURE_ISSUER));
    struct token_answer made;
    assert_done(stage_redeem(&stage, "web", parameter(&r, "code"), REDIRECT, &made));
    cr_expect(str_is(made.scope, "read"));
}

Test(oauth_authorize, a_no_is_told_to_the_application)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read&state=s"), r = visit_post(b, "/oauth/consent", decided(&page, "deny"));
    cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), "access_denied") && str_is(parameter(&r, "state"), "s") &&
              !str_present(parameter(&r, "code")));
}

Test(oauth_authorize, nothing_but_the_button_says_yes) /* CO-05, CO-03 */
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read");
    static const char *const words[] = {"", "yes", "1", "ALLOW"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_refused(visit_post(b, "/oauth/consent", decided(&page, words[i])), 400, INVALID_REQUEST);
    expect_status(visit_forged(b, "/oauth/consent", decided(&page, "allow")), 400);
    expect_refused(visit_post(b, "/oauth/consent", "decision=allow&" FIELDS), 400, INVALID_REQUEST);
    struct answer r = visit_post(b, "/oauth/consent", visit_z(visit_text("%s&scope=write&redirect_uri=https://evil.example", decided(&page, "allow"))));
    cr_assert(leads_to(&r, BACK));
    struct token_answer made;
    assert_done(stage_redeem(&stage, "web", parameter(&r, "code"), REDIRECT, &made));
    cr_expect(str_is(made.scope, "read"));
    r = visit_post(b, "/oauth/consent", decided(&page, "allow")); /* once */
    cr_expect_not(leads_to(&r, BACK "code"));
}

Test(oauth_authorize, a_page_belongs_to_its_browser)
{
    struct browser *b = visit_browser(ada), *other = visit_browser(root), *later = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read");
    struct answer r = visit_post(other, "/oauth/consent", decided(&page, "allow"));
    cr_expect_not(leads_to(&r, "https://"));
    r = visit_post(later, "/oauth/consent", decided(&page, "allow"));
    cr_expect_not(leads_to(&r, "https://"));
    cr_expect_eq(grants_of(root), 0u);
}

Test(oauth_authorize, who_is_not_sure_where_to_answer_answers_here) /* AZ-04, RU-06 */
{
    struct browser *b = visit_browser(ada);
    static const char *const bad[] = {
        "/oauth/authorize",
        "/oauth/authorize?client_id=nobody&response_type=code",
        "/oauth/authorize?client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F",
        "/oauth/authorize?client_id=web&client_id=other&response_type=code",
        "/oauth/authorize?client_id=web&response_type=code&redirect_uri=javascript%3Aalert(1)",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer r = visit_get(b, bad[i]);
        expect_page(r, "error", 400);
        cr_expect(visit_shows(&r, "id=\"error\"") && !str_present(visit_answer_header(&r, "Location")), "%s", bad[i]);
    }
}

Test(oauth_authorize, what_is_wrong_otherwise_is_told_to_the_application)
{
    static const struct {
        const char *more, *error;
    } rows[] = {
        {"&scope=nosuch", "invalid_scope"}, {"&prompt=none+login", "invalid_request"}, {"&resource=x", "invalid_target"}, {"&max_age=-1", "invalid_request"}};
    struct browser *b = visit_browser(ada);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = visit_get(b, visit_z(visit_text("%s&state=s%s", WEB, rows[i].more)));
        cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), rows[i].error) && str_is(parameter(&r, "state"), "s"), "%s: %d %.*s", rows[i].more,
                  r.status, STR_FMT(visit_answer_header(&r, "Location")));
        cr_expect(str_is(parameter(&r, "iss"), FIXTURE_ISSUER));
    }
    struct answer r = visit_get(b, "/oauth/authorize?client_id=web&response_type=token&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb");
    cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), "unsupported_response_type"));
}

Test(oauth_authorize, who_is_not_logged_in_goes_over_the_login_and_comes_back_with_the_same_request)
{
    struct browser *nobody = visit_browser(NULL);
    struct answer r = visit_get(nobody, WEB "&scope=read&state=s%26t&login_hint=ada");
    cr_assert(leads_to(&r, "/login?"));
    cr_expect(str_is(parameter(&r, "username"), "ada"));
    const char *back = visit_z(parameter(&r, "return_to"));
    cr_assert(strncmp(back, "/oauth/authorize?", 17) == 0);
    struct answer login = visit_post(nobody, "/login", "username=ada&password=correct+horse+battery");
    struct answer page = visit_get(visit_follow(nobody, &login), back);
    cr_expect(page.status == 200 && str_filled(visit_field(&page, "pending")));
    r = visit_get(nobody, WEB "&prompt=none&state=s");
    cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), "login_required"), "%.*s", STR_FMT(visit_answer_header(&r, "Location")));
}

/* What fits into the address of a browser once need not fit into that of the login page, where it stands escaped. */
Test(oauth_authorize, a_request_that_no_address_holds_is_refused_before_the_login)
{
    char target[HTTP_TARGET_MAX];
    size_t n = (size_t)snprintf(target, sizeof target, "%s&scope=read&junk=", WEB);
    while (n + 3 < 7000) {
        memcpy(target + n, "%25", 3);
        n += 3;
    }
    target[n] = '\0';
    expect_refused(visit_get(visit_browser(NULL), target), 400, INVALID_REQUEST);
    struct answer r = visit_get(visit_browser(ada), target); /* who is logged in needs no way back */
    cr_expect(r.status == 200 && str_filled(visit_field(&r, "pending")), "%d %s", r.status, err_why(r.refused));
}

Test(oauth_authorize, a_form_of_another_site_comes_back_as_a_link_and_without_a_new_cookie) /* LS-09 */
{
    struct visit v = {.method = "POST",
                      .target = "/oauth/authorize",
                      .bearer = STR_ABSENT,
                      .type = FORM_TYPE,
                      .body = STR(FIELDS "&scope=read&state=s"),
                      .without_csrf = true};
    struct answer r = visit(&v);
    cr_expect(leads_to(&r, "/oauth/authorize?client_id=web&") && !str_present(visit_answer_header(&r, "Set-Cookie")));
    struct browser *b = visit_browser(ada);
    v.by = b;
    r = visit(&v);
    cr_expect(r.status == 200 && str_filled(visit_field(&r, "pending"))); /* with the cookie it is a request like any other */
    v.target = "/oauth/authorize?client_id=web";
    expect_status(visit(&v), 400); /* AZ-03 */
}

Test(oauth_authorize, a_posted_answer_stands_in_a_form_that_may_go_there_alone)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read&state=%22%3E%3Cscript%3Ealert(1)&response_mode=form_post");
    struct answer r = visit_post(b, "/oauth/consent", decided(&page, "allow"));
    expect_page(r, "form_post", 200);
    cr_expect(visit_shows(&r, "action=\"https://app.example.com/cb\"") && visit_shows(&r, "name=\"code\"") && visit_shows(&r, "&lt;script&gt;"));
    cr_expect(str_ends(visit_answer_header(&r, "Content-Security-Policy"), STR("form-action 'self' https://app.example.com")));
}

Test(oauth_authorize, what_was_agreed_to_is_not_asked_twice_and_silence_gives_nothing) /* CO-06 */
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_get(b, WEB "&scope=read&prompt=none");
    cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), "consent_required"));
    struct answer page = visit_get(b, WEB "&scope=read");
    visit_post(b, "/oauth/consent", decided(&page, "allow"));
    r = visit_get(b, WEB "&scope=read&prompt=none");
    cr_expect(leads_to(&r, BACK "code="));
    r = visit_get(b, WEB "&scope=read+write");
    cr_expect_eq(r.status, 200);
    r = visit_get(b, WEB "&scope=read&prompt=consent");
    cr_expect_eq(r.status, 200);
}

Test(oauth_authorize, an_account_is_chosen_where_the_request_wants_it)
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_get(b, WEB "&scope=read&prompt=select_account&state=%22%3E%3Cscript%3Ealert(1)");
    expect_page(r, "select_account", 200);
    cr_expect(visit_shows(&r, "/login?switch=1") && str_filled(visit_field(&r, "login_ticket")));
    r = visit_get(b, WEB "&scope=read&prompt=login&login_hint=root");
    cr_expect(leads_to(&r, "/login?switch=1"), "%d", r.status);
}

Test(oauth_authorize, who_must_change_the_password_does_that_first) /* LS-14 */
{
    struct user_edit edit = {.admin = -1, .must_change = USER_MUST_CHANGE_PASSWORD};
    assert_done(user_change(stage.s.ctx, &actor_owner, ada->id, &edit, &stage.s.p));
    struct browser *b = visit_browser(visit_again(ada));
    struct answer r = visit_get(b, WEB "&scope=read");
    cr_expect(leads_to(&r, "/account/password?return_to=%2Foauth%2Fauthorize%3F"));
}

Test(oauth_authorize, how_a_client_describes_itself_is_shown_and_never_believed) /* MD-05, CO-02 */
{
    struct db_client_metadata m = {
        .client_uri = STR("https://robot.example.com/?a=\"b"), .policy_uri = STR("javascript:alert(1)"), .tos_uri = STR("http://x.example/")};
    ways_register(&stage, "web", "any", &m);
    struct client_edit edit = client_edit_nothing();
    edit.name = STR("Invoice <script>alert(1)</script>");
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("web"), &edit, &stage.s.p));
    struct answer r = visit_get(visit_browser(ada), WEB "&scope=read");
    expect_page(r, "consent_hostile", 200);
    cr_expect(visit_shows(&r, "Invoice &lt;script&gt;") && visit_shows(&r, "href=\"https://robot.example.com/?a=&quot;b\""));
    cr_expect(!visit_shows(&r, "javascript:") && !visit_shows(&r, "http://x.example/"));
}

Test(oauth_authorize, a_pushed_request_travels_by_its_address_alone) /* PR-04 */
{
    struct answer pushed = visit_client("/oauth/par", STR("response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read&state=secret-state"));
    str uri = json_member_text(visit_json(&pushed), "request_uri");
    cr_assert_eq(pushed.status, 201);
    struct buf escaped = buf_new(visit_memory(), 512);
    percent_add(&escaped, uri);
    const char *target = visit_z(visit_text("/oauth/authorize?client_id=web&request_uri=%.*s&state=front&junk=%%3Cb%%3E", (int)escaped.n, escaped.p));
    struct answer r = visit_get(visit_browser(NULL), target);
    str back = parameter(&r, "return_to");
    cr_assert(leads_to(&r, "/login?") && str_filled(back));
    cr_expect(memmem(back.p, back.n, "secret-state", 12) == NULL && memmem(back.p, back.n, "front", 5) == NULL && memmem(back.p, back.n, "junk", 4) == NULL);
}

Test(oauth_authorize, a_store_that_fails_gives_no_code)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, WEB "&scope=read&state=s");
    const char *yes = decided(&page, "allow");
    static const char *const tables[] = {"grants", "codes", "consents"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        visit_break(tables[i]);
        struct answer r = visit_post(b, "/oauth/consent", yes);
        cr_expect_eq(r.status, 503, "%s: %d %.*s", tables[i], r.status, STR_FMT(visit_answer_header(&r, "Location")));
        visit_mend(tables[i]);
    }
    visit_break("consents");
    struct answer r = visit_get(b, WEB "&scope=read&state=s");
    cr_expect(leads_to(&r, BACK) && str_is(parameter(&r, "error"), "temporarily_unavailable"), "%d %.*s", r.status,
              STR_FMT(visit_answer_header(&r, "Location")));
    visit_mend("consents");
    r = visit_post(b, "/oauth/consent", yes); /* nothing was spent */
    cr_expect(leads_to(&r, BACK "code="), "%d %s", r.status, err_why(r.refused));
}
