/* SPDX-License-Identifier: MIT
 * oauth_pushed: the pushed authorization request endpoint as a client meets it (RFC 9126 2). */
#include "endpoint/oauth/oauth.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(oauth_pushed, .init = visit_open);

#define ASKS "response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read"

Test(oauth_pushed, the_answer_is_an_address_for_a_while) /* PR-04 */
{
    struct answer r = visit_client("/oauth/par", STR(ASKS)), again = visit_client("/oauth/par", STR(ASKS));
    const json *j = visit_json(&r);
    str uri = json_member_text(j, "request_uri");
    cr_expect(r.status == 201 && str_starts(uri, STR("urn:ietf:params:oauth:request_uri:")) && visit_number(j, "expires_in") == 90);
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "no-store") && !str_equal(uri, json_member_text(visit_json(&again), "request_uri")));
}

Test(oauth_pushed, it_is_judged_at_once_and_told_as_json)
{
    static const struct {
        const char *fields, *error;
    } rows[] = {{"response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F", "invalid_request"},
                {ASKS "+nosuch", "invalid_scope"},
                {"response_type=token&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", "unsupported_response_type"},
                {ASKS "&request_uri=urn%3Ax", "invalid_request"},
                {ASKS "&scope=write", "invalid_request"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = visit_client("/oauth/par", str_of(rows[i].fields));
        cr_expect(r.status == 400 && visit_member_is(visit_json(&r), "error", rows[i].error) && !str_present(visit_answer_header(&r, "Location")),
                  "%s: %d %.*s", rows[i].fields, r.status, STR_FMT(r.body));
    }
}

Test(oauth_pushed, who_does_not_prove_to_be_that_client_pushes_nothing)
{
    struct visit v = {
        .method = "POST", .target = "/oauth/par", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = STR("client_id=web&client_secret=wrong&" ASKS)};
    expect_refused(visit(&v), 401, INVALID_CLIENT);
    v.body = STR("client_id=nobody&" ASKS);
    expect_refused(visit(&v), 401, INVALID_CLIENT);
    v.body = STR("client_id=web&" ASKS);
    expect_refused(visit(&v), 401, INVALID_CLIENT);
}

Test(oauth_pushed, what_may_wait_for_others_keeps_off_the_writer)
{
    struct form plain = stage_form(&stage, ASKS), object = stage_form(&stage, "request=a.b.c&client_id=web");
    cr_expect(!oauth_pushed_waits(&plain) && oauth_pushed_waits(&object));
}

Test(oauth_pushed, a_store_that_fails_gives_no_address)
{
    visit_break("pushed_requests");
    struct answer r = visit_client("/oauth/par", STR(ASKS));
    cr_expect(r.status == 503 && !visit_shows(&r, "request_uri"), "%d %.*s", r.status, STR_FMT(r.body));
    visit_mend("pushed_requests");
    expect_status(visit_client("/oauth/par", STR(ASKS)), 201);
}
