/* SPDX-License-Identifier: MIT
 * deferred_page: what a person sees before they decide for a device or another application, and that they must say a word. */
#include "endpoint/deferred_page.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(deferred_page, .init = visit_open);

static err decide_at(const struct session *session, const char *fields, bool *allow)
{
    struct db_deferred *row;
    *allow = false;
    struct call *c = visit_call(fields);
    c->session = *session;
    return deferred_page_decision(c, &row, allow);
}

static err decide(const char *fields, bool *allow)
{
    struct session nobody;
    assert_done(session_find(stage.s.ctx, STR_ABSENT, &nobody));
    return decide_at(&nobody, fields, allow);
}

Test(deferred_page, a_word_about_nothing_decides_nothing)
{
    static const char *const bad[] = {"decision=allow", "decision=allow&request=", "decision=allow&request=forged", "decision=deny&request=AAAA"};
    bool allow;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err e = decide(bad[i], &allow);
        cr_expect((e.kind == ERR_INVALID_REQUEST || e.kind == ERR_STALE_FORM) && !allow, "%s: %s", bad[i], err_code(e));
    }
}

static void shape_tv(struct client_edit *edit)
{
    edit->grants = STR("device_code");
    edit->name = STR("TV");
    edit->scopes = STR("");
    edit->metadata[METADATA_scope_policy] = STR("any");
    edit->access_lifetime = 900;
}

static struct browser *decider;

static struct answer page_about(const char *more)
{
    decider = visit_browser(ada);
    str secret = stage_client(&stage, "tv", shape_tv);
    str body = visit_text("client_id=tv&client_secret=%.*s%s", STR_FMT(secret), more);
    struct answer r = visit(&(struct visit){.method = "POST", .target = "/oauth/device/code", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
    str code = json_member_text(visit_json(&r), "user_code");
    return visit_get(decider, visit_z(visit_text("/oauth/device?user_code=%.*s", STR_FMT(code))));
}

Test(deferred_page, who_asks_for_what_and_how_long_is_told)
{
    struct answer r = page_about("&scope=read");
    expect_page(r, "deferred", 200);
    cr_expect(visit_shows(&r, "<bdi>TV</bdi>") && visit_shows(&r, "Read.") && visit_shows(&r, "15 min") && !visit_shows(&r, "<p class=\"warning\">"));
}

Test(deferred_page, a_request_for_all_is_said_to_be_one)
{
    struct answer r = page_about("");
    expect_page(r, "deferred_unscoped", 200);
    cr_expect(visit_shows(&r, "<p class=\"warning\">"));
}

Test(deferred_page, a_decision_is_one_of_two_words_about_what_was_shown) /* CO-05 */
{
    static const char *const bad[] = {"", "yes", "ALLOW", "allow+", "1"};
    struct answer page = page_about("&scope=read");
    const char *request = visit_z(visit_field(&page, "request"));
    bool allow;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_kind(decide_at(&decider->session, visit_z(visit_text("request=%s&decision=%s", request, bad[i])), &allow), INVALID_REQUEST);
    assert_done(decide_at(&decider->session, visit_z(visit_text("request=%s&decision=deny", request)), &allow));
    cr_expect_not(allow);
    assert_done(decide_at(&decider->session, visit_z(visit_text("request=%s&decision=allow", request)), &allow));
    cr_expect(allow);
    expect_kind(decide_at(&visit_browser(root)->session, visit_z(visit_text("request=%s&decision=allow", request)), &allow), STALE_FORM);
}
