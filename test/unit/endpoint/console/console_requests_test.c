/* SPDX-License-Identifier: MIT
 * console_requests: applications that wait for a person's word (CIBA): shown to whom they are about, decided once, by the form that showed them. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_requests, .init = visit_open);

static str secret_of_bank;

static void shape_bank(struct client_edit *edit)
{
    edit->name = STR("Bank <script>alert(1)</script>");
    edit->grants = STR("ciba");
    edit->scopes = STR("openid read");
}

static str asks(const char *more)
{
    if (!str_present(secret_of_bank))
        secret_of_bank = stage_client(&stage, "bank", shape_bank);
    str body = visit_text("client_id=bank&client_secret=%.*s&scope=openid+read&login_hint=ada%s", STR_FMT(secret_of_bank), more);
    struct answer r = visit(&(struct visit){.method = "POST", .target = "/oauth/ciba", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
    cr_assert_eq(r.status, 200, "%.*s", STR_FMT(r.body));
    return json_member_text(visit_json(&r), "auth_req_id");
}

static struct answer polls(str id)
{
    visit_wait(10);
    str body =
        visit_text("client_id=bank&client_secret=%.*s&grant_type=urn:openid:params:grant-type:ciba&auth_req_id=%.*s", STR_FMT(secret_of_bank), STR_FMT(id));
    return visit(&(struct visit){.method = "POST", .target = "/oauth/token", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
}

static const char *answer_of(const struct answer *page, const char *decision)
{
    str request = visit_field(page, "request");
    cr_assert(str_filled(request));
    return visit_z(visit_text("request=%.*s&decision=%s", STR_FMT(request), decision));
}

Test(console_requests, a_request_is_shown_with_its_message_and_allowed)
{
    str id = asks("&binding_message=W4SCT");
    struct browser *b = visit_browser(ada);
    struct answer account = visit_get(b, "/account"), page = visit_get(b, "/account/requests");
    expect_page(page, "requests", 200);
    cr_expect(visit_shows(&page, "W4SCT") && visit_shows(&page, "&lt;script&gt;") && visit_shows(&page, "<code>read</code>"));
    cr_expect(visit_shows(&account, "/account/requests"));
    expect_goes(visit_post(b, "/account/requests", answer_of(&page, "allow")), "/account/requests?done=request-allowed");
    struct answer r = polls(id);
    cr_expect(r.status == 200 && str_filled(json_member_text(visit_json(&r), "access_token")), "%.*s", STR_FMT(r.body));
    page = visit_get(b, "/account/requests");
    cr_expect(page.status == 200 && !str_present(visit_field(&page, "request")));
}

Test(console_requests, a_no_is_a_no)
{
    str id = asks("");
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/account/requests");
    const char *yes = answer_of(&page, "allow");
    expect_goes(visit_post(b, "/account/requests", answer_of(&page, "deny")), "/account/requests?done=request-denied");
    struct answer r = visit_post(b, "/account/requests", yes); /* decided once */
    cr_expect_geq(r.status, 400);
    r = polls(id);
    cr_expect(visit_member_is(visit_json(&r), "error", "access_denied"), "%.*s", STR_FMT(r.body));
}

Test(console_requests, nothing_is_decided_without_a_word) /* CO-05 */
{
    asks("");
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/account/requests");
    static const char *const words[] = {"", "yes", "ALLOW", "allow%20"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_refused(visit_post(b, "/account/requests", answer_of(&page, words[i])), 400, INVALID_REQUEST);
    expect_refused(visit_post(b, "/account/requests", "decision=allow"), 400, INVALID_REQUEST);
    expect_refused(visit_post(b, "/account/requests", "decision=allow&request=forged"), 400, INVALID_REQUEST);
    expect_status(visit_forged(b, "/account/requests", answer_of(&page, "allow")), 400);
    page = visit_get(b, "/account/requests");
    cr_expect(str_filled(visit_field(&page, "request")));
}

Test(console_requests, a_request_is_its_persons_alone_and_its_browsers) /* AD-02 */
{
    str id = asks("");
    struct browser *b = visit_browser(ada), *other = visit_browser(root), *later = visit_browser(ada);
    struct answer page = visit_get(b, "/account/requests"), foreign = visit_get(other, "/account/requests");
    cr_expect(foreign.status == 200 && !str_present(visit_field(&foreign, "request")));
    expect_goes(visit_post(other, "/account/requests", answer_of(&page, "allow")), "/account/requests?done=expired");
    expect_goes(visit_post(later, "/account/requests", answer_of(&page, "allow")), "/account/requests?done=expired");
    struct answer r = polls(id);
    cr_expect(visit_member_is(visit_json(&r), "error", "authorization_pending"), "%.*s", STR_FMT(r.body));
}

Test(console_requests, one_that_is_too_old_is_gone)
{
    asks("");
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/account/requests");
    const char *yes = answer_of(&page, "allow");
    visit_wait(stage.s.authority->policy.ciba_lifetime + 1);
    struct answer r = visit_post(b, "/account/requests", yes);
    cr_expect(r.status >= 400 && r.status < 500, "%d", r.status);
    page = visit_get(b, "/account/requests");
    cr_expect(page.status == 200 && !str_present(visit_field(&page, "request")));
}

Test(console_requests, a_store_that_fails_is_no_empty_page_and_no_yes)
{
    str id = asks("");
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, "/account/requests");
    visit_break("deferred_requests");
    expect_refused(visit_get(b, "/account/requests"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/account/requests", answer_of(&page, "allow")), 503, UNAVAILABLE);
    visit_mend("deferred_requests");
    struct answer r = polls(id);
    cr_expect(visit_member_is(visit_json(&r), "error", "authorization_pending"), "%.*s", STR_FMT(r.body));
}
