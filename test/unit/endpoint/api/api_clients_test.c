/* SPDX-License-Identifier: MIT
 * api_clients: client applications over the API: each permission is its own, secrets are told once, and nothing but what is named is set. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(api_clients, .init = visit_open);

static str all(void)
{
    return visit_token(root, ALL_PERMISSIONS);
}

static const struct db_client *now(const char *id)
{
    scene_next(&stage.s);
    return client_find(stage.s.ctx, str_of(id));
}

static struct answer change(str token, const char *id, const char *body)
{
    return visit_api("PUT", token, visit_z(visit_text("/api/1.0/clients/%s", id)), body);
}

Test(api_clients, a_secret_is_told_where_it_is_made_and_nowhere_else) /* CA-05, AD-03 */
{
    str token = all();
    struct answer made = visit_api("POST", token, "/api/1.0/clients", "{\"id\":\"app\",\"name\":\"App\",\"grants\":[\"client_credentials\"]}");
    cr_assert_eq(made.status, 201, "%.*s", STR_FMT(made.body));
    str secret = json_member_text(visit_json(&made), "client_secret");
    cr_expect(str_starts(secret, STR("jtn_cs_")) && visit_member_is(visit_json(&made), "client_id", "app"));
    struct answer one = visit_api("GET", token, "/api/1.0/clients/app", NULL), list = visit_api("GET", token, "/api/1.0/clients?per_page=100", NULL);
    cr_expect(one.status == 200 && !visit_shows(&one, "jtn_cs_") && !visit_shows(&one, "secret\"") && !visit_shows(&one, "hash"));
    cr_expect(list.status == 200 && !visit_shows(&list, "jtn_cs_") && !visit_shows(&list, "secret\""));
    struct answer rotated = visit_api("POST", token, "/api/1.0/clients/app/secret", NULL);
    str fresh = json_member_text(visit_json(&rotated), "client_secret");
    cr_expect(rotated.status == 201 && str_starts(fresh, STR("jtn_cs_")) && !str_equal(fresh, secret));
    expect_status(visit_api("PUT", token, "/api/1.0/clients/app/secret", "{\"overlap\":0}"), 201);
    expect_status(visit_api("PUT", token, "/api/1.0/clients/app/secret", "{\"overlap\":-1}"), 422);
    expect_status(visit_api("PUT", token, "/api/1.0/clients/app/secret", "{\"secret\":\"0123456789012345678901234567890123456789\"}"), 422);
}

Test(api_clients, each_permission_opens_its_own_door) /* AD-01 */
{
    static const struct {
        const char *permission, *method, *target, *body;
        int status;
    } rows[] = {
        {"view-auth_clients", "GET", "/api/1.0/clients", NULL, 200},
        {"view-auth_clients", "GET", "/api/1.0/clients/other", NULL, 200},
        {"create-auth_clients", "POST", "/api/1.0/clients", "{\"name\":\"New\",\"grants\":[]}", 201},
        {"edit-auth_clients", "PUT", "/api/1.0/clients/other", "{\"description\":\"d\"}", 204},
        {"edit-auth_clients", "POST", "/api/1.0/clients/other/secret", NULL, 201},
        {"delete-auth_clients", "DELETE", "/api/1.0/clients/other", NULL, 204},
    };
    static const char *const words[] = {"view-auth_clients", "create-auth_clients", "edit-auth_clients", "delete-auth_clients"};
    struct db_user *helpers[4];
    for (size_t k = 0; k < 4; k++)
        helpers[k] = visit_person(visit_z(visit_text("helper%zu", k)), words[k]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer right = {0};
        for (size_t k = 0; k < 4; k++) {
            bool fits = strcmp(words[k], rows[i].permission) == 0;
            if (!fits) /* a token that reaches all, of somebody who may not */
                expect_status(visit_api(rows[i].method, visit_token(helpers[k], ALL_PERMISSIONS), rows[i].target, rows[i].body), 403);
            else
                right = visit_api(rows[i].method, visit_token(helpers[k], words[k]), rows[i].target, rows[i].body);
        }
        cr_expect_eq(right.status, rows[i].status, "%s %s: %d %.*s", rows[i].method, rows[i].target, right.status, STR_FMT(right.body));
    }
}

Test(api_clients, who_is_not_there_is_not_found)
{
    str token = all();
    expect_refused(visit_api("GET", token, "/api/1.0/clients/nobody", NULL), 404, NOT_FOUND);
    expect_refused(change(token, "nobody", "{}"), 404, NOT_FOUND);
    expect_refused(visit_api("DELETE", token, "/api/1.0/clients/nobody", NULL), 404, NOT_FOUND);
    expect_refused(visit_api("POST", token, "/api/1.0/clients/nobody/secret", NULL), 404, NOT_FOUND);
    expect_status(visit_api("DELETE", token, "/api/1.0/clients/other", NULL), 204);
    expect_refused(visit_api("GET", token, "/api/1.0/clients/other", NULL), 404, NOT_FOUND);
}

Test(api_clients, what_is_not_a_member_is_not_set) /* AD-04 */
{
    static const char *const foreign[] = {"id", "client_id", "secret", "client_secret", "origin", "epoch", "number", "created_at", "secrets", "warnings"};
    str token = all();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct answer r = change(token, "web", visit_z(visit_text("{\"%s\":\"x\"}", foreign[i])));
        cr_expect(visit_problem(&r, "body"), "%s: %d", foreign[i], r.status);
    }
    struct answer r = visit_api("POST", token, "/api/1.0/clients", "{\"name\":\"n\",\"disabled\":true}");
    cr_expect(visit_problem(&r, "body"));
}

Test(api_clients, a_change_over_somebody_elses_is_refused) /* AD-05 */
{
    str token = all();
    int64_t version = now("web")->version;
    expect_status(change(token, "web", visit_z(visit_text("{\"description\":\"first\",\"version\":%lld}", (long long)version))), 204);
    expect_refused(change(token, "web", visit_z(visit_text("{\"description\":\"second\",\"version\":%lld}", (long long)version))), 409, CONFLICT);
    expect_refused(change(token, "web", visit_z(visit_text("{\"disabled\":true,\"version\":%lld}", (long long)version))), 409, CONFLICT);
    cr_expect(str_is(now("web")->description, "first") && !now("web")->disabled);
}

Test(api_clients, disabling_alone_changes_nothing_else)
{
    str token = all();
    int64_t version = now("web")->version;
    expect_status(change(token, "web", "{\"disabled\":true}"), 204);
    cr_expect(now("web")->disabled && str_is(now("web")->name, "web"));
    expect_status(change(token, "web", "{\"disabled\":false}"), 204);
    cr_expect_not(now("web")->disabled);
    expect_status(change(token, "web", "{\"disabled\":null}"), 422);
    expect_status(change(token, "web", "{}"), 204);
    cr_expect_geq(now("web")->version, version);
}

Test(api_clients, compat_is_a_word_or_nothing)
{
    str token = all();
    expect_status(change(token, "web", "{\"compat\":\"processmaker\"}"), 204);
    cr_expect(now("web")->compat_processmaker);
    struct answer r = change(token, "web", "{\"compat\":\"other\"}");
    cr_expect(visit_problem(&r, "compat"));
    expect_status(change(token, "web", "{\"compat\":null}"), 204);
    cr_expect_not(now("web")->compat_processmaker);
}

Test(api_clients, addresses_and_scopes_are_lists_whose_items_are_judged)
{
    str token = visit_full_token("root");
    expect_status(change(token, "web", "{\"redirect_uris\":[\"https://a.example/1\",\"https://a.example/2\"],\"scopes\":[\"read\"],\"first_party\":true}"),
                  204);
    struct answer r = visit_api("GET", token, "/api/1.0/clients/web", NULL);
    const json *uris = json_member(visit_json(&r), "redirect_uris");
    cr_expect(json_count(uris) == 2 && str_is(json_text_of(json_at(uris, 1)), "https://a.example/2"));
    cr_expect(visit_flag(visit_json(&r), "first_party") && json_count(json_member(visit_json(&r), "scopes")) == 1);
    expect_status(change(token, "web", "{\"redirect_uris\":[\"https://a.example/1\\nhttps://evil.example/\"]}"), 422);
    expect_status(change(token, "web", "{\"redirect_uris\":[\"javascript:alert(1)\"]}"), 422);
    cr_expect(str_is(now("web")->redirect_uris, "https://a.example/1\nhttps://a.example/2"));
}

Test(api_clients, a_store_that_fails_is_no_yes) /* IR-09 */
{
    str token = all();
    visit_break("clients");
    expect_refused(visit_api("POST", token, "/api/1.0/clients", "{\"name\":\"New\",\"grants\":[]}"), 503, UNAVAILABLE);
    expect_refused(change(token, "web", "{\"description\":\"x\"}"), 503, UNAVAILABLE);
    expect_refused(visit_api("DELETE", token, "/api/1.0/clients/web", NULL), 503, UNAVAILABLE);
    visit_mend("clients");
    cr_expect(now("web") != NULL && !str_is(now("web")->description, "x"));
}
