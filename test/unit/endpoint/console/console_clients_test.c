/* SPDX-License-Identifier: MIT
 * console_clients: client applications on an administrator's pages. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_clients, .init = visit_open);

static const struct db_client *now(const char *id)
{
    scene_next(&stage.s);
    return client_find(stage.s.ctx, str_of(id));
}

/* The form of web as it stands, with one field more. */
static const char *web_with(const char *more)
{
    return visit_z(visit_text("name=web&grants%%5B%%5D=client_credentials&scope_policy=only&scopes%%5B%%5D=read&scopes%%5B%%5D=write"
                              "&redirect_uris=https%%3A%%2F%%2Fapp.example.com%%2Fcb&version=%lld%s",
                              (long long)now("web")->version, more));
}

Test(console_clients, a_client_is_made_changed_rotated_disabled_and_deleted)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, "/admin/new-client",
                                 "name=%22%3E%3Cscript%3Ealert(1)&id=it%27s&grants%5B%5D=authorization_code&grants%5B%5D=client_credentials"
                                 "&redirect_uris=https%3A%2F%2Fapp.example%2Fcb%0D%0A%0D%0A+");
    expect_page(r, "client_secret", 201);
    cr_expect(visit_shows(&r, "value=\"jtn_cs_"));
    cr_assert(now("it's") != NULL && str_is(now("it's")->redirect_uris, "https://app.example/cb"));
    r = visit_get(b, "/admin/clients/it%27s");
    expect_page(r, "client", 200);
    cr_expect_not(visit_shows(&r, "jtn_cs_")); /* AD-03 */
    r = visit_post(b, "/admin/clients/it%27s/secret", "overlap=3600");
    expect_page(r, "client_rotated", 200);
    cr_expect(visit_shows(&r, "value=\"jtn_cs_"));
    expect_goes(visit_post(b, "/admin/clients/it%27s/disable", "disabled=1"), "/admin/clients/it%27s?done=disabled");
    cr_expect(now("it's")->disabled);
    expect_goes(visit_post(b, "/admin/clients/it%27s/disable", "disabled=0"), "/admin/clients/it%27s?done=enabled");
    cr_expect_not(now("it's")->disabled);
    expect_page(visit_get(b, "/admin/clients/it%27s/remove"), "client_remove", 200);
    cr_expect_not_null(now("it's"));
    expect_goes(visit_post(b, "/admin/clients/it%27s/remove", ""), "/admin/clients?done=removed");
    cr_expect_null(now("it's"));
}

Test(console_clients, a_public_client_has_no_secret_to_show)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, "/admin/new-client",
                                 "name=Spa&id=spa&is_public=1&auth_method=client_secret_basic&grants%5B%5D=authorization_code"
                                 "&redirect_uris=https%3A%2F%2Fspa.example%2Fcb");
    cr_expect(r.status == 201 && !visit_shows(&r, "jtn_cs_"));
    cr_expect(now("spa")->is_public && str_is(now("spa")->auth_method, "none"));
    expect_status(visit_post(b, "/admin/clients/spa/secret", ""), 422);
}

Test(console_clients, a_refused_form_keeps_what_was_typed)
{
    struct answer r =
        visit_post(visit_browser(root), "/admin/new-client", "name=&redirect_uris=javascript%3Aalert(1)&grants%5B%5D=authorization_code&is_public=1");
    expect_page(r, "client_new_problem", 422);
    cr_expect(visit_shows(&r, "id=\"name-problem\"") && visit_shows(&r, "id=\"redirect_uris-problem\""));
    cr_expect(visit_shows(&r, "javascript:alert(1)</textarea>"));
    cr_expect(visit_shows(&r, "name=\"is_public\" value=\"1\" checked"));
    cr_expect(visit_shows(&r, "value=\"authorization_code\" checked") && !visit_shows(&r, "value=\"refresh_token\" checked"));
}

Test(console_clients, a_change_over_somebody_elses_is_refused) /* AD-05 */
{
    struct browser *b = visit_browser(root);
    const char *old = web_with("&description=second");
    expect_goes(visit_post(b, "/admin/clients/web", web_with("&description=first")), "/admin/clients/web?done=saved");
    expect_page(visit_post(b, "/admin/clients/web", old), "client_conflict", 409);
    cr_expect(str_is(now("web")->description, "first"));
    struct answer r = visit_post(b, "/admin/clients/web", web_with("&access_lifetime=60x"));
    expect_page(r, "client_problem", 422);
    cr_expect(visit_shows(&r, "id=\"access_lifetime-problem\"") && visit_shows(&r, "value=\"60x\""));
    expect_status(visit_post(b, "/admin/clients/web", "name=web&version=none"), 422);
}

Test(console_clients, what_the_form_has_not_is_not_set) /* AD-04 */
{
    struct browser *b = visit_browser(root);
    int64_t epoch = now("web")->epoch;
    expect_goes(visit_post(b, "/admin/clients/web",
                           web_with("&id=stolen&secret=0123456789012345678901234567890123&origin=dynamic&disabled=1&epoch=9&is_public=1"
                                    "&sector=evil.example&sealed_secret=x&owner=ada")),
                "/admin/clients/web?done=saved");
    const struct db_client *web = now("web");
    cr_assert_not_null(web);
    cr_expect(!web->disabled && !web->is_public && web->epoch == epoch && !str_filled(web->owner_id) && !str_filled(web->metadata.sector));
    cr_expect(!str_filled(web->metadata.origin) && !str_filled(web->metadata.sealed_secret) && now("stolen") == NULL);
}

Test(console_clients, who_is_no_administrator_gives_a_client_no_more_than_they_have)
{
    struct browser *b = visit_browser(visit_person("helper", "view-auth_clients create-auth_clients edit-auth_clients"));
    expect_status(visit_post(b, "/admin/new-client", "name=Mine&id=mine&grants%5B%5D=client_credentials&scopes%5B%5D=delete-users&scope_policy=only"), 403);
    expect_status(visit_post(b, "/admin/clients/web", web_with("&first_party=1")), 403);
    cr_expect(now("mine") == NULL && !now("web")->first_party);
    expect_refused(visit_get(b, "/admin/clients/web/remove"), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_post(b, "/admin/clients/web/remove", ""), 403, INSUFFICIENT_SCOPE);
    struct browser *eyes = visit_browser(visit_person("eyes", "view-auth_clients"));
    struct answer r = visit_get(eyes, "/admin/clients/web");
    cr_expect(r.status == 200 && !visit_shows(&r, "action=\"/admin/clients/web\"") && !visit_shows(&r, "/admin/clients/web/remove"));
    expect_refused(visit_post(eyes, "/admin/clients/web/secret", ""), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_post(eyes, "/admin/clients/web/disable", "disabled=1"), 403, INSUFFICIENT_SCOPE);
}

Test(console_clients, who_is_not_there_is_not_found)
{
    struct browser *b = visit_browser(root);
    expect_refused(visit_get(b, "/admin/clients/nobody"), 404, NOT_FOUND);
    expect_refused(visit_get(b, "/admin/clients/nobody/remove"), 404, NOT_FOUND);
    static const char *const posts[] = {"", "/secret", "/disable", "/remove"};
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        expect_refused(visit_post(b, visit_z(visit_text("/admin/clients/nobody%s", posts[i])), ""), 404, NOT_FOUND);
}

Test(console_clients, the_list_is_filtered_and_paged)
{
    struct browser *b = visit_browser(root);
    for (int i = 0; i < 30; i++)
        (void)stage_client(&stage, visit_z(visit_text("paged-%02d", i)), NULL);
    struct answer r = visit_get(b, "/admin/clients?filter=PAGED");
    cr_expect(visit_shows(&r, "/admin/clients/paged-00\"") && !visit_shows(&r, "/admin/clients/paged-25\"") && !visit_shows(&r, "/admin/clients/web\""));
    cr_expect(visit_shows(&r, "?filter=PAGED&amp;page=2"));
    r = visit_get(b, "/admin/clients?filter=PAGED&page=2");
    cr_expect(visit_shows(&r, "/admin/clients/paged-25\"") && visit_shows(&r, "?filter=PAGED&amp;page=1"));
    expect_page(visit_get(b, "/admin/clients?filter=%22%3E%3Cscript%3Ealert(1)&page=999999999999999999999"), "clients_none", 200);
}

Test(console_clients, a_store_that_fails_shows_no_secret_and_changes_nothing) /* IR-09 */
{
    struct browser *b = visit_browser(root);
    visit_break("client_secrets");
    struct answer r = visit_post(b, "/admin/clients/web/secret", "");
    cr_expect(r.status == 503 && !visit_shows(&r, "jtn_cs_"), "%d", r.status);
    visit_mend("client_secrets");
    visit_break("clients");
    r = visit_post(b, "/admin/new-client", "name=New&id=new&grants%5B%5D=client_credentials");
    cr_expect(r.status == 503 && !visit_shows(&r, "jtn_cs_"), "%d", r.status);
    expect_refused(visit_post(b, "/admin/clients/web", web_with("&description=x")), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/admin/clients/web/disable", "disabled=1"), 503, UNAVAILABLE);
    visit_mend("clients");
    cr_expect(now("new") == NULL && !now("web")->disabled && !str_is(now("web")->description, "x"));
}
