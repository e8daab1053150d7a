/* SPDX-License-Identifier: MIT
 * api_common: lists within their bounds, bodies of known members, the right kind in each, and persons by their own name. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(api_common, .init = visit_open);

static struct answer users_of(const char *query)
{
    return visit_api("GET", visit_token(root, ""), visit_z(visit_text("/api/1.0/users%s", query)), NULL);
}

Test(api_common, each_address_asks_for_a_token_and_for_what_it_reaches) /* AD-01, AD-02 */
{
    str narrow = visit_token(root, "openid");
    size_t seen = 0;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *row = &route_table[i];
        if (row->answers != API_JSON || str_is(str_of(row->reach), ROUTE_REACH_ANY))
            continue;
        const char *method = row->method == HTTP_GET ? "GET" : row->method == HTTP_POST ? "POST" : row->method == HTTP_PUT ? "PUT" : "DELETE";
        struct visit v = {.method = method, .target = row->path, .bearer = STR_ABSENT, .type = "application/json", .body = STR("{}")};
        char target[128];
        size_t n = 0;
        for (const char *p = row->path; *p; p++)
            if (*p != '{' && *p != '}')
                target[n++] = *p;
        target[n] = '\0';
        v.target = target;
        struct answer nobody = visit(&v);
        cr_expect(nobody.status == 401 && str_starts(visit_answer_header(&nobody, "WWW-Authenticate"), STR("Bearer ")), "%s %s", method, target);
        v.bearer = narrow;
        cr_expect_eq(visit(&v).status, 403, "%s %s", method, target);
        seen++;
    }
    cr_expect_gt(seen, 20);
}

Test(api_common, a_page_is_within_its_bounds_or_refused) /* AD-09, IN-06 */
{
    static const struct {
        const char *query, *member;
    } rows[] = {
        {"?per_page=0", "per_page"},  {"?per_page=101", "per_page"},
        {"?per_page=-1", "per_page"}, {"?per_page=%2B5", "per_page"},
        {"?per_page=5x", "per_page"}, {"?per_page=99999999999999999999", "per_page"},
        {"?page=0", "page"},          {"?page=1000001", "page"},
        {"?page=x", "page"},          {"?order_direction=sideways", "order_direction"},
        {"?fitler=x", "query"},       {"?user=x", "query"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = users_of(rows[i].query);
        cr_expect(visit_problem(&r, rows[i].member), "%s: %d %.*s", rows[i].query, r.status, STR_FMT(r.body));
    }
    expect_status(users_of("?order_by=password_hash"), 422);
    expect_status(users_of("?per_page=5&per_page=5"), 400);
    expect_status(users_of("?per_page=100&page=1000000&order_direction=DESC"), 200);
}

Test(api_common, all_that_is_wrong_is_told_at_once)
{
    struct answer r = users_of("?per_page=0&page=0&order_direction=up&x=y");
    cr_expect(visit_problem(&r, "per_page") && visit_problem(&r, "page") && visit_problem(&r, "order_direction") && visit_problem(&r, "query"));
    const json *errors = json_member(visit_json(&r), "errors");
    cr_expect_eq(json_count(errors), 4u);
}

Test(api_common, the_numbers_of_a_page_are_true)
{
    for (int i = 0; i < 5; i++)
        visit_person(visit_z(visit_text("paged-%d", i)), "");
    struct answer r = users_of("?filter=PAGED&per_page=2&page=3&order_by=username");
    const json *meta = json_member(visit_json(&r), "meta"), *data = json_member(visit_json(&r), "data");
    cr_assert(json_count(data) == 1 && visit_member_is(json_at(data, 0), "username", "paged-4"));
    cr_expect(visit_number(meta, "total") == 5 && visit_number(meta, "count") == 1 && visit_number(meta, "per_page") == 2);
    cr_expect(visit_number(meta, "current_page") == 3 && visit_number(meta, "total_pages") == 3 && visit_number(meta, "last_page") == 3);
    cr_expect(visit_number(meta, "from") == 5 && visit_number(meta, "to") == 5 && visit_member_is(meta, "filter", "PAGED"));
    r = users_of("?filter=nobody-at-all");
    meta = json_member(visit_json(&r), "meta");
    cr_expect(visit_number(meta, "total") == 0 && visit_number(meta, "total_pages") == 1);
    cr_expect(json_is_nothing(json_member(meta, "from")) && json_is_nothing(json_member(meta, "to")));
}

Test(api_common, a_body_is_one_object_of_known_members) /* AD-04 */
{
    str token = visit_token(root, ALL_PERMISSIONS);
    static const char *const no_objects[] = {"", "[]", "\"x\"", "null", "{", "{}{}", "{\"name\":1,\"name\":2}"};
    for (size_t i = 0; i < sizeof no_objects / sizeof *no_objects; i++)
        expect_refused(visit_api("POST", token, "/api/1.0/users", no_objects[i]), 400, INVALID_REQUEST);
    struct answer r = visit_api("POST", token, "/api/1.0/users", "{\"username\":\"grace\",\"password_hash\":\"x\"}");
    cr_expect(visit_problem(&r, "body"));
    r = visit_api("POST", token, "/api/1.0/scopes", "{\"name\":\"a\",\"description\":\"b\",\"builtin\":true}");
    cr_expect(visit_problem(&r, "body"));
    struct visit form = {.method = "POST", .target = "/api/1.0/users", .bearer = token, .type = FORM_TYPE, .body = STR("username=grace")};
    expect_refused(visit(&form), 415, UNSUPPORTED_MEDIA);
    struct db_user *grace;
    assert_done(user_find(stage.s.ctx, STR("grace"), &grace));
    cr_expect_null(grace);
}

Test(api_common, a_long_name_is_told_cut)
{
    char body[600] = "{\"";
    memset(body + 2, 'n', 500);
    memcpy(body + 502, "\":1}", 5);
    struct answer r = visit_api("POST", visit_token(root, ALL_PERMISSIONS), "/api/1.0/users", body);
    cr_expect(visit_problem(&r, "body"));
    cr_expect_lt(r.body.n, 400u);
}

Test(api_common, a_member_of_the_wrong_kind_is_its_problem)
{
    str token = visit_token(root, ALL_PERMISSIONS);
    struct answer r = visit_api("POST", token, "/api/1.0/clients",
                                "{\"name\":5,\"public\":\"yes\",\"grants\":[\"password\",7],\"scopes\":[\"read write\"],\"access_lifetime\":-1,"
                                "\"refresh_lifetime\":1.5,\"redirect_uris\":{},\"first_party\":null}");
    static const char *const members[] = {"name", "public", "grants", "scopes", "access_lifetime", "refresh_lifetime", "redirect_uris", "first_party"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cr_expect(visit_problem(&r, members[i]), "%s", members[i]);
    r = visit_api("POST", token, "/api/1.0/clients", "{\"name\":\"fine\",\"grants\":\"client_credentials\",\"scopes\":[],\"description\":null}");
    cr_expect_eq(r.status, 201, "%.*s", STR_FMT(r.body));
}

Test(api_common, a_person_is_named_by_the_id_and_nothing_else)
{
    str all = visit_token(root, ALL_PERMISSIONS);
    expect_status(visit_api("GET", all, visit_z(visit_text("/api/1.0/users/%.*s", STR_FMT(ada->id))), NULL), 200);
    expect_refused(visit_api("GET", all, "/api/1.0/users/ada", NULL), 404, NOT_FOUND);
    expect_refused(visit_api("GET", all, "/api/1.0/users/00000000-0000-4000-8000-000000000000", NULL), 404, NOT_FOUND);
}

Test(api_common, whether_somebody_else_exists_is_not_told) /* AD-02 */
{
    str own = visit_token(ada, "");
    expect_refused(visit_api("GET", own, visit_z(visit_text("/api/1.0/users/%.*s", STR_FMT(root->id))), NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", own, "/api/1.0/users/00000000-0000-4000-8000-000000000000", NULL), 403, INSUFFICIENT_SCOPE);
}

static void pairwise(struct client_edit *edit)
{
    edit->scopes = STR("view-own-profile view-own-events");
    edit->metadata[METADATA_subject_type] = STR("pairwise");
}

Test(api_common, a_pairwise_client_knows_its_person_by_that_name_alone) /* AT-14 */
{
    (void)stage_client(&stage, "pair", pairwise);
    str code = stage_code(&stage, "client_id=pair&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=view-own-profile");
    struct token_answer made;
    assert_done(stage_redeem(&stage, "pair", code, "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", &made));
    struct answer me = visit_api("GET", made.access_token, "/api/1.0/users/me", NULL);
    str id = json_member_text(visit_json(&me), "id");
    cr_assert(me.status == 200 && str_filled(id) && !str_equal(id, ada->id));
    struct answer named = visit_api("GET", made.access_token, visit_z(visit_text("/api/1.0/users/%.*s", STR_FMT(id))), NULL);
    cr_expect(named.status == 200 && str_equal(json_member_text(visit_json(&named), "id"), id), "%d", named.status);
    cr_expect_not(visit_shows(&named, visit_z(ada->id)));
    expect_status(visit_api("GET", visit_token(root, ALL_PERMISSIONS), visit_z(visit_text("/api/1.0/users/%.*s", STR_FMT(id))), NULL), 404);
}

Test(api_common, a_list_that_cannot_be_read_is_no_empty_list)
{
    str token = visit_token(root, ALL_PERMISSIONS);
    visit_break("users");
    expect_refused(visit_api("GET", token, "/api/1.0/users?filter=x", NULL), 503, UNAVAILABLE);
}

Test(api_common, memory_that_ends_anywhere_gives_no_half_answer)
{
    struct visit v = {.target = "/api/1.0/users?per_page=2&order_by=username", .bearer = visit_token(root, ALL_PERMISSIONS)};
    size_t refused = 0, n = 1;
    for (;; n++) {
        v.memory = n;
        struct answer r = visit(&v);
        if (r.status == 200) {
            cr_expect(json_member(visit_json(&r), "meta") != NULL && json_count(json_member(visit_json(&r), "data")) == 2);
            break;
        }
        cr_assert_eq(r.status, 503, "%zu: %d", n, r.status);
        refused++;
    }
    cr_expect_gt(refused, 5);
}
