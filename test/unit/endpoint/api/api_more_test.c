/* SPDX-License-Identifier: MIT
 * api_more: scopes, events, sessions and grants over the API: lists do what they are asked, and each person's things are theirs. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(api_more, .init = visit_open);

#define ASK "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read"

static const json *list_of(str token, const char *target)
{
    struct answer r = visit_api("GET", token, target, NULL);
    cr_assert_eq(r.status, 200, "%s: %.*s", target, STR_FMT(r.body));
    return visit_json(&r);
}

static const json *row_at(const json *list, size_t i)
{
    return json_at(json_member(list, "data"), i);
}

static int64_t total_of(const json *list)
{
    return visit_number(json_member(list, "meta"), "total");
}

/* ada has allowed the client web something. */
static void ada_allows(void)
{
    struct token_answer made;
    assert_done(stage_redeem(&stage, "web", stage_code(&stage, ASK), "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", &made));
}

Test(api_more, the_document_names_this_servers_own_addresses)
{
    struct answer r = visit_api("GET", STR_ABSENT, "/api/1.0/openapi.json", NULL);
    cr_assert_eq(r.status, 200);
    cr_expect(json_is_object(visit_json(&r)));
    cr_expect(visit_shows(&r, "\"url\": \"" FIXTURE_ISSUER "/api/1.0\"") && !visit_shows(&r, "rl\": \"/"));
    cr_expect(str_is(visit_answer_header(&r, "Access-Control-Allow-Origin"), "*"));
}

Test(api_more, scopes_are_filtered_ordered_and_paged) /* AD-09 */
{
    str token = visit_token(root, "view-scopes");
    const json *list = list_of(token, "/api/1.0/scopes?filter=READ&order_by=name");
    cr_expect(total_of(list) == 1 && visit_member_is(row_at(list, 0), "name", "read") && visit_member_is(row_at(list, 0), "kind", "service"));
    list = list_of(token, "/api/1.0/scopes?order_by=name&order_direction=desc&per_page=1");
    cr_expect(visit_member_is(row_at(list, 0), "name", "write") && json_count(json_member(list, "data")) == 1);
    expect_status(visit_api("GET", token, "/api/1.0/scopes?order_by=builtin", NULL), 422);
    list = list_of(token, "/api/1.0/scopes?page=1000000&per_page=100");
    cr_expect(json_count(json_member(list, "data")) == 0 && total_of(list) > 20);
}

Test(api_more, a_scope_is_made_and_removed_by_who_may)
{
    str may = visit_token(root, "edit-scopes view-scopes"), sees = visit_token(root, "view-scopes");
    const char *body = "{\"name\":\"invoices:read\",\"description\":\"Read.\"}";
    expect_refused(visit_api("POST", sees, "/api/1.0/scopes", body), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("POST", visit_token(ada, "edit-scopes"), "/api/1.0/scopes", body), 403, INSUFFICIENT_SCOPE);
    expect_status(visit_api("POST", may, "/api/1.0/scopes", body), 201);
    cr_expect_not_null(cache_scope(stage.s.ctx->snapshot, STR("invoices:read")));
    expect_status(visit_api("POST", may, "/api/1.0/scopes", body), 422);
    struct answer bad = visit_api("POST", may, "/api/1.0/scopes", "{\"name\":\"a b\"}");
    cr_expect(visit_problem(&bad, "name") && visit_problem(&bad, "description"));
    expect_refused(visit_api("DELETE", visit_token(ada, "edit-scopes"), "/api/1.0/scopes/read", NULL), 403, INSUFFICIENT_SCOPE);
    expect_status(visit_api("DELETE", may, "/api/1.0/scopes/invoices:read", NULL), 204);
    expect_refused(visit_api("DELETE", may, "/api/1.0/scopes/invoices:read", NULL), 404, NOT_FOUND);
    expect_status(visit_api("DELETE", may, "/api/1.0/scopes/openid", NULL), 422);
    cr_expect_not_null(cache_scope(stage.s.ctx->snapshot, STR("openid")));
}

Test(api_more, events_are_ones_own_or_those_of_who_may_see_all) /* AD-02 */
{
    expect_goes(visit_post(visit_browser(ada), "/account", "full_name=Ada"), "/account?done=saved");
    expect_goes(visit_post(visit_browser(root), "/account", "full_name=Root"), "/account?done=saved");
    const json *own = list_of(visit_token(ada, "view-own-events"), "/api/1.0/events?per_page=100");
    cr_assert_gt(total_of(own), 0);
    for (size_t i = 0; i < json_count(json_member(own, "data")); i++)
        cr_expect(str_equal(json_member_text(row_at(own, i), "actor"), ada->id) || str_equal(json_member_text(row_at(own, i), "subject"), ada->id));
    const json *all = list_of(visit_token(root, "view-events"), "/api/1.0/events?per_page=100");
    cr_expect_gt(total_of(all), total_of(own));
    expect_status(visit_api("GET", visit_token(ada, "view-events"), "/api/1.0/events", NULL), 403);
}

Test(api_more, sessions_are_listed_and_ended_by_their_person)
{
    struct browser *here = visit_browser(ada);
    visit_wait(60);
    struct browser *there = visit_browser(ada);
    str token = visit_token(ada, "view-own-sessions delete-own-sessions");
    const json *list = list_of(token, "/api/1.0/sessions");
    cr_assert_eq(total_of(list), 2);
    list = list_of(token, "/api/1.0/sessions?order_by=created_at");
    cr_expect(str_equal(json_member_text(row_at(list, 0), "id"), here->session.row->id));
    list = list_of(token, "/api/1.0/sessions?order_by=created_at&order_direction=desc&per_page=1");
    cr_expect(str_equal(json_member_text(row_at(list, 0), "id"), there->session.row->id) && total_of(list) == 2);
    cr_expect_eq(total_of(list_of(token, "/api/1.0/sessions?filter=192.0.2")), 2);
    cr_expect_eq(total_of(list_of(token, "/api/1.0/sessions?filter=198.51")), 0);
    expect_status(visit_api("GET", token, "/api/1.0/sessions?order_by=hash", NULL), 422);
    const char *one = visit_z(visit_text("/api/1.0/sessions/%.*s", STR_FMT(here->session.row->id)));
    expect_refused(visit_api("DELETE", visit_token(root, "delete-own-sessions"), one, NULL), 404, NOT_FOUND);
    expect_status(visit_api("DELETE", token, one, NULL), 204);
    expect_refused(visit_api("DELETE", token, one, NULL), 404, NOT_FOUND);
    cr_expect_eq(visit_get(here, "/account").status, 303);
    cr_expect_eq(visit_get(there, "/account").status, 200);
}

Test(api_more, somebody_elses_sessions_are_for_administrators_with_a_whole_token) /* AD-02 */
{
    visit_browser(ada);
    const char *of_ada = visit_z(visit_text("/api/1.0/sessions?user=%.*s", STR_FMT(ada->id)));
    struct db_user *helper = visit_person("helper", "view-users edit-users");
    expect_refused(visit_api("GET", visit_token(helper, "view-users view-own-sessions"), of_ada, NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", visit_token(root, ALL_PERMISSIONS " " ALL_OWN), of_ada, NULL), 403, INSUFFICIENT_SCOPE);
    cr_expect_eq(total_of(list_of(visit_full_token("root"), of_ada)), 1);
    expect_refused(visit_api("GET", visit_token(helper, "view-own-sessions"), "/api/1.0/sessions?user=nobody", NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", visit_own_token("view-users"), "/api/1.0/sessions", NULL), 403, INSUFFICIENT_SCOPE);
}

Test(api_more, grants_are_listed_and_ended_by_their_person) /* CO-04 */
{
    ada_allows();
    str token = visit_token(ada, "view-own-authorizations delete-own-authorizations");
    const json *list = list_of(token, "/api/1.0/grants?filter=WEB&order_by=client_id");
    cr_assert(total_of(list) == 1 && visit_member_is(row_at(list, 0), "client_id", "web"));
    cr_expect_eq(total_of(list_of(token, "/api/1.0/grants?filter=pub")), 0);
    expect_status(visit_api("GET", token, "/api/1.0/grants?order_by=id", NULL), 422);
    const char *one = visit_z(visit_text("/api/1.0/grants/%.*s", STR_FMT(json_member_text(row_at(list, 0), "id"))));
    expect_refused(visit_api("DELETE", visit_token(root, "delete-own-authorizations"), one, NULL), 404, NOT_FOUND);
    expect_refused(visit_api("DELETE", visit_own_token("view-users"), one, NULL), 403, INSUFFICIENT_SCOPE);
    expect_status(visit_api("DELETE", token, one, NULL), 204);
    expect_refused(visit_api("DELETE", token, one, NULL), 404, NOT_FOUND);
    cr_expect_eq(total_of(list_of(token, "/api/1.0/grants")), 0);
}

Test(api_more, an_application_of_a_session_is_told_to_who_may_know_it)
{
    ada_allows();
    str both = visit_token(ada, "view-own-sessions view-own-authorizations"), one = visit_token(ada, "view-own-sessions");
    const json *told = json_member(row_at(list_of(both, "/api/1.0/sessions"), 0), "applications");
    cr_expect(json_count(told) == 1 && str_is(json_text_of(json_at(told, 0)), "web"));
    cr_expect_eq(json_count(json_member(row_at(list_of(one, "/api/1.0/sessions"), 0), "applications")), 0u);
}

Test(api_more, what_cannot_be_read_is_no_empty_list)
{
    str token = visit_token(ada, ALL_OWN);
    visit_break("sessions");
    expect_refused(visit_api("GET", token, "/api/1.0/sessions", NULL), 503, UNAVAILABLE);
    visit_mend("sessions");
    visit_break("grants");
    expect_refused(visit_api("GET", token, "/api/1.0/grants", NULL), 503, UNAVAILABLE);
    expect_refused(visit_api("DELETE", token, "/api/1.0/grants/00000000-0000-4000-8000-000000000000", NULL), 503, UNAVAILABLE);
    visit_mend("grants");
    visit_break("events");
    expect_refused(visit_api("GET", token, "/api/1.0/events", NULL), 503, UNAVAILABLE);
    visit_mend("events");
    visit_break("scopes");
    expect_refused(visit_api("POST", visit_token(root, "edit-scopes"), "/api/1.0/scopes", "{\"name\":\"s\",\"description\":\"d\"}"), 503, UNAVAILABLE);
}
