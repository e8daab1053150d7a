/* SPDX-License-Identifier: MIT
 * client_form: the form of a client reads its own fields alone, and its snippets run what they show. */
#include "endpoint/console/client_form.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(client_form, .init = visit_open);

static struct client_edit read_form(const char *fields, struct problems *p)
{
    p->count = 0;
    return client_form_read(visit_call(fields), p);
}

Test(client_form, addresses_come_one_a_line_as_browsers_send_them)
{
    struct problems p;
    struct client_edit e =
        read_form("redirect_uris=+https%3A%2F%2Fa.example%2F1+%0D%0A%0D%0A+%0D%0Ahttps%3A%2F%2Fa.example%2F2%0Ahttps%3A%2F%2Fa.example%2F3%0D%0A", &p);
    cr_expect(str_is(e.redirect_uris, "https://a.example/1\nhttps://a.example/2\nhttps://a.example/3"), "%.*s", STR_FMT(e.redirect_uris));
    e = read_form("redirect_uris=%0D%0A", &p);
    cr_expect(str_present(e.redirect_uris) && e.redirect_uris.n == 0);
}

Test(client_form, a_form_says_all_of_its_fields_and_none_of_others) /* AD-04 */
{
    struct problems p;
    struct client_edit e = read_form("name=&id=x&secret=y&owner=z&version=3&disabled=1&origin=dynamic&first_party=1&grants=password", &p);
    cr_expect(str_present(e.name) && e.name.n == 0 && str_present(e.description) && str_present(e.grants) && e.grants.n == 0);
    cr_expect(e.first_party == 1 && e.require_pkce == 0 && e.compat_processmaker == 0 && e.refresh == 0);
    cr_expect(!str_present(e.id) && !str_present(e.secret) && !str_present(e.owner) && !str_present(e.origin) && e.version == 0 && e.is_public == -1);
    e = read_form("grants%5B%5D=authorization_code&grants%5B%5D=refresh_token&scopes%5B%5D=read&scopes%5B%5D=write", &p);
    cr_expect(str_is(e.grants, "authorization_code refresh_token") && e.refresh == 1 && str_is(e.scopes, "read write"));
}

Test(client_form, a_lifetime_is_digits_or_nothing)
{
    static const char *const bad[] = {"60x", "-1", "%2B60", "1.5", "0x10", "99999999999", "1+0"};
    struct problems p;
    struct client_edit e = read_form("access_lifetime=+60+&refresh_lifetime=", &p);
    cr_expect(e.access_lifetime == 60 && e.refresh_lifetime == 0 && p.count == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_form(visit_z(visit_text("access_lifetime=%s", bad[i])), &p);
        cr_expect(p.count == 1 && problem_at(&p, "access_lifetime"), "%s", bad[i]);
    }
}

Test(client_form, ids_are_quoted_for_the_shell_and_for_python)
{
    struct browser *b = visit_browser(root);
    struct answer r =
        visit_post(b, "/admin/new-client", "name=App&id=it%27s%22%24%28id%29%60&grants%5B%5D=client_credentials&scope_policy=only&scopes%5B%5D=read");
    cr_assert_eq(r.status, 201, "%d %s", r.status, err_why(r.refused));
    r = visit_get(b, "/admin/clients/it%27s%22%24%28id%29%60");
    cr_assert_eq(r.status, 200);
    cr_expect(visit_shows(&r, "-u &#39;it&#39;\\&#39;&#39;s&quot;$(id)`&#39;:"));
    cr_expect(visit_shows(&r, "auth=(&quot;it&#39;s\\&quot;$(id)`&quot;, "));
}

Test(client_form, a_plain_id_stands_bare_and_one_that_is_not_is_quoted)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_get(b, "/admin/clients/web");
    cr_expect(visit_shows(&r, "-u web:&quot;$CLIENT_SECRET&quot;") || visit_shows(&r, "-u web:\"$CLIENT_SECRET\""));
    (void)stage_client(&stage, "it's", NULL);
    r = visit_get(b, "/admin/clients/it%27s");
    cr_expect(visit_shows(&r, "&#39;it&#39;\\&#39;&#39;s&#39;") && visit_shows(&r, "client_id=it%27s"));
}

Test(client_form, a_new_form_offers_the_usual_and_a_kept_one_what_is_stored)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_get(b, "/admin/new-client");
    cr_expect(visit_shows(&r, "value=\"authorization_code\" checked") && visit_shows(&r, "value=\"any\" checked") &&
              !visit_shows(&r, "value=\"password\" checked"));
    r = visit_get(b, "/admin/clients/web");
    cr_expect(visit_shows(&r, "value=\"password\" checked") && visit_shows(&r, "value=\"read\" checked") && !visit_shows(&r, "value=\"openid\" checked"));
    cr_expect(visit_shows(&r, "<option value=\"any\" selected>"));
    r = visit_get(b, "/admin/clients/pub");
    cr_expect_not(visit_shows(&r, "id=\"auth_method\"")); /* a public one has no choice */
}

/* A part of the form that was lost for want of memory is no empty one. */
Test(client_form, memory_that_ends_anywhere_empties_no_client)
{
    struct browser *b = visit_browser(root);
    struct visit v = {.method = "POST",
                      .target = "/admin/clients/web",
                      .by = b,
                      .bearer = STR_ABSENT,
                      .type = FORM_TYPE,
                      .body =
                          STR("name=web&grants%5B%5D=client_credentials&scope_policy=only&scopes%5B%5D=read&redirect_uris=https%3A%2F%2Fapp.example.com%2Fcb")};
    for (size_t n = 1; n < 400; n++) {
        v.memory = n;
        int status = visit(&v).status;
        scene_next(&stage.s);
        const struct db_client *web = stage_find(&stage, "web");
        cr_assert(str_is(web->redirect_uris, CALLBACK) && str_has_word(web->scopes, STR("read")) && str_has_word(web->grants, STR("client_credentials")),
                  "allocation %zu: %d, %.*s, %.*s", n, status, STR_FMT(web->redirect_uris), STR_FMT(web->scopes));
        cr_assert(status == 303 || status == 503, "allocation %zu: %d", n, status);
        if (status == 303)
            return;
    }
    cr_assert_fail("it never succeeded");
}
