/* SPDX-License-Identifier: MIT
 * console_admin: overview, scopes, resources, events and keys: each page asks for the permission of the change behind it. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_admin, .init = visit_open);

#define API "https%3A%2F%2Fapi.example"

static bool scope_is_there(const char *name)
{
    scene_next(&stage.s);
    return cache_scope(stage.s.ctx->snapshot, str_of(name)) != NULL;
}

static const struct db_resource *resource_now(void)
{
    scene_next(&stage.s);
    return cache_resource(stage.s.ctx->snapshot, STR("https://api.example"));
}

Test(console_admin, a_person_without_rights_is_refused_at_each_address) /* AD-01 */
{
    struct browser *b = visit_browser(ada);
    size_t seen = 0;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *row = &route_table[i];
        char target[128];
        size_t n = 0;
        if (row->who != ADMIN)
            continue;
        for (const char *p = row->path; *p; p++)
            if (*p != '{' && *p != '}')
                target[n++] = *p;
        target[n] = '\0';
        struct answer r = row->method == HTTP_GET ? visit_get(b, target) : visit_post(b, target, "");
        cr_expect(r.status == 403 && r.refused.kind == ERR_INSUFFICIENT_SCOPE, "%s: %d", target, r.status);
        seen++;
    }
    cr_expect_gt(seen, 35);
    struct answer account = visit_get(b, "/account");
    cr_expect_not(visit_shows(&account, "href=\"/admin"));
}

/* By the handler's own question, for whoever has another right gets past the row. */
Test(console_admin, one_right_does_not_open_the_doors_of_the_others) /* AD-01 */
{
    static const struct {
        const char *permission, *opens[4];
    } rows[] = {
        {"view-auth_clients", {"/admin", "/admin/clients", "/admin/clients/web"}},
        {"create-auth_clients", {"/admin/new-client"}},
        {"delete-auth_clients", {"/admin/clients/web/remove"}},
        {"view-users", {"/admin", "/admin/users"}},
        {"create-users", {"/admin/new-user"}},
        {"view-scopes", {"/admin", "/admin/scopes", "/admin/resources"}},
        {"edit-scopes", {"/admin/scopes/remove?name=read"}},
        {"view-events", {"/admin", "/admin/events"}},
    };
    static const char *const all[] = {"/admin",        "/admin/clients",  "/admin/clients/web", "/admin/new-client",   "/admin/clients/web/remove",
                                      "/admin/users",  "/admin/new-user", "/admin/scopes",      "/admin/resources",    "/admin/scopes/remove?name=read",
                                      "/admin/events", "/admin/keys",     "/admin/keys/rotate", "/admin/registrations"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct browser *b = visit_browser(visit_person(visit_z(visit_text("helper%zu", i)), rows[i].permission));
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            bool opens = false;
            for (size_t m = 0; m < 4 && rows[i].opens[m]; m++)
                opens = opens || strcmp(rows[i].opens[m], all[k]) == 0;
            struct answer r = visit_get(b, all[k]);
            cr_expect_eq(r.status, opens ? 200 : 403, "%s at %s: %d", rows[i].permission, all[k], r.status);
        }
    }
}

Test(console_admin, an_administrator_sees_every_page_and_nothing_hostile_in_it)
{
    struct user_edit edit = {.admin = -1, .full_name = STR(HOSTILE)};
    assert_done(user_change(stage.s.ctx, &actor_owner, root->id, &edit, &stage.s.p));
    assert_done(scopes_add(stage.s.ctx, &actor_owner, STR("<b>"), STR(HOSTILE), &stage.s.p));
    struct resource_edit resource = {.uri = STR("https://api.example/?a='<b>"), .name = STR(HOSTILE), .token_format = STR("sealed")};
    (void)!FAILED(scopes_resource_add(stage.s.ctx, &actor_owner, &resource, &stage.s.p));
    static const char *const pages[] = {"/admin",          "/admin/clients",     "/admin/new-client",    "/admin/users",
                                        "/admin/new-user", "/admin/scopes",      "/admin/resources",     "/admin/events",
                                        "/admin/keys",     "/admin/keys/rotate", "/admin/registrations", "/account"};
    struct browser *b = visit_browser(root);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct answer r = visit_get(b, pages[i]);
        expect_page(r, pages[i][1] == 'a' && pages[i][2] == 'c' ? "account_hostile" : strrchr(pages[i], '/') + 1, 200);
        cr_expect(!visit_shows(&r, "<b>"), "%s", pages[i]);
    }
}

Test(console_admin, a_scope_is_added_and_removed_after_a_question)
{
    struct browser *b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/scopes", "name=invoices%3Aread&description=Read"), "/admin/scopes?done=added");
    struct answer r = visit_get(b, "/admin/scopes");
    cr_expect(visit_shows(&r, "invoices:read"));
    r = visit_post(b, "/admin/scopes", "name=a+b&description=%3Cscript%3Ealert(1)");
    expect_page(r, "scopes_problem", 422);
    cr_expect(visit_shows(&r, "id=\"name-problem\"") && visit_shows(&r, "value=\"a b\""));
    expect_page(visit_get(b, "/admin/scopes/remove?name=invoices%3Aread"), "scope_remove", 200);
    cr_expect(scope_is_there("invoices:read"));
    expect_goes(visit_post(b, "/admin/scopes/remove", "name=invoices%3Aread"), "/admin/scopes?done=removed");
    cr_expect_not(scope_is_there("invoices:read"));
    expect_refused(visit_post(b, "/admin/scopes/remove", "name=invoices%3Aread"), 404, NOT_FOUND);
}

Test(console_admin, built_in_scopes_stay)
{
    struct browser *b = visit_browser(root);
    expect_refused(visit_get(b, "/admin/scopes/remove?name=openid"), 404, NOT_FOUND);
    expect_refused(visit_get(b, "/admin/scopes/remove"), 404, NOT_FOUND);
    expect_page(visit_post(b, "/admin/scopes/remove", "name=view-users"), "scope_stays", 422);
    cr_expect(scope_is_there("view-users") && scope_is_there("openid"));
}

Test(console_admin, a_resource_comes_changes_and_goes)
{
    struct browser *b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/resources", "uri=+" API "+&name=API&token_format=jwt&alg=ES256&scopes%5B%5D=read"), "/admin/resources?done=added");
    cr_assert(resource_now() != NULL && str_is(resource_now()->scopes, "read") && str_is(resource_now()->alg, "ES256"));
    expect_page(visit_get(b, "/admin/resources/edit?uri=" API), "resource", 200);
    struct answer r = visit_post(b, "/admin/resources/edit", "uri=" API "&name=API&scopes%5B%5D=openid");
    expect_page(r, "resource_problem", 422);
    cr_expect(visit_shows(&r, "id=\"scopes-problem\""));
    expect_status(visit_post(b, "/admin/resources/edit", "uri=" API), 422); /* no name */
    cr_expect(str_is(resource_now()->name, "API"));
    expect_goes(visit_post(b, "/admin/resources/edit", "uri=" API "&name=Orders&alg=EdDSA&token_format=sealed"), "/admin/resources?done=saved");
    cr_expect(str_is(resource_now()->name, "Orders") && str_is(resource_now()->alg, "ES256")); /* what tokens look like stays */
    expect_page(visit_get(b, "/admin/resources/remove?uri=" API), "resource_remove", 200);
    expect_goes(visit_post(b, "/admin/resources/remove", "uri=" API), "/admin/resources?done=removed");
    cr_expect_null(resource_now());
}

Test(console_admin, a_resource_that_is_not_there_is_not_found_and_a_bad_one_not_made)
{
    struct browser *b = visit_browser(root);
    expect_refused(visit_get(b, "/admin/resources/edit?uri=" API), 404, NOT_FOUND);
    expect_refused(visit_post(b, "/admin/resources/edit", "uri=" API "&name=x"), 404, NOT_FOUND);
    expect_refused(visit_get(b, "/admin/resources/remove?uri=" API), 404, NOT_FOUND);
    expect_refused(visit_post(b, "/admin/resources/remove", "uri=" API), 404, NOT_FOUND);
    struct answer r = visit_post(b, "/admin/resources", "uri=nowhere&name=%22%3E%3Cscript%3Ealert(1)&token_format=plain&client_id=nobody");
    expect_page(r, "resources_problem", 422);
    cr_expect(visit_shows(&r, "id=\"uri-problem\"") && visit_shows(&r, "value=\"nowhere\""));
    expect_status(visit_post(b, "/admin/resources", "uri=https%3A%2F%2Fauth.example.com&name=me"), 422); /* the issuer itself */
}

Test(console_admin, events_are_found_and_shown_newest_first)
{
    struct browser *b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/scopes", "name=one&description=x"), "/admin/scopes?done=added");
    struct answer r = visit_get(b, "/admin/events?filter=scope.added");
    cr_expect(r.status == 200 && visit_shows(&r, "scope.added") && !visit_shows(&r, "client.added"));
    r = visit_get(b, "/admin/events?filter=%22%3E%3Cscript%3Ealert(1)");
    expect_page(r, "events_none", 200);
    cr_expect(visit_shows(&r, "value=\"&quot;&gt;&lt;script&gt;alert(1)\""));
    expect_status(visit_get(b, "/admin/events?page=1000000"), 200);
}

Test(console_admin, keys_are_rotated_by_administrators_when_others_can_know_the_next) /* AT-11, AD-03 */
{
    struct browser *b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/keys/rotate", ""), "/admin/keys?done=rotated"); /* the very first */
    expect_status(visit_post(b, "/admin/keys/rotate", ""), 422);
    visit_wait(ROTATION_PUBLISHED_SECONDS);
    b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/keys/rotate", ""), "/admin/keys?done=rotated");
    struct answer r = visit_get(b, "/admin/keys?done=rotated");
    expect_page(r, "keys_rotated", 200);
    cr_expect(!visit_shows(&r, "PRIVATE") && !visit_shows(&r, "\"d\""));
    expect_status(visit_forged(b, "/admin/keys/rotate", ""), 400);
}

Test(console_admin, a_store_that_fails_changes_nothing)
{
    struct browser *b = visit_browser(root);
    visit_break("scopes");
    expect_refused(visit_post(b, "/admin/scopes", "name=one&description=x"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/admin/scopes/remove", "name=read"), 503, UNAVAILABLE);
    visit_mend("scopes");
    cr_expect(!scope_is_there("one") && scope_is_there("read"));
    visit_break("resources");
    expect_refused(visit_post(b, "/admin/resources", "uri=" API "&name=API"), 503, UNAVAILABLE);
    visit_mend("resources");
    visit_break("events");
    expect_refused(visit_get(b, "/admin/events"), 503, UNAVAILABLE);
    visit_mend("events");
    visit_break("keys");
    expect_refused(visit_get(b, "/admin/keys"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/admin/keys/rotate", ""), 503, UNAVAILABLE);
}
