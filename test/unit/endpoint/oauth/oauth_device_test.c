/* SPDX-License-Identifier: MIT
 * oauth_device: a device asks, a person types its code elsewhere (RFC 8628 3): what is told to the device, and what the person must see and do. */
#include "base/pace.h"
#include "endpoint/visit.h"

#include "base/banned.h"

static void shape_tv(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->name = STR("TV <script>alert(1)</script>");
    edit->grants = STR("device_code");
    edit->scopes = STR("read");
}

static void begin(void)
{
    visit_open();
    (void)stage_client(&stage, "tv", shape_tv);
}

TestSuite(oauth_device, .init = begin);

static struct answer device(const char *target, str fields)
{
    return visit(
        &(struct visit){.method = "POST", .target = target, .bearer = STR_ABSENT, .type = FORM_TYPE, .body = visit_text("client_id=tv&%.*s", STR_FMT(fields))});
}

static const json *asked(void)
{
    struct answer r = device("/oauth/device/code", STR("scope=read"));
    cr_assert_eq(r.status, 200, "%.*s", STR_FMT(r.body));
    return visit_json(&r);
}

static struct answer polls(const json *j)
{
    visit_wait(10);
    return device("/oauth/token",
                  visit_text("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=%.*s", STR_FMT(json_member_text(j, "device_code"))));
}

static struct answer typed(const struct browser *b, const json *j)
{
    return visit_get(b, visit_z(visit_text("/oauth/device?user_code=%.*s", STR_FMT(json_member_text(j, "user_code")))));
}

static const char *decided(const struct answer *page, const char *decision)
{
    str request = visit_field(page, "request");
    cr_assert(str_filled(request), "%d", page->status);
    return visit_z(visit_text("request=%.*s&decision=%s", STR_FMT(request), decision));
}

Test(oauth_device, a_device_is_told_what_to_show)
{
    const json *j = asked();
    str code = json_member_text(j, "user_code");
    cr_expect(code.n == 9 && code.p[4] == '-' && visit_number(j, "expires_in") == 600 && visit_number(j, "interval") == 5);
    cr_expect(visit_member_is(j, "verification_uri", FIXTURE_ISSUER "/oauth/device"));
    cr_expect(str_equal(json_member_text(j, "verification_uri_complete"), visit_text("%s/oauth/device?user_code=%.*s", FIXTURE_ISSUER, STR_FMT(code))));
    expect_refused(device("/oauth/device/code", STR("scope=nosuch")), 400, INVALID_SCOPE);
    expect_refused(visit_client("/oauth/device/code", STR("scope=read")), 400, UNAUTHORIZED_CLIENT);
}

Test(oauth_device, a_yes_is_given_on_a_page_that_shows_what_it_is_about) /* DV-03, CO-02 */
{
    const json *j = asked();
    struct browser *b = visit_browser(ada);
    struct answer page = typed(b, j);
    expect_page(page, "device_confirm", 200);
    cr_expect(visit_shows(&page, "&lt;script&gt;") && visit_shows(&page, visit_z(json_member_text(j, "user_code"))) && visit_shows(&page, "192.0.2.7"));
    cr_expect(visit_shows(&page, "<code>read</code>") && visit_shows(&page, "id=\"deny\""));
    struct answer r = polls(j);
    cr_expect(visit_member_is(visit_json(&r), "error", "authorization_pending")); /* a look is no yes */
    r = visit_post(b, "/oauth/device", decided(&page, "allow"));
    expect_page(r, "device_done", 200);
    r = polls(j);
    cr_expect(r.status == 200 && str_filled(json_member_text(visit_json(&r), "access_token")), "%.*s", STR_FMT(r.body));
    r = polls(j);
    cr_expect(r.status == 400 && !visit_shows(&r, "access_token")); /* DV-05 */
}

Test(oauth_device, a_no_is_a_no_and_no_word_is_nothing) /* CO-05 */
{
    const json *j = asked();
    struct browser *b = visit_browser(ada);
    struct answer page = typed(b, j), r = {0};
    static const char *const words[] = {"", "yes", "Allow"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_refused(visit_post(b, "/oauth/device", decided(&page, words[i])), 400, INVALID_REQUEST);
    expect_status(visit_forged(b, "/oauth/device", decided(&page, "allow")), 400);
    expect_refused(visit_post(b, "/oauth/device", "request=forged&decision=allow"), 400, INVALID_REQUEST);
    const char *yes = decided(&page, "allow");
    expect_page(visit_post(b, "/oauth/device", decided(&page, "deny")), "device_denied", 200);
    r = visit_post(b, "/oauth/device", yes);
    cr_expect_neq(r.status, 200);
    r = polls(j);
    cr_expect(visit_member_is(visit_json(&r), "error", "access_denied"));
}

Test(oauth_device, a_confirmation_belongs_to_its_browser)
{
    const json *j = asked();
    struct browser *b = visit_browser(ada), *other = visit_browser(root);
    struct answer page = typed(b, j);
    expect_goes(visit_post(other, "/oauth/device", decided(&page, "allow")), "/oauth/device?done=expired");
    struct answer r = polls(j);
    cr_expect(visit_member_is(visit_json(&r), "error", "authorization_pending"));
}

Test(oauth_device, who_is_not_logged_in_comes_back_to_the_confirmation) /* DV-06 */
{
    const json *j = asked();
    const char *place = visit_z(visit_text("/login?return_to=%%2Foauth%%2Fdevice%%3Fuser_code%%3D%.*s", STR_FMT(json_member_text(j, "user_code"))));
    expect_goes(typed(visit_browser(NULL), j), place);
}

Test(oauth_device, wrong_codes_are_told_and_slowed) /* DV-01 */
{
    struct browser *b = visit_browser(ada);
    expect_page(visit_get(b, "/oauth/device"), "device", 200);
    expect_page(visit_post(b, "/oauth/device", ""), "device_nothing", 400);
    struct answer r = visit_get(b, "/oauth/device?user_code=%22%3E%3Cscript%3Ealert(1)");
    expect_page(r, "device_wrong", 404);
    cr_expect(visit_shows(&r, "id=\"error\"") && visit_shows(&r, "value=\"&quot;&gt;&lt;script&gt;"));
    for (int i = 0; i < 60 && r.status != 429; i++)
        r = visit_post(b, "/oauth/device", "user_code=BCDF-GHJK");
    cr_expect(r.status == 429 && str_filled(visit_answer_header(&r, "Retry-After")) && visit_shows(&r, "id=\"error\""));
    cr_expect_eq(typed(b, asked()).status, 429); /* the right one too */
}

Test(oauth_device, any_well_formed_code_is_drawn_and_nothing_else)
{
    struct answer r = visit_get(NULL, "/oauth/device/qr.svg?user_code=bcdf+ghjk"), plain = visit_get(NULL, "/oauth/device/qr.svg");
    cr_expect(r.status == 200 && visit_shows(&r, "<svg") && str_is(visit_answer_header(&r, "Cache-Control"), "no-store"));
    cr_expect(plain.status == 200 && !str_equal(plain.body, r.body));
    static const char *const bad[] = {"BCDF-GHJ", "BCDF-GHJKL", "AAAA-AAAA", "BCDF-GHJ%3C", "%3Cscript%3E"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(visit_get(NULL, visit_z(visit_text("/oauth/device/qr.svg?user_code=%s", bad[i]))), 400, INVALID_REQUEST);
}

Test(oauth_device, an_application_that_is_gone_gets_nothing_and_is_said_to_be_gone)
{
    const json *j = asked();
    struct browser *b = visit_browser(ada);
    struct answer page = typed(b, j);
    assert_done(client_remove(stage.s.ctx, &actor_owner, STR("tv")));
    struct answer r = typed(b, j);
    cr_expect_eq(r.status, 404, "%d", r.status);
    r = visit_post(b, "/oauth/device", decided(&page, "allow"));
    cr_expect_geq(r.status, 400);
    struct db_authorization *rows;
    size_t count;
    assert_done(db_authorization_list(store_each(stage.s.authority->store), visit_memory(), ada->number, &rows, &count));
    cr_expect_eq(count, 0u);
}

Test(oauth_device, too_many_open_requests_say_when_to_try_again) /* RL-06 */
{
    stage.s.authority->policy.device_caps = (struct db_deferred_caps){.all = 2, .client = 2, .source = 2};
    struct answer r = {0};
    for (int i = 0; i < 4 && r.status != 429; i++)
        r = device("/oauth/device/code", STR("scope=read"));
    cr_expect(r.status == 429 && str_filled(visit_answer_header(&r, "Retry-After")) && !visit_shows(&r, "user_code"));
}

Test(oauth_device, a_store_that_fails_is_no_wrong_code_and_no_yes)
{
    const json *j = asked();
    struct browser *b = visit_browser(ada);
    struct answer page = typed(b, j);
    const char *yes = decided(&page, "allow");
    visit_break("deferred_requests");
    expect_refused(device("/oauth/device/code", STR("scope=read")), 503, UNAVAILABLE);
    expect_refused(typed(b, j), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/oauth/device", yes), 503, UNAVAILABLE);
    visit_mend("deferred_requests");
    visit_break("grants");
    expect_refused(visit_post(b, "/oauth/device", yes), 503, UNAVAILABLE);
    visit_mend("grants");
    struct answer r = polls(j);
    cr_expect(visit_member_is(visit_json(&r), "error", "authorization_pending"), "%.*s", STR_FMT(r.body));
}
