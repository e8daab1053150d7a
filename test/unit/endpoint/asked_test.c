/* SPDX-License-Identifier: MIT
 * asked: what an application asks for, in words, on the page where a person decides (CO-02). */
#include "endpoint/asked.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(asked, .init = visit_open);

#define WEB "/oauth/authorize?response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&client_id="

static const char *words_of(int64_t seconds)
{
    struct message m = asked_lifetime(seconds);
    return visit_z(message_text(visit_memory(), NULL, &m));
}

Test(asked, a_lifetime_is_in_the_largest_unit_that_tells_it_whole_and_never_too_short)
{
    static const struct {
        int64_t seconds;
        const char *start;
    } rows[] = {{1, "1 min"},     {60, "1 min"},    {61, "2 min"},      {900, "15 min"},   {3600, "1 hour"},
                {5400, "90 min"}, {7200, "2 hour"}, {86400, "24 hour"}, {172800, "2 day"}, {90000, "25 hour"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(str_starts(str_of(words_of(rows[i].seconds)), str_of(rows[i].start)), "%lld: %s", (long long)rows[i].seconds, words_of(rows[i].seconds));
}

Test(asked, each_scope_has_its_description_and_its_name)
{
    assert_done(scopes_add(stage.s.ctx, &actor_owner, STR("<i>"), STR("\"><script>alert(1)</script>"), &stage.s.p));
    struct client_edit edit = client_edit_nothing();
    scene_next(&stage.s);
    edit.scopes = STR("read write <i>");
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("web"), &edit, &stage.s.p));
    struct answer r = visit_get(visit_browser(ada), WEB "web&scope=read+%3Ci%3E");
    expect_page(r, "consent_scopes", 200);
    cr_expect(visit_shows(&r, "Read.") && visit_shows(&r, "<code>read</code>") && visit_shows(&r, "<code>&lt;i&gt;</code>") &&
              !visit_shows(&r, "<code>write</code>"));
}

Test(asked, a_service_is_told_by_name_and_address)
{
    struct resource_edit api = {.uri = STR("https://invoices.example.com/mcp"), .name = STR("Invoices"), .token_format = STR("sealed")};
    assert_done(scopes_resource_add(stage.s.ctx, &actor_owner, &api, &stage.s.p));
    struct answer r = visit_get(visit_browser(ada), WEB "web&scope=read&resource=https%3A%2F%2Finvoices.example.com%2Fmcp");
    expect_page(r, "consent_service", 200);
    cr_expect(visit_shows(&r, "<bdi>Invoices</bdi>") && visit_shows(&r, "<code>https://invoices.example.com/mcp</code>"));
}

static size_t warnings(const struct answer *r)
{
    size_t count = 0;
    str rest = r->body;
    for (const char *at; rest.n > 0 && (at = memmem(rest.p, rest.n, "<p class=\"warning\">", 19)) != NULL; count++)
        rest = (str){at + 1, (size_t)(rest.p + rest.n - at) - 1};
    return count;
}

Test(asked, a_request_without_scopes_is_said_to_be_for_all)
{
    (void)stage_client(&stage, "unlimited", visit_unlimited);
    struct answer all = visit_get(visit_browser(ada), WEB "unlimited"), some = visit_get(visit_browser(ada), WEB "unlimited&scope=read");
    expect_page(all, "consent_unscoped", 200);
    cr_expect(warnings(&all) == 1 && warnings(&some) == 0 && some.status == 200);
}

Test(asked, without_memory_nothing_is_left_out)
{
    struct browser *b = visit_browser(ada);
    struct visit v = {.target = WEB "web&scope=read+write", .by = b, .bearer = STR_ABSENT};
    struct answer r = {0};
    for (size_t n = 1; n < 600 && r.status != 200; n++) {
        v.memory = n;
        r = visit(&v);
        cr_assert(r.status == 200 || r.status == 503, "%zu: %d %s", n, r.status, err_why(r.refused));
    }
    cr_expect(r.status == 200 && visit_shows(&r, "<code>read</code>") && visit_shows(&r, "<code>write</code>"));
}
