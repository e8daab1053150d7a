/* SPDX-License-Identifier: MIT
 * member_form: registered metadata in a client's form: what was not sent changes nothing, and what an administrator does not set is not read. */
#include "endpoint/console/member_form.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(member_form, .init = visit_open);

static struct client_edit read_form(const char *fields)
{
    struct client_edit e = client_edit_nothing();
    member_form_read(visit_call(fields), &e);
    return e;
}

Test(member_form, a_form_without_these_sections_changes_none_of_them)
{
    struct client_edit e = read_form("name=x");
    for (size_t i = 0; i < METADATA_COUNT; i++)
        cr_expect_not(str_present(e.metadata[i]), "%s", metadata_rows[i].name);
}

Test(member_form, an_unchecked_box_counts_only_beside_the_boxes)
{
    struct client_edit e = read_form("members=1");
    cr_expect(str_is(e.metadata[METADATA_dpop_bound_access_tokens], "false") && !str_present(e.metadata[METADATA_client_uri]));
    e = read_form("require_auth_time=true");
    cr_expect(str_is(e.metadata[METADATA_require_auth_time], "true") && !str_present(e.metadata[METADATA_dpop_bound_access_tokens]));
    e = read_form("members=1&require_auth_time=yes");
    cr_expect(str_is(e.metadata[METADATA_require_auth_time], "false"));
}

Test(member_form, what_the_system_sets_is_not_read) /* AD-04 */
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        struct client_edit e = read_form(visit_z(visit_text("members=1&%s=true", metadata_rows[i].name)));
        cr_expect(str_present(e.metadata[i]) == (metadata_rows[i].setter != METADATA_BY_SYSTEM), "%s", metadata_rows[i].name);
    }
}

Test(member_form, an_empty_text_area_is_empty_and_not_a_line_break)
{
    struct client_edit e = read_form("jwks=%0D%0A&contacts=%0D%0A+a%40example.com%0D%0Ab%40example.com%0D%0A&client_uri=");
    cr_expect(str_present(e.metadata[METADATA_jwks]) && e.metadata[METADATA_jwks].n == 0);
    cr_expect(str_is(e.metadata[METADATA_contacts], "a@example.com\r\nb@example.com"));
    cr_expect(str_present(e.metadata[METADATA_client_uri]) && e.metadata[METADATA_client_uri].n == 0);
}

Test(member_form, every_member_that_may_be_set_stands_on_the_page_once)
{
    struct answer r = visit_get(visit_browser(root), "/admin/clients/web");
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const char *field = visit_z(visit_text(" name=\"%s\"", metadata_rows[i].name));
        size_t count = 0;
        str rest = r.body;
        for (const char *at; (at = memmem(rest.p, rest.n, field, strlen(field))) != NULL; count++)
            rest = (str){at + 1, (size_t)(rest.p + rest.n - at) - 1};
        size_t wanted = metadata_rows[i].setter == METADATA_BY_SYSTEM ? 0 : i == METADATA_scope_policy ? 2 : 1; /* two radio buttons */
        cr_expect_eq(count, wanted, "%s: %zu", metadata_rows[i].name, count);
    }
}

Test(member_form, a_refused_form_opens_where_the_problem_is_and_keeps_what_was_typed)
{
    struct answer r =
        visit_post(visit_browser(root), "/admin/clients/web",
                   "name=web&grants%5B%5D=client_credentials&scope_policy=only&members=1&default_max_age=%22%3E%3Cscript%3Ealert(1)&require_auth_time=true");
    expect_page(r, "client_member_problem", 422);
    cr_expect(visit_shows(&r, "value=\"&quot;&gt;&lt;script&gt;alert(1)\""));
    cr_expect(visit_shows(&r, "name=\"require_auth_time\" value=\"true\" checked"));
    cr_expect(visit_shows(&r, "<details open>") && visit_shows(&r, "<details><summary>"));
}

Test(member_form, what_is_stored_comes_back_as_it_was)
{
    struct browser *b = visit_browser(root);
    expect_goes(visit_post(b, "/admin/clients/web",
                           "name=web&grants%5B%5D=client_credentials&scope_policy=only&members=1&client_uri=https%3A%2F%2Fapp.example%2F"
                           "&contacts=a%40example.com%0D%0Ab%40example.com&require_auth_time=true"),
                "/admin/clients/web?done=saved");
    struct answer r = visit_get(b, "/admin/clients/web");
    cr_expect(visit_shows(&r, "value=\"https://app.example/\"") && visit_shows(&r, "a@example.com\nb@example.com</textarea>"));
    cr_expect(visit_shows(&r, "name=\"require_auth_time\" value=\"true\" checked"));
    expect_goes(visit_post(b, "/admin/clients/web", "name=web&grants%5B%5D=client_credentials&scope_policy=only"), "/admin/clients/web?done=saved");
    scene_next(&stage.s);
    const struct db_client *web = stage_find(&stage, "web");
    cr_expect(str_is(web->metadata.client_uri, "https://app.example/") && web->metadata.require_auth_time); /* CVE-2026-107623 */
}
