/* SPDX-License-Identifier: MIT
 * console_access: what may act for a person: they see and end all of it, and nobody else's. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_access, .init = visit_open);

#define ASK      "&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope="
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

static str allows(const char *client, const char *scope)
{
    struct token_answer made;
    const char *request = visit_z(visit_text("client_id=%s%s%s", client, ASK, scope));
    assert_done(stage_redeem(&stage, client, stage_code(&stage, request), REDIRECT, &made));
    return made.access_token;
}

static size_t grants_of(const struct db_user *user)
{
    struct db_authorization *rows;
    size_t count;
    assert_done(db_authorization_list(store_each(stage.s.authority->store), visit_memory(), user->number, &rows, &count));
    return count;
}

static size_t sessions_of(const struct db_user *user)
{
    struct db_session *rows;
    size_t count;
    assert_done(session_list(stage.s.ctx, user->number, &rows, &count));
    return count;
}

static size_t times(const struct answer *r, const char *text)
{
    size_t count = 0;
    str rest = r->body;
    for (const char *at; rest.n > 0 && (at = memmem(rest.p, rest.n, text, strlen(text))) != NULL; count++)
        rest = (str){at + 1, (size_t)(rest.p + rest.n - at) - 1};
    return count;
}

Test(console_access, an_application_is_told_once_with_all_that_it_has)
{
    struct browser *b = visit_browser(ada);
    allows("web", "read");
    allows("web", "write");
    allows("other", "read");
    struct answer r = visit_get(b, "/account/applications");
    expect_page(r, "applications", 200);
    cr_expect_eq(times(&r, "/account/applications/web/revoke"), 1u);
    cr_expect_eq(times(&r, "/account/applications/other/revoke"), 1u);
    cr_expect(visit_shows(&r, "write read") || visit_shows(&r, "read write"));
    r = visit_get(visit_browser(root), "/account/applications");
    cr_expect(r.status == 200 && times(&r, "/revoke") == 0);
}

Test(console_access, no_application_is_hidden_behind_many_grants_of_another)
{
    struct browser *b = visit_browser(ada);
    struct db_authorization *newest;
    size_t count;
    struct tx *tx = store_each(stage.s.authority->store);
    allows("other", "read");
    allows("web", "write");
    assert_done(db_authorization_list(tx, visit_memory(), ada->number, &newest, &count));
    for (int i = 0; i < 101; i++) {
        struct db_authorization one = newest[0];
        assert_done(db_authorization_reserve(tx, &one.number));
        one.id = visit_text("grant-%d", i);
        assert_done(db_authorization_add(tx, &one));
    }
    struct answer r = visit_get(b, "/account/applications");
    cr_expect(times(&r, "/account/applications/web/revoke") == 1 && times(&r, "/account/applications/other/revoke") == 1);
    expect_goes(visit_post(b, "/account/applications/web/revoke", ""), "/account/applications?done=access-ended");
    cr_expect_eq(grants_of(ada), 1u);
}

Test(console_access, ending_an_application_ends_its_tokens_and_no_other_one) /* CO-04 */
{
    struct browser *b = visit_browser(ada);
    str token = allows("web", "read"), other = allows("other", "read");
    struct bearer bearer;
    expect_page(visit_get(b, "/account/applications/web/revoke"), "application_revoke", 200);
    cr_expect_eq(grants_of(ada), 2u);
    expect_goes(visit_post(visit_browser(root), "/account/applications/web/revoke", ""), "/account/applications?done=access-ended");
    cr_expect_eq(grants_of(ada), 2u); /* it was about root's own */
    expect_goes(visit_post(b, "/account/applications/web/revoke", ""), "/account/applications?done=access-ended");
    cr_expect_eq(grants_of(ada), 1u);
    cr_expect_eq(stage_bearer(&stage, token, &bearer).kind, ERR_INVALID_TOKEN);
    assert_done(stage_bearer(&stage, other, &bearer));
}

Test(console_access, an_application_that_is_not_there_is_not_found)
{
    struct browser *b = visit_browser(ada);
    expect_refused(visit_get(b, "/account/applications/nobody/revoke"), 404, NOT_FOUND);
    expect_refused(visit_post(b, "/account/applications/nobody/revoke", ""), 404, NOT_FOUND);
}

Test(console_access, sessions_are_told_with_their_applications_and_this_browser)
{
    struct browser *b = visit_browser(ada);
    allows("web", "read"); /* in a session of its own */
    struct answer r = visit_get(b, "/account/sessions");
    expect_page(r, "sessions", 200);
    cr_expect_eq(times(&r, "action=\"/account/sessions/"), 2u); /* the other one, and all others */
    cr_expect(visit_shows(&r, "web") && visit_shows(&r, "192.0.2.7"));
}

Test(console_access, a_session_is_ended_by_its_person_alone) /* LS-17, AD-02 */
{
    struct browser *here = visit_browser(ada), *there = visit_browser(ada), *foreign = visit_browser(root);
    const char *end_foreign = visit_z(visit_text("/account/sessions/%.*s/end", STR_FMT(foreign->session.row->id)));
    const char *end_there = visit_z(visit_text("/account/sessions/%.*s/end", STR_FMT(there->session.row->id)));
    expect_refused(visit_post(here, end_foreign, ""), 404, NOT_FOUND);
    expect_status(visit_get(foreign, "/account"), 200);
    expect_goes(visit_post(here, end_there, ""), "/account/sessions?done=session-ended");
    expect_status(visit_get(there, "/account"), 303);
    expect_refused(visit_post(here, end_there, ""), 404, NOT_FOUND);
}

Test(console_access, all_other_sessions_are_all_however_many)
{
    struct browser *here = visit_browser(ada), *foreign = visit_browser(root);
    for (int i = 0; i < 205; i++)
        visit_browser(ada);
    expect_goes(visit_post(here, "/account/sessions/end-others", ""), "/account/sessions?done=sessions-ended");
    cr_expect_eq(sessions_of(ada), 1u);
    expect_status(visit_get(here, "/account"), 200);
    expect_status(visit_get(foreign, "/account"), 200);
}

Test(console_access, a_store_that_fails_is_told)
{
    struct browser *b = visit_browser(ada);
    allows("web", "read");
    visit_break("grants");
    expect_refused(visit_get(b, "/account/applications"), 503, UNAVAILABLE);
    expect_refused(visit_get(b, "/account/sessions"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/account/applications/web/revoke", ""), 503, UNAVAILABLE);
    visit_mend("grants");
    cr_expect_eq(grants_of(ada), 1u);
    visit_break("consents");
    expect_refused(visit_post(b, "/account/applications/web/revoke", ""), 503, UNAVAILABLE);
    visit_mend("consents");
    cr_expect_eq(grants_of(ada), 1u);
}
